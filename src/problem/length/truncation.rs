//! What becomes of the lengths of π_ref when responses are truncated.

use super::family::positive;
use super::spec::TruncationSpec;
use crate::problem::ProblemError;

/// With a smaller share of pairs of unequal length, nothing is left to compare.
const LEAST: f64 = 1e-3;

/// The law of a truncated response.
///
/// *Formula*
/// ```text
/// exponential   P(min(Y, ⌈E⌉) > k) = P(Y > k)·exp(−k/mean)
/// longest       π_ref(k) / π_ref(0 … tokens), k ≤ tokens
/// tilt          ∝ π_ref(k)·exp(−k/scale)
/// ```
/// *where* Y is a length of π_ref and E an exponential variable of its own for every response.
pub(super) fn truncated(
    spec: &TruncationSpec,
    reference: &[f64],
) -> Result<Vec<f64>, ProblemError> {
    let (key, given, law) = match spec {
        TruncationSpec::Exponential(cut) => {
            let mean = positive("truncation.exponential.mean", cut.mean)?;
            ("truncation.exponential.mean", mean, exponential(reference, mean))
        }
        TruncationSpec::Longest(cut) => {
            let law = kept(reference, |k| if k <= cut.tokens { 1.0 } else { 0.0 });
            ("truncation.longest.tokens", cut.tokens as f64, law)
        }
        TruncationSpec::Tilt(tilt) => {
            let scale = positive("truncation.tilt.scale", tilt.scale)?;
            let law = kept(reference, |k| (-(k as f64) / scale).exp());
            ("truncation.tilt.scale", scale, law)
        }
    };
    let alike: f64 = law.iter().map(|p| p * p).sum();
    if 1.0 - alike > LEAST {
        return Ok(law);
    }
    Err(ProblemError::Range {
        key,
        given: given.to_string(),
        allowed:
            "large enough to leave data: now every truncated response has the same length, and \
                  no pair can be compared"
                .to_owned(),
    })
}

/// An exponential cut of every response.
fn exponential(reference: &[f64], mean: f64) -> Vec<f64> {
    let mut longer: f64 = reference.iter().sum();
    let mut above = longer;
    let mut law = Vec::with_capacity(reference.len());
    for (k, p) in reference.iter().enumerate() {
        longer = if k + 1 == reference.len() { 0.0 } else { (longer - p).max(0.0) };
        let survives = longer * (-(k as f64) / mean).exp();
        law.push(above - survives);
        above = survives;
    }
    law
}

/// The reference with weights, normalised.
fn kept(reference: &[f64], weight: impl Fn(usize) -> f64) -> Vec<f64> {
    let masses: Vec<f64> = reference.iter().enumerate().map(|(k, p)| p * weight(k)).collect();
    let total: f64 = masses.iter().sum();
    masses.into_iter().map(|m| m / total).collect()
}
