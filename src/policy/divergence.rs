//! Exact distances between a policy and a fixed distribution.

use super::{Context, Enumerable};
use crate::numerics::kl_divergence;

/// Forward and reverse KL between a fixed distribution q and a policy π, averaged over prompts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Divergences {
    /// KL(q‖π), mode-covering: large where π misses mass of q (nats).
    pub forward: f64,
    /// KL(π‖q), mode-seeking: large where π puts mass that q lacks (nats).
    pub reverse: f64,
}

/// The exact divergences between `log_q: [arms]` (nats) and a policy, averaged over `prompts`.
pub fn divergences<P: Enumerable>(policy: &P, prompts: &[Context], log_q: &[f64]) -> Divergences {
    let table = policy.log_probabilities(prompts);
    let mut sums = Divergences { forward: 0.0, reverse: 0.0 };
    for row in table.rows() {
        let log_pi = row.to_slice().expect("log-probabilities are stored row by row");
        sums.forward += kl_divergence(log_q, log_pi);
        sums.reverse += kl_divergence(log_pi, log_q);
    }
    let count = table.nrows().max(1) as f64;
    Divergences { forward: sums.forward / count, reverse: sums.reverse / count }
}
