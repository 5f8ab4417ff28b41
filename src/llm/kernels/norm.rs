//! Normalisation of rows, forward and backward in one pass each.

use super::{dot, in_pieces};
use crate::llm::Norm;
use crate::numerics::{Threads, vectorised};

/// Rows that one thread takes at a time.
const ROWS: usize = 16;

/// Mean and 1/deviation of a row, by which it is normalised.
#[inline(always)]
fn moments(kind: Norm, row: &[f32]) -> (f32, f32) {
    let count = row.len() as f32;
    match kind {
        Norm::Rms { epsilon } => (0.0, 1.0 / (dot(row, row) / count + epsilon as f32).sqrt()),
        Norm::Layer { epsilon } => {
            let mean = row.iter().sum::<f32>() / count;
            let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / count;
            (mean, 1.0 / (variance + epsilon as f32).sqrt())
        }
    }
}

/// `out = (x − mean)/deviation·weight + bias`, row by row; RMS takes no mean and has no bias.
///
/// *where* `x, out: [rows, width]`, `weight, bias: [width]` (`bias` empty if there is none).
pub fn normalise(
    kind: Norm,
    x: &[f32],
    (weight, bias): (&[f32], &[f32]),
    out: &mut [f32],
    threads: Threads,
) {
    let width = weight.len();
    in_pieces(threads, out, ROWS * width, |i, out| {
        let x = &x[i * ROWS * width..];
        vectorised(
            #[inline(always)]
            || {
                for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                    let (mean, scale) = moments(kind, x);
                    for ((out, x), w) in out.iter_mut().zip(x).zip(weight) {
                        *out = (x - mean) * scale * w;
                    }
                    out.iter_mut().zip(bias).for_each(|(out, b)| *out += b);
                }
            },
        );
    });
}

/// The gradient of [`normalise`]'s `x`, given that of its result: `[rows, width]`.
///
/// *Formula* with g = dy·weight and x̂ the normalised row, dx = (g − mean(g) − x̂·mean(g·x̂))/deviation;
/// RMS has no mean(g).
pub fn normalise_gradient(
    kind: Norm,
    x: &[f32],
    (weight, gradient): (&[f32], &[f32]),
    out: &mut [f32],
    threads: Threads,
) {
    let width = weight.len();
    in_pieces(threads, out, ROWS * width, |i, out| {
        let start = i * ROWS * width;
        let rows = x[start..].chunks_exact(width).zip(gradient[start..].chunks_exact(width));
        vectorised(
            #[inline(always)]
            || {
                for (out, (x, dy)) in out.chunks_exact_mut(width).zip(rows) {
                    row_gradient(kind, x, (weight, dy), out);
                }
            },
        );
    });
}

#[inline(always)]
fn row_gradient(kind: Norm, x: &[f32], (weight, dy): (&[f32], &[f32]), out: &mut [f32]) {
    let (mean, scale) = moments(kind, x);
    for ((g, dy), w) in out.iter_mut().zip(dy).zip(weight) {
        *g = dy * w;
    }
    let count = x.len() as f32;
    let total: f32 = out.iter().sum();
    let along = (dot(out, x) - mean * total) * scale / count;
    let centre = if matches!(kind, Norm::Layer { .. }) { total / count } else { 0.0 };
    for (g, x) in out.iter_mut().zip(x) {
        *g = (*g - centre - (x - mean) * scale * along) * scale;
    }
}

/// Adds the gradients of weight and bias (`[width]`; an empty one is left out).
pub fn add_parameter_gradients(
    kind: Norm,
    x: &[f32],
    gradient: &[f32],
    (d_weight, d_bias): (&mut [f32], &mut [f32]),
    width: usize,
) {
    vectorised(
        #[inline(always)]
        || {
            for (x, dy) in x.chunks_exact(width).zip(gradient.chunks_exact(width)) {
                let (mean, scale) = moments(kind, x);
                for ((d, x), dy) in d_weight.iter_mut().zip(x).zip(dy) {
                    *d += dy * (x - mean) * scale;
                }
                d_bias.iter_mut().zip(dy).for_each(|(d, dy)| *d += dy);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::super::{check_gradient, numbers};
    use super::*;

    const ROWS_: usize = 3;
    const WIDTH: usize = 20;

    fn weighed(kind: Norm, x: &[f32], weight: &[f32], bias: &[f32], c: &[f32]) -> f64 {
        let mut out = vec![0.0; x.len()];
        normalise(kind, x, (weight, bias), &mut out, Threads::One);
        out.iter().zip(c).map(|(y, c)| f64::from(*y) * f64::from(*c)).sum()
    }

    /// RMS of (3, 4) is √12.5 = 3.535534: 0.848528 and 1.131371; layer norm gives −1 and 1.
    #[test]
    fn a_row_by_hand() {
        let of = |kind, bias: &[f32]| {
            let mut out = [0.0; 2];
            normalise(kind, &[3.0, 4.0], (&[1.0, 1.0], bias), &mut out, Threads::One);
            out
        };
        let rms = of(Norm::Rms { epsilon: 0.0 }, &[]);
        assert!((rms[0] - 0.848_528).abs() < 1e-6 && (rms[1] - 1.131_371).abs() < 1e-6);
        assert_eq!(of(Norm::Layer { epsilon: 0.0 }, &[0.5, 0.5]), [-0.5, 1.5]);
    }

    #[test]
    fn gradients_meet_central_differences() {
        for kind in [Norm::Rms { epsilon: 1e-5 }, Norm::Layer { epsilon: 1e-5 }] {
            let (x, c) = (numbers(ROWS_ * WIDTH, 1), numbers(ROWS_ * WIDTH, 2));
            let (weight, bias) = (numbers(WIDTH, 3), numbers(WIDTH, 4));
            let mut dx = vec![0.0; x.len()];
            normalise_gradient(kind, &x, (&weight, &c), &mut dx, Threads::Pool);
            check_gradient("x", &mut x.clone(), &dx, &|x| weighed(kind, x, &weight, &bias, &c));
            let (mut dw, mut db) = (vec![0.0; WIDTH], vec![0.0; WIDTH]);
            add_parameter_gradients(kind, &x, &c, (&mut dw, &mut db), WIDTH);
            check_gradient("weight", &mut weight.clone(), &dw, &|w| {
                weighed(kind, &x, w, &bias, &c)
            });
            check_gradient("bias", &mut bias.clone(), &db, &|b| weighed(kind, &x, &weight, b, &c));
        }
    }
}
