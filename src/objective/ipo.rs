//! Identity preference optimisation.

use super::contrast::add_contrast;
use super::error::positive;
use super::{Group, Ledger, Objective, ObjectiveError, TokenSum, Unit};
use serde::{Deserialize, Serialize};

/// IPO as written: either `objective.ipo = { target_margin = 10.0 }` or `{ tau = 0.05 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IpoSpec {
    /// The regularisation τ of the IPO paper, on summed log-probabilities (per nat).
    ///
    /// *Reading* The IPO paper's number: margin = 1/(2τ), so that 0.05 is 10 nats. Small is
    /// strong.
    ///
    /// *Wrong* Taken for DPO's β (0.1) it gives a margin of 5 nats: weak. Give target_margin to
    /// see what is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tau: Option<f64>,
    /// The margin 1/(2τ) that every pair is drawn to (nats).
    ///
    /// *Reading* Its strength in nats: at rest R1 earns 0.31 at 5, 0.50 at 10, 0.72 at 20 and 0.91
    /// at 50.
    ///
    /// *Wrong* A large one on few data trusts arms seen once (−0.29 to the optimum at 50 on a
    /// thousand responses), and its first gradient is 2·margin: lower the rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_margin: Option<f64>,
    /// What the log-ratios of a response's tokens are summed to; left out: their sum.
    ///
    /// *Reading* `sum` is the log-ratio of the response, as published; with `mean` (nats per token) a long
    /// response counts no more than a short one, and the target margin is per token too.
    ///
    /// *Wrong* With `mean` the probability of the response itself is not what is compared: lengths that differ
    /// are free to drift.
    #[serde(skip_serializing_if = "TokenSum::is_sum")]
    pub tokens: TokenSum,
}

impl Default for IpoSpec {
    fn default() -> Self {
        IpoSpec { tau: None, target_margin: None, tokens: TokenSum::Sum }
    }
}

/// Least squares of the margin of every pair against one target.
///
/// *Formula*
/// ```text
/// ℓ = (h − m)²,   m = 1/(2τ)
/// h = (log π(y_w) − log π_ref(y_w)) − (log π(y_l) − log π_ref(y_l))
/// ```
/// *where* m is the target margin in nats; the loss is a mean over pairs. With `tokens = "mean"` each log-ratio
/// is divided by the tokens of its response.
/// *Gradient* c(y_w) = 2·(h − m) = −c(y_l): past the target the pair is pulled together again.
///
/// *Reading* The margin of every pair is drawn to m = 1/(2τ) nats: read the metric margin against
/// it. Its optimum is π_ref·exp(m·(P(r′ < r) − P(r′ > r))): on R1 a reward of 0.31 for m = 5, 0.50
/// for 10, 0.72 for 20 and 0.91 for 50.
///
/// *Wrong* It rests well below the peak: the margin is its strength, raise target_margin. A large
/// margin trusts the few arms that were seen: margin 50 on a thousand responses of R1 ended 0.29
/// below its optimum. Its loss starts at m², so gradients are large: 100 nats² at m = 10; with SGD
/// lower the learning rate.
///
/// *Source* arXiv 2310.12036, eq. 17.
/// *Numerics* a polynomial: finite at log-ratios of ±700.
/// *Deviations* the parameter is `tau` or `target_margin`, never a bare `beta`, which has meant
/// four different things in released code.
#[derive(Debug, Clone, Copy)]
pub struct Ipo {
    target_margin: f64,
    tokens: TokenSum,
}

impl Ipo {
    /// Checks that exactly one of the two parameters is given, and its range.
    pub fn new(spec: IpoSpec) -> Result<Self, ObjectiveError> {
        let either = |key, given: &str, remedy| ObjectiveError {
            key,
            given: given.into(),
            allowed: "exactly one of `tau` and `target_margin`",
            remedy,
        };
        let target_margin = match (spec.tau, spec.target_margin) {
            (None, None) => {
                let given = "missing, and so is `tau`";
                return Err(either("target_margin", given, "give one, say target_margin = 10"));
            }
            (Some(_), Some(_)) => {
                let given = "given beside `target_margin`";
                return Err(either("tau", given, "remove one: target_margin = 1/(2 tau)"));
            }
            (Some(tau), None) => 0.5 / positive("tau", tau, "0.05 is a target margin of 10")?,
            (None, Some(margin)) => margin,
        };
        let remedy = "10 is the margin of the released bandits; it is 1/(2 tau)";
        let target_margin = positive("target_margin", target_margin, remedy)?;
        Ok(Ipo { target_margin, tokens: spec.tokens })
    }

    /// The margin m that every pair is drawn to (nats).
    pub fn target_margin(&self) -> f64 {
        self.target_margin
    }
}

impl Objective for Ipo {
    fn unit(&self) -> Unit {
        Unit::Pair
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        add_contrast(group, ledger, self.tokens, |margin| {
            let excess = margin - self.target_margin;
            (excess * excess, 2.0 * excess)
        });
    }
}
