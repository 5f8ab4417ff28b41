//! Two arms of equal mass that the target tells apart: the smallest case of Theorem 6.5's question.

use super::{Problem, ProblemError, SeparationSpec};

/// The mass p above which a reverse-KL step separates the two arms faster than a forward-KL step.
///
/// *Formula* the logarithmic mean `(q₁ − q₂) / ln(q₁/q₂)`
/// *where* one step of size η on the logits f changes `f₁ − f₂` by `η(q₁ − q₂)` under KL(q‖π) and by
/// `η·p·ln(q₁/q₂)` under KL(π‖q), because `Δf_i = η(q_i − p_i)` and
/// `Δf_i = η·p_i(ln(q_i/p_i) + KL(π‖q))` with `p₁ = p₂ = p`.
/// *Numerics* for `q₁ = q₂` the mean is `q₁` itself.
pub fn logarithmic_mean(q1: f64, q2: f64) -> f64 {
    let spread = (q1 / q2).ln();
    if spread == 0.0 { q1 } else { (q1 - q2) / spread }
}

/// Checks the three probabilities and sets the problem up.
pub(super) fn problem(spec: SeparationSpec) -> Result<Problem, ProblemError> {
    let SeparationSpec { p, q1, q2 } = spec;
    let fault = |key, given: f64, allowed: String| {
        Err(ProblemError::Range { key, given: given.to_string(), allowed })
    };
    if !(p > 0.0 && p < 0.5) {
        return fault("p", p, "two arms have it each: give a number between 0 and 0.5".into());
    }
    if !(q2 > 0.0 && q2 < 1.0) {
        return fault("q2", q2, "it must lie between 0 and 1".into());
    }
    if !(q1 > q2 && q1 + q2 < 1.0) {
        let allowed = format!("it must lie between q2 = {q2} and 1 − q2 = {}", 1.0 - q2);
        return fault("q1", q1, allowed);
    }
    let target = vec![q1, q2, 1.0 - q1 - q2];
    let mut problem = Problem::with_target(target.clone(), &[p, p, 1.0 - 2.0 * p], &target);
    problem.boundary = Some(logarithmic_mean(q1, q2));
    Ok(problem)
}
