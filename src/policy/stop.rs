//! Stop or continue: a language model reduced to its end-of-text decision.

use super::table::{ContextFree, KeptRow};
use super::{Parameter, Scalars};
use crate::numerics::{bumps, log_sigmoids, sigmoid};
use serde::{Deserialize, Serialize};

/// The narrowest bumps (positions): narrower ones would leave positions without any.
const NARROWEST: f64 = 0.5;

/// How the decision to stop generalises from one position to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopFeatures {
    /// One bias for every position: what is learned at one length holds at all.
    #[default]
    Shared,
    /// One bias for each of several overlapping bumps: what is learned holds nearby.
    Bumps,
    /// A shared bias and bumps: what is learned holds everywhere and, more so, nearby.
    Both,
}

/// `[policy.stop]`: the features of the stop decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StopSpec {
    /// How the decision to stop generalises from one position to others.
    ///
    /// *Reading* `shared` moves all lengths together, `bumps` only nearby ones, `both` is nearest
    /// to a language model.
    ///
    /// *Wrong* `shared` can only tilt π_ref (Skew: rests at 37 tokens, cannot stop at 0 alone);
    /// `bumps` push offline DPO the wrong way on Skew at first.
    pub features: StopFeatures,
    /// The distance and the standard deviation of the bumps (positions).
    ///
    /// *Reading* How far an update reaches: at 15 to 60 tokens bumps on Skew turn round after 600
    /// steps, at 120 and 240 they do not.
    ///
    /// *Wrong* Very narrow bumps are nearly a table, which learns length by length and creeps
    /// (fig-length-policies).
    pub width: f64,
}

impl Default for StopSpec {
    fn default() -> Self {
        StopSpec { features: StopFeatures::Shared, width: 22.0 }
    }
}

/// The features of one position that are not zero.
type Features = Vec<(usize, f64)>;

/// A policy over lengths 0 … L that decides at each position whether to stop; the context is
/// ignored.
///
/// *Formula*
/// ```text
/// π(k) = s_k·Π_{t<k} (1 − s_t),  π(L) = Π_{t<L} (1 − s_t),  s_t = σ(z_t + Σ_j θ_j φ_j(t))
/// ```
/// *where* z_t is the log-odds with which π_ref stops at t, so that θ = 0 is π_ref itself; φ is the
/// constant 1, bumps of a width that sum to 1 at every position, or both.
/// *Gradient* `∂ log π(k)/∂z_t = 1[t = k] − s_t·1[t ≤ k]`.
/// *Numerics* double precision; log s and log(1 − s) from [`log_sigmoids`].
#[derive(Debug, Clone, PartialEq)]
pub struct StopOrContinue {
    /// z_t: `[positions]`, nats.
    log_odds: Vec<f64>,
    /// `[positions]`.
    features: Vec<Features>,
    /// θ: `[features]`, nats.
    weights: Vec<f64>,
    gradient: Vec<f64>,
    kept: KeptRow,
}

impl StopOrContinue {
    /// A policy that starts as the reference, `log_reference: [lengths]` (nats); `None` unless there
    /// are two lengths at least, all possible, and the width is a number from 0.5 on.
    pub fn new(log_reference: &[f64], spec: StopSpec) -> Option<Self> {
        let valid = spec.width >= NARROWEST
            && spec.width.is_finite()
            && log_reference.len() >= 2
            && log_reference.iter().all(|lp| lp.is_finite());
        if !valid {
            return None;
        }
        let positions = log_reference.len() - 1;
        let features: Vec<Features> = match spec.features {
            StopFeatures::Shared => vec![vec![(0, 1.0)]; positions],
            StopFeatures::Bumps => {
                (0..positions).map(|t| shares(t, positions, spec.width)).collect()
            }
            StopFeatures::Both => {
                let own = |t| [vec![(0, 1.0)], shifted(shares(t, positions, spec.width))].concat();
                (0..positions).map(own).collect()
            }
        };
        let count = features.iter().flatten().map(|(j, _)| j + 1).max().unwrap_or(0);
        let (weights, gradient) = (vec![0.0; count], vec![0.0; count]);
        let (log_odds, kept) = (log_odds(log_reference), KeptRow::default());
        Some(StopOrContinue { log_odds, features, weights, gradient, kept })
    }

    /// z_t + Σ θφ of every position.
    fn logits(&self) -> impl Iterator<Item = f64> {
        let shift =
            |own: &Features| own.iter().map(|(j, feature)| self.weights[*j] * feature).sum::<f64>();
        self.log_odds.iter().zip(&self.features).map(move |(z, own)| z + shift(own))
    }
}

/// The log-odds of stopping at each position: log π_ref(t) − log π_ref(more than t).
fn log_odds(log_reference: &[f64]) -> Vec<f64> {
    let mut beyond = 0.0;
    let mut odds: Vec<f64> = Vec::with_capacity(log_reference.len() - 1);
    for pair in log_reference.windows(2).rev() {
        beyond += pair[1].exp();
        odds.push(pair[0] - f64::ln(beyond));
    }
    odds.reverse();
    odds
}

/// Gaussian bumps one width apart, from position 0 on, divided by their sum.
fn shares(position: usize, positions: usize, width: f64) -> Features {
    let heights = bumps(position as f64, width, (positions - 1) as f64);
    let total: f64 = heights.iter().map(|(_, height)| height).sum();
    heights.into_iter().map(|(j, height)| (j, height / total)).collect()
}

/// The same features with the first number left free.
fn shifted(features: Features) -> Features {
    features.into_iter().map(|(j, feature)| (j + 1, feature)).collect()
}

impl ContextFree for StopOrContinue {
    fn row(&self) -> Vec<f64> {
        let mut survived = 0.0;
        let mut row: Vec<f64> = Vec::with_capacity(self.log_odds.len() + 1);
        for logit in self.logits() {
            let (stops, goes_on) = log_sigmoids(logit);
            row.push(survived + stops);
            survived += goes_on;
        }
        row.push(survived);
        row
    }

    fn add_logit_gradient(&mut self, logits: &[f64]) {
        // Σ_k G_k ∂log π(k)/∂z_t = G_t − s_t·Σ_{k ≥ t} G_k
        let stops: Vec<f64> = self.logits().map(sigmoid).collect();
        let mut at_least: f64 = logits.last().copied().unwrap_or(0.0);
        for t in (0..stops.len()).rev() {
            at_least += logits[t];
            let slope = logits[t] - stops[t] * at_least;
            for (j, feature) in &self.features[t] {
                self.gradient[*j] += slope * feature;
            }
        }
    }

    fn kept(&self) -> &KeptRow {
        &self.kept
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let scalars = Scalars::F64 { value: &mut self.weights, gradient: &mut self.gradient };
        vec![Parameter { name: "stop", scalars }]
    }
}
