//! What policies over arms share: sampling from rows of log-probabilities, gathering them, and
//! turning coefficients of arms into gradients of logits.

use super::{Arm, Batch, Context, Enumerable, Parameter, Policy, PolicyError, Ragged};
use crate::numerics::softmaxes;
use crate::stream::{Draws, cumulative, invert_cdf};
use ndarray::Array2;
use std::cell::RefCell;
use std::rc::Rc;

/// A policy that ignores the context: one row of log-probabilities serves every prompt.
pub trait ContextFree {
    /// log π of each arm: `[arms]`, nats.
    fn row(&self) -> Vec<f64>;

    /// Adds the parameters' gradients, given the logits' gradient: `[arms]`.
    fn add_logit_gradient(&mut self, logits: &[f64]);

    /// Every parameter with its gradient, sorted by name.
    fn parameters(&mut self) -> Vec<Parameter<'_>>;

    /// The row as it was last computed.
    fn kept(&self) -> &KeptRow;
}

/// A row that is computed once until parameters may have changed: a step samples, learns and is
/// measured at the same parameters.
#[derive(Debug, Default)]
pub struct KeptRow(RefCell<Option<Rc<Rows>>>);

impl Clone for KeptRow {
    fn clone(&self) -> Self {
        KeptRow::default()
    }
}

impl PartialEq for KeptRow {
    /// What is kept follows from the parameters.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The one row of a policy that ignores the context.
fn rows(policy: &impl ContextFree) -> Rc<Rows> {
    let mut kept = policy.kept().0.borrow_mut();
    let compute = || {
        let row = policy.row();
        let shape = (1, row.len());
        let log_probs = Array2::from_shape_vec(shape, row).expect("one row");
        Rc::new(Rows { probabilities: log_probs.mapv(f64::exp), log_probs })
    };
    Rc::clone(kept.get_or_insert_with(compute))
}

impl<T: ContextFree> Policy for T {
    type Prompt = Context;
    type Response = Arm;

    fn sample(
        &self,
        prompts: &[Context],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Arm>, PolicyError> {
        Ok(rows(self).sample(prompts.len(), per_prompt, draws))
    }

    fn accumulate(
        &mut self,
        batch: &Batch<Context, Arm>,
        coefficients: &mut dyn FnMut(&Ragged) -> Option<Vec<f64>>,
    ) -> Result<(), PolicyError> {
        let rows = rows(self);
        if let Some(c) = coefficients(&rows.gather(batch)?) {
            let gradient = rows.logit_gradient(batch, &c)?;
            self.add_logit_gradient(gradient.as_slice().expect("one row is contiguous"));
        }
        Ok(())
    }

    fn log_probs(&self, batch: &Batch<Context, Arm>) -> Result<Ragged, PolicyError> {
        rows(self).gather(batch)
    }

    fn parameters_mut(&mut self) -> Vec<Parameter<'_>> {
        self.kept().0.take();
        self.parameters()
    }

    fn clear_gradients(&mut self) {
        self.parameters().into_iter().for_each(Parameter::clear_gradient);
    }
}

impl<T: ContextFree> Enumerable for T {
    fn arms(&self) -> usize {
        rows(self).log_probs.ncols()
    }

    fn log_probabilities(&self, prompts: &[Context]) -> Array2<f64> {
        let rows = rows(self);
        let shape = (prompts.len(), rows.log_probs.ncols());
        rows.log_probs.row(0).broadcast(shape).expect("one row repeats").to_owned()
    }
}

/// One row of log-probabilities for each prompt, or one row that serves them all.
#[derive(Debug)]
pub(super) struct Rows {
    /// `[prompts or 1, arms]`, nats.
    pub log_probs: Array2<f64>,
    /// Their exponentials.
    pub probabilities: Array2<f64>,
}

impl Rows {
    /// The softmax of single-precision logits: `[prompts, arms]`.
    pub fn of_logits(logits: &Array2<f32>) -> Self {
        let shape = logits.dim();
        let flat = logits.as_slice().expect("logits are contiguous");
        let (probabilities, log_probs) = softmaxes(flat, shape.1);
        let rows = |values| Array2::from_shape_vec(shape, values).expect("one number a logit");
        Rows { log_probs: rows(log_probs), probabilities: rows(probabilities) }
    }

    /// The row that serves prompt `p`.
    fn place(&self, p: usize) -> usize {
        if self.log_probs.nrows() == 1 { 0 } else { p }
    }

    /// Draws `per_prompt` arms for each prompt, one uniform each.
    pub fn sample(&self, prompts: usize, per_prompt: usize, draws: &Draws) -> Vec<Arm> {
        let mut arms = Vec::with_capacity(prompts * per_prompt);
        let mut cdf = Vec::new();
        for p in 0..prompts {
            if p == 0 || self.log_probs.nrows() > 1 {
                cdf = cumulative(self.probabilities.row(p).iter().copied());
            }
            for _ in 0..per_prompt {
                arms.push(invert_cdf(&cdf, draws.uniform(arms.len())));
            }
        }
        arms
    }

    /// The log-probability of each response of a batch.
    pub fn gather(&self, batch: &Batch<Context, Arm>) -> Result<Ragged, PolicyError> {
        let arms = self.log_probs.ncols();
        let mut values = Vec::with_capacity(batch.responses().len());
        for (p, (_, places)) in batch.groups().enumerate() {
            let row = self.log_probs.row(self.place(p));
            for &arm in &batch.responses()[places] {
                let Some(&value) = row.get(arm) else {
                    return Err(PolicyError::UnknownArm { arm, last: arms.saturating_sub(1) });
                };
                values.push(value);
            }
        }
        Ok(Ragged::singletons(values))
    }

    /// The gradient of Σ cᵢ log π(yᵢ) with respect to the logits: Σ cᵢ (1[a = yᵢ] − πₐ).
    ///
    /// *where* `coefficients: [responses]`; the result has the shape of the rows.
    pub fn logit_gradient(
        &self,
        batch: &Batch<Context, Arm>,
        coefficients: &[f64],
    ) -> Result<Array2<f64>, PolicyError> {
        if coefficients.len() != batch.responses().len() {
            return Err(PolicyError::Shape {
                what: "coefficients",
                given: coefficients.len(),
                expected: batch.responses().len(),
            });
        }
        let mut gradient = Array2::zeros(self.log_probs.raw_dim());
        let mut totals = vec![0.0; self.log_probs.nrows()];
        for (p, (_, places)) in batch.groups().enumerate() {
            let row = self.place(p);
            for i in places {
                gradient[[row, batch.responses()[i]]] += coefficients[i];
                totals[row] += coefficients[i];
            }
        }
        for ((mut out, probabilities), total) in
            gradient.rows_mut().into_iter().zip(self.probabilities.rows()).zip(totals)
        {
            if total != 0.0 {
                out.zip_mut_with(&probabilities, |g, p| *g -= total * p);
            }
        }
        Ok(gradient)
    }
}
