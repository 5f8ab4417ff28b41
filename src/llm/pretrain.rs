//! The model `nano`: a Llama of GPT-nano's size, taught the program's own text in seconds.

use super::fit::{FittedWeights, NanoWeights};
use super::{
    Activation, Architecture, Config, Decoder, Engine, LanguageModel, LlmError, ModelFiles, Norm,
    Passes, Positions, Residual, RopeScaling, SampleSettings, Tokenizer, Tokens, Training,
    WeightSource,
};
use crate::learner::{
    AdamSpec, DataSource, Decay, Expectation, Learner, Method, Observer, Optimizer, OptimizerSpec,
    Progress, Schedule, ScheduleSpec, StepReport, Stop, Supply, Task,
};
use crate::numerics::Threads;
use crate::objective::ObjectiveSpec;
use crate::policy::{LanguageModelSpec, PolicyError};
use crate::preference::{PairRule, PairSpec};
use crate::problem::{LONGEST_SONG, Sentences};
use crate::stream::{Draws, Streams};
use std::path::Path;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;

/// The seed of its first weights and of its text; runs have seeds of their own.
const SEED: u64 = 2404;
/// Songs of a step.
const SONGS: usize = 64;
/// Steps.
const STEPS: u64 = 900;

/// Maximum likelihood of songs to prompts.
struct Singing {
    sentences: Sentences,
}

impl Task for Singing {
    type Prompt = Tokens;
    type Response = Tokens;

    fn prompt(&self, index: u64) -> Tokens {
        Sentences::prompt(index as usize).into()
    }

    /// All alike: the best of one response is that response.
    fn gold_rewards(&self, _: &Tokens, responses: &[Tokens]) -> Result<Vec<f64>, PolicyError> {
        Ok(vec![0.0; responses.len()])
    }

    fn log_reference(&self, prompt: &Tokens, _: &[Tokens]) -> Result<Vec<f64>, PolicyError> {
        Err(PolicyError::Model(format!("the songs to {prompt:?} have no π_ref")))
    }

    fn log_reference_tokens(
        &self,
        prompt: &Tokens,
        own: &[Tokens],
    ) -> Result<Vec<f64>, PolicyError> {
        self.log_reference(prompt, own)
    }

    fn data_responses(
        &self,
        prompts: &[u64],
        per_prompt: usize,
        _: &Draws,
    ) -> Result<Vec<Tokens>, PolicyError> {
        let count = per_prompt as u64;
        let places = prompts.iter().flat_map(|p| (0..count).map(move |c| (*p, p * count + c)));
        let song = |(p, k)| self.sentences.song(Sentences::prompt(p as usize), k).into();
        Ok(places.map(song).collect())
    }
}

/// Someone who only wants to know the loss.
#[derive(Default)]
struct Losses(Vec<f64>);

impl Observer<LanguageModel> for Losses {
    fn observe(
        &mut self,
        _: &LanguageModel,
        _: &Progress,
        report: Option<&StepReport>,
    ) -> Result<(), Stop> {
        self.0.extend(report.map(|report| report.loss));
        Ok(())
    }

    fn wants_gradient_norm(&self, _: u64) -> bool {
        false
    }
}

/// A model that was just taught, with all that a folder would hold.
pub struct Pretrained {
    /// The model.
    pub decoder: Decoder,
    /// Its configuration and tokenizer.
    pub files: ModelFiles,
    /// The mean loss of its last hundred steps (nats per song).
    pub loss: f64,
}

/// Teaches the model: maximum likelihood on fresh songs, by the learner and the loss of Best-of-N with one
/// response.
pub fn pretrain(engine: &Engine) -> Result<Pretrained, Stop> {
    let streams = Streams::new(SEED);
    let config = config();
    let weights = &mut NanoWeights::new(streams, config.layers);
    let decoder = Decoder::load(config.clone(), engine.clone(), weights, Training::Trained)?;
    let settings = SampleSettings {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        max_new_tokens: LONGEST_SONG + 1,
        end_tokens: config.end_tokens.clone(),
    };
    let passes = Passes { rows: 1 << 14, activations: Default::default() };
    let mut policy = LanguageModel::new(decoder, settings, passes);
    let task = Singing { sentences: Sentences::new(streams) };
    let mut losses = Losses::default();
    learner(&task, streams)?.train(&mut policy, &mut losses)?;
    let last = &losses.0[losses.0.len().saturating_sub(100)..];
    let loss = last.iter().sum::<f64>() / last.len() as f64;
    let decoder = policy.into_decoder();
    let files = files(config, Box::new(FittedWeights::of(&decoder)))?;
    Ok(Pretrained { decoder, files, loss })
}

/// Whether the model is not yet below a folder of models.
pub fn lacks_nano(models: &Path) -> bool {
    !models.join(LanguageModelSpec::NANO).exists()
}

/// Teaches the model into the folder `nano` below `models`, unless it is there.
pub fn require_nano(models: &Path, engine: &Engine) -> Result<(), LlmError> {
    if !lacks_nano(models) {
        return Ok(());
    }
    let taught = pretrain(&engine.clone().with_threads(Threads::One)).map_err(|stop| {
        let help = "free some memory, or give the folder of another model";
        LlmError::input(format!("nano cannot be taught: {stop}"), "a few seconds and 1 GB", help)
    })?;
    taught.decoder.export(&taught.files, &models.join(LanguageModelSpec::NANO))
}

fn learner(task: &Singing, streams: Streams) -> Result<Learner<'_, Singing>, Stop> {
    let schedule = ScheduleSpec {
        data: DataSource::Offline,
        expectation: Expectation::Sampled,
        samples_per_round: SONGS,
        responses_per_prompt: 1,
        minibatch: SONGS,
        passes: 1,
        steps: STEPS,
        gradient_clip: Some(1.0),
        log_probability_floor: None,
        learning_rate_decay: Decay::Cosine,
        warmup_steps: 30,
    };
    let adam = AdamSpec { learning_rate: 0.004, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
    let rule = PairRule::new(PairSpec::default()).map_err(setup)?;
    let method =
        Method::new(&ObjectiveSpec::BestOfN {}, rule, Expectation::Sampled).map_err(setup)?;
    let schedule = Schedule::new(&schedule).map_err(setup)?;
    let optimizer = Optimizer::new(&OptimizerSpec::Adam(adam)).map_err(setup)?;
    let songs = Supply::Data(SONGS * STEPS as usize);
    Learner::new(task, method, (schedule, optimizer), songs, streams)
}

fn setup(error: impl ToString) -> Stop {
    Stop::Setup(error.to_string())
}

/// Three layers of three heads and width 48, as GPT-nano has, in the family of SmolLM2, so that a scenario
/// names the same projections for both.
fn config() -> Config {
    const HEADS: usize = 3;
    const WIDTH: usize = 48;
    Config {
        architecture: Architecture::Llama,
        vocabulary: Sentences::words().len(),
        width: WIDTH,
        layers: 3,
        heads: HEADS,
        kv_heads: HEADS,
        head_width: WIDTH / HEADS,
        mlp_width: 128,
        context: 128,
        norm: Norm::Rms { epsilon: 1e-5 },
        positions: Positions::Rotary {
            theta: 1000.0,
            width: WIDTH / HEADS,
            scaling: RopeScaling::None,
        },
        activation: Activation::SwiGlu,
        residual: Residual::Sequential,
        tied: false,
        qkv_bias: false,
        projection_bias: false,
        end_tokens: vec![0],
    }
}

/// What a folder of it would be read into.
fn files(config: Config, weights: Box<dyn WeightSource>) -> Result<ModelFiles, LlmError> {
    Ok(ModelFiles {
        path: LanguageModelSpec::NANO.into(),
        config,
        weights,
        tokenizer: tokenizer()?,
        chat_template: None,
        stored_as: "F32".to_owned(),
        weight_files: Vec::new(),
    })
}

/// One token a word.
fn tokenizer() -> Result<Tokenizer, LlmError> {
    let words = Sentences::words();
    let vocabulary = words.iter().zip(0..).map(|(word, id)| ((*word).to_owned(), id)).collect();
    let model = WordLevel::builder().vocab(vocabulary).unk_token(words[0].to_owned()).build();
    let model = model.map_err(|error| refused(&error))?;
    let mut inner = tokenizers::Tokenizer::new(model);
    inner.with_pre_tokenizer(Some(WhitespaceSplit));
    let special = tokenizers::AddedToken::from(words[0], true);
    inner.add_special_tokens([special]).map_err(|error| refused(&error))?;
    Ok(Tokenizer::new(inner, None, Some(words[0].to_owned()), false))
}

fn refused(error: &dyn std::fmt::Display) -> LlmError {
    LlmError::input(format!("the tokenizer of nano: {error}"), "one token a word", "report it")
}
