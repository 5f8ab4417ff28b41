//! Rewards shaped like bumps.

use super::{Bump, ProblemError, TwoModesSpec};

/// Arms of the paper's bandit.
pub(super) const ARMS: usize = 100;

/// The rewards of a named bump, exp(−((a − peak)/width)²), for each of the 100 arms.
pub(super) fn rewards(bump: Bump) -> Vec<f64> {
    let (peak, width) = match bump {
        Bump::R1 => (70.0, 10.0),
        Bump::R2 => (20.0, 10.0),
        Bump::R1Width20 => (70.0, 20.0),
        Bump::R1Width30 => (70.0, 30.0),
    };
    (0..ARMS).map(|a| (-((a as f64 - peak) / width).powi(2)).exp()).collect()
}

/// A mixture of two discretised Gaussians, Σₖ massₖ·exp(−(a − peakₖ)²/2widthₖ²)/zₖ.
pub(super) fn two_modes(spec: &TwoModesSpec) -> Result<Vec<f64>, ProblemError> {
    let positive = |x: f64| x > 0.0 && x.is_finite();
    let fault = |key, given: &[f64; 2], allowed: String| ProblemError::Range {
        key,
        given: format!("{given:?}"),
        allowed,
    };
    if spec.arms < 2 {
        let allowed = "two modes need at least 2 arms".into();
        return Err(ProblemError::Range { key: "arms", given: spec.arms.to_string(), allowed });
    }
    let last = (spec.arms - 1) as f64;
    if !spec.peaks.iter().all(|p| (0.0..=last).contains(p)) {
        return Err(fault("peaks", &spec.peaks, format!("each must be an arm, 0 to {last}")));
    }
    for (key, pair) in [("masses", &spec.masses), ("widths", &spec.widths)] {
        if !pair.iter().all(|x| positive(*x)) {
            return Err(fault(key, pair, "each must be a finite number above 0".into()));
        }
    }
    let mut target = vec![0.0; spec.arms];
    let total: f64 = spec.masses.iter().sum();
    for k in 0..2 {
        let density =
            |a: usize| (-0.5 * ((a as f64 - spec.peaks[k]) / spec.widths[k]).powi(2)).exp();
        let normaliser: f64 = (0..spec.arms).map(density).sum();
        for (a, q) in target.iter_mut().enumerate() {
            *q += spec.masses[k] / total * density(a) / normaliser;
        }
    }
    Ok(target)
}
