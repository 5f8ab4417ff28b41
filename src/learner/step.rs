//! One optimizer step: coefficients from the objective, gradients from the policy.

use super::observer::{Observer, StepReport};
use super::optimizer::{clipping, gradient_norm};
use super::round::Round;
use super::task::Task;
use super::{Learner, Stop};
use crate::objective::Ledger;
use crate::policy::{Batch, Policy, Ragged};

/// What an objective made of a minibatch.
struct Scored {
    /// The loss, divided by the units.
    loss: f64,
    units: f64,
    /// ∂loss/∂log π of each token: `[tokens]`.
    coefficients: Vec<f64>,
    /// The first response of the first prompt whose own loss is not finite.
    faulty: Option<usize>,
}

impl<T: Task> Learner<'_, T> {
    /// Takes one optimizer step; `None` if the minibatch has no unit to learn from.
    ///
    /// The norm of the gradient is taken only if the observer wants it or it is clipped.
    pub(super) fn step<P>(
        &mut self,
        policy: &mut P,
        round: &Round<T>,
        minibatch: &[usize],
        observer: &mut impl Observer<P>,
    ) -> Result<Option<StepReport>, Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        let batch = round.batch(minibatch);
        let (mut outcome, mut report) = (Ok(()), None);
        policy.clear_gradients();
        policy.accumulate(&batch, &mut |log_pi| {
            let scored = self.score_above_floor(round, minibatch, &batch, log_pi);
            outcome = self.check(log_pi, &scored);
            if outcome.is_err() || scored.units == 0.0 {
                return None;
            }
            observer.coefficients(batch.responses(), &scored.coefficients);
            report = Some(self.report(round, minibatch, log_pi, &scored));
            Some(scored.coefficients)
        })?;
        outcome?;
        let Some(mut report) = report else {
            self.progress.skipped_prompts += minibatch.len() as u64;
            return Ok(None);
        };
        self.progress.skipped_prompts = 0;
        let clip = self.schedule.gradient_clip;
        let norm_wanted = observer.wants_gradient_norm(self.progress.step + 1);
        let norm =
            (norm_wanted || clip.is_finite()).then(|| gradient_norm(&policy.parameters_mut()));
        let factor = self.schedule.learning_rate_factor(self.progress.step);
        report.gradient_norm = norm;
        report.learning_rate = self.optimizer.learning_rate() * factor;
        self.optimizer.step(policy.parameters_mut(), factor, clipping(norm, clip));
        report.critic = self.teach_critic((round, minibatch), &batch)?;
        self.progress.step += 1;
        Ok(Some(report))
    }

    /// As [`Learner::score`], with log-probabilities held at the floor; what is held has no gradient.
    fn score_above_floor(
        &self,
        round: &Round<T>,
        minibatch: &[usize],
        batch: &Batch<T::Prompt, T::Response>,
        log_pi: &Ragged,
    ) -> Scored {
        let floor = self.schedule.log_probability_floor;
        if log_pi.values().iter().all(|lp| *lp >= floor || !lp.is_finite()) {
            return self.score(round, minibatch, batch, log_pi);
        }
        let held = log_pi.values().iter().map(|lp| lp.max(floor)).collect();
        let held = Ragged::new(held, log_pi.offsets().to_vec());
        let mut scored = self.score(round, minibatch, batch, &held);
        for (c, lp) in scored.coefficients.iter_mut().zip(log_pi.values()) {
            *c = if *lp < floor { 0.0 } else { *c };
        }
        scored
    }

    /// The objective's sums over a minibatch, divided by its units.
    fn score(
        &self,
        round: &Round<T>,
        minibatch: &[usize],
        batch: &Batch<T::Prompt, T::Response>,
        log_pi: &Ragged,
    ) -> Scored {
        let mut coefficients = vec![0.0; log_pi.values().len()];
        let (mut loss, mut units, mut faulty) = (0.0, 0.0, None);
        let draws = self.schedule.responses_per_prompt;
        for (p, &place) in minibatch.iter().enumerate() {
            let range = batch.range(p);
            let tokens = log_pi.offsets()[range.start]..log_pi.offsets()[range.end];
            let group = round.group(place, log_pi, range.clone(), draws);
            let mut ledger = Ledger::new(&mut coefficients[tokens]);
            self.method.objective.add_group(&group, &mut ledger);
            if !ledger.loss().is_finite() {
                faulty = faulty.or(Some(range.start));
            }
            loss += ledger.loss();
            units += ledger.units();
        }
        if units > 0.0 {
            loss /= units;
            coefficients.iter_mut().for_each(|c| *c /= units);
        }
        Scored { loss, units, coefficients, faulty }
    }

    /// Finds the first number that is not finite.
    fn check(&self, log_pi: &Ragged, scored: &Scored) -> Result<(), Stop> {
        let fault = |what: &str, value, sample| {
            let (objective, step, what) = (self.method.name, self.progress.step, what.to_owned());
            Err(Stop::NotFinite { objective, what, value, step, sample })
        };
        if let Some(t) = log_pi.values().iter().position(|x| !x.is_finite()) {
            return fault("a log-probability", log_pi.values()[t], Some(log_pi.response_of(t)));
        }
        if let Some(t) = scored.coefficients.iter().position(|x| !x.is_finite()) {
            return fault("a coefficient", scored.coefficients[t], Some(log_pi.response_of(t)));
        }
        if !scored.loss.is_finite() {
            return fault("the loss", scored.loss, scored.faulty);
        }
        Ok(())
    }

    /// The share of the prompts since the last step that teach nothing: no pair, or rewards all alike.
    fn idle(&self, round: &Round<T>, minibatch: &[usize]) -> f64 {
        let is_idle = |place: &&usize| {
            let samples = &round.samples[**place];
            match self.method.needs.pairs {
                true => samples.pairs.is_empty(),
                // One response to a prompt is told apart from those of others.
                false => {
                    samples.rewards.len() > 1
                        && samples.rewards.windows(2).all(|two| two[0] == two[1])
                }
            }
        };
        let skipped = self.progress.skipped_prompts as f64;
        let idle = minibatch.iter().filter(is_idle).count() as f64;
        (skipped + idle) / (skipped + minibatch.len() as f64)
    }

    /// The share of tokens whose ratio to the old policy lies outside the clip, where there is one.
    fn clipped(&self, round: &Round<T>, minibatch: &[usize], log_pi: &Ragged) -> Option<f64> {
        let epsilon = self.method.clip?;
        let old = minibatch.iter().flat_map(|place| round.old.get(*place).into_iter().flatten());
        Some(share_outside(epsilon, log_pi.values(), old))
    }

    /// What a minibatch says about the method: the negative gradient and the samples' age.
    fn report(
        &self,
        round: &Round<T>,
        minibatch: &[usize],
        log_pi: &Ragged,
        scored: &Scored,
    ) -> StepReport {
        let (mut pushed_down, mut down, mut all) = (0usize, 0.0, 0.0);
        for tokens in log_pi.offsets().windows(2) {
            let own = &scored.coefficients[tokens[0]..tokens[1]];
            pushed_down += usize::from(own.iter().sum::<f64>() > 0.0);
            down += own.iter().map(|c| c.max(0.0)).sum::<f64>();
            all += own.iter().map(|c| c.abs()).sum::<f64>();
        }
        let age = |&place: &usize| self.progress.step - round.samples[place].drawn_at;
        let ages = || minibatch.iter().map(age);
        StepReport {
            loss: scored.loss,
            gradient_norm: None,
            learning_rate: 0.0,
            negative_gradient_fraction: pushed_down as f64 / log_pi.responses() as f64,
            negative_gradient_mass: if all > 0.0 { down / all } else { 0.0 },
            staleness_mean: ages().sum::<u64>() as f64 / minibatch.len() as f64,
            staleness_max: ages().max().unwrap_or(0),
            tokens: log_pi.values().len(),
            responses: log_pi.offsets().len() - 1,
            critic: None,
            kl_coefficient: self.method.kl.map(|_| round.kl_coefficient),
            idle_prompts: self.idle(round, minibatch),
            ratio_clipped: self.clipped(round, minibatch, log_pi),
            effective_samples: effective(log_pi, &scored.coefficients),
        }
    }
}

/// The share of tokens whose ratio π/π_old lies outside 1 ± ε: `log_pi, old: [tokens]`, nats.
fn share_outside<'a>(epsilon: f64, log_pi: &[f64], old: impl Iterator<Item = &'a f64>) -> f64 {
    let outside = |(lp, old): (&f64, &f64)| ((lp - old).exp() - 1.0).abs() > epsilon;
    let count = log_pi.iter().zip(old).filter(|both| outside(*both)).count();
    count as f64 / log_pi.len().max(1) as f64
}

/// (Σ|c|)²/(n·Σc²) of the responses' coefficients, a token of each: the share of responses that weigh.
fn effective(log_pi: &Ragged, coefficients: &[f64]) -> f64 {
    let firsts = log_pi.offsets().windows(2).filter(|o| o[0] < o[1]);
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0usize);
    for own in firsts.map(|o| coefficients[o[0]].abs()) {
        (sum, squares, count) = (sum + own, squares + own * own, count + 1);
    }
    if squares > 0.0 { sum * sum / (count as f64 * squares) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ratios of 1, 1.19, 1.21, 0.81 and 0.79: with ε = 0.2 the third and the last lie outside.
    #[test]
    fn tokens_outside_the_clip_are_counted_on_both_sides() {
        let log_pi = [1.0, 1.19, 1.21, 0.81, 0.79].map(f64::ln);
        assert_eq!(share_outside(0.2, &log_pi, [0.0; 5].iter()), 0.4);
        assert_eq!(share_outside(0.2, &[], [].iter()), 0.0);
    }

    /// (Σ|c|)²/(n·Σc²): equal weights are worth all responses, one weight of n a part of n; 3 and −1 (3 + 1)²/(2·10).
    #[test]
    fn effective_samples_are_the_share_of_responses_that_weigh() {
        let of = |c: &[f64]| effective(&Ragged::singletons(vec![0.0; c.len()]), c);
        assert_eq!(of(&[0.5; 8]), 1.0);
        assert_eq!(of(&[0.0, 0.0, 2.0, 0.0]), 0.25);
        assert_eq!(of(&[3.0, -1.0]), 0.8);
        assert_eq!(of(&[0.0, 0.0]), 0.0);
        // Of two tokens the first tells, a response without a token does not count.
        let ragged = Ragged::new(vec![0.0; 3], vec![0, 2, 2, 3]);
        assert_eq!(effective(&ragged, &[3.0, 3.0, -1.0]), 0.8);
    }
}
