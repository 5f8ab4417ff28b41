//! `modeseek llm`: language models, one file per subcommand.

mod get;
mod info;

use super::{Failure, say};
use crate::llm::LlmError;
use clap::Subcommand;

/// Where models are kept, below the working directory.
const MODELS: &str = "models";

/// Language models: fetch one, see what it is.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Get(get::Args),
    Info(info::Args),
}

/// Runs one of its subcommands.
pub fn command(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Get(args) => get::command(args),
        Command::Info(args) => info::command(args),
    }
}

/// What the engine said, by its exit code: a model that cannot be used is wrong input.
fn failure(error: LlmError) -> Failure {
    match error {
        LlmError::Candle(_) => Failure::work(error),
        LlmError::Input { .. } | LlmError::File { .. } => Failure::input(error),
    }
}
