//! The reference policy π_ref, arm by arm.

use super::{GaussianSpec, ProblemError, ReferenceSpec, columns};
use crate::numerics::{exponentials, log_softmax};
use std::path::Path;

/// Exact bin probabilities of tanh(X), X ~ Cauchy(−0.7, 0.4), in `bins` equal bins of [−1, 1].
///
/// *Formula* `p_k = F(artanh b_{k+1}) − F(artanh b_k)`, `F(x) = ½ + arctan((x + 0.7)/0.4)/π`
/// *where* `b_k = −1 + 2k/bins`; the end bins take the tails.
/// *Source* the released code of arXiv 2404.14367. *Deviation*: exact probabilities instead of the
/// histogram of 10,000 unseeded draws.
pub fn binned_cauchy(bins: usize) -> Vec<f64> {
    let cdf_at_edge = |k: usize| match k {
        0 => 0.0,
        k if k == bins => 1.0,
        k => {
            let edge = -1.0 + 2.0 * k as f64 / bins as f64;
            0.5 + ((edge.atanh() + 0.7) / 0.4).atan() / std::f64::consts::PI
        }
    };
    (0..bins).map(|k| cdf_at_edge(k + 1) - cdf_at_edge(k)).collect()
}

/// The probabilities of a reference over `arms` arms.
pub(super) fn probabilities(
    spec: &ReferenceSpec,
    arms: usize,
    folder: &Path,
) -> Result<Vec<f64>, ProblemError> {
    match spec {
        ReferenceSpec::BinnedCauchy => Ok(binned_cauchy(arms)),
        ReferenceSpec::Uniform => Ok(vec![1.0 / arms as f64; arms]),
        ReferenceSpec::Gaussian(spec) => gaussian(*spec, arms, "reference.gaussian"),
        ReferenceSpec::Table(column) => {
            columns::distribution(column, "reference.table", arms, folder)
        }
    }
}

/// A discretised Gaussian over the arms; `key` names it in messages.
pub(super) fn gaussian(
    spec: GaussianSpec,
    arms: usize,
    key: &'static str,
) -> Result<Vec<f64>, ProblemError> {
    let GaussianSpec { mean, width } = spec;
    if !(mean.is_finite() && width.is_finite() && width >= 0.5) {
        return Err(ProblemError::Range {
            key,
            given: format!("mean {mean}, width {width}"),
            allowed: "a finite mean and a width of 0.5 or above (arms)".into(),
        });
    }
    let z = |arm: usize| (arm as f64 - mean) / width;
    let logits: Vec<f64> = (0..arms).map(|arm| -0.5 * z(arm) * z(arm)).collect();
    // No arm is impossible: its log-probability stays a number where the bump underflows.
    let probabilities = exponentials(&log_softmax(&logits)).into_iter();
    Ok(probabilities.map(|p| p.max(f64::MIN_POSITIVE)).collect())
}
