//! A learner into a checkpoint and back.

use super::checkpoint::{Checkpoint, Numbers, Savable};
use super::round::{AtWork, Round};
use super::source::{CyclePlace, PromptSamples, PromptSource, Source};
use super::task::Task;
use super::{Learner, Progress, Stop};
use crate::objective::RunningMean;
use crate::policy::Policy;
use crate::preference::Pair;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::rc::Rc;

/// Everything of a learner but its tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State<P, R, O> {
    optimizer_steps: i32,
    baseline: RunningMean,
    #[serde(default)]
    kl_coefficient: f64,
    progress: Progress,
    source: SourcePlace,
    work: Option<SavedWork<P, R>>,
    observer: O,
}

/// Where a source of prompts stands.
#[derive(Serialize, Deserialize)]
enum SourcePlace {
    Fresh { next: u64 },
    Cycle(CyclePlace),
}

/// The round at work.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedWork<P, R> {
    samples: Samples<P, R>,
    advantages: Vec<Vec<f64>>,
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
            old: round.old.clone(),
            kl_coefficient: round.kl_coefficient,
            passes: work.passes,
            left: work.left.clone(),
            begun_at: work.begun_at,
        }
    }

    /// The round, with its samples looked up in `data` where they came from there; `None` if they
    /// are not there.
    fn back<T>(self, data: &[Rc<PromptSamples<T>>]) -> Option<AtWork<T>>
    where
        T: Task<Prompt = P, Response = R>,
    {
        let mut round = match self.samples {
            Samples::Data(places) if places.iter().any(|&place| place >= data.len()) => {
                return None;
            }
            Samples::Data(places) => Round::of_data(data, places),
            Samples::Own(own) => Round::new(own.into_iter().map(|s| Rc::new(s.back())).collect()),
        };
        round.advantages = self.advantages;
        round.old = self.old;
        round.kl_coefficient = self.kl_coefficient;
        let (passes, left, begun_at) = (self.passes, self.left, self.begun_at);
        Some(AtWork { round: Rc::new(round), passes, left, begun_at })
    }
}

impl<T: Task> Source<T> {
    fn place(&self) -> SourcePlace {
        match self {
            Source::Offline { order: cycle, .. } | Source::OnPolicy(PromptSource::Pool(cycle)) => {
                SourcePlace::Cycle(cycle.place.clone())
            }
            Source::OnPolicy(PromptSource::Fresh { next }) => SourcePlace::Fresh { next: *next },
        }
    }

    /// Goes to a place; `false` if it is none of this source's.
    fn go_to(&mut self, place: SourcePlace) -> bool {
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
        &'c self,
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
            progress: self.progress,
            source: self.source.place(),
            work: self.work.as_ref().map(SavedWork::of),
            observer: observer.state(),
        };
        let state = toml::to_string(&state)
            .map_err(|e| Stop::Checkpoint(format!("the run's state cannot be written: {e}")))?;
        let parameters = policy.parameters_mut();
        let names: Vec<String> = parameters.iter().map(|p| p.name.to_owned()).collect();
        let values = parameters.into_iter().map(Numbers::of);
        let named = names.iter().map(|name| parameter(name)).zip(values);
        let tensors = named.chain(self.optimizer.memory(&names)).collect();
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
        let mut lengths = Vec::new();
        for own in policy.parameters_mut() {
            let name = own.name.to_owned();
            let saved = tensors.remove(&parameter(&name));
            lengths.push((name, own.scalars.len()));
            if !saved.is_some_and(|numbers| numbers.fill(own)) {
                return Err(misfit(&format!("parameter {}", lengths[lengths.len() - 1].0)));
            }
        }
        self.optimizer
            .remember(state.optimizer_steps, &lengths, &mut tensors)
            .map_err(|name| misfit(&format!("the optimizer's memory {name}")))?;
        if let Some(name) = tensors.keys().next() {
            return Err(misfit(&format!("{name}, which this run does not have")));
        }
        if !self.source.go_to(state.source) {
            return Err(misfit("the order of its prompts"));
        }
        let unknown = || misfit("samples of other data");
        self.work = state.work.map(|w| w.back(self.data()).ok_or_else(unknown)).transpose()?;
        (self.baseline, self.progress) = (state.baseline, state.progress);
        self.kl_coefficient = state.kl_coefficient;
        observer.put_back(state.observer);
        Ok(())
    }
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
