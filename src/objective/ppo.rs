//! Proximal policy optimisation.

use super::error::positive;
use super::kl::add_penalty;
use super::likelihood::entropy_bonus;
use super::reinforce::entropy_gate;
use super::{BaselineSpec, CriticSpec, Group, KlSpec, Ledger, Objective, ObjectiveError, Unit};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest |log π − log π_old| of a token whose ratio is formed (nats).
const LOG_RATIO_LIMIT: f64 = 40.0;

/// PPO as written: `objective.ppo = { ratio_clip = 0.2 }`, or `ratio_clip = "none"`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PpoSpec {
    /// How far the ratio π/π_old may move before its gain is cut off.
    ///
    /// *Reading* It acts only on reused or stale samples: at T = 1 and M = B it changes nothing.
    /// "none" shows what it is for (T = 64 on R1: 0.22 less).
    ///
    /// *Wrong* Small values (0.01) stop each round after one step; grad_norm is then 0 for the
    /// rest of the passes. Per step a large T is slow with it.
    pub ratio_clip: RatioClip,
    /// What is subtracted from a reward.
    ///
    /// *Reading* As for REINFORCE; advantages are fixed when a round is drawn and stay so over its
    /// passes.
    ///
    /// *Wrong* `running-mean` lags where rewards rise quickly: nearly all advantages are positive,
    /// and little is pushed down.
    pub baseline: BaselineSpec,
    /// Whether the advantages of a round are brought to mean 0 and standard deviation 1.
    ///
    /// *Reading* Unit advantages make the ratio clip mean the same in every round.
    ///
    /// *Wrong* A round of nearly equal rewards is blown up to size 1 too: at the end of a run
    /// noise moves as much as signal did.
    pub standardise: bool,
    /// The weight α of the entropy of the policy (reward units per nat); on-policy data only.
    ///
    /// *Reading* Delays the collapse onto one arm, which at T > 1 comes early; refused for offline
    /// data.
    ///
    /// *Wrong* A policy that stays spread out at the end: lower it, since it has no schedule of
    /// its own.
    pub entropy_bonus: f64,
    /// A penalty for departing from π_ref; on-policy data only.
    ///
    /// *Reading* What RLHF adds to PPO: k1 in the reward, as first published, or k3 in the loss.
    ///
    /// *Wrong* Left out on a learned reward: nothing keeps the policy where that reward is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl: Option<KlSpec>,
    /// A critic, whose values are the baseline, token by token; of language models only.
    ///
    /// *Reading* Each token hears how the rest turned out against what was to be expected before it, where a
    /// baseline of the round says the same to all tokens of a response.
    ///
    /// *Wrong* explained_variance near 0 all the way: the critic knows no more than a mean, and costs a second
    /// network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critic: Option<CriticSpec>,
}

/// The ε of the clipped ratio: a number, or the word `"none"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RatioClip {
    /// The ratio is never clipped.
    None,
    /// The ratio is clipped to 1 ± ε.
    Within(f64),
}

impl Default for RatioClip {
    fn default() -> Self {
        RatioClip::Within(0.2)
    }
}

impl Serialize for RatioClip {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            RatioClip::None => serializer.serialize_str("none"),
            RatioClip::Within(epsilon) => serializer.serialize_f64(*epsilon),
        }
    }
}

impl<'de> Deserialize<'de> for RatioClip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RatioClipVisitor)
    }
}

/// Reads a number or the word.
struct RatioClipVisitor;

impl Visitor<'_> for RatioClipVisitor {
    type Value = RatioClip;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number above zero or \"none\"")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<RatioClip, E> {
        Ok(RatioClip::Within(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<RatioClip, E> {
        Ok(RatioClip::Within(value as f64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<RatioClip, E> {
        Ok(RatioClip::Within(value as f64))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<RatioClip, E> {
        match value {
            "none" => Ok(RatioClip::None),
            other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
        }
    }
}

/// The clipped surrogate of the policy gradient, token by token.
///
/// *Formula*
/// ```text
/// ℓ = Σ_t max(−A·ρ_t, −A·clip(ρ_t, 1 − ε, 1 + ε)) + α·log π(y),   ρ_t = π(y_t)/π_old(y_t)
///     (+ a KL penalty)
/// ```
/// *where* A is the response's advantage, or the token's where there is a critic (`objective.ppo.critic`), π_old the
/// policy when the round began, ε the `ratio_clip`, α the entropy bonus; the loss sums over tokens and is a
/// mean over responses.
/// *Gradient* c_t = −A·ρ_t while the ratio is not clipped, else 0; π_old is a constant. Where
/// π = π_old this is REINFORCE.
///
/// *Reading* At T = 1 and M = B every ratio is 1 and it is REINFORCE. The clip matters when a round
/// is used again: on R1 at equal queries T = 64 earns what T = 8 does with it, and 0.22 less
/// without it. Read gold_reward against queries as well as steps.
///
/// *Wrong* Per step a large T is slow: once a ratio leaves 1 ± ε its gain has no gradient, so later
/// passes hardly move and grad_norm goes to 0 (T = 8 cost 9 tokens of the mean over the run on Min
/// Length). Lower passes or B, or widen ratio_clip. With SGD at its tuned rate single seeds broke
/// away on Mode Length.
///
/// *Source* arXiv 1707.06347, eq. 7; arXiv 2404.14367, Table 1.
/// *Numerics* log ρ_t is held within ±40 nats, so that ρ_t ≤ 2.4e17 even against a collapsed
/// policy; beyond it the loss is constant and c_t = 0.
/// *Deviations* the sum over tokens (not their mean) makes a response's coefficient that of its
/// sequence log-probability.
#[derive(Debug, Clone, Copy)]
pub struct Ppo {
    ratio_clip: RatioClip,
    entropy_bonus: f64,
    kl: Option<KlSpec>,
}

impl Ppo {
    /// Checks the parameters; the advantages are computed once per round, outside.
    pub fn new(spec: PpoSpec) -> Result<Self, ObjectiveError> {
        if let RatioClip::Within(epsilon) = spec.ratio_clip {
            positive("ratio_clip", epsilon, "0.2 is the default; \"none\" clips nothing")?;
        }
        let entropy_bonus = entropy_gate(spec.entropy_bonus)?;
        spec.kl.map_or(Ok(()), |kl| kl.check())?;
        spec.critic.map_or(Ok(()), |critic| critic.check())?;
        Ok(Ppo { ratio_clip: spec.ratio_clip, entropy_bonus, kl: spec.kl })
    }

    /// Adds the clipped terms of response `i`'s tokens, each with a weight; returns their loss.
    pub(super) fn add_tokens(
        &self,
        group: &Group<'_>,
        ledger: &mut Ledger<'_>,
        (i, weight): (usize, f64),
    ) -> f64 {
        let mut loss = 0.0;
        for t in group.tokens(i) {
            let advantage = group.advantage_at(i, t);
            let (value, slope) = self.token(group.log_pi[t] - group.log_old[t], advantage);
            loss += weight * value;
            ledger.push_token(t, weight * slope);
        }
        loss
    }

    /// The loss of one token and its coefficient.
    fn token(&self, log_ratio: f64, advantage: f64) -> (f64, f64) {
        let ratio = log_ratio.clamp(-LOG_RATIO_LIMIT, LOG_RATIO_LIMIT).exp();
        let free = -advantage * ratio;
        let slope = if log_ratio.abs() <= LOG_RATIO_LIMIT { free } else { 0.0 };
        let RatioClip::Within(epsilon) = self.ratio_clip else {
            return (free, slope);
        };
        let clipped = -advantage * ratio.clamp(1.0 - epsilon, 1.0 + epsilon);
        if free >= clipped { (free, slope) } else { (clipped, 0.0) }
    }
}

impl Objective for Ppo {
    fn unit(&self) -> Unit {
        Unit::Response
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        for i in 0..group.responses() {
            let weight = group.weight(i);
            let loss = self.add_tokens(group, ledger, (i, weight));
            let bonus = entropy_bonus(group, ledger, i, self.entropy_bonus);
            let penalty = add_penalty(group, ledger, (i, weight), self.kl);
            ledger.book(loss + bonus + penalty);
            ledger.count(weight);
        }
    }
}
