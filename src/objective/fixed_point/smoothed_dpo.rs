//! The minimum of DPO with label smoothing, by Newton's method over classes of equal reward.

use crate::numerics::{Convex, Minimum, log_sigmoid, minimise, sigmoid};

/// The steepest gradient component that counts as zero, relative to the mass of its class.
const TOLERANCE: f64 = 1e-13;

/// The classes of equal reward, ascending, and the loss between them.
struct Classes {
    /// P(class): `[classes]`.
    mass: Vec<f64>,
    /// The label smoothing ε.
    smoothing: f64,
}

/// The implicit rewards u = β·log(π/π_ref) + constant at the optimum: `[responses]`.
///
/// *Formula*
/// ```text
/// min over u of Σ_{r_i > r_j} p_i p_j · [−(1 − ε)·log σ(u_i − u_j) − ε·log σ(u_j − u_i)]
/// ```
/// *where* p is the reference and ε the label smoothing. Tied responses face the same opponents
/// and so share their u: only classes of equal reward are solved for.
/// *Numerics* the loss is convex and, with ε > 0, grows in every direction but the constant one,
/// which the condition Σ P·u = 0 fixes; steps are halved until the loss falls.
pub(super) fn implicit_rewards(smoothing: f64, reference: &[f64], rewards: &[f64]) -> Vec<f64> {
    let mut levels: Vec<f64> =
        rewards.iter().zip(reference).filter(|(_, p)| **p > 0.0).map(|(r, _)| *r).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let class = |r: f64| levels.partition_point(|&level| level < r).min(levels.len() - 1);
    let mut mass = vec![0.0; levels.len()];
    for (&r, &p) in rewards.iter().zip(reference) {
        mass[class(r)] += p;
    }
    let u = Classes { mass, smoothing }.minimiser();
    rewards.iter().map(|&r| u[class(r)]).collect()
}

impl Convex for Classes {
    fn loss(&self, u: &[f64]) -> f64 {
        let mut loss = 0.0;
        for i in 0..u.len() {
            for j in 0..i {
                let x = u[i] - u[j];
                let pair =
                    (1.0 - self.smoothing) * log_sigmoid(x) + self.smoothing * log_sigmoid(-x);
                loss -= self.mass[i] * self.mass[j] * pair;
            }
        }
        loss
    }

    // The Hessian is made definite by P·Pᵀ.
    fn newton_system(&self, u: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let mass = &self.mass;
        let mut descent = vec![0.0; u.len()];
        let mut hessian: Vec<Vec<f64>> =
            mass.iter().map(|a| mass.iter().map(|b| a * b).collect()).collect();
        for i in 0..u.len() {
            for j in 0..i {
                let (weight, won) = (mass[i] * mass[j], sigmoid(u[i] - u[j]));
                let pull = weight * (1.0 - self.smoothing - won);
                descent[i] += pull;
                descent[j] -= pull;
                let curvature = weight * won * sigmoid(u[j] - u[i]);
                hessian[i][i] += curvature;
                hessian[j][j] += curvature;
                hessian[i][j] -= curvature;
                hessian[j][i] -= curvature;
            }
        }
        (descent, hessian)
    }

    fn is_flat(&self, descent: &[f64]) -> bool {
        descent.iter().zip(&self.mass).all(|(d, p)| d.abs() <= TOLERANCE * p)
    }
}

impl Classes {
    /// The minimiser. A step hidden by rounding settles the last digits.
    fn minimiser(&self) -> Vec<f64> {
        let Minimum { mut at, hidden } = minimise(self, self.mass.len());
        at.iter_mut().zip(hidden.iter().flatten()).for_each(|(u, s)| *u += s);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_stand_log_odds_of_the_smoothing_apart() {
        // The pair's loss is least where σ(u₁ − u₀) = 1 − ε = 0.8, whatever the masses.
        let u = implicit_rewards(0.2, &[0.3, 0.5, 0.2], &[1.0, 4.0, 1.0]);
        assert!((u[1] - u[0] - 4.0f64.ln()).abs() < 1e-12, "{u:?}");
        assert_eq!(u[0], u[2]);
    }

    #[test]
    fn the_minimum_of_many_classes_has_no_slope() {
        let mass: Vec<f64> = (1..=20).map(|k| f64::from(k) / 210.0).collect();
        let rewards: Vec<f64> = (0..20).map(f64::from).collect();
        let u = implicit_rewards(0.01, &mass, &rewards);
        let (descent, _) = Classes { mass, smoothing: 0.01 }.newton_system(&u);
        assert!(descent.iter().all(|d| d.abs() < 1e-14), "{descent:?}");
        assert!(u.windows(2).all(|w| w[1] > w[0]));
    }
}
