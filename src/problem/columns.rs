//! Numbers of a scenario, one for each arm: written out or read from a CSV file.

use super::{Column, ProblemError};
use std::path::Path;

/// How far a distribution's sum may lie from 1 before it is taken for a mistake.
const SUM_TOLERANCE: f64 = 1e-6;

/// The finite numbers of a column.
pub(super) fn finite(
    column: &Column,
    key: &'static str,
    folder: &Path,
) -> Result<Vec<f64>, ProblemError> {
    let values = match column {
        Column::List(values) => values.clone(),
        Column::Csv { csv, column } => read(&folder.join(csv), column)?,
    };
    let range = |given: String, allowed: &str| {
        Err(ProblemError::Range { key, given, allowed: allowed.into() })
    };
    if values.len() < 2 {
        return range(format!("a list of {}", values.len()), "at least 2 arms are needed");
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(i) => range(format!("{} at arm {i}", values[i]), "every entry must be finite"),
        None => Ok(values),
    }
}

/// The probabilities of a column, which must be positive and sum to 1.
pub(super) fn distribution(
    column: &Column,
    key: &'static str,
    arms: usize,
    folder: &Path,
) -> Result<Vec<f64>, ProblemError> {
    let mut values = finite(column, key, folder)?;
    let range = |given: String, allowed: String| Err(ProblemError::Range { key, given, allowed });
    if values.len() != arms {
        return range(
            format!("a list of {}", values.len()),
            format!("there are {arms} arms: give {arms} probabilities"),
        );
    }
    if let Some(i) = values.iter().position(|p| *p <= 0.0) {
        let allowed = "every probability must be above 0, or KL to it is infinite".into();
        return range(format!("{} at arm {i}", values[i]), allowed);
    }
    let sum: f64 = values.iter().sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return range(format!("a list that sums to {sum}"), "probabilities sum to 1".into());
    }
    values.iter_mut().for_each(|p| *p /= sum);
    Ok(values)
}

/// A named column of a CSV file; lines that begin with `#` are comments.
fn read(path: &Path, column: &str) -> Result<Vec<f64>, ProblemError> {
    let fault = |fault: String| ProblemError::File { path: path.to_path_buf(), fault };
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|e| fault(format!("cannot be read: {e}")))?;
    let headers = reader.headers().map_err(|e| fault(e.to_string()))?.clone();
    let Some(place) = headers.iter().position(|h| h == column) else {
        let names: Vec<&str> = headers.iter().collect();
        return Err(fault(format!(
            "has no column `{column}`; its columns are {}",
            names.join(", ")
        )));
    };
    let mut values = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| fault(e.to_string()))?;
        let line = record.position().map_or(0, |p| p.line());
        let text = &record[place];
        let value = text.parse::<f64>().ok().filter(|v| v.is_finite());
        values.push(value.ok_or_else(|| {
            fault(format!("line {line}: `{text}` in column `{column}` is not a finite number"))
        })?);
    }
    Ok(values)
}
