//! The lengths of responses in a JSONL file.

use super::spec::{FittedSpec, LengthUnit};
use crate::problem::{ProblemError, jsonl};
use serde_json::{Map, Value};
use std::path::Path;

/// The length of the field of every line; empty lines are passed over.
pub(super) fn lengths(path: &Path, spec: &FittedSpec) -> Result<Vec<usize>, ProblemError> {
    let rows = jsonl::rows(path, "response", |row| length(&row, spec))?;
    Ok(rows.into_iter().map(|(_, length)| length).collect())
}

/// The length of one line's field.
fn length(row: &Map<String, Value>, spec: &FittedSpec) -> Result<usize, String> {
    let field = &spec.field;
    let value = jsonl::field(row, field, "set `field`")?;
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
