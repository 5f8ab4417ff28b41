//! A critic at work: values when a round begins, advantages and returns from them, and its own steps.

use super::optimizer::gradient_norm;
use super::round::Round;
use super::task::Task;
use super::{Learner, Optimizer, Stop};
use crate::objective::{CriticSpec, Standardise, standardise};
use crate::policy::{Batch, Policy, PolicyError, Ragged};
use serde::{Deserialize, Serialize};

/// What gives a number for each token, and learns as policies do: from ∂loss/∂number.
pub type TokenValues<'a, T> =
    dyn Policy<Prompt = <T as Task>::Prompt, Response = <T as Task>::Response> + 'a;

/// A critic with all that it remembers.
pub(super) struct Critic<'a, T: Task> {
    pub model: Box<TokenValues<'a, T>>,
    pub optimizer: Optimizer,
    spec: CriticSpec,
    /// m and d; unknown before the first round.
    pub scale: Option<RewardScale>,
}

/// The mean and the standard deviation of the first round's rewards (reward units).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RewardScale {
    mean: f64,
    deviation: f64,
}

/// Returns that vary by less are alike (variances of the first round's rewards): a hundredth of its deviation.
const ALIKE: f64 = 1e-4;

/// What a critic made of a round: `[prompt][token]`, the responses of a prompt one after another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Valued {
    /// The advantages (reward units, unless standardised).
    pub advantages: Vec<Vec<f64>>,
    /// The critic's numbers when the round began, and what they should have been (deviations).
    old: Vec<Vec<f64>>,
    wanted: Vec<Vec<f64>>,
}

/// What a step of a critic says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CriticReport {
    /// The mean of ℓ_V over the tokens of the minibatch.
    pub loss: f64,
    /// 1 − Var(R − V)/Var(R) over the tokens; none where all returns are alike.
    pub explained_variance: Option<f64>,
}

impl RewardScale {
    fn of(rewards: &[f64]) -> Self {
        let variance = variance(rewards);
        let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        RewardScale { mean: mean(rewards), deviation }
    }
}

impl<'a, T: Task> Critic<'a, T> {
    /// A critic that has not learned yet.
    pub fn new(spec: CriticSpec, model: Box<TokenValues<'a, T>>, optimizer: Optimizer) -> Self {
        Critic { model, optimizer, spec, scale: None }
    }

    /// Values of a round's tokens, and what follows from them; `penalties` are taken off the rewards, token by
    /// token (`[prompt][token]`, or none).
    pub fn value(
        &mut self,
        round: &Round<T>,
        penalties: &[Vec<f64>],
        standard: Standardise,
    ) -> Result<Valued, PolicyError> {
        let everyone: Vec<usize> = (0..round.samples.len()).collect();
        let batch = round.batch(&everyone);
        let numbers = self.model.log_probs(&batch)?;
        let rewards: Vec<f64> = round.samples.iter().flat_map(|s| s.rewards.clone()).collect();
        let scale = *self.scale.get_or_insert_with(|| RewardScale::of(&rewards));
        let mut valued = Valued::default();
        for p in everyone {
            let mut own = [Vec::new(), Vec::new(), Vec::new()];
            let mut penalties = penalties.get(p).into_iter().flatten();
            for i in batch.range(p) {
                let old = numbers.response(i);
                let values: Vec<f64> =
                    old.iter().map(|v| scale.mean + scale.deviation * v).collect();
                let mut by_token: Vec<f64> =
                    old.iter().map(|_| -penalties.next().copied().unwrap_or(0.0)).collect();
                if let Some(last) = by_token.last_mut() {
                    *last += rewards[i];
                }
                let advantages = self.spec.advantages(&by_token, &values);
                let wanted = advantages.iter().zip(&values);
                own[2].extend(wanted.map(|(a, v)| (a + v - scale.mean) / scale.deviation));
                own[1].extend_from_slice(old);
                own[0].extend(advantages);
            }
            let [advantages, old, wanted] = own;
            valued.advantages.push(advantages);
            valued.old.push(old);
            valued.wanted.push(wanted);
        }
        if standard == Standardise::Round {
            valued.standardise();
        }
        Ok(valued)
    }
}

impl Valued {
    /// Brings the advantages of all tokens to mean 0 and standard deviation 1.
    fn standardise(&mut self) {
        let mut all = self.advantages.concat();
        let weights = vec![1.0; all.len()];
        standardise(&mut all, &weights);
        let mut all = all.into_iter();
        self.advantages.iter_mut().flatten().for_each(|a| *a = all.next().unwrap_or(0.0));
    }

    /// What the values of a minibatch cost, and ∂loss/∂value of each.
    fn account(
        &self,
        spec: &CriticSpec,
        minibatch: &[usize],
        values: &Ragged,
    ) -> (CriticReport, Vec<f64>) {
        let flat = |numbers: &[Vec<f64>]| -> Vec<f64> {
            minibatch.iter().flat_map(|place| numbers[*place].iter().copied()).collect()
        };
        let (old, wanted, values) = (flat(&self.old), flat(&self.wanted), values.values());
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
        critic.model.clear_gradients();
        critic.model.accumulate(batch, &mut |values| {
            let (own, slopes) = round.valued.account(&spec, minibatch, values);
            let token = values.values().iter().position(|v| !v.is_finite());
            if let Some(t) = token {
                let sample = values.offsets().partition_point(|&o| o <= t) - 1;
                let (what, value) = ("a value of the critic", values.values()[t]);
                fault = Some(Stop::NotFinite { objective, what, value, step, sample });
                return None;
            }
            report = Some(own);
            Some(slopes)
        })?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        let norm = clip.is_finite().then(|| gradient_norm(&critic.model.parameters_mut()));
        let scale = norm.filter(|norm| *norm > clip).map_or(1.0, |norm| clip / norm);
        critic.optimizer.step(critic.model.parameters_mut(), factor, scale);
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
