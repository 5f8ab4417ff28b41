//! Parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    modeseek::cli::main()
}
