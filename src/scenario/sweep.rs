//! `[sweep]` and `[[when]]`: the grid of a scenario, and keys that depend on the place in it.

use super::diagnostic::Diagnostic;
use super::document::{Document, KeyPath, Part, Place, Sources, key_path, leaves};
use super::explain::described;
use super::overlay::Layer;
use super::selector::{Absent, Selector, admits, selects, written};
use crate::wording::listed;
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
    /// The methods that are swept; empty: all that have the key.
    pub only: Vec<String>,
}

impl Axis {
    /// Whether a method of this name is swept, if it has the key.
    pub fn concerns(&self, method: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == method)
    }

    /// The values as settings write them.
    pub fn written(&self) -> Vec<String> {
        self.values.iter().map(|(value, _)| written(value)).collect()
    }
}

/// The axes of `[sweep]`, in the order written.
///
/// An axis is a list of values, or `{ methods = [NAME…], values = [VALUE…] }` for some methods.
pub(super) fn axes(sources: &Sources<'_>, names: &[String]) -> Result<Vec<Axis>, Diagnostic> {
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
    let all = leaves(table);
    let mut axes = Vec::new();
    for (path, value) in &all {
        let (last, key) = path.split_last().expect("a leaf has a key");
        let beside = |name: &str| {
            let place = [key, &[name.to_owned()]].concat();
            all.iter().find(|(path, _)| *path == place).map(|(_, value)| (place, *value))
        };
        match (last.as_str(), beside("methods")) {
            ("methods", _) if beside("values").is_some() => {}
            ("values", Some((place, methods))) => {
                let only = only(&place, methods, names, &refuse)?;
                axes.push(Axis { only, ..axis(document, (key, path), value, &refuse)? });
            }
            _ => axes.push(axis(document, (path, path), value, &refuse)?),
        }
    }
    Ok(axes)
}

/// The methods that an axis is for.
fn only(
    place: &[String],
    methods: &Value,
    names: &[String],
    refuse: &dyn Fn(&[String], String) -> Diagnostic,
) -> Result<Vec<String>, Diagnostic> {
    let at = [&["sweep".to_owned()], place].concat();
    let known = || names.iter().map(String::as_str);
    let listed_names = methods.as_array().into_iter().flatten().map(Value::as_str);
    let given: Option<Vec<&str>> = listed_names.collect();
    let given = given.filter(|given| !given.is_empty()).ok_or_else(|| {
        refuse(&at, "`methods` must be a list of names of methods".to_owned())
            .note("given", described(methods))
            .note("allowed", listed(known()))
    })?;
    match given.iter().find(|name| !names.iter().any(|known| known == *name)) {
        None => Ok(given.into_iter().map(str::to_owned).collect()),
        Some(unknown) => Err(refuse(&at, format!("no method is called \"{unknown}\""))
            .note("allowed", listed(known()))
            .suggest(unknown, known())),
    }
}

/// One axis of `[sweep]`: its key, and the path at which its values are written.
fn axis(
    document: &Document,
    (key, written_path): (&[String], &[String]),
    value: &Value,
    refuse: &dyn Fn(&[String], String) -> Diagnostic,
) -> Result<Axis, Diagnostic> {
    let key = key.join(".");
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
    Ok(Axis { key, path, values: values.collect(), shown: true, only: Vec::new() })
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
        admits(&self.condition, method, settings, Absent::Refuses)
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
