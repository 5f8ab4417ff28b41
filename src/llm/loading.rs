//! A language model from files for a run, and its way back into files.

use super::policy::SAMPLES_AT_ONCE;
use super::run::LanguagePlace;
use super::task::PromptsTask;
use super::{
    Config, Decoder, LanguageModel, LlmError, Load, ModelFiles, Passes, SampleSettings, Tokens,
    Training, Work, adapter_parameters, find_model, memory, require_memory,
};
use crate::learner::ScheduleSpec;
use crate::policy::LanguageModelSpec;
use crate::problem::{Prompt, PromptsSpec};
use crate::stream::Streams;
use std::path::Path;
use std::sync::Arc;

/// A model whose weights are not loaded yet, with the prompts that it is given.
pub struct Opened {
    files: ModelFiles,
    settings: SampleSettings,
    train: Vec<Tokens>,
    test: Vec<Tokens>,
}

impl Opened {
    /// Opens a model and its prompts, and refuses what does not fit together or into memory.
    pub fn new(
        prompts: &PromptsSpec,
        (spec, schedule): (&LanguageModelSpec, &ScheduleSpec),
        place: &LanguagePlace,
    ) -> Result<Self, LlmError> {
        let files = ModelFiles::open(&find_model(&spec.model, &place.models)?)?;
        files.require_end_token()?;
        if let Some(lora) = &spec.lora {
            lora.fit(&files.config)?;
        }
        let settings = SampleSettings {
            temperature: spec.temperature,
            top_k: spec.top_k,
            top_p: spec.top_p,
            max_new_tokens: spec.max_new_tokens,
            end_tokens: files.config.end_tokens.clone(),
        };
        let split = prompts.read().map_err(|e| {
            LlmError::input(
                format!("problem.prompts.{e}"),
                "a file of prompts",
                "see `modeseek explain problem.prompts`",
            )
        })?;
        let tokens = |list: Vec<Prompt>| {
            list.into_iter().map(|p| prompt_tokens(p, spec, &files)).collect::<Result<Vec<_>, _>>()
        };
        let (train, test) = (tokens(split.train)?, tokens(split.test)?);
        let lengths: Vec<usize> = train.iter().chain(&test).map(|prompt| prompt.len()).collect();
        for (i, length) in lengths.iter().enumerate() {
            settings.fit(i, *length, files.config.context)?;
        }
        let longest = lengths.into_iter().max().unwrap_or(0);
        require_memory_of_run(&files.config, (spec, schedule), longest, place.available_memory)?;
        Ok(Opened { files, settings, train, test })
    }
}

/// A model from files, and what it is asked to do.
pub struct Loaded {
    /// Who learns.
    pub policy: LanguageModel,
    /// Its prompts, and itself as π_ref.
    pub task: PromptsTask,
    /// Where it came from.
    pub files: ModelFiles,
}

impl Loaded {
    /// Loads a model with its prompts, once all of it is known to fit.
    pub fn new(
        prompts: &PromptsSpec,
        (spec, schedule): (&LanguageModelSpec, &ScheduleSpec),
        place: &LanguagePlace,
        streams: Streams,
    ) -> Result<Self, LlmError> {
        let Opened { mut files, settings, train, test } =
            Opened::new(prompts, (spec, schedule), place)?;
        let training = if spec.lora.is_some() { Training::Frozen } else { Training::Trained };
        let (config, engine) = (files.config.clone(), place.engine.clone());
        let mut decoder = Decoder::load(config, engine, &mut *files.weights, training)?;
        let passes = Passes { rows: spec.rows_at_once, activations: spec.activations };
        let reference = LanguageModel::new(decoder.frozen(), settings.clone(), passes);
        if let Some(lora) = &spec.lora {
            decoder.add_adapters(lora, streams)?;
        }
        let task = PromptsTask { train, test, reward: prompts.reward, reference };
        let policy = LanguageModel::new(decoder, settings, passes);
        Ok(Loaded { policy, task, files })
    }
}

/// Writes the trained model in place of what an unfinished run left there: its adapters, or all of
/// it.
pub fn keep_model(
    decoder: &Decoder,
    (spec, files): (&LanguageModelSpec, &ModelFiles),
    folder: &Path,
) -> Result<(), LlmError> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| LlmError::file(folder, error))?;
    }
    match spec.lora {
        Some(_) => decoder.save_adapters(folder, &spec.model),
        None => decoder.export(files, folder),
    }
}

/// Refuses a run whose steps or samples need more memory than there is; prompts have at most `longest`
/// tokens.
fn require_memory_of_run(
    config: &Config,
    (spec, schedule): (&LanguageModelSpec, &ScheduleSpec),
    longest: usize,
    available: Option<u64>,
) -> Result<(), LlmError> {
    const REMEDY: &str = "of policy.language-model: lower rows_at_once or max_new_tokens, write \
                          activations = \"recomputed\", or train adapters (lora)";
    let activations = spec.activations;
    let work = match &spec.lora {
        Some(lora) => Work::LoraStep { adapters: adapter_parameters(config, lora), activations },
        None => Work::FullStep { activations },
    };
    let one = longest + schedule.responses_per_prompt * spec.max_new_tokens;
    let minibatch = schedule.minibatch * (longest + spec.max_new_tokens);
    let drawn = SAMPLES_AT_ONCE.max(schedule.responses_per_prompt);
    let load = Load {
        tokens: minibatch.min(spec.rows_at_once.max(one)),
        cached: drawn * (longest + spec.max_new_tokens),
    };
    require_memory(memory(config, work, load), available, REMEDY)
}

/// A prompt as the model reads it, after the scenario's system message if there is one.
fn prompt_tokens(
    prompt: Prompt,
    spec: &LanguageModelSpec,
    files: &ModelFiles,
) -> Result<Tokens, LlmError> {
    let prompt = match &spec.system {
        Some(system) => prompt.after_system(system),
        None => prompt,
    };
    Ok(prompt.tokens(files.chat_template.as_ref(), &files.tokenizer)?.into())
}

impl Decoder {
    /// The model as it is, frozen, without adapters; weights that do not learn are shared.
    pub fn frozen(&self) -> Decoder {
        let mut copy = self.clone();
        copy.projections_mut().into_iter().for_each(|(_, projection)| projection.adapter = None);
        for weight in copy.weights_mut().into_iter().filter(|weight| weight.is_trained()) {
            *weight = Arc::new(weight.frozen());
        }
        copy
    }
}
