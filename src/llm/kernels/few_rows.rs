//! Products with few rows, as decoding token by token makes them.
//!
//! Blocked products copy the weights before they multiply; with few rows that copy is most of the
//! work. Here every weight is read once, and every number of the result is summed in an order of
//! its own: a row's result has the same bits in any batch and on any number of threads.

use super::in_pieces;
use crate::numerics::Threads;
use pulp::{Arch, Simd, WithSimd};

/// Rows of weights that one thread takes at a time.
const PIECE: usize = 64;

/// `out[i, j] = x[i]·weight[j]`.
///
/// *where* `x: [rows, width]`, `weight: [outputs, width]`, `out: [rows, outputs]`.
///
/// *Numerics*: rows stand side by side in vectors, and each number is a sum over the width in order.
pub fn times_transposed(
    (x, rows): (&[f32], usize),
    weight: &[f32],
    out: &mut [f32],
    threads: Threads,
) {
    if rows == 0 {
        return;
    }
    let (width, outputs) = (x.len() / rows, out.len() / rows);
    let arch = Arch::new();
    let lanes = arch.dispatch(Lanes);
    let padded = rows.next_multiple_of(lanes);
    // [width, padded rows], so that a vector holds the same input of many rows.
    let mut columns = vec![0.0; width * padded];
    for (i, row) in x.chunks_exact(width).enumerate() {
        row.iter().enumerate().for_each(|(k, x)| columns[k * padded + i] = *x);
    }
    // [outputs, padded rows], so that a thread writes to memory of its own.
    let mut results = vec![0.0; outputs * padded];
    in_pieces(threads, &mut results, PIECE * padded, |i, out| {
        let first = i * PIECE * width;
        let weight = &weight[first..first + out.len() / padded * width];
        arch.dispatch(Piece { columns: &columns, weight, width, out });
    });
    for (b, block) in results.chunks(PIECE * padded).enumerate() {
        for (i, out) in out.chunks_exact_mut(outputs).enumerate() {
            let column = block.chunks_exact(padded).map(|row| row[i]);
            out[b * PIECE..].iter_mut().zip(column).for_each(|(out, y)| *out = y);
        }
    }
}

/// How many numbers a vector holds.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// Some rows of weights against all rows of inputs: `out: [weights, padded rows]`.
struct Piece<'a> {
    columns: &'a [f32],
    weight: &'a [f32],
    width: usize,
    out: &'a mut [f32],
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Piece { columns, weight, width, out } = self;
        let (columns, _) = S::as_simd_f32s(columns);
        let (out, _) = S::as_mut_simd_f32s(out);
        let vectors = columns.len() / width;
        for first in 0..vectors {
            let inputs = Inputs { columns, vectors, first };
            let eights = weight.chunks_exact(EIGHT * width);
            let done = eights.len() * EIGHT;
            let singles = eights.remainder().chunks_exact(width);
            for (j, weights) in eights.enumerate() {
                for (i, sum) in inputs.against_eight(simd, weights, width).into_iter().enumerate() {
                    out[(j * EIGHT + i) * vectors + first] = sum;
                }
            }
            for (j, weights) in singles.enumerate() {
                out[(done + j) * vectors + first] = inputs.against_one(simd, weights);
            }
        }
    }
}

/// Rows of weights whose sums are under way at once: enough to fill the pipeline.
const EIGHT: usize = 8;

/// One vector of rows: of each input, `vectors` stand one after another.
struct Inputs<'a, V> {
    columns: &'a [V],
    vectors: usize,
    first: usize,
}

impl<V: Copy> Inputs<'_, V> {
    #[inline(always)]
    fn at(&self, k: usize) -> V {
        self.columns[k * self.vectors + self.first]
    }

    #[inline(always)]
    fn against_one<S: Simd<f32s = V>>(&self, simd: S, weights: &[f32]) -> V {
        let mut sum = simd.splat_f32s(0.0);
        for (k, w) in weights.iter().enumerate() {
            sum = simd.mul_add_f32s(simd.splat_f32s(*w), self.at(k), sum);
        }
        sum
    }

    /// Eight sums, each by a name of its own: sums in an array would go through memory.
    #[inline(always)]
    fn against_eight<S: Simd<f32s = V>>(
        &self,
        simd: S,
        weights: &[f32],
        width: usize,
    ) -> [V; EIGHT] {
        let row = |i: usize| &weights[i * width..][..width];
        let (w0, w1, w2, w3) = (row(0), row(1), row(2), row(3));
        let (w4, w5, w6, w7) = (row(4), row(5), row(6), row(7));
        let zero = simd.splat_f32s(0.0);
        let (mut s0, mut s1, mut s2, mut s3) = (zero, zero, zero, zero);
        let (mut s4, mut s5, mut s6, mut s7) = (zero, zero, zero, zero);
        for k in 0..width {
            let x = self.at(k);
            s0 = simd.mul_add_f32s(simd.splat_f32s(w0[k]), x, s0);
            s1 = simd.mul_add_f32s(simd.splat_f32s(w1[k]), x, s1);
            s2 = simd.mul_add_f32s(simd.splat_f32s(w2[k]), x, s2);
            s3 = simd.mul_add_f32s(simd.splat_f32s(w3[k]), x, s3);
            s4 = simd.mul_add_f32s(simd.splat_f32s(w4[k]), x, s4);
            s5 = simd.mul_add_f32s(simd.splat_f32s(w5[k]), x, s5);
            s6 = simd.mul_add_f32s(simd.splat_f32s(w6[k]), x, s6);
            s7 = simd.mul_add_f32s(simd.splat_f32s(w7[k]), x, s7);
        }
        [s0, s1, s2, s3, s4, s5, s6, s7]
    }
}

#[cfg(test)]
mod tests {
    use super::super::numbers;
    use super::*;

    fn run(x: &[f32], rows: usize, weight: &[f32], threads: Threads) -> Vec<f32> {
        let width = x.len() / rows;
        let mut out = vec![0.0; rows * weight.len() / width];
        times_transposed((x, rows), weight, &mut out, threads);
        out
    }

    #[test]
    fn products_meet_double_precision() {
        for (rows, width, outputs) in [(1, 37, 5), (3, 64, 130), (9, 100, 67)] {
            let (x, weight) = (numbers(rows * width, 1), numbers(outputs * width, 2));
            let out = run(&x, rows, &weight, Threads::Pool);
            for i in 0..rows {
                for j in 0..outputs {
                    let exact: f64 = (0..width)
                        .map(|k| f64::from(x[i * width + k]) * f64::from(weight[j * width + k]))
                        .sum();
                    let error = (f64::from(out[i * outputs + j]) - exact).abs();
                    assert!(error < 1e-4, "{rows} {width} {outputs}: {error}");
                }
            }
        }
    }

    #[test]
    fn a_row_has_the_same_bits_in_any_batch_and_on_any_threads() {
        let (x, weight) = (numbers(9 * 100, 1), numbers(67 * 100, 2));
        let together = run(&x, 9, &weight, Threads::Pool);
        for (i, row) in x.chunks(100).enumerate() {
            assert_eq!(run(row, 1, &weight, Threads::One), together[i * 67..(i + 1) * 67]);
        }
    }
}
