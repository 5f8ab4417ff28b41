//! One run folder: where its files lie, and how they come to be.

use super::atomic;
use super::checkpoint::CheckpointFolder;
use super::error::ResultsError;
use super::rows;
use crate::learner::Measurement;
use crate::scenario::{Cell, Scenario};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// A run folder, which may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    root: PathBuf,
}

/// The right to write to a run folder; it ends when this is dropped, or with the process.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
}

impl Drop for FolderLock {
    /// Unlocks by name: a program that another thread is just starting still holds the file for a moment, and with it
    /// a lock that was merely closed.
    fn drop(&mut self) {
        // Closing, which follows, unlocks too.
        let _ = self.file.unlock();
    }
}

/// Where results come from: the content of `manifest.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The program's version.
    pub version: String,
    /// The commit it was built from.
    pub commit: String,
    /// The cargo features it was built with.
    pub features: Vec<String>,
    /// The processor's name.
    pub cpu: String,
    /// Wall-clock seconds of the last command.
    pub seconds: f64,
    /// The last command.
    pub command: String,
    /// What was said before the runs, such as rows of data that were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl RunFolder {
    /// The run folder at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        RunFolder { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The scenario as it was resolved.
    pub fn resolved(&self) -> PathBuf {
        self.root.join("resolved.toml")
    }

    /// Which program, machine and command computed the results.
    pub fn manifest(&self) -> PathBuf {
        self.root.join("manifest.toml")
    }

    /// What each cell is.
    pub fn cells(&self) -> PathBuf {
        self.root.join("cells.csv")
    }

    /// All results.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.csv")
    }

    pub(super) fn seed_folder(&self, cell: &str, seed: u64) -> PathBuf {
        self.root.join("cells").join(cell).join(seed.to_string())
    }

    /// The results of one cell and seed; the file exists exactly when they are finished.
    pub fn seed_metrics(&self, cell: &str, seed: u64) -> PathBuf {
        self.seed_folder(cell, seed).join("metrics.csv")
    }

    /// Why one cell and seed has no results.
    pub fn seed_failure(&self, cell: &str, seed: u64) -> PathBuf {
        self.seed_folder(cell, seed).join("failed.txt")
    }

    /// The trained model of a run, if it kept one.
    pub fn seed_model(&self, cell: &str, seed: u64) -> PathBuf {
        self.checkpoints(cell, seed).model()
    }

    /// Where one cell and seed is saved on the way.
    pub fn checkpoints(&self, cell: &str, seed: u64) -> CheckpointFolder {
        CheckpointFolder::new(self.seed_folder(cell, seed).join("checkpoint"), cell, seed)
    }

    /// Whether one cell and seed is finished.
    pub fn is_finished(&self, cell: &str, seed: u64) -> bool {
        self.seed_metrics(cell, seed).is_file()
    }

    /// Makes the folder ready for `scenario` and holds it until the lock is dropped.
    ///
    /// Finished seeds stay, whatever scenario they were computed for, unless `fresh`. What killed
    /// processes left half written is removed.
    pub fn prepare(&self, scenario: &Scenario, fresh: bool) -> Result<FolderLock, ResultsError> {
        let lock = self.lock()?;
        if fresh {
            self.clear()?;
        }
        self.remove_unfinished()?;
        let text = toml::to_string(scenario).map_err(|e| ResultsError::Toml {
            path: self.resolved(),
            problem: format!("the scenario cannot be written as TOML: {e}"),
        })?;
        atomic::write(&self.resolved(), text.as_bytes())?;
        atomic::write(&self.cells(), &rows::cell_rows(scenario))?;
        Ok(lock)
    }

    /// Takes the advisory lock, which the system releases even when a process is killed.
    fn lock(&self) -> Result<FolderLock, ResultsError> {
        let not_writable = |source| ResultsError::NotWritable { path: self.root.clone(), source };
        fs::create_dir_all(self.root.join("cells")).map_err(not_writable)?;
        let file = File::create(self.root.join(".lock")).map_err(not_writable)?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { file }),
            Err(TryLockError::WouldBlock) => Err(ResultsError::Locked(self.root.clone())),
            // Some network file systems know no locks: working there alone is still fine.
            Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {
                Ok(FolderLock { file })
            }
            Err(TryLockError::Error(e)) => Err(not_writable(e)),
        }
    }

    fn clear(&self) -> Result<(), ResultsError> {
        let cells = self.root.join("cells");
        fs::remove_dir_all(&cells).map_err(ResultsError::io("remove", &cells))?;
        fs::create_dir(&cells).map_err(ResultsError::io("create", &cells))?;
        for file in [self.metrics(), self.manifest()] {
            remove_if_there(&file)?;
        }
        Ok(())
    }

    fn remove_unfinished(&self) -> Result<(), ResultsError> {
        atomic::remove_unfinished(&self.root)?;
        for cell in atomic::list(&self.root.join("cells"))?.iter().filter(|p| p.is_dir()) {
            for seed in atomic::list(cell)?.iter().filter(|p| p.is_dir()) {
                atomic::remove_unfinished(seed)?;
                tidy_checkpoints(seed)?;
            }
        }
        Ok(())
    }

    /// Writes the results of one cell and seed: from now on it is finished, and its checkpoint goes.
    pub fn finish_seed(
        &self,
        cell: &Cell,
        seed: u64,
        measurements: &[Measurement],
    ) -> Result<(), ResultsError> {
        self.store_seed(&cell.name, seed, &rows::seed_rows(cell, seed, measurements))?;
        self.checkpoints(&cell.name, seed).remove()
    }

    pub(super) fn store_seed(
        &self,
        cell: &str,
        seed: u64,
        content: &[u8],
    ) -> Result<(), ResultsError> {
        self.create_seed_folder(cell, seed)?;
        atomic::write(&self.seed_metrics(cell, seed), content)?;
        remove_if_there(&self.seed_failure(cell, seed))
    }

    /// Writes why one cell and seed has no results; it is tried again next time.
    pub fn fail_seed(&self, cell: &str, seed: u64, reason: &str) -> Result<(), ResultsError> {
        self.create_seed_folder(cell, seed)?;
        atomic::write(&self.seed_failure(cell, seed), format!("{reason}\n").as_bytes())
    }

    /// The runs of `scenario` that were tried and failed: cell, seed and reason.
    pub fn failures<'a>(&self, scenario: &'a Scenario) -> Vec<(&'a Cell, u64, String)> {
        let reason = |(cell, seed): (&'a Cell, u64)| {
            let text = match atomic::read(&self.seed_failure(&cell.name, seed)) {
                Ok(text) => text?.trim_end().to_owned(),
                Err(error) => format!("its reason cannot be read: {error}"),
            };
            Some((cell, seed, text))
        };
        pairs(scenario).filter_map(reason).collect()
    }

    fn create_seed_folder(&self, cell: &str, seed: u64) -> Result<(), ResultsError> {
        let folder = self.seed_folder(cell, seed);
        fs::create_dir_all(&folder).map_err(ResultsError::io("create", &folder))
    }

    /// Joins the finished seeds of `scenario` into `metrics.csv`, in cell and seed order.
    ///
    /// The bytes depend only on the scenario and on which seeds are finished.
    pub fn assemble(&self, scenario: &Scenario) -> Result<(), ResultsError> {
        let path = self.metrics();
        atomic::write_with(&path, |out| {
            let header = format!("{}\n", rows::HEADER.join(","));
            out.write_all(header.as_bytes()).map_err(ResultsError::io("write", &path))?;
            for (cell, seed) in pairs(scenario) {
                if self.is_finished(&cell.name, seed) {
                    append_body(&self.seed_metrics(&cell.name, seed), out)?;
                }
            }
            Ok(())
        })
    }

    /// Writes `manifest.toml`.
    pub fn write_manifest(&self, provenance: &Provenance) -> Result<(), ResultsError> {
        let path = self.manifest();
        let text = toml::to_string(provenance).map_err(|e| ResultsError::Toml {
            path: path.clone(),
            problem: format!("the manifest cannot be written as TOML: {e}"),
        })?;
        atomic::write(&path, text.as_bytes())
    }

    /// Reads `manifest.toml`; a folder that was merged from several machines has none.
    pub fn read_manifest(&self) -> Result<Option<Provenance>, ResultsError> {
        let path = self.manifest();
        let text = atomic::read(&path).map_err(ResultsError::io("read", &path))?;
        let Some(text) = text else { return Ok(None) };
        let problem = |e: toml::de::Error| e.message().to_owned();
        let read = toml::from_str(&text).map(Some);
        read.map_err(|e| ResultsError::Toml { path, problem: problem(e) })
    }
}

/// Every (cell, seed) of a scenario, in the order of `metrics.csv`.
pub(crate) fn pairs(scenario: &Scenario) -> impl Iterator<Item = (&Cell, u64)> {
    let seeds = scenario.seeds.first..scenario.seeds.first.saturating_add(scenario.seeds.count);
    scenario.cells.iter().flat_map(move |cell| seeds.clone().map(move |seed| (cell, seed)))
}

/// Copies all lines but the header.
fn append_body(path: &Path, out: &mut impl Write) -> Result<(), ResultsError> {
    let file = File::open(path).map_err(ResultsError::io("read", path))?;
    let mut reader = BufReader::new(file);
    let mut header = Vec::new();
    reader.read_until(b'\n', &mut header).map_err(ResultsError::io("read", path))?;
    io::copy(&mut reader, out).map_err(ResultsError::io("copy", path))?;
    Ok(())
}

/// Removes checkpoints that are half written, and all of a seed that is finished.
fn tidy_checkpoints(seed: &Path) -> Result<(), ResultsError> {
    let folder = CheckpointFolder::new(seed.join("checkpoint"), "", 0);
    if seed.join("metrics.csv").is_file() {
        return folder.remove();
    }
    atomic::remove_unfinished(folder.path())
}

fn remove_if_there(path: &Path) -> Result<(), ResultsError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(ResultsError::io("remove", path)(e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_when_it_is_dropped_though_its_file_is_still_held() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = RunFolder::new(place.path().join("run"));
        let lock = folder.lock().expect("free");
        let held = lock.file.try_clone().expect("a second handle");
        assert!(matches!(folder.lock(), Err(ResultsError::Locked(_))));
        drop(lock);
        assert!(folder.lock().is_ok());
        drop(held);
    }
}
