//! What can go wrong with a run folder.

use std::fmt;
use std::path::{Path, PathBuf};

/// An unusable run folder, a file that does not read as it should, or runs that are not there.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The run folder cannot be written to.
    #[error("the run folder {} is not writable: {source}; choose another with --out DIR", path.display())]
    NotWritable {
        /// The run folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A checkpoint could not be written.
    #[error(
        "cannot save a checkpoint in {}: {problem}; the last one is whole, and all finished runs \
         are: make room or make the folder writable, then the same command goes on from there",
        folder.display()
    )]
    NotSaved {
        /// The folder of the checkpoints.
        folder: PathBuf,
        /// What was tried and what the system said.
        problem: String,
    },
    /// A checkpoint belongs to another run.
    #[error(
        "{} is a checkpoint of {given}, not of {expected}; move it to its own run folder, or start \
         over with --fresh",
        file.display()
    )]
    ForeignCheckpoint {
        /// The checkpoint.
        file: PathBuf,
        /// Whose it is.
        given: String,
        /// Whose it should be.
        expected: String,
    },
    /// A checkpoint does not fit the run.
    #[error("{}: {problem}", folder.display())]
    Checkpoint {
        /// The folder of the checkpoints.
        folder: PathBuf,
        /// What is wrong and the remedy.
        problem: String,
    },
    /// Another process writes to the run folder.
    #[error(
        "another process is writing to the run folder {}; wait for it, or give this one \
         its own with --out DIR and join them later with `modeseek merge`", .0.display()
    )]
    Locked(PathBuf),
    /// A line of a CSV file is not what it should be.
    #[error("{}:{line}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong and what is expected.
        problem: String,
    },
    /// `resolved.toml` could not be written or read.
    #[error("{}: {problem}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// None of the runs of the scenario are there.
    #[error(transparent)]
    Missing(#[from] MissingRuns),
    /// Two folders hold different results of the same cell and seed.
    #[error(
        "{} and {} hold different results of the same cell and seed, so they come from different \
         programs or machines; compute all parts with one binary on one kind of CPU",
        left.display(), right.display()
    )]
    Conflict {
        /// One of the files.
        left: PathBuf,
        /// The other.
        right: PathBuf,
    },
    /// The folders that should be merged are not of one scenario.
    #[error(
        "{} is a run of `{given}`, but {} is one of `{expected}`; merge folders of one scenario",
        path.display(), first.display()
    )]
    OtherScenario {
        /// The folder that does not fit.
        path: PathBuf,
        /// Its scenario.
        given: String,
        /// The first folder.
        first: PathBuf,
        /// The scenario of the first folder.
        expected: String,
    },
}

impl ResultsError {
    /// Wraps what the system said with what was tried and where.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| ResultsError::Io { action, path, source }
    }
}

/// Cells of a scenario, and their seeds, that have not been computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRuns {
    /// The id of the scenario.
    pub scenario: String,
    /// The cells without results for all seeds: name and method.
    pub cells: Vec<(String, String)>,
    /// How many (cell, seed) runs are missing in all.
    pub seeds: usize,
}

impl fmt::Display for MissingRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> =
            self.cells.iter().take(3).map(|(cell, method)| format!("{method} ({cell})")).collect();
        let more = self.cells.len().saturating_sub(3);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        write!(
            f,
            "{} of the runs of `{}` are missing, in {} cells: {}{more}; compute them with \
             `modeseek run {}`",
            self.seeds,
            self.scenario,
            self.cells.len(),
            shown.join(", "),
            self.scenario
        )
    }
}

impl std::error::Error for MissingRuns {}
