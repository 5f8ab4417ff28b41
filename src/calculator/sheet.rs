//! A CSV in memory, whose every complaint names a line.

use super::error::{LossError, hint};
use super::method::Method;
use crate::wording::listed;
use std::io::Write;

/// The rows of a CSV file.
pub(super) struct Sheet {
    header: Vec<String>,
    header_line: u64,
    /// Each row with the line it begins on.
    rows: Vec<(u64, Vec<String>)>,
}

impl Sheet {
    /// Reads a text whose every row is as long as its header.
    pub(super) fn read(text: &str) -> Result<Sheet, LossError> {
        let mut rows = records(text).into_iter();
        let (header_line, header) = rows.next().unwrap_or((1, Vec::new()));
        let header: Vec<String> = header.iter().map(|name| name.trim().to_string()).collect();
        let expected = header.len();
        let rows: Vec<(u64, Vec<String>)> = rows.collect();
        match rows.iter().find(|(_, cells)| cells.len() != expected) {
            Some((line, cells)) => {
                Err(LossError::Ragged { line: *line, given: cells.len(), expected })
            }
            None => Ok(Sheet { header, header_line, rows }),
        }
    }

    /// How many rows there are below the header.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The line a row begins on, counted from one.
    pub(super) fn line(&self, row: usize) -> u64 {
        self.rows[row].0
    }

    /// The place of a column, if there is one; two of a name are refused.
    pub(super) fn find(&self, name: &str) -> Result<Option<usize>, LossError> {
        let mut places = (0..self.header.len()).filter(|&k| self.header[k] == name);
        match (places.next(), places.next()) {
            (_, Some(_)) => {
                Err(LossError::DuplicateColumn { line: self.header_line, column: name.into() })
            }
            (place, None) => Ok(place),
        }
    }

    /// The place of the first column that bears one of some names.
    pub(super) fn column(&self, names: &[&str]) -> Result<usize, LossError> {
        for name in names {
            if let Some(place) = self.find(name)? {
                return Ok(place);
            }
        }
        let needed: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        Err(LossError::MissingColumn {
            line: self.header_line,
            needed: needed.join(" or "),
            hint: hint(names[0], self.header.iter().map(String::as_str)),
            present: listed(self.header.iter().map(String::as_str)),
        })
    }

    /// The places of the numeric columns of a method.
    pub(super) fn columns(&self, method: &Method) -> Result<Vec<usize>, LossError> {
        method.columns.iter().map(|names| self.column(names)).collect()
    }

    /// The text of a cell, which must not be empty.
    pub(super) fn text(&self, row: usize, column: usize) -> Result<&str, LossError> {
        let text = self.rows[row].1[column].trim();
        if text.is_empty() {
            let (line, column) = (self.line(row), self.header[column].clone());
            return Err(LossError::EmptyCell { line, column });
        }
        Ok(text)
    }

    /// The finite numbers in some cells of a row.
    pub(super) fn numbers(&self, row: usize, columns: &[usize]) -> Result<Vec<f64>, LossError> {
        let number = |&column: &usize| {
            let parsed = self.text(row, column)?.parse::<f64>().ok().filter(|x| x.is_finite());
            parsed.ok_or_else(|| self.bad_cell(row, column, "a finite number".into()))
        };
        columns.iter().map(number).collect()
    }

    /// The complaint about a cell.
    pub(super) fn bad_cell(&self, row: usize, column: usize, allowed: String) -> LossError {
        let (line, cells) = &self.rows[row];
        let (column, given) = (self.header[column].clone(), cells[column].trim().into());
        LossError::Cell { line: *line, column, given, allowed }
    }

    /// Writes the sheet with further columns; numbers have 17 digits and so survive being read, and
    /// −0 is written as 0.
    pub(super) fn write(
        &self,
        appended: &[&str],
        entries: &[Vec<f64>],
        out: &mut dyn Write,
    ) -> Result<(), LossError> {
        let mut writer = csv::Writer::from_writer(out);
        let mut write = |record: Vec<String>| writer.write_record(record).map_err(io_error);
        let names = appended.iter().map(|name| name.to_string());
        write(self.header.iter().cloned().chain(names).collect())?;
        for ((_, cells), entry) in self.rows.iter().zip(entries) {
            let numbers = entry.iter().map(|x| format!("{:.16e}", x + 0.0));
            write(cells.iter().cloned().chain(numbers).collect())?;
        }
        writer.flush()?;
        Ok(())
    }
}

/// The records of a CSV text, each with the line it begins on; lines that begin with `#` are comments.
fn records(text: &str) -> Vec<(u64, Vec<String>)> {
    // The reader knows the line after a record; with one kind of line end and an end to every
    // line, the record began one line earlier for itself and one for each line end in its cells.
    let text = format!("{}\n", text.replace("\r\n", "\n"));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let (mut rows, mut record) = (Vec::new(), csv::StringRecord::new());
    while reader.read_record(&mut record).expect("text in memory is read without fail") {
        let inner: usize = record.iter().map(|cell| cell.matches('\n').count()).sum();
        let line = reader.position().line() - 1 - inner as u64;
        rows.push((line, record.iter().map(String::from).collect()));
    }
    rows
}

/// An error of the CSV writer, which can only come from what it writes to.
fn io_error(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => std::io::Error::other(format!("{kind:?}")),
    }
}
