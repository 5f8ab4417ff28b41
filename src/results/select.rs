//! From a claim's selectors to cells.

use super::claims::ClaimError;
use crate::scenario::{Absent, Cell, ClaimSpec, Scenario, Selector, admits};
use std::collections::BTreeMap;

/// What one side of a pair must be, and what it must be where its method has the key at all.
#[derive(Debug, Clone)]
struct Side {
    own: Selector,
    shared: Selector,
}

/// Better and worse, twice for a difference of differences; better alone beside a number.
#[derive(Debug, Clone)]
pub(super) struct Sides(Vec<Side>);

impl Sides {
    /// The sides of a claim; one where it compares with a number. A second pair takes from the first what it does
    /// not say itself.
    pub(super) fn of(claim: &ClaimSpec) -> Self {
        let side =
            |own: &Selector, shared: &Selector| Side { own: own.clone(), shared: shared.clone() };
        let better = side(&claim.better, &claim.where_);
        if claim.bound().is_some() {
            return Sides(vec![better]);
        }
        let mut sides = vec![better, side(&claim.worse, &claim.where_)];
        if claim.has_second_pair() {
            let mut shared = claim.where_.clone();
            shared.extend(claim.minus_where.clone().unwrap_or_default());
            sides.push(side(claim.minus_better.as_ref().unwrap_or(&claim.better), &shared));
            sides.push(side(claim.minus_worse.as_ref().unwrap_or(&claim.worse), &shared));
        }
        Sides(sides)
    }

    /// Whether the sides differ in a key, so that it cannot be set to one value for all.
    pub(super) fn differ_in(&self, key: &str) -> bool {
        let mut given = self.0.iter().map(|s| s.own.get(key).or_else(|| s.shared.get(key)));
        let first = given.next().flatten();
        given.any(|value| value.is_some() && first.is_some() && value != first)
    }

    /// The same sides at another value of a swept key.
    pub(super) fn at(&self, key: &str, value: &str) -> Self {
        let mut sides = self.clone();
        for side in &mut sides.0 {
            side.own.remove(key);
            side.shared.insert(key.to_owned(), toml::Value::String(value.to_owned()));
        }
        sides
    }

    /// The one cell of each side.
    pub(super) fn cells<'a>(
        &self,
        asker: &str,
        scenario: &'a Scenario,
    ) -> Result<Vec<&'a Cell>, ClaimError> {
        self.0.iter().map(|side| side.cell(asker, scenario)).collect()
    }
}

/// The one cell of a selector.
pub(super) fn one_cell<'a>(
    asker: &str,
    selector: &Selector,
    scenario: &'a Scenario,
) -> Result<&'a Cell, ClaimError> {
    Side { own: selector.clone(), shared: Selector::new() }.cell(asker, scenario)
}

impl Side {
    fn cell<'a>(&self, asker: &str, scenario: &'a Scenario) -> Result<&'a Cell, ClaimError> {
        let mut shared = self.shared.clone();
        shared.retain(|key, _| !self.own.contains_key(key));
        let admitted = |cell: &&Cell| {
            admits(&self.own, &cell.method, &cell.settings, Absent::Refuses)
                && admits(&shared, &cell.method, &cell.settings, Absent::Passes)
        };
        let found: Vec<&Cell> = scenario.cells.iter().filter(admitted).collect();
        match found[..] {
            [cell] => Ok(cell),
            [] => Err(ClaimError::NoCell {
                asker: asker.to_owned(),
                selector: self.to_string(),
                methods: scenario.methods.join(", "),
                keys: scenario.sweep.iter().map(|(k, v)| format!("{k} = {v:?}")).collect(),
            }),
            _ => Err(ClaimError::Ambiguous {
                asker: asker.to_owned(),
                selector: self.to_string(),
                count: found.len(),
                pin: free_keys(&found).join(", "),
                candidates: found.iter().take(6).map(|cell| describe(cell)).collect(),
            }),
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut all: BTreeMap<_, _> = self.shared.iter().collect();
        all.extend(self.own.iter());
        let parts: Vec<String> = all.into_iter().map(|(k, v)| format!("{k} = {v}")).collect();
        write!(f, "{{ {} }}", parts.join(", "))
    }
}

/// What a cell has for `method` or a swept key.
fn given<'a>(cell: &'a Cell, key: &str) -> Option<&'a str> {
    if key == "method" {
        return Some(&cell.method);
    }
    cell.settings.get(key).map(String::as_str)
}

/// The keys in which some cells differ.
fn free_keys(cells: &[&Cell]) -> Vec<String> {
    let keys = cells.iter().flat_map(|cell| cell.settings.keys().map(String::as_str));
    let keys: std::collections::BTreeSet<&str> = keys.chain(["method"]).collect();
    let differs = |key: &&str| cells.iter().any(|cell| given(cell, key) != given(cells[0], key));
    keys.into_iter().filter(differs).map(str::to_owned).collect()
}

fn describe(cell: &Cell) -> String {
    let settings: Vec<String> = cell.settings.iter().map(|(k, v)| format!("{k} = {v}")).collect();
    format!("{} [{}]", cell.method, settings.join(", "))
}
