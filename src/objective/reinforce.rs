//! REINFORCE, and with a leave-one-out baseline RLOO.

use super::error::non_negative;
use super::kl::add_penalty;
use super::likelihood::{entropy_bonus, pull};
use super::{BaselineSpec, Group, KlSpec, Ledger, Objective, ObjectiveError, Unit};
use serde::{Deserialize, Serialize};

/// REINFORCE as written: `objective.reinforce = { baseline = "leave-one-out" }` is RLOO.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReinforceSpec {
    /// What is subtracted from a reward.
    ///
    /// *Reading* `batch-mean` pushes about half of the responses down; `leave-one-out` is RLOO and
    /// needs C of 2 or more.
    ///
    /// *Wrong* `none` with rewards of 0 to 1 never pushes, with lengths (below 0) only pushes:
    /// negative_gradient_mass tells.
    pub baseline: BaselineSpec,
    /// Whether the advantages of a round are brought to mean 0 and standard deviation 1.
    ///
    /// *Reading* Takes the scale of the reward out: the same learning rate serves bumps and
    /// lengths.
    ///
    /// *Wrong* Near the end it blows tiny differences up to size 1, and a policy that has arrived
    /// keeps jittering.
    pub standardise: bool,
    /// The weight α of the entropy of the policy (reward units per nat); on-policy data only.
    ///
    /// *Reading* Reward units for a nat of entropy: small against differences in reward it only
    /// slows the collapse onto one arm.
    ///
    /// *Wrong* Large against them it wins: entropy rises towards 4.6 nats (100 arms alike) and
    /// gold_reward falls.
    pub entropy_bonus: f64,
    /// A penalty for departing from π_ref; on-policy data only.
    ///
    /// *Reading* As PPO's; with k1 in the reward it is RLOO as published for RLHF.
    ///
    /// *Wrong* As PPO's: left out on a learned reward nothing keeps the policy where that reward is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl: Option<KlSpec>,
}

/// The policy gradient: log-likelihood weighted by the advantage.
///
/// *Formula*
/// ```text
/// ℓ = −A·log π(y) + α·log π(y)   (+ a KL penalty)
/// ```
/// *where* A is the response's advantage (its reward less the `baseline`), α the entropy bonus; the loss is a mean
/// over responses.
/// *Gradient* c = −A + α·(1 + log π(y)): a response below the baseline is pushed down.
///
/// *Reading* Read gold_reward and not the loss, which hovers around 0. About half of the responses
/// are pushed down with a mean baseline (negative_gradient_fraction). On R1, tuned, it passes 0.9
/// after ten steps, level with PPO at T = 1.
///
/// *Wrong* The reward falls after a good start when a round is reused: nothing bounds the ratio to
/// old samples, so use PPO or passes = 1. Offline it pushes down whatever lies below the mean
/// without an end: on Mode Length it diverged. Without a baseline and with rewards below 0
/// everything is pushed down.
///
/// *Source* arXiv 2404.14367, §3 and Table 1; RLOO: arXiv 2402.14740.
/// *Numerics* linear in log π.
/// *Deviations* none.
#[derive(Debug, Clone, Copy)]
pub struct Reinforce {
    entropy_bonus: f64,
    kl: Option<KlSpec>,
}

impl Reinforce {
    /// Checks the parameters; the advantages are computed once per round, outside.
    pub fn new(spec: ReinforceSpec) -> Result<Self, ObjectiveError> {
        spec.kl.map_or(Ok(()), |kl| kl.check())?;
        Ok(Reinforce { entropy_bonus: entropy_gate(spec.entropy_bonus)?, kl: spec.kl })
    }
}

/// The one gate of `entropy_bonus`.
pub(super) fn entropy_gate(value: f64) -> Result<f64, ObjectiveError> {
    non_negative("entropy_bonus", value, "0, the default, switches it off")
}

impl Objective for Reinforce {
    fn unit(&self) -> Unit {
        Unit::Response
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        for (i, &advantage) in group.advantage.iter().enumerate() {
            let weight = group.weight(i);
            let loss = pull(group, ledger, i, weight * advantage);
            let bonus = entropy_bonus(group, ledger, i, self.entropy_bonus);
            let penalty = add_penalty(group, ledger, (i, weight), self.kl);
            ledger.book(loss + bonus + penalty);
            ledger.count(weight);
        }
    }
}
