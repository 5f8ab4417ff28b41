//! Families of length distributions, over 0 … `longest`.

use super::file;
use super::spec::{
    FittedFamily, FittedSpec, LengthReferenceSpec, LengthSpec, LogNormalSpec, NegativeBinomialSpec,
    NormalSpec,
};
use crate::numerics::log_softmax;
use crate::problem::ProblemError;
use std::path::Path;

/// π_ref of a length problem: a family, with a share of it spread evenly.
///
/// *Formula* `π_ref(k) = (1 − ε)·p(k) + ε/(longest + 1)`
/// *where* p is the family, normalised over 0 … longest, and ε the share `evenly_spread`.
pub(super) fn reference(spec: &LengthSpec, folder: &Path) -> Result<Vec<f64>, ProblemError> {
    let share = spec.evenly_spread;
    if !(share > 0.0 && share < 1.0) {
        let allowed = "a share above 0 and below 1: a length of probability 0 makes KL infinite";
        return Err(refused("evenly_spread", share, allowed));
    }
    let lengths = spec.longest + 1;
    let family = match &spec.reference {
        LengthReferenceSpec::LogNormal(spec) => log_normal(*spec, lengths),
        LengthReferenceSpec::NegativeBinomial(spec) => negative_binomial(*spec, lengths),
        LengthReferenceSpec::Normal(spec) => normal(*spec, lengths),
        LengthReferenceSpec::Fitted(spec) => fitted(spec, lengths, folder),
    }?;
    Ok(family.into_iter().map(|p| (1.0 - share) * p + share / lengths as f64).collect())
}

/// A number that a family cannot have.
pub(super) fn refused(key: &'static str, given: f64, allowed: &str) -> ProblemError {
    ProblemError::Range { key, given: given.to_string(), allowed: allowed.to_owned() }
}

/// A number that must be finite and above 0.
pub(super) fn positive(key: &'static str, given: f64) -> Result<f64, ProblemError> {
    let holds = given > 0.0 && given.is_finite();
    if holds { Ok(given) } else { Err(refused(key, given, "a finite number above 0")) }
}

/// A likeliest or mean length that must lie among the lengths.
fn within(key: &'static str, given: f64, lengths: usize) -> Result<f64, ProblemError> {
    let last = (lengths - 1) as f64;
    let allowed = format!("a length above 0 and up to `longest` = {last} (tokens)");
    let holds = given > 0.0 && given <= last;
    if holds { Ok(given) } else { Err(refused(key, given, &allowed)) }
}

/// exp of some log-weights, normalised.
fn normalised(log_weights: Vec<f64>) -> Vec<f64> {
    log_softmax(&log_weights).into_iter().map(f64::exp).collect()
}

/// *Formula* `p(k) ∝ exp(−(ln k − μ)²/2σ²)/k`, k ≥ 1, with `μ = ln mode + σ²`
fn log_normal(spec: LogNormalSpec, lengths: usize) -> Result<Vec<f64>, ProblemError> {
    let mode = within("reference.log-normal.mode", spec.mode, lengths)?;
    let sigma = positive("reference.log-normal.sigma", spec.sigma)?;
    let mu = mode.ln() + sigma * sigma;
    let log_weight = |k: usize| match k {
        0 => f64::NEG_INFINITY,
        k => {
            let log = (k as f64).ln();
            -0.5 * ((log - mu) / sigma).powi(2) - log
        }
    };
    Ok(normalised((0..lengths).map(log_weight).collect()))
}

/// *Formula* `p(k + 1)/p(k) = (k + r)/(k + 1) · m/(m + r)`, with m the mean and r the dispersion
fn negative_binomial(spec: NegativeBinomialSpec, lengths: usize) -> Result<Vec<f64>, ProblemError> {
    let mean = within("reference.negative-binomial.mean", spec.mean, lengths)?;
    let dispersion = positive("reference.negative-binomial.dispersion", spec.dispersion)?;
    let log_odds = (mean / (mean + dispersion)).ln();
    let mut log_weights = vec![0.0];
    for k in 0..lengths - 1 {
        let ratio = ((k as f64 + dispersion) / (k as f64 + 1.0)).ln() + log_odds;
        log_weights.push(log_weights[k] + ratio);
    }
    Ok(normalised(log_weights))
}

/// *Formula* `p(k) ∝ exp(−(k − mean)²/2·deviation²)`
fn normal(spec: NormalSpec, lengths: usize) -> Result<Vec<f64>, ProblemError> {
    let mean = within("reference.normal.mean", spec.mean, lengths)?;
    let deviation = positive("reference.normal.deviation", spec.deviation)?;
    let z = |k: usize| (k as f64 - mean) / deviation;
    Ok(normalised((0..lengths).map(|k| -0.5 * z(k) * z(k)).collect()))
}

/// The family of a file; lengths beyond the longest count as the longest.
fn fitted(spec: &FittedSpec, lengths: usize, folder: &Path) -> Result<Vec<f64>, ProblemError> {
    let path = folder.join(&spec.jsonl);
    let last = (lengths - 1) as f64;
    let found = file::lengths(&path, spec)?;
    let found: Vec<f64> = found.into_iter().map(|length| (length as f64).min(last)).collect();
    let fault = |fault: &str| ProblemError::File { path: path.clone(), fault: fault.to_owned() };
    let (mean, variance) = moments(&found);
    if variance == 0.0 {
        return Err(fault("all responses are of one length, so that nothing can be fitted"));
    }
    match spec.family {
        FittedFamily::LogNormal => {
            // A response without a word counts as half a word: its logarithm is finite.
            let logs: Vec<f64> = found.iter().map(|length| length.max(0.5).ln()).collect();
            let (mu, variance) = moments(&logs);
            let mode = (mu - variance).exp().min(last);
            log_normal(LogNormalSpec { mode, sigma: variance.sqrt() }, lengths)
        }
        FittedFamily::NegativeBinomial if variance <= mean => Err(fault(&format!(
            "a negative binomial varies more than its mean; these lengths have mean {mean:.1} and \
             variance {variance:.1}: write family = \"log-normal\" or \"smoothed\""
        ))),
        FittedFamily::NegativeBinomial => {
            let dispersion = mean * mean / (variance - mean);
            negative_binomial(NegativeBinomialSpec { mean, dispersion }, lengths)
        }
        FittedFamily::Smoothed => Ok(smoothed(&found, variance.sqrt(), lengths)),
    }
}

/// The mean and the (population) variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count)
}

/// A Gaussian kernel on every length, of width `0.9·min(sd, IQR/1.34)·n^(−1/5)` and at least half a
/// token (Silverman 1986, eq. 3.31).
fn smoothed(found: &[f64], deviation: f64, lengths: usize) -> Vec<f64> {
    let mut sorted = found.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |level: f64| sorted[(level * (sorted.len() - 1) as f64).round() as usize];
    let range = (at(0.75) - at(0.25)) / 1.34;
    let spread = if range > 0.0 { deviation.min(range) } else { deviation };
    let width = (0.9 * spread * (found.len() as f64).powf(-0.2)).max(0.5);
    let mut counts = vec![0.0; lengths];
    found.iter().for_each(|&length| counts[length as usize] += 1.0);
    let kernel: Vec<f64> =
        (0..lengths).map(|d| (-0.5 * (d as f64 / width).powi(2)).exp()).collect();
    let mass = |k: usize| {
        let near = counts.iter().enumerate().filter(|(_, count)| **count > 0.0);
        near.map(|(length, count)| count * kernel[length.abs_diff(k)]).sum::<f64>()
    };
    let masses: Vec<f64> = (0..lengths).map(mass).collect();
    let total: f64 = masses.iter().sum();
    masses.into_iter().map(|m| m / total).collect()
}
