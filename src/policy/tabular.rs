//! Tabular softmax: one free logit for each arm.

use super::table::{ContextFree, KeptRow};
use super::{Parameter, Scalars};
use crate::numerics::log_softmax;

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
    kept: KeptRow,
}

impl Tabular {
    /// The policy whose log-probabilities are these, up to a constant: `log_probs: [arms]`, nats.
    pub fn new(log_probs: Vec<f64>) -> Self {
        let gradient = vec![0.0; log_probs.len()];
        Tabular { logits: log_probs, gradient, kept: KeptRow::default() }
    }
}

impl ContextFree for Tabular {
    fn row(&self) -> Vec<f64> {
        log_softmax(&self.logits)
    }

    fn add_logit_gradient(&mut self, logits: &[f64]) {
        self.gradient.iter_mut().zip(logits).for_each(|(sum, g)| *sum += g);
    }

    fn kept(&self) -> &KeptRow {
        &self.kept
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let scalars = Scalars::F64 { value: &mut self.logits, gradient: &mut self.gradient };
        vec![Parameter { name: "logits", scalars }]
    }
}
