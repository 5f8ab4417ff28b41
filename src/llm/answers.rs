//! One answer to each evaluation prompt, and what it is worth.

use super::task::{Cut, LanguageTask};
use super::{Sample, Tokens};
use crate::learner::Completion;
use crate::policy::PolicyError;
use crate::preference::WinRate;

/// What answers are worth, and how long they are.
pub(super) struct Worth {
    /// True rewards.
    rewards: Vec<f64>,
    /// Tokens, the end token not counted, and whether each was cut.
    lengths: Vec<(usize, Cut)>,
}

/// What costs a pass of a model, and is only wanted sometimes.
#[derive(Clone, Copy)]
pub(super) struct Reads {
    pub proxy: bool,
    pub log_ratio: bool,
}

/// A policy's answers to the evaluation prompts, in their order.
pub(super) struct Answers {
    samples: Vec<Sample>,
    worth: Worth,
    proxy: Option<Vec<f64>>,
    log_ratios: Option<Vec<f64>>,
}

impl Worth {
    /// One answer to each prompt.
    pub fn of<T: LanguageTask>(
        task: &T,
        prompts: &[Tokens],
        answers: &[Tokens],
    ) -> Result<Self, PolicyError> {
        let rewards = each(prompts, answers, |prompt, own| task.gold_rewards(prompt, own))?;
        Ok(Worth { rewards, lengths: answers.iter().map(|answer| task.measure(answer)).collect() })
    }

    /// Reward and tokens of every answer.
    fn each(&self) -> impl Iterator<Item = (f64, usize)> {
        self.rewards.iter().copied().zip(self.lengths.iter().map(|(tokens, _)| *tokens))
    }
}

impl Answers {
    /// Looks at samples.
    pub fn of<T: LanguageTask>(
        task: &T,
        prompts: &[Tokens],
        samples: Vec<Sample>,
        reads: Reads,
    ) -> Result<Self, PolicyError> {
        let said: Vec<Tokens> = samples.iter().map(|sample| sample.tokens.clone()).collect();
        let proxy = || each(prompts, &said, |prompt, own| task.rewards(prompt, own));
        let proxy = reads.proxy.then(proxy).transpose()?;
        let reference = || each(prompts, &said, |prompt, own| task.log_reference(prompt, own));
        let reference = reads.log_ratio.then(reference).transpose()?;
        let ratio = |(sample, reference): (&Sample, f64)| log_pi(sample) - reference;
        let log_ratios = reference.map(|log_ref| samples.iter().zip(log_ref).map(ratio).collect());
        Ok(Answers { worth: Worth::of(task, prompts, &said)?, samples, proxy, log_ratios })
    }

    /// The mean true reward.
    pub fn gold(&self) -> f64 {
        mean(&self.worth.rewards)
    }

    /// The mean of what methods see in place of it.
    pub fn proxy(&self) -> Option<f64> {
        self.proxy.as_deref().map(mean)
    }

    /// The mean of log π − log π_ref (nats).
    pub fn log_ratio(&self) -> Option<f64> {
        self.log_ratios.as_deref().map(mean)
    }

    /// The mean of −log π over all tokens (nats).
    pub fn surprise(&self) -> f64 {
        let tokens: usize = self.samples.iter().map(|sample| sample.tokens.len()).sum();
        -self.samples.iter().map(log_pi).sum::<f64>() / tokens as f64
    }

    /// The mean length (tokens) and the share that was cut, where answers can end by themselves.
    pub fn lengths(&self) -> Option<(f64, f64)> {
        let lengths = &self.worth.lengths;
        let count = lengths.len() as f64;
        let has_end = lengths.first().is_some_and(|(_, cut)| *cut != Cut::NoEnd);
        let tokens: f64 = lengths.iter().map(|(length, _)| *length as f64).sum();
        let cut = lengths.iter().filter(|(_, cut)| *cut == Cut::Yes).count() as f64;
        has_end.then_some((tokens / count, cut / count))
    }

    /// How often they are worth more than others to the same prompts.
    pub fn against(&self, others: &Worth) -> WinRate {
        WinRate::between(self.worth.each(), others.each())
    }

    /// As they are kept, where they are texts.
    pub fn written<T: LanguageTask>(
        &self,
        task: &T,
        step: u64,
    ) -> Result<Vec<Completion>, PolicyError> {
        let mut all = Vec::new();
        for (i, sample) in self.samples.iter().enumerate() {
            let Some((prompt, response)) = task.texts(i, &sample.tokens)? else { continue };
            let (tokens, cut) = self.worth.lengths[i];
            all.push(Completion {
                step,
                prompt,
                response,
                tokens,
                cut: cut == Cut::Yes,
                gold_reward: task.has_reward().then_some(self.worth.rewards[i]),
                proxy_reward: self.proxy.as_ref().map(|proxy| proxy[i]),
                log_ratio: self.log_ratios.as_ref().map(|ratios| ratios[i]),
            });
        }
        Ok(all)
    }
}

/// A number for each answer, prompt by prompt.
fn each(
    prompts: &[Tokens],
    answers: &[Tokens],
    of: impl Fn(&Tokens, &[Tokens]) -> Result<Vec<f64>, PolicyError>,
) -> Result<Vec<f64>, PolicyError> {
    let own = |(prompt, answer)| Ok(of(prompt, std::slice::from_ref(answer))?[0]);
    prompts.iter().zip(answers).map(own).collect()
}

fn log_pi(sample: &Sample) -> f64 {
    sample.log_probs.iter().map(|lp| f64::from(*lp)).sum()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
