//! Arithmetic on the host, forward and backward: pure functions on rows of single-precision numbers.
//!
//! What candle would do in many passes over memory, or without a gradient, is done here in one. No
//! sum is ever split between threads, so that any number of threads gives the same bits.

pub mod activation;
pub mod attention;
pub mod norm;
pub mod rope;
pub mod row_by_row;
pub mod score;

use crate::numerics::Threads;
use rayon::prelude::*;

/// Runs `work` on consecutive pieces of `size` items, which are independent of each other.
pub(super) fn in_pieces<T: Send>(
    threads: Threads,
    items: &mut [T],
    size: usize,
    work: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    let size = size.max(1);
    match threads {
        Threads::One => items.chunks_mut(size).enumerate().for_each(|(i, piece)| work(i, piece)),
        Threads::Pool => {
            items.par_chunks_mut(size).enumerate().for_each(|(i, piece)| work(i, piece));
        }
    }
}

/// The dot product of two vectors.
///
/// *Numerics*: sixteen partial sums, added in order; the bits depend on the vectors alone.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0f32; LANES];
    let whole = a.len() / LANES * LANES;
    for (a, b) in a[..whole].chunks_exact(LANES).zip(b[..whole].chunks_exact(LANES)) {
        for i in 0..LANES {
            sums[i] += a[i] * b[i];
        }
    }
    let tail: f32 = a[whole..].iter().zip(&b[whole..]).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + tail
}

/// exp(x) in single precision, without a branch, so that loops of it are vectorised.
///
/// *Formula* 2ⁿ·p(r), x = n·ln 2 + r, |r| ≤ ln 2 / 2; p is the polynomial of Cephes' expf.
/// *Numerics*: relative error below 2e-7; below −87.3 the result is 0, above 88 it stays at e⁸⁸.
#[inline(always)]
pub(super) fn exponential(x: f32) -> f32 {
    const SMALLEST: f32 = -87.3;
    const LARGEST: f32 = 88.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // 1.5·2²³: adding it rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    let clipped = if x > LARGEST { LARGEST } else { x };
    let clipped = if clipped < SMALLEST { SMALLEST } else { clipped };
    let n = (clipped * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = clipped - n * LN_2_HIGH - n * LN_2_LOW;
    let mut p = 1.987_569_1e-4f32;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + c;
    }
    let p = p * r * r + r + 1.0;
    let power = f32::from_bits((((n as i32) + 127) << 23) as u32);
    if x < SMALLEST { 0.0 } else { p * power }
}

/// The tests' numbers: smooth, without zeros or ones.
#[cfg(test)]
pub(super) fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| 0.9 * ((i * 7 + seed * 13) as f32 * 0.37 + 0.3).sin()).collect()
}

/// Central differences of `loss` against `gradient`, number by number, in the tests.
#[cfg(test)]
pub(super) fn check_gradient(
    what: &str,
    at: &mut [f32],
    gradient: &[f32],
    loss: &dyn Fn(&[f32]) -> f64,
) {
    const STEP: f32 = 4e-3;
    for i in 0..at.len() {
        let kept = at[i];
        at[i] = kept + STEP;
        let above = loss(at);
        at[i] = kept - STEP;
        let below = loss(at);
        at[i] = kept;
        let difference = (above - below) / (2.0 * f64::from(STEP));
        let error = (difference - f64::from(gradient[i])).abs();
        assert!(
            error < 2e-3 * (1.0 + difference.abs()),
            "{what}[{i}]: {} {difference}",
            gradient[i]
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_has_six_digits_everywhere() {
        for k in -8700..8800 {
            let x = k as f32 * 0.01;
            let exact = f64::from(x).exp();
            let error = (f64::from(exponential(x)) - exact).abs() / exact;
            assert!(error < 3e-7, "exp({x}) is off by {error}");
        }
        assert_eq!(exponential(-1000.0), 0.0);
        assert_eq!(exponential(f32::NEG_INFINITY), 0.0);
    }

    /// 1·4 + 2·5 + 3·6 = 32, and a longer one against double precision.
    #[test]
    fn dot_products() {
        assert_eq!(dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
        let (a, b) = (numbers(1000, 1), numbers(1000, 2));
        let exact: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        assert!((f64::from(dot(&a, &b)) - exact).abs() < 1e-4);
    }
}
