//! Writing files whole or not at all, and weights as safetensors.

use super::faults::fault;
use crate::llm::joint::{Order, reordered, stands_by_head};
use crate::llm::{Config, LlmError, Weight};
use safetensors::{Dtype, SafeTensorError, View};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A weight as files keep it.
struct Stored<'a> {
    weight: &'a Weight,
    config: &'a Config,
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.weight.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let Weight { name, value, .. } = self.weight;
        let value = match stands_by_head(self.config, name) {
            true => Cow::Owned(reordered(self.config, value, Order::ByHead)),
            false => Cow::Borrowed(value),
        };
        let mut bytes = vec![0; 4 * value.len()];
        let places = bytes.as_chunks_mut().0.iter_mut();
        places.zip(value.iter()).for_each(|(place, x)| *place = x.to_le_bytes());
        bytes.into()
    }

    fn data_len(&self) -> usize {
        4 * self.weight.value.len()
    }
}

/// Writes weights in single precision, one of them in memory at a time.
pub fn write_weights<'a>(
    path: &Path,
    weights: impl Iterator<Item = &'a Weight>,
    config: &Config,
) -> Result<(), LlmError> {
    let stored = weights.map(|weight| (weight.name.as_str(), Stored { weight, config }));
    // transformers refuses files that do not say so.
    let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize_to_file(stored, Some(format), path).map_err(|error| {
        let error = match error {
            SafeTensorError::IoError(error) => error,
            other => std::io::Error::other(other),
        };
        LlmError::file(path, error)
    })?;
    #[cfg(unix)]
    {
        // The library leaves its files to their owner alone.
        use std::os::unix::fs::PermissionsExt;
        let readable = fs::Permissions::from_mode(0o644);
        fs::set_permissions(path, readable).map_err(|error| LlmError::file(path, error))?;
    }
    on_disk(path)
}

/// Writes JSON as people read it.
pub fn write_json(path: &Path, value: &Value) -> Result<(), LlmError> {
    write_text(path, &format!("{value:#}\n"))
}

/// Writes a text.
pub fn write_text(path: &Path, text: &str) -> Result<(), LlmError> {
    fs::write(path, text).map_err(|error| LlmError::file(path, error))?;
    on_disk(path)
}

/// Waits until a file is on the disk.
fn on_disk(path: &Path) -> Result<(), LlmError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| LlmError::file(path, error))
}

/// A folder inside `folder` (made if need be) that goes away by itself, for files that are moved when they
/// are whole.
pub fn staging(folder: &Path) -> Result<TempDir, LlmError> {
    let fail = |error| LlmError::file(folder, error);
    fs::create_dir_all(folder).map_err(fail)?;
    tempfile::Builder::new().prefix(".writing-").tempdir_in(folder).map_err(fail)
}

/// Moves a file or a folder to its place.
pub fn put(from: &Path, to: &Path) -> Result<(), LlmError> {
    fs::rename(from, to).map_err(|error| LlmError::file(to, error))
}

/// The folder in which a path lies.
pub fn parent(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

/// Refuses a path at which something is already.
pub fn require_absent(path: &Path) -> Result<(), LlmError> {
    match path.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) => Err(fault(
            path,
            "there is something at this place",
            "a place for a new folder",
            "name another place, or remove what is there",
        )),
    }
}
