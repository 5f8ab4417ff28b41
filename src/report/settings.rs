//! The resolved settings of a scenario: what all cells share, what varies, and what differs from the
//! shipped scenario that it comes from.

use crate::scenario::{Scenario, find};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a reader of a report is told of a scenario's settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Settings {
    /// Keys that have one value in all cells.
    shared: Vec<(String, String)>,
    /// Keys that do not, with what they are where.
    varying: Vec<Varying>,
    /// What is not as shipped; none: there is nothing shipped to compare with.
    differs: Option<Vec<Difference>>,
}

/// A key with more than one value, or one that not all methods have.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Varying {
    key: String,
    values: Vec<Value>,
}

/// The values of a key that some methods share.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Value {
    /// Which methods: `all methods`, or their names.
    methods: String,
    /// All values of these methods.
    values: String,
}

/// A key that is not as shipped.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Difference {
    key: String,
    methods: String,
    shipped: String,
    here: String,
}

/// Stands for a value where there is none.
const NONE: &str = "–";

/// The distinct values of every key, method by method, in the order of the cells.
struct Table {
    /// Every key, in the order in which the cells name them.
    keys: Vec<String>,
    methods: Vec<String>,
    values: BTreeMap<(String, String), Vec<String>>,
}

impl Table {
    fn of(scenario: &Scenario) -> Table {
        let mut table =
            Table { keys: Vec::new(), methods: scenario.methods.clone(), values: BTreeMap::new() };
        for cell in &scenario.cells {
            for (key, value) in cell.experiment.keys() {
                if !table.keys.contains(&key) {
                    table.keys.push(key.clone());
                }
                let values = table.values.entry((key, cell.method.clone())).or_default();
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
        table
    }

    /// The values of a key for a method, as one text.
    fn words(&self, key: &str, method: &str) -> Option<String> {
        let values = self.values.get(&(key.to_owned(), method.to_owned()))?;
        Some(values.join(", "))
    }

    /// The values of a key, with the methods that have them.
    fn groups(&self, key: &str) -> Vec<Value> {
        let found = self.methods.iter().filter_map(|m| Some((m, self.words(key, m)?)));
        grouped(found).into_iter().map(|(methods, values)| self.value(&methods, values)).collect()
    }

    fn value(&self, methods: &[&String], values: String) -> Value {
        Value { methods: naming(methods, &self.methods), values }
    }

    /// The one value of a key that all cells share.
    fn shared(&self, key: &str) -> Option<String> {
        let values = |m: &String| self.values.get(&(key.to_owned(), m.clone()));
        let first = values(self.methods.first()?)?;
        let same = self.methods.iter().all(|m| values(m) == Some(first));
        (same && first.len() == 1).then(|| first[0].clone())
    }
}

/// Methods by what they have in common, in the order in which it first occurs.
fn grouped<'a, T: PartialEq>(
    found: impl Iterator<Item = (&'a String, T)>,
) -> Vec<(Vec<&'a String>, T)> {
    let mut groups: Vec<(Vec<&String>, T)> = Vec::new();
    for (method, what) in found {
        match groups.iter_mut().find(|(_, own)| *own == what) {
            Some((methods, _)) => methods.push(method),
            None => groups.push((vec![method], what)),
        }
    }
    groups
}

/// The names of some methods among all.
fn naming(methods: &[&String], all: &[String]) -> String {
    match methods.len() == all.len() && all.len() > 1 {
        true => "all methods".to_owned(),
        false => methods.iter().map(|m| m.as_str()).collect::<Vec<_>>().join(", "),
    }
}

impl Settings {
    /// The settings of a scenario.
    pub(super) fn of(scenario: &Scenario) -> Settings {
        let table = Table::of(scenario);
        let value = |key: &String| Some((key.clone(), table.shared(key)?));
        let shared: Vec<(String, String)> = table.keys.iter().filter_map(value).collect();
        let rest = table.keys.iter().filter(|key| table.shared(key).is_none());
        let varying = rest.map(|key| Varying { key: key.clone(), values: table.groups(key) });
        let varying = varying.collect();
        let differs = preset(scenario).map(|preset| differences(&preset, scenario));
        Settings { shared, varying, differs }
    }
}

/// The shipped scenario of the same id or figure, as it is shipped.
fn preset(scenario: &Scenario) -> Option<Scenario> {
    let shipped = |name: &str| {
        let file = find(name).ok()?;
        Scenario::parse(file.path, file.text, None, &[], None).ok()
    };
    shipped(&scenario.id).or_else(|| shipped(scenario.figure.as_deref()?))
}

/// Every key whose values are not as shipped, and the seeds.
fn differences(preset: &Scenario, here: &Scenario) -> Vec<Difference> {
    let (old, new) = (Table::of(preset), Table::of(here));
    let mut found = Vec::new();
    if preset.seeds != here.seeds {
        let words = |s: &Scenario| format!("{}..{}", s.seeds.range().start, s.seeds.range().end);
        let (shipped, here) = (words(preset), words(here));
        found.push(Difference {
            key: "seeds".to_owned(),
            methods: "all methods".to_owned(),
            shipped,
            here,
        });
    }
    let methods: Vec<String> = union(&old.methods, &new.methods);
    for key in union(&old.keys, &new.keys) {
        let of = |table: &Table, m: &String| table.words(&key, m).unwrap_or(NONE.to_owned());
        let pairs = methods.iter().map(|m| (m, (of(&old, m), of(&new, m))));
        let unlike = pairs.filter(|(_, (shipped, here))| shipped != here);
        for (own, (shipped, here)) in grouped(unlike) {
            let methods = naming(&own, &methods);
            found.push(Difference { key: key.clone(), methods, shipped, here });
        }
    }
    found
}

/// The entries of two lists, each once.
fn union(first: &[String], second: &[String]) -> Vec<String> {
    let new = second.iter().filter(|item| !first.contains(item));
    first.iter().chain(new).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped(set: &[&str]) -> Scenario {
        let file = find("bandit-batch-size").expect("shipped");
        let set: Vec<String> = set.iter().map(|&text| text.to_owned()).collect();
        Scenario::parse(file.path, file.text, None, &set, None).expect("valid")
    }

    #[test]
    fn what_is_as_shipped_differs_in_nothing() {
        assert_eq!(Settings::of(&shipped(&[])).differs, Some(Vec::new()));
    }

    #[test]
    fn a_key_that_is_set_differs_with_both_its_values() {
        let settings = Settings::of(&shipped(&["schedule.passes=2", "seeds.count=7"]));
        let differs = settings.differs.expect("a preset");
        let words: Vec<_> = differs.iter().map(|d| [&*d.key, &d.shipped, &d.here]).collect();
        assert_eq!(words, [["seeds", "0..100", "0..7"], ["schedule.passes", "1", "2"]]);
        assert!(settings.shared.contains(&("schedule.passes".to_owned(), "2".to_owned())));
    }

    #[test]
    fn swept_keys_vary_and_a_scenario_of_ones_own_has_no_preset() {
        let mut scenario = shipped(&[]);
        (scenario.id, scenario.figure) = ("mine".to_owned(), None);
        let settings = Settings::of(&scenario);
        assert_eq!(settings.differs, None);
        let swept = settings.varying.iter().find(|v| v.key == "schedule.samples_per_round");
        let values = &swept.expect("varies").values;
        assert_eq!(values.len(), 1);
        assert_eq!(values[0].values, "100, 400, 1600, 6400");
    }
}
