//! `modeseek merge`: run folders of several machines into one.

use super::{Failure, say};
use crate::results::RunFolder;
use anyhow::anyhow;
use std::path::PathBuf;

/// Join run folders of one scenario, e.g. the shards of several machines.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Run folders, such as a/runs/bandit-batch-size b/runs/bandit-batch-size
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// The run folder that is written
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Joins the folders.
pub fn merge(args: &Args) -> Result<(), Failure> {
    if let Some(missing) = args.folders.iter().find(|f| !f.join("resolved.toml").is_file()) {
        let shown = missing.display();
        return Err(Failure::input(anyhow!(
            "{shown} is no run folder: it has no resolved.toml; name folders that `modeseek run` wrote"
        )));
    }
    let sources: Vec<RunFolder> = args.folders.iter().map(RunFolder::new).collect();
    let out = RunFolder::new(&args.out);
    crate::results::merge(&sources, &out).map_err(Failure::input)?;
    say(&format!("{}", out.metrics().display()))
}
