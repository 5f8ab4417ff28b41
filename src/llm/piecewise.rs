//! One output of a decoder over whole batches, in pieces that fit into a pass.

use super::gradient::Output;
use super::packed::pieces;
use super::policy::Passes;
use super::{Decoder, LlmError, Packed, Sequences, Tokens};
use crate::policy::{PolicyError, Ragged};
use std::ops::Range;

/// A decoder, what is read off it, and the limits of its passes.
#[derive(Clone, Copy)]
pub(super) struct Piecewise<'a> {
    pub decoder: &'a Decoder,
    pub output: Output,
    pub passes: Passes,
}

impl Piecewise<'_> {
    /// The output as the learner reads log-probabilities, without any gradient: `[response][number]`.
    pub fn read(&self, batch: &Sequences) -> Result<Ragged, PolicyError> {
        let room = self.room(batch);
        let batch = room.as_ref().unwrap_or(batch);
        let (mut values, mut offsets) = (Vec::new(), vec![0]);
        for piece in pieces_of(batch, self.passes.rows) {
            let packed = Packed::new(batch, piece);
            let start = values.len();
            values.extend(self.decoder.read(self.output, &packed)?);
            offsets.extend(self.output.offsets(&packed)[1..].iter().map(|end| start + end));
        }
        Ok(ragged(&values, offsets))
    }

    /// Adds Σ cᵢ ∇ outputᵢ to the gradients: one pass where the batch fits into one; else all numbers come
    /// first, without a graph, and the pieces are back-propagated one after another.
    pub fn accumulate(
        &self,
        batch: &Sequences,
        coefficients: &mut dyn FnMut(&Ragged) -> Option<Vec<f64>>,
    ) -> Result<(), PolicyError> {
        let room = self.room(batch);
        let whole = room.as_ref().unwrap_or(batch);
        let pieces = pieces_of(whole, self.passes.rows);
        if let [piece] = pieces.as_slice() {
            let packed = Packed::new(whole, piece.clone());
            let offsets = self.output.offsets(&packed);
            self.push(&packed, &mut |numbers| {
                let c = coefficients(&ragged(numbers, offsets.clone()))?;
                Some(c.into_iter().map(|c| c as f32).collect())
            })?;
            return Ok(());
        }
        let Some(c) = coefficients(&self.read(batch)?) else { return Ok(()) };
        let mut rest = c.into_iter().map(|c| c as f32);
        for piece in pieces {
            let packed = Packed::new(whole, piece);
            let count = *self.output.offsets(&packed).last().unwrap_or(&0);
            let own: Vec<f32> = rest.by_ref().take(count).collect();
            if own.iter().any(|c| *c != 0.0) {
                self.push(&packed, &mut |_| Some(own.clone()))?;
            }
        }
        Ok(())
    }

    fn push(
        &self,
        packed: &Packed,
        coefficients: &mut dyn FnMut(&[f32]) -> Option<Vec<f32>>,
    ) -> Result<(), LlmError> {
        self.decoder.accumulate_of(self.output, packed, self.passes.activations, coefficients)
    }

    /// The batch with room for the row of every response's last own token, where that row is read.
    fn room(&self, batch: &Sequences) -> Option<Sequences> {
        (self.output == Output::Scores).then(|| with_room(batch))
    }
}

impl Output {
    /// The numbers of response `i` are `offsets[i]..offsets[i + 1]`.
    fn offsets(self, packed: &Packed) -> Vec<usize> {
        match self {
            Output::LogProbs | Output::Values => packed.offsets.clone(),
            Output::Scores => (0..packed.offsets.len()).collect(),
        }
    }
}

/// Every response with one more token, so that its last own token has a row that can be read.
fn with_room(batch: &Sequences) -> Sequences {
    let mut room = Sequences::default();
    for (p, prompt) in batch.prompts().iter().enumerate() {
        let responses = &batch.responses()[batch.range(p)];
        let longer = |y: &Tokens| -> Tokens { y.iter().copied().chain([0]).collect() };
        room.push(Tokens::clone(prompt), responses.iter().map(longer));
    }
    room
}

/// Prompts that go through a model together: whole groups, no more rows than allowed.
fn pieces_of(batch: &Sequences, most: usize) -> Vec<Range<usize>> {
    let rows = batch.prompts().iter().enumerate().map(|(p, prompt)| {
        let responses = &batch.responses()[batch.range(p)];
        prompt.len() + responses.iter().map(|y| y.len()).sum::<usize>()
    });
    pieces(rows, most)
}

fn ragged(numbers: &[f32], offsets: Vec<usize>) -> Ragged {
    Ragged::new(numbers.iter().map(|x| f64::from(*x)).collect(), offsets)
}
