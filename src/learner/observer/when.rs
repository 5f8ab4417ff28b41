//! The steps at which a run is measured.

use crate::learner::spec::MeasureSpec;

/// Log-spaced points of a run that names neither `every` nor `points`.
const DEFAULT_POINTS: u64 = 50;

/// The measured steps: always 0 and the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moments {
    steps: Vec<u64>,
}

impl Moments {
    /// Every so many steps, or so many log-spaced steps.
    pub fn new(spec: &MeasureSpec, last: u64) -> Self {
        let mut steps: Vec<u64> = match (spec.every, spec.points) {
            (Some(every), _) => (0..=last).step_by(every.max(1) as usize).collect(),
            (None, points) => log_spaced(points.unwrap_or(DEFAULT_POINTS).max(1), last),
        };
        steps.extend([0, last]);
        steps.sort_unstable();
        steps.dedup();
        Moments { steps }
    }

    /// All of them, ascending.
    pub fn into_steps(self) -> Vec<u64> {
        self.steps
    }

    /// Whether a step is measured.
    pub fn contain(&self, step: u64) -> bool {
        self.steps.binary_search(&step).is_ok()
    }
}

/// The ends of `points` equal parts of a logarithmic axis from 1 to `last`, in whole numbers.
fn log_spaced(points: u64, last: u64) -> Vec<u64> {
    let exponent = |k: u64| (last as f64).ln() * k as f64 / points as f64;
    (0..=points).map(|k| exponent(k).exp().round() as u64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last_steps_are_always_measured() {
        let every = MeasureSpec { every: Some(4), ..MeasureSpec::default() };
        assert_eq!(Moments::new(&every, 10).steps, [0, 4, 8, 10]);
        let log = MeasureSpec { points: Some(3), ..MeasureSpec::default() };
        assert_eq!(Moments::new(&log, 1000).steps, [0, 1, 10, 100, 1000]);
    }
}
