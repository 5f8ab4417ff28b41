//! What departing from π_ref costs: estimators of KL(π‖π_ref) in the loss or in the reward.

use super::error::{non_negative, positive};
use super::{Group, Ledger, ObjectiveError};
use serde::{Deserialize, Serialize};

/// The largest |log π − log π_ref| of a token whose ratio is formed (nats).
const LOG_RATIO_LIMIT: f64 = 40.0;
/// How far one round may move an adaptive coefficient at most, before its share of the horizon.
pub const ADAPTIVE_LIMIT: f64 = 0.2;

/// A penalty for departing from π_ref, as written: `objective.ppo.kl = { coefficient = 0.05 }`.
///
/// *Formula*
/// ```text
/// loss:    ℓ += c·Σ_t k(d_t),          d_t = log π(y_t) − log π_ref(y_t)
/// reward:  r − c·Σ_t k(d_t)            with π as it was when the round began
/// ```
/// *Source* k1, k2, k3: J. Schulman, *Approximating KL divergence* (2020); in the reward: arXiv 2203.02155;
/// k3 in the loss: arXiv 2402.03300, eq. 4; adaptive: arXiv 1909.08593, §2.2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KlSpec {
    /// The weight c of the penalty (reward units per nat); with a target the first one.
    ///
    /// *Reading* A reward of one unit is worth 1/c nats of departure: with lengths as rewards 0.05 pays 20
    /// nats for a token.
    ///
    /// *Wrong* `kl` grows as if nothing held it: c is small against the differences in reward. gold_reward
    /// stands still: it is large against them.
    pub coefficient: f64,
    /// How the divergence of a token is estimated.
    ///
    /// *Reading* All agree near π_ref; far from it k1 is linear, k2 a parabola, k3 exponential on tokens that
    /// the policy has given up.
    ///
    /// *Wrong* k1 in the loss: its gradient has the expectation 0, so that nothing is held.
    #[serde(default)]
    pub estimator: KlEstimator,
    /// Where the penalty stands.
    ///
    /// *Reading* In the reward it is part of the advantage, fixed when the round is drawn; in the loss it acts
    /// on every pass, token by token.
    ///
    /// *Wrong* In the reward with standardised advantages: the scale of c is divided out with the rewards'.
    #[serde(default)]
    pub place: KlPlace,
    /// The divergence that an adaptive coefficient is to hold (nats per response).
    ///
    /// *Reading* c rises in rounds whose divergence is above it and falls below; kl_coefficient shows it.
    ///
    /// *Wrong* c swings for ever: the horizon is short against the rounds. Without a target c stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// Over how many responses an adaptive coefficient may change by a fifth.
    ///
    /// *Reading* Rounds of B responses change c by at most 0.2·B/horizon of itself.
    ///
    /// *Wrong* Shorter than a round: c jumps by more than a fifth at once and overshoots.
    #[serde(default = "horizon", skip_serializing_if = "is_usual_horizon")]
    pub horizon: f64,
}

fn horizon() -> f64 {
    10_000.0
}
fn is_usual_horizon(value: &f64) -> bool {
    *value == horizon()
}

/// `kl.estimator`: an estimate of a token's divergence from d = log π − log π_ref, y ~ π.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KlEstimator {
    /// d: unbiased, of either sign.
    ///
    /// *Reading* The usual one in the reward: its sum over tokens is the response's log-ratio.
    ///
    /// *Wrong* In the loss it holds nothing: E[∇ log π] = 0.
    K1,
    /// d²/2: never below 0, little spread, biased far from π_ref.
    ///
    /// *Reading* In the loss its gradient d·∇ log π is that of the divergence itself, in expectation.
    ///
    /// *Wrong* As a number it overstates large divergences.
    K2,
    /// e^(−d) − 1 + d: unbiased and never below 0.
    ///
    /// *Reading* GRPO's. In the loss its gradient is, in expectation, that of the other divergence, KL(π_ref‖π):
    /// E_π[(1 − e^(−d))·∇ log π] = −E_ref[∇ log π]. It keeps what π_ref does covered.
    ///
    /// *Wrong* A token that π has nearly given up (d far below 0) outweighs all others: see grad_norm.
    #[default]
    K3,
}

/// `kl.place`: where a penalty stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KlPlace {
    /// In the loss.
    ///
    /// *Reading* Differentiated through log π, token by token, in every pass.
    ///
    /// *Wrong* With k1 its gradient is noise around 0.
    #[default]
    Loss,
    /// In the reward, before the baseline.
    ///
    /// *Reading* A policy gradient of r − c·k: of k1 that is the gradient of the divergence.
    ///
    /// *Wrong* `gold_reward` is without it: the curve may fall while the penalised reward rises.
    Reward,
}

impl KlEstimator {
    /// The estimate at d and its slope.
    ///
    /// *Numerics* d is held at −40 nats below, where k3 is e⁴⁰ and its slope 0.
    pub fn at(self, d: f64) -> (f64, f64) {
        match self {
            KlEstimator::K1 => (d, 1.0),
            KlEstimator::K2 => (0.5 * d * d, d),
            KlEstimator::K3 => {
                let held = d.max(-LOG_RATIO_LIMIT);
                let inverse = (-held).exp();
                let slope = if d < -LOG_RATIO_LIMIT { 0.0 } else { 1.0 - inverse };
                ((-held).exp_m1() + held, slope)
            }
        }
    }
}

impl KlSpec {
    /// Checks the numbers.
    pub fn check(&self) -> Result<(), ObjectiveError> {
        non_negative("kl.coefficient", self.coefficient, "0.05 is a beginning")?;
        positive("kl.horizon", self.horizon, "10000 is the default")?;
        match self.target {
            Some(target) => positive("kl.target", target, "6 nats is a beginning").map(drop),
            None => Ok(()),
        }
    }

    /// Whether it reads the policy as it was when the round began.
    pub fn reads_old(&self) -> bool {
        self.place == KlPlace::Reward || self.target.is_some()
    }

    /// The coefficient of the next round, after one of so many responses and this mean divergence (nats per
    /// response).
    ///
    /// *Formula* c ← c·(1 + clip(KL/target − 1, ±0.2)·B/horizon); without a target c stays.
    pub fn next(&self, coefficient: f64, divergence: f64, responses: usize) -> f64 {
        let Some(target) = self.target else { return coefficient };
        let error = (divergence / target - 1.0).clamp(-ADAPTIVE_LIMIT, ADAPTIVE_LIMIT);
        coefficient * (1.0 + error * responses as f64 / self.horizon)
    }
}

/// Adds a penalty in the loss on response `i`, each token with this weight; returns what it adds to the loss.
pub(super) fn add_penalty(
    group: &Group<'_>,
    ledger: &mut Ledger<'_>,
    (i, weight): (usize, f64),
    kl: Option<KlSpec>,
) -> f64 {
    let Some(KlSpec { estimator, place: KlPlace::Loss, .. }) = kl else { return 0.0 };
    let scale = weight * group.kl_coefficient;
    let mut loss = 0.0;
    for t in group.tokens(i) {
        let (value, slope) = estimator.at(group.log_pi[t] - group.log_ref_tokens[t]);
        loss += scale * value;
        ledger.push_token(t, scale * slope);
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [KlEstimator; 3] = [KlEstimator::K1, KlEstimator::K2, KlEstimator::K3];

    /// e^(−0.3) − 1 + 0.3 = 0.040818.
    #[test]
    fn estimates_at_three_tenths_are_those_by_hand() {
        for (estimator, wanted) in ALL.into_iter().zip([0.3, 0.045, 0.040_818_220_681_717_86]) {
            assert!((estimator.at(0.3).0 - wanted).abs() < 1e-15, "{estimator:?}");
        }
        assert!(ALL.iter().all(|k| [-700.0, 700.0].iter().all(|d| k.at(*d).0.is_finite())));
    }

    #[test]
    fn slopes_are_those_of_the_estimates() {
        for estimator in ALL {
            for d in [-3.0, -0.4, 0.0, 0.7, 5.0] {
                let step = 1e-5;
                let wanted = (estimator.at(d + step).0 - estimator.at(d - step).0) / (2.0 * step);
                assert!((estimator.at(d).1 - wanted).abs() < 1e-6, "{estimator:?} {d}");
            }
        }
    }

    /// Two arms, π = (0.7, 0.3), π_ref = (0.4, 0.6): Σ π·k = KL for k1 and k3.
    #[test]
    fn k1_and_k3_are_unbiased() {
        let (p, q) = ([0.7f64, 0.3], [0.4f64, 0.6]);
        let divergence: f64 = p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum();
        for estimator in [KlEstimator::K1, KlEstimator::K3] {
            let mean: f64 = p.iter().zip(&q).map(|(p, q)| p * estimator.at((p / q).ln()).0).sum();
            assert!((mean - divergence).abs() < 1e-15, "{estimator:?} {mean} {divergence}");
        }
    }

    /// 100 responses of a horizon of 1000: a tenth of clip(9/6 − 1) = 0.2, of clip(6.6/6 − 1) = 0.1, of −0.2.
    #[test]
    fn the_coefficient_follows_the_divergence() {
        let fixed = KlSpec {
            coefficient: 0.5,
            estimator: KlEstimator::K1,
            place: KlPlace::Reward,
            target: None,
            horizon: 1000.0,
        };
        let adaptive = KlSpec { target: Some(6.0), ..fixed };
        for (divergence, wanted) in [(9.0, 0.51), (6.6, 0.505), (6.0, 0.5), (-1.0, 0.49)] {
            assert!((adaptive.next(0.5, divergence, 100) - wanted).abs() < 1e-12, "{divergence}");
        }
        assert_eq!(fixed.next(0.5, 9.0, 100), 0.5);
    }
}
