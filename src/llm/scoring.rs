//! A decoder with a head: a reward model, which gives one number to each response, or a critic, which gives one to
//! each token.

use super::files::{adapter_base, is_adapter, no_reward_model};
use super::gradient::Output;
use super::piecewise::Piecewise;
use super::policy::parameters_of;
use super::{
    AdapterFiles, Decoder, Engine, LlmError, ModelFiles, Passes, Sequences, Tokens, Training,
    find_model, require_nano,
};
use crate::policy::{
    Activations, Batch, LanguageModelSpec, Parameter, Policy, PolicyError, Ragged,
};
use crate::stream::Draws;
use std::path::Path;

/// Tokens of a pass that scores.
const ROWS: usize = 2048;

/// A decoder with a head that reads one number off a response's last token, or as a critic before every token.
///
/// *Formula* r_φ(x, y) = w·h(x, y), h the hidden row of y's last token (its end token, unless it was cut).
///
/// As a [`Policy`] its scores stand where others have log-probabilities, one for each response. An objective of
/// pairs on them is a loss of reward models: DPO at β = 1, with no reference, is Bradley–Terry's
/// −log σ(r_w − r_l). Those of a critic, v_t = w·h(x, y_<t), h the row that predicts y_t, stand where others have
/// the log-probabilities of tokens.
///
/// *Source* arXiv 2009.01325, §3.4; the critic: arXiv 2203.02155, appendix C.4; the head is that of transformers'
/// sequence classification.
#[derive(Debug)]
pub struct ScoringModel {
    decoder: Decoder,
    output: Output,
    passes: Passes,
}

impl ScoringModel {
    /// A decoder that has a head, and what is read by it: scores or values.
    pub fn new(decoder: Decoder, output: Output, passes: Passes) -> Self {
        ScoringModel { decoder, output, passes }
    }

    fn outputs(&self) -> Piecewise<'_> {
        Piecewise { decoder: &self.decoder, output: self.output, passes: self.passes }
    }

    /// The decoder.
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// The decoder, to be changed.
    pub fn decoder_mut(&mut self) -> &mut Decoder {
        &mut self.decoder
    }

    /// Opens the files of a reward model, those of a run of policy.reward-model or of transformers, and checks
    /// that they fit together; loads nothing.
    ///
    /// The adapter of a run names its base model: a folder, a file, or a name below `models`.
    pub fn open(folder: &Path, models: &Path, engine: &Engine) -> Result<ScoringFiles, LlmError> {
        if !is_adapter(folder) {
            let mut base = ModelFiles::open(folder)?;
            let head = base.weights.take(Decoder::READOUT, &[1, base.config.width]);
            let head = Head::OfModel(head.map_err(|_| no_reward_model(folder))?);
            return Ok(ScoringFiles { base, head });
        }
        let base = adapter_base(folder)?;
        if base == LanguageModelSpec::NANO {
            require_nano(models, engine)?;
        }
        let base = ModelFiles::open(&find_model(&base, models)?)?;
        let adapter = AdapterFiles::open_scoring(folder, &base.config)?;
        Ok(ScoringFiles { base, head: Head::OfAdapter(adapter) })
    }

    /// The scores of responses to a prompt: `[responses]`.
    pub fn scores(&self, prompt: &Tokens, responses: &[Tokens]) -> Result<Vec<f64>, PolicyError> {
        let mut batch = Sequences::default();
        batch.push(Tokens::clone(prompt), responses.iter().cloned());
        Ok(self.log_probs(&batch)?.values().to_vec())
    }
}

/// The files of a reward model.
pub struct ScoringFiles {
    /// The whole model, or the one below the adapter.
    pub base: ModelFiles,
    head: Head,
}

/// Where the head of a reward model is.
enum Head {
    /// In the model itself: `[width]`.
    OfModel(Vec<f32>),
    /// Beside the matrices of an adapter.
    OfAdapter(AdapterFiles),
}

impl ScoringFiles {
    /// Loads it; an adapter is merged. What is left are the base model's configuration and tokenizer.
    pub fn load(mut self, engine: &Engine) -> Result<(ScoringModel, ModelFiles), LlmError> {
        let (config, engine) = (self.base.config.clone(), engine.clone());
        let weights = &mut *self.base.weights;
        let mut decoder = Decoder::load(config, engine, weights, Training::Frozen)?;
        match self.head {
            Head::OfAdapter(adapter) => {
                decoder.put_adapters(adapter)?;
                decoder.merge_adapters();
            }
            Head::OfModel(head) => decoder.add_readout(head, Training::Frozen),
        }
        let passes = Passes { rows: ROWS, activations: Activations::default() };
        Ok((ScoringModel::new(decoder, Output::Scores, passes), self.base))
    }
}

impl Policy for ScoringModel {
    type Prompt = Tokens;
    type Response = Tokens;

    fn sample(&self, _: &[Tokens], _: usize, _: &Draws) -> Result<Vec<Tokens>, PolicyError> {
        Err(PolicyError::Model("a reward model scores responses and draws none".to_owned()))
    }

    fn accumulate(
        &mut self,
        batch: &Batch<Tokens, Tokens>,
        coefficients: &mut dyn FnMut(&Ragged) -> Option<Vec<f64>>,
    ) -> Result<(), PolicyError> {
        self.outputs().accumulate(batch, coefficients)
    }

    /// The scores, or the values.
    fn log_probs(&self, batch: &Batch<Tokens, Tokens>) -> Result<Ragged, PolicyError> {
        self.outputs().read(batch)
    }

    fn parameters_mut(&mut self) -> Vec<Parameter<'_>> {
        parameters_of(&mut self.decoder)
    }
}
