//! JSONL files: one JSON object a line.

use super::ProblemError;
use serde_json::{Map, Value};
use std::path::Path;

/// What is read of every line's object, with the number of its line; empty lines are passed over, and a
/// fault has that number. `what` is what a file without a row lacks.
pub(super) fn rows<T>(
    path: &Path,
    what: &str,
    read: impl Fn(Map<String, Value>) -> Result<T, String>,
) -> Result<Vec<(usize, T)>, ProblemError> {
    let fault = |fault: String| ProblemError::File { path: path.to_path_buf(), fault };
    let text = std::fs::read_to_string(path).map_err(|e| fault(format!("cannot be read: {e}")))?;
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (row, line) = (object(line).and_then(&read), index + 1);
        rows.push((line, row.map_err(|what| fault(format!("line {line}: {what}")))?));
    }
    if rows.is_empty() {
        return Err(fault(format!("holds no {what}; give one JSON object a line")));
    }
    Ok(rows)
}

/// The field of an object; `help` says how to name another.
pub(crate) fn field<'a>(
    row: &'a Map<String, Value>,
    name: &str,
    help: &str,
) -> Result<&'a Value, String> {
    row.get(name).ok_or_else(|| {
        let keys = row.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        format!("has no field `{name}`; its fields are {keys} ({help})")
    })
}

/// The object of a line.
pub(crate) fn object(line: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(line).map_err(|e| {
        let text = e.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text);
        format!("is not a JSON object: {what} at column {} (one object a line)", e.column())
    })
}
