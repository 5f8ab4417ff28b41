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
    let content = std::fs::read(path).map_err(|e| fault(format!("cannot be read: {e}")))?;
    let mut rows = Vec::new();
    for (line, text) in lines(&content) {
        let row = text.and_then(object).and_then(&read);
        rows.push((line, row.map_err(|what| fault(format!("line {line}: {what}")))?));
    }
    if rows.is_empty() {
        return Err(fault(format!("holds no {what}; give one JSON object a line")));
    }
    Ok(rows)
}

/// Every line of a file that holds something, with its number; what is no text is a fault of its line.
pub(crate) fn lines(content: &[u8]) -> impl Iterator<Item = (usize, Result<&str, String>)> {
    let line = |(index, line): (usize, _)| match std::str::from_utf8(line) {
        Ok(text) if index == 0 && text.starts_with('\u{feff}') => {
            let fault = "begins with a byte order mark; save the file as UTF-8 without one";
            Some((1, Err(fault.to_owned())))
        }
        Ok(text) => (!text.trim().is_empty()).then_some((index + 1, Ok(text))),
        Err(error) => {
            let byte = error.valid_up_to() + 1;
            let fault = format!("is no UTF-8 at its byte {byte}; save the file as UTF-8");
            Some((index + 1, Err(fault)))
        }
    };
    content.split(|byte| *byte == b'\n').enumerate().filter_map(line)
}

/// The field of an object; `help` says how to name another.
pub(crate) fn field<'a>(
    row: &'a Map<String, Value>,
    name: &str,
    help: &str,
) -> Result<&'a Value, String> {
    row.get(name).ok_or_else(|| {
        let fields = match row.keys().map(String::as_str).collect::<Vec<_>>() {
            keys if keys.is_empty() => "it has no field at all".to_owned(),
            keys => format!("its fields are {}", keys.join(", ")),
        };
        format!("has no field `{name}`; {fields} ({help})")
    })
}

/// Whether a field of an object is true; it may be left out.
pub(crate) fn flag(row: &Map<String, Value>, name: &str) -> Result<bool, String> {
    match row.get(name) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| {
            format!("its `{name}` is {value}, neither true nor false; correct it, or leave it out")
        }),
    }
}

/// The object of a line, without fields that are null: tables with a column for every field write those.
pub(crate) fn object(line: &str) -> Result<Map<String, Value>, String> {
    let object = serde_json::from_str(line).map(|mut row: Map<String, Value>| {
        row.retain(|_, value| !value.is_null());
        row
    });
    object.map_err(|e| {
        let text = e.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text);
        let help = match line.trim_start().starts_with('[') {
            true => " (a JSON array? `jq -c '.[]' FILE` makes one object a line of each)",
            false => " (one object a line)",
        };
        format!("is not a JSON object: {what} at column {}{help}", e.column())
    })
}
