//! Products whose rows do not depend on each other.
//!
//! Blocked products sum in an order that depends on the number of rows, and with few rows they spend
//! their time copying weights. Here every number of the result is summed over the width in order: a
//! row's result has the same bits in any batch and on any number of threads.

use super::in_pieces;
use crate::numerics::{Threads, Write};
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// Rows of weights that one thread takes at a time.
const PIECE: usize = 64;
/// Vectors of rows that go through the weights together; a last one may go alone.
const PAIR: usize = 2;

/// `out[i, j] = x[i]·weight[j]`, or added to what stands there.
///
/// *where* `x: [rows, width]`, `weight: [outputs, width]`, `out: [rows, outputs]`.
///
/// *Numerics*: each number is one sum of fused products, from the first input to the last.
pub fn times_transposed(
    (x, rows): (&[f32], usize),
    weight: &[f32],
    (out, write): (&mut [f32], Write),
    threads: Threads,
) {
    if rows == 0 {
        return;
    }
    let (width, outputs) = (x.len() / rows, out.len() / rows);
    let arch = Arch::new();
    let lanes = arch.dispatch(Lanes);
    let vectors = rows.div_ceil(lanes);
    let columns = columns(x, width, lanes);
    // A thread writes to memory of its own: pieces of weights, panel by panel.
    let mut results = vec![0.0; outputs * vectors * lanes];
    in_pieces(threads, &mut results, PIECE * vectors * lanes, |i, out| {
        let count = out.len() / (vectors * lanes);
        let weight = &weight[i * PIECE * width..][..count * width];
        arch.dispatch(Piece { columns: &columns, weight, width, out });
    });
    for (b, piece) in results.chunks(PIECE * vectors * lanes).enumerate() {
        let count = piece.len() / (vectors * lanes);
        for panel in panels(vectors) {
            let wide = panel.len() * lanes;
            let sums = &piece[panel.start * lanes * count..][..wide * count];
            let rows = out.chunks_exact_mut(outputs).skip(panel.start * lanes).take(wide);
            for (i, row) in rows.enumerate() {
                let sums = sums.chunks_exact(wide).map(|sums| sums[i]);
                let row = row[b * PIECE..].iter_mut().zip(sums);
                match write {
                    Write::Fresh => row.for_each(|(y, sum)| *y = sum),
                    Write::Sum => row.for_each(|(y, sum)| *y += sum),
                }
            }
        }
    }
}

/// The vectors of each panel.
fn panels(vectors: usize) -> impl Iterator<Item = Range<usize>> {
    (0..vectors).step_by(PAIR).map(move |first| first..(first + PAIR).min(vectors))
}

/// Rows as vectors that hold the same input of many rows: of each panel `[width, its rows]`.
fn columns(x: &[f32], width: usize, lanes: usize) -> Vec<f32> {
    let rows = x.len() / width;
    let vectors = rows.div_ceil(lanes);
    let mut columns = vec![0.0; width * vectors * lanes];
    for panel in panels(vectors) {
        let wide = panel.len() * lanes;
        let own = &mut columns[panel.start * lanes * width..][..wide * width];
        let rows = x.chunks_exact(width).skip(panel.start * lanes).take(wide);
        for (i, row) in rows.enumerate() {
            own.chunks_exact_mut(wide).zip(row).for_each(|(column, x)| column[i] = *x);
        }
    }
    columns
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

/// Some rows of weights against all rows of inputs: of each panel `out: [weights, its rows]`.
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
        let count = weight.len() / width;
        for panel in panels(columns.len() / width) {
            let own = &columns[panel.start * width..panel.end * width];
            let out = &mut out[panel.start * count..panel.end * count];
            match own.as_chunks::<PAIR>() {
                (pairs, []) if panel.len() == PAIR => pair(simd, pairs, weight, out),
                _ => alone(simd, own, weight, out),
            }
        }
    }
}

/// Rows of weights whose sums with one vector are under way at once: enough to fill the pipeline.
const EIGHT: usize = 8;
/// The same with two vectors.
const FOUR: usize = 4;

/// All weights against one vector of rows.
#[inline(always)]
fn alone<S: Simd>(simd: S, columns: &[S::f32s], weight: &[f32], out: &mut [S::f32s]) {
    let width = columns.len();
    let eights = weight.chunks_exact(EIGHT * width);
    let singles = eights.remainder().chunks_exact(width);
    let (out_eights, out_singles) = out.as_chunks_mut::<EIGHT>();
    for (weights, out) in eights.zip(out_eights) {
        *out = eight_with_one(simd, columns, weights);
    }
    for (weights, out) in singles.zip(out_singles) {
        let mut sum = simd.splat_f32s(0.0);
        for (w, x) in weights.iter().zip(columns) {
            sum = simd.mul_add_f32s(simd.splat_f32s(*w), *x, sum);
        }
        *out = sum;
    }
}

/// All weights against two vectors of rows.
#[inline(always)]
fn pair<S: Simd>(simd: S, columns: &[[S::f32s; PAIR]], weight: &[f32], out: &mut [S::f32s]) {
    let width = columns.len();
    let fours = weight.chunks_exact(FOUR * width);
    let singles = fours.remainder().chunks_exact(width);
    let (out_fours, out_singles) = out.as_chunks_mut::<{ PAIR * FOUR }>();
    for (weights, out) in fours.zip(out_fours) {
        *out = four_with_two(simd, columns, weights);
    }
    for (weights, out) in singles.zip(out_singles.chunks_exact_mut(PAIR)) {
        let (mut s, mut t) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
        for (w, [x, y]) in weights.iter().zip(columns) {
            let w = simd.splat_f32s(*w);
            (s, t) = (simd.mul_add_f32s(w, *x, s), simd.mul_add_f32s(w, *y, t));
        }
        out.copy_from_slice(&[s, t]);
    }
}

/// Eight sums, each by a name of its own: sums in an array would go through memory.
#[inline(always)]
fn eight_with_one<S: Simd>(simd: S, columns: &[S::f32s], weights: &[f32]) -> [S::f32s; EIGHT] {
    let width = columns.len();
    let row = |i: usize| &weights[i * width..][..width];
    let (w0, w1, w2, w3) = (row(0), row(1), row(2), row(3));
    let (w4, w5, w6, w7) = (row(4), row(5), row(6), row(7));
    let zero = simd.splat_f32s(0.0);
    let (mut s0, mut s1, mut s2, mut s3) = (zero, zero, zero, zero);
    let (mut s4, mut s5, mut s6, mut s7) = (zero, zero, zero, zero);
    for (k, x) in columns.iter().enumerate() {
        s0 = simd.mul_add_f32s(simd.splat_f32s(w0[k]), *x, s0);
        s1 = simd.mul_add_f32s(simd.splat_f32s(w1[k]), *x, s1);
        s2 = simd.mul_add_f32s(simd.splat_f32s(w2[k]), *x, s2);
        s3 = simd.mul_add_f32s(simd.splat_f32s(w3[k]), *x, s3);
        s4 = simd.mul_add_f32s(simd.splat_f32s(w4[k]), *x, s4);
        s5 = simd.mul_add_f32s(simd.splat_f32s(w5[k]), *x, s5);
        s6 = simd.mul_add_f32s(simd.splat_f32s(w6[k]), *x, s6);
        s7 = simd.mul_add_f32s(simd.splat_f32s(w7[k]), *x, s7);
    }
    [s0, s1, s2, s3, s4, s5, s6, s7]
}

/// Four rows of weights with two vectors: what is loaded serves twice.
#[inline(always)]
fn four_with_two<S: Simd>(
    simd: S,
    columns: &[[S::f32s; PAIR]],
    weights: &[f32],
) -> [S::f32s; PAIR * FOUR] {
    let width = columns.len();
    let row = |i: usize| &weights[i * width..][..width];
    let (w0, w1, w2, w3) = (row(0), row(1), row(2), row(3));
    let zero = simd.splat_f32s(0.0);
    let (mut s0, mut s1, mut s2, mut s3) = (zero, zero, zero, zero);
    let (mut t0, mut t1, mut t2, mut t3) = (zero, zero, zero, zero);
    for (k, [x, y]) in columns.iter().enumerate() {
        let (a, b) = (simd.splat_f32s(w0[k]), simd.splat_f32s(w1[k]));
        let (c, d) = (simd.splat_f32s(w2[k]), simd.splat_f32s(w3[k]));
        (s0, t0) = (simd.mul_add_f32s(a, *x, s0), simd.mul_add_f32s(a, *y, t0));
        (s1, t1) = (simd.mul_add_f32s(b, *x, s1), simd.mul_add_f32s(b, *y, t1));
        (s2, t2) = (simd.mul_add_f32s(c, *x, s2), simd.mul_add_f32s(c, *y, t2));
        (s3, t3) = (simd.mul_add_f32s(d, *x, s3), simd.mul_add_f32s(d, *y, t3));
    }
    [s0, t0, s1, t1, s2, t2, s3, t3]
}

#[cfg(test)]
mod tests {
    use super::super::numbers;
    use super::*;

    fn run(x: &[f32], rows: usize, weight: &[f32], threads: Threads) -> Vec<f32> {
        let width = x.len() / rows;
        let mut out = vec![0.0; rows * weight.len() / width];
        times_transposed((x, rows), weight, (&mut out, Write::Fresh), threads);
        out
    }

    #[test]
    fn products_meet_double_precision() {
        for (rows, width, outputs) in [(1, 37, 5), (3, 64, 130), (9, 100, 67), (37, 50, 71)] {
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
        let (x, weight) = (numbers(41 * 100, 1), numbers(67 * 100, 2));
        let together = run(&x, 41, &weight, Threads::Pool);
        for (i, row) in x.chunks(100).enumerate() {
            assert_eq!(run(row, 1, &weight, Threads::One), together[i * 67..(i + 1) * 67]);
        }
    }
}
