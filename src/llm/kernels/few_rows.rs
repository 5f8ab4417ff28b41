//! Products with few rows, as decoding token by token makes them.
//!
//! Blocked products copy the weights before they multiply; with few rows that copy is most of the
//! work. Here every weight is read once, and every number of the result is summed in an order of
//! its own: a row's result has the same bits in any batch and on any number of threads.

use super::in_pieces;
use crate::numerics::Threads;
use pulp::{Arch, Simd, WithSimd};

/// Rows of weights and of inputs that are multiplied at a time: 16 sums in registers.
const TILE: usize = 4;
/// Rows of weights that one thread takes at a time.
const PIECE: usize = 64;

/// `out[i, j] = x[i]·weight[j]`.
///
/// *where* `x: [rows, width]`, `weight: [outputs, width]`, `out: [rows, outputs]`.
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
    // Transposed, so that a thread writes to memory of its own.
    let mut columns = vec![0.0; out.len()];
    let arch = Arch::new();
    in_pieces(threads, &mut columns, PIECE * rows, |i, out| {
        let first = i * PIECE * width;
        let weight = &weight[first..first + out.len() / rows * width];
        arch.dispatch(Piece { x, weight, width, out });
    });
    for (j, column) in columns.chunks_exact(rows).enumerate() {
        column.iter().enumerate().for_each(|(i, y)| out[i * outputs + j] = *y);
    }
}

/// Some rows of weights against all rows of inputs: `out: [weights, rows]`.
struct Piece<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    width: usize,
    out: &'a mut [f32],
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Piece { x, weight, width, out } = self;
        let rows = x.len() / width;
        for (w, weights) in weight.chunks(TILE * width).enumerate() {
            for (r, inputs) in x.chunks(TILE * width).enumerate() {
                let (down, across) = (weights.len() / width, inputs.len() / width);
                let mut put = |i: usize, j: usize, y: f32| {
                    out[(w * TILE + i) * rows + r * TILE + j] = y;
                };
                if (down, across) == (TILE, TILE) {
                    let sums = tile::<S, TILE>(simd, weights, inputs, width);
                    (0..TILE).for_each(|i| (0..TILE).for_each(|j| put(i, j, sums[i][j])));
                    continue;
                }
                for (i, weight) in weights.chunks_exact(width).enumerate() {
                    for (j, input) in inputs.chunks_exact(width).enumerate() {
                        put(i, j, tile::<S, 1>(simd, weight, input, width)[0][0]);
                    }
                }
            }
        }
    }
}

/// `N` × `N` dot products at once, each summed in the order in which it would be summed alone.
#[inline(always)]
fn tile<S: Simd, const N: usize>(simd: S, a: &[f32], b: &[f32], width: usize) -> [[f32; N]; N] {
    let split_a: [(&[S::f32s], &[f32]); N] =
        std::array::from_fn(|i| S::as_simd_f32s(&a[i * width..(i + 1) * width]));
    let split_b: [(&[S::f32s], &[f32]); N] =
        std::array::from_fn(|j| S::as_simd_f32s(&b[j * width..(j + 1) * width]));
    let mut sums = [[simd.splat_f32s(0.0); N]; N];
    for k in 0..split_a[0].0.len() {
        let left: [S::f32s; N] = std::array::from_fn(|i| split_a[i].0[k]);
        for j in 0..N {
            let right = split_b[j].0[k];
            for i in 0..N {
                sums[i][j] = simd.mul_add_f32s(left[i], right, sums[i][j]);
            }
        }
    }
    std::array::from_fn(|i| {
        std::array::from_fn(|j| {
            let tail: f32 = split_a[i].1.iter().zip(split_b[j].1).map(|(a, b)| a * b).sum();
            simd.reduce_sum_f32s(sums[i][j]) + tail
        })
    })
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
