//! The program, started in a folder.

use std::path::Path;
use std::process::{Command, Output};

/// Runs `modeseek` with some arguments to its end.
pub fn modeseek(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modeseek"));
    command.current_dir(folder).args(arguments).output().expect("started")
}
