//! Keys → typed values, with serde's messages turned into ones that point and help.

use super::diagnostic::Diagnostic;
use super::document::{KeyPath, Part, Sources, value_at};
use super::experiment::Experiment;
use super::overlay::{Layer, is_choice};
use crate::wording::listed;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::{Table, Value};

/// Why keys are no valid value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Failure {
    /// A key that does not exist, and those that do.
    UnknownKey { path: KeyPath, allowed: Vec<String> },
    /// A key that must be given.
    MissingKey { path: KeyPath },
    /// A word that does not exist, and those that do.
    UnknownWord { path: KeyPath, word: String, allowed: Vec<String> },
    /// A value of the wrong type or outside its range, and what is expected.
    WrongValue { path: KeyPath, expected: String },
    /// A choice without exactly one variant.
    Choice { path: KeyPath },
    /// Anything else.
    Other { path: KeyPath, message: String },
}

/// Reads the keys of an experiment or a header.
pub(super) fn read<T: DeserializeOwned>(table: &Table) -> Result<T, Failure> {
    check_choices(table)?;
    serde_path_to_error::deserialize(Value::Table(table.clone())).map_err(|error| {
        let segments = error.path().iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Unknown => None,
        });
        classify(segments.collect(), error.inner().message())
    })
}

/// Every choice is a table with one variant.
fn check_choices(table: &Table) -> Result<(), Failure> {
    for (key, value) in table {
        let path = vec![key.clone()];
        if is_choice(&path) && value.as_table().is_none_or(|table| table.len() != 1) {
            return Err(Failure::Choice { path });
        }
    }
    Ok(())
}

/// Reads serde's standard messages.
fn classify(mut path: KeyPath, message: &str) -> Failure {
    let words = quoted(message);
    let (first, rest) = match words.split_first() {
        Some((first, rest)) => (first.clone(), rest.to_vec()),
        None => (String::new(), Vec::new()),
    };
    if message.starts_with("unknown field") {
        if path.last() != Some(&first) {
            path.push(first);
        }
        Failure::UnknownKey { path, allowed: rest }
    } else if message.starts_with("missing field") {
        path.push(first);
        Failure::MissingKey { path }
    } else if message.starts_with("unknown variant") {
        Failure::UnknownWord { path, word: first, allowed: rest }
    } else if message.starts_with("invalid") && message.contains(", expected ") {
        let expected = message.rsplit(", expected ").next().unwrap_or_default();
        Failure::WrongValue { path, expected: plain(expected) }
    } else if message.starts_with("a ") {
        Failure::WrongValue { path, expected: message.to_owned() } // serde(expecting = "a …")
    } else {
        Failure::Other { path, message: message.to_owned() }
    }
}

/// The words in backticks.
fn quoted(message: &str) -> Vec<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A Rust type in words.
fn plain(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or above".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}

impl Failure {
    /// The message for a user who wrote `layer`; `prefix` stands before every key.
    pub fn explain(&self, layer: &Layer, sources: &Sources<'_>) -> Diagnostic {
        let find = |path: &[String], part| sources.find(&layer.places, path, part);
        match self {
            Failure::UnknownKey { path, allowed } => unknown_key(path, allowed, layer, sources),
            Failure::MissingKey { path } => match find(path, Part::Key) {
                Some(place) => missing_key(path).at(Some(place)),
                None => missing_key(path).note("in", sources.document.name()),
            },
            Failure::UnknownWord { path, word, allowed } => {
                unknown_word(path, word, allowed, layer, sources)
            }
            Failure::WrongValue { path, expected } => {
                let diagnostic = Diagnostic::new(format!("`{}` has the wrong value", shown(path)))
                    .at(find(path, Part::Value));
                let given = value_at(&layer.table, path).map(described);
                match given {
                    Some(given) => diagnostic.note("given", given),
                    None => diagnostic,
                }
                .note("allowed", expected)
                .explained(path)
            }
            Failure::Choice { path } => choice(path, layer, sources),
            Failure::Other { path, message } if path.is_empty() => Diagnostic::new(message),
            Failure::Other { path, message } => {
                Diagnostic::new(format!("`{}`: {message}", shown(path))).at(find(path, Part::Value))
            }
        }
    }
}

/// A key that does not exist.
fn unknown_key(
    path: &[String],
    allowed: &[String],
    layer: &Layer,
    sources: &Sources<'_>,
) -> Diagnostic {
    let key = path.last().map_or("", String::as_str);
    Diagnostic::new(format!("unknown key `{}`", shown(path)))
        .at(sources.find(&layer.places, path, Part::Key))
        .note("allowed", listed(allowed.iter().map(String::as_str)))
        .suggest(key, allowed.iter().map(String::as_str))
}

/// A key that must be given.
fn missing_key(path: &[String]) -> Diagnostic {
    let diagnostic = Diagnostic::new(format!("the key `{}` is missing", shown(path)));
    match path {
        [choice] if is_choice(path) => diagnostic
            .note("allowed", listed(variants(choice).iter().map(String::as_str)))
            .note("help", format!("add `[{choice}.NAME]`, or `{choice}.NAME = {{}}` to a method")),
        [table] => diagnostic.note("help", format!("add it, as a key or as a table `[{table}]`")),
        [tables @ .., key] => {
            diagnostic.note("help", format!("add `{key} = …` under `[{}]`", shown(tables)))
        }
        [] => diagnostic,
    }
}

/// A word that does not exist: a variant of a choice (then it is a key) or a value.
fn unknown_word(
    path: &[String],
    word: &str,
    allowed: &[String],
    layer: &Layer,
    sources: &Sources<'_>,
) -> Diagnostic {
    if value_at(&layer.table, path).is_some_and(Value::is_table) {
        return unknown_key(&[path, &[word.to_owned()]].concat(), allowed, layer, sources);
    }
    Diagnostic::new(format!("`{}` cannot be \"{word}\"", shown(path)))
        .at(sources.find(&layer.places, path, Part::Value))
        .note("allowed", listed(allowed.iter().map(String::as_str)))
        .suggest(word, allowed.iter().map(String::as_str))
        .explained(path)
}

/// A choice without exactly one variant.
fn choice(path: &[String], layer: &Layer, sources: &Sources<'_>) -> Diagnostic {
    let name = shown(path);
    match value_at(&layer.table, path) {
        Some(Value::Table(table)) if table.len() > 1 => {
            let last = table.keys().next_back().cloned().unwrap_or_default();
            let given = listed(table.keys().map(String::as_str));
            Diagnostic::new(format!("`{name}` takes one choice, {} are given", table.len()))
                .at(sources.find(&layer.places, &[path, &[last]].concat(), Part::Key))
                .note("given", given)
                .note("help", "keep one here; `[[method]]` may replace it")
        }
        Some(Value::Table(_)) | None => Diagnostic::new(format!("`{name}` needs a choice"))
            .at(sources.find(&layer.places, path, Part::Key))
            .note("allowed", listed(variants(&name).iter().map(String::as_str)))
            .note("help", format!("write `[{name}.NAME]` or `{name}.NAME = {{}}`")),
        Some(other) => Diagnostic::new(format!("`{name}` must be a table with one choice"))
            .at(sources.find(&layer.places, path, Part::Value))
            .note("given", described(other))
            .note("help", format!("write `{name}.{} = {{}}`", other.as_str().unwrap_or("NAME"))),
    }
}

/// The variants of a choice: those that the message about an impossible one lists.
fn variants(choice: &str) -> Vec<String> {
    let impossible = Table::from_iter([(String::new(), Value::Table(Table::new()))]);
    let table = Table::from_iter([(choice.to_owned(), Value::Table(impossible))]);
    match read::<Experiment>(&table) {
        Err(Failure::UnknownWord { allowed, .. }) => allowed,
        _ => Vec::new(),
    }
}

/// A dotted key without the places in lists: `claim.margin`, not `claim.0.margin`.
pub(super) fn shown(path: &[String]) -> String {
    let named = path.iter().filter(|segment| segment.parse::<usize>().is_err());
    named.map(String::as_str).collect::<Vec<_>>().join(".")
}

/// A value with its type, as messages show it.
pub(super) fn described(value: &Value) -> String {
    let kind = match value {
        Value::String(_) => "string",
        Value::Integer(_) => "whole number",
        Value::Float(_) => "number",
        Value::Boolean(_) => "boolean",
        Value::Datetime(_) => "date or time",
        Value::Array(_) => "list",
        Value::Table(_) => "table",
    };
    format!("{value} (a {kind})")
}
