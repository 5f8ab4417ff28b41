//! A discretised Gaussian over the arms: a policy that can hold one mode only.

use super::table::Rows;
use super::{Arm, Batch, Context, Enumerable, Parameter, Policy, PolicyError, Ragged, Scalars};
use crate::numerics::log_softmax_in_place;
use crate::stream::Draws;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// `[policy.unimodal]`: where the bump starts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnimodalSpec {
    /// The first mean (arms).
    pub mean: f64,
    /// The first standard deviation (arms).
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
}

impl Unimodal {
    /// A bump over `arms` arms; `None` unless the mean is finite and the width positive.
    pub fn new(arms: usize, spec: UnimodalSpec) -> Option<Self> {
        let scale = arms as f64;
        let parameters = [spec.mean / scale, (spec.width / scale).ln()];
        let valid = arms > 0 && parameters.iter().all(|x| x.is_finite());
        valid.then_some(Unimodal { arms, parameters, gradient: [0.0; 2] })
    }

    /// The mean and the standard deviation of the parabola (arms).
    pub fn mean_and_width(&self) -> (f64, f64) {
        let scale = self.arms as f64;
        (self.parameters[0] * scale, self.parameters[1].exp() * scale)
    }

    fn rows(&self) -> Rows {
        let (mean, width) = self.mean_and_width();
        let z = |a: usize| (a as f64 - mean) / width;
        let mut log_probs: Vec<f64> = (0..self.arms).map(|a| -0.5 * z(a) * z(a)).collect();
        log_softmax_in_place(&mut log_probs);
        let shape = (1, self.arms);
        Rows { log_probs: Array2::from_shape_vec(shape, log_probs).expect("one row") }
    }
}

impl Policy for Unimodal {
    type Prompt = Context;
    type Response = Arm;

    fn sample(
        &self,
        prompts: &[Context],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Arm>, PolicyError> {
        Ok(self.rows().sample(prompts.len(), per_prompt, draws))
    }

    fn accumulate(
        &mut self,
        batch: &Batch<Context, Arm>,
        coefficients: &mut dyn FnMut(&Ragged) -> Option<Vec<f64>>,
    ) -> Result<(), PolicyError> {
        let rows = self.rows();
        if let Some(c) = coefficients(&rows.gather(batch)?) {
            let (mean, width) = self.mean_and_width();
            let logit_gradient = rows.logit_gradient(batch, &c)?;
            for (a, g) in logit_gradient.iter().enumerate() {
                let z = (a as f64 - mean) / width;
                self.gradient[0] += g * z / width * self.arms as f64;
                self.gradient[1] += g * z * z;
            }
        }
        Ok(())
    }

    fn log_probs(&self, batch: &Batch<Context, Arm>) -> Result<Ragged, PolicyError> {
        self.rows().gather(batch)
    }

    fn parameters_mut(&mut self) -> Vec<Parameter<'_>> {
        let scalars = Scalars::F64 { value: &mut self.parameters, gradient: &mut self.gradient };
        vec![Parameter { name: "mean-and-log-width", scalars }]
    }
}

impl Enumerable for Unimodal {
    fn arms(&self) -> usize {
        self.arms
    }

    fn log_probabilities(&self, prompts: &[Context]) -> Array2<f64> {
        let row = self.rows().log_probs;
        row.broadcast((prompts.len(), self.arms)).expect("one row repeats").to_owned()
    }
}
