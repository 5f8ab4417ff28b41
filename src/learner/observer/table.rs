//! What a policy does on the evaluation prompts, with each exponential taken once.

use ndarray::{Array2, ArrayView1};

/// A number of one row: of its probabilities and their logarithms.
pub(super) type OfRow<'a> = &'a dyn Fn(&[f64], &[f64]) -> f64;

/// The expectation of a number of each arm.
pub(super) fn expected(probability: &[f64], of_arm: &[f64]) -> f64 {
    probability.iter().zip(of_arm).map(|(p, x)| p * x).sum()
}

/// A policy on the evaluation prompts.
pub(super) struct Table {
    /// log π of every arm: `[prompts, arms]`, nats.
    pub log_probs: Array2<f64>,
    /// Their exponentials.
    pub probabilities: Array2<f64>,
}

impl Table {
    /// The table of these log-probabilities.
    pub fn new(log_probs: Array2<f64>) -> Self {
        let probabilities = log_probs.mapv(f64::exp);
        Table { log_probs, probabilities }
    }

    /// The mean over prompts.
    pub fn average(&self, of_row: OfRow<'_>) -> f64 {
        let rows = self.probabilities.rows().into_iter().zip(self.log_probs.rows());
        let own = |(p, log_p): (ArrayView1<'_, f64>, ArrayView1<'_, f64>)| {
            of_row(p.to_slice().expect("row"), log_p.to_slice().expect("row"))
        };
        rows.map(own).sum::<f64>() / self.log_probs.nrows() as f64
    }
}
