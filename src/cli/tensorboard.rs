//! `modeseek tensorboard`: finished runs as event files.

use super::figure::{open, refuse_absent};
use super::options::{Finished, writable};
use super::{Failure, say};
use crate::results::tensorboard as write;
use std::path::PathBuf;

/// Write the metrics of finished runs as event files of TensorBoard.
///
/// A folder for each method, setting and seed; look at them with `tensorboard --logdir tensorboard`. The time of
/// an event is its step.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    finished: Finished,
    /// The folder that is written
    #[arg(long, value_name = "DIR", default_value = "tensorboard")]
    out: PathBuf,
}

/// Writes the files and tells how many.
pub fn command(args: &Args) -> Result<(), Failure> {
    let scenarios = args.finished.scenarios()?;
    refuse_absent(scenarios.iter(), &args.finished.runs)?;
    writable(&args.out, "--out")?;
    for scenario in scenarios {
        let id = scenario.id.clone();
        let run = open(scenario, &args.finished.runs)?;
        let folders = write(&run, &args.out).map_err(Failure::work)?;
        say(&format!("{id}: {} runs below {}", folders.len(), args.out.display()))?;
    }
    Ok(())
}
