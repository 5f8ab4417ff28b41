//! The paper's synthetic length problems: an arm is the length of a response, in tokens.
//!
//! Min, Mode and Skew differ in two places only: where the reward peaks, and whether the preference
//! data were truncated to short responses.

mod family;
mod file;
mod spec;
mod truncation;

pub use spec::{
    ExponentialSpec, FittedFamily, FittedSpec, LengthReferenceSpec, LengthSpec, LengthTask,
    LengthUnit, LogNormalSpec, LongestSpec, NegativeBinomialSpec, NormalSpec, TiltSpec,
    TruncationSpec,
};

use super::coverage::DataLaw;
use super::{Problem, ProblemError};
use std::path::Path;

/// Sets a length problem up.
pub(super) fn problem(spec: &LengthSpec, folder: &Path) -> Result<Problem, ProblemError> {
    let peak = peak(spec)?;
    let fraction = skew_fraction(spec)?;
    let reference = family::reference(spec, folder)?;
    let skewed = skewed_data(spec, &reference, fraction)?;
    let rewards = (0..=spec.longest).map(|length| -(length as f64 - peak).abs()).collect();
    let mut problem = Problem::tilted(rewards, &reference, spec.target_temperature)?;
    problem.peak_length = Some(peak);
    problem.data = skewed.unwrap_or(problem.data);
    Ok(problem)
}

/// The length of highest reward.
fn peak(spec: &LengthSpec) -> Result<f64, ProblemError> {
    let within = |value: f64| (0.0..=spec.longest as f64).contains(&value);
    let fault = |key, given: f64| ProblemError::Range {
        key,
        given: given.to_string(),
        allowed: format!("a length from 0 to `longest` = {} (tokens)", spec.longest),
    };
    if spec.longest < 2 {
        let allowed = "2 or more (tokens)".to_owned();
        return Err(ProblemError::Range {
            key: "longest",
            given: spec.longest.to_string(),
            allowed,
        });
    }
    if spec.task == LengthTask::Mode && !within(spec.mode_length) {
        return Err(fault("mode_length", spec.mode_length));
    }
    let peak = spec.peak();
    if within(peak) { Ok(peak) } else { Err(fault("peak", peak)) }
}

/// The share of prompts whose responses are truncated.
fn skew_fraction(spec: &LengthSpec) -> Result<f64, ProblemError> {
    let fraction = spec.skew_fraction();
    let allowed = "a share from 0 (none truncated) to 1 (all)".to_owned();
    let given = fraction.to_string();
    let fault = ProblemError::Range { key: "skew_fraction", given, allowed };
    if (0.0..=1.0).contains(&fraction) { Ok(fraction) } else { Err(fault) }
}

/// D_pref: prompts answered by π_ref, and prompts whose answers are truncated; `None` without any.
fn skewed_data(
    spec: &LengthSpec,
    reference: &[f64],
    fraction: f64,
) -> Result<Option<DataLaw>, ProblemError> {
    if fraction == 0.0 {
        return Ok(None);
    }
    let truncated = truncation::truncated(&spec.truncation, reference)?;
    let parts = [(1.0 - fraction, reference.to_vec()), (fraction, truncated)];
    let parts = parts.into_iter().filter(|(share, _)| *share > 0.0).collect();
    Ok(Some(DataLaw::mixture(parts)))
}

#[cfg(test)]
mod tests;
