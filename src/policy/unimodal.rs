//! A discretised Gaussian over the arms: a policy that can hold one mode only.

use super::table::{ContextFree, KeptRow};
use super::{Parameter, Scalars};
use crate::numerics::log_softmax;
use serde::{Deserialize, Serialize};

/// `[policy.unimodal]`: where the bump starts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnimodalSpec {
    /// The first mean (arms).
    ///
    /// *Reading* Where the bump starts: arms nearer than the other peak win under the reverse KL.
    ///
    /// *Wrong* Far from any reward its gradient is nearly 0 and nothing moves; start within two
    /// widths of something.
    pub mean: f64,
    /// The first standard deviation (arms).
    ///
    /// *Reading* A wide start sees both peaks and averages; a narrow one sees its own.
    ///
    /// *Wrong* Very narrow it is nearly a single arm, whose samples are all alike: no pairs, no
    /// advantage.
    pub width: f64,
}

/// Softmax of a parabola over the arms; the context is ignored.
///
/// *Formula* `π(a) ∝ exp(−(a − μ)² / 2σ²)`
/// *where* the parameters are `m = μ / arms` and `s = log(σ / arms)`, so that one learning rate
/// suits both.
/// *Gradient* through the logits `fₐ`: `∂fₐ/∂μ = (a − μ)/σ²`, `∂fₐ/∂log σ = (a − μ)²/σ²`.
#[derive(Debug, Clone, PartialEq)]
pub struct Unimodal {
    arms: usize,
    /// `[m, s]`.
    parameters: [f64; 2],
    gradient: [f64; 2],
    kept: KeptRow,
}

impl Unimodal {
    /// A bump over `arms` arms; `None` unless the mean is finite and the width positive.
    pub fn new(arms: usize, spec: UnimodalSpec) -> Option<Self> {
        let scale = arms as f64;
        let parameters = [spec.mean / scale, (spec.width / scale).ln()];
        let valid = arms > 0 && parameters.iter().all(|x| x.is_finite());
        let kept = KeptRow::default();
        valid.then_some(Unimodal { arms, parameters, gradient: [0.0; 2], kept })
    }

    /// The mean and the standard deviation of the parabola (arms).
    pub fn mean_and_width(&self) -> (f64, f64) {
        let scale = self.arms as f64;
        (self.parameters[0] * scale, self.parameters[1].exp() * scale)
    }
}

impl ContextFree for Unimodal {
    fn row(&self) -> Vec<f64> {
        let (mean, width) = self.mean_and_width();
        let z = |a: usize| (a as f64 - mean) / width;
        log_softmax(&(0..self.arms).map(|a| -0.5 * z(a) * z(a)).collect::<Vec<_>>())
    }

    fn add_logit_gradient(&mut self, logits: &[f64]) {
        let (mean, width) = self.mean_and_width();
        for (a, g) in logits.iter().enumerate() {
            let z = (a as f64 - mean) / width;
            self.gradient[0] += g * z / width * self.arms as f64;
            self.gradient[1] += g * z * z;
        }
    }

    fn kept(&self) -> &KeptRow {
        &self.kept
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let scalars = Scalars::F64 { value: &mut self.parameters, gradient: &mut self.gradient };
        vec![Parameter { name: "mean-and-log-width", scalars }]
    }
}
