//! Which shipped scenarios show a term at work.

use super::entry::Kind;
use crate::scenario::{ShippedScenario, shipped};
use toml::{Table, Value};

/// The texts of the shipped scenarios, as they are written: resolving them all would take longer
/// than all the rest.
pub(super) struct Library {
    files: Vec<(&'static str, Table)>,
}

impl Library {
    /// Reads every shipped scenario; one that is no TOML is a fault that a test finds.
    pub(super) fn read() -> Self {
        let read = |file: &ShippedScenario| Some((file.id(), toml::from_str(file.text).ok()?));
        Library { files: shipped().iter().filter_map(read).collect() }
    }

    /// The id and the keys of each.
    pub(super) fn files(&self) -> &[(&'static str, Table)] {
        &self.files
    }

    /// The scenarios that speak of a metric, have a method of an objective or sweep a key; empty if
    /// there is none.
    pub(super) fn scenarios(&self, kind: Kind, name: &str) -> String {
        match kind {
            Kind::Metric => self.list("shown or judged by", |scenario| speaks(scenario, name)),
            Kind::Objective => self.list("used by", |scenario| {
                let chosen =
                    |table: &Table| table.get("objective").is_some_and(|o| o.get(name).is_some());
                chosen(scenario) || blocks(scenario, "method").any(chosen)
            }),
            Kind::Key => self.list("swept by", |scenario| {
                scenario.get("sweep").is_some_and(|sweep| sweep.get(name).is_some())
            }),
            Kind::Word | Kind::Claim | Kind::Scenario => String::new(),
        }
    }

    fn list(&self, how: &str, wanted: impl Fn(&Table) -> bool) -> String {
        let ids = self.files.iter().filter(|(_, scenario)| wanted(scenario)).map(|(id, _)| *id);
        let ids: Vec<&str> = ids.collect();
        if ids.is_empty() { String::new() } else { format!("{how} {}", ids.join(", ")) }
    }
}

/// Whether a claim or a panel speaks of a metric.
fn speaks(scenario: &Table, metric: &str) -> bool {
    let is = |value: &Value| value.as_str() == Some(metric);
    let among =
        |value: &Value| is(value) || value.as_array().is_some_and(|list| list.iter().any(is));
    let named = |block: &Table, key: &str| block.get(key).is_some_and(among);
    blocks(scenario, "claim").any(|claim| named(claim, "metric"))
        || blocks(scenario, "panel").any(|panel| named(panel, "x") || named(panel, "y"))
}

/// The blocks of a name in double brackets.
pub(super) fn blocks<'a>(scenario: &'a Table, name: &str) -> impl Iterator<Item = &'a Table> {
    let list = scenario.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_table)
}
