//! The canonical form of an experiment, the hash that names its cell, and the data files it names.

use super::RESULTS_VERSION;
use super::document::{KeyPath, leaves};
use super::experiment::Experiment;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
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

/// Every data file that a table names: the keys `csv` and `jsonl` with the files, as written.
pub(super) fn data_files(table: &Table) -> Vec<(KeyPath, PathBuf)> {
    let leaves = leaves(table).into_iter();
    let is_file = |key: &String| key == "csv" || key == "jsonl";
    let named = leaves.filter(|(path, _)| path.last().is_some_and(is_file));
    named.filter_map(|(path, file)| Some((path, PathBuf::from(file.as_str()?)))).collect()
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
