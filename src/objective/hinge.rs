//! The hinge loss of SLiC and RSO.

use super::contrast::add_contrast;
use super::error::positive;
use super::{Group, Ledger, Objective, ObjectiveError, TokenSum, Unit};
use serde::{Deserialize, Serialize};

/// The hinge loss as written: `objective.hinge = { beta = 0.1 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HingeSpec {
    /// The margin is reached at h = 1/β nats.
    ///
    /// *Reading* The margin 1/β is where a pair is done: 10 nats at 0.1.
    ///
    /// *Wrong* At 1 pairs are done after a nat and the policy hardly moves; grad_norm is 0 while
    /// the reward is low.
    pub beta: f64,
    /// What the log-ratios of a response's tokens are summed to; left out: their sum.
    ///
    /// *Reading* `sum` is the log-ratio of the response, as published; with `mean` (nats per token) a long
    /// response counts no more than a short one, and 1/beta is per token too.
    ///
    /// *Wrong* With `mean` the probability of the response itself is not what is compared: lengths that differ
    /// are free to drift.
    #[serde(skip_serializing_if = "TokenSum::is_sum")]
    pub tokens: TokenSum,
}

impl Default for HingeSpec {
    fn default() -> Self {
        HingeSpec { beta: 0.1, tokens: TokenSum::Sum }
    }
}

/// A pairwise loss that stops pushing once the margin is reached.
///
/// *Formula*
/// ```text
/// ℓ = max(0, 1 − βh)
/// h = (log π(y_w) − log π_ref(y_w)) − (log π(y_l) − log π_ref(y_l))
/// ```
/// *where* the loss is a mean over pairs. With `tokens = "mean"` each log-ratio is divided by the tokens of
/// its response.
/// *Gradient* c(y_w) = −β = −c(y_l) while βh < 1, else 0.
///
/// *Reading* A pair is pushed with the full slope β until h = 1/β and then not at all: the loss is
/// the mean shortfall, 1 at step 0 and 0 when every pair has its margin. Read the metric margin
/// against 1/β = 10 nats at the default.
///
/// *Wrong* The loss is 0 and the gradient too: all pairs have their margin and nothing moves,
/// although the reward may be far from its top. Lower β, which widens the margin. A loss that stays
/// near 1 means the learning rate is too low or the pairs contradict each other.
///
/// *Source* arXiv 2305.10425 (SLiC), arXiv 2309.06657 (RSO).
/// *Numerics* piecewise linear; at the kink βh = 1 the slope is 0.
/// *Deviations* none.
#[derive(Debug, Clone, Copy)]
pub struct Hinge {
    beta: f64,
    tokens: TokenSum,
}

impl Hinge {
    /// Checks the parameter.
    pub fn new(spec: HingeSpec) -> Result<Self, ObjectiveError> {
        let beta = positive("beta", spec.beta, "0.1 is the default")?;
        Ok(Hinge { beta, tokens: spec.tokens })
    }
}

impl Objective for Hinge {
    fn unit(&self) -> Unit {
        Unit::Pair
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        add_contrast(group, ledger, self.tokens, |margin| {
            let short = 1.0 - self.beta * margin;
            if short > 0.0 { (short, -self.beta) } else { (0.0, 0.0) }
        });
    }
}
