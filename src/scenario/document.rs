//! A scenario as text: its tables, and where each key stands.

use super::diagnostic::{Diagnostic, Excerpt, ScenarioError};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::{Table, Value};
use toml_edit::Item;

/// The segments of a key: `schedule.passes` is `["schedule", "passes"]`; places in lists are numbers.
pub(super) type KeyPath = Vec<String>;

/// Which text a place lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The scenario.
    File,
    /// The `--set` argument of this number, from zero.
    Set(usize),
}

/// Where a key and its value stand (byte ranges of the text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The text.
    pub origin: Origin,
    /// The key.
    pub key: Range<usize>,
    /// The value.
    pub value: Range<usize>,
}

/// The place of every key.
pub(super) type Places = BTreeMap<KeyPath, Place>;

/// Which half of a place a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The key: it should not be there, or lacks something.
    Key,
    /// The value is wrong.
    Value,
}

/// A parsed text.
#[derive(Debug)]
pub(super) struct Document {
    name: String,
    text: String,
    /// What it says.
    pub table: Table,
    /// Where it says so.
    pub places: Places,
}

impl Document {
    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Parses `text`; `name` is what messages call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let parsed = toml_edit::Document::parse(text)
            .map_err(|error| syntax(name, text, error.message(), error.span()))?;
        let table: Table = toml::from_str(text)
            .map_err(|error| syntax(name, text, error.message(), error.span()))?;
        let mut places = Places::new();
        record(parsed.as_item(), &mut Vec::new(), &mut places);
        Ok(Document { name: name.to_owned(), text: text.to_owned(), table, places })
    }

    /// The line of a place.
    fn excerpt(&self, span: Range<usize>) -> Excerpt {
        Excerpt::of_file(&self.name, &self.text, span)
    }
}

/// A message about text that is no TOML.
fn syntax(name: &str, text: &str, message: &str, span: Option<Range<usize>>) -> ScenarioError {
    let excerpt = span.map(|span| Excerpt::of_file(name, text, span));
    let message = message.lines().collect::<Vec<_>>().join("; ");
    ScenarioError::Syntax(Box::new(
        Diagnostic::new(format!("this is no TOML: {message}")).at(excerpt).note(
            "help",
            "keys are written `key = value`, once each, in tables such as `[schedule]`",
        ),
    ))
}

/// Notes the places of everything below `item`.
fn record(item: &Item, path: &mut KeyPath, places: &mut Places) {
    if let Some(table) = item.as_table_like() {
        for (name, _) in table.iter() {
            if let Some((key, item)) = table.get_key_value(name) {
                record_key(key, item, path, places);
            }
        }
    }
    let elements: Vec<(Range<usize>, Item)> = match item {
        Item::ArrayOfTables(tables) => {
            let tables = tables.iter();
            tables.map(|t| (t.span().unwrap_or_default(), Item::Table(t.clone()))).collect()
        }
        Item::Value(toml_edit::Value::Array(values)) => {
            let values = values.iter();
            values.map(|v| (v.span().unwrap_or_default(), Item::Value(v.clone()))).collect()
        }
        _ => Vec::new(),
    };
    for (index, (span, item)) in elements.into_iter().enumerate() {
        record_at(index.to_string(), &item, (span.clone(), span), path, places);
    }
}

/// Notes a key and what stands below it.
fn record_key(key: &toml_edit::Key, item: &Item, path: &mut KeyPath, places: &mut Places) {
    let at = key.span().unwrap_or_default();
    let value = match item {
        Item::Value(value) => value.span().unwrap_or_else(|| at.clone()),
        _ => at.clone(),
    };
    record_at(key.get().to_owned(), item, (at, value), path, places);
}

/// Notes one segment with its spans and what stands below it.
fn record_at(
    segment: String,
    item: &Item,
    (key, value): (Range<usize>, Range<usize>),
    path: &mut KeyPath,
    places: &mut Places,
) {
    path.push(segment);
    places.insert(path.clone(), Place { origin: Origin::File, key, value });
    record(item, path, places);
    path.pop();
}

/// The texts that places refer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sources<'a> {
    /// The scenario.
    pub document: &'a Document,
    /// The arguments of `--set`.
    pub set: &'a [String],
}

impl Sources<'_> {
    /// The line of a place with its key or its value underlined.
    pub fn excerpt(&self, place: &Place, part: Part) -> Excerpt {
        let span = if part == Part::Key { &place.key } else { &place.value };
        match place.origin {
            Origin::File => self.document.excerpt(span.clone()),
            Origin::Set(index) => Excerpt::of_argument("--set", &self.set[index], span.clone()),
        }
    }

    /// The line that sets `path`, or the closest table around it.
    pub fn find(&self, places: &Places, path: &[String], part: Part) -> Option<Excerpt> {
        let length = (1..=path.len()).rev().find(|&length| places.contains_key(&path[..length]))?;
        let place = &places[&path[..length]];
        let is_inside_value = path[length..].iter().all(|segment| segment.parse::<usize>().is_ok());
        let part = match place.origin {
            Origin::File if !is_inside_value => Part::Key,
            _ => part,
        };
        Some(self.excerpt(place, part))
    }
}

/// Splits a dotted key.
pub(super) fn key_path(key: &str) -> KeyPath {
    key.split('.').map(str::to_owned).collect()
}

/// What stands at a path.
pub(super) fn value_at<'a>(table: &'a Table, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(first)?;
    rest.iter().try_fold(value, |value, segment| match value {
        Value::Table(table) => table.get(segment),
        Value::Array(array) => array.get(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Every leaf (a value that is no table, or an empty table) with its path, in the order written.
pub(super) fn leaves(table: &Table) -> Vec<(KeyPath, &Value)> {
    table.iter().flat_map(|(key, value)| leaves_of(key, value)).collect()
}

/// The leaves at and below one key.
fn leaves_of<'a>(key: &str, value: &'a Value) -> Vec<(KeyPath, &'a Value)> {
    let with_key = |path: KeyPath| [vec![key.to_owned()], path].concat();
    match value {
        Value::Table(inner) if !inner.is_empty() => {
            leaves(inner).into_iter().map(|(path, leaf)| (with_key(path), leaf)).collect()
        }
        leaf => vec![(with_key(Vec::new()), leaf)],
    }
}
