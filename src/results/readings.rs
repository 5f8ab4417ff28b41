//! One number of every run of a cell.

use super::claims::{ClaimError, common_seeds};
use super::measure::{Measure, Question};
use super::paths::Reach;
use super::read::Run;
use crate::scenario::{Reading, Selector, one_cell};

/// What is read off each finished seed of the one cell that a selector names, seeds ascending.
///
/// *where* `asker` is how messages begin. Errors: as those of a claim.
pub fn readings(
    run: &Run,
    asker: &str,
    (metric, reading): (&str, Reading),
    cell: &Selector,
) -> Result<Vec<Reach>, ClaimError> {
    let question = Question { asker: asker.to_owned(), metric: metric.to_owned(), reading };
    take_all(run, &question, Measure::of(&question)?, cell)
}

/// The same in one of the ways to measure.
pub(super) fn take_all(
    run: &Run,
    question: &Question,
    measure: Measure,
    cell: &Selector,
) -> Result<Vec<Reach>, ClaimError> {
    let cell = one_cell(cell, &run.scenario.cells);
    let cell = cell.map_err(|fault| question.of_no_cell(fault))?;
    let seeds = common_seeds(run, question, &[cell])?;
    seeds.into_iter().map(|seed| measure.take(run, question, cell, seed)).collect()
}
