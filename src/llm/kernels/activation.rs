//! What stands between the two projections of a block's network.

use super::{exponential, in_pieces};
use crate::llm::Activation;
use crate::numerics::{Threads, vectorised};

/// Numbers that one thread takes at a time.
const PIECE: usize = 1 << 14;

/// √(2/π) and the cubic coefficient of GELU's approximation by tanh (arXiv 1606.08415).
const GELU_SCALE: f32 = 0.797_884_6;
const GELU_CUBIC: f32 = 0.044_715;

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exponential(-x))
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exponential(2.0 * x) + 1.0)
}

/// erf(x), Abramowitz and Stegun 7.1.26: error below 1.5e-7.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let magnitude = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * magnitude);
    let mut p = 1.061_405_4f32;
    for c in [-1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6] {
        p = p * t + c;
    }
    let value = 1.0 - p * t * exponential(-magnitude * magnitude);
    if x < 0.0 { -value } else { value }
}

#[inline(always)]
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

#[inline(always)]
fn gelu_slope(x: f32) -> f32 {
    /// 1/√(2π): the density of a standard normal at 0.
    const DENSITY: f32 = 0.398_942_3;
    let below = 0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2));
    below + x * DENSITY * exponential(-0.5 * x * x)
}

#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    0.5 * x * (1.0 + tanh(GELU_SCALE * (x + GELU_CUBIC * x * x * x)))
}

#[inline(always)]
fn gelu_tanh_slope(x: f32) -> f32 {
    let t = tanh(GELU_SCALE * (x + GELU_CUBIC * x * x * x));
    let inner = GELU_SCALE * (1.0 + 3.0 * GELU_CUBIC * x * x);
    0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner
}

/// `out = silu(gate)·up`, number by number; silu(x) = x/(1 + e⁻ˣ).
pub fn swiglu(gate: &[f32], up: &[f32], out: &mut [f32], threads: Threads) {
    in_pieces(threads, out, PIECE, |i, out| {
        let (gate, up) = (&gate[i * PIECE..], &up[i * PIECE..]);
        vectorised(
            #[inline(always)]
            || {
                for ((out, g), u) in out.iter_mut().zip(gate).zip(up) {
                    *out = g * sigmoid(*g) * u;
                }
            },
        );
    });
}

/// The gradients of [`swiglu`]'s `gate` and `up`, given that of its result.
pub fn swiglu_gradient(
    (gate, up): (&[f32], &[f32]),
    gradient: &[f32],
    (d_gate, d_up): (&mut [f32], &mut [f32]),
    threads: Threads,
) {
    in_pieces(threads, d_up, PIECE, |i, d_up| {
        let (gate, gradient) = (&gate[i * PIECE..], &gradient[i * PIECE..]);
        vectorised(
            #[inline(always)]
            || {
                for ((d, g), dy) in d_up.iter_mut().zip(gate).zip(gradient) {
                    *d = dy * g * sigmoid(*g);
                }
            },
        );
    });
    in_pieces(threads, d_gate, PIECE, |i, d_gate| {
        let (gate, up) = (&gate[i * PIECE..], &up[i * PIECE..]);
        let gradient = &gradient[i * PIECE..];
        vectorised(
            #[inline(always)]
            || {
                for (((d, g), u), dy) in d_gate.iter_mut().zip(gate).zip(up).zip(gradient) {
                    let s = sigmoid(*g);
                    *d = dy * u * s * (1.0 + g * (1.0 - s));
                }
            },
        );
    });
}

/// `out = f(x)` for the activations of one argument.
pub fn activate(kind: Activation, x: &[f32], out: &mut [f32], threads: Threads) {
    in_pieces(threads, out, PIECE, |i, out| {
        let pairs = out.iter_mut().zip(&x[i * PIECE..]);
        vectorised(
            #[inline(always)]
            || match kind {
                Activation::Gelu => pairs.for_each(|(out, x)| *out = gelu(*x)),
                _ => pairs.for_each(|(out, x)| *out = gelu_tanh(*x)),
            },
        );
    });
}

/// The gradient of [`activate`]'s argument, given that of its result.
pub fn activate_gradient(
    kind: Activation,
    x: &[f32],
    gradient: &[f32],
    out: &mut [f32],
    threads: Threads,
) {
    in_pieces(threads, out, PIECE, |i, out| {
        let all = out.iter_mut().zip(&x[i * PIECE..]).zip(&gradient[i * PIECE..]);
        vectorised(
            #[inline(always)]
            || match kind {
                Activation::Gelu => all.for_each(|((out, x), dy)| *out = dy * gelu_slope(*x)),
                _ => all.for_each(|((out, x), dy)| *out = dy * gelu_tanh_slope(*x)),
            },
        );
    });
}

#[cfg(test)]
mod tests {
    use super::super::{check_gradient, numbers};
    use super::*;

    /// GELU(1) = 0.841345 (Φ(1)); by tanh 0.841192; GELU(−2) = −0.045500; silu(1)·2 = 1.462117.
    #[test]
    fn values_by_table() {
        let of = |kind, x: f32| {
            let mut out = [0.0];
            activate(kind, &[x], &mut out, Threads::One);
            out[0]
        };
        assert!((of(Activation::Gelu, 1.0) - 0.841_345).abs() < 1e-6);
        assert!((of(Activation::Gelu, -2.0) + 0.045_500).abs() < 1e-6);
        assert!((of(Activation::GeluTanh, 1.0) - 0.841_192).abs() < 1e-6);
        let mut out = [0.0];
        swiglu(&[1.0], &[2.0], &mut out, Threads::One);
        assert!((out[0] - 1.462_117).abs() < 1e-6);
    }

    #[test]
    fn gradients_meet_central_differences() {
        let (x, up, c) = (numbers(40, 1), numbers(40, 2), numbers(40, 3));
        let weighed = |out: &[f32]| -> f64 {
            out.iter().zip(&c).map(|(y, c)| f64::from(*y) * f64::from(*c)).sum()
        };
        for kind in [Activation::Gelu, Activation::GeluTanh] {
            let mut gradient = vec![0.0; 40];
            activate_gradient(kind, &x, &c, &mut gradient, Threads::One);
            check_gradient("x", &mut x.clone(), &gradient, &|x| {
                let mut out = vec![0.0; 40];
                activate(kind, x, &mut out, Threads::One);
                weighed(&out)
            });
        }
        let (mut d_gate, mut d_up) = (vec![0.0; 40], vec![0.0; 40]);
        swiglu_gradient((&x, &up), &c, (&mut d_gate, &mut d_up), Threads::Pool);
        let of = |gate: &[f32], up: &[f32]| {
            let mut out = vec![0.0; 40];
            swiglu(gate, up, &mut out, Threads::One);
            weighed(&out)
        };
        check_gradient("gate", &mut x.clone(), &d_gate, &|gate| of(gate, &up));
        check_gradient("up", &mut up.clone(), &d_up, &|up| of(&x, up));
    }
}
