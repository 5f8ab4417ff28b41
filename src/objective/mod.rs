//! What is minimised: pure functions from log-probabilities and rewards to coefficients.
//!
//! Every method of the paper is a loss ℓ whose gradient is Σ cᵢ ∇θ log π(yᵢ) with
//! cᵢ = ∂ℓ/∂log π(yᵢ). A response with cᵢ < 0 is pulled up; one with **cᵢ > 0 is pushed down: the
//! negative gradient**. An objective is a sum of *terms* over the groups (the responses of one
//! prompt); it writes un-normalised sums and unit counts into a [`Ledger`], and the learner divides.

mod ledger;

pub use ledger::{Group, Law, Ledger, Unit};

/// A loss in coefficient form.
///
/// Weights, baselines, arg-maxima and old log-probabilities are constants of the gradient.
pub trait Objective: Send + Sync {
    /// What the loss is an average over.
    fn unit(&self) -> Unit;

    /// Adds the terms of one prompt's responses to the ledger.
    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>);
}
