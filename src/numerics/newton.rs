//! Newton's method on convex losses.

/// Newton steps at most; about ten are needed.
const STEPS: usize = 200;

/// A strictly convex loss over `[n]` numbers.
pub trait Convex {
    /// The loss.
    fn loss(&self, at: &[f64]) -> f64;

    /// The direction of descent, which is the gradient's negative `[n]`, and the Hessian `[n][n]`.
    fn newton_system(&self, at: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>);

    /// Whether a direction of descent is none.
    fn is_flat(&self, descent: &[f64]) -> bool;
}

/// Where a loss is least.
pub struct Minimum {
    /// The place.
    pub at: Vec<f64>,
    /// The step that was left when the loss's rounding hid whether it leads down.
    pub hidden: Option<Vec<f64>>,
}

/// The minimum of a strictly convex loss, from zeros on.
///
/// *Numerics* steps are halved until the loss falls; it ends where there is no slope, or down in the rounding of
/// the loss.
pub fn minimise(convex: &impl Convex, n: usize) -> Minimum {
    let mut at = vec![0.0; n];
    for _ in 0..STEPS {
        let (descent, hessian) = convex.newton_system(&at);
        if convex.is_flat(&descent) {
            break;
        }
        let step = solve_positive_definite(hessian, descent);
        match descend(&at, &step, |place| convex.loss(place)) {
            Some(lower) => at = lower,
            None => return Minimum { at, hidden: Some(step) },
        }
    }
    Minimum { at, hidden: None }
}

/// Solves a symmetric positive definite system by elimination: `matrix: [n][n]`, `right: [n]`.
fn solve_positive_definite(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for k in 0..n {
        let (head, tail) = matrix.split_at_mut(k + 1);
        let pivot = &head[k];
        for (below, row) in tail.iter_mut().enumerate() {
            let factor = row[k] / pivot[k];
            for (x, p) in row[k..].iter_mut().zip(&pivot[k..]) {
                *x -= factor * p;
            }
            right[k + 1 + below] -= factor * right[k];
        }
    }
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| matrix[k][j] * right[j]).sum();
        right[k] = (right[k] - known) / matrix[k][k];
    }
    right
}

/// The first of the places `at + step`, `at + step/2`, `at + step/4`, … where a loss is below its
/// value at `at`; `None` down in the rounding of the loss.
fn descend(at: &[f64], step: &[f64], loss: impl Fn(&[f64]) -> f64) -> Option<Vec<f64>> {
    const HALVINGS: i32 = 40;
    let before = loss(at);
    let moved = |k: i32| -> Vec<f64> {
        let scale = 0.5f64.powi(k);
        at.iter().zip(step).map(|(x, s)| x + scale * s).collect()
    };
    (0..HALVINGS).map(moved).find(|place| loss(place) < before)
}
