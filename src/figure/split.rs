//! Seeds that fall into two groups: a mean and its band would hide them, so they are drawn.

use super::content::{FEWEST_SEEDS, Trace};
use super::select::ends;

/// With fewer seeds a gap may be chance: of 20 even draws, 1 in 100 has one so wide.
const LEAST_SEEDS: usize = 20;
/// A group has at least one seed in so many.
const LEAST_GROUP: usize = 5;
/// The share of the seeds' range that lies between two groups.
const LEAST_GAP: f64 = 1.0 / 3.0;
/// Most seeds of a line that are drawn.
pub(crate) const MOST_SINGLES: usize = 10;
/// Seeds that spread over less than this share of their panel's values look like one.
const NEAR: f64 = 0.1;

/// Whether seeds fall into two groups: one gap between neighbours is wider than a third of their
/// range, with at least a fifth of the seeds on either side.
pub(crate) fn is_split(values: &[f64]) -> bool {
    if values.len() < LEAST_SEEDS || values.iter().any(|v| !v.is_finite()) {
        return false;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let range = sorted[sorted.len() - 1] - sorted[0];
    let group = sorted.len().div_ceil(LEAST_GROUP);
    let inner = &sorted[group - 1..=sorted.len() - group];
    inner.windows(2).any(|pair| pair[1] - pair[0] > LEAST_GAP * range)
}

/// Takes away the single seeds of lines of many seeds, where they end too near to each other to be
/// told apart in their panel.
pub(crate) fn drop_near(traces: &mut [Trace]) {
    let spots = traces.iter().flat_map(|t| t.spots.iter().map(|s| s.y));
    let (low, high) = ends(&spots.collect::<Vec<f64>>());
    for trace in traces.iter_mut().filter(|t| t.spots.iter().any(|s| s.n >= FEWEST_SEEDS)) {
        let last: Vec<(f64, f64)> =
            trace.singles.iter().filter_map(|seed| seed.last().copied()).collect();
        let spread = |x: f64| {
            let here = last.iter().filter(|p| p.0 == x).map(|p| p.1);
            let (low, high) = ends(&here.collect::<Vec<f64>>());
            high - low
        };
        let widest = last.iter().map(|p| spread(p.0)).fold(0.0, f64::max);
        if widest < NEAR * (high - low) {
            trace.singles.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_groups_are_told_from_one_and_from_a_few_stray_seeds() {
        let even: Vec<f64> = (0..20).map(f64::from).collect();
        assert!(!is_split(&even));
        // The last 4 of 20 seeds 10 above the others: of a range of 29, 11 lie between.
        let moved = |few: usize| -> Vec<f64> {
            even.iter().map(|&x| if x >= (20 - few) as f64 { x + 10.0 } else { x }).collect()
        };
        assert!(is_split(&moved(4)));
        assert!(!is_split(&moved(3)), "three of twenty seeds are no group");
        assert!(!is_split(&[0.0, 0.0, 1.0, 1.0]), "four seeds are too few");
    }
}
