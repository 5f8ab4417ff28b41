//! The head of a reward model: one number read off a hidden row.

use super::{Decoder, Pass};
use crate::llm::ops::Projection;
use crate::llm::{Training, Weight};
use candle_core::{DType, Result, Tensor};
use std::sync::Arc;

impl Decoder {
    /// The name of the head's weight, as transformers' models for sequence classification have it.
    pub const READOUT: &str = "score.weight";

    /// Makes a reward model of it: `value: [width]`. The head over tokens learns no more; it is kept, so that
    /// files of the model are whole.
    pub fn add_readout(&mut self, value: Vec<f32>, training: Training) {
        if let Some(head) = self.head.as_mut().filter(|head| head.is_trained()) {
            *head = Arc::new(head.frozen());
        }
        let shape = vec![1, self.config.width];
        let weight = Weight::new(Self::READOUT.to_owned(), shape, value, training);
        self.readout = Some(Arc::new(weight));
    }

    /// The head of a reward model, if it is one: `[1, width]`.
    pub fn readout(&self) -> Option<&Arc<Weight>> {
        self.readout.as_ref()
    }

    /// The head, to be changed or taken.
    pub fn readout_mut(&mut self) -> &mut Option<Arc<Weight>> {
        &mut self.readout
    }

    /// Multiplies every score by a number.
    pub fn scale_readout(&mut self, factor: f32) {
        if let Some(weight) = self.readout.as_mut().and_then(Arc::get_mut) {
            weight.parts_mut().0.iter_mut().for_each(|w| *w *= factor);
        }
    }

    /// A number for each of some hidden rows: `[rows]`, f32.
    pub fn read_out(&self, hidden: &Tensor, pass: &Pass, rows: Vec<u32>) -> Result<Tensor> {
        let Some(weight) = &self.readout else {
            return Err(
                candle_core::Error::Msg("the model has no head for rewards".to_owned()).bt()
            );
        };
        let read = pass.ops.pick(hidden, rows)?; // [rows, w]
        let weight = Arc::clone(weight);
        let scores = pass.ops.project(&read, &Projection { weight, bias: None, adapter: None })?;
        scores.flatten_all()?.to_dtype(DType::F32)
    }
}
