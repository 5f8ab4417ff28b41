//! `modeseek llm`: language models, one file per subcommand.

mod eval;
mod generate;
mod get;
mod info;
mod merge;
mod model;
mod score;

use super::host::DeviceArgs;
use super::{Failure, say};
use crate::llm::LlmError;
use clap::Subcommand;
use model::Pace;
pub use model::{ModelArgs, SystemArgs, answering, new_tokens};

/// Where models are kept, below the working directory.
const MODELS: &str = "models";

/// Language models: fetch one, see what it is, score and draw responses, compare two.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Get(get::Args),
    Info(info::Args),
    Score(score::Args),
    Generate(generate::Args),
    Eval(Box<eval::Args>),
    #[command(visible_alias = "export")]
    Merge(merge::Args),
}

/// Runs one of its subcommands.
pub fn command(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Get(args) => get::command(args),
        Command::Info(args) => info::command(args),
        Command::Score(args) => score::command(args),
        Command::Generate(args) => generate::command(args),
        Command::Eval(args) => eval::command(args),
        Command::Merge(args) => merge::command(args),
    }
}

/// What the engine said, by its exit code: a model that cannot be used is wrong input.
pub fn failure(error: LlmError) -> Failure {
    match error {
        LlmError::Candle(_) => Failure::work(error),
        LlmError::Input { .. } | LlmError::File { .. } => Failure::input(error),
    }
}
