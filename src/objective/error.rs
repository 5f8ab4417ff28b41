//! The one error of this floor, and the gates that raise it.

/// A parameter of an objective that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {given}; allowed is {allowed}: {remedy}")]
pub struct ObjectiveError {
    /// The key as written in a scenario.
    pub key: &'static str,
    /// What was given.
    pub given: String,
    /// What is allowed.
    pub allowed: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// Passes a value that `holds`; NaN must make `holds` false.
pub(super) fn gate(
    holds: bool,
    key: &'static str,
    value: f64,
    allowed: &'static str,
    remedy: &'static str,
) -> Result<f64, ObjectiveError> {
    if holds {
        return Ok(value);
    }
    Err(ObjectiveError { key, given: value.to_string(), allowed, remedy })
}

/// Passes a finite number above zero.
pub(super) fn positive(
    key: &'static str,
    value: f64,
    remedy: &'static str,
) -> Result<f64, ObjectiveError> {
    let holds = value > 0.0 && value.is_finite();
    gate(holds, key, value, "a finite number above zero", remedy)
}

/// Passes zero or a finite number above it.
pub(super) fn non_negative(
    key: &'static str,
    value: f64,
    remedy: &'static str,
) -> Result<f64, ObjectiveError> {
    let holds = value >= 0.0 && value.is_finite();
    gate(holds, key, value, "zero or a finite number above it", remedy)
}
