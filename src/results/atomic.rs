//! Files that appear whole or not at all.

use super::error::ResultsError;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// The ending of files that are being written.
const UNFINISHED: &str = ".tmp";

/// Where a file lies while it is being written: hidden, in the same folder, one per process.
fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}{UNFINISHED}", std::process::id()))
}

/// Writes a temporary file beside `path`, flushes it to the disk and renames it to `path`.
pub(super) fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> Result<(), ResultsError>,
) -> Result<(), ResultsError> {
    let temporary = unfinished(path);
    let file = File::create(&temporary).map_err(ResultsError::io("create", &temporary))?;
    let mut writer = BufWriter::new(file);
    let written = fill(&mut writer).and_then(|()| {
        writer.flush().map_err(ResultsError::io("write", &temporary))?;
        writer.get_ref().sync_all().map_err(ResultsError::io("write", &temporary))?;
        fs::rename(&temporary, path).map_err(ResultsError::io("rename a finished file to", path))
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary); // the first error is the one to report
    }
    written
}

/// [`write_with`] for content that is already in memory.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), ResultsError> {
    write_with(path, |w| w.write_all(content).map_err(ResultsError::io("write", path)))
}

/// [`write_with`] for the content of another file.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), ResultsError> {
    let mut source = File::open(from).map_err(ResultsError::io("read", from))?;
    write_with(to, |w| {
        std::io::copy(&mut source, w).map(|_| ()).map_err(ResultsError::io("copy to", to))
    })
}

/// Removes what killed processes left behind in a folder.
pub(super) fn remove_unfinished(folder: &Path) -> Result<(), ResultsError> {
    for path in list(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') && name.ends_with(UNFINISHED) {
            fs::remove_file(&path).map_err(ResultsError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// The text of a file, if there is one.
pub(super) fn read(path: &Path) -> std::io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        text => text.map(Some),
    }
}

/// The entries of a folder, sorted by name; none if it does not exist.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(ResultsError::io("list", folder))?,
    };
    let mut paths = entries
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(ResultsError::io("list", folder))?;
    paths.sort();
    Ok(paths)
}
