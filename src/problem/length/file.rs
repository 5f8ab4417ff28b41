//! The lengths of responses in a JSONL file.

use super::spec::{FittedSpec, LengthUnit};
use crate::problem::ProblemError;
use serde_json::{Map, Value};
use std::path::Path;

/// The length of the field of every line; empty lines are passed over.
pub(super) fn lengths(path: &Path, spec: &FittedSpec) -> Result<Vec<usize>, ProblemError> {
    let fault = |fault: String| ProblemError::File { path: path.to_path_buf(), fault };
    let text = std::fs::read_to_string(path).map_err(|e| fault(format!("cannot be read: {e}")))?;
    let mut lengths = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let own = |what: String| fault(format!("line {}: {what}", index + 1));
        lengths.push(length(line, spec).map_err(own)?);
    }
    if lengths.is_empty() {
        return Err(fault("holds no response; give one JSON object a line".to_owned()));
    }
    Ok(lengths)
}

/// The length of one line's field.
fn length(line: &str, spec: &FittedSpec) -> Result<usize, String> {
    let row: Map<String, Value> = serde_json::from_str(line).map_err(|e| {
        let text = e.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text);
        format!("is not a JSON object: {what} at column {} (one object a line)", e.column())
    })?;
    let field = &spec.field;
    let Some(value) = row.get(field) else {
        let keys: Vec<&str> = row.keys().map(String::as_str).collect();
        let keys = keys.join(", ");
        return Err(format!("has no field `{field}`; its fields are {keys} (set `field`)"));
    };
    match (spec.unit, value) {
        (LengthUnit::Words, Value::String(text)) => Ok(words(text)),
        (LengthUnit::Words, Value::Array(messages)) => match messages.last().map(content) {
            Some(Some(text)) => Ok(words(text)),
            _ => Err(format!("`{field}` is a list whose last entry has no text `content`")),
        },
        (LengthUnit::Tokens, Value::Array(ids)) if ids.iter().all(Value::is_u64) => Ok(ids.len()),
        (LengthUnit::Tokens, Value::Number(count)) => count
            .as_u64()
            .map(|count| count as usize)
            .ok_or_else(|| format!("`{field}` is {count}; a length is a whole number, 0 or more")),
        (LengthUnit::Words, _) => Err(format!(
            "`{field}` is {}; words are counted in a text or a list of chat messages \
             (write unit = \"tokens\" for token ids)",
            kind(value)
        )),
        (LengthUnit::Tokens, _) => Err(format!(
            "`{field}` is {}; tokens are counted in a list of token ids, or given as a number \
             (write unit = \"words\" for texts)",
            kind(value)
        )),
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The text of a chat message.
fn content(message: &Value) -> Option<&str> {
    message.get("content")?.as_str()
}

/// What a value is, in a word.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
