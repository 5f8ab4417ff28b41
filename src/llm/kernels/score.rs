//! Log-probabilities of given tokens from the last hidden rows, without an intermediate copy.

use super::{exponential, in_pieces};
use crate::numerics::{Threads, Write, product, vectorised};
use ndarray::{ArrayView2, ArrayViewMut2};

/// The largest number and Σ exp(x − largest).
#[inline(always)]
fn normaliser(row: &[f32]) -> f32 {
    const LANES: usize = 16;
    let whole = row.len() / LANES * LANES;
    let mut tops = [f32::NEG_INFINITY; LANES];
    for piece in row[..whole].chunks_exact(LANES) {
        for i in 0..LANES {
            tops[i] = if piece[i] > tops[i] { piece[i] } else { tops[i] };
        }
    }
    let top = tops.iter().chain(&row[whole..]).copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0.0f32; LANES];
    for piece in row[..whole].chunks_exact(LANES) {
        for i in 0..LANES {
            sums[i] += exponential(piece[i] - top);
        }
    }
    let tail: f32 = row[whole..].iter().map(|x| exponential(x - top)).sum();
    top + (sums.iter().sum::<f32>() + tail).ln()
}

/// log Σ exp of each row: `logits: [rows, vocabulary]` → `[rows]`, nats.
pub fn normalisers(logits: &[f32], vocabulary: usize, threads: Threads) -> Vec<f32> {
    let mut out = vec![0.0; logits.len() / vocabulary.max(1)];
    in_pieces(threads, &mut out, 1, |i, out| {
        let row = &logits[i * vocabulary..(i + 1) * vocabulary];
        out[0] = vectorised(
            #[inline(always)]
            || normaliser(row),
        );
    });
    out
}

/// What scoring leaves for its gradient.
#[derive(Debug)]
pub struct Scores {
    /// log π of each target: `[targets]`, nats.
    pub log_probs: Vec<f32>,
    /// `[rows, vocabulary]`.
    logits: Vec<f32>,
    /// log Σ exp of each row of logits: `[rows]`.
    normalisers: Vec<f32>,
}

/// A token of which the log-probability is asked, and the hidden row that predicts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The row.
    pub row: usize,
    /// The token.
    pub token: usize,
}

/// log softmax(hidden·headᵀ) at the targets.
///
/// *where* `hidden: [rows, width]`, `head: [vocabulary, width]`; several targets may share a row.
///
/// *Numerics*: the logit of the target is a dot product of its own and the normaliser is summed in
/// single precision from the largest logit down.
pub fn score(
    hidden: ArrayView2<'_, f32>,
    head: ArrayView2<'_, f32>,
    targets: &[Target],
    threads: Threads,
) -> Scores {
    let vocabulary = head.nrows();
    let mut logits = vec![0.0; hidden.nrows() * vocabulary];
    let shape = (hidden.nrows(), vocabulary);
    let view = ArrayViewMut2::from_shape(shape, &mut logits).expect("the shape of the logits");
    product(hidden, head.t(), view, Write::Fresh, threads);
    let normalisers = normalisers(&logits, vocabulary, threads);
    let log_prob = |t: &Target| logits[t.row * vocabulary + t.token] - normalisers[t.row];
    let log_probs = targets.iter().map(log_prob).collect();
    Scores { log_probs, logits, normalisers }
}

impl Scores {
    /// Turns the logits into their gradient, given that of the log-probabilities (`[targets]`):
    /// `Σᵢ cᵢ·(1[j = targetᵢ] − πⱼ)` over the targets of a row.
    pub fn into_logit_gradient(
        self,
        targets: &[Target],
        coefficients: &[f32],
        threads: Threads,
    ) -> Vec<f32> {
        let Scores { mut logits, normalisers, .. } = self;
        let vocabulary = logits.len() / normalisers.len().max(1);
        let mut sums = vec![0.0; normalisers.len()];
        targets.iter().zip(coefficients).for_each(|(t, c)| sums[t.row] += c);
        in_pieces(threads, &mut logits, vocabulary, |i, row| {
            let (c, norm) = (sums[i], normalisers[i]);
            vectorised(
                #[inline(always)]
                || row.iter_mut().for_each(|x| *x = -c * exponential(*x - norm)),
            );
        });
        for (t, c) in targets.iter().zip(coefficients) {
            logits[t.row * vocabulary + t.token] += c;
        }
        logits
    }
}

#[cfg(test)]
mod tests {
    use super::super::{check_gradient, numbers};
    use super::*;

    const WIDTH: usize = 5;
    const VOCABULARY: usize = 37;

    fn target(row: usize, token: usize) -> Target {
        Target { row, token }
    }

    fn view(numbers: &[f32]) -> ArrayView2<'_, f32> {
        ArrayView2::from_shape((numbers.len() / WIDTH, WIDTH), numbers).expect("whole rows")
    }

    /// Logits 0, ln 2 and ln 5: probabilities 1/8, 2/8 and 5/8.
    #[test]
    fn three_tokens_by_hand() {
        let head = [0.0, 2.0f32.ln(), 5.0f32.ln()];
        let head = ArrayView2::from_shape((3, 1), &head).expect("column");
        let hidden = [1.0f32, 1.0];
        let hidden = ArrayView2::from_shape((2, 1), &hidden).expect("column");
        let scores = score(hidden, head, &[target(0, 1), target(1, 2)], Threads::One);
        assert!((scores.log_probs[0] - 0.25f32.ln()).abs() < 1e-6);
        assert!((scores.log_probs[1] - 0.625f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn logits_far_away_stay_finite() {
        let norm = normalisers(&[700.0, -700.0, 699.0], 3, Threads::One)[0];
        assert!((norm - (700.0 + (1.0 + (-1.0f32).exp()).ln())).abs() < 1e-4);
    }

    #[test]
    fn gradients_meet_central_differences() {
        let (hidden, head) = (numbers(4 * WIDTH, 1), numbers(VOCABULARY * WIDTH, 2));
        let targets = [target(0, 3), target(1, 36), target(2, 0), target(1, 3), target(3, 36)];
        let c = numbers(targets.len(), 3);
        let loss = |hidden: &[f32]| -> f64 {
            let scores = score(view(hidden), view(&head), &targets, Threads::One);
            scores.log_probs.iter().zip(&c).map(|(lp, c)| f64::from(*lp) * f64::from(*c)).sum()
        };
        let scores = score(view(&hidden), view(&head), &targets, Threads::Pool);
        let logits = scores.into_logit_gradient(&targets, &c, Threads::Pool);
        let logits = ArrayView2::from_shape((4, VOCABULARY), &logits).expect("rows");
        let gradient = logits.dot(&view(&head));
        let gradient = gradient.as_slice().expect("standard layout");
        check_gradient("hidden", &mut hidden.clone(), gradient, &loss);
    }
}
