//! What is minimised: pure functions from log-probabilities and rewards to coefficients.
//!
//! Every method of the paper is a loss ℓ whose gradient is Σ cᵢ ∇θ log π(yᵢ) with
//! cᵢ = ∂ℓ/∂log π(yᵢ). A response with cᵢ < 0 is pulled up; one with **cᵢ > 0 is pushed down: the
//! negative gradient**. An objective is a sum of *terms* over the groups (the responses of one
//! prompt); it writes un-normalised sums and unit counts into a [`Ledger`], and the learner divides.
//!
//! One method is one file. [`ObjectiveSpec`] is a method as written in a scenario, [`TABLE_1`] the
//! paper's taxonomy, and [`fixed_point`] the distribution at which an offline loss comes to rest.

mod error;
mod ledger;

mod contrast;
mod likelihood;

mod advantage;
mod best_of_n;
mod binary_feedme;
mod critic;
mod divergence;
mod dpo;
mod grpo;
mod hinge;
mod ipo;
mod kl;
mod ppo;
mod pref_ft;
mod reinforce;
mod rwr;
mod sft;
mod unlikelihood;

mod fixed_point;
mod spec;
mod table;

pub(crate) use advantage::standardise;
pub use advantage::{AdvantageSpec, BaselineSpec, RunningMean, Standardise};
pub use best_of_n::{BestOfN, best_of_law};
pub use binary_feedme::BinaryFeedme;
pub use critic::CriticSpec;
pub use divergence::{ForwardKl, ReverseKl};
pub use dpo::{Dpo, DpoSpec};
pub use error::ObjectiveError;
pub use fixed_point::{NoOptimum, OfflineLaw, fixed_point};
pub use grpo::{GroupScale, Grpo, GrpoSpec, TokenSum};
pub use hinge::{Hinge, HingeSpec};
pub use ipo::{Ipo, IpoSpec};
pub use kl::{ADAPTIVE_LIMIT, KlEstimator, KlPlace, KlSpec};
pub use ledger::{Group, Law, Ledger, Unit};
pub use ppo::{Ppo, PpoSpec, RatioClip};
pub use pref_ft::PrefFt;
pub use reinforce::{Reinforce, ReinforceSpec};
pub use rwr::{Rwr, RwrSpec};
pub use sft::Sft;
pub use spec::{Needs, ObjectiveSpec};
pub use table::{Family, Row, Signal, TABLE_1};
pub use unlikelihood::{Pushed, Unlikelihood, UnlikelihoodSpec};

/// A loss in coefficient form.
///
/// Weights, baselines, arg-maxima and old log-probabilities are constants of the gradient.
pub trait Objective: Send + Sync {
    /// What the loss is an average over.
    fn unit(&self) -> Unit;

    /// Adds the terms of one prompt's responses to the ledger: one term for each pair where the
    /// unit is [`Unit::Pair`], else one for each response (zero if it does not count), in order.
    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>);
}
