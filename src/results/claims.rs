//! What the data say of a claim.

use super::error::MissingRuns;
use super::few::{narrowed, tail};
use super::measure::{Measure, Question};
use super::multiverse::share_of_settings;
use super::read::Run;
use super::statistics::{Bootstrap, Estimate, holm};
use crate::learner::Expectation;
use crate::policy::PolicySpec;
use crate::preference::{Selection, TieRule};
use crate::scenario::{Cell, ClaimSpec, NotOneCell, Sides, Statistic, Verdict};
use crate::stream::Streams;

/// With fewer seeds a finding is a description without a verdict.
pub const MIN_SEEDS: usize = 5;

/// Resamples behind a finding's interval and p-value; more than behind a band, because Holm's
/// adjustment multiplies p-values by the number of findings.
const RESAMPLES: usize = 20_000;

/// A claim, or a published number, that the data cannot answer as it is written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClaimError {
    /// A side does not mean one cell.
    #[error("{asker}: {fault}")]
    Cell {
        /// Who asks: `claim 4.1`, `published ipo-R2`.
        asker: String,
        /// What it means.
        fault: NotOneCell,
    },
    /// More than one of `area`, `at_step`, `steps_to` and `queries_to`.
    #[error("{0}: give at most one of area, at_step, steps_to and queries_to")]
    SeveralMeasures(String),
    /// A key of `across` that cannot be varied.
    #[error("{asker}: across names {key}, {problem}")]
    Across {
        /// Who asks: `claim 4.1`, `published ipo-R2`.
        asker: String,
        /// The key.
        key: String,
        /// Why not.
        problem: String,
    },
    /// The metric was not measured.
    #[error("{asker}: {metric} was not measured; metrics of this run: {}", available.join(", "))]
    UnknownMetric {
        /// Who asks: `claim 4.1`, `published ipo-R2`.
        asker: String,
        /// The metric.
        metric: String,
        /// What was measured.
        available: Vec<String>,
    },
    /// Nothing was measured at the step asked for.
    #[error("{asker}: nothing was measured at step {step}; the nearest measured step is {nearest}")]
    NotMeasured {
        /// Who asks: `claim 4.1`, `published ipo-R2`.
        asker: String,
        /// The step asked for.
        step: u64,
        /// The nearest measured step.
        nearest: u64,
    },
    /// A value is not a finite number.
    #[error(
        "{asker}: {metric} of {method} is {value} with seed {seed}; an effect needs finite values"
    )]
    NotFinite {
        /// Who asks: `claim 4.1`, `published ipo-R2`.
        asker: String,
        /// The metric.
        metric: String,
        /// The method.
        method: String,
        /// The seed.
        seed: u64,
        /// The value.
        value: f64,
    },
    /// The runs are not there.
    #[error("{asker}: {missing}")]
    Missing {
        /// Who asks: `claim 4.1`, `published ipo-R2`.
        asker: String,
        /// What is missing.
        missing: MissingRuns,
    },
}

/// What the data say of one claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The claim's id.
    pub id: String,
    /// The claim's sentence.
    pub says: String,
    /// The figure it belongs to.
    pub figure: Option<String>,
    /// The metric.
    pub metric: String,
    /// The mean over seeds of the paired difference, positive where the claim points.
    pub effect: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// Differences up to this size do not matter.
    pub margin: f64,
    /// None with fewer than [`MIN_SEEDS`] seeds, unless nothing is random.
    pub verdict: Option<Verdict>,
    /// The verdict that is committed in the scenario.
    pub expected: Verdict,
    /// In how many of the settings of `across` (the claim's own among them) the claim holds, of
    /// how many; a setting without results does not hold.
    pub share_of_settings: Option<(usize, usize)>,
    /// The p-value of the verdict, two-sided, from the bootstrap distribution.
    pub p: Option<f64>,
    /// The verdict after [`adjust`]; until then the verdict.
    pub holm_verdict: Option<Verdict>,
    /// How many seeds all cells of the claim share.
    pub n: usize,
    /// Nothing is random in any cell of the claim, so that one seed says all.
    pub exact: bool,
    /// Of `steps_to` and `queries_to`: how many runs never reached the level. Their length is taken instead, and
    /// a verdict that the true one could overturn is `inconclusive`.
    pub censored: usize,
    /// What the scenario says about a verdict that is not `holds`.
    pub why: Option<String>,
}

/// Judges one claim by the results of its scenario.
///
/// The effect is the mean over seeds of better − worse (worse − better for `steps_to` and
/// `queries_to`, where fewer is better), minus the same of a second pair if there is one; or better − a number,
/// or a number − better.
pub fn judge(run: &Run, claim: &ClaimSpec) -> Result<Finding, ClaimError> {
    let sides = Sides::of(claim);
    let measure = Measure::of(&Question::of_claim(claim))?;
    let effects = effects(run, claim, &sides, measure)?;
    let n = effects.values.len();
    let bootstrap = Bootstrap::with_resamples(n, RESAMPLES, Streams::new(0));
    let resamples = bootstrap.distribution(&effects.values, Statistic::Mean);
    let estimate = bootstrap.interval(Statistic::Mean.of(&effects.values), resamples.clone());
    let verdict = verdict_on(&effects, &estimate, claim.margin);
    let share = share_of_settings(run, claim)?;
    Ok(Finding {
        id: claim.id.clone(),
        says: claim.says.clone(),
        figure: run.scenario.figure.clone(),
        metric: claim.metric.clone(),
        effect: estimate.mean,
        low: estimate.low,
        high: estimate.high,
        margin: claim.margin,
        verdict,
        expected: claim.expected,
        share_of_settings: share.filter(|_| verdict.is_some()),
        p: verdict.map(|verdict| p_value(verdict, (&effects.values, &resamples), claim.margin)),
        holm_verdict: verdict,
        n,
        exact: effects.exact,
        censored: effects.censored(),
        why: claim.why.clone(),
    })
}

/// Adjusts findings for being read together: a verdict whose Holm-adjusted p-value exceeds 0.05
/// becomes `inconclusive` in `holm_verdict`. Findings without a verdict do not count.
pub fn adjust(findings: &mut [Finding]) {
    let mut judged: Vec<&mut Finding> = findings.iter_mut().filter(|f| f.p.is_some()).collect();
    let p: Vec<f64> = judged.iter().filter_map(|f| f.p).collect();
    for (finding, adjusted) in judged.iter_mut().zip(holm(&p)) {
        let stays = adjusted <= 0.05;
        finding.holm_verdict =
            finding.verdict.map(|v| if stays { v } else { Verdict::Inconclusive });
    }
}

/// The verdict on some effects with their estimate, if there are seeds enough.
pub(super) fn verdict_on(effects: &Effects, estimate: &Estimate, margin: f64) -> Option<Verdict> {
    effects.suffice().then(|| match verdict_of(estimate, margin) {
        // Runs that never got there are as long as each other whatever they do.
        Verdict::NoDifference if effects.censored() > 0 => Verdict::Inconclusive,
        Verdict::Holds if effects.overstated > 0 => Verdict::Inconclusive,
        Verdict::Reversed if effects.understated > 0 => Verdict::Inconclusive,
        verdict => verdict,
    })
}

fn verdict_of(effect: &Estimate, margin: f64) -> Verdict {
    if effect.low > margin {
        Verdict::Holds
    } else if effect.high < -margin {
        Verdict::Reversed
    } else if effect.low >= -margin && effect.high <= margin {
        Verdict::NoDifference
    } else {
        Verdict::Inconclusive
    }
}

/// Twice the probability of what speaks against a verdict; 1 for `inconclusive`.
fn p_value(verdict: Verdict, (values, resamples): (&[f64], &[f64]), margin: f64) -> f64 {
    let beyond = |limit: f64, upper: bool| (2.0 * chance(values, resamples, limit, upper)).min(1.0);
    match verdict {
        Verdict::Holds => beyond(margin, false),
        Verdict::Reversed => beyond(-margin, true),
        Verdict::NoDifference => beyond(margin, true).max(beyond(-margin, false)),
        Verdict::Inconclusive => 1.0,
    }
}

/// The probability that an effect lies at a limit or beyond it, on its upper or lower side: the share of resamples
/// there, less sure of few values; where there is none, Student's.
fn chance(values: &[f64], resamples: &[f64], limit: f64, upper: bool) -> f64 {
    let there = |r: &&f64| if upper { **r >= limit } else { **r <= limit };
    let count = resamples.iter().filter(there).count();
    let share = (1 + count) as f64 / (1 + resamples.len()) as f64;
    let share = narrowed(share.min(0.5), values.len());
    let distance = (Statistic::Mean.of(values) - limit).abs();
    let tail = tail(values, distance).filter(|_| count == 0);
    tail.map_or(share, |tail| tail.min(share))
}

/// The effect of each seed, and how many runs never reached the level asked for. Such a run counts with its length,
/// which is too short.
pub(super) struct Effects {
    pub(super) values: Vec<f64>,
    /// Of them, those whose true length would make an effect smaller.
    overstated: usize,
    /// Those whose true length would make it larger.
    understated: usize,
    /// Whether nothing is random in any of the cells.
    exact: bool,
}

impl Effects {
    /// Whether a verdict can be given: there are seeds enough, or one says all.
    fn suffice(&self) -> bool {
        self.exact || self.values.len() >= MIN_SEEDS
    }

    fn censored(&self) -> usize {
        self.overstated + self.understated
    }
}

/// The effect of each seed that all cells of the sides have.
pub(super) fn effects(
    run: &Run,
    claim: &ClaimSpec,
    sides: &Sides,
    measure: Measure,
) -> Result<Effects, ClaimError> {
    let question = Question::of_claim(claim);
    let cells = sides.cells(&run.scenario.cells);
    let cells = cells.map_err(|fault| question.of_no_cell(fault))?;
    let seeds = common_seeds(run, &question, &cells)?;
    let exact = cells.iter().all(|cell| is_deterministic(cell, &claim.metric));
    let values = vec![0.0; seeds.len()];
    let mut effects = Effects { values, overstated: 0, understated: 0, exact };
    let signs = match claim.bound() {
        Some((sign, _)) => [sign, 0.0],
        None if measure.fewer_is_better() => [-1.0, 1.0],
        None => [1.0, -1.0],
    };
    for (side, cell) in cells.into_iter().enumerate() {
        let sign = if side < 2 { signs[side] } else { -signs[side - 2] };
        for (effect, &seed) in effects.values.iter_mut().zip(&seeds) {
            let reach = measure.take(run, &question, cell, seed)?;
            *effect += sign * reach.at;
            let bound = if sign > 0.0 { &mut effects.understated } else { &mut effects.overstated };
            *bound += usize::from(reach.censored);
        }
    }
    if let Some((sign, level)) = claim.bound() {
        effects.values.iter_mut().for_each(|effect| *effect -= sign * level);
    }
    Ok(effects)
}

/// Whether a metric of a cell has no random number: expectations are exact, the policy starts at a
/// table, no pair is drawn, and the metric does not stand on the drawn evaluation pairs.
fn is_deterministic(cell: &Cell, metric: &str) -> bool {
    let experiment = &cell.experiment;
    let pairs = &experiment.pairs;
    let drawn = ["logps/", "log_ratio/", "margin"].iter().any(|drawn| metric.starts_with(drawn));
    experiment.schedule.expectation != Expectation::Sampled
        && !matches!(experiment.policy, PolicySpec::Mlp(_))
        && pairs.selection != Selection::Random
        && pairs.ties != TieRule::Coin
        && experiment.data.preferences.is_none()
        && !drawn
}

/// The seeds that all cells have.
pub(super) fn common_seeds(
    run: &Run,
    question: &Question,
    cells: &[&Cell],
) -> Result<Vec<u64>, ClaimError> {
    let missing = |missing| ClaimError::Missing { asker: question.asker.clone(), missing };
    let have: Vec<_> = cells.iter().map(|cell| run.seeds(&cell.name)).collect();
    let mut seeds = have.first().cloned().unwrap_or_default();
    seeds.retain(|seed| have.iter().all(|others| others.contains(seed)));
    if seeds.is_empty() {
        return match run.missing_of(cells) {
            Some(runs) => Err(missing(runs)),
            None => Err(ClaimError::UnknownMetric {
                asker: question.asker.clone(),
                metric: question.metric.clone(),
                available: run.metrics().into_iter().collect(),
            }),
        };
    }
    Ok(seeds.into_iter().collect())
}
