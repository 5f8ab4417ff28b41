//! A learner into a checkpoint and back.

use super::checkpoint::{Checkpoint, Numbers, Savable};
use super::critic::{RewardScale, Valued};
use super::observer::StepReport;
use super::round::{AtWork, Round};
use super::source::{CyclePlace, Judge, PromptSamples, PromptSource, Source};
use super::task::Task;
use super::{Learner, Optimizer, Progress, Stop};
use crate::objective::RunningMean;
use crate::policy::{Parameter, Policy};
use crate::preference::Pair;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Everything of a learner but its tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State<P, R, O> {
    optimizer_steps: i32,
    baseline: RunningMean,
    #[serde(default)]
    kl_coefficient: f64,
    #[serde(default)]
    critic: Option<SavedCritic>,
    progress: Progress,
    source: SourcePlace,
    work: Option<SavedWork<P, R>>,
    #[serde(default)]
    unobserved: Option<StepReport>,
    observer: O,
}

/// What a critic remembers beside its tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedCritic {
    optimizer_steps: i32,
    scale: Option<RewardScale>,
}

/// Where a source of prompts stands.
#[derive(Serialize, Deserialize)]
pub(super) enum SourcePlace {
    Fresh { next: u64 },
    Cycle(CyclePlace),
}

/// The round at work.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedWork<P, R> {
    samples: Samples<P, R>,
    advantages: Vec<Vec<f64>>,
    #[serde(default)]
    valued: Vec<Valued>,
    old: Vec<Vec<f64>>,
    #[serde(default)]
    kl_coefficient: f64,
    passes: usize,
    left: VecDeque<Vec<usize>>,
    begun_at: u64,
}

/// The samples of a round.
#[derive(Serialize, Deserialize)]
enum Samples<P, R> {
    /// Places in the offline data, which are drawn anew from the same addresses.
    Data(Vec<usize>),
    /// The policy's own.
    Own(Vec<OwnSamples<P, R>>),
}

/// A prompt with the policy's own responses: [`PromptSamples`], number by number.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnSamples<P, R> {
    prompt: P,
    responses: Vec<R>,
    rewards: Vec<f64>,
    log_ref: Vec<f64>,
    #[serde(default)]
    log_ref_tokens: Vec<f64>,
    log_target: Vec<f64>,
    pairs: Vec<Pair>,
    law: Option<Vec<f64>>,
    drawn_at: u64,
}

impl<P: Clone, R: Clone> OwnSamples<P, R> {
    fn of<T: Task<Prompt = P, Response = R>>(samples: &PromptSamples<T>) -> Self {
        OwnSamples {
            prompt: samples.prompt.clone(),
            responses: samples.responses.clone(),
            rewards: samples.rewards.clone(),
            log_ref: samples.log_ref.clone(),
            log_ref_tokens: samples.log_ref_tokens.clone(),
            log_target: samples.log_target.clone(),
            pairs: samples.pairs.clone(),
            law: samples.law.clone(),
            drawn_at: samples.drawn_at,
        }
    }

    fn back<T: Task<Prompt = P, Response = R>>(self) -> PromptSamples<T> {
        PromptSamples {
            prompt: self.prompt,
            responses: self.responses,
            rewards: self.rewards,
            log_ref: self.log_ref,
            log_ref_tokens: self.log_ref_tokens,
            log_target: self.log_target,
            pairs: self.pairs,
            law: self.law,
            drawn_at: self.drawn_at,
        }
    }
}

impl<P: Clone, R: Clone> SavedWork<P, R> {
    /// A round as it is saved.
    fn of<T: Task<Prompt = P, Response = R>>(work: &AtWork<T>) -> Self {
        let round = &work.round;
        let samples = match &round.places {
            Some(places) => Samples::Data(places.clone()),
            None => Samples::Own(round.samples.iter().map(|s| OwnSamples::of(s)).collect()),
        };
        SavedWork {
            samples,
            advantages: round.advantages.clone(),
            valued: round.valued.clone(),
            old: round.old.clone(),
            kl_coefficient: round.kl_coefficient,
            passes: work.passes,
            left: work.left.clone(),
            begun_at: work.begun_at,
        }
    }

    /// The round, with its samples read from the offline data where they came from there.
    fn back<T>(self, learner: &mut Learner<'_, T>) -> Result<AtWork<T>, Stop>
    where
        T: Task<Prompt = P, Response = R>,
    {
        let mut round = match self.samples {
            Samples::Data(places) => Round::of_data(learner.saved_rows(&places)?, places),
            Samples::Own(own) => Round::new(own.into_iter().map(|s| Rc::new(s.back())).collect()),
        };
        (round.advantages, round.valued) = (self.advantages, self.valued);
        round.old = self.old;
        round.kl_coefficient = self.kl_coefficient;
        let (passes, left, begun_at) = (self.passes, self.left, self.begun_at);
        Ok(AtWork { round: Rc::new(round), passes, left, begun_at })
    }
}

impl<T: Task> Source<T> {
    pub(super) fn place(&self) -> SourcePlace {
        match self {
            Source::Offline { order: cycle, .. } | Source::OnPolicy(PromptSource::Pool(cycle)) => {
                SourcePlace::Cycle(cycle.place.clone())
            }
            Source::OnPolicy(PromptSource::Fresh { next }) => SourcePlace::Fresh { next: *next },
        }
    }

    /// Goes to a place; `false` if it is none of this source's.
    pub(super) fn go_to(&mut self, place: SourcePlace) -> bool {
        match (self, place) {
            (
                Source::OnPolicy(PromptSource::Fresh { next }),
                SourcePlace::Fresh { next: saved },
            ) => {
                *next = saved;
                true
            }
            (
                Source::Offline { order: cycle, .. } | Source::OnPolicy(PromptSource::Pool(cycle)),
                SourcePlace::Cycle(saved),
            ) if saved.order.len() == cycle.place.order.len() => {
                cycle.place = saved;
                true
            }
            _ => false,
        }
    }
}

impl<T: Task> Learner<'_, T> {
    /// All that changes during a run, as it is between two steps; tensors are borrowed.
    pub(super) fn checkpoint<'c, P, O>(
        &'c mut self,
        policy: &'c mut P,
        observer: &O,
    ) -> Result<Checkpoint<'c>, Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
        O: Savable,
        T::Prompt: Serialize,
        T::Response: Serialize,
    {
        let state = State {
            optimizer_steps: self.optimizer.steps(),
            baseline: self.baseline,
            kl_coefficient: self.kl_coefficient,
            critic: self.critic.as_ref().map(|critic| SavedCritic {
                optimizer_steps: critic.optimizer.steps(),
                scale: critic.scale,
            }),
            progress: self.progress,
            source: self.source.place(),
            work: self.work.as_ref().map(SavedWork::of),
            unobserved: self.unobserved.clone(),
            observer: observer.state(),
        };
        let state = toml::to_string(&state)
            .map_err(|e| Stop::Checkpoint(format!("the run's state cannot be written: {e}")))?;
        let own = tensors_of("", policy.parameters_mut(), &self.optimizer);
        let critics = self
            .critic
            .as_mut()
            .map(|critic| tensors_of(CRITIC, critic.model.parameters_mut(), &critic.optimizer));
        let tensors = own.into_iter().chain(critics.into_iter().flatten()).collect();
        Ok(Checkpoint { step: self.progress.step, state, tensors })
    }

    /// Goes on from a checkpoint of the same run.
    pub(super) fn restore<P, O>(
        &mut self,
        checkpoint: Checkpoint<'static>,
        policy: &mut P,
        observer: &mut O,
    ) -> Result<(), Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
        O: Savable,
        T::Prompt: DeserializeOwned,
        T::Response: DeserializeOwned,
    {
        let Checkpoint { state, mut tensors, .. } = checkpoint;
        let state: State<T::Prompt, T::Response, O::State> =
            toml::from_str(&state).map_err(|e| misfit(&format!("its state: {}", e.message())))?;
        let own = (policy.parameters_mut(), state.optimizer_steps);
        put_back("", own, &mut self.optimizer, &mut tensors)?;
        match (&mut self.critic, state.critic) {
            (None, None) => {}
            (Some(critic), Some(SavedCritic { optimizer_steps, scale })) => {
                let own = (critic.model.parameters_mut(), optimizer_steps);
                put_back(CRITIC, own, &mut critic.optimizer, &mut tensors)?;
                critic.scale = scale;
            }
            _ => return Err(misfit("its critic")),
        }
        if let Some(name) = tensors.keys().next() {
            return Err(misfit(&format!("{name}, which this run does not have")));
        }
        if !self.source.go_to(state.source) {
            return Err(misfit("the order of its prompts"));
        }
        self.work = state.work.map(|work| work.back(self)).transpose()?;
        (self.baseline, self.progress) = (state.baseline, state.progress);
        (self.kl_coefficient, self.unobserved) = (state.kl_coefficient, state.unobserved);
        observer.put_back(state.observer);
        Ok(())
    }

    /// Rows of the offline data at places that a checkpoint names.
    fn saved_rows(&mut self, places: &[usize]) -> Result<Vec<Rc<PromptSamples<T>>>, Stop> {
        let labeller = self.labeller(Judge::Annotator);
        match &mut self.source {
            Source::Offline { data, .. } if places.iter().all(|&place| place < data.len()) => {
                Ok(data.read(places, &labeller)?)
            }
            _ => Err(misfit("samples of other data")),
        }
    }
}

/// What the names of a critic's parameters begin with.
const CRITIC: &str = "critic/";

/// The parameters of whoever learns and its optimizer's memory of them, by name.
fn tensors_of<'c>(
    prefix: &str,
    parameters: Vec<Parameter<'c>>,
    optimizer: &'c Optimizer,
) -> Vec<(String, Numbers<'c>)> {
    let names: Vec<String> = parameters.iter().map(|p| format!("{prefix}{}", p.name)).collect();
    let values = parameters.into_iter().map(Numbers::of);
    let named = names.iter().map(|name| parameter(name)).zip(values);
    named.chain(optimizer.memory(&names)).collect()
}

/// Puts back what [`tensors_of`] gave, after so many steps of the optimizer.
fn put_back(
    prefix: &str,
    (parameters, steps): (Vec<Parameter<'_>>, i32),
    optimizer: &mut Optimizer,
    tensors: &mut BTreeMap<String, Numbers<'static>>,
) -> Result<(), Stop> {
    let mut lengths = Vec::new();
    for own in parameters {
        let name = format!("{prefix}{}", own.name);
        let saved = tensors.remove(&parameter(&name));
        let length = own.scalars.len();
        if !saved.is_some_and(|numbers| numbers.fill(own)) {
            return Err(misfit(&format!("parameter {name}")));
        }
        lengths.push((name, length));
    }
    let remembered = optimizer.remember(steps, &lengths, tensors);
    remembered.map_err(|name| misfit(&format!("the optimizer's memory {name}")))
}

/// The tensor that holds a parameter.
fn parameter(name: &str) -> String {
    format!("parameter/{name}")
}

fn misfit(what: &str) -> Stop {
    Stop::Checkpoint(format!(
        "the checkpoint does not fit this run: {what}; it was written by another program or for \
         other data: start over with --fresh"
    ))
}
