//! Where responses come from: the policy itself, or a data set drawn before step 0.

use super::task::Task;
use crate::policy::{Batch, Policy, PolicyError};
use crate::preference::{Pair, PairRule};
use crate::stream::{Draws, Purpose, Streams};
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
    fn new(
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

/// A row of the user's data: the number of its prompt, and a response to it that was preferred to another (a
/// comparison) or is to be imitated (a demonstration).
#[derive(Debug, Clone, PartialEq)]
pub struct Example<R> {
    /// Examples with equal numbers share a prompt.
    pub prompt: u64,
    /// The preferred response, or the only one.
    pub chosen: R,
    /// The other one of a comparison.
    pub rejected: Option<R>,
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

/// Whether an objective reads the rewards of comparisons that are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rewards {
    /// They are asked for.
    Read,
    /// They are all 0.
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

    /// The same without log π_ref.
    fn without_reference(
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

    /// Offline data, log π_ref of all of them asked for at once; prompt `i` has the address `i`.
    fn label_data(
        &self,
        data: Vec<(T::Prompt, Vec<T::Response>)>,
    ) -> Result<Vec<PromptSamples<T>>, PolicyError> {
        let log_ref = self.log_reference_of_data(&data)?;
        let labelled = |(address, ((prompt, responses), log_ref))| {
            let samples = self.without_reference(prompt, responses, address, 0)?;
            Ok(PromptSamples { log_ref, ..samples })
        };
        (0..).zip(data.into_iter().zip(log_ref)).map(labelled).collect()
    }

    fn log_reference_of_data(
        &self,
        data: &[(T::Prompt, Vec<T::Response>)],
    ) -> Result<Vec<Vec<f64>>, PolicyError> {
        match self.reference {
            Reference::Read => self.task.log_reference_of_data(data),
            // A KL penalty is refused for offline data.
            Reference::ByToken | Reference::Unread => Ok(vec![Vec::new(); data.len()]),
        }
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

    /// The preference data of the first `prompts` training prompts, drawn once.
    pub fn preference_data(
        &self,
        prompts: usize,
        per_prompt: usize,
    ) -> Result<Vec<PromptSamples<T>>, PolicyError> {
        let draws = Draws::new(self.streams, Purpose::Sample, 0);
        let mut responses = self.task.data_responses(prompts, per_prompt, &draws)?.into_iter();
        let own = |index| {
            (self.task.prompt(index), responses.by_ref().take(per_prompt).collect::<Vec<_>>())
        };
        self.label_data((0..prompts as u64).map(own).collect())
    }

    /// The user's own comparisons or demonstrations, two responses or one each; their rewards, which may cost a
    /// pass of a reward model, are asked for only if someone reads them.
    pub fn example_data(
        &self,
        rows: &[Example<T::Response>],
        rewards: Rewards,
    ) -> Result<Vec<PromptSamples<T>>, PolicyError> {
        let responses = |row: &Example<T::Response>| {
            let responses = std::iter::once(&row.chosen).chain(&row.rejected);
            (self.task.prompt(row.prompt), responses.cloned().collect::<Vec<_>>())
        };
        let data: Vec<_> = rows.iter().map(responses).collect();
        let log_ref = self.log_reference_of_data(&data)?;
        let compared = |((prompt, responses), log_ref): ((T::Prompt, Vec<T::Response>), _)| {
            let rewards = match rewards {
                Rewards::Read => self.task.rewards(&prompt, &responses)?,
                Rewards::Unread => vec![0.0; responses.len()],
            };
            let compared = (responses.len() == 2).then_some(Pair { chosen: 0, rejected: 1 });
            let pairs = compared.into_iter().collect();
            Ok(PromptSamples { log_ref, ..PromptSamples::new(prompt, responses, rewards, pairs) })
        };
        data.into_iter().zip(log_ref).map(compared).collect()
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
    /// The order of this epoch.
    pub order: Vec<usize>,
    next: usize,
    epoch: u64,
}

impl Cycle {
    pub fn new(count: usize, streams: Streams) -> Self {
        Cycle { streams, place: CyclePlace { order: (0..count).collect(), next: count, epoch: 0 } }
    }

    /// The next number.
    pub fn advance(&mut self) -> usize {
        let CyclePlace { order, next, epoch } = &mut self.place;
        if *next == order.len() {
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
    /// A data set, fixed before step 0.
    Offline { data: Vec<Rc<PromptSamples<T>>>, order: Cycle },
}
