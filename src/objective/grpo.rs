//! Group relative policy optimisation.

use super::kl::add_penalty;
use super::{Group, KlSpec, Ledger, Objective, ObjectiveError, Ppo, PpoSpec, RatioClip, Unit};
use serde::{Deserialize, Serialize};

/// GRPO as written: `objective.grpo = { kl = { coefficient = 0.04 } }`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GrpoSpec {
    /// How far the ratio π/π_old may move before its gain is cut off.
    ///
    /// *Reading* As PPO's: it acts only on reused or stale samples.
    ///
    /// *Wrong* As PPO's: small values stop a round after one step.
    pub ratio_clip: RatioClip,
    /// What a prompt's centred rewards are divided by.
    ///
    /// *Reading* `deviation` makes every prompt count alike, whatever its rewards differ by.
    ///
    /// *Wrong* With `deviation` prompts whose rewards hardly differ are blown up to size 1: noise counts as
    /// much as signal. `nothing` is the remedy (Dr. GRPO).
    pub scale: GroupScale,
    /// What a response's tokens are summed to.
    ///
    /// *Reading* `mean` is GRPO as published: a token of a long response counts less.
    ///
    /// *Wrong* With `mean` long wrong responses are punished little for each token: lengths grow. `sum` is the
    /// remedy, and PPO's way.
    pub tokens: TokenSum,
    /// A penalty for departing from π_ref.
    ///
    /// *Reading* As published: k3 in the loss, coefficient 0.04. Left out there is none.
    ///
    /// *Wrong* Left out on a learned reward: nothing keeps the policy where that reward is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl: Option<KlSpec>,
}

/// `objective.grpo.scale`: what a prompt's centred rewards are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupScale {
    /// Their standard deviation within the prompt.
    ///
    /// *Reading* Advantages of size 1 for every prompt.
    ///
    /// *Wrong* The last differences of a solved prompt are as large as the first.
    #[default]
    Deviation,
    /// Nothing: the advantage keeps the reward's units.
    ///
    /// *Reading* Prompts that differ more teach more.
    ///
    /// *Wrong* The learning rate depends on the reward's scale.
    Nothing,
}

/// `tokens` of grpo, dpo, ipo and hinge: what a response's tokens are summed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenSum {
    /// Their mean.
    ///
    /// *Reading* Responses count alike, whatever their length.
    ///
    /// *Wrong* A bias towards long responses of negative advantage.
    #[default]
    Mean,
    /// Their sum.
    ///
    /// *Reading* Tokens count alike.
    ///
    /// *Wrong* Long responses outweigh short ones of the same round.
    Sum,
}

impl TokenSum {
    /// Their sum: what losses of pairs take unless something else is written.
    pub fn is_sum(&self) -> bool {
        *self == TokenSum::Sum
    }
}

/// PPO without a critic: the baseline is the mean reward of the prompt's own responses.
///
/// *Formula*
/// ```text
/// ℓ = (1/|y|)·Σ_t [max(−A·ρ_t, −A·clip(ρ_t, 1 − ε, 1 + ε)) + c·k(d_t)]
/// A = (r − mean of the prompt)/(sd of the prompt + 1e−8),   ρ_t = π(y_t)/π_old(y_t)
/// ```
/// *where* ε is the `ratio_clip`, c·k(d_t) the KL penalty (`objective.grpo.kl`); the loss is a mean over responses.
/// *Gradient* c_t = −A·ρ_t/|y| while the ratio is not clipped, else 0, plus c·k′(d_t)/|y|.
///
/// *Reading* With one round a step it is REINFORCE with each prompt's mean as baseline. C decides how good that
/// baseline is: 4 to 16 are usual.
///
/// *Wrong* All rewards of a prompt are alike: it teaches nothing, and with `deviation` rounding teaches
/// instead. Lengths grow on their own: tokens = "sum".
///
/// *Source* arXiv 2402.03300, eq. 3; `nothing` and `sum`: arXiv 2503.20783.
/// *Numerics* as PPO; log-ratios are held at 40 nats.
/// *Deviations* the deviation is that of the population (divided by C, not C − 1).
#[derive(Debug, Clone, Copy)]
pub struct Grpo {
    clipped: Ppo,
    tokens: TokenSum,
    kl: Option<KlSpec>,
}

impl Grpo {
    /// Checks the parameters; the advantages are computed once per round, outside.
    pub fn new(spec: GrpoSpec) -> Result<Self, ObjectiveError> {
        spec.kl.map_or(Ok(()), |kl| kl.check())?;
        let clipped = Ppo::new(PpoSpec { ratio_clip: spec.ratio_clip, ..PpoSpec::default() })?;
        Ok(Grpo { clipped, tokens: spec.tokens, kl: spec.kl })
    }
}

impl Objective for Grpo {
    fn unit(&self) -> Unit {
        Unit::Response
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        for i in 0..group.responses() {
            let count = group.tokens(i).len().max(1) as f64;
            let weight = match self.tokens {
                TokenSum::Mean => group.weight(i) / count,
                TokenSum::Sum => group.weight(i),
            };
            let loss = self.clipped.add_tokens(group, ledger, (i, weight));
            let penalty = add_penalty(group, ledger, (i, weight), self.kl);
            ledger.book(loss + penalty);
            ledger.count(group.weight(i));
        }
    }
}
