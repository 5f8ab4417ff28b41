//! Weighted log-likelihood of one response: the term that most objectives are made of.

use super::{Group, Ledger};

/// Pulls response `i` up with a weight: the coefficient −w on log π(yᵢ); returns the loss
/// −w·log π(yᵢ), which the caller books.
///
/// *Numerics*: a weight of zero gives zero even where log π is −∞.
pub(super) fn pull(group: &Group<'_>, ledger: &mut Ledger<'_>, i: usize, weight: f64) -> f64 {
    if weight == 0.0 {
        return 0.0;
    }
    ledger.push(group, i, -weight);
    -weight * group.sequence_log_pi(i)
}

/// Adds the entropy bonus α on an on-policy response `i`: the coefficient w·α·(1 + log π(yᵢ));
/// returns w·α·log π(yᵢ), whose expectation is −α times the entropy.
///
/// *where* w is the response's weight in the group. The sample's own law moves with π, which gives
/// the 1; so this coefficient is the derivative of Σ πᵢ·α·log πᵢ, not of α·log π alone.
pub(super) fn entropy_bonus(
    group: &Group<'_>,
    ledger: &mut Ledger<'_>,
    i: usize,
    alpha: f64,
) -> f64 {
    let scale = alpha * group.weight(i);
    if scale == 0.0 {
        return 0.0;
    }
    let log_pi = group.sequence_log_pi(i);
    ledger.push(group, i, scale * (1.0 + log_pi));
    scale * log_pi
}
