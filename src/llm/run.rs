//! One run of a language model, from its settings to its measurements.

use super::fit::{FittedWeights, NanoWeights, fit_to_reference};
use super::observer::LanguageObserver;
use super::policy::SAMPLES_AT_ONCE;
use super::task::{LanguageTask, PromptsTask, TokensTask};
use super::{
    Config, Decoder, Engine, LanguageModel, LlmError, Load, ModelFiles, Passes, SampleSettings,
    Sequences, Tokens, Training, WeightSource, Work, adapter_parameters, find_model, memory,
    require_memory,
};
use crate::learner::{
    DataSource, DataSpec, Fits, Keeper, Learner, MeasureSpec, Measurement, Method, Optimizer,
    OptimizerSpec, Prompts, Schedule, ScheduleSpec, Stop, Supply,
};
use crate::objective::ObjectiveSpec;
use crate::policy::{LanguageModelSpec, NanoSpec, Policy, PolicyError, PolicySpec};
use crate::preference::{PairRule, PairSpec};
use crate::problem::{Message, Problem, ProblemSpec, Prompt, PromptsSpec, TokensSpec};
use crate::stream::{Draws, Purpose, Streams};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a run is computed, and where fetched models lie.
#[derive(Debug, Clone)]
pub struct LanguagePlace {
    /// The device and its kernels.
    pub engine: Engine,
    /// The folder of fetched models.
    pub models: PathBuf,
    /// GPT-nano's weights, fitted once for all methods of a seed.
    pub fits: Arc<Fits<FittedWeights>>,
    /// Memory that there is (bytes), where it is known.
    pub available_memory: Option<u64>,
}

/// The settings of one run.
#[derive(Clone, Copy)]
pub struct LanguageRun<'a> {
    /// What is rewarded, and what is responded to.
    pub problem: &'a ProblemSpec,
    /// Who acts.
    pub policy: &'a PolicySpec,
    /// What is minimised.
    pub objective: &'a ObjectiveSpec,
    /// Algorithm 1's counts.
    pub schedule: &'a ScheduleSpec,
    /// Prompts.
    pub data: &'a DataSpec,
    /// How responses are compared.
    pub pairs: &'a PairSpec,
    /// How parameters move.
    pub optimizer: &'a OptimizerSpec,
    /// When and what is measured.
    pub measure: &'a MeasureSpec,
}

impl LanguageRun<'_> {
    /// Trains and measures, beginning at the keeper's last checkpoint and saved when it says so.
    pub fn train_kept(
        &self,
        seed: u64,
        place: &LanguagePlace,
        keeper: &mut dyn Keeper,
    ) -> Result<Vec<Measurement>, Stop> {
        let streams = Streams::new(seed);
        match (self.problem, self.policy) {
            (ProblemSpec::Tokens(tokens), PolicySpec::Nano(nano)) => {
                let problem = Problem::new(self.problem, Path::new("")).map_err(setup)?;
                let task = TokensTask::new(problem, tokens.length, streams);
                let policy = nano_policy(&task, (tokens, nano), place, streams)?;
                self.learn(policy, &task, streams, keeper)
            }
            (ProblemSpec::Prompts(prompts), PolicySpec::LanguageModel(spec)) => {
                let loading = (spec, self.schedule);
                let (policy, task) = loaded(prompts, loading, place, streams).map_err(setup)?;
                self.learn(policy, &task, streams, keeper)
            }
            _ => Err(setup(
                "problem.tokens goes with policy.nano, problem.prompts with policy.language-model",
            )),
        }
    }

    fn learn<T: LanguageTask>(
        &self,
        mut policy: LanguageModel,
        task: &T,
        streams: Streams,
        keeper: &mut dyn Keeper,
    ) -> Result<Vec<Measurement>, Stop> {
        check_coverage(&mut policy, task, streams)?;
        let rule = PairRule::new(*self.pairs).map_err(setup)?;
        let method = Method::new(self.objective, rule, self.schedule.expectation).map_err(setup)?;
        let schedule = Schedule::new(self.schedule).map_err(setup)?;
        let optimizer = Optimizer::new(self.optimizer).map_err(setup)?;
        let supply = self.supply()?;
        let identity = (self.objective.name(), self.schedule.steps);
        let mut observer = LanguageObserver::new(task, self.measure, identity, streams)?;
        let mut learner = Learner::new(task, method, (schedule, optimizer), supply, streams)?;
        learner.train_kept(&mut policy, &mut observer, keeper)?;
        Ok(observer.into_measurements())
    }

    /// What fills the rounds.
    fn supply(&self) -> Result<Supply<Tokens>, Stop> {
        match (self.schedule.data, self.data.prompts) {
            (DataSource::OnPolicy, Prompts::Fresh(_)) => Ok(Supply::Fresh),
            (DataSource::OnPolicy, Prompts::Pool(n)) => Ok(Supply::Pool(n)),
            (DataSource::Offline, Prompts::Pool(n)) => Ok(Supply::Data(n)),
            (DataSource::Offline, Prompts::Fresh(_)) => {
                Err(setup("offline data need data.prompts = a number of prompts"))
            }
        }
    }
}

/// GPT-nano, fitted to π_ref.
fn nano_policy(
    task: &TokensTask,
    (tokens, nano): (&TokensSpec, &NanoSpec),
    place: &LanguagePlace,
    streams: Streams,
) -> Result<LanguageModel, Stop> {
    const ROWS: usize = 1 << 14;
    let config = Config::nano(task.problem().arms(), tokens.length + 1);
    let settings = SampleSettings {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        max_new_tokens: tokens.length,
        end_tokens: Vec::new(),
    };
    let passes = Passes { rows: ROWS, activations: Default::default() };
    let load = |source: &mut dyn WeightSource| -> Result<LanguageModel, Stop> {
        let decoder =
            Decoder::load(config.clone(), place.engine.clone(), source, Training::Trained)?;
        Ok(LanguageModel::new(decoder, settings.clone(), passes))
    };
    let (seed, length, log_reference) =
        (streams.seed(), tokens.length, task.problem().log_reference());
    let mut fitted =
        place.fits.get(format!("{seed} {length} {nano:?} {log_reference:?}"), || {
            let mut policy = load(&mut NanoWeights::new(streams, config.layers))?;
            fit_to_reference(&mut policy, task, (&nano.fit, streams))?;
            Ok(FittedWeights::of(policy.decoder()))
        })?;
    load(&mut fitted)
}

/// A model from files with its prompts, and itself as π_ref.
fn loaded(
    prompts: &PromptsSpec,
    (spec, schedule): (&LanguageModelSpec, &ScheduleSpec),
    place: &LanguagePlace,
    streams: Streams,
) -> Result<(LanguageModel, PromptsTask), LlmError> {
    let path = find_model(&spec.model, &place.models)?;
    let mut files = ModelFiles::open(&path)?;
    files.require_end_token()?;
    let training = if spec.lora.is_some() { Training::Frozen } else { Training::Trained };
    let (config, engine) = (files.config.clone(), place.engine.clone());
    let settings = SampleSettings {
        temperature: spec.temperature,
        top_k: spec.top_k,
        top_p: spec.top_p,
        max_new_tokens: spec.max_new_tokens,
        end_tokens: config.end_tokens.clone(),
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
    let longest = train.iter().chain(&test).map(|prompt| prompt.len()).max().unwrap_or(0);
    require_memory_of_run(&config, (spec, schedule), longest, place.available_memory)?;
    let mut decoder = Decoder::load(config, engine, &mut *files.weights, training)?;
    let passes = Passes { rows: spec.rows_at_once, activations: spec.activations };
    let reference = LanguageModel::new(decoder.frozen(), settings.clone(), passes);
    if let Some(lora) = &spec.lora {
        decoder.add_adapters(lora, streams)?;
    }
    let task = PromptsTask { train, test, reward: prompts.reward, reference };
    Ok((LanguageModel::new(decoder, settings, passes), task))
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
    let prompt = match (&spec.system, prompt) {
        (None, prompt) => prompt,
        (Some(system), prompt) => {
            let say = |role: &str, content: &str| Message {
                role: role.to_owned(),
                content: content.to_owned(),
            };
            let rest = match prompt {
                Prompt::Text(text) => vec![say("user", &text)],
                Prompt::Chat(messages) => messages,
            };
            Prompt::Chat(std::iter::once(say("system", system)).chain(rest).collect())
        }
    };
    Ok(prompt.tokens(files.chat_template.as_ref(), &files.tokenizer)?.into())
}

/// Refuses to train when a trained weight would never move: one backward pass over a response of
/// π_ref must reach every one.
fn check_coverage<T: LanguageTask>(
    policy: &mut LanguageModel,
    task: &T,
    streams: Streams,
) -> Result<(), Stop> {
    let prompts = vec![task.prompt(0)];
    let draws = Draws::new(streams, Purpose::Sample, 0);
    let responses = task.reference_responses(&prompts, 1, &draws)?;
    let batch = Sequences::even(prompts, responses);
    policy.clear_gradients();
    policy.accumulate(&batch, &mut |log_pi| {
        Some((0..log_pi.values().len()).map(|t| 1.0 + 0.1 * t as f64).collect())
    })?;
    let without = policy.decoder_mut().untouched();
    policy.clear_gradients();
    match without.first() {
        None => Ok(()),
        Some(first) => Err(setup(format!(
            "{} trained weights get no gradient, {first} the first of them; they would never move",
            without.len()
        ))),
    }
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

fn setup(error: impl ToString) -> Stop {
    Stop::Setup(error.to_string())
}

impl From<LlmError> for Stop {
    fn from(error: LlmError) -> Self {
        Stop::Policy(PolicyError::from(error))
    }
}
