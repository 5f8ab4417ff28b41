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

/// Runs one of its subcommands.
pub fn command(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Check(args) => check::command(args),
        #[cfg(feature = "llm")]
        Command::Build(args) => build::command(args),
    }
}
