//! The canonical form of an experiment, the hash that names its cell, and the data files it names.

use super::RESULTS_VERSION;
use super::document::{KeyPath, leaves};
use super::experiment::Experiment;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// An experiment as a table with every default filled in.
pub(super) fn table_of(experiment: &Experiment) -> Result<Table, toml::ser::Error> {
    Table::try_from(experiment)
}

/// Canonical TOML: one line `dotted.key = value` for each leaf, sorted by key.
pub(super) fn canonical(table: &Table) -> String {
    let mut lines: Vec<String> = leaves(table)
        .into_iter()
        .map(|(path, value)| format!("{} = {value}\n", path.join(".")))
        .collect();
    lines.sort();
    lines.concat()
}

/// A cell's name: 16 hexadecimal digits over [`RESULTS_VERSION`] and the canonical form.
pub(super) fn cell_name(table: &Table) -> String {
    let mut name = hex(format!("results_version = {RESULTS_VERSION}\n{}", canonical(table)));
    name.truncate(16);
    name
}

/// SHA-256 in hexadecimal digits.
pub(super) fn hex(content: impl AsRef<[u8]>) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The keys whose values are files or folders that are read.
const FILES: [&str; 4] = ["csv", "jsonl", "gold_model", "proxy_model"];

/// Every data file that a table names, with its key and as written; one that is still to be given is none.
pub(super) fn data_files(table: &Table) -> Vec<(KeyPath, PathBuf)> {
    let leaves = leaves(table).into_iter();
    let is_file = |key: &String| FILES.contains(&key.as_str());
    let given = |(path, file): &(KeyPath, &Value)| {
        path.last().is_some_and(is_file) && file.as_str() != Some("")
    };
    let named = leaves.filter(given);
    named.filter_map(|(path, file)| Some((path, PathBuf::from(file.as_str()?)))).collect()
}

/// What names the content of a file, or of a folder: its files, by their names.
pub(super) fn content(place: &Path) -> std::io::Result<String> {
    if !place.is_dir() {
        return Ok(hex(std::fs::read(place)?));
    }
    let mut files = std::fs::read_dir(place)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    let mut all = String::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        all += &format!("{name} {}\n", hex(std::fs::read(&file)?));
    }
    Ok(hex(all))
}

/// The table with the file at `path` named otherwise.
pub(super) fn rename(table: &mut Table, path: &[String], name: String) {
    let Some((last, rest)) = path.split_last() else { return };
    let mut inner = table;
    for segment in rest {
        let Some(Value::Table(next)) = inner.get_mut(segment) else { return };
        inner = next;
    }
    inner.insert(last.clone(), Value::String(name));
}
