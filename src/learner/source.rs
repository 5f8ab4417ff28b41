//! Where responses come from: the policy itself, or a data set drawn before step 0.

use super::dataset::DataSet;
use super::task::Task;
use crate::policy::{Batch, Policy, PolicyError};
use crate::preference::{Pair, PairRule};
use crate::stream::{Purpose, Streams};
use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// One prompt with its responses and all that is known of them.
#[derive(Debug)]
pub struct PromptSamples<T: Task> {
    /// The prompt.
    pub prompt: T::Prompt,
    /// Its responses.
    pub responses: Vec<T::Response>,
    /// The reward of each response: `[responses]`.
    pub rewards: Vec<f64>,
    /// log π_ref of each response: `[responses]`, nats.
    pub log_ref: Vec<f64>,
    /// log π_ref of each token: `[tokens]`, nats; empty unless a KL penalty reads it.
    pub log_ref_tokens: Vec<f64>,
    /// log of the target at each response: `[responses]`, nats; empty unless enumerated.
    pub log_target: Vec<f64>,
    /// The comparisons made between the responses.
    pub pairs: Vec<Pair>,
    /// The probability of each response, if they were listed instead of drawn.
    pub law: Option<Vec<f64>>,
    /// The step before which they were drawn.
    pub drawn_at: u64,
}

impl<T: Task> PromptSamples<T> {
    /// Samples drawn before the first step, of which nothing else is known.
    pub(super) fn new(
        prompt: T::Prompt,
        responses: Vec<T::Response>,
        rewards: Vec<f64>,
        pairs: Vec<Pair>,
    ) -> Self {
        PromptSamples {
            prompt,
            responses,
            rewards,
            log_ref: Vec::new(),
            log_ref_tokens: Vec::new(),
            log_target: Vec::new(),
            pairs,
            law: None,
            drawn_at: 0,
        }
    }
}

/// Who compares responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judge {
    /// The annotator of the preference data, by the true reward.
    Annotator,
    /// Whoever scores the policy's own samples: the reward model, else the annotator.
    Scorer,
}

/// Labels responses: rewards, reference, target, pairs.
pub(super) struct Labeller<'a, T: Task> {
    pub task: &'a T,
    pub rule: PairRule,
    pub streams: Streams,
    pub judge: Judge,
    /// Whether log π_ref is asked for.
    pub reference: Reference,
}

/// Whether an objective reads log π_ref, which costs a language model a forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    /// It is computed for every response.
    Read,
    /// It is computed for every token.
    ByToken,
    /// It is left out.
    Unread,
}

impl<T: Task> Labeller<'_, T> {
    /// Sampled responses with their rewards and comparisons; `address` is unique to the prompt's
    /// place in the run and names its coin flips.
    pub fn label(
        &self,
        prompt: T::Prompt,
        responses: Vec<T::Response>,
        address: u64,
        drawn_at: u64,
    ) -> Result<PromptSamples<T>, PolicyError> {
        let (mut log_ref, mut log_ref_tokens) = (Vec::new(), Vec::new());
        match self.reference {
            Reference::Read => log_ref = self.task.log_reference(&prompt, &responses)?,
            Reference::ByToken => {
                log_ref_tokens = self.task.log_reference_tokens(&prompt, &responses)?;
            }
            Reference::Unread => {}
        }
        let samples = self.without_reference(prompt, responses, address, drawn_at)?;
        Ok(PromptSamples { log_ref, log_ref_tokens, ..samples })
    }

    /// [`Labeller::label`] without log π_ref.
    pub fn without_reference(
        &self,
        prompt: T::Prompt,
        responses: Vec<T::Response>,
        address: u64,
        drawn_at: u64,
    ) -> Result<PromptSamples<T>, PolicyError> {
        let rewards = self.task.rewards(&prompt, &responses)?;
        let pairs = self.compare(&prompt, &responses, &rewards, address)?;
        Ok(PromptSamples { drawn_at, ..PromptSamples::new(prompt, responses, rewards, pairs) })
    }

    /// The comparisons between responses to one prompt.
    fn compare(
        &self,
        prompt: &T::Prompt,
        responses: &[T::Response],
        rewards: &[f64],
        address: u64,
    ) -> Result<Vec<Pair>, PolicyError> {
        let mut rng = None;
        let uniform = || {
            let at = || self.streams.at(Purpose::LabelNoise, address);
            rng.get_or_insert_with(at).random::<f64>()
        };
        if !self.task.has_reward_model() {
            return Ok(self.rule.pairs(rewards, uniform));
        }
        Ok(match self.judge {
            Judge::Scorer => self.rule.exact().pairs(rewards, uniform),
            Judge::Annotator => {
                self.rule.pairs(&self.task.gold_rewards(prompt, responses)?, uniform)
            }
        })
    }

    /// Every response with its probability in the preference data.
    pub fn enumerate(
        &self,
        prompt: T::Prompt,
        drawn_at: u64,
    ) -> Result<PromptSamples<T>, PolicyError> {
        let law = Some(self.task.data_law());
        Ok(PromptSamples { law, ..self.listed(prompt, drawn_at)? })
    }

    /// Every response, without a probability.
    fn listed(&self, prompt: T::Prompt, drawn_at: u64) -> Result<PromptSamples<T>, PolicyError> {
        let mut samples = self.label(prompt, self.task.every_response(), 0, drawn_at)?;
        let target = samples.responses.iter();
        samples.log_target = target.map(|y| self.task.log_target(&samples.prompt, y)).collect();
        Ok(samples)
    }

    /// Every response with its probability under a policy.
    pub fn enumerate_under<P>(
        &self,
        policy: &P,
        prompt: T::Prompt,
        drawn_at: u64,
    ) -> Result<PromptSamples<T>, PolicyError>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        let mut samples = self.listed(prompt, drawn_at)?;
        let mut batch = Batch::default();
        batch.push(samples.prompt.clone(), samples.responses.iter().cloned());
        let log_pi = policy.log_probs(&batch)?;
        let sequence = |i| log_pi.response(i).iter().sum::<f64>().exp();
        samples.law = Some((0..log_pi.responses()).map(sequence).collect());
        Ok(samples)
    }
}

/// Numbers `0..count` again and again, each time in a new seeded order.
pub(super) struct Cycle {
    streams: Streams,
    /// Where it stands.
    pub place: CyclePlace,
}

/// Where a cycle stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CyclePlace {
    /// The order of this epoch; shared, so that every round may remember where it began.
    pub order: Rc<Vec<usize>>,
    next: usize,
    epoch: u64,
}

impl Cycle {
    pub fn new(count: usize, streams: Streams) -> Self {
        let order = Rc::new((0..count).collect());
        Cycle { streams, place: CyclePlace { order, next: count, epoch: 0 } }
    }

    /// The next number.
    pub fn advance(&mut self) -> usize {
        let CyclePlace { order, next, epoch } = &mut self.place;
        if *next == order.len() {
            let order = Rc::make_mut(order);
            order.sort_unstable();
            order.shuffle(&mut self.streams.at(Purpose::Shuffle, *epoch));
            *epoch += 1;
            *next = 0;
        }
        *next += 1;
        order[*next - 1]
    }
}

/// Where the prompts of on-policy rounds come from.
pub(super) enum PromptSource {
    /// A new prompt every time.
    Fresh { next: u64 },
    /// A fixed pool.
    Pool(Cycle),
}

impl PromptSource {
    /// The index of the next prompt.
    pub fn advance(&mut self) -> u64 {
        match self {
            PromptSource::Fresh { next } => {
                *next += 1;
                *next - 1
            }
            PromptSource::Pool(cycle) => cycle.advance() as u64,
        }
    }
}

/// What a round is filled from.
pub(super) enum Source<T: Task> {
    /// Drawn from the policy, or enumerated under it.
    OnPolicy(PromptSource),
    /// A data set, read again and again.
    Offline { data: DataSet<T>, order: Cycle },
}
