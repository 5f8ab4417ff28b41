//! Direct preference optimisation.

use super::contrast::add_contrast;
use super::error::{gate, positive};
use super::{Group, Ledger, Objective, ObjectiveError, TokenSum, Unit};
use crate::numerics::{log_sigmoid, sigmoid};
use serde::{Deserialize, Serialize};

/// DPO as written: `objective.dpo = { beta = 0.1 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DpoSpec {
    /// The reward per nat of log-ratio: the smaller, the further the policy moves.
    ///
    /// *Reading* Small goes far: the push on a pair has halved at a margin of 1.1/β nats. On Min
    /// Length β = 0.003 went furthest of all strengths.
    ///
    /// *Wrong* Too small: single seeds break away to the longest responses. Too large: the push
    /// fades before the peak is reached; 0.3 and more went wrong on one length problem or another.
    pub beta: f64,
    /// The assumed share of flipped labels (conservative DPO).
    ///
    /// *Reading* With ε above 0 the margin has a finite optimum, log((1 − ε)/ε)/β: 22 nats at 0.1
    /// and β = 0.1.
    ///
    /// *Wrong* Above the true rate of wrong labels it stops short; at 0 with noisy labels single
    /// pairs are trusted without a limit.
    pub label_smoothing: f64,
    /// What the log-ratios of a response's tokens are summed to; left out: their sum.
    ///
    /// *Reading* `sum` is the log-ratio of the response, as published; with `mean` (nats per token) a long
    /// response counts no more than a short one, and beta is per token too.
    ///
    /// *Wrong* With `mean` the probability of the response itself is not what is compared: lengths that differ
    /// are free to drift.
    #[serde(skip_serializing_if = "TokenSum::is_sum")]
    pub tokens: TokenSum,
}

impl Default for DpoSpec {
    fn default() -> Self {
        DpoSpec { beta: 0.1, label_smoothing: 0.0, tokens: TokenSum::Sum }
    }
}

/// Logistic regression of the preferences on the implicit reward β·log(π/π_ref).
///
/// *Formula*
/// ```text
/// ℓ = −(1 − ε)·log σ(βh) − ε·log σ(−βh)
/// h = (log π(y_w) − log π_ref(y_w)) − (log π(y_l) − log π_ref(y_l))
/// ```
/// *where* ε is the label smoothing; the loss is a mean over pairs. With `tokens = "mean"` each log-ratio is
/// divided by the tokens of its response.
/// *Gradient* c(y_w) = −β·[(1 − ε)·σ(−βh) − ε·σ(βh)] = −c(y_l): the rejected response is pushed
/// down as hard as the chosen one is pulled up.
///
/// *Reading* The loss starts at ln 2 = 0.69 and falls as the margin grows; a pair slows down once
/// βh is a few units. The smaller β, the further the policy goes. With exact labels it has no
/// optimum at a finite margin; offline it went furthest of all on Min Length (half of the seeds to
/// 0, the others to 50 to 110 tokens).
///
/// *Wrong* Both log-ratios fall: it may lower the chosen response as long as the rejected one falls
/// faster, and the mass goes to responses in no pair, to 400 tokens and more on Skew Length with
/// local bumps. Raise β, use policy.stop.features = "both", or pairs that differ more. One wrong
/// label in twenty stops it near 70 tokens. On-policy at a high rate some seeds freeze beside the
/// peak.
///
/// *Source* arXiv 2305.18290, eq. 7; label smoothing: E. Mitchell's note on conservative DPO.
/// *Numerics* log σ and σ only take exponentials of numbers ≤ 0: finite at |βh| = 700.
/// *Deviations* log-probabilities are summed over tokens before the sigmoid (the released code of
/// arXiv 2404.14367 applies it per token position).
#[derive(Debug, Clone, Copy)]
pub struct Dpo {
    beta: f64,
    label_smoothing: f64,
    tokens: TokenSum,
}

impl Dpo {
    /// Checks the parameters.
    pub fn new(spec: DpoSpec) -> Result<Self, ObjectiveError> {
        let beta = positive("beta", spec.beta, "0.1 is the default")?;
        let smoothing = spec.label_smoothing;
        let label_smoothing = gate(
            (0.0..0.5).contains(&smoothing),
            "label_smoothing",
            smoothing,
            "a share from 0 to below 0.5",
            "0, the default, trusts every label",
        )?;
        Ok(Dpo { beta, label_smoothing, tokens: spec.tokens })
    }

    /// The loss at a margin and its slope.
    fn at(&self, margin: f64) -> (f64, f64) {
        let (x, flipped) = (self.beta * margin, self.label_smoothing);
        let loss = -(1.0 - flipped) * log_sigmoid(x) - flipped * log_sigmoid(-x);
        let slope = self.beta * (flipped * sigmoid(x) - (1.0 - flipped) * sigmoid(-x));
        (loss, slope)
    }
}

impl Objective for Dpo {
    fn unit(&self) -> Unit {
        Unit::Pair
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        add_contrast(group, ledger, self.tokens, |margin| self.at(margin));
    }
}
