//! A critic: what the rest of a response is worth, advantages token by token, and the loss that teaches it.

use super::ObjectiveError;
use super::error::{gate, positive};
use serde::{Deserialize, Serialize};

/// A critic as written: `objective.ppo.critic = {}`, or `objective.ppo.critic = { gae_lambda = 0.9 }`.
///
/// *Formula*
/// ```text
/// δ_t = r_t + γ·V_{t+1} − V_t,   A_t = δ_t + γ·λ·A_{t+1},   R_t = A_t + V_t   (V and A are 0 behind the end)
/// ℓ_V = ½·(V_t − R_t)²/d²,   a mean over the tokens of the minibatch
/// ```
/// *where* V_t = m + d·v(x, y_<t) is the worth of what is still to come before token t, v a number for each
/// token from a second network with a head, m and d the mean and standard deviation of the first round's
/// rewards; the reward stands at the last token, and a KL penalty in the reward at each. V, A and R are those
/// of when the round began.
///
/// *Source* arXiv 1506.02438, eq. 16; the value loss and its clip: arXiv 2005.12729, §3.
/// *Deviations* v begins at 0, so that the first round's baseline is its mean; m and d stay, so that one
/// learning rate serves rewards of any scale. A response that was cut counts as one that ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CriticSpec {
    /// The factor γ by which a token's reward counts less for each token before it.
    ///
    /// *Reading* 1 is usual: the reward comes once, at the end.
    ///
    /// *Wrong* Below 1 early tokens of long responses hear little of the reward: lengths are then shaped by γ
    /// too.
    pub discount: f64,
    /// The weight λ of what came later against what the critic says of it.
    ///
    /// *Reading* 1: the reward itself, less the value before the token; 0: only the next value. In between
    /// noise is traded for the critic's error.
    ///
    /// *Wrong* Low while explained_variance is near 0: the policy follows a critic that knows nothing.
    pub gae_lambda: f64,
    /// How far a value may move in a round before its loss stops pulling (deviations of the first round's
    /// rewards).
    ///
    /// *Reading* 0.2 is usual where rounds are used again; left out nothing is held.
    ///
    /// *Wrong* Small with one pass a round: nothing is reached, since each round begins from the value as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_clip: Option<f64>,
    /// The critic's own learning rate; its other settings are those of the policy's optimizer.
    ///
    /// *Reading* Left out it is the policy's. A critic that leads its policy gives better advantages.
    ///
    /// *Wrong* explained_variance stays at 0 (too low) or falls far below it (too high).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
}

impl Default for CriticSpec {
    fn default() -> Self {
        CriticSpec { discount: 1.0, gae_lambda: 0.95, value_clip: None, learning_rate: None }
    }
}

impl CriticSpec {
    /// Checks the numbers.
    pub fn check(&self) -> Result<(), ObjectiveError> {
        const SHARE: &str = "a number from 0 to 1";
        let share = |x: f64| (0.0..=1.0).contains(&x);
        let (discount, lambda) = (self.discount, self.gae_lambda);
        gate(share(discount), "critic.discount", discount, SHARE, "1 is the default")?;
        gate(share(lambda), "critic.gae_lambda", lambda, SHARE, "0.95 is the default")?;
        if let Some(clip) = self.value_clip {
            positive("critic.value_clip", clip, "0.2 is usual; without it nothing is held")?;
        }
        match self.learning_rate {
            Some(rate) => {
                positive("critic.learning_rate", rate, "without it it is the policy's").map(drop)
            }
            None => Ok(()),
        }
    }

    /// The generalised advantages of one response: `rewards: [tokens]`, `values: [tokens]`, reward units.
    pub fn advantages(&self, rewards: &[f64], values: &[f64]) -> Vec<f64> {
        let mut advantages = vec![0.0; rewards.len()];
        let (mut next_value, mut next_advantage) = (0.0, 0.0);
        for t in (0..rewards.len()).rev() {
            let delta = rewards[t] + self.discount * next_value - values[t];
            advantages[t] = delta + self.discount * self.gae_lambda * next_advantage;
            (next_value, next_advantage) = (values[t], advantages[t]);
        }
        advantages
    }

    /// The loss of a value v and its slope, with the value when the round began and the return, all in
    /// deviations of the first round's rewards.
    ///
    /// *Formula* ½·max((v − R)², (v_old + clip(v − v_old, ±value_clip) − R)²)
    pub fn value_loss(&self, value: f64, old: f64, wanted: f64) -> (f64, f64) {
        let error = value - wanted;
        let free = 0.5 * error * error;
        let Some(clip) = self.value_clip else { return (free, error) };
        let held = old + (value - old).clamp(-clip, clip) - wanted;
        let clipped = 0.5 * held * held;
        if free >= clipped { (free, error) } else { (clipped, 0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(discount: f64, gae_lambda: f64) -> CriticSpec {
        CriticSpec { discount, gae_lambda, ..CriticSpec::default() }
    }

    fn close(found: &[f64], wanted: &[f64]) {
        let alike = found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(found.len() == wanted.len() && alike, "{found:?} {wanted:?}");
    }

    /// By hand, γ = 1, λ = 0.95: δ = (−0.02 + 0.4 − 0.5, −0.01 + 0.3 − 0.4, 1 − 0.3) = (−0.12, −0.11, 0.7);
    /// A₃ = 0.7, A₂ = −0.11 + 0.95·0.7 = 0.555, A₁ = −0.12 + 0.95·0.555 = 0.40725.
    #[test]
    fn generalised_advantages_by_hand() {
        let found = spec(1.0, 0.95).advantages(&[-0.02, -0.01, 1.0], &[0.5, 0.4, 0.3]);
        close(&found, &[0.407_25, 0.555, 0.7]);
    }

    /// At λ = 1 the values in between cancel: A_t = Σ_{s ≥ t} γ^(s − t)·r_s − V_t. At λ = 0 only the next
    /// value is read.
    #[test]
    fn the_ends_of_lambda_are_the_return_and_one_step() {
        let (rewards, values) = ([0.5, -1.0, 2.0], [0.3, 0.7, -0.2]);
        let returns = [0.5 - 0.9 + 0.81 * 2.0, -1.0 + 0.9 * 2.0, 2.0];
        let wanted: Vec<f64> = returns.iter().zip(values).map(|(r, v)| r - v).collect();
        close(&spec(0.9, 1.0).advantages(&rewards, &values), &wanted);
        let one_step = [0.5 + 0.9 * 0.7 - 0.3, -1.0 - 0.9 * 0.2 - 0.7, 2.0 + 0.2];
        close(&spec(0.9, 0.0).advantages(&rewards, &values), &one_step);
    }

    #[test]
    fn the_value_loss_has_the_slope_of_its_differences() {
        for value_clip in [None, Some(0.2)] {
            let critic = CriticSpec { value_clip, ..CriticSpec::default() };
            for (value, old, wanted) in
                [(0.1, 0.0, 1.0), (0.5, 0.0, 1.0), (0.5, 0.0, 0.1), (-0.4, 0.0, 0.3)]
            {
                let step = 1e-6;
                let at = |v: f64| critic.value_loss(v, old, wanted).0;
                let slope = (at(value + step) - at(value - step)) / (2.0 * step);
                assert!((critic.value_loss(value, old, wanted).1 - slope).abs() < 1e-9);
            }
        }
        // 0.5 is beyond the clip and on its way to 1: (0.2 − 1)²/2 is larger and constant.
        let clipped = CriticSpec { value_clip: Some(0.2), ..CriticSpec::default() };
        assert!((clipped.value_loss(0.5, 0.0, 1.0).0 - 0.32).abs() < 1e-12);
        assert_eq!(clipped.value_loss(0.5, 0.0, 1.0).1, 0.0);
    }
}
