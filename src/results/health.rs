//! What is wrong with finished runs of language models, in plain words.

use super::Run;
use crate::learner::{Ailment, Warning, warnings};
use crate::scenario::Cell;
use std::collections::BTreeMap;

/// A line for each cell and ailment of a language model's scenario: how many runs have it, and what it is.
pub fn health(run: &Run) -> Vec<String> {
    let cells = run.scenario.cells.iter();
    cells
        .filter(|cell| cell.experiment.problem.is_language())
        .flat_map(|cell| lines(run, cell))
        .collect()
}

fn lines(run: &Run, cell: &Cell) -> Vec<String> {
    let seeds = run.seeds(&cell.name);
    let mut found: BTreeMap<Ailment, Vec<Warning>> = BTreeMap::new();
    for seed in &seeds {
        for warning in warnings(|metric| of_seed(run, cell, (metric, *seed))) {
            found.entry(warning.ailment).or_default().push(warning);
        }
    }
    let line = |own: Vec<Warning>| {
        let first = own.iter().min_by_key(|warning| warning.step)?;
        let runs = match (own.len(), seeds.len()) {
            (1, 1) => String::new(),
            (some, all) => format!(" ({some} of {all} runs)"),
        };
        let Warning { step, text, .. } = first;
        Some(format!("{}{runs}, step {step}: {text}", cell.description()))
    };
    found.into_values().filter_map(line).collect()
}

/// The measured steps of one seed with their values.
fn of_seed(run: &Run, cell: &Cell, (metric, seed): (&str, u64)) -> Vec<(u64, f64)> {
    let Some(series) = run.series(&cell.name, metric) else { return Vec::new() };
    let values = series.of_seed(seed).unwrap_or_default();
    let steps = series.points.iter().map(|point| point.step);
    steps.zip(values).filter(|(_, value)| value.is_finite()).collect()
}
