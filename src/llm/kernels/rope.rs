//! Rotary positions: each head's first half is rotated against its second.

use super::in_pieces;
use crate::llm::{Positions, RopeScaling};
use crate::numerics::Threads;

/// Rows that one thread takes at a time.
const ROWS: usize = 32;

/// Cosines and sines for every position: `[context, width / 2]`.
#[derive(Debug)]
pub struct Rope {
    cosines: Vec<f32>,
    sines: Vec<f32>,
    half: usize,
}

/// Which way a rotation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// As positions say.
    Forth,
    /// Against it: the gradient of a rotation.
    Back,
}

impl Rope {
    /// The angles `position·θ^(−2i/width)` of a configuration; `None` for learned positions.
    pub fn new(positions: Positions, context: usize) -> Option<Self> {
        let Positions::Rotary { theta, width, scaling } = positions else { return None };
        let half = width / 2;
        let frequencies: Vec<f64> = (0..half)
            .map(|i| stretched(theta.powf(-2.0 * i as f64 / width as f64), scaling))
            .collect();
        let angles = || (0..context).flat_map(|p| frequencies.iter().map(move |f| p as f64 * f));
        let cosines = angles().map(|a| a.cos() as f32).collect();
        let sines = angles().map(|a| a.sin() as f32).collect();
        Some(Rope { cosines, sines, half })
    }

    /// Cosines and sines of a position: `[width / 2]` each.
    fn at(&self, position: u32) -> (&[f32], &[f32]) {
        let range = position as usize * self.half..(position as usize + 1) * self.half;
        (&self.cosines[range.clone()], &self.sines[range])
    }

    /// Cosines and sines of some positions, `[positions, width / 2]` each, row by row.
    pub fn gather(&self, positions: &[u32]) -> (Vec<f32>, Vec<f32>) {
        let rows = || positions.iter().map(|p| self.at(*p));
        (rows().flat_map(|r| r.0.to_vec()).collect(), rows().flat_map(|r| r.1.to_vec()).collect())
    }

    /// Half the width that is rotated.
    pub fn half(&self) -> usize {
        self.half
    }
}

/// A frequency as a longer context stretches it.
///
/// *Source* `ROPE_INIT_FUNCTIONS` of Hugging Face transformers (`linear`, `llama3`).
fn stretched(frequency: f64, scaling: RopeScaling) -> f64 {
    match scaling {
        RopeScaling::None => frequency,
        RopeScaling::Linear { factor } => frequency / factor,
        RopeScaling::Llama3 {
            factor,
            low_frequency_factor: low,
            high_frequency_factor: high,
            original_context,
        } => {
            let wavelengths = original_context as f64 * frequency / std::f64::consts::TAU;
            let kept = ((wavelengths - low) / (high - low)).clamp(0.0, 1.0);
            (1.0 - kept) * frequency / factor + kept * frequency
        }
    }
}

/// `out` = `x` rotated: `x, out: [rows, heads·head_width]`, one position for each row.
pub fn rotate(
    rope: &Rope,
    (x, head_width): (&[f32], usize),
    positions: &[u32],
    turn: Turn,
    (out, threads): (&mut [f32], Threads),
) {
    let width = x.len() / positions.len().max(1);
    let sign = if turn == Turn::Forth { 1.0 } else { -1.0 };
    in_pieces(threads, out, ROWS * width, |i, out| {
        let rows = x[i * ROWS * width..].chunks_exact(width).zip(&positions[i * ROWS..]);
        for (out, (x, &position)) in out.chunks_exact_mut(width).zip(rows) {
            let (cosines, sines) = rope.at(position);
            for (out, x) in out.chunks_exact_mut(head_width).zip(x.chunks_exact(head_width)) {
                out[2 * rope.half..].copy_from_slice(&x[2 * rope.half..]);
                for j in 0..rope.half {
                    let (a, b) = (x[j], x[j + rope.half]);
                    let (c, s) = (cosines[j], sign * sines[j]);
                    out[j] = a * c - b * s;
                    out[j + rope.half] = b * c + a * s;
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::numbers;
    use super::*;

    fn rope(width: usize, scaling: RopeScaling) -> Rope {
        Rope::new(Positions::Rotary { theta: 100.0, width, scaling }, 64).expect("rotary")
    }

    /// Width 4, θ = 100: frequencies 1 and 0.1. At position 2 the pair (1, 0) of the first frequency
    /// becomes (cos 2, sin 2) = (−0.416147, 0.909297).
    #[test]
    fn a_rotation_by_hand() {
        let rope = rope(4, RopeScaling::None);
        let mut out = [0.0; 4];
        rotate(&rope, (&[1.0, 0.0, 0.0, 0.0], 4), &[2], Turn::Forth, (&mut out, Threads::One));
        assert!((out[0] + 0.416_147).abs() < 1e-6 && (out[2] - 0.909_297).abs() < 1e-6);
        assert_eq!((out[1], out[3]), (0.0, 0.0));
    }

    #[test]
    fn turning_back_undoes_a_turn_and_leaves_the_rest_of_a_head_alone() {
        let rope = rope(4, RopeScaling::None);
        let x = numbers(3 * 12, 1);
        let positions = [0, 5, 63];
        let (mut there, mut back) = (vec![0.0; 36], vec![0.0; 36]);
        rotate(&rope, (&x, 6), &positions, Turn::Forth, (&mut there, Threads::One));
        rotate(&rope, (&there, 6), &positions, Turn::Back, (&mut back, Threads::Pool));
        assert!(x.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-6));
        assert_eq!((there[4], there[11]), (x[4], x[11]));
        assert_ne!(there[12], x[12]);
    }

    /// Llama 3's ramp: wavelength 2π/f against 64 tokens with factors 1 and 4, divided by 8.
    /// f = 1: 64/2π = 10.2 wavelengths, kept; f = 0.01: 0.102, divided: 0.00125; f = 0.2: 2.037, a
    /// share of (2.037 − 1)/3 = 0.345733 is kept: 0.2·(0.654267/8 + 0.345733) = 0.0855033.
    #[test]
    fn llama_3_stretches_low_frequencies_only() {
        let scaling = RopeScaling::Llama3 {
            factor: 8.0,
            low_frequency_factor: 1.0,
            high_frequency_factor: 4.0,
            original_context: 64,
        };
        assert_eq!(stretched(1.0, scaling), 1.0);
        assert!((stretched(0.01, scaling) - 0.00125).abs() < 1e-12);
        assert!((stretched(0.2, scaling) - 0.085_503_3).abs() < 1e-6);
    }
}
