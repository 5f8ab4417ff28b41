//! What trained language models answered, kept beside their metrics.

use super::{CheckpointFolder, ResultsError, RunFolder, atomic};
use crate::learner::Completion;
use std::fs;

/// The file of a finished seed.
const FILE: &str = "completions.jsonl";

/// Writes what the trained policy answered beside the checkpoints of its run, whole or not at all.
pub fn write_completions(beside: &CheckpointFolder, lines: &str) -> Result<(), ResultsError> {
    let path = beside.path().with_file_name(FILE);
    let folder = path.parent().unwrap_or(&path);
    fs::create_dir_all(folder).map_err(ResultsError::io("create", folder))?;
    atomic::write(&path, lines.as_bytes())
}

impl RunFolder {
    /// What the trained policy of a cell and seed answered; nothing where that was not kept.
    pub fn completions(&self, cell: &str, seed: u64) -> Result<Vec<Completion>, ResultsError> {
        let path = self.checkpoints(cell, seed).path().with_file_name(FILE);
        let text =
            atomic::read(&path).map_err(ResultsError::io("read", &path))?.unwrap_or_default();
        let answer = |(line, text): (u64, &str)| {
            let malformed = |error: serde_json::Error| ResultsError::Malformed {
                path: path.clone(),
                line,
                problem: format!("{error}; compute the run again, with --fresh"),
            };
            serde_json::from_str(text).map_err(malformed)
        };
        (1..).zip(text.lines()).map(answer).collect()
    }
}
