//! What a reward model can express.

use crate::numerics::bumps;
use serde::{Deserialize, Serialize};

/// The class of a reward model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RewardClass {
    /// A parabola over the arms: says something everywhere.
    Quadratic,
    /// A sum of bumps: falls back to its mean far from what it saw.
    Smooth,
    /// A number for each arm: says nothing of an arm it never saw.
    Tabular,
}

/// The features ψ of every arm, without zeros.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FeatureTable {
    rows: Vec<Vec<(usize, f64)>>,
    features: usize,
}

impl FeatureTable {
    /// The features of a class over some arms; `width` is that of the bumps (arms).
    pub fn new(class: RewardClass, width: f64, arms: usize) -> Self {
        let scale = (arms.max(2) - 1) as f64;
        let row = |arm: usize| match class {
            RewardClass::Quadratic => {
                let x = 2.0 * arm as f64 / scale - 1.0;
                // The second is orthogonal to the first and to constants over evenly spread arms.
                vec![(0, x), (1, x * x - 1.0 / 3.0)]
            }
            RewardClass::Smooth => bumps(arm as f64, width, scale),
            RewardClass::Tabular => vec![(arm, 1.0)],
        };
        let rows: Vec<Vec<(usize, f64)>> = (0..arms).map(row).collect();
        let features = rows.iter().flatten().map(|(j, _)| j + 1).max().unwrap_or(0);
        FeatureTable { rows, features }
    }

    pub fn arms(&self) -> usize {
        self.rows.len()
    }

    pub fn features(&self) -> usize {
        self.features
    }

    /// φ·ψ of an arm.
    pub fn value(&self, arm: usize, weights: &[f64]) -> f64 {
        self.rows[arm].iter().map(|(j, f)| weights[*j] * f).sum()
    }

    /// ψ(first) − ψ(second), without zeros.
    pub fn difference(&self, first: usize, second: usize) -> Vec<(usize, f64)> {
        let mut sum = self.rows[first].clone();
        for &(j, f) in &self.rows[second] {
            match sum.iter_mut().find(|(own, _)| *own == j) {
                Some((_, value)) => *value -= f,
                None => sum.push((j, -f)),
            }
        }
        sum
    }
}
