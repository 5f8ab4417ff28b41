//! A critic: a decoder that says before every token what the rest of the response is worth.

use super::gradient::Output;
use super::piecewise::Piecewise;
use super::policy::{OnDecoder, parameters_of};
use super::{Decoder, Passes, Tokens, Training};
use crate::policy::{Batch, Parameter, Policy, PolicyError, Ragged};
use crate::stream::Draws;

/// A decoder with a head that reads one number before each token of a response.
///
/// *Formula* v_t = w·h(x, y_<t), h the hidden row that predicts y_t.
///
/// As a [`Policy`] its numbers stand where others have the log-probabilities of tokens.
///
/// *Source* arXiv 2203.02155, appendix C.4, where it is a network of its own.
#[derive(Debug)]
pub struct ValueModel {
    decoder: Decoder,
    passes: Passes,
}

impl ValueModel {
    /// A critic that begins as the policy's network, with weights of its own where that learns, and this
    /// head: `[width]`.
    pub fn beside(policy: &Decoder, passes: Passes, head: Vec<f32>) -> Self {
        let mut decoder = policy.apart();
        decoder.add_readout(head, Training::Trained);
        ValueModel { decoder, passes }
    }

    fn values(&self) -> Piecewise<'_> {
        Piecewise { decoder: &self.decoder, output: Output::Values, passes: self.passes }
    }
}

impl Policy for ValueModel {
    type Prompt = Tokens;
    type Response = Tokens;

    fn sample(&self, _: &[Tokens], _: usize, _: &Draws) -> Result<Vec<Tokens>, PolicyError> {
        Err(PolicyError::Model("a critic values responses and draws none".to_owned()))
    }

    fn accumulate(
        &mut self,
        batch: &Batch<Tokens, Tokens>,
        coefficients: &mut dyn FnMut(&Ragged) -> Option<Vec<f64>>,
    ) -> Result<(), PolicyError> {
        self.values().accumulate(batch, coefficients)
    }

    /// The values.
    fn log_probs(&self, batch: &Batch<Tokens, Tokens>) -> Result<Ragged, PolicyError> {
        self.values().read(batch)
    }

    fn parameters_mut(&mut self) -> Vec<Parameter<'_>> {
        parameters_of(&mut self.decoder)
    }
}

impl OnDecoder for ValueModel {
    fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    fn decoder_mut(&mut self) -> &mut Decoder {
        &mut self.decoder
    }
}
