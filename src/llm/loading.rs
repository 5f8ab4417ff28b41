//! A language model from files for a run, and its way back into files.

use super::examples::Side;
use super::policy::SAMPLES_AT_ONCE;
use super::run::LanguagePlace;
use super::task::{Gold, PromptsTask, Texts};
use super::{
    Commanded, Config, Decoder, Examples, LanguageModel, LlmError, Load, ModelFiles, Passes,
    ReferenceCache, SampleSettings, ScoringFiles, ScoringModel, Tokens, Training, Work,
    adapter_parameters, find_model, memory, parameters, require_memory, require_nano,
};
use crate::learner::{DataSource, DataSpec, Keeper, Measurement, ScheduleSpec, Stop};
use crate::objective::CriticSpec;
use crate::policy::LanguageModelSpec;
use crate::problem::{ProblemError, Prompt, PromptSplit, PromptsSpec};
use crate::stream::Streams;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a run asks of a model from files.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The prompts and their reward.
    pub prompts: &'a PromptsSpec,
    /// The comparisons, if there are any.
    pub data: &'a DataSpec,
    /// The model.
    pub model: &'a LanguageModelSpec,
    /// Algorithm 1's counts.
    pub schedule: &'a ScheduleSpec,
    /// The critic, if there is one.
    pub critic: Option<CriticSpec>,
}

/// A model whose weights are not loaded yet, with the prompts that it is given.
pub struct Opened {
    files: ModelFiles,
    settings: SampleSettings,
    train: Vec<Tokens>,
    test: Vec<Tokens>,
    /// What the last message of each evaluation prompt says.
    prompts: Vec<String>,
    examples: Examples,
    gold: Option<ScoringFiles>,
    command: Option<Commanded>,
    proxy: Option<ScoringFiles>,
}

impl Opened {
    /// Opens a model and its prompts, and refuses what does not fit together or into memory.
    pub fn new(asked: &Asked<'_>, place: &LanguagePlace) -> Result<Self, LlmError> {
        let spec = asked.model;
        if spec.is_nano() {
            require_nano(&place.models, &place.engine)?;
        }
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
        let given = asked.data.examples();
        let split = asked.prompts.read(asked.data.instead_of_prompts(spec));
        let PromptSplit { train, test } = split.map_err(|e| unreadable(&e))?;
        let tokens = |list: &[Prompt]| {
            list.iter().map(|p| prompt_tokens(p, spec, &files)).collect::<Result<Vec<_>, _>>()
        };
        let last = |prompt: &Prompt| prompt.texts().last().copied().unwrap_or_default().to_owned();
        let prompts = test.iter().map(last).collect();
        let (train_tokens, test_tokens) = (tokens(&train)?, tokens(&test)?);
        let sides = ((&*train, &*train_tokens), (&*test, &*test_tokens));
        let examples = given.map(|file| Examples::read(&file, sides, &files));
        let examples = examples.transpose()?.unwrap_or_default();
        let line = asked.prompts.gold_command.as_deref();
        let command = line.map(|line| commanded(line, sides, &files, place)).transpose()?;
        let (train, test) = (train_tokens, test_tokens);
        let longest =
            longest(asked, &settings, ((&train, &test), &examples), files.config.context)?;
        let scorer = |folder: &Option<PathBuf>| {
            folder.as_ref().map(|folder| scorer(folder, &files, place)).transpose()
        };
        let gold = scorer(&asked.prompts.gold_model)?;
        let proxy = scorer(&asked.prompts.proxy_model)?;
        let beside = gold.iter().chain(&proxy).map(|own| parameters(&own.base.config) * 4).sum();
        let available = place.available_memory;
        require_memory_of_run(&files.config, asked, longest, (available, beside))?;
        Ok(Opened { files, settings, train, test, prompts, examples, gold, command, proxy })
    }
}

/// Tokens of the longest texts of a run.
struct Longest {
    /// A prompt that the model answers.
    answered: usize,
    /// A prompt with a response.
    together: usize,
    /// A prompt with all responses that are learned from at once.
    whole: usize,
}

/// The longest texts of a run; refused where a prompt leaves no room for its answer. Where responses are given,
/// prompts that are trained on are not answered.
fn longest(
    asked: &Asked<'_>,
    settings: &SampleSettings,
    ((train, test), examples): ((&[Tokens], &[Tokens]), &Examples),
    context: usize,
) -> Result<Longest, LlmError> {
    let is_given = asked.data.examples().is_some();
    let is_read = is_given && asked.schedule.data == DataSource::Offline;
    let read = SampleSettings { max_new_tokens: 1, ..settings.clone() };
    for (i, prompt) in train.iter().chain(test).enumerate() {
        let by = if is_read && i < train.len() { &read } else { settings };
        by.fit(i, prompt.len(), context)?;
    }
    let among: &[Tokens] = if is_read { &[] } else { train };
    let answered = among.iter().chain(test).map(|prompt| prompt.len()).max().unwrap_or(0);
    let (one, both) = examples.longest(train, test);
    let (new, count) = (settings.max_new_tokens, asked.schedule.responses_per_prompt);
    Ok(Longest {
        answered,
        together: one.max(answered + new),
        whole: both.max(answered + count * new),
    })
}

/// A program that scores what a model answers to the prompts of a split.
fn commanded(
    line: &str,
    ((train, train_tokens), (test, test_tokens)): (Side<'_>, Side<'_>),
    files: &ModelFiles,
    place: &LanguagePlace,
) -> Result<Commanded, LlmError> {
    let known = train.iter().zip(train_tokens).chain(test.iter().zip(test_tokens));
    let known = known.map(|(prompt, tokens)| (tokens.clone(), prompt.clone())).collect();
    Commanded::new(line, place.shell.as_ref(), known, &files.tokenizer)
}

/// A reward model that reads the tokens of another model.
fn scorer(
    folder: &Path,
    files: &ModelFiles,
    place: &LanguagePlace,
) -> Result<ScoringFiles, LlmError> {
    let scorer = ScoringModel::open(folder, &place.models, &place.engine)?;
    let same = scorer.base.config.vocabulary == files.config.vocabulary
        && scorer.base.tokenizer.to_json()? == files.tokenizer.to_json()?;
    if same {
        return Ok(scorer);
    }
    Err(LlmError::input(
        format!("{}: the reward model reads other tokens than the policy", folder.display()),
        "a reward model on a model with the policy's tokenizer",
        "train one on the policy's own base model",
    ))
}

fn unreadable(error: &ProblemError) -> LlmError {
    LlmError::input(
        format!("problem.prompts.{error}"),
        "a file of prompts",
        "see `modeseek explain problem.prompts`",
    )
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
        asked: &Asked<'_>,
        place: &LanguagePlace,
        streams: Streams,
    ) -> Result<Self, LlmError> {
        let opened = Opened::new(asked, place)?;
        let Opened { mut files, settings, train, test, prompts, examples, gold, command, proxy } =
            opened;
        let spec = asked.model;
        let training = if spec.lora.is_some() { Training::Frozen } else { Training::Trained };
        let (config, engine) = (files.config.clone(), place.engine.clone());
        let mut decoder = Decoder::load(config, engine, &mut *files.weights, training)?;
        let passes = Passes { rows: spec.rows_at_once, activations: spec.activations };
        let reference = LanguageModel::new(decoder.frozen(), settings.clone(), passes);
        if let Some(lora) = &spec.lora {
            decoder.add_adapters(lora, streams)?;
        }
        let reward = asked.prompts.reward;
        let cache = match asked.schedule.data {
            DataSource::Offline => Some(ReferenceCache::new(&place.models, &files, &place.engine)?),
            DataSource::OnPolicy => None,
        };
        let load = |files: ScoringFiles| files.load(&place.engine).map(|(model, _)| model);
        let (gold, proxy) = (gold.map(load).transpose()?, proxy.map(load).transpose()?);
        let gold = gold
            .map(|own| Gold::Model(Box::new(own)))
            .or(command.map(|own| Gold::Command(Box::new(own))));
        let texts = Some(Texts { tokenizer: files.tokenizer.clone(), prompts });
        let task =
            PromptsTask { train, test, examples, reward, gold, proxy, reference, cache, texts };
        let policy = LanguageModel::new(decoder, settings, passes);
        Ok(Loaded { policy, task, files })
    }
}

/// Writes the trained model in place of what an unfinished run left there: its adapters, or all of
/// it.
fn keep_model(
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

/// Keeps the model of a run that has ended, or as far as one has come that was cut short, where it is to be kept.
pub fn keep_learned(
    learned: Result<Vec<Measurement>, Stop>,
    decoder: &Decoder,
    from: (&LanguageModelSpec, &ModelFiles),
    keeper: &mut dyn Keeper,
) -> Result<Vec<Measurement>, Stop> {
    let interrupted = match &learned {
        Ok(_) => None,
        Err(Stop::Interrupted { step } | Stop::Unscored { step, .. }) => Some(*step),
        Err(_) => return learned,
    };
    let Some(folder) = keeper.model() else { return learned };
    keep_model(decoder, from, &folder)?;
    if let Some(step) = interrupted {
        keeper.prepares(&format!("the model after step {step} is in {}", folder.display()));
    }
    learned
}

/// Refuses a run whose steps or samples need more memory than there is; so many bytes stand beside.
fn require_memory_of_run(
    config: &Config,
    asked: &Asked<'_>,
    longest: Longest,
    (available, beside): (Option<u64>, usize),
) -> Result<(), LlmError> {
    const REMEDY: &str = "of policy.language-model: lower rows_at_once or max_new_tokens, write \
                          activations = \"recomputed\", or train adapters (lora)";
    let Asked { model, schedule, critic, .. } = asked;
    let activations = model.activations;
    let trained = match &model.lora {
        Some(lora) => adapter_parameters(config, lora),
        None => parameters(config),
    };
    let work = match &model.lora {
        Some(_) => Work::LoraStep { adapters: trained, activations },
        None => Work::FullStep { activations },
    };
    // A critic learns weights of its own: value, gradient and two moments of each.
    let critic = if critic.is_some() { 16 * trained } else { 0 };
    let minibatch = schedule.minibatch * longest.together;
    let drawn = SAMPLES_AT_ONCE.max(schedule.responses_per_prompt);
    let load = Load {
        tokens: minibatch.min(model.rows_at_once.max(longest.whole)),
        cached: drawn * (longest.answered + model.max_new_tokens),
    };
    require_memory(memory(config, work, load) + beside + critic, available, REMEDY)
}

/// A prompt as the model reads it, after the scenario's system message if there is one.
fn prompt_tokens(
    prompt: &Prompt,
    spec: &LanguageModelSpec,
    files: &ModelFiles,
) -> Result<Tokens, LlmError> {
    let prompt = match &spec.system {
        Some(system) => &prompt.clone().after_system(system),
        None => prompt,
    };
    Ok(prompt.tokens(files.chat_template.as_ref(), &files.tokenizer)?.into())
}

impl Decoder {
    /// The model as it is, frozen, without adapters; weights that do not learn are shared.
    pub fn frozen(&self) -> Decoder {
        let mut copy = self.clone();
        *copy.readout_mut() = None;
        copy.projections_mut().into_iter().for_each(|(_, projection)| projection.adapter = None);
        for weight in copy.weights_mut().into_iter().filter(|weight| weight.is_trained()) {
            *weight = Arc::new(weight.frozen());
        }
        copy
    }

    /// The same model with weights of its own where they learn; those that do not are shared.
    pub fn apart(&self) -> Decoder {
        let mut copy = self.clone();
        for weight in copy.weights_mut().into_iter().filter(|weight| weight.is_trained()) {
            *weight = Arc::new(weight.apart());
        }
        copy
    }
}
