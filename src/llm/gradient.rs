//! Log-probabilities of responses, and gradients from coefficients.

use super::decoder::Pass;
use super::memory::TARGETS_AT_ONCE;
use super::ops::Arithmetic;
use super::{Decoder, LlmError, Packed};
use crate::policy::Activations;
use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Tensor, Var};

/// What is read off the hidden rows of packed responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// log π of every token of the responses: `[targets]`, nats.
    LogProbs,
    /// A reward model's number for each response, at the row that predicts its last target:
    /// `[responses]`.
    Scores,
    /// A critic's number before every token of the responses, at the row that predicts it: `[targets]`.
    Values,
}

impl Packed {
    /// The row that predicts the last target of each response: `[responses]`.
    fn last_rows(&self) -> Vec<u32> {
        self.offsets[1..].iter().map(|end| self.rows[end - 1]).collect()
    }

    /// The rows that an output is read off.
    fn rows_of(&self, output: Output) -> Vec<u32> {
        match output {
            Output::LogProbs | Output::Values => self.rows.clone(),
            Output::Scores => self.last_rows(),
        }
    }
}

impl Decoder {
    /// Any output; no gradient is kept.
    pub fn read(&self, output: Output, packed: &Packed) -> std::result::Result<Vec<f32>, LlmError> {
        if output == Output::LogProbs {
            return self.log_probs(packed);
        }
        let rows = packed.rows_of(output);
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (hidden, pass) = self.last_hidden(packed)?;
        Ok(self.read_out(&hidden, &pass, rows)?.to_vec1::<f32>()?)
    }

    /// The rows behind the last normalisation, without a graph: `[n, w]`.
    fn last_hidden(&self, packed: &Packed) -> Result<(Tensor, Pass)> {
        let pass = self.pass(&packed.positions, &packed.groups, Arithmetic::Blocked)?;
        let x = self.embed(&packed.tokens, &packed.positions)?;
        Ok((self.hidden(&x, &pass, None)?.detach(), pass))
    }

    /// log π of every token of the responses: `[targets]`, nats; no gradient is kept.
    pub fn log_probs(&self, packed: &Packed) -> std::result::Result<Vec<f32>, LlmError> {
        if packed.targets.is_empty() {
            return Ok(Vec::new());
        }
        let (hidden, pass) = self.last_hidden(packed)?;
        let mut log_probs = Vec::with_capacity(packed.targets.len());
        let at_once =
            packed.rows.chunks(TARGETS_AT_ONCE).zip(packed.targets.chunks(TARGETS_AT_ONCE));
        for (rows, targets) in at_once {
            let scores = self.score(&hidden, &pass, (rows.to_vec(), targets.to_vec()))?;
            log_probs.extend(scores.to_dtype(DType::F32)?.to_vec1::<f32>()?);
        }
        Ok(log_probs)
    }

    /// Adds Σ cᵢ ∇ log πᵢ to the gradients of the weights that are trained: one forward pass, one
    /// backward pass.
    ///
    /// The closure sees log π of every token of the responses (`[targets]`, nats) and returns a
    /// coefficient for each, or `None` to stop before the backward pass.
    pub fn accumulate(
        &self,
        packed: &Packed,
        activations: Activations,
        coefficients: &mut dyn FnMut(&[f32]) -> Option<Vec<f32>>,
    ) -> std::result::Result<(), LlmError> {
        self.accumulate_of(Output::LogProbs, packed, activations, coefficients)
    }

    /// The same of any output.
    pub fn accumulate_of(
        &self,
        output: Output,
        packed: &Packed,
        activations: Activations,
        coefficients: &mut dyn FnMut(&[f32]) -> Option<Vec<f32>>,
    ) -> std::result::Result<(), LlmError> {
        let rows = packed.rows_of(output);
        if rows.is_empty() {
            coefficients(&[]);
            return Ok(());
        }
        let pass = self.pass(&packed.positions, &packed.groups, Arithmetic::Blocked)?;
        let embedded = Var::from_tensor(&self.embed(&packed.tokens, &packed.positions)?)?;
        // With activations recomputed, the graph begins anew at each block's input.
        let mut inputs = vec![embedded];
        let mut x = inputs[0].as_tensor().clone();
        for i in 0..self.config().layers {
            x = self.block(i, &x, &pass, None)?;
            if activations == Activations::Recomputed {
                inputs.push(Var::from_tensor(&x.detach())?);
                x = inputs[i + 1].as_tensor().clone();
            }
        }
        let hidden = self.finish(&x, &pass)?;
        let outputs = match output {
            Output::LogProbs => self.score(&hidden, &pass, (rows, packed.targets.clone()))?,
            Output::Scores | Output::Values => self.read_out(&hidden, &pass, rows)?,
        };
        let Some(c) = coefficients(&outputs.to_vec1::<f32>()?) else { return Ok(()) };
        let c = Tensor::from_vec(c, outputs.elem_count(), self.engine().device())?;
        let mut grads = (outputs * c)?.sum_all()?.backward()?;
        for i in (1..inputs.len()).rev() {
            let above = gradient_of(&grads, &inputs[i])?;
            let again = self.block(i - 1, &inputs[i - 1], &pass, None)?;
            grads = (again * above)?.backward()?;
        }
        self.add_embedding_gradient(packed, &gradient_of(&grads, &inputs[0])?)
    }

    /// Adds the gradient of the embedded rows (`[n, width]`) to the embeddings'.
    fn add_embedding_gradient(
        &self,
        packed: &Packed,
        gradient: &Tensor,
    ) -> std::result::Result<(), LlmError> {
        let (embedding, places) = self.embeddings();
        if !embedding.is_trained() && !places.is_some_and(|places| places.is_trained()) {
            return Ok(());
        }
        let width = self.config().width;
        let rows = gradient.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        let scatter = |sum: &mut [f32], at: &[u32]| {
            for (row, i) in rows.chunks_exact(width).zip(at) {
                add(&mut sum[*i as usize * width..(*i as usize + 1) * width], row);
            }
        };
        embedding.add_gradient(|sum| scatter(sum, &packed.tokens));
        if let Some(places) = places {
            places.add_gradient(|sum| scatter(sum, &packed.positions));
        }
        Ok(())
    }
}

fn gradient_of(grads: &GradStore, input: &Var) -> Result<Tensor> {
    grads.get(input.as_tensor()).cloned().ok_or_else(|| {
        candle_core::Error::Msg("the residual stream has no gradient".to_owned()).bt()
    })
}

fn add(sum: &mut [f32], numbers: &[f32]) {
    sum.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += x);
}
