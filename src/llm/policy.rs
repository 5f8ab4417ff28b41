//! A language model as a policy: all that the learner sees of it.

use super::gradient::Output;
use super::piecewise::Piecewise;
use super::sample::{Sample, SampleSettings};
use super::{Activations, Decoder, LlmError, ScoringModel, Tokens, Weight};
use crate::policy::{Batch, Parameter, Policy, PolicyError, Ragged, Scalars};
use crate::stream::Draws;
use std::sync::Arc;

/// Samples at a time: enough to use every weight that is read well, few enough to keep their keys and
/// values.
pub(super) const SAMPLES_AT_ONCE: usize = 64;

/// Limits of one pass through a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passes {
    /// Rows (tokens) of a pass, unless one prompt with its responses has more.
    pub rows: usize,
    /// What backward passes find of forward passes.
    pub activations: Activations,
}

/// A decoder that draws responses and learns.
#[derive(Debug)]
pub struct LanguageModel {
    decoder: Decoder,
    settings: SampleSettings,
    passes: Passes,
}

impl From<LlmError> for PolicyError {
    fn from(error: LlmError) -> Self {
        PolicyError::Model(error.to_string())
    }
}

/// A policy that stands on a decoder.
pub(super) trait OnDecoder: Policy<Prompt = Tokens, Response = Tokens> {
    fn decoder(&self) -> &Decoder;
    fn decoder_mut(&mut self) -> &mut Decoder;
}

impl OnDecoder for LanguageModel {
    fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    fn decoder_mut(&mut self) -> &mut Decoder {
        &mut self.decoder
    }
}

impl OnDecoder for ScoringModel {
    fn decoder(&self) -> &Decoder {
        self.decoder()
    }

    fn decoder_mut(&mut self) -> &mut Decoder {
        self.decoder_mut()
    }
}

impl LanguageModel {
    /// A decoder with the settings of its samples and the limits of its passes.
    pub fn new(decoder: Decoder, settings: SampleSettings, passes: Passes) -> Self {
        LanguageModel { decoder, settings, passes }
    }

    /// The decoder.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The decoder, to be changed.
    pub fn decoder_mut(&mut self) -> &mut Decoder {
        &mut self.decoder
    }

    /// The limits of its passes.
    pub fn passes(&self) -> Passes {
        self.passes
    }

    /// The decoder by itself.
    pub fn into_decoder(self) -> Decoder {
        self.decoder
    }

    /// How responses are drawn.
    pub fn settings(&self) -> &SampleSettings {
        &self.settings
    }

    /// Draws responses with their log-probabilities, some prompts at a time; samples are the same in
    /// any batch.
    pub fn draw(
        &self,
        prompts: &[Tokens],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Sample>, LlmError> {
        let at_once = (SAMPLES_AT_ONCE / per_prompt.max(1)).max(1);
        let mut samples = Vec::with_capacity(prompts.len() * per_prompt);
        for some in prompts.chunks(at_once) {
            let own = draws.from(samples.len());
            let settings = &self.settings;
            samples.extend(self.decoder.generate(
                some,
                per_prompt,
                settings,
                &own,
                &mut |_, _| {},
            )?);
        }
        Ok(samples)
    }

    fn log_probabilities(&self) -> Piecewise<'_> {
        Piecewise { decoder: &self.decoder, output: Output::LogProbs, passes: self.passes }
    }
}

impl Policy for LanguageModel {
    type Prompt = Tokens;
    type Response = Tokens;

    fn sample(
        &self,
        prompts: &[Tokens],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Tokens>, PolicyError> {
        let samples = self.draw(prompts, per_prompt, draws)?;
        Ok(samples.into_iter().map(|sample| sample.tokens).collect())
    }

    fn accumulate(
        &mut self,
        batch: &Batch<Tokens, Tokens>,
        coefficients: &mut dyn FnMut(&Ragged) -> Option<Vec<f64>>,
    ) -> Result<(), PolicyError> {
        self.log_probabilities().accumulate(batch, coefficients)
    }

    fn log_probs(&self, batch: &Batch<Tokens, Tokens>) -> Result<Ragged, PolicyError> {
        self.log_probabilities().read(batch)
    }

    fn parameters_mut(&mut self) -> Vec<Parameter<'_>> {
        parameters_of(&mut self.decoder)
    }
}

/// The weights of a decoder that are trained.
pub(super) fn parameters_of(decoder: &mut Decoder) -> Vec<Parameter<'_>> {
    let weights = decoder.weights_mut().into_iter();
    weights.filter(|weight| weight.is_trained()).map(parameter).collect()
}

fn parameter(weight: &mut Arc<Weight>) -> Parameter<'_> {
    let weight = Arc::get_mut(weight).expect("no pass is under way");
    let (name, value, gradient) = weight.named_parts_mut();
    Parameter { name, scalars: Scalars::F32 { value, gradient } }
}
