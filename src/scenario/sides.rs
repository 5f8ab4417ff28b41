//! From the selectors of a claim to cells.

use super::claim::ClaimSpec;
use super::experiment::Cell;
use super::selector::{Absent, Selector, admits};
use std::collections::{BTreeMap, BTreeSet};

/// What one side of a pair must be, and what it must be where its method has the key at all.
#[derive(Debug, Clone)]
struct Side {
    own: Selector,
    shared: Selector,
}

/// Better and worse, twice for a difference of differences; better alone beside a number.
#[derive(Debug, Clone)]
pub struct Sides(Vec<Side>);

/// A side that means no cell, or several.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotOneCell {
    /// It means nothing.
    #[error("no cell matches {selector}; methods: {}; swept keys: {}", methods.join(", "), keys.join(", "))]
    None {
        /// The selector with what `where` adds.
        selector: String,
        /// The methods there are.
        methods: Vec<String>,
        /// The swept keys with their values.
        keys: Vec<String>,
    },
    /// It means more than one.
    #[error(
        "{selector} matches {count} cells; pin {}; candidates:\n  {}",
        pin.join(", "), candidates.join("\n  ")
    )]
    Several {
        /// The selector with what `where` adds.
        selector: String,
        /// How many cells match.
        count: usize,
        /// The keys in which they differ.
        pin: Vec<String>,
        /// Some of them.
        candidates: Vec<String>,
    },
}

impl Sides {
    /// The sides of a claim; one where it compares with a number. A second pair takes from the first what it does
    /// not say itself.
    pub fn of(claim: &ClaimSpec) -> Self {
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
    pub fn differ_in(&self, key: &str) -> bool {
        let mut given = self.0.iter().map(|s| s.own.get(key).or_else(|| s.shared.get(key)));
        let first = given.next().flatten();
        given.any(|value| value.is_some() && first.is_some() && value != first)
    }

    /// The same sides at another value of a swept key.
    pub fn at(&self, key: &str, value: &str) -> Self {
        let mut sides = self.clone();
        for side in &mut sides.0 {
            side.own.remove(key);
            side.shared.insert(key.to_owned(), toml::Value::String(value.to_owned()));
        }
        sides
    }

    /// The one cell of each side.
    pub fn cells<'a>(&self, cells: &'a [Cell]) -> Result<Vec<&'a Cell>, NotOneCell> {
        self.0.iter().map(|side| side.cell(cells)).collect()
    }
}

/// The one cell of a selector.
pub fn one_cell<'a>(selector: &Selector, cells: &'a [Cell]) -> Result<&'a Cell, NotOneCell> {
    Side { own: selector.clone(), shared: Selector::new() }.cell(cells)
}

impl Side {
    fn cell<'a>(&self, cells: &'a [Cell]) -> Result<&'a Cell, NotOneCell> {
        let mut shared = self.shared.clone();
        shared.retain(|key, _| !self.own.contains_key(key));
        let admitted = |cell: &&Cell| {
            admits(&self.own, &cell.method, &cell.settings, Absent::Refuses)
                && admits(&shared, &cell.method, &cell.settings, Absent::Passes)
        };
        let found: Vec<&Cell> = cells.iter().filter(admitted).collect();
        match found[..] {
            [cell] => Ok(cell),
            [] => Err(NotOneCell::None {
                selector: self.to_string(),
                methods: distinct(cells.iter().map(|cell| cell.method.clone())),
                keys: swept(cells),
            }),
            _ => Err(NotOneCell::Several {
                selector: self.to_string(),
                count: found.len(),
                pin: free_keys(&found),
                candidates: found.iter().take(6).map(|cell| cell.description()).collect(),
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

/// Each text once, in order of appearance.
fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = Vec::new();
    for text in texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

/// The swept keys of cells with the values that they have.
fn swept(cells: &[Cell]) -> Vec<String> {
    let keys: BTreeSet<&String> = cells.iter().flat_map(|cell| cell.settings.keys()).collect();
    let values =
        |key: &String| distinct(cells.iter().filter_map(|cell| cell.settings.get(key).cloned()));
    keys.into_iter().map(|key| format!("{key} = {:?}", values(key))).collect()
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
    let keys: BTreeSet<&str> = keys.chain(["method"]).collect();
    let differs = |key: &&str| cells.iter().any(|cell| given(cell, key) != given(cells[0], key));
    keys.into_iter().filter(differs).map(str::to_owned).collect()
}
