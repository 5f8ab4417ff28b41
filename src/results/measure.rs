//! What a claim or a published number takes from each run: one number.

use super::claims::ClaimError;
use super::paths::{Reach, area, first_arrival, first_crossing, first_reached};
use super::read::Run;
use super::series::Point;
use crate::scenario::{Cell, ClaimSpec, NotOneCell, PublishedSpec, Reading};

/// Who asks for what.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    /// What messages begin with: `claim 4.1`.
    pub asker: String,
    /// The metric.
    pub metric: String,
    /// How one number is read off a run.
    pub reading: Reading,
}

impl Question {
    /// What a claim asks for.
    pub(super) fn of_claim(claim: &ClaimSpec) -> Self {
        let (metric, reading) = (claim.metric.clone(), claim.reading());
        Question { asker: format!("claim {}", claim.id), metric, reading }
    }

    /// What was published.
    pub(super) fn of_published(spec: &PublishedSpec) -> Self {
        let (metric, reading) = (spec.metric.clone(), spec.reading());
        Question { asker: format!("published {}", spec.id), metric, reading }
    }
}

impl Question {
    /// What is said where a side does not mean one cell.
    pub(super) fn of_no_cell(&self, fault: NotOneCell) -> ClaimError {
        ClaimError::Cell { asker: self.asker.clone(), fault }
    }
}

/// What is taken, and how much of the run is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measure {
    kind: Kind,
    /// Quarters of the run that are looked at; 4 is all of it.
    quarters: u64,
    /// A level counts as reached where it was measured, and not between measured steps.
    where_measured: bool,
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
    /// What is asked for; the last step if it does not say.
    pub(super) fn of(question: &Question) -> Result<Self, ClaimError> {
        let reading = question.reading;
        let given = [
            reading.area.then_some(Kind::Area),
            reading.at_step.map(Kind::AtStep),
            reading.steps_to.map(Kind::StepsTo),
            reading.queries_to.map(Kind::QueriesTo),
        ];
        let mut given = given.into_iter().flatten();
        let kind = given.next().unwrap_or(Kind::Last);
        match given.next() {
            Some(_) => Err(ClaimError::SeveralMeasures(question.asker.clone())),
            None => Ok(Measure { kind, quarters: 4, where_measured: false }),
        }
    }

    /// The same, but a level is reached at a measured step, as others count it.
    pub(super) fn where_measured(self) -> Self {
        Measure { where_measured: true, ..self }
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
        question: &Question,
        cell: &Cell,
        seed: u64,
    ) -> Result<Reach, ClaimError> {
        let found = run.series(&cell.name, &question.metric);
        let found = found.and_then(|series| Some((series, series.of_seed(seed)?)));
        let (series, values) = found.ok_or_else(|| ClaimError::UnknownMetric {
            asker: question.asker.clone(),
            metric: question.metric.clone(),
            available: run.metrics().into_iter().collect(),
        })?;
        let shown = self.shown(question, &series.points)?;
        let reach = self.reduce(&series.points_of_seed(seed)[..shown], &values[..shown]);
        if reach.at.is_finite() {
            return Ok(reach);
        }
        Err(ClaimError::NotFinite {
            asker: question.asker.clone(),
            metric: question.metric.clone(),
            method: cell.method.clone(),
            seed,
            value: reach.at,
        })
    }

    /// The number of one path, which has at least one point.
    fn reduce(self, points: &[Point], values: &[f64]) -> Reach {
        let x = |of: fn(&Point) -> u64| points.iter().map(|p| of(p) as f64).collect::<Vec<_>>();
        let known = |at: f64| Reach { at, censored: false };
        let upwards = if self.where_measured { first_reached } else { first_crossing };
        match self.kind {
            Kind::Last | Kind::AtStep(_) => known(values[values.len() - 1]),
            Kind::Area => known(area(&x(|p| p.step), values)),
            Kind::StepsTo(level) => first_arrival(&x(|p| p.step), values, level, upwards),
            Kind::QueriesTo(level) => first_arrival(&x(|p| p.queries), values, level, upwards),
        }
    }

    /// How many points are looked at: up to the step asked for, or that share of the run.
    fn shown(self, question: &Question, points: &[Point]) -> Result<usize, ClaimError> {
        let steps: Vec<u64> = points.iter().map(|point| point.step).collect();
        let last = steps.last().copied().unwrap_or(0);
        let end = match self.kind {
            Kind::AtStep(step) => step,
            _ => last,
        };
        if self.quarters == 4 && !steps.contains(&end) {
            let nearest = steps.iter().copied().min_by_key(|step| step.abs_diff(end));
            return Err(ClaimError::NotMeasured {
                asker: question.asker.clone(),
                step: end,
                nearest: nearest.unwrap_or(0),
            });
        }
        Ok(steps.partition_point(|step| step * 4 <= end * self.quarters).max(1))
    }
}
