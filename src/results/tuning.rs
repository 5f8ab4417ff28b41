//! Which settings a tuning scenario chooses, method by method.
//!
//! A tuning scenario sweeps a learning rate and, for most methods, one knob of strength (β, the
//! target margin, a temperature, N). Every other swept key groups: each of its values is tuned for
//! itself. A choice on the edge of its grid is marked, because the best value may lie beyond.

use super::paths::area;
use super::read::Run;
use super::rows::{number, table};
use crate::scenario::Cell;
use std::collections::BTreeSet;
use std::fmt;

/// The metric that is to be large.
const REWARD: &str = "gold_reward";
/// The metric that a budget limits (nats).
const DISTANCE: &str = "reverse_kl_ref";
/// Settings that score this share of a large reward difference less than the best are as good: the
/// most central is chosen, so that no choice stands at a grid's edge for a difference that does not
/// matter.
const PLATEAU: f64 = 0.01;

/// What makes a setting the best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Criterion {
    /// The highest mean gold reward at the last step.
    Final,
    /// The highest mean gold reward over the run.
    Area,
    /// The highest mean gold reward at the last step among settings whose mean KL(π‖π_ref) there
    /// is at most this many nats.
    FinalWithin(f64),
}

impl Criterion {
    /// The criteria that are reported.
    pub const ALL: [Criterion; 5] = [
        Criterion::Final,
        Criterion::Area,
        Criterion::FinalWithin(1.0),
        Criterion::FinalWithin(2.0),
        Criterion::FinalWithin(4.0),
    ];
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Criterion::Final => write!(f, "final"),
            Criterion::Area => write!(f, "area"),
            Criterion::FinalWithin(nats) => write!(f, "final within {nats} nats"),
        }
    }
}

/// The best setting of one method and group by one criterion.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The criterion.
    pub criterion: Criterion,
    /// The method.
    pub method: String,
    /// The value of each grouping key, in their order; empty where the method lacks it.
    pub group: Vec<String>,
    /// The chosen learning rate; empty if it is not swept.
    pub learning_rate: String,
    /// The swept key of strength, if the method has one.
    pub strength_key: Option<String>,
    /// Its chosen value; empty without such a key.
    pub strength: String,
    /// The value of the criterion, a mean over seeds.
    pub score: f64,
    /// The learning rate or the strength lies on the edge of its grid.
    pub edge: bool,
}

/// Why nothing can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TuningError {
    /// A grouping key is not swept.
    #[error("{key} is not swept, so it cannot group; swept keys: {swept}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The swept keys.
        swept: String,
    },
    /// A method has more than one swept key that could be its strength.
    #[error("{method} sweeps {keys} beside the learning rate; group by all of them but one")]
    SeveralStrengths {
        /// The method.
        method: String,
        /// The keys.
        keys: String,
    },
    /// No setting of a method has results for all seeds.
    #[error(
        "no setting of {method} has results for all seeds; compute them with `modeseek run {id}`"
    )]
    NoResults {
        /// The method.
        method: String,
        /// The scenario.
        id: String,
    },
}

/// The swept keys of one method, by what they are for.
struct Keys {
    learning_rate: Option<String>,
    strength: Option<String>,
}

/// The best settings of every method and group, by every criterion.
///
/// Among settings that score about as well as the best (within 0.01 on bandits, within a token on
/// lengths), the most central of its grid is chosen.
/// Only settings with results for all seeds are considered: a setting that fails with some seeds
/// is not usable. A budget that no setting keeps gives no choice.
pub fn choices(run: &Run, grouping: &[String]) -> Result<Vec<Choice>, TuningError> {
    for key in grouping {
        let swept: Vec<&str> = run.scenario.sweep.iter().map(|(k, _)| k.as_str()).collect();
        if !swept.contains(&key.as_str()) {
            let (key, swept) = (key.clone(), swept.join(", "));
            return Err(TuningError::UnknownKey { key, swept });
        }
    }
    let mut all = Vec::new();
    for method in &run.scenario.methods {
        let cells: Vec<&Cell> =
            run.scenario.cells.iter().filter(|cell| cell.method == *method).collect();
        let keys = Keys::of(method, &cells, grouping)?;
        for group in groups(&cells, grouping) {
            let grid: Vec<&Cell> =
                cells.iter().copied().filter(|c| group_of(c, grouping) == group).collect();
            choose(run, &keys, &grid, &group, &mut all)?;
        }
    }
    Ok(all)
}

impl Keys {
    fn of(method: &str, cells: &[&Cell], grouping: &[String]) -> Result<Self, TuningError> {
        let keys: BTreeSet<&String> = cells.iter().flat_map(|cell| cell.settings.keys()).collect();
        let (rates, strengths): (Vec<&String>, Vec<&String>) = keys
            .into_iter()
            .filter(|key| !grouping.contains(key))
            .partition(|key| key.rsplit('.').next() == Some("learning_rate"));
        if rates.len() > 1 || strengths.len() > 1 {
            let several = if rates.len() > 1 { rates } else { strengths };
            let keys: Vec<&str> = several.into_iter().map(String::as_str).collect();
            let (method, keys) = (method.to_owned(), keys.join(" and "));
            return Err(TuningError::SeveralStrengths { method, keys });
        }
        Ok(Keys {
            learning_rate: rates.first().copied().cloned(),
            strength: strengths.first().copied().cloned(),
        })
    }
}

fn group_of(cell: &Cell, grouping: &[String]) -> Vec<String> {
    grouping.iter().map(|key| cell.settings.get(key).cloned().unwrap_or_default()).collect()
}

/// The groups, in the order of the cells.
fn groups(cells: &[&Cell], grouping: &[String]) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    for group in cells.iter().map(|cell| group_of(cell, grouping)) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// Appends the choices of one grid.
fn choose(
    run: &Run,
    keys: &Keys,
    grid: &[&Cell],
    group: &[String],
    all: &mut Vec<Choice>,
) -> Result<(), TuningError> {
    let scored: Vec<(&Cell, Scores)> =
        grid.iter().filter_map(|cell| Some((*cell, Scores::of(run, cell)?))).collect();
    if scored.is_empty() {
        let method = grid.first().map(|cell| cell.method.clone()).unwrap_or_default();
        return Err(TuningError::NoResults { method, id: run.scenario.id.clone() });
    }
    for criterion in Criterion::ALL {
        let candidates = scored.iter().filter_map(|(cell, s)| Some((*cell, s.by(criterion)?)));
        if let Some((cell, score)) = most_central(candidates.collect(), keys, grid) {
            all.push(choice(criterion, keys, grid, group, cell, score));
        }
    }
    Ok(())
}

/// Of the settings that score within [`plateau`] of the best, the one nearest to the middle of its
/// grid; between two as near, the better.
fn most_central<'a>(
    candidates: Vec<(&'a Cell, f64)>,
    keys: &Keys,
    grid: &[&Cell],
) -> Option<(&'a Cell, f64)> {
    let best = candidates.iter().map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max);
    let off = |cell: &Cell| {
        let swept = [&keys.learning_rate, &keys.strength].into_iter().flatten();
        swept.map(|key| off_centre(key, cell, grid)).fold(0.0, f64::max)
    };
    let near = candidates.into_iter().filter(|(_, score)| *score >= best - plateau(grid));
    near.min_by(|a, b| off(a.0).total_cmp(&off(b.0)).then(b.1.total_cmp(&a.1)))
}

/// The difference in gold reward that does not matter: 0.01 on bandits, a token on lengths.
fn plateau(grid: &[&Cell]) -> f64 {
    grid.first().map_or(0.0, |cell| PLATEAU * cell.experiment.problem.large_difference())
}

/// How far from the middle of its grid a cell's value of a key is: 0 in the middle, 1 on an edge.
fn off_centre(key: &str, cell: &Cell, grid: &[&Cell]) -> f64 {
    let mut values: Vec<f64> = grid.iter().filter_map(|cell| number_at(key, cell)).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let place = number_at(key, cell).and_then(|v| values.iter().position(|x| *x == v));
    match (place, values.len()) {
        (Some(place), count @ 2..) => (2.0 * place as f64 / (count - 1) as f64 - 1.0).abs(),
        _ => 0.0,
    }
}

/// A cell's value of a key, if it is a number.
fn number_at(key: &str, cell: &Cell) -> Option<f64> {
    cell.settings.get(key)?.replace('_', "").parse().ok()
}

fn choice(
    criterion: Criterion,
    keys: &Keys,
    grid: &[&Cell],
    group: &[String],
    cell: &Cell,
    score: f64,
) -> Choice {
    let value = |key: &Option<String>| {
        key.as_ref().and_then(|key| cell.settings.get(key)).cloned().unwrap_or_default()
    };
    let swept = [&keys.learning_rate, &keys.strength];
    Choice {
        criterion,
        method: cell.method.clone(),
        group: group.to_vec(),
        learning_rate: value(&keys.learning_rate),
        strength_key: keys.strength.clone(),
        strength: value(&keys.strength),
        score,
        edge: swept.into_iter().flatten().any(|key| off_centre(key, cell, grid) == 1.0),
    }
}

/// The means over seeds that criteria look at.
struct Scores {
    last: f64,
    area: f64,
    distance: Option<f64>,
}

impl Scores {
    /// None unless all seeds are there.
    fn of(run: &Run, cell: &Cell) -> Option<Self> {
        let reward = run.series(&cell.name, REWARD)?;
        if reward.seeds.len() as u64 != run.scenario.seeds.count {
            return None;
        }
        let means: Vec<f64> =
            reward.values.columns().into_iter().map(|c| c.mean().unwrap_or(f64::NAN)).collect();
        let steps: Vec<f64> = reward.points.iter().map(|point| point.step as f64).collect();
        let last = reward.points.last()?;
        let distance = run.series(&cell.name, DISTANCE).and_then(|series| {
            let place = series.points.iter().position(|point| point.step == last.step)?;
            series.values.column(place).mean()
        });
        Some(Scores { last: *means.last()?, area: area(&steps, &means), distance })
    }

    /// The value of a criterion, if it is a number and the budget is kept.
    fn by(&self, criterion: Criterion) -> Option<f64> {
        let score = match criterion {
            Criterion::Final => self.last,
            Criterion::Area => self.area,
            Criterion::FinalWithin(budget) => {
                self.distance.filter(|nats| *nats <= budget).map(|_| self.last)?
            }
        };
        score.is_finite().then_some(score)
    }
}

/// The content of `choices.csv`.
pub fn choices_csv(choices: &[Choice], grouping: &[String]) -> String {
    let mut header = vec!["criterion", "method"];
    header.extend(grouping.iter().map(String::as_str));
    header.extend(["learning_rate", "strength_key", "strength", "score", "edge"]);
    let rows = choices.iter().map(|choice| {
        let mut row = vec![choice.criterion.to_string(), choice.method.clone()];
        row.extend(choice.group.iter().cloned());
        row.extend([
            choice.learning_rate.clone(),
            choice.strength_key.clone().unwrap_or_default(),
            choice.strength.clone(),
            number(choice.score),
            choice.edge.to_string(),
        ]);
        row
    });
    String::from_utf8(table(&header, rows)).expect("text in, text out")
}
