//! Every cell of a run in numbers: where it ends, how high it runs, how soon it gets there, and how
//! likely a run of one method ends above one of another.

use super::paths::{Reach, area, first_arrival, first_crossing};
use super::read::Run;
use super::statistics::{Bootstrap, Estimate, probability_of_improvement};
use crate::scenario::{Cell, Statistic};
use crate::stream::Streams;
use std::collections::BTreeMap;

/// The share of the way from the start to the best end that the threshold lies at, if none is given.
const WAY: f64 = 0.9;
/// Most pairs of methods that are compared.
pub const MOST_PAIRS: usize = 40;

/// When the runs of a cell first reach the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival {
    /// The median over seeds, where a run that never does counts as infinite.
    pub median: f64,
    /// How far the runs were followed.
    pub last: f64,
}

/// What the runs of one cell say of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct CellSummary {
    /// The method.
    pub method: String,
    /// The value of each swept key that the method has.
    pub settings: BTreeMap<String, String>,
    /// How many seeds have the metric at the last step.
    pub n: usize,
    /// The mean of the last values with its interval.
    pub mean: Estimate,
    /// Their median.
    pub median: f64,
    /// Their interquartile mean with its interval.
    pub iqm: Estimate,
    /// The mean over seeds of the mean over the run, with its interval.
    pub area: Estimate,
    /// The threshold of the cell's group; none where no method of it gets above its start.
    pub threshold: Option<f64>,
    /// Steps to the threshold.
    pub steps: Option<Arrival>,
    /// Queries to the threshold.
    pub queries: Option<Arrival>,
    /// How many runs never reach the threshold.
    pub censored: usize,
}

/// How likely a run of one method ends above a run of another at the same settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Improvement {
    /// The one method.
    pub method: String,
    /// The other.
    pub over: String,
    /// The settings of both.
    pub settings: BTreeMap<String, String>,
    /// How many seeds both have.
    pub n: usize,
    /// The probability with its interval; ties count half.
    pub probability: Estimate,
}

/// A metric of a scenario, cell by cell and pair by pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The metric.
    pub metric: String,
    /// The threshold that was given; none: each group of equal settings has its own.
    pub given: Option<f64>,
    /// The keys whose values make a group: those that all methods have.
    pub grouped_by: Vec<String>,
    /// The cells, in the scenario's order.
    pub cells: Vec<CellSummary>,
    /// Pairs of methods with the same swept keys at the same values, at most [`MOST_PAIRS`].
    pub pairs: Vec<Improvement>,
    /// How many such pairs are left out.
    pub left_out: usize,
}

/// The runs of one cell, seed by seed.
struct Runs<'a> {
    cell: &'a Cell,
    /// Seeds with a last value, and that value.
    finals: BTreeMap<u64, f64>,
    /// The values at step 0, where it was measured and more came after.
    starts: Vec<f64>,
    /// Steps, queries and values of each seed.
    paths: Vec<[Vec<f64>; 3]>,
}

impl<'a> Runs<'a> {
    fn of(run: &Run, cell: &'a Cell, metric: &str) -> Runs<'a> {
        let mut runs =
            Runs { cell, finals: BTreeMap::new(), starts: Vec::new(), paths: Vec::new() };
        let Some(series) = run.series(&cell.name, metric) else { return runs };
        for (&seed, values) in series.seeds.iter().zip(series.values.rows()) {
            let (Some(&last), points) = (values.last(), series.points_of_seed(seed)) else {
                continue;
            };
            if !last.is_finite() {
                continue;
            }
            if points.len() > 1 && points[0].step == 0 {
                runs.starts.push(values[0]);
            }
            runs.finals.insert(seed, last);
            let known = points.iter().zip(values).filter(|(_, value)| !value.is_nan());
            let known: Vec<_> = known.collect();
            runs.paths.push([
                known.iter().map(|(point, _)| point.step as f64).collect(),
                known.iter().map(|(point, _)| point.queries as f64).collect(),
                known.iter().map(|(_, value)| **value).collect(),
            ]);
        }
        runs
    }

    fn finals(&self) -> Vec<f64> {
        self.finals.values().copied().collect()
    }

    /// The values of the keys that make a group.
    fn group(&self, keys: &[String]) -> Vec<Option<&String>> {
        keys.iter().map(|key| self.cell.settings.get(key)).collect()
    }

    fn summary(&self, threshold: Option<f64>) -> CellSummary {
        let finals = self.finals();
        let bootstrap = Bootstrap::new(finals.len(), Streams::new(0));
        let areas: Vec<f64> = self.paths.iter().map(|[steps, _, y]| area(steps, y)).collect();
        let reach = |x: usize| {
            let level = threshold?;
            Some(
                self.paths
                    .iter()
                    .map(|p| first_arrival(&p[x], &p[2], level, first_crossing))
                    .collect::<Vec<_>>(),
            )
        };
        let (steps, queries) = (reach(0), reach(1));
        let never = |reached: &Vec<Reach>| reached.iter().filter(|r| r.censored).count();
        CellSummary {
            method: self.cell.method.clone(),
            settings: self.cell.settings.clone(),
            n: finals.len(),
            mean: bootstrap.estimate(&finals, Statistic::Mean),
            median: Statistic::Median.of(&finals),
            iqm: bootstrap.estimate(&finals, Statistic::Iqm),
            area: bootstrap.estimate(&areas, Statistic::Mean),
            threshold,
            censored: steps.as_ref().map_or(0, never),
            steps: steps.map(|reached| self.arrival(0, &reached)),
            queries: queries.map(|reached| self.arrival(1, &reached)),
        }
    }

    fn arrival(&self, x: usize, reached: &[Reach]) -> Arrival {
        let at = |r: &Reach| if r.censored { f64::INFINITY } else { r.at };
        let ends = self.paths.iter().filter_map(|path| path[x].last().copied());
        Arrival {
            median: Statistic::Median.of(&reached.iter().map(at).collect::<Vec<_>>()),
            last: ends.fold(0.0, f64::max),
        }
    }
}

/// Summarises a metric of every cell, with steps and queries to a threshold: the one given, else,
/// for each group of equal settings, 90 % of the way from the mean start to the best mean end.
///
/// *where* settings are equal if the keys that all methods have are; starts are the values at step 0.
pub fn summarise(run: &Run, metric: &str, threshold: Option<f64>) -> Summary {
    let cells = &run.scenario.cells;
    let keys = run.scenario.sweep.iter().map(|(key, _)| key.clone());
    let grouped_by: Vec<String> =
        keys.filter(|key| cells.iter().all(|cell| cell.settings.contains_key(key))).collect();
    let runs: Vec<Runs<'_>> = cells.iter().map(|cell| Runs::of(run, cell, metric)).collect();
    let level = |own: &Runs<'_>| {
        let group = own.group(&grouped_by);
        let others = runs.iter().filter(|other| other.group(&grouped_by) == group);
        threshold.or_else(|| way(&others.collect::<Vec<_>>()))
    };
    let summaries = runs.iter().map(|own| own.summary(level(own))).collect();
    let (pairs, left_out) = improvements(&runs);
    let metric = metric.to_owned();
    Summary { metric, given: threshold, grouped_by, cells: summaries, pairs, left_out }
}

/// The threshold of a group, if any method ends above the start.
fn way(group: &[&Runs<'_>]) -> Option<f64> {
    let mean = |values: &[f64]| Statistic::Mean.of(values);
    let starts: Vec<f64> = group.iter().flat_map(|runs| runs.starts.iter().copied()).collect();
    let ends = group.iter().filter(|runs| !runs.finals.is_empty()).map(|r| mean(&r.finals()));
    let (start, best) = (mean(&starts), ends.fold(f64::NEG_INFINITY, f64::max));
    (best > start).then_some(start + WAY * (best - start))
}

/// Every two methods at the same settings, and how many pairs are too many.
fn improvements(runs: &[Runs<'_>]) -> (Vec<Improvement>, usize) {
    let pairs = runs.iter().enumerate().flat_map(|(i, own)| {
        let twin = move |other: &&Runs<'_>| {
            other.cell.settings == own.cell.settings && other.cell.method != own.cell.method
        };
        runs[i + 1..].iter().filter(twin).map(move |other| (own, other))
    });
    let pairs: Vec<_> = pairs.filter(|(a, b)| shared(a, b).next().is_some()).collect();
    let compared = pairs.iter().take(MOST_PAIRS).map(|(own, other)| {
        let (ours, theirs): (Vec<f64>, Vec<f64>) = shared(own, other).unzip();
        Improvement {
            method: own.cell.method.clone(),
            over: other.cell.method.clone(),
            settings: own.cell.settings.clone(),
            n: ours.len(),
            probability: probability_of_improvement(&ours, &theirs, Streams::new(0)),
        }
    });
    (compared.collect(), pairs.len().saturating_sub(MOST_PAIRS))
}

/// The last values of the seeds that two cells share.
fn shared<'a>(own: &'a Runs<'_>, other: &'a Runs<'_>) -> impl Iterator<Item = (f64, f64)> + 'a {
    own.finals.iter().filter_map(|(seed, value)| Some((*value, *other.finals.get(seed)?)))
}
