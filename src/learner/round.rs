//! The responses of a round: who they answer, what they earned, how they compare.

use super::critic::Valued;
use super::source::PromptSamples;
use super::task::Task;
use crate::objective::{AdvantageSpec, Group, Law, RunningMean};
use crate::policy::{Batch, Policy, PolicyError, Ragged};
use std::collections::VecDeque;
use std::rc::Rc;

/// Prompts with their samples, and what is computed once per round before the passes.
pub(super) struct Round<T: Task> {
    /// The round's prompts with their responses.
    pub samples: Vec<Rc<PromptSamples<T>>>,
    /// Their places in the offline data; `None` if they are the policy's own.
    pub places: Option<Vec<usize>>,
    /// The advantage of each response of each prompt, empty if no objective reads it.
    pub advantages: Vec<Vec<f64>>,
    /// What a critic made of each prompt; empty without one.
    pub valued: Vec<Valued>,
    /// log π of each response's tokens when the round began, empty if no objective reads it.
    pub old: Vec<Vec<f64>>,
    /// Tokens of each response, known with `old`.
    lengths: Vec<Vec<usize>>,
    /// The weight of a KL penalty (reward units per nat).
    pub kl_coefficient: f64,
}

/// The round at work and what is left of it.
pub(super) struct AtWork<T: Task> {
    /// The round.
    pub round: Rc<Round<T>>,
    /// Passes begun.
    pub passes: usize,
    /// The minibatches of the pass that are still to come.
    pub left: VecDeque<Vec<usize>>,
    /// Optimizer steps taken when the round began.
    pub begun_at: u64,
}

impl<T: Task> AtWork<T> {
    /// A round of which nothing is done yet.
    pub fn new(round: Round<T>, begun_at: u64) -> Self {
        AtWork { round: Rc::new(round), passes: 0, left: VecDeque::new(), begun_at }
    }
}

impl<T: Task> Round<T> {
    /// A round of these samples.
    pub fn new(samples: Vec<Rc<PromptSamples<T>>>) -> Self {
        let (advantages, old) = (Vec::new(), Vec::new());
        let (lengths, valued) = (Vec::new(), Vec::new());
        Round { samples, places: None, advantages, valued, old, lengths, kl_coefficient: 0.0 }
    }

    /// A round of rows of offline data, and the places they have there.
    pub fn of_data(rows: Vec<Rc<PromptSamples<T>>>, places: Vec<usize>) -> Self {
        Round { places: Some(places), ..Round::new(rows) }
    }

    /// A number for each token, from log π − log π_ref when the round began: `[prompt][token]`.
    pub fn of_log_ratios(&self, number: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
        let both = self.samples.iter().zip(&self.old);
        both.map(|(samples, old)| {
            old.iter().zip(&samples.log_ref_tokens).map(|(a, b)| number(a - b)).collect()
        })
        .collect()
    }

    /// Numbers of tokens summed over each response: `[responses]` of all prompts.
    pub fn by_response(&self, of_tokens: &[Vec<f64>]) -> Vec<f64> {
        let mut sums = Vec::new();
        for (numbers, lengths) in of_tokens.iter().zip(&self.lengths) {
            let mut rest = numbers.iter();
            sums.extend(lengths.iter().map(|count| rest.by_ref().take(*count).sum::<f64>()));
        }
        sums
    }

    /// Computes the advantages of the whole round, from rewards less some penalties: `[responses]`, or none.
    pub fn set_advantages(
        &mut self,
        spec: AdvantageSpec,
        state: &mut RunningMean,
        penalties: &[f64],
    ) {
        let mut rewards: Vec<f64> = self.samples.iter().flat_map(|s| s.rewards.clone()).collect();
        rewards.iter_mut().zip(penalties).for_each(|(reward, penalty)| *reward -= penalty);
        let mut offsets = vec![0];
        offsets.extend(self.samples.iter().scan(0, |end, s| {
            *end += s.rewards.len();
            Some(*end)
        }));
        let laws: Option<Vec<&Vec<f64>>> = self.samples.iter().map(|s| s.law.as_ref()).collect();
        let flat = match laws {
            Some(laws) if !laws.is_empty() => {
                let law: Vec<f64> = laws.into_iter().flatten().copied().collect();
                spec.exact_advantages(&rewards, &law, &offsets, state)
            }
            _ => spec.advantages(&rewards, &offsets, state),
        };
        self.advantages = offsets.windows(2).map(|o| flat[o[0]..o[1]].to_vec()).collect();
    }

    /// Remembers the policy's log-probabilities, held at the floor, as the old ones.
    pub fn set_old<P>(&mut self, policy: &P, floor: f64) -> Result<(), PolicyError>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        let everyone: Vec<usize> = (0..self.samples.len()).collect();
        let batch = self.batch(&everyone);
        let log_pi = policy.log_probs(&batch)?;
        let held =
            |p: usize| tokens(&log_pi, batch.range(p)).iter().map(|lp| lp.max(floor)).collect();
        self.old = everyone.iter().copied().map(held).collect();
        let lengths = |p| batch.range(p).map(|i| log_pi.response(i).len()).collect();
        self.lengths = everyone.into_iter().map(lengths).collect();
        Ok(())
    }

    /// The prompts at `places` with their responses, for a policy.
    pub fn batch(&self, places: &[usize]) -> Batch<T::Prompt, T::Response> {
        let mut batch = Batch::default();
        for &place in places {
            let samples = &self.samples[place];
            batch.push(samples.prompt.clone(), samples.responses.iter().cloned());
        }
        batch
    }

    /// The prompt at `place` as an objective reads it, its log-probabilities at `range` of
    /// `log_pi`.
    pub fn group<'a>(
        &'a self,
        place: usize,
        log_pi: &'a Ragged,
        range: std::ops::Range<usize>,
        draws: usize,
    ) -> Group<'a> {
        let samples = &self.samples[place];
        let law = samples.law.as_ref().map(|probability| Law { probability, draws });
        Group {
            offsets: &log_pi.offsets()[range.start..=range.end],
            log_pi: tokens(log_pi, range),
            log_old: self.old.get(place).map_or(&[], Vec::as_slice),
            log_ref: &samples.log_ref,
            log_ref_tokens: &samples.log_ref_tokens,
            kl_coefficient: self.kl_coefficient,
            log_target: &samples.log_target,
            reward: &samples.rewards,
            advantage: self.advantages.get(place).map_or(&[], Vec::as_slice),
            token_advantage: self.valued.get(place).map_or(&[], |own| own.advantages.as_slice()),
            pairs: &samples.pairs,
            law,
        }
    }
}

/// The tokens of some responses.
fn tokens(log_pi: &Ragged, responses: std::ops::Range<usize>) -> &[f64] {
    let offsets = log_pi.offsets();
    &log_pi.values()[offsets[responses.start]..offsets[responses.end]]
}
