//! What predictions are worth.

use super::answer::Answer;
use super::prediction::Prediction;

/// Half a mark is given within so many tolerances.
pub(super) const HALF_WITHIN: f64 = 3.0;

/// The mark of one prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Right: one point.
    Full,
    /// Near: half a point.
    Half,
    /// Wrong: no point.
    Miss,
}

impl Mark {
    /// Its points.
    pub fn points(self) -> f64 {
        match self {
            Mark::Full => 1.0,
            Mark::Half => 0.5,
            Mark::Miss => 0.0,
        }
    }
}

/// The mark of a prediction; none where the runs are inconclusive, and so decide nothing.
///
/// A number has a full mark within its tolerance and half a mark within three times of it, ends
/// included; a choice has a full mark or none, and so has a verdict.
pub fn mark(answer: &Answer, prediction: &Prediction) -> Option<Mark> {
    match (answer, prediction) {
        (Answer::Number { value, tolerance, .. }, Prediction::Number(predicted)) => {
            Some(distance_mark((predicted - value).abs(), *tolerance))
        }
        (Answer::Choice(candidates), Prediction::Choice(place)) => {
            Some(all_or_nothing(candidates.get(*place).is_some_and(|candidate| candidate.right)))
        }
        (Answer::Verdict(finding), Prediction::Verdict(predicted)) => {
            let verdict = finding.verdict.filter(|v| *v != crate::scenario::Verdict::Inconclusive);
            verdict.map(|verdict| all_or_nothing(verdict == *predicted))
        }
        _ => None,
    }
}

/// The mark of a number that misses by `distance`.
fn distance_mark(distance: f64, tolerance: f64) -> Mark {
    // A decimal that was typed and a sum of binary fractions differ in the last digits.
    let within = |reach: f64| distance <= reach * (1.0 + 1e-9);
    match distance {
        _ if within(tolerance) => Mark::Full,
        _ if within(HALF_WITHIN * tolerance) => Mark::Half,
        _ => Mark::Miss,
    }
}

fn all_or_nothing(right: bool) -> Mark {
    if right { Mark::Full } else { Mark::Miss }
}

/// The marks of a lesson, added up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// The points.
    pub points: f64,
    /// How many predictions got a mark.
    pub marked: usize,
    /// How many questions were skipped, or had no mark to give.
    pub unmarked: usize,
}

impl Score {
    /// Adds up marks; a question without one counts for nothing.
    pub fn of(marks: &[Option<Mark>]) -> Score {
        let given: Vec<Mark> = marks.iter().copied().flatten().collect();
        Score {
            points: given.iter().map(|mark| mark.points()).sum(),
            marked: given.len(),
            unmarked: marks.len() - given.len(),
        }
    }
}
