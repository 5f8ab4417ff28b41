//! What a claim takes from each run: one number.

use super::claims::ClaimError;
use super::paths::{Reach, area, first_crossing};
use super::read::Run;
use super::series::Point;
use crate::scenario::{Cell, ClaimSpec};

/// What is taken, and how much of the run is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measure {
    kind: Kind,
    /// Quarters of the run that are looked at; 4 is all of it.
    quarters: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Last,
    Area,
    AtStep(u64),
    StepsTo(f64),
    QueriesTo(f64),
}

impl Measure {
    /// What a claim asks for; the last step if it does not say.
    pub(super) fn of(claim: &ClaimSpec) -> Result<Self, ClaimError> {
        let given = [
            claim.area.then_some(Kind::Area),
            claim.at_step.map(Kind::AtStep),
            claim.steps_to.map(Kind::StepsTo),
            claim.queries_to.map(Kind::QueriesTo),
        ];
        let mut given = given.into_iter().flatten();
        let kind = given.next().unwrap_or(Kind::Last);
        match given.next() {
            Some(_) => Err(ClaimError::SeveralMeasures(claim.id.clone())),
            None => Ok(Measure { kind, quarters: 4 }),
        }
    }

    /// The same of the first quarters of a run; the step asked for moves along.
    pub(super) fn until(self, quarters: u64) -> Self {
        Measure { quarters, ..self }
    }

    pub(super) fn fewer_is_better(self) -> bool {
        matches!(self.kind, Kind::StepsTo(_) | Kind::QueriesTo(_))
    }

    /// The number of one run.
    pub(super) fn take(
        self,
        run: &Run,
        claim: &ClaimSpec,
        cell: &Cell,
        seed: u64,
    ) -> Result<Reach, ClaimError> {
        let found = run.series(&cell.name, &claim.metric);
        let found = found.and_then(|series| Some((series, series.of_seed(seed)?)));
        let (series, values) = found.ok_or_else(|| ClaimError::UnknownMetric {
            claim: claim.id.clone(),
            metric: claim.metric.clone(),
            available: run.metrics().into_iter().collect(),
        })?;
        let shown = self.shown(claim, &series.points)?;
        let reach = self.reduce(&series.points[..shown], &values[..shown]);
        if reach.at.is_finite() {
            return Ok(reach);
        }
        Err(ClaimError::NotFinite {
            claim: claim.id.clone(),
            metric: claim.metric.clone(),
            method: cell.method.clone(),
            seed,
            value: reach.at,
        })
    }

    /// The number of one path, which has at least one point.
    fn reduce(self, points: &[Point], values: &[f64]) -> Reach {
        let x = |of: fn(&Point) -> u64| points.iter().map(|p| of(p) as f64).collect::<Vec<_>>();
        let known = |at: f64| Reach { at, censored: false };
        match self.kind {
            Kind::Last | Kind::AtStep(_) => known(values[values.len() - 1]),
            Kind::Area => known(area(&x(|p| p.step), values)),
            Kind::StepsTo(level) => first_crossing(&x(|p| p.step), values, level),
            Kind::QueriesTo(level) => first_crossing(&x(|p| p.queries), values, level),
        }
    }

    /// How many points are looked at: up to the step asked for, or that share of the run.
    fn shown(self, claim: &ClaimSpec, points: &[Point]) -> Result<usize, ClaimError> {
        let steps: Vec<u64> = points.iter().map(|point| point.step).collect();
        let last = steps.last().copied().unwrap_or(0);
        let end = match self.kind {
            Kind::AtStep(step) => step,
            _ => last,
        };
        if self.quarters == 4 && !steps.contains(&end) {
            let nearest = steps.iter().copied().min_by_key(|step| step.abs_diff(end));
            return Err(ClaimError::NotMeasured {
                claim: claim.id.clone(),
                step: end,
                nearest: nearest.unwrap_or(0),
            });
        }
        Ok(steps.partition_point(|step| step * 4 <= end * self.quarters).max(1))
    }
}
