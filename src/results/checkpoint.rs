//! Checkpoints of one cell and seed: files that are whole or are not taken.

mod format;

use super::atomic;
use super::error::ResultsError;
use crate::learner::Checkpoint;
use crate::scenario::RESULTS_VERSION;
use format::Fault;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The ending of a checkpoint.
const ENDING: &str = ".safetensors";

/// Whose checkpoint it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owner {
    cell: String,
    seed: u64,
    results_version: u32,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Owner { cell, seed, results_version } = self;
        write!(f, "cell {cell}, seed {seed}, results version {results_version}")
    }
}

/// The folder of the checkpoints of one cell and seed; it need not exist.
///
/// It holds `step-<n>.safetensors`: the last checkpoint, and for a moment the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointFolder {
    path: PathBuf,
    owner: Owner,
}

impl CheckpointFolder {
    /// The folder at `path`, for checkpoints of this cell and seed and of this program's results.
    pub fn new(path: impl Into<PathBuf>, cell: &str, seed: u64) -> Self {
        let owner = Owner { cell: cell.to_owned(), seed, results_version: RESULTS_VERSION };
        CheckpointFolder { path: path.into(), owner }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder beside it that keeps the trained model.
    pub fn model(&self) -> PathBuf {
        self.path.with_file_name("model")
    }

    /// Writes a checkpoint to the disk, and only then removes the older ones.
    pub fn write(&self, checkpoint: &Checkpoint<'_>) -> Result<(), ResultsError> {
        let name = format!("step-{}{ENDING}", checkpoint.step);
        self.replace_with(&self.path.join(name), checkpoint).map_err(|problem| {
            let (folder, problem) = (self.path.clone(), problem.to_string());
            ResultsError::NotSaved { folder, problem }
        })
    }

    fn replace_with(&self, new: &Path, checkpoint: &Checkpoint<'_>) -> Result<(), ResultsError> {
        fs::create_dir_all(&self.path).map_err(ResultsError::io("create", &self.path))?;
        atomic::write_with(new, |out| {
            format::write(out, &self.owner, checkpoint).map_err(ResultsError::io("write", new))
        })?;
        self.flush()?;
        for (_, file) in self.files()?.into_iter().filter(|(_, file)| file != new) {
            fs::remove_file(&file).map_err(ResultsError::io("remove", &file))?;
        }
        Ok(())
    }

    /// Brings the new name to the disk before the old one goes, where the system can.
    fn flush(&self) -> Result<(), ResultsError> {
        if cfg!(unix) {
            let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
            synced.map_err(ResultsError::io("flush", &self.path))?;
        }
        Ok(())
    }

    /// The newest whole checkpoint; a damaged one is set aside, with a line to `note` that says so.
    pub fn last(
        &self,
        note: &mut dyn FnMut(&str),
    ) -> Result<Option<Checkpoint<'static>>, ResultsError> {
        for (_, file) in self.files()? {
            match format::read(&file) {
                Ok((owner, checkpoint)) if owner == self.owner => return Ok(Some(checkpoint)),
                Ok((owner, _)) => {
                    let (given, expected) = (owner.to_string(), self.owner.to_string());
                    return Err(ResultsError::ForeignCheckpoint { file, given, expected });
                }
                Err(Fault::Io(source)) => return Err(ResultsError::io("read", &file)(source)),
                Err(Fault::Damaged(problem)) => note(&set_aside(&file, &problem)?),
            }
        }
        Ok(None)
    }

    /// Removes the folder, if it is there.
    pub fn remove(&self) -> Result<(), ResultsError> {
        match fs::remove_dir_all(&self.path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(ResultsError::io("remove", &self.path)(e))
            }
            _ => Ok(()),
        }
    }

    /// The checkpoints with their steps, newest first.
    fn files(&self) -> Result<Vec<(u64, PathBuf)>, ResultsError> {
        let files = atomic::list(&self.path)?.into_iter();
        let mut files: Vec<(u64, PathBuf)> =
            files.filter_map(|file| Some((step_of(&file)?, file))).collect();
        files.sort_by_key(|(step, _)| std::cmp::Reverse(*step));
        Ok(files)
    }
}

/// The step of a checkpoint, from its name.
fn step_of(file: &Path) -> Option<u64> {
    let name = file.file_name()?.to_str()?;
    name.strip_prefix("step-")?.strip_suffix(ENDING)?.parse().ok()
}

/// Renames a damaged checkpoint, so that it is never looked at again.
fn set_aside(file: &Path, problem: &str) -> Result<String, ResultsError> {
    let aside = file.with_extension("damaged");
    fs::rename(file, &aside).map_err(ResultsError::io("set a damaged checkpoint aside:", file))?;
    Ok(format!(
        "the checkpoint {} is damaged ({problem}); it is set aside as {}, and the one before or the \
         start is taken",
        file.display(),
        aside.display()
    ))
}
