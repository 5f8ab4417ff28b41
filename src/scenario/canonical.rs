//! The canonical form of an experiment, the hash that names its cell, and the CSV files it names.

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

/// A CSV file that an experiment names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CsvReference {
    /// The key of its path.
    pub path: KeyPath,
    /// The file, as written.
    pub file: PathBuf,
    /// The columns it must have.
    pub columns: Vec<String>,
    /// Whether all those columns hold finite numbers.
    pub numbers: bool,
}

/// Every CSV file that a table names: the keys `csv`, with `column` beside them or without.
pub(super) fn csv_references(table: &Table) -> Vec<CsvReference> {
    let named = leaves(table).into_iter().filter_map(|(path, value)| {
        let file = PathBuf::from(value.as_str()?);
        (path.last()? == "csv").then_some((path, file))
    });
    named
        .map(|(path, file)| {
            let beside = [&path[..path.len() - 1], &["column".to_owned()]].concat();
            let column = super::document::value_at(table, &beside).and_then(Value::as_str);
            let columns = match column {
                Some(column) => vec![column.to_owned()],
                None => vec!["chosen".to_owned(), "rejected".to_owned()],
            };
            CsvReference { path, file, columns, numbers: column.is_some() }
        })
        .collect()
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

/// Reads a CSV file and checks its columns; its bytes, or what is wrong with it.
pub(super) fn read_csv(reference: &CsvReference, folder: &Path) -> Result<Vec<u8>, String> {
    let file = folder.join(&reference.file);
    let bytes = std::fs::read(&file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(bytes.as_slice());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let place = |column: &String| {
        headers.iter().position(|header| header == column).ok_or_else(|| {
            let there: Vec<&str> = headers.iter().collect();
            format!("{} has no column `{column}`, only {}", file.display(), there.join(", "))
        })
    };
    let places = reference.columns.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let mut rows = 0;
    for record in reader.records() {
        let record = record.map_err(|error| format!("{}: {error}", file.display()))?;
        check_row(reference, &record, &places).map_err(|m| format!("{} {m}", file.display()))?;
        rows += 1;
    }
    if rows == 0 { Err(format!("{} has no rows", file.display())) } else { Ok(bytes) }
}

/// The cells of the named columns are finite numbers, or arms.
fn check_row(
    reference: &CsvReference,
    record: &csv::StringRecord,
    places: &[usize],
) -> Result<(), String> {
    let line = record.position().map_or(0, csv::Position::line);
    for (&place, column) in places.iter().zip(&reference.columns) {
        let cell = record.get(place).unwrap_or("");
        let (holds, needed) = match reference.numbers {
            true => (cell.parse().is_ok_and(f64::is_finite), "a finite number"),
            false => (cell.parse::<usize>().is_ok(), "an arm (a whole number, 0 or above)"),
        };
        if !holds {
            return Err(format!("line {line}: `{column}` is \"{cell}\", not {needed}"));
        }
    }
    Ok(())
}
