//! Algorithm 1 of the paper: one loop for every method.
//!
//! Per round, take B/C prompts and C responses each, from the policy (on-policy) or from a data set
//! (offline); label them; then make T passes in minibatches of M responses, one optimizer step each.

mod bandit;
mod checkpoint;
mod completion;
mod critic;
mod data;
mod dataset;
mod fit;
mod fits;
mod health;
mod observer;
mod optimizer;
mod reward_model;
mod round;
mod saved;
mod schedule;
mod source;
mod spec;
mod step;
mod task;
mod train;

pub use bandit::{BanditRun, FittedPolicies, offline_optimum};
pub use checkpoint::{Checkpoint, Keep, Keeper, Numbers, Savable, Taken};
pub use completion::Completion;
pub use critic::{CriticReport, TokenValues};
pub use data::{DataSpec, DemonstrationFile, ExampleFile, Fresh, PreferenceFile, Prompts};
pub use dataset::Example;
pub use fit::{fit_to_reference, reverse_kl_coefficients};
pub use fits::Fits;
pub use health::{Ailment, Warning, warnings};
pub use observer::{
    BanditObserver, Book, Film, Frame, LANGUAGE_METRICS, METRICS, Measured, Measurement, Moments,
    Observer, SCORING_METRICS, StepReport, VITALS, is_metric, is_of_language_only,
};
pub use optimizer::{Optimizer, OptimizerError, gradient_norm};
pub use schedule::{Schedule, ScheduleError};
pub use source::PromptSamples;
pub use spec::{
    AdamSpec, DataSource, Decay, Expectation, MeasureSpec, OptimizerSpec, ScheduleSpec, SgdSpec,
};
pub use task::{BanditTask, Task};

use crate::objective::{
    AdvantageSpec, CriticSpec, KlSpec, Needs, Objective, ObjectiveSpec, RunningMean,
};
use crate::policy::PolicyError;
use crate::preference::PairRule;
use crate::stream::Streams;
use critic::Critic;
use dataset::{DataSet, Origin, Rewards};
use round::AtWork;
use serde::{Deserialize, Serialize};
use source::{Cycle, Judge, Labeller, PromptSource, Reference, Source};
use std::rc::Rc;

/// A policy's own samples begin at this address where a reward was learned from the data, so that
/// the first of them are not the very responses it was learned from.
const SAMPLES_BESIDE_DATA: u64 = 1 << 40;

/// Why a run stopped before its last step.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
pub enum Stop {
    /// A number was not finite.
    #[error(
        "{objective}: {what} is {value} at step {step}{}; lower the learning rate or the objective's strength, or set \
         schedule.gradient_clip",
        sample.map_or(String::new(), |sample| format!(", sample {sample}"))
    )]
    NotFinite {
        /// The objective.
        objective: &'static str,
        /// Which number.
        what: String,
        /// What it was.
        value: f64,
        /// The step that was being taken, counted from 0.
        step: u64,
        /// The response's place in the minibatch; none of a measurement.
        sample: Option<usize>,
    },
    /// The policy could not serve.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The experiment cannot be set up.
    #[error("{0}")]
    Setup(String),
    /// A checkpoint could not be written, read or used.
    #[error("{0}")]
    Checkpoint(String),
    /// A program of the user's gave no rewards; a checkpoint holds all that was done.
    #[error(
        "{fault}\n  kept: all that was done up to step {step}: mend what the command runs (its line names the run), and the same \
         run goes on from there"
    )]
    Unscored {
        /// Optimizer steps taken.
        step: u64,
        /// What the program did instead.
        fault: String,
    },
    /// It was asked to stop; its checkpoint holds all that was done.
    #[error("interrupted after {step} steps; its checkpoint goes on from there")]
    Interrupted {
        /// Optimizer steps taken.
        step: u64,
    },
}

/// What a learner trains by.
pub struct Method {
    /// The objective's name, for messages.
    pub name: &'static str,
    objective: Box<dyn Objective>,
    needs: Needs,
    advantage: Option<AdvantageSpec>,
    kl: Option<KlSpec>,
    critic: Option<CriticSpec>,
    /// The ε of a clipped ratio, if it has one.
    clip: Option<f64>,
    rule: PairRule,
    exact: bool,
}

impl Method {
    /// Builds the objective and the rule of its comparisons.
    pub fn new(
        spec: &ObjectiveSpec,
        rule: PairRule,
        expectation: Expectation,
    ) -> Result<Self, crate::objective::ObjectiveError> {
        Ok(Method {
            name: spec.name(),
            objective: spec.build()?,
            needs: spec.needs(),
            advantage: spec.advantage(),
            kl: spec.kl(),
            critic: spec.critic(),
            clip: spec.clip(),
            rule,
            exact: expectation == Expectation::Exact,
        })
    }

    /// Whether the objective reads log π_ref.
    fn reference(&self) -> Reference {
        match self.needs {
            Needs { reference: true, .. } => Reference::Read,
            Needs { token_reference: true, .. } => Reference::ByToken,
            _ => Reference::Unread,
        }
    }
}

/// The learner: a task, a method, a schedule and all that changes during a run.
pub struct Learner<'a, T: Task> {
    task: &'a T,
    method: Method,
    schedule: Schedule,
    optimizer: Optimizer,
    streams: Streams,
    source: Source<T>,
    baseline: RunningMean,
    critic: Option<Critic<'a, T>>,
    /// The weight of a KL penalty in the next round (reward units per nat).
    kl_coefficient: f64,
    progress: Progress,
    /// The round at work; `None` between rounds.
    work: Option<AtWork<T>>,
    /// What the last step said of itself, until it is observed.
    unobserved: Option<StepReport>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Optimizer steps taken.
    pub step: u64,
    /// Rounds begun.
    pub round: u64,
    /// Responses scored by the reward.
    pub queries: u64,
    /// Responses drawn from the policy: the next address of the `sample` streams.
    drawn: u64,
    /// Passes begun: the next address of the minibatch orders.
    passes: u64,
    /// Rounds in a row that took no step.
    idle_rounds: u64,
    /// Prompts of the minibatches since the last step that held nothing to learn from.
    #[serde(default)]
    skipped_prompts: u64,
}

/// What fills the rounds, before anything is drawn.
pub enum Supply<R> {
    /// On-policy, with a new prompt every time.
    Fresh,
    /// On-policy, with a pool of prompts.
    Pool(usize),
    /// Offline: C responses of the preference data to so many prompts.
    Data(usize),
    /// Offline: the user's comparisons or demonstrations.
    Examples(Vec<Example<R>>),
}

impl<'a, T: Task> Learner<'a, T> {
    /// Sets a run up; nothing is drawn yet.
    pub fn new(
        task: &'a T,
        method: Method,
        (schedule, optimizer): (Schedule, Optimizer),
        supply: Supply<T::Response>,
        streams: Streams,
    ) -> Result<Self, Stop> {
        let drawn = if task.has_reward_model() { SAMPLES_BESIDE_DATA } else { 0 };
        let mut progress = Progress { drawn, ..Progress::default() };
        let source = source(supply, &method, (schedule.responses_per_prompt, streams));
        if let Source::Offline { data, .. } = &source {
            progress.queries = data.responses(task);
        }
        let kl_coefficient = method.kl.map_or(0.0, |kl| kl.coefficient);
        Ok(Learner {
            task,
            method,
            schedule,
            optimizer,
            streams,
            source,
            baseline: RunningMean::default(),
            critic: None,
            kl_coefficient,
            progress,
            work: None,
            unobserved: None,
        })
    }

    /// With a critic, if the method has one: what gives its numbers, and what moves it.
    #[must_use]
    pub fn with_critic(self, model: Box<TokenValues<'a, T>>, optimizer: Optimizer) -> Self {
        let critic = self.method.critic.map(|spec| Critic::new(spec, model, optimizer));
        Learner { critic, ..self }
    }

    /// The offline data, if any: all rows, made now where no round has read them.
    pub fn data(&mut self) -> Result<Vec<Rc<PromptSamples<T>>>, Stop> {
        let labeller = self.labeller(Judge::Annotator);
        let Source::Offline { data, .. } = &mut self.source else { return Ok(Vec::new()) };
        let all: Vec<usize> = (0..data.len()).collect();
        Ok(data.read(&all, &labeller)?)
    }

    /// Who labels the responses of a round.
    fn labeller(&self, judge: Judge) -> Labeller<'a, T> {
        let reference = self.method.reference();
        Labeller {
            task: self.task,
            rule: self.method.rule,
            streams: self.streams,
            judge,
            reference,
        }
    }
}

/// What fills the rounds of a method, C responses to a prompt.
fn source<T: Task>(
    supply: Supply<T::Response>,
    method: &Method,
    (per_prompt, streams): (usize, Streams),
) -> Source<T> {
    let offline = |origin, rows| Source::Offline {
        data: DataSet::new(origin, rows),
        order: Cycle::new(rows, streams),
    };
    match supply {
        Supply::Fresh => Source::OnPolicy(PromptSource::Fresh { next: 0 }),
        Supply::Pool(prompts) => Source::OnPolicy(PromptSource::Pool(Cycle::new(prompts, streams))),
        Supply::Data(prompts) if method.exact => offline(Origin::Listed, prompts),
        Supply::Data(prompts) => offline(Origin::Drawn { per_prompt }, prompts),
        Supply::Examples(rows) => {
            let rewards = if method.needs.pairs { Rewards::Unread } else { Rewards::Read };
            let count = rows.len();
            offline(Origin::Given { rows, rewards }, count)
        }
    }
}
