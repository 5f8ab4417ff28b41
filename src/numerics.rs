//! Logarithms of sums and probabilities that stay exact at ±700 nats.

/// Runs a loop compiled for the widest vectors of this CPU.
///
/// *Numerics*: element by element the results have the same bits on every CPU, since additions and
/// multiplications are neither fused nor reordered.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// The logarithm of a sum of exponentials, `log Σᵢ exp(xᵢ)`.
///
/// *Numerics*: the largest entry is taken out first, so that no exponential overflows; an empty
/// slice and a slice of −∞ give −∞.
pub fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return largest;
    }
    largest + values.iter().map(|x| (x - largest).exp()).sum::<f64>().ln()
}

/// Turns logits into log-probabilities in place, `xᵢ ← xᵢ − log Σⱼ exp(xⱼ)` (nats).
pub fn log_softmax_in_place(logits: &mut [f64]) {
    let normaliser = log_sum_exp(logits);
    for x in logits {
        *x -= normaliser;
    }
}

/// The log-probabilities of a softmax over `logits` (nats).
pub fn log_softmax(logits: &[f64]) -> Vec<f64> {
    let mut log_probs = logits.to_vec();
    log_softmax_in_place(&mut log_probs);
    log_probs
}

/// The logistic function `1 / (1 + exp(−x))`.
///
/// *Numerics*: the exponential is only ever taken of a number ≤ 0.
pub fn sigmoid(x: f64) -> f64 {
    let decay = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + decay) } else { decay / (1.0 + decay) }
}

/// The logarithm of the logistic function, `log σ(x) = min(x, 0) − log(1 + exp(−|x|))`.
pub fn log_sigmoid(x: f64) -> f64 {
    x.min(0.0) - (-x.abs()).exp().ln_1p()
}

/// The Kullback–Leibler divergence `KL(p‖q) = Σᵢ pᵢ (log pᵢ − log qᵢ)` in nats.
///
/// *where* `log_p` and `log_q` are log-probabilities over the same outcomes.
/// *Numerics*: an outcome whose probability under `p` underflows to zero contributes zero.
pub fn kl_divergence(log_p: &[f64], log_q: &[f64]) -> f64 {
    kl_divergence_given(&exponentials(log_p), log_p, log_q)
}

/// [`kl_divergence`] where the probabilities `p` are at hand.
pub(crate) fn kl_divergence_given(p: &[f64], log_p: &[f64], log_q: &[f64]) -> f64 {
    debug_assert_eq!((p.len(), log_p.len()), (log_p.len(), log_q.len()));
    let term = |(&p, (&lp, &lq))| if p == 0.0 { 0.0 } else { p * (lp - lq) };
    p.iter().zip(log_p.iter().zip(log_q)).map(term).sum()
}

/// The Shannon entropy `−Σᵢ pᵢ log pᵢ` in nats, of probabilities and their logarithms.
///
/// *Numerics*: an outcome whose probability underflows to zero contributes zero.
pub(crate) fn entropy(p: &[f64], log_p: &[f64]) -> f64 {
    let term = |(&p, &lp)| if p == 0.0 { 0.0 } else { p * lp };
    -p.iter().zip(log_p).map(term).sum::<f64>()
}

/// The exponential of each number.
pub(crate) fn exponentials(values: &[f64]) -> Vec<f64> {
    values.iter().map(|x| x.exp()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_sum_exp_survives_seven_hundred_nats() {
        // log(e^700 + e^700) = 700 + log 2, and the same far below zero.
        let log_2 = std::f64::consts::LN_2;
        assert!((log_sum_exp(&[700.0, 700.0]) - (700.0 + log_2)).abs() < 1e-12);
        assert!((log_sum_exp(&[-700.0, -700.0]) - (-700.0 + log_2)).abs() < 1e-12);
        assert_eq!(log_sum_exp(&[]), f64::NEG_INFINITY);
    }

    #[test]
    fn log_sigmoid_is_half_at_zero_and_linear_far_out() {
        assert!((log_sigmoid(0.0) + std::f64::consts::LN_2).abs() < 1e-15);
        assert_eq!(log_sigmoid(-700.0), -700.0);
        assert!(log_sigmoid(700.0) <= 0.0 && log_sigmoid(700.0) > -1e-300);
        assert!((log_sigmoid(-1.5).exp() - sigmoid(-1.5)).abs() < 1e-15);
    }

    #[test]
    fn kl_divergence_of_a_hand_example() {
        // p = (1/2, 1/2), q = (1/4, 3/4): ½ log 2 + ½ log(2/3) = ½ log(4/3).
        let p = [0.5f64.ln(), 0.5f64.ln()];
        let q = [0.25f64.ln(), 0.75f64.ln()];
        assert!((kl_divergence(&p, &q) - 0.5 * (4.0f64 / 3.0).ln()).abs() < 1e-15);
        assert_eq!(kl_divergence(&[0.0, f64::NEG_INFINITY], &q), -q[0]);
    }
}
