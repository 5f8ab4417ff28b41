//! Algorithm 1 of the paper: one loop for every method.
//!
//! Per round, take B/C prompts and C responses each, from the policy (on-policy) or from a data set
//! (offline); label them; then make T passes in minibatches of M responses, one optimizer step each.

mod bandit;
mod fit;
mod observer;
mod optimizer;
mod reward_model;
mod round;
mod schedule;
mod source;
mod spec;
mod step;
mod task;

pub use bandit::{BanditRun, FittedPolicies, offline_optimum};
pub use fit::fit_to_reference;
pub use observer::{
    BanditObserver, Film, Frame, METRICS, Measurement, Moments, Observer, StepReport, is_metric,
};
pub use optimizer::{Optimizer, OptimizerError, gradient_norm};
pub use schedule::{Schedule, ScheduleError};
pub use source::{Comparison, PromptSamples};
pub use spec::{
    AdamSpec, DataSource, DataSpec, Decay, Expectation, Fresh, MeasureSpec, OptimizerSpec,
    PreferenceFile, Prompts, ScheduleSpec, SgdSpec,
};
pub use task::{BanditTask, Task};

use crate::objective::{AdvantageSpec, Needs, Objective, ObjectiveSpec, RunningMean};
use crate::policy::{Policy, PolicyError};
use crate::preference::PairRule;
use crate::stream::{Draws, Purpose, Streams};
use rand::seq::SliceRandom;
use round::Round;
use source::{Cycle, Judge, Labeller, PromptSource, Reference, Source};
use std::rc::Rc;

/// Minibatch orders begin at this address, so that they never meet the orders of the data.
const MINIBATCH_ORDERS: u64 = 1 << 32;

/// A policy's own samples begin at this address where a reward was learned from the data, so that
/// the first of them are not the very responses it was learned from.
const SAMPLES_BESIDE_DATA: u64 = 1 << 40;

/// Why a run stopped before its last step.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
pub enum Stop {
    /// A number was not finite.
    #[error(
        "{objective}: {what} is {value} at step {step}, sample {sample}; \
         lower the learning rate or the objective's strength, or set schedule.gradient_clip"
    )]
    NotFinite {
        /// The objective.
        objective: &'static str,
        /// Which number.
        what: &'static str,
        /// What it was.
        value: f64,
        /// The step that was being taken, counted from 0.
        step: u64,
        /// The response's place in the minibatch (0 for metrics).
        sample: usize,
    },
    /// The policy could not serve.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The experiment cannot be set up.
    #[error("{0}")]
    Setup(String),
}

/// What a learner trains by.
pub struct Method {
    /// The objective's name, for messages.
    pub name: &'static str,
    objective: Box<dyn Objective>,
    needs: Needs,
    advantage: Option<AdvantageSpec>,
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
            rule,
            exact: expectation == Expectation::Exact,
        })
    }

    /// Whether the objective reads log π_ref.
    fn reference(&self) -> Reference {
        if self.needs.reference { Reference::Read } else { Reference::Unread }
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
    progress: Progress,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
}

/// What fills the rounds, before anything is drawn.
pub enum Supply<R> {
    /// On-policy, with a new prompt every time.
    Fresh,
    /// On-policy, with a pool of prompts.
    Pool(usize),
    /// Offline: C responses of the preference data to so many prompts.
    Data(usize),
    /// Offline: the user's comparisons.
    Comparisons(Vec<Comparison<R>>),
}

impl<'a, T: Task> Learner<'a, T> {
    /// Sets a run up; offline data are drawn here, before step 0.
    pub fn new(
        task: &'a T,
        method: Method,
        (schedule, optimizer): (Schedule, Optimizer),
        supply: Supply<T::Response>,
        streams: Streams,
    ) -> Result<Self, Stop> {
        let drawn = if task.has_reward_model() { SAMPLES_BESIDE_DATA } else { 0 };
        let mut progress = Progress { drawn, ..Progress::default() };
        let reference = method.reference();
        let judge = Judge::Annotator;
        let labeller = Labeller { task, rule: method.rule, streams, judge, reference };
        let per_prompt = schedule.responses_per_prompt;
        let data: Option<Vec<_>> = match supply {
            Supply::Fresh | Supply::Pool(_) => None,
            Supply::Data(prompts) if method.exact => {
                let listed = |i| labeller.enumerate(task.prompt(i), 0);
                Some((0..prompts as u64).map(listed).collect::<Result<_, _>>()?)
            }
            Supply::Data(prompts) => Some(labeller.preference_data(prompts, per_prompt)?),
            Supply::Comparisons(ref rows) => Some(labeller.comparison_data(rows)?),
        };
        let source = match (data, supply) {
            (Some(data), _) => {
                let count = if method.exact { 1 } else { data.len() };
                progress.queries = data[..count].iter().map(|s| s.responses.len() as u64).sum();
                let order = Cycle::new(data.len(), streams);
                Source::Offline { data: data.into_iter().map(Rc::new).collect(), order }
            }
            (None, Supply::Pool(n)) => Source::OnPolicy(PromptSource::Pool(Cycle::new(n, streams))),
            _ => Source::OnPolicy(PromptSource::Fresh { next: 0 }),
        };
        let baseline = RunningMean::default();
        Ok(Learner { task, method, schedule, optimizer, streams, source, baseline, progress })
    }

    /// The offline data, if any.
    pub fn data(&self) -> &[Rc<PromptSamples<T>>] {
        match &self.source {
            Source::Offline { data, .. } => data,
            Source::OnPolicy(_) => &[],
        }
    }

    /// Trains to the last step; the observer sees the policy at step 0 and after every step.
    pub fn train<P>(&mut self, policy: &mut P, observer: &mut impl Observer<P>) -> Result<(), Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        observer.observe(policy, &self.progress, None)?;
        while self.progress.step < self.schedule.steps {
            let before = self.progress.step;
            let round = self.draw_round(policy)?;
            for _ in 0..self.schedule.passes {
                for minibatch in self.minibatches(round.samples.len()) {
                    if self.progress.step == self.schedule.steps {
                        return Ok(());
                    }
                    if let Some(report) = self.step(policy, &round, &minibatch, observer)? {
                        observer.observe(policy, &self.progress, Some(&report))?;
                    }
                }
            }
            let idle = self.progress.step == before;
            self.progress.idle_rounds = if idle { self.progress.idle_rounds + 1 } else { 0 };
            if self.has_collapsed() {
                return self.rest(policy, observer);
            }
            self.give_up_if_idle()?;
        }
        Ok(())
    }

    /// Whether a policy that has learned gives the same response again and again, so that its own
    /// samples hold no comparison any more.
    ///
    /// Twenty thousand responses in a row without a comparison are asked for, so that small rounds
    /// of a policy that still varies are not taken for a collapse.
    fn has_collapsed(&self) -> bool {
        const RESPONSES_ALIKE: u64 = 20_000;
        let per_round = self.schedule.prompts_per_round * self.schedule.responses_per_prompt;
        let alike = self.progress.idle_rounds.saturating_mul(per_round as u64);
        self.may_collapse() && alike >= RESPONSES_ALIKE
    }

    /// Whether samples come from a policy that has learned, and so may have nothing left to compare.
    fn may_collapse(&self) -> bool {
        matches!(self.source, Source::OnPolicy(_)) && self.progress.step > 0
    }

    /// Lets the remaining steps of a collapsed policy pass: its losses and gradients are zero.
    fn rest<P: Policy>(&mut self, policy: &P, observer: &mut impl Observer<P>) -> Result<(), Stop> {
        while self.progress.step < self.schedule.steps {
            let factor = self.schedule.learning_rate_factor(self.progress.step);
            let learning_rate = self.optimizer.learning_rate() * factor;
            let gradient_norm = observer.wants_gradient_norm(self.progress.step + 1).then_some(0.0);
            let report = StepReport { learning_rate, gradient_norm, ..StepReport::default() };
            self.progress.step += 1;
            observer.observe(policy, &self.progress, Some(&report))?;
        }
        Ok(())
    }

    /// A data set without a single unit would never take a step.
    fn give_up_if_idle(&self) -> Result<(), Stop> {
        const IDLE_ROUNDS: u64 = 1000;
        if self.may_collapse() || self.progress.idle_rounds < IDLE_ROUNDS {
            return Ok(());
        }
        Err(Stop::Setup(format!(
            "{}: {IDLE_ROUNDS} rounds in a row had nothing to learn from (no pair was kept); \
             lower pairs.reward_gap or draw more responses per prompt",
            self.method.name
        )))
    }

    /// Fills a round and computes what its passes share.
    fn draw_round<P>(&mut self, policy: &P) -> Result<Round<T>, Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        let count = self.schedule.prompts_per_round;
        let samples = match &mut self.source {
            Source::Offline { data, order } => {
                (0..count).map(|_| Rc::clone(&data[order.advance()])).collect()
            }
            Source::OnPolicy(prompts) => {
                let prompts: Vec<u64> = (0..count).map(|_| prompts.advance()).collect();
                self.respond(policy, &prompts)?
            }
        };
        self.progress.round += 1;
        let mut round = Round::new(samples);
        if let Some(advantage) = self.method.advantage {
            round.set_advantages(advantage, &mut self.baseline);
        }
        if self.method.needs.old_log_probs {
            round.set_old(policy, self.schedule.log_probability_floor)?;
        }
        Ok(round)
    }

    /// Draws (or lists) the policy's responses to prompts and has them labelled.
    fn respond<P>(&mut self, policy: &P, indices: &[u64]) -> Result<Vec<Rc<PromptSamples<T>>>, Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        let (task, rule, streams) = (self.task, self.method.rule, self.streams);
        let (judge, reference) = (Judge::Scorer, self.method.reference());
        let labeller = Labeller { task, rule, streams, judge, reference };
        let prompts: Vec<T::Prompt> = indices.iter().map(|&i| self.task.prompt(i)).collect();
        let now = self.progress.step;
        if self.method.exact {
            let list = |prompt| labeller.enumerate_under(policy, prompt, now).map(Rc::new);
            let samples: Vec<_> = prompts.into_iter().map(list).collect::<Result<_, _>>()?;
            self.progress.queries = samples[0].responses.len() as u64;
            return Ok(samples);
        }
        let per_prompt = self.schedule.responses_per_prompt;
        let first = self.progress.drawn;
        let draws = Draws::new(self.streams, Purpose::Sample, first);
        let mut responses = policy.sample(&prompts, per_prompt, &draws)?.into_iter();
        let total = (prompts.len() * per_prompt) as u64;
        self.progress.drawn += total;
        self.progress.queries += total;
        let label = |(p, prompt)| {
            let own: Vec<_> = responses.by_ref().take(per_prompt).collect();
            let address = first / per_prompt as u64 + p as u64;
            Ok(Rc::new(labeller.label(prompt, own, address, now)?))
        };
        prompts.into_iter().enumerate().map(label).collect()
    }

    /// One pass: all places of a round, in a seeded order, cut into minibatches.
    fn minibatches(&mut self, places: usize) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..places).collect();
        let size = self.schedule.prompts_per_minibatch;
        if places > size {
            let address = MINIBATCH_ORDERS + self.progress.passes;
            order.shuffle(&mut self.streams.at(Purpose::Shuffle, address));
        }
        self.progress.passes += 1;
        order.chunks(size).map(<[usize]>::to_vec).collect()
    }
}
