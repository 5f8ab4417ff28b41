//! r_φ: a reward learned from comparisons by the Bradley–Terry model.

use super::features::{FeatureTable, RewardClass};
use crate::numerics::{Convex, log_sigmoid, minimise, sigmoid};
use serde::{Deserialize, Serialize};

/// The steepest slope that counts as none, per comparison.
const TOLERANCE: f64 = 1e-10;
/// The narrowest bumps (arms): narrower ones would leave arms without any.
const NARROWEST: f64 = 0.5;

/// `[reward_model]`: what is learned from the first preference pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardModelSpec {
    /// What it can express, and so what it says where it saw nothing.
    ///
    /// *Reading* `quadratic` extrapolates its trend, `smooth` falls back to its mean, `tabular`
    /// says nothing of what it never saw.
    ///
    /// *Wrong* On Skew the local two correlate −0.60 and −0.40 with the truth under π_ref, and PPO
    /// goes to 512 tokens; a parabola is wrong for a reward with an inner peak.
    pub class: RewardClass,
    /// The distance and the standard deviation of the bumps of `smooth` (arms).
    ///
    /// *Reading* Bumps of `smooth` reach this far: 22 arms by default.
    ///
    /// *Wrong* Narrow, it is nearly tabular; wide, it cannot bend at a peak and
    /// proxy_correlation/data falls.
    #[serde(default = "width")]
    pub width: f64,
    /// The weight of the penalty ½·ridge·‖φ‖²; each φ weighs a feature of size about 1.
    ///
    /// *Reading* Holds what the pairs leave open near its mean; 0.1 is small against 500 pairs.
    ///
    /// *Wrong* 0 is refused: with exact labels φ would grow for ever. Large values flatten r_φ,
    /// and all advantages shrink.
    #[serde(default = "ridge")]
    pub ridge: f64,
    /// How many pairs of the preference data it learns from.
    ///
    /// *Reading* 500 give a correlation of 0.99 on the data for the quadratic class.
    ///
    /// *Wrong* More pairs do not cure coverage: they fit better where the data are and say as
    /// little elsewhere.
    #[serde(default = "pairs")]
    pub pairs: usize,
}

fn width() -> f64 {
    22.0
}
fn ridge() -> f64 {
    0.1
}
fn pairs() -> usize {
    500
}

/// A reward model that cannot be learned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{key} is {given}; allowed is {allowed}")]
pub struct RewardModelError {
    /// The key below `reward_model`.
    pub key: &'static str,
    /// What was given.
    pub given: String,
    /// What is allowed, and the remedy.
    pub allowed: &'static str,
}

impl RewardModelSpec {
    /// Checks the numbers.
    pub fn check(&self) -> Result<(), RewardModelError> {
        let fault = |key, given: String, allowed| Err(RewardModelError { key, given, allowed });
        if !(self.width >= NARROWEST && self.width.is_finite()) {
            return fault("width", self.width.to_string(), "a finite number, 0.5 or above");
        }
        if !(self.ridge > 0.0 && self.ridge.is_finite()) {
            let allowed = "a finite number above 0 (without a ridge, exact labels make φ endless)";
            return fault("ridge", self.ridge.to_string(), allowed);
        }
        if self.pairs == 0 {
            return fault("pairs", "0".into(), "1 or more");
        }
        Ok(())
    }
}

/// Fits r_φ to comparisons and returns it arm by arm, in units of the labels' temperature.
///
/// *Formula*
/// ```text
/// min over φ of −Σ log σ(f(chosen) − f(rejected)) + ½·ridge·‖φ‖²,   r_φ = temperature·f + constant
/// ```
/// *where* f = φ·ψ is linear in the features ψ of its class; `comparisons` lists (chosen, rejected)
/// arms, and the result is `[arms]`. The constant, which comparisons do not tell, is left at f = 0
/// for the mean features.
/// *Source* Bradley and Terry 1952; arXiv 2404.14367, §2.
/// *Numerics* the loss is strictly convex; Newton steps are halved until it falls.
pub fn fit_reward_model(
    spec: &RewardModelSpec,
    arms: usize,
    comparisons: &[(usize, usize)],
    temperature: f64,
) -> Result<Vec<f64>, RewardModelError> {
    spec.check()?;
    let table = FeatureTable::new(spec.class, spec.width, arms);
    let fit = Fit { table: &table, comparisons, ridge: spec.ridge };
    let weights = minimise(&fit, table.features()).at;
    Ok((0..arms).map(|arm| temperature * table.value(arm, &weights)).collect())
}

/// A convex loss and its data.
struct Fit<'a> {
    table: &'a FeatureTable,
    comparisons: &'a [(usize, usize)],
    ridge: f64,
}

impl Fit<'_> {
    fn margins(&self, weights: &[f64]) -> Vec<f64> {
        let value: Vec<f64> =
            (0..self.table.arms()).map(|arm| self.table.value(arm, weights)).collect();
        self.comparisons.iter().map(|&(w, l)| value[w] - value[l]).collect()
    }
}

impl Convex for Fit<'_> {
    fn loss(&self, weights: &[f64]) -> f64 {
        let data: f64 = self.margins(weights).iter().map(|&x| log_sigmoid(x)).sum();
        0.5 * self.ridge * weights.iter().map(|w| w * w).sum::<f64>() - data
    }

    fn newton_system(&self, weights: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let count = weights.len();
        let mut descent: Vec<f64> = weights.iter().map(|w| -self.ridge * w).collect();
        let mut hessian = vec![vec![0.0; count]; count];
        (0..count).for_each(|j| hessian[j][j] = self.ridge);
        for (&(w, l), margin) in self.comparisons.iter().zip(self.margins(weights)) {
            let lost = sigmoid(-margin);
            let curvature = lost * (1.0 - lost);
            let difference = self.table.difference(w, l);
            for &(j, a) in &difference {
                descent[j] += lost * a;
                for &(k, b) in &difference {
                    hessian[j][k] += curvature * a * b;
                }
            }
        }
        (descent, hessian)
    }

    fn is_flat(&self, descent: &[f64]) -> bool {
        let flat = TOLERANCE * self.comparisons.len().max(1) as f64;
        descent.iter().all(|d| d.abs() <= flat)
    }
}

#[cfg(test)]
mod tests;
