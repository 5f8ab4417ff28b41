//! What the claims, published numbers, panels and lessons of a scenario may speak of.

use super::check::{Fault, need, unknown_metric};
use super::document::Part;
use super::experiment::Cell;
use super::metrics::is_known;
use super::selector::{Selector, selects, written};
use super::sides::{NotOneCell, one_cell};
use crate::wording::{did_you_mean, listed};
use std::collections::BTreeSet;

/// What claims, published numbers, panels and lessons may speak of.
#[derive(Debug)]
pub(super) struct Vocabulary<'a> {
    /// The cells.
    pub cells: &'a [Cell],
    /// The methods.
    pub methods: Vec<String>,
    /// The swept keys with every value that a cell has.
    pub settings: Vec<(String, BTreeSet<String>)>,
    /// The names of the factors.
    pub factors: Vec<String>,
    /// The claims by id, with the keys that each is counted across.
    pub claims: Vec<(String, Vec<String>)>,
}

impl<'a> Vocabulary<'a> {
    /// What the cells of some methods and swept keys may be asked.
    pub(super) fn of(
        cells: &'a [Cell],
        methods: &[String],
        swept: &[(String, Vec<String>)],
    ) -> Self {
        let values = |key: &String| {
            cells.iter().filter_map(|cell| cell.settings.get(key).cloned()).collect()
        };
        Vocabulary {
            cells,
            methods: methods.to_vec(),
            settings: swept.iter().map(|(key, _)| (key.clone(), values(key))).collect(),
            factors: Vec::new(),
            claims: Vec::new(),
        }
    }

    /// The swept keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(|(key, _)| key.as_str())
    }

    /// A metric exists, and some cell writes it.
    pub(super) fn metric(&self, key: &str, metric: &str) -> Result<(), Fault> {
        need(is_known(metric), || unknown_metric(key, metric, &[]))?;
        need(self.cells.iter().any(|cell| cell.measures(metric)), || {
            let written = self.cells.iter().flat_map(|cell| &cell.experiment.measure.metrics);
            let written: BTreeSet<&str> = written.map(String::as_str).collect();
            Fault::new(key, format!("no cell measures `{metric}`"))
                .note("measured", listed(written))
                .note("help", "add it to `measure.metrics`")
        })
    }

    /// A step is one at which some cell is measured.
    pub(super) fn moment(&self, key: String, at_step: Option<u64>) -> Result<(), Fault> {
        let Some(step) = at_step else { return Ok(()) };
        let measured = self.cells.iter().any(|cell| cell.moments().contain(step));
        need(measured, || unmeasured(key, "no cell is", step, self.cells))
    }

    /// Cells that are compared write the metric, at the step asked for.
    pub(super) fn measured_by(
        &self,
        at: &str,
        cells: &[&Cell],
        (metric, at_step): (&str, Option<u64>),
    ) -> Result<(), Fault> {
        for cell in cells {
            need(cell.measures(metric), || {
                let message = format!("{} does not measure `{metric}`", cell.description());
                let measured = &cell.experiment.measure.metrics;
                Fault::new(format!("{at}.metric"), message)
                    .note("measured", listed(measured.iter().map(String::as_str)))
                    .note("help", "add it to its `measure.metrics`")
            })?;
            let Some(step) = at_step else { continue };
            need(cell.moments().contain(step), || {
                let who = format!("{} is not", cell.description());
                unmeasured(format!("{at}.at_step"), &who, step, [*cell])
            })?;
        }
        Ok(())
    }

    /// A selector names methods and settings that there are, and exactly one cell.
    pub(super) fn one_cell(&self, at: &str, selector: &Selector) -> Result<&'a Cell, Fault> {
        self.selector(at, selector)?;
        one_cell(selector, self.cells).map_err(|meant| self.not_one(at, meant))
    }

    /// A selector that names none or several.
    pub(super) fn not_one(&self, at: &str, meant: NotOneCell) -> Fault {
        let help = "`modeseek check` lists the cells of a scenario";
        match meant {
            NotOneCell::None { selector, .. } => {
                let keys = listed(std::iter::once("method").chain(self.keys()));
                Fault::new(at, "a selector names no cell")
                    .note("given", selector)
                    .note("allowed", format!("exactly one cell, pinned by {keys}"))
                    .note("help", help)
            }
            NotOneCell::Several { selector, count, pin, candidates } => {
                Fault::new(at, format!("a selector names {count} cells, and must name one"))
                    .note("given", selector)
                    .note("among", candidates.join("; "))
                    .note(
                        "help",
                        format!("name {} too; {help}", listed(pin.iter().map(String::as_str))),
                    )
            }
        }
    }

    /// A selector of a claim names one cell: no list of values, unless a swept value is that list.
    pub(super) fn single(&self, at: &str, selector: &Selector) -> Result<(), Fault> {
        for (key, value) in selector.iter().filter(|(_, value)| value.is_array()) {
            let values = self.settings.iter().find(|(known, _)| known == key).map(|(_, v)| v);
            let swept = values.is_some_and(|values| values.contains(&written(value)));
            need(swept, || {
                Fault::new(at, "a claim compares single cells")
                    .inside(key, Part::Value)
                    .note("given", format!("a list of values of `{key}`"))
                    .note("help", "name one value; `across` counts a claim over all of a key")
            })?;
        }
        Ok(())
    }

    /// The methods and settings that a selector names exist.
    pub(super) fn selector(&self, at: &str, selector: &Selector) -> Result<(), Fault> {
        for (key, value) in selector {
            let values: Vec<&str> = match self.settings.iter().find(|(known, _)| known == key) {
                Some((_, values)) => values.iter().map(String::as_str).collect(),
                None if key == "method" => self.methods.iter().map(String::as_str).collect(),
                None => return Err(self.unknown(at, key, Some("method")).inside(key, Part::Key)),
            };
            let each = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let each = if values.iter().any(|text| written(value) == *text) { &[] } else { each };
            for one in each {
                need(values.iter().any(|text| selects(one, text)), || {
                    let fault = Fault::new(at, format!("`{key}` is never {one}"));
                    suggest(fault.inside(key, Part::Value), &written(one), &values)
                })?;
            }
        }
        Ok(())
    }

    /// A key that is not swept.
    pub(super) fn unknown(&self, at: &str, key: &str, other: Option<&str>) -> Fault {
        let known: Vec<&str> = other.into_iter().chain(self.keys()).collect();
        suggest(Fault::new(at, format!("`{key}` is not swept")), key, &known)
    }

    /// A claim of this id exists; the keys that it is counted across.
    pub(super) fn claim_of(&self, at: &str, id: &str) -> Result<&[String], Fault> {
        let found = self.claims.iter().find(|(claim, _)| claim == id);
        found.map(|(_, across)| across.as_slice()).ok_or_else(|| {
            let ids: Vec<&str> = self.claims.iter().map(|(id, _)| id.as_str()).collect();
            suggest(Fault::new(at, format!("no claim has the id \"{id}\"")), id, &ids)
        })
    }

    /// Names of methods exist.
    pub(super) fn methods(&self, at: &str, names: &[String]) -> Result<(), Fault> {
        called("method", at, names, &self.methods)
    }
}

/// Names are among those there are.
pub(super) fn called(
    what: &str,
    at: &str,
    names: &[String],
    there: &[String],
) -> Result<(), Fault> {
    for (index, name) in names.iter().enumerate() {
        need(there.contains(name), || {
            let known: Vec<&str> = there.iter().map(String::as_str).collect();
            let fault = format!("no {what} is called \"{name}\"");
            suggest(Fault::new(format!("{at}.{index}"), fault), name, &known)
        })?;
    }
    Ok(())
}

/// Lists what there is.
pub(super) fn suggest(fault: Fault, given: &str, known: &[&str]) -> Fault {
    let fault = fault.note("allowed", listed(known.iter().copied()));
    match did_you_mean(given, known.iter().copied()) {
        Some(close) => fault.note("did you mean", format!("`{close}`?")),
        None => fault,
    }
}

/// A step at which none of some cells is measured; `who` is as in "no cell is".
fn unmeasured<'c>(
    key: String,
    who: &str,
    step: u64,
    cells: impl IntoIterator<Item = &'c Cell>,
) -> Fault {
    let steps = cells.into_iter().flat_map(|cell| cell.moments().into_steps());
    let steps: BTreeSet<u64> = steps.collect();
    let around = [steps.range(..step).next_back(), steps.range(step..).next()];
    let around: Vec<String> = around.into_iter().flatten().map(u64::to_string).collect();
    Fault::new(key, format!("{who} measured at step {step}"))
        .note("nearest", around.join(" and "))
        .note("help", "take one of these, or change `measure.every` or `measure.points`")
}
