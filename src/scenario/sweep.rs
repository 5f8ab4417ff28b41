//! `[sweep]` and `[[when]]`: the grid of a scenario, and keys that depend on the place in it.

use super::claim::{Selector, selects, written};
use super::diagnostic::{Diagnostic, listed};
use super::document::{Document, KeyPath, Part, Place, Sources, key_path, leaves};
use super::explain::described;
use super::overlay::Layer;
use std::collections::BTreeMap;
use toml::Value;

/// A key and the values it takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// The key, dotted.
    pub key: String,
    /// The key, in segments.
    pub path: KeyPath,
    /// The values with their places; at least one.
    pub values: Vec<(Value, Place)>,
    /// Whether the value is a setting that names a cell; a key that `--set` fixes is none.
    pub shown: bool,
}

impl Axis {
    /// The values as settings write them.
    pub fn written(&self) -> Vec<String> {
        self.values.iter().map(|(value, _)| written(value)).collect()
    }
}

/// The axes of `[sweep]`, in the order written.
pub(super) fn axes(sources: &Sources<'_>) -> Result<Vec<Axis>, Diagnostic> {
    let document = sources.document;
    let refuse = |path: &[String], message: String| {
        Diagnostic::new(message).at(sources.find(&document.places, path, Part::Value))
    };
    let table = match document.table.get("sweep") {
        None => return Ok(Vec::new()),
        Some(Value::Table(table)) => table,
        Some(other) => {
            return Err(refuse(&["sweep".to_owned()], "`sweep` must be a table".to_owned())
                .note("given", described(other)));
        }
    };
    leaves(table).into_iter().map(|(path, value)| axis(document, &path, value, &refuse)).collect()
}

/// One axis of `[sweep]`.
fn axis(
    document: &Document,
    written_path: &[String],
    value: &Value,
    refuse: &dyn Fn(&[String], String) -> Diagnostic,
) -> Result<Axis, Diagnostic> {
    let key = written_path.join(".");
    let at = [&["sweep".to_owned()], written_path].concat();
    let values = match value {
        Value::Array(values) if !values.is_empty() => values,
        Value::Array(_) => {
            return Err(refuse(&at, format!("the sweep of `{key}` has no values")));
        }
        other => {
            return Err(refuse(&at, format!("the sweep of `{key}` must be a list of values"))
                .note("given", described(other))
                .note("help", format!("write `\"{key}\" = [ … ]`")));
        }
    };
    let whole = &document.places[&at];
    let place = |index: usize| {
        let element = [at.clone(), vec![index.to_string()]].concat();
        let value = document.places.get(&element).map_or(&whole.value, |place| &place.value);
        Place { value: value.clone(), ..whole.clone() }
    };
    let values = values.iter().enumerate().map(|(index, value)| (value.clone(), place(index)));
    let path = key_path(&key);
    Ok(Axis { key, path, values: values.collect(), shown: true })
}

/// `[[when]]`: keys for the cells that `where` selects.
#[derive(Debug, Clone)]
pub(super) struct When {
    condition: Selector,
    /// The keys.
    pub layer: Layer,
}

impl When {
    /// Whether the keys are for this cell.
    pub fn applies(&self, method: &str, settings: &BTreeMap<String, String>) -> bool {
        self.condition.iter().all(|(key, value)| match key.as_str() {
            "method" => selects(value, method),
            key => settings.get(key).is_some_and(|text| selects(value, text)),
        })
    }
}

/// The blocks of `[[when]]`; their conditions name methods and swept keys of the file.
pub(super) fn whens(
    sources: &Sources<'_>,
    methods: &[String],
    axes: &[Axis],
) -> Result<Vec<When>, Diagnostic> {
    let blocks = match sources.document.table.get("when") {
        None => return Ok(Vec::new()),
        Some(Value::Array(blocks)) => blocks,
        Some(_) => return Err(Diagnostic::new("`when` must be written `[[when]]`")),
    };
    (0..blocks.len()).map(|index| when(index, &blocks[index], sources, methods, axes)).collect()
}

/// One block of `[[when]]`.
fn when(
    index: usize,
    block: &Value,
    sources: &Sources<'_>,
    methods: &[String],
    axes: &[Axis],
) -> Result<When, Diagnostic> {
    let number = index.to_string();
    let at = ["when".to_owned(), number.clone(), "where".to_owned()];
    let places = &sources.document.places;
    let Some(Value::Table(condition)) = block.get("where") else {
        return Err(Diagnostic::new("`[[when]]` needs a condition `where`")
            .at(sources.find(places, &at[..2], Part::Value))
            .note("help", "write `where = { method = \"NAME\", \"SWEPT.KEY\" = VALUE }`"));
    };
    for (key, value) in condition {
        let at = [&at[..], std::slice::from_ref(key)].concat();
        check_condition(key, value, methods, axes)
            .map_err(|(part, diagnostic)| diagnostic.at(sources.find(places, &at, part)))?;
    }
    Ok(When {
        condition: condition.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        layer: Layer::of(sources.document, &["when", &number], |key| key != "where"),
    })
}

/// A condition names a method or a swept key, and a value it has in the file.
fn check_condition(
    key: &str,
    value: &Value,
    methods: &[String],
    axes: &[Axis],
) -> Result<(), (Part, Diagnostic)> {
    let known: Vec<String> = match axes.iter().find(|axis| axis.key == *key) {
        Some(axis) => axis.written(),
        None if key == "method" => methods.to_vec(),
        None => {
            let keys = || ["method"].into_iter().chain(axes.iter().map(|axis| axis.key.as_str()));
            let diagnostic = Diagnostic::new(format!("`{key}` is not swept"))
                .note("allowed", listed(keys()))
                .suggest(key, keys());
            return Err((Part::Key, diagnostic));
        }
    };
    if known.iter().any(|text| selects(value, text)) {
        return Ok(());
    }
    let diagnostic = Diagnostic::new(format!("`{key}` is never {value}"))
        .note("allowed", listed(known.iter().map(String::as_str)))
        .suggest(&written(value), known.iter().map(String::as_str));
    Err((Part::Value, diagnostic))
}

/// Every combination of places, the last fastest: `[0,0] [0,1] [1,0] …`.
pub(super) fn odometer(lengths: &[usize]) -> Vec<Vec<usize>> {
    lengths.iter().fold(vec![Vec::new()], |combinations, &length| {
        let extend = |combination: Vec<usize>| {
            (0..length).map(move |place| [combination.as_slice(), &[place]].concat())
        };
        combinations.into_iter().flat_map(extend).collect()
    })
}
