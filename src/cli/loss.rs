//! `modeseek loss METHOD FILE.csv [--set beta=0.1]`: the [calculator](crate::calculator).

use super::Failure;
use crate::calculator::{LossError, loss};
use anyhow::anyhow;
use std::io::Write;
use std::path::PathBuf;

/// Losses and coefficients for log-probabilities given in a CSV file, on standard output.
///
/// Methods: dpo ipo hinge pref-ft best-of-n rwr reinforce rloo ppo unlikelihood. One loss per row,
/// un-normalised; lines that begin with # are comments.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// dpo, ipo, hinge, pref-ft, best-of-n, rwr, reinforce, rloo, ppo or unlikelihood
    method: String,
    /// The CSV file
    file: PathBuf,
    /// A parameter, such as beta=0.1; it beats a column of its name
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Prints the table.
pub fn command(args: &Args) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    loss(&args.method, &args.file, &args.set, &mut out).map_err(|error| match error {
        LossError::Write(_) => Failure::work(error),
        _ if error.is_in_file() => Failure::input(anyhow!("{}: {error}", args.file.display())),
        _ => Failure::input(error),
    })?;
    out.flush().map_err(Failure::work)
}
