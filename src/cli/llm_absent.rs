//! `modeseek llm` of a build without language models.

use super::Failure;
use anyhow::anyhow;

/// Language models: this build has none.
#[derive(clap::Args, Debug)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// Whatever is asked of them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    asked: Vec<String>,
}

/// Says how to have them.
pub fn command(args: &Args) -> Result<(), Failure> {
    Err(Failure::input(anyhow!(
        "`modeseek llm {}`: this build has no language models\n  \
         help: install it with them: cargo install modeseek --features llm",
        args.asked.join(" ")
    )))
}
