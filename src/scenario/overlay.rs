//! Layers of keys, laid over each other: file < method < when < sweep < `--set`.

use super::document::{Document, KeyPath, Place, Places};
use toml::{Table, Value};

/// Keys with the places that set them.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    /// The keys.
    pub table: Table,
    /// Which text set each of them.
    pub places: Places,
}

impl Layer {
    /// The table at `prefix` of a document, without the keys that `keep` refuses.
    pub fn of(document: &Document, prefix: &[&str], keep: impl Fn(&str) -> bool) -> Layer {
        let prefix: KeyPath = prefix.iter().map(|&segment| segment.to_owned()).collect();
        let whole = match prefix.is_empty() {
            true => Some(&document.table),
            false => super::document::value_at(&document.table, &prefix).and_then(Value::as_table),
        };
        let kept = whole.into_iter().flatten().filter(|(key, _)| keep(key));
        let under = document.places.iter().filter(|(path, _)| {
            path.len() > prefix.len() && path.starts_with(&prefix) && keep(&path[prefix.len()])
        });
        Layer {
            table: kept.map(|(key, value)| (key.clone(), value.clone())).collect(),
            places: under.map(|(path, at)| (path[prefix.len()..].to_vec(), at.clone())).collect(),
        }
    }

    /// One key.
    pub fn single(path: &[String], value: &Value, place: &Place) -> Layer {
        let nested = path.iter().rev().fold(value.clone(), |value, segment| {
            Value::Table(Table::from_iter([(segment.clone(), value)]))
        });
        let table = nested.as_table().cloned().unwrap_or_default();
        Layer { table, places: Places::from([(path.to_vec(), place.clone())]) }
    }

    /// This layer with another one laid over it.
    ///
    /// Tables are merged key by key, except that a choice (`problem`, `policy`, `objective`,
    /// `optimizer`, `problem.*.reference` and `problem.prompts.reward`) with another variant replaces the one below, and
    /// a true reward of prompts another one.
    pub fn under(&self, over: &Layer) -> Layer {
        let mut merged = self.clone();
        merge(&mut merged.table, &over.table, &mut Vec::new(), (&mut merged.places, &over.places));
        merged
    }
}

/// Lays `over` over `base` at `path`.
fn merge(base: &mut Table, over: &Table, path: &mut KeyPath, places: (&mut Places, &Places)) {
    let (below, above) = places;
    for replaced in others(path, over) {
        base.remove(replaced);
        path.push(replaced.to_owned());
        below.retain(|at, _| !at.starts_with(path));
        path.pop();
    }
    for (key, value) in over {
        path.push(key.clone());
        match (base.get_mut(key), value) {
            (Some(Value::Table(inner)), Value::Table(table)) if merges(path, inner, table) => {
                merge(inner, table, path, (below, above));
            }
            _ => {
                base.insert(key.clone(), value.clone());
                below.retain(|at, _| !at.starts_with(path));
                let set = above.iter().filter(|(at, _)| at.starts_with(path));
                below.extend(set.map(|(at, place)| (at.clone(), place.clone())));
            }
        }
        path.pop();
    }
}

/// What tells the true reward of prompts, one in place of another.
const TRUE_REWARDS: [&str; 3] = ["reward", "gold_model", "gold_command"];

/// The keys of a table below that those of the table over it replace.
fn others(path: &[String], over: &Table) -> Vec<&'static str> {
    if path != ["problem", "prompts"] {
        return Vec::new();
    }
    let (given, others): (Vec<&str>, Vec<&str>) =
        TRUE_REWARDS.iter().partition(|key| over.contains_key(**key));
    if given.is_empty() { Vec::new() } else { others }
}

/// Whether two tables are merged: always, but for choices with different variants.
fn merges(path: &[String], base: &Table, over: &Table) -> bool {
    !is_choice(path) || base.is_empty() || over.keys().all(|key| base.contains_key(key))
}

/// Whether exactly one variant stands at this path.
pub(super) fn is_choice(path: &[String]) -> bool {
    match path {
        [one] => matches!(one.as_str(), "problem" | "policy" | "objective" | "optimizer"),
        [problem, prompts, reward] if reward == "reward" => {
            problem == "problem" && prompts == "prompts"
        }
        [problem, _, law] => problem == "problem" && (law == "reference" || law == "data"),
        _ => false,
    }
}
