//! Seeds that fall into two groups: a mean and its band would hide them, so they are drawn.

use super::content::{FEWEST_SEEDS, Trace};
use super::select::ends;

/// With fewer seeds a gap may be chance: of 10 even draws in a row, 3 in 100 have one so wide.
const LEAST_SEEDS: usize = 10;
/// Fewer seeds than this are no group.
const LEAST_GROUP: usize = 2;
/// Seeds that spread over less than this share of their panel's values look like one.
const NEAR: f64 = 0.1;

/// Whether seeds fall into two groups: one gap between neighbours is wider than all the rest of
/// their range, and no group is a single seed.
pub(crate) fn is_split(values: &[f64]) -> bool {
    if values.len() < LEAST_SEEDS || values.iter().any(|v| !v.is_finite()) {
        return false;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let range = sorted[sorted.len() - 1] - sorted[0];
    let inner = &sorted[LEAST_GROUP - 1..=sorted.len() - LEAST_GROUP];
    inner.windows(2).any(|pair| pair[1] - pair[0] > 0.5 * range)
}

/// Takes away the single seeds of lines of many seeds, where they lie too near to each other to be
/// told apart in their panel.
pub(crate) fn drop_near(traces: &mut [Trace]) {
    let spots = traces.iter().flat_map(|t| t.spots.iter().map(|s| s.y));
    let (low, high) = ends(&spots.collect::<Vec<f64>>());
    for trace in traces.iter_mut().filter(|t| t.spots.iter().any(|s| s.n >= FEWEST_SEEDS)) {
        let values = trace.singles.iter().flatten();
        let spread = |x: f64| {
            let here = values.clone().filter(|p| p.0 == x).map(|p| p.1);
            let (low, high) = ends(&here.collect::<Vec<f64>>());
            high - low
        };
        let widest = trace.spots.iter().map(|s| spread(s.x)).fold(0.0, f64::max);
        if widest < NEAR * (high - low) {
            trace.singles.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_groups_are_told_from_one_and_from_a_single_stray_seed() {
        let even: Vec<f64> = (0..10).map(f64::from).collect();
        assert!(!is_split(&even));
        let mut two = even.clone();
        two[8..].copy_from_slice(&[18.0, 19.0]);
        assert!(is_split(&two));
        two[8] = 8.0;
        assert!(!is_split(&two), "one seed is no group");
        assert!(!is_split(&[0.0, 0.0, 1.0, 1.0]), "four seeds are too few");
    }
}
