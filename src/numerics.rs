//! Logarithms of sums and probabilities that stay exact at ±700 nats, and matrix products.

use pulp::NullaryFnOnce;

mod newton;
mod product;

pub use newton::{Convex, Minimum, minimise};
pub use product::{Threads, Write, product};

/// Runs a loop compiled for the widest vectors of this CPU.
///
/// *Numerics*: element by element the results have the same bits on every CPU, since additions and
/// multiplications are neither fused nor reordered.
#[inline(always)]
pub(crate) fn vectorised<W: NullaryFnOnce>(work: W) -> W::Output {
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

/// Softmaxes of single-precision logits: probabilities and their logarithms (nats), row by row.
///
/// *Formula* `pᵢ = exp(xᵢ − log Σⱼ exp(xⱼ))` over each `width` consecutive logits.
/// *Numerics*: double precision, with one vectorised exponential for both results; the difference
/// to [`log_softmax`] is a few units in the last place.
pub(crate) fn softmaxes(logits: &[f32], width: usize) -> (Vec<f64>, Vec<f64>) {
    vectorised(Softmaxes { logits, width })
}

/// The work of [`softmaxes`].
struct Softmaxes<'a> {
    logits: &'a [f32],
    width: usize,
}

impl NullaryFnOnce for Softmaxes<'_> {
    type Output = (Vec<f64>, Vec<f64>);

    #[inline(always)]
    fn call(self) -> Self::Output {
        let mut log_probs = vec![0.0; self.logits.len()];
        log_probs.iter_mut().zip(self.logits).for_each(|(log_p, x)| *log_p = f64::from(*x));
        for row in log_probs.chunks_exact_mut(self.width) {
            let largest = reduce(row, f64::NEG_INFINITY, |a, b| if b > a { b } else { a });
            row.iter_mut().for_each(|x| *x -= largest);
        }
        let mut probabilities = vec![0.0; log_probs.len()];
        probabilities.iter_mut().zip(&log_probs).for_each(|(p, x)| *p = exponential(*x));
        let rows = probabilities.chunks_exact_mut(self.width);
        for (p, log_p) in rows.zip(log_probs.chunks_exact_mut(self.width)) {
            let total = reduce(p, 0.0, |a, b| a + b);
            let (scale, normaliser) = (1.0 / total, total.ln());
            p.iter_mut().for_each(|p| *p *= scale);
            log_p.iter_mut().for_each(|x| *x -= normaliser);
        }
        (probabilities, log_probs)
    }
}

/// Joins numbers in eight interleaved chains, always in the same order.
#[inline(always)]
fn reduce(values: &[f64], start: f64, join: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [start; 8];
    for chunk in values.chunks(lanes.len()) {
        lanes.iter_mut().zip(chunk).for_each(|(lane, v)| *lane = join(*lane, *v));
    }
    lanes.into_iter().fold(start, join)
}

/// `exp(x)` for x ≤ 0, without a branch or a call, so that loops over it become vectors.
///
/// *Formula* `exp(x) = 2ᵏ·exp(r)` with `k = round(x / log 2)` and `r = x − k·log 2`, |r| ≤ ½ log 2,
/// where exp(r) is its Taylor polynomial of degree 13 (the next term is below 10⁻¹⁷).
/// *Numerics*: within two units in the last place; zero below −708, where the result would leave
/// the normal numbers; NaN stays NaN.
#[inline(always)]
fn exponential(x: f64) -> f64 {
    /// 1.5·2⁵²: adding it leaves a rounded integer in the lowest bits.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    /// log 2 in two parts; the first has zeros enough at its end for an exact product with k.
    const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    /// 1/n! for n = 13 down to 0.
    const INVERSE_FACTORIALS: [f64; 14] = inverse_factorials();
    let bounded = if x < -708.0 { -708.0 } else { x };
    let shifted = bounded * std::f64::consts::LOG2_E + SHIFT;
    let k = shifted - SHIFT;
    let r = bounded - k * LN_2[0] - k * LN_2[1];
    let mut sum = 0.0;
    for coefficient in INVERSE_FACTORIALS {
        sum = sum * r + coefficient;
    }
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    if x < -708.0 { 0.0 } else { sum * power }
}

const fn inverse_factorials() -> [f64; 14] {
    let mut all = [1.0; 14];
    let (mut n, mut factorial) = (1, 1.0);
    while n < 14 {
        factorial *= n as f64;
        all[13 - n] = 1.0 / factorial;
        n += 1;
    }
    all
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

/// `log σ(x)` and `log σ(−x)`, as [`log_sigmoid`] gives them, with one exponential for both.
pub fn log_sigmoids(x: f64) -> (f64, f64) {
    let tail = (-x.abs()).exp().ln_1p();
    (x.min(0.0) - tail, (-x).min(0.0) - tail)
}

/// Gaussian bumps of one width, `width` apart from 0 on, at a place: the number and the height of
/// each that is not further away than five widths.
///
/// *Formula* `exp(−½(place/width − j)²)`, j = 0 … ⌈last/width⌉
pub fn bumps(place: f64, width: f64, last: f64) -> Vec<(usize, f64)> {
    const REACH: f64 = 5.0;
    let at = place / width;
    let end = (last / width).ceil().min((at + REACH).floor());
    let near = ((at - REACH).ceil().max(0.0) as usize)..=(end as usize);
    near.map(|j| (j, (-0.5 * (at - j as f64).powi(2)).exp())).collect()
}

/// The correlation of two columns under a law, `cov(a, b)/√(var a · var b)`.
///
/// *where* `probability: [outcomes]` sums to 1 and lines up with `a` and `b: [outcomes]`.
/// *Numerics*: 0 where one of them does not vary.
pub fn correlation(probability: &[f64], a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| probability.iter().zip(x).map(|(p, x)| p * x).sum::<f64>();
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for ((p, a), b) in probability.iter().zip(a).zip(b) {
        let (da, db) = (a - mean_a, b - mean_b);
        aa += p * da * da;
        bb += p * db * db;
        ab += p * da * db;
    }
    let scale = (aa * bb).sqrt();
    if scale > 0.0 { (ab / scale).clamp(-1.0, 1.0) } else { 0.0 }
}

/// The Kullback–Leibler divergence `KL(p‖q) = Σᵢ pᵢ (log pᵢ − log qᵢ)` in nats.
///
/// *where* `log_p` and `log_q` are log-probabilities over the same outcomes.
/// *Numerics*: an outcome whose probability under `p` underflows to zero contributes zero; a sum that
/// rounding leaves just below zero is zero.
pub fn kl_divergence(log_p: &[f64], log_q: &[f64]) -> f64 {
    kl_divergence_given(&exponentials(log_p), log_p, log_q)
}

/// [`kl_divergence`] where the probabilities `p` are at hand.
pub(crate) fn kl_divergence_given(p: &[f64], log_p: &[f64], log_q: &[f64]) -> f64 {
    debug_assert_eq!((p.len(), log_p.len()), (log_p.len(), log_q.len()));
    let term = |(&p, (&lp, &lq))| if p == 0.0 { 0.0 } else { p * (lp - lq) };
    let sum: f64 = p.iter().zip(log_p.iter().zip(log_q)).map(term).sum();
    const ROUNDING: f64 = 1e-12;
    if -ROUNDING < sum && sum < 0.0 { 0.0 } else { sum }
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

    /// Width 10, place 12, bumps at 0, 10, 20, 30: the third is 0.8 widths away, the last (at 30) 1.8.
    #[test]
    fn bumps_are_gaussian_and_those_out_of_reach_are_left_out() {
        let found = bumps(12.0, 10.0, 25.0);
        assert_eq!(found.iter().map(|(j, _)| *j).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!((found[2].1 - (-0.32f64).exp()).abs() < 1e-15);
        let near = bumps(100.0, 1.0, 400.0);
        assert_eq!((near[0].0, near.last().map(|(j, _)| *j)), (95, Some(105)));
        assert_eq!(bumps(400.0, 1.0, 400.0).last().map(|(j, _)| *j), Some(400));
    }

    /// By hand: values −1, 1 against 0, 2 at even odds move together; against 3, 3 not at all.
    #[test]
    fn correlations_of_two_outcomes() {
        assert!((correlation(&[0.5, 0.5], &[-1.0, 1.0], &[0.0, 2.0]) - 1.0).abs() < 1e-15);
        assert!((correlation(&[0.5, 0.5], &[-1.0, 1.0], &[5.0, 2.0]) + 1.0).abs() < 1e-15);
        assert_eq!(correlation(&[0.5, 0.5], &[-1.0, 1.0], &[3.0, 3.0]), 0.0);
        // Masses ½, ¼, ¼: E ab = ¼, E a = ½, E b = ¼, so cov = ⅛; var a = ¼, var b = 3/16.
        let found = correlation(&[0.5, 0.25, 0.25], &[0.0, 1.0, 1.0], &[0.0, 0.0, 1.0]);
        assert!((found - 0.125 / (0.25f64 * 0.1875).sqrt()).abs() < 1e-15, "{found}");
    }

    #[test]
    fn log_sum_exp_survives_seven_hundred_nats() {
        // log(e^700 + e^700) = 700 + log 2, and the same far below zero.
        let log_2 = std::f64::consts::LN_2;
        assert!((log_sum_exp(&[700.0, 700.0]) - (700.0 + log_2)).abs() < 1e-12);
        assert!((log_sum_exp(&[-700.0, -700.0]) - (-700.0 + log_2)).abs() < 1e-12);
        assert_eq!(log_sum_exp(&[]), f64::NEG_INFINITY);
    }

    #[test]
    fn the_vector_exponential_is_within_two_units_in_the_last_place() {
        for k in 0..=70_800 {
            let x = -f64::from(k) * 0.009_999_7;
            let (given, exact) = (exponential(x), x.exp());
            assert!((given - exact).abs() <= 2.0 * f64::EPSILON * exact, "exp({x}) = {given}");
        }
        assert_eq!(exponential(0.0), 1.0);
        assert_eq!((exponential(-708.1), exponential(f64::NEG_INFINITY)), (0.0, 0.0));
        assert!(exponential(f64::NAN).is_nan());
    }

    #[test]
    fn single_precision_logits_have_the_softmax_of_double_ones() {
        let close = |logits: [f32; 4], tolerance: f64| {
            let (p, log_p) = softmaxes(&logits, 4);
            let exact = log_softmax(&logits.map(f64::from));
            for i in 0..4 {
                assert!((log_p[i] - exact[i]).abs() <= tolerance, "{} {}", log_p[i], exact[i]);
                assert!((p[i] - exact[i].exp()).abs() <= tolerance, "{} of {logits:?}", p[i]);
            }
        };
        close([0.25, -3.5, 3.0, 2.0], 1e-15);
        close([0.25, -700.0, 700.0, 699.0], 1e-12); // the reference rounds at 700
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
