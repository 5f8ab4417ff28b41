//! `modeseek data`: files of prompts and of comparisons, one file per subcommand.

mod check;

use super::{Failure, say};
use clap::Subcommand;

/// Files of prompts and of comparisons: see what is in one
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Check(check::Args),
}

/// Runs one of its subcommands.
pub fn command(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Check(args) => check::command(args),
    }
}
