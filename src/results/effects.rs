//! What each factor of a factorial does to a metric, and each pair beyond its two.

use super::claims::{ClaimError, common_seeds};
use super::measure::{Measure, Question};
use super::read::Run;
use super::statistics::{Estimate, mean_interval};
use crate::scenario::{Absent, Cell, FactorSpec, Reading, Selector, admits};
use crate::stream::Streams;

/// Cells that are no balanced factorial, or that lack results.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EffectError {
    /// A cell is not at exactly one level of a factor.
    #[error(
        "{cell} is at {levels} level of the factor \"{factor}\"; leave it out with `where` or \
         `methods`, or the factor with `factors`"
    )]
    Level {
        /// The cell.
        cell: String,
        /// `neither` or `either`.
        levels: &'static str,
        /// The factor.
        factor: String,
    },
    /// The combinations of levels do not have the same number of cells.
    #[error(
        "effects need as many cells, and one at least, in each combination of levels; there are {}; \
         pin the rest with `where` or `methods`, or name fewer `factors`", counts.join(", ")
    )]
    Unbalanced {
        /// How many cells each combination has: `3 with on-policy high, reuse low`.
        counts: Vec<String>,
    },
    /// The cells have no number to compare.
    #[error(transparent)]
    Values(#[from] ClaimError),
}

/// A main effect, or the interaction of two factors.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The places of one factor, or of two, among the factors.
    pub factors: Vec<usize>,
    /// The effect by seed, `[seeds]`.
    pub values: Vec<f64>,
    /// Its mean over seeds with its interval; the seeds are resampled whole, so that it is paired.
    pub estimate: Estimate,
}

/// The main effects of a two-level factorial in the order of the factors, then the interactions of
/// every two, the largest in size first.
///
/// *Formula*
/// ```text
/// F   = mean of the cells with F high − mean of the cells with F low
/// F×G = ½·[(HH − LH) − (HL − LL)]
/// ```
/// *where* `levels: [cells][factors]` says whether a cell is at the high level and
/// `values: [cells][seeds]` holds what was measured; HL is the mean of the cells with F high and G
/// low. The design is balanced: each combination of levels has as many cells.
/// *Source* the convention of designed experiments (Box, Hunter and Hunter, Statistics for
/// Experimenters, ch. 5): the effect of F where G is high is F + F×G, and F − F×G where it is low.
pub fn factorial_effects(levels: &[Vec<bool>], values: &[Vec<f64>]) -> Vec<Effect> {
    let count = levels.first().map_or(0, Vec::len);
    let seeds = values.first().map_or(0, Vec::len);
    let effect = |factors: Vec<usize>| {
        let is_plus = |cell: &[bool]| factors.iter().filter(|&&f| !cell[f]).count() % 2 == 0;
        let signs: Vec<bool> = levels.iter().map(|cell| is_plus(cell)).collect();
        let values: Vec<f64> = (0..seeds).map(|seed| contrast(&signs, values, seed)).collect();
        let estimate = mean_interval(&values, Streams::new(0));
        Effect { factors, values, estimate }
    };
    let mut effects: Vec<Effect> = (0..count).map(|f| effect(vec![f])).collect();
    let pairs = (0..count).flat_map(|f| (f + 1..count).map(move |g| vec![f, g]));
    let mut interactions: Vec<Effect> = pairs.map(effect).collect();
    let size = |e: &Effect| e.estimate.mean.abs();
    interactions.sort_by(|a, b| size(b).total_cmp(&size(a)));
    effects.extend(interactions);
    effects
}

/// The mean of the cells with a plus minus that of the cells with a minus: of a balanced design the
/// main effect, and ½·[(HH + LL) − (LH + HL)] of the means for two factors.
fn contrast(signs: &[bool], values: &[Vec<f64>], seed: usize) -> f64 {
    let mean = |sign: bool| {
        let chosen = signs.iter().zip(values).filter(|(s, _)| **s == sign);
        let (sum, n) = chosen.fold((0.0, 0.0), |(sum, n), (_, v)| (sum + v[seed], n + 1.0));
        sum / n
    };
    mean(true) - mean(false)
}

/// The effects of some factors on what is read of a metric, over the seeds that all cells have.
pub fn effects(
    run: &Run,
    cells: &[&Cell],
    factors: &[&FactorSpec],
    metric: &str,
    reading: Reading,
) -> Result<Vec<Effect>, EffectError> {
    let levels: Vec<Vec<bool>> =
        cells.iter().map(|cell| levels_of(cell, factors)).collect::<Result<_, _>>()?;
    balanced(&levels, factors)?;
    let question = Question { asker: "effects".to_owned(), metric: metric.to_owned(), reading };
    let measure = Measure::of(&question)?;
    let seeds = common_seeds(run, &question, cells)?;
    let of_cell = |cell: &&Cell| {
        let taken = seeds.iter().map(|&seed| measure.take(run, &question, cell, seed));
        taken.map(|reach| Ok(reach?.at)).collect::<Result<Vec<f64>, ClaimError>>()
    };
    let values = cells.iter().map(of_cell).collect::<Result<Vec<_>, _>>()?;
    Ok(factorial_effects(&levels, &values))
}

/// Whether a cell is at the high level of each factor.
fn levels_of(cell: &Cell, factors: &[&FactorSpec]) -> Result<Vec<bool>, EffectError> {
    let level = |factor: &&FactorSpec| {
        let refuse = |levels| EffectError::Level {
            cell: cell.description(),
            levels,
            factor: factor.name.clone(),
        };
        let meets = |level: &Selector| admits(level, &cell.method, &cell.settings, Absent::Refuses);
        match (meets(&factor.high), meets(&factor.low)) {
            (true, true) => Err(refuse("either")),
            (false, false) => Err(refuse("neither")),
            (high, _) => Ok(high),
        }
    };
    factors.iter().map(level).collect()
}

/// Each combination of levels has the same number of cells, and some.
fn balanced(levels: &[Vec<bool>], factors: &[&FactorSpec]) -> Result<(), EffectError> {
    let combination = |code: usize| (0..factors.len()).map(move |f| code >> f & 1 == 0);
    let count = |code: usize| {
        levels.iter().filter(|cell| cell.iter().copied().eq(combination(code))).count()
    };
    let counts: Vec<usize> = (0..1 << factors.len()).map(count).collect();
    if counts[0] > 0 && counts.iter().all(|c| *c == counts[0]) {
        return Ok(());
    }
    let words = |(code, count): (usize, &usize)| {
        let level = |(factor, high): (&&FactorSpec, bool)| {
            format!("{} {}", factor.name, if high { "high" } else { "low" })
        };
        let levels: Vec<String> = factors.iter().zip(combination(code)).map(level).collect();
        format!("{count} with {}", levels.join(" and "))
    };
    Err(EffectError::Unbalanced { counts: counts.iter().enumerate().map(words).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two factors, two seeds; cells LL, HL, LH, HH.
    const LEVELS: [[bool; 2]; 4] = [[false, false], [true, false], [false, true], [true, true]];

    fn of(values: [[f64; 2]; 4]) -> Vec<Effect> {
        let levels: Vec<Vec<bool>> = LEVELS.iter().map(|cell| cell.to_vec()).collect();
        let values: Vec<Vec<f64>> = values.iter().map(|cell| cell.to_vec()).collect();
        factorial_effects(&levels, &values)
    }

    /// Seed 0: LL 1, HL 3, LH 2, HH 8. F = (3 + 8)/2 − (1 + 2)/2 = 4; G = (2 + 8)/2 − (1 + 3)/2 = 3;
    /// F×G = ½[(8 − 2) − (3 − 1)] = 2. Seed 1: 0, 1, 1, 4: F = 2.5 − 0.5 = 2, G = 2.5 − 0.5 = 2,
    /// F×G = ½[(4 − 1) − (1 − 0)] = 1. Means 3, 2.5, 1.5.
    #[test]
    fn effects_of_two_factors_have_their_hand_computed_values() {
        let effects = of([[1.0, 0.0], [3.0, 1.0], [2.0, 1.0], [8.0, 4.0]]);
        let found: Vec<_> = effects.iter().map(|e| (&e.factors[..], &e.values[..])).collect();
        let expected: [(&[usize], &[f64]); 3] =
            [(&[0], &[4.0, 2.0]), (&[1], &[3.0, 2.0]), (&[0, 1], &[2.0, 1.0])];
        assert_eq!(found, expected);
        assert_eq!(effects.iter().map(|e| e.estimate.mean).collect::<Vec<_>>(), [3.0, 2.5, 1.5]);
        // Two seeds: a resample's mean lies between the two.
        assert_eq!((effects[0].estimate.low, effects[0].estimate.high), (2.0, 4.0));
    }

    #[test]
    fn an_additive_table_has_no_interactions() {
        let height = |cell: &[bool]| {
            let parts = [0.3, -1.5, 4.25];
            cell.iter().zip(parts).map(|(high, part)| if *high { part } else { 0.0 }).sum::<f64>()
        };
        let levels: Vec<Vec<bool>> =
            (0..8).map(|code| (0..3).map(|f| code >> f & 1 == 1).collect()).collect();
        let values: Vec<Vec<f64>> = levels.iter().map(|cell| vec![height(cell); 3]).collect();
        let effects = factorial_effects(&levels, &values);
        assert_eq!(effects.len(), 3 + 3);
        for (effect, expected) in effects.iter().zip([0.3, -1.5, 4.25, 0.0, 0.0, 0.0]) {
            assert!((effect.estimate.mean - expected).abs() < 1e-12, "{effect:?}");
        }
    }

    #[test]
    fn interactions_are_ordered_by_their_size() {
        // HH of factors (1, 2) is lowered by 4 and that of (0, 1) raised by 2: ½·½ of each.
        let levels: Vec<Vec<bool>> =
            (0..8).map(|code| (0..3).map(|f| code >> f & 1 == 1).collect()).collect();
        let value = |c: &Vec<bool>| {
            2.0 * f64::from(u8::from(c[0] && c[1])) - 4.0 * f64::from(u8::from(c[1] && c[2]))
        };
        let values: Vec<Vec<f64>> = levels.iter().map(|cell| vec![value(cell)]).collect();
        let found: Vec<_> = factorial_effects(&levels, &values)
            .into_iter()
            .skip(3)
            .map(|e| (e.factors, e.estimate.mean))
            .collect();
        assert_eq!(found, [(vec![1, 2], -2.0), (vec![0, 1], 1.0), (vec![0, 2], 0.0)]);
    }
}
