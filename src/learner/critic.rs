//! A critic at work: values when a round begins, advantages and returns from them, and its own steps.

use super::optimizer::{clipping, gradient_norm};
use super::round::Round;
use super::task::Task;
use super::{Learner, Optimizer, Stop};
use crate::objective::{CriticSpec, Standardise, standardise};
use crate::policy::{Batch, Policy, PolicyError};
use serde::{Deserialize, Serialize};

/// What gives a number for each token, and learns as policies do: from ∂loss/∂number.
pub type TokenValues<'a, T> =
    dyn Policy<Prompt = <T as Task>::Prompt, Response = <T as Task>::Response> + 'a;

/// A critic with all that it remembers.
pub(super) struct Critic<'a, T: Task> {
    pub model: Box<TokenValues<'a, T>>,
    pub optimizer: Optimizer,
    spec: CriticSpec,
    /// m and d; unknown before the first round whose rewards differ.
    pub scale: Option<RewardScale>,
}

/// The mean and the standard deviation of the first rewards that differ (reward units).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RewardScale {
    mean: f64,
    deviation: f64,
}

/// Returns that vary by less are alike (variances of the first round's rewards): a hundredth of its deviation.
const ALIKE: f64 = 1e-4;

/// What a critic made of a prompt's tokens, its responses one after another: `[tokens]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Valued {
    /// The advantages (reward units, unless standardised).
    pub advantages: Vec<f64>,
    /// The critic's numbers when the round began, and what they should have been (deviations).
    old: Vec<f64>,
    wanted: Vec<f64>,
}

/// What a step of a critic says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriticReport {
    /// The mean of ℓ_V over the tokens of the minibatch.
    pub loss: f64,
    /// 1 − Var(R − V)/Var(R) over the tokens; none where all returns are alike.
    pub explained_variance: Option<f64>,
}

impl RewardScale {
    /// The scale of a round's rewards, unless they are all alike but for rounding.
    fn of(rewards: &[f64]) -> Option<Self> {
        const ROUNDING: f64 = 1e-9;
        let (mean, deviation) = (mean(rewards), variance(rewards).sqrt());
        (deviation > ROUNDING * mean.abs()).then_some(RewardScale { mean, deviation })
    }

    /// The scale of rewards that are all alike.
    fn flat(rewards: &[f64]) -> Self {
        RewardScale { mean: mean(rewards), deviation: 1.0 }
    }
}

impl<'a, T: Task> Critic<'a, T> {
    /// A critic that has not learned yet.
    pub fn new(spec: CriticSpec, model: Box<TokenValues<'a, T>>, optimizer: Optimizer) -> Self {
        Critic { model, optimizer, spec, scale: None }
    }

    /// Values of a round's tokens, and what follows from them: `[prompts]`; `penalties` are taken off the
    /// rewards, token by token (`[prompt][token]`, or none).
    pub fn value(
        &mut self,
        round: &Round<T>,
        penalties: &[Vec<f64>],
        standard: Standardise,
    ) -> Result<Vec<Valued>, PolicyError> {
        let everyone: Vec<usize> = (0..round.samples.len()).collect();
        let batch = round.batch(&everyone);
        let numbers = self.model.log_probs(&batch)?;
        let rewards: Vec<f64> = round.samples.iter().flat_map(|s| s.rewards.clone()).collect();
        self.scale = self.scale.or_else(|| RewardScale::of(&rewards));
        let scale = self.scale.unwrap_or_else(|| RewardScale::flat(&rewards));
        let mut valued = vec![Valued::default(); everyone.len()];
        for (p, own) in valued.iter_mut().enumerate() {
            let mut penalties = penalties.get(p).into_iter().flatten();
            for i in batch.range(p) {
                let old = numbers.response(i);
                let penalty = |_| -penalties.next().copied().unwrap_or(0.0);
                let mut by_token: Vec<f64> = old.iter().map(penalty).collect();
                if let Some(last) = by_token.last_mut() {
                    *last += rewards[i];
                }
                own.push(&self.spec, scale, (&by_token, old));
            }
        }
        if standard == Standardise::Round {
            standardise_all(&mut valued);
        }
        Ok(valued)
    }
}

impl Valued {
    /// Adds a response: its rewards and the critic's numbers, token by token.
    fn push(&mut self, spec: &CriticSpec, scale: RewardScale, (rewards, old): (&[f64], &[f64])) {
        let RewardScale { mean, deviation } = scale;
        let values: Vec<f64> = old.iter().map(|v| mean + deviation * v).collect();
        let advantages = spec.advantages(rewards, &values);
        let returns = advantages.iter().zip(&values).map(|(a, v)| a + v);
        self.wanted.extend(returns.map(|r| (r - mean) / deviation));
        self.old.extend_from_slice(old);
        self.advantages.extend(advantages);
    }
}

/// Brings the advantages of all tokens to mean 0 and standard deviation 1.
fn standardise_all(valued: &mut [Valued]) {
    let mut all: Vec<f64> = valued.iter().flat_map(|own| own.advantages.clone()).collect();
    let weights = vec![1.0; all.len()];
    standardise(&mut all, &weights);
    let own = valued.iter_mut().flat_map(|own| &mut own.advantages);
    own.zip(all).for_each(|(own, standard)| *own = standard);
}

/// What the values of some prompts' tokens cost, and ∂loss/∂value of each.
fn account(spec: &CriticSpec, valued: &[&Valued], values: &[f64]) -> (CriticReport, Vec<f64>) {
    let flat = |numbers: fn(&Valued) -> &Vec<f64>| -> Vec<f64> {
        valued.iter().flat_map(|own| numbers(own).iter().copied()).collect()
    };
    let (old, wanted) = (flat(|own| &own.old), flat(|own| &own.wanted));
    let count = values.len().max(1) as f64;
    let terms = values.iter().zip(old.iter().zip(&wanted));
    let (losses, slopes): (Vec<f64>, Vec<f64>) =
        terms.map(|(v, (old, wanted))| spec.value_loss(*v, *old, *wanted)).unzip();
    let errors: Vec<f64> = wanted.iter().zip(values).map(|(r, v)| r - v).collect();
    let (left, all) = (variance(&errors), variance(&wanted));
    let explained_variance = (all > ALIKE).then(|| 1.0 - left / all);
    let report = CriticReport { loss: losses.iter().sum::<f64>() / count, explained_variance };
    (report, slopes.into_iter().map(|slope| slope / count).collect())
}

impl<T: Task> Learner<'_, T> {
    /// Lets the critic, if there is one, learn from a minibatch: one step of its own.
    pub(super) fn teach_critic(
        &mut self,
        (round, minibatch): (&Round<T>, &[usize]),
        batch: &Batch<T::Prompt, T::Response>,
    ) -> Result<Option<CriticReport>, Stop> {
        let (step, objective) = (self.progress.step, self.method.name);
        let factor = self.schedule.learning_rate_factor(step);
        let clip = self.schedule.gradient_clip;
        let Some(critic) = &mut self.critic else { return Ok(None) };
        let (spec, mut report, mut fault) = (critic.spec, None, None);
        let valued: Vec<&Valued> = minibatch.iter().map(|place| &round.valued[*place]).collect();
        critic.model.clear_gradients();
        critic.model.accumulate(batch, &mut |values| {
            if let Some(t) = values.values().iter().position(|v| !v.is_finite()) {
                let sample = Some(values.response_of(t));
                let (what, value) = ("a value of the critic".to_owned(), values.values()[t]);
                fault = Some(Stop::NotFinite { objective, what, value, step, sample });
                return None;
            }
            let (own, slopes) = account(&spec, &valued, values.values());
            report = Some(own);
            Some(slopes)
        })?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        let norm = clip.is_finite().then(|| gradient_norm(&critic.model.parameters_mut()));
        critic.optimizer.step(critic.model.parameters_mut(), factor, clipping(norm, clip));
        Ok(report)
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}

/// The (population) variance.
fn variance(numbers: &[f64]) -> f64 {
    let centre = mean(numbers);
    mean(&numbers.iter().map(|x| (x - centre) * (x - centre)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 and 3: mean 2, deviation 1. Fourteen tenths add up to 1.4000000000000001, whose fourteenth is no tenth.
    #[test]
    fn a_scale_waits_for_rewards_that_differ() {
        assert_eq!(RewardScale::of(&[1.0, 3.0]), Some(RewardScale { mean: 2.0, deviation: 1.0 }));
        for alike in [-0.1, 0.0, 7.0] {
            let rewards = [alike; 14];
            assert_eq!(RewardScale::of(&rewards), None, "{alike}");
            assert_eq!(RewardScale::flat(&rewards).deviation, 1.0);
        }
    }
}
