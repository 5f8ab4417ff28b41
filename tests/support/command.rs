//! The program, started in a folder.

use std::path::Path;
use std::process::{Command, Output};

/// What a command that must succeed writes to standard output.
#[allow(dead_code)] // some tests expect failures alone
pub fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = modeseek(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs `modeseek` with some arguments to its end.
pub fn modeseek(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modeseek"));
    command.current_dir(folder).args(arguments).output().expect("started")
}
