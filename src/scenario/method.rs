//! `[[method]]`: names, overrides, and which keys each method has.

use super::canonical::table_of;
use super::diagnostic::Diagnostic;
use super::document::{Part, Place, Sources, leaves, value_at};
use super::experiment::{EXPERIMENT_KEYS, Experiment};
use super::explain::{Failure, read};
use super::overlay::Layer;
use super::set::SetArgument;
use super::sweep::{Axis, When};
use crate::wording::listed;
use toml::{Table, Value};

/// A method: the file's keys with its own laid over them.
#[derive(Debug)]
pub(super) struct Method {
    /// Its name.
    pub name: String,
    /// File < method.
    pub layer: Layer,
    /// The same with keys that only sweeps give, and every default filled in.
    pub filled: Table,
    /// The axes whose keys it has, by number.
    pub axes: Vec<usize>,
}

/// The names of the methods; there is one at least, and no two are alike.
pub(super) fn names(sources: &Sources<'_>) -> Result<Vec<String>, Diagnostic> {
    let document = sources.document;
    let blocks = match document.table.get("method") {
        Some(Value::Array(blocks)) if !blocks.is_empty() => blocks,
        _ => {
            let at = ["method".to_owned()];
            return Err(Diagnostic::new("a scenario needs a method")
                .at(sources.find(&document.places, &at, Part::Key))
                .note("in", document.name())
                .note("help", "add `[[method]]` with a `name` and an `objective.NAME = {}`"));
        }
    };
    let mut names: Vec<String> = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let at = ["method".to_owned(), index.to_string(), "name".to_owned()];
        let refuse = |message: String, part| {
            Diagnostic::new(message).at(sources.find(&document.places, &at, part))
        };
        let name = block.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.trim().is_empty() || name.contains(['=', '"']) {
            return Err(refuse("a method needs a name".to_owned(), Part::Value)
                .note("allowed", "a string without `=` and `\"`"));
        }
        if names.iter().any(|other| other == name) {
            return Err(refuse(format!("two methods are called \"{name}\""), Part::Value)
                .note("help", "names are unique: they label lines, cells and claims"));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// Refuses keys that no experiment has, in `[[method]]` and `[[when]]` (`own` is `name` or `where`).
pub(super) fn check_keys(
    sources: &Sources<'_>,
    block: &str,
    own: &'static str,
) -> Result<(), Diagnostic> {
    let blocks = sources.document.table.get(block).and_then(Value::as_array);
    for (index, table) in blocks.into_iter().flatten().enumerate() {
        for key in table.as_table().into_iter().flat_map(Table::keys) {
            let allowed = || [own].into_iter().chain(EXPERIMENT_KEYS);
            if !allowed().any(|known| known == key) {
                let at = [block.to_owned(), index.to_string(), key.clone()];
                let excerpt = sources.find(&sources.document.places, &at, Part::Key);
                return Err(Diagnostic::new(format!("unknown key `{key}` in `[[{block}]]`"))
                    .at(excerpt)
                    .note("allowed", listed(allowed()))
                    .suggest(key, allowed()));
            }
        }
    }
    Ok(())
}

/// Keys that are given outside the method: by sweeps, `--set` and `[[when]]`.
pub(super) struct Outside<'a> {
    pub axes: &'a [Axis],
    pub own: &'a [SetArgument],
    pub whens: &'a [When],
}

impl Outside<'_> {
    /// A value for a key that a method lacks, to see what else it has.
    fn example(&self, method: &str, path: &[String]) -> Option<(Value, Place)> {
        let axis = self.axes.iter().find(|axis| axis.path == path && axis.concerns(method));
        let own =
            self.own.iter().find(|set| set.method.as_deref() == Some(method) && set.path == path);
        let first = axis.map(|axis| &axis.values).or(own.map(|set| &set.values));
        first.and_then(|values| values.first().cloned()).or_else(|| {
            self.whens.iter().find_map(|when| {
                let value = value_at(&when.layer.table, path)?;
                Some((value.clone(), when.layer.places.get(path)?.clone()))
            })
        })
    }
}

impl Method {
    /// The method of this name and number.
    pub fn new(
        (index, name): (usize, &str),
        base: &Layer,
        outside: &Outside<'_>,
        sources: &Sources<'_>,
    ) -> Result<Method, Diagnostic> {
        let own = Layer::of(sources.document, &["method", &index.to_string()], |key| key != "name");
        let layer = base.under(&own);
        let mut whole = layer.clone();
        let experiment: Experiment = loop {
            match read(&whole.table) {
                Ok(experiment) => break experiment,
                Err(failure) => match &failure {
                    Failure::MissingKey { path } => match outside.example(name, path) {
                        Some((value, at)) => whole = whole.under(&Layer::single(path, &value, &at)),
                        None => return Err(explain(&failure, &whole, sources, name)),
                    },
                    _ => return Err(explain(&failure, &whole, sources, name)),
                },
            }
        };
        let filled = table_of(&experiment).map_err(|error| Diagnostic::new(error.to_string()))?;
        Ok(Method { name: name.to_owned(), layer, filled, axes: Vec::new() })
    }

    /// Whether the method has a key, with every default filled in.
    fn has(&self, axis: &Axis) -> bool {
        value_at(&self.filled, &axis.path).is_some()
    }

    /// Whether the method could have a key that has no default, such as `schedule.gradient_clip`.
    fn could_have(&self, axis: &Axis) -> bool {
        let Some((_, parent)) = axis.path.split_last() else { return false };
        let is_table = value_at(&self.filled, parent).is_some_and(Value::is_table);
        let (value, place) = &axis.values[0];
        let filled = Layer { table: self.filled.clone(), ..Layer::default() };
        let tried = filled.under(&Layer::single(&axis.path, value, place));
        let read = read::<Experiment>(&tried.table);
        is_table && !matches!(read, Err(Failure::UnknownKey { path, .. }) if path == axis.path)
    }
}

/// A failure of a method before any sweep.
fn explain(failure: &Failure, layer: &Layer, sources: &Sources<'_>, name: &str) -> Diagnostic {
    failure.explain(layer, sources).note("in", format!("method `{name}`"))
}

/// Gives each method the axes whose keys it has; a key that none has is an error.
pub(super) fn share_axes(
    methods: &mut [Method],
    axes: &[Axis],
    sources: &Sources<'_>,
) -> Result<(), Diagnostic> {
    for (number, axis) in axes.iter().enumerate() {
        let given = methods.iter().any(|m| axis.concerns(&m.name) && m.has(axis));
        let mut found = false;
        let concerned = |method: &&mut Method| axis.concerns(&method.name);
        for method in methods.iter_mut().filter(concerned) {
            if if given { method.has(axis) } else { method.could_have(axis) } {
                method.axes.push(number);
                found = true;
            }
        }
        if !found {
            return Err(no_method_has(methods, axis, sources));
        }
    }
    Ok(())
}

/// A swept key, or one of `--set`, that no method has.
fn no_method_has(methods: &[Method], axis: &Axis, sources: &Sources<'_>) -> Diagnostic {
    let mut known: Vec<String> = methods
        .iter()
        .flat_map(|method| leaves(&method.filled))
        .map(|(path, _)| path.join("."))
        .collect();
    known.sort();
    known.dedup();
    let parent = axis.key.rsplit_once('.').map_or("", |(parent, _)| parent);
    let beside: Vec<&str> = known
        .iter()
        .map(String::as_str)
        .filter(|key| key.rsplit_once('.').is_some_and(|(around, _)| around == parent))
        .collect();
    let diagnostic = Diagnostic::new(format!("no method has the key `{}`", axis.key))
        .at(Some(sources.excerpt(&axis.values[0].1, Part::Key)));
    let diagnostic = match beside.is_empty() {
        true => diagnostic,
        false => diagnostic.note("allowed", listed(beside)),
    };
    diagnostic.suggest(&axis.key, known.iter().map(String::as_str))
}
