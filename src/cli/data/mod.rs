//! `modeseek data`: files of prompts and of comparisons, one file per subcommand.

#[cfg(feature = "llm")]
mod build;
mod check;
#[cfg(feature = "llm")]
mod kept;
mod lengths;
#[cfg(feature = "llm")]
mod manifest;
#[cfg(feature = "llm")]
mod responses;
#[cfg(feature = "llm")]
pub mod scorer;
#[cfg(feature = "llm")]
mod tokens;

use super::{Failure, say};
use clap::Subcommand;

/// Files of prompts and of comparisons: see what is in one, build one
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Check(check::Args),
    #[cfg(feature = "llm")]
    Build(Box<build::Args>),
}

/// Rows as JSON, one a line.
#[cfg(feature = "llm")]
fn json_lines<T: serde::Serialize>(rows: &[T]) -> Result<String, Failure> {
    let line = |row| serde_json::to_string(row).map(|line| line + "\n");
    rows.iter().map(line).collect::<Result<_, _>>().map_err(Failure::work)
}

/// Runs one of its subcommands.
pub fn command(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Check(args) => check::command(args),
        #[cfg(feature = "llm")]
        Command::Build(args) => build::command(args),
    }
}
