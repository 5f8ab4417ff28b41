//! One run of a language model, from its settings to its measurements.

use super::fit::{FittedWeights, NanoWeights, fit_to_reference};
use super::loading::{Asked, Loaded, Opened, keep_learned};
use super::observer::LanguageObserver;
use super::policy::OnDecoder;
use super::scoring_run::with_head;
use super::task::{LanguageTask, TokensTask};
use super::{
    Config, Decoder, Engine, LanguageModel, LlmError, Output, Passes, SampleSettings, ScoringModel,
    Sequences, Shell, Tokens, Training, WeightSource,
};
use crate::learner::{
    DataSource, DataSpec, Example, Fits, Keeper, Learner, MeasureSpec, Measurement, Method,
    Optimizer, OptimizerSpec, Prompts, Schedule, ScheduleSpec, Stop, Supply, Task,
};
use crate::objective::{CriticSpec, ObjectiveSpec};
use crate::policy::{LanguageModelSpec, NanoSpec, PolicyError, PolicySpec};
use crate::preference::{PairRule, PairSpec};
use crate::problem::{Problem, ProblemSpec, PromptsSpec, TokensSpec};
use crate::stream::Streams;
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
    /// Who runs the commands of rewards, if somebody does.
    pub shell: Option<Arc<dyn Shell>>,
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
    /// Refuses, before anything is loaded, a model that cannot be used, prompts that do not fit it, and
    /// work that does not fit into memory.
    pub fn check(&self, place: &LanguagePlace) -> Result<(), LlmError> {
        match (self.problem, self.policy) {
            (ProblemSpec::Prompts(prompts), PolicySpec::LanguageModel(model)) => {
                Opened::new(&self.asked(prompts, model), place).map(|_| ())
            }
            (ProblemSpec::Prompts(prompts), PolicySpec::RewardModel(model)) => {
                let below = self.below(model);
                Opened::new(&self.asked(prompts, &below), place).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn asked<'b>(
        &'b self,
        prompts: &'b PromptsSpec,
        model: &'b LanguageModelSpec,
    ) -> Asked<'b> {
        let critic = self.objective.critic();
        Asked { prompts, data: self.data, model, schedule: self.schedule, critic }
    }

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
                let mut policy = nano_policy(&task, (tokens, nano), place, streams)?;
                let supply = self.supply()?;
                self.learn(&mut policy, &task, (supply, streams), keeper)
            }
            (ProblemSpec::Prompts(prompts), PolicySpec::LanguageModel(spec)) => {
                let asked = self.asked(prompts, spec);
                let loaded = Loaded::new(&asked, place, streams).map_err(setup)?;
                let Loaded { mut policy, mut task, files } = loaded;
                if let Some(learned) = &prompts.learned {
                    let by = (place, streams);
                    task.proxy =
                        Some(self.learned_reward((prompts, learned), (&task, spec), by, keeper)?);
                }
                let supply = self.supply_of(&task.examples.train)?;
                let learned = self.learn(&mut policy, &task, (supply, streams), keeper);
                keep_learned(learned, policy.decoder(), (spec, &files), keeper)
            }
            (ProblemSpec::Prompts(prompts), PolicySpec::RewardModel(spec)) => {
                self.train_scoring((prompts, spec), (place, streams), keeper)
            }
            _ => Err(setup(
                "problem.tokens goes with policy.nano, problem.prompts with policy.language-model or \
                 policy.reward-model",
            )),
        }
    }

    fn learn<T: LanguageTask>(
        &self,
        policy: &mut LanguageModel,
        task: &T,
        (supply, streams): (Supply<Tokens>, Streams),
        keeper: &mut dyn Keeper,
    ) -> Result<Vec<Measurement>, Stop> {
        keeper.prepares("measured before the first step");
        check_coverage(policy, task)?;
        let identity = (self.objective.name(), self.schedule.steps);
        let mut observer = LanguageObserver::new(task, self.measure, identity, streams)?
            .with_implicit_rewards(self.objective.implicit_beta());
        let mut learner = self.learner(task, (supply, streams))?;
        if let Some(spec) = self.objective.critic() {
            let (model, optimizer) = self.critic(policy, task, spec)?;
            learner = learner.with_critic(Box::new(model), optimizer);
        }
        learner.train_kept(policy, &mut observer, keeper)?;
        let answers = observer.answers()?;
        if !answers.is_empty() {
            keeper.completions(&answers)?;
        }
        Ok(observer.into_measurements())
    }

    /// A critic that begins as the policy's network with a head of zeros, and what moves it.
    fn critic<T: LanguageTask>(
        &self,
        policy: &LanguageModel,
        task: &T,
        spec: CriticSpec,
    ) -> Result<(ScoringModel, Optimizer), Stop> {
        let apart = policy.decoder().apart();
        let model = with_head((apart, Output::Values), policy.passes(), task)?;
        let settings = match spec.learning_rate {
            Some(rate) => self.optimizer.with_learning_rate(rate),
            None => self.optimizer.clone(),
        };
        Ok((model, Optimizer::new(&settings).map_err(setup)?))
    }

    /// The learner of these settings.
    pub(super) fn learner<'t, T: Task>(
        &self,
        task: &'t T,
        (supply, streams): (Supply<T::Response>, Streams),
    ) -> Result<Learner<'t, T>, Stop> {
        let rule = PairRule::new(*self.pairs).map_err(setup)?;
        let method = Method::new(self.objective, rule, self.schedule.expectation).map_err(setup)?;
        let schedule = Schedule::new(self.schedule).map_err(setup)?;
        let optimizer = Optimizer::new(self.optimizer).map_err(setup)?;
        Learner::new(task, method, (schedule, optimizer), supply, streams)
    }

    /// What fills the rounds: offline the comparisons that are given, if any are.
    pub(super) fn supply_of(&self, given: &[Example<Tokens>]) -> Result<Supply<Tokens>, Stop> {
        match self.schedule.data {
            DataSource::Offline if !given.is_empty() => Ok(Supply::Examples(given.to_vec())),
            _ => self.supply(),
        }
    }

    /// What fills the rounds where no comparisons are given.
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

/// Refuses to train when a trained weight would never move: one backward pass over a few given tokens
/// must reach every one. (Drawn tokens would not do: of a token that is certain the gradient is zero.)
pub(super) fn check_coverage<P, T>(policy: &mut P, task: &T) -> Result<(), Stop>
where
    P: OnDecoder,
    T: LanguageTask,
{
    const TOKENS: usize = 4;
    let prompt = task.prompt(0);
    let config = policy.decoder().config();
    let count = (config.context + 1).saturating_sub(prompt.len()).clamp(1, TOKENS);
    let response: Tokens = (0..count).map(|t| (t % config.vocabulary) as u32).collect();
    let batch = Sequences::even(vec![prompt], vec![response]);
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

pub(super) fn setup(error: impl ToString) -> Stop {
    Stop::Setup(error.to_string())
}

impl From<LlmError> for Stop {
    fn from(error: LlmError) -> Self {
        Stop::Policy(PolicyError::from(error))
    }
}
