//! Messages to bad input: what holds for all of them, and the files in which they stand.

use std::fs;
use std::path::Path;
use std::process::Output;

/// A name, what is replaced in the file of the case by what, and the arguments.
pub type Case = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// The message of a command that must refuse: exit code 2, nothing on standard output, and one of the
/// words by which a remedy is told.
pub fn refusal(name: &str, output: Output, remedies: &[&str]) -> String {
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{name}: {error}");
    assert!(output.stdout.is_empty(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    assert!(error.starts_with("error: "), "{name}: {error}");
    assert!(remedies.iter().any(|word| error.contains(word)), "{name} has no remedy: {error}");
    error.trim_end().to_owned()
}

/// A case as it stands in a file of messages.
pub fn written(name: &str, arguments: &[&str], message: &str) -> String {
    format!("# {name}\n$ modeseek {}\n{message}\n", arguments.join(" "))
}

/// Holds messages against those of `tests/snapshots/`, or writes them there with `MODESEEK_BLESS=1`.
pub fn compare(file: &str, found: &[String]) {
    let found = found.join("\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(file);
    if std::env::var_os("MODESEEK_BLESS").is_some() {
        return fs::write(&path, found).expect("written");
    }
    let wanted = fs::read_to_string(&path).expect("snapshots");
    for (wanted, found) in wanted.split("\n# ").zip(found.split("\n# ")) {
        assert_eq!(wanted, found, "\nfound:\n{found}");
    }
    assert_eq!(wanted, found, "run with MODESEEK_BLESS=1 after adding a case");
}
