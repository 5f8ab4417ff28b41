//! Tabular softmax: one free logit for each arm.

use super::table::Rows;
use super::{Arm, Batch, Context, Enumerable, Parameter, Policy, PolicyError, Ragged, Scalars};
use crate::numerics::log_softmax;
use crate::stream::Draws;
use ndarray::Array2;

/// A softmax over free logits; the context is ignored.
///
/// *Formula* `π(a) = exp(fₐ) / Σ_b exp(f_b)`
/// *where* `f: [arms]` are the logits (nats).
/// *Gradient* `∂ log π(y) / ∂fₐ = 1[a = y] − π(a)`.
/// *Numerics* double precision throughout.
#[derive(Debug, Clone, PartialEq)]
pub struct Tabular {
    logits: Vec<f64>,
    gradient: Vec<f64>,
}

impl Tabular {
    /// The policy whose log-probabilities are these, up to a constant: `log_probs: [arms]`, nats.
    pub fn new(log_probs: Vec<f64>) -> Self {
        let gradient = vec![0.0; log_probs.len()];
        Tabular { logits: log_probs, gradient }
    }

    fn rows(&self) -> Rows {
        let log_probs = log_softmax(&self.logits);
        let shape = (1, log_probs.len());
        Rows { log_probs: Array2::from_shape_vec(shape, log_probs).expect("one row") }
    }
}

impl Policy for Tabular {
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
            let gradient = rows.logit_gradient(batch, &c)?;
            self.gradient.iter_mut().zip(&gradient).for_each(|(sum, g)| *sum += g);
        }
        Ok(())
    }

    fn log_probs(&self, batch: &Batch<Context, Arm>) -> Result<Ragged, PolicyError> {
        self.rows().gather(batch)
    }

    fn parameters_mut(&mut self) -> Vec<Parameter<'_>> {
        let scalars = Scalars::F64 { value: &mut self.logits, gradient: &mut self.gradient };
        vec![Parameter { name: "logits", scalars }]
    }
}

impl Enumerable for Tabular {
    fn arms(&self) -> usize {
        self.logits.len()
    }

    fn log_probabilities(&self, prompts: &[Context]) -> Array2<f64> {
        let row = self.rows().log_probs;
        let shape = (prompts.len(), self.arms());
        row.broadcast(shape).expect("one row repeats").to_owned()
    }
}
