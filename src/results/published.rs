//! Whether what others have published lies where our runs lie.

use super::claims::ClaimError;
use super::measure::{Measure, Question};
use super::paths::Reach;
use super::read::Run;
use super::readings::take_all;
use super::statistics::quantile;
use crate::scenario::PublishedSpec;
use std::fmt;

/// Where a published value or range lies, seen from our 5–95 % range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// All of it lies within our range, ends included.
    Inside,
    /// Part of a published range does.
    Overlaps,
    /// All of it lies below.
    Below,
    /// All of it lies above.
    Above,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::Inside => "inside",
            Place::Overlaps => "overlaps",
            Place::Below => "below",
            Place::Above => "above",
        })
    }
}

/// Published numbers beside the quantiles of our runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The name of the published numbers.
    pub id: String,
    /// The figure that shows our runs.
    pub figure: Option<String>,
    /// What was published, in one sentence.
    pub says: String,
    /// Where.
    pub source: String,
    /// What is compared, in words.
    pub reading: String,
    /// Each published value as `[value, value]`, or the one range, with its place.
    pub published: Vec<([f64; 2], Place)>,
    /// Whether a range was published instead of values.
    pub is_range: bool,
    /// Our 5 %, 50 % and 95 % quantiles over seeds, interpolated linearly between ranks; infinite
    /// where the level was never reached.
    pub quantiles: [f64; 3],
    /// Our seeds.
    pub n: usize,
    /// How many of them never reached the level; they count as infinite.
    pub censored: usize,
    /// What the scenario says about a value that lies outside.
    pub why: Option<String>,
}

impl Agreement {
    /// How many published values lie inside our range.
    pub fn inside(&self) -> usize {
        self.published.iter().filter(|(_, place)| *place == Place::Inside).count()
    }
}

/// Holds published numbers against the runs of their cell.
pub fn compare(run: &Run, spec: &PublishedSpec) -> Result<Agreement, ClaimError> {
    let question = Question::of_published(spec);
    let measure = Measure::of(&question)?.where_measured();
    let reached = take_all(run, &question, measure, &spec.cell)?;
    let censored = reached.iter().filter(|reach| reach.censored).count();
    let place_of = |reach: &Reach| if reach.censored { f64::INFINITY } else { reach.at };
    let mut ours: Vec<f64> = reached.iter().map(place_of).collect();
    ours.sort_by(f64::total_cmp);
    let quantiles = [0.05, 0.5, 0.95].map(|level| quantile(&ours, level));
    let values = spec.values.iter().map(|&value| [value, value]);
    let published = values.chain(spec.range).map(|given| (given, place(given, quantiles)));
    Ok(Agreement {
        id: spec.id.clone(),
        figure: run.scenario.figure.clone(),
        says: spec.says.clone(),
        source: spec.source.clone(),
        reading: spec.reading().words(&spec.metric),
        published: published.collect(),
        is_range: spec.range.is_some(),
        quantiles,
        n: ours.len(),
        censored,
        why: spec.why.clone(),
    })
}

/// Where `[low, high]` lies.
fn place([low, high]: [f64; 2], [bottom, _, top]: [f64; 3]) -> Place {
    if high < bottom {
        Place::Below
    } else if low > top {
        Place::Above
    } else if low >= bottom && high <= top {
        Place::Inside
    } else {
        Place::Overlaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_lies_inside_overlaps_or_lies_apart() {
        let ours = [1.0, 2.0, 3.0];
        for (given, expected) in [
            ([1.0, 3.0], Place::Inside),
            ([1.5, 1.5], Place::Inside),
            ([0.5, 1.0], Place::Overlaps),
            ([0.5, 4.0], Place::Overlaps),
            ([0.25, 0.75], Place::Below),
            ([3.5, 3.5], Place::Above),
        ] {
            assert_eq!(place(given, ours), expected, "{given:?}");
        }
        assert_eq!(place([1e9, 1e9], [1.0, 2.0, f64::INFINITY]), Place::Inside);
    }

    /// Ranks of 5 %, 50 %, 95 % of five sorted values: 0.2, 2, 3.8.
    #[test]
    fn quantiles_lie_between_ranks_and_never_is_infinite() {
        let quantiles = |values: &[f64]| [0.05, 0.5, 0.95].map(|level| quantile(values, level));
        let [low, median, high] = quantiles(&[1.0, 2.0, 4.0, 8.0, 16.0]);
        assert!((low - 1.2).abs() < 1e-12 && median == 4.0 && (high - 14.4).abs() < 1e-12);
        let never = f64::INFINITY;
        assert_eq!(quantiles(&[1.0, 2.0, 4.0, 8.0, never])[2], never);
        assert_eq!(quantiles(&[never; 3]), [never; 3]);
    }
}
