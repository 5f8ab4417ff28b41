//! The loop: rounds, passes, minibatches, steps.

use super::checkpoint::{Keep, Keeper, Savable, Taken};
use super::observer::{Observer, StepReport};
use super::round::{AtWork, Round};
use super::source::{Judge, PromptSamples, Source};
use super::task::Task;
use super::{Learner, Stop};
use crate::objective::KlPlace;
use crate::policy::{Policy, PolicyError};
use crate::stream::{Draws, Purpose};
use rand::seq::SliceRandom;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::rc::Rc;

/// Minibatch orders begin at this address, so that they never meet the orders of the data.
const MINIBATCH_ORDERS: u64 = 1 << 32;

impl<T: Task> Learner<'_, T> {
    /// Trains to the last step; the observer sees the policy at step 0 and after every step.
    pub fn train<P>(&mut self, policy: &mut P, observer: &mut impl Observer<P>) -> Result<(), Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        observer.observe(policy, &self.progress, None)?;
        self.go_on(policy, observer, &mut |_, _, _, _| Ok(()))
    }

    /// As [`Learner::train`], beginning at the keeper's last checkpoint, if there is one, and saved
    /// whenever it says so; the measurements are the same, bit by bit.
    pub fn train_kept<P, O>(
        &mut self,
        policy: &mut P,
        observer: &mut O,
        keeper: &mut dyn Keeper,
    ) -> Result<(), Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
        O: Observer<P> + Savable,
        T::Prompt: Serialize + DeserializeOwned,
        T::Response: Serialize + DeserializeOwned,
    {
        match keeper.last()? {
            Some(checkpoint) => self.restore(checkpoint, policy, observer)?,
            None => {
                observer.observe(policy, &self.progress, None)?;
                if self.schedule.steps > 0 && keeper.begun() == Keep::SaveAndStop {
                    keeper.save(&self.checkpoint(policy, observer)?)?;
                    return Err(Stop::Interrupted { step: 0 });
                }
            }
        }
        let mut rests = false;
        let ended = self.go_on(policy, observer, &mut |learner, policy, observer, report| {
            if !rests && learner.has_collapsed() {
                rests = true;
                keeper.warn(&learner.says_it_rests());
            }
            observer.take_warnings().iter().for_each(|text| keeper.warn(text));
            let (step, steps) = (learner.progress.step, learner.schedule.steps);
            let keep = match report {
                Some(report) => keeper.due(&Taken { step, steps, report }),
                None => keeper.idle(learner.progress.idle_rounds),
            };
            if keep == Keep::No || step == steps {
                return Ok(());
            }
            keeper.save(&learner.checkpoint(policy, observer)?)?;
            if keep == Keep::SaveAndStop { Err(Stop::Interrupted { step }) } else { Ok(()) }
        });
        let Err(Stop::Policy(PolicyError::Unscored(fault))) = ended else { return ended };
        keeper.save(&self.checkpoint(policy, observer)?)?;
        Err(Stop::Unscored { step: self.progress.step, fault })
    }

    /// Takes the remaining steps; `after` is called when a step was taken and observed, and without a report
    /// when a round ended that held nothing to learn from.
    fn go_on<P, O>(
        &mut self,
        policy: &mut P,
        observer: &mut O,
        after: &mut impl FnMut(&mut Self, &mut P, &mut O, Option<&StepReport>) -> Result<(), Stop>,
    ) -> Result<(), Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
        O: Observer<P>,
    {
        while self.unobserved.is_some() || self.progress.step < self.schedule.steps {
            let idle = self.unobserved.is_none() && self.advance(policy, observer)?;
            if let Some(report) = &self.unobserved {
                observer.observe(policy, &self.progress, Some(report))?;
            }
            let report = self.unobserved.take();
            if report.is_some() || idle {
                after(self, policy, observer, report.as_ref())?;
            }
        }
        Ok(())
    }

    /// Takes a step, which is then to be observed, or looks at a minibatch that teaches nothing; whether a round
    /// ended that held nothing to learn from.
    fn advance<P, O>(&mut self, policy: &mut P, observer: &mut O) -> Result<bool, Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
        O: Observer<P>,
    {
        self.unobserved = if self.work.is_none() && self.has_collapsed() {
            Some(self.rest(observer))
        } else {
            let (round, minibatch) = self.next_minibatch(policy)?;
            self.step(policy, &round, &minibatch, observer)?
        };
        Ok(self.end_round_if_over())
    }

    /// The next minibatch of the round at work, or the first of a new one.
    fn next_minibatch<P>(&mut self, policy: &P) -> Result<(Rc<Round<T>>, Vec<usize>), Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        let mut work = match self.work.take() {
            Some(work) => work,
            None => {
                self.give_up_if_idle()?;
                let begun_at = self.progress.step;
                AtWork::new(self.begin_round(policy)?, begun_at)
            }
        };
        if work.left.is_empty() {
            work.left = self.minibatches(work.round.samples.len());
            work.passes += 1;
        }
        let minibatch = work.left.pop_front().expect("a round has at least one prompt");
        let round = Rc::clone(&work.round);
        self.work = Some(work);
        Ok((round, minibatch))
    }

    /// Ends a round whose passes are done, and counts those in a row that took no step; whether one ended
    /// that did not.
    fn end_round_if_over(&mut self) -> bool {
        let passes = self.schedule.passes;
        let is_over = |w: &mut AtWork<T>| w.passes == passes && w.left.is_empty();
        let Some(work) = self.work.take_if(is_over) else { return false };
        let idle = self.progress.step == work.begun_at;
        self.progress.idle_rounds = if idle { self.progress.idle_rounds + 1 } else { 0 };
        idle
    }

    /// Whether a policy that has learned gives the same response again and again, so that its own
    /// samples hold no comparison any more.
    fn has_collapsed(&self) -> bool {
        self.may_collapse() && self.progress.idle_rounds >= self.alike_rounds()
    }

    /// That no more is learned, for whoever reads along.
    fn says_it_rests(&self) -> String {
        let (step, rounds) = (self.progress.step, self.progress.idle_rounds);
        let why = self.task.why_alike();
        format!(
            "step {step}: {rounds} rounds in a row had nothing to tell apart; the run rests until its last step. If the \
             policy has not arrived, draw more responses per prompt{why}"
        )
    }

    /// So many rounds in a row without a comparison are no chance.
    fn alike_rounds(&self) -> u64 {
        let per_round = self.schedule.prompts_per_round * self.schedule.responses_per_prompt;
        self.task.alike_responses().div_ceil(per_round.max(1) as u64)
    }

    /// Whether samples come from a policy that has learned, and so may have nothing left to compare.
    fn may_collapse(&self) -> bool {
        matches!(self.source, Source::OnPolicy(_)) && self.progress.step > 0
    }

    /// Lets a step of a collapsed policy pass: its loss and gradient are zero.
    fn rest<P: Policy>(&mut self, observer: &impl Observer<P>) -> StepReport {
        let factor = self.schedule.learning_rate_factor(self.progress.step);
        let learning_rate = self.optimizer.learning_rate() * factor;
        let gradient_norm = observer.wants_gradient_norm(self.progress.step + 1).then_some(0.0);
        self.progress.step += 1;
        StepReport { learning_rate, gradient_norm, idle_prompts: 1.0, ..StepReport::default() }
    }

    /// A data set without a single unit would never take a step, nor would a policy that cannot be told apart
    /// from itself.
    fn give_up_if_idle(&self) -> Result<(), Stop> {
        const IDLE_ROUNDS: u64 = 1000;
        let enough = match self.source {
            Source::Offline { .. } => IDLE_ROUNDS,
            Source::OnPolicy(_) => self.alike_rounds().min(IDLE_ROUNDS),
        };
        if self.may_collapse() || self.progress.idle_rounds < enough {
            return Ok(());
        }
        Err(Stop::Setup(format!(
            "{}: {enough} rounds in a row had nothing to learn from (no pair was kept); lower pairs.reward_gap \
             or draw more responses per prompt{}",
            self.method.name,
            self.task.why_alike()
        )))
    }

    /// A new round; where a program gives no rewards, everything is as it was before.
    fn begin_round<P>(&mut self, policy: &P) -> Result<Round<T>, Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        let (place, progress) = (self.source.place(), self.progress);
        let round = self.draw_round(policy);
        if let Err(Stop::Policy(PolicyError::Unscored(_))) = round {
            self.progress = progress;
            self.source.go_to(place);
        }
        round
    }

    /// Fills a round and computes what its passes share.
    fn draw_round<P>(&mut self, policy: &P) -> Result<Round<T>, Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        let count = self.schedule.prompts_per_round;
        let labeller = self.labeller(Judge::Annotator);
        let mut round = match &mut self.source {
            Source::Offline { data, order } => {
                let places: Vec<usize> = (0..count).map(|_| order.advance()).collect();
                Round::of_data(data.read(&places, &labeller)?, places)
            }
            Source::OnPolicy(prompts) => {
                let prompts: Vec<u64> = (0..count).map(|_| prompts.advance()).collect();
                Round::new(self.respond(policy, &prompts)?)
            }
        };
        self.progress.round += 1;
        if self.method.needs.old_log_probs {
            round.set_old(policy, self.schedule.log_probability_floor)?;
        }
        self.move_kl_coefficient(&mut round);
        self.give_advantages(&mut round)?;
        Ok(round)
    }

    /// Computes a round's advantages, if someone reads them, from its rewards less a KL penalty there.
    fn give_advantages(&mut self, round: &mut Round<T>) -> Result<(), Stop> {
        let Some(advantage) = self.method.advantage else { return Ok(()) };
        let penalty = self.method.kl.filter(|kl| kl.place == KlPlace::Reward);
        let of_tokens = penalty.map(|kl| round.of_log_ratios(|d| kl.estimator.at(d).0));
        let (mut of_tokens, weight) = (of_tokens.unwrap_or_default(), round.kl_coefficient);
        let Some(critic) = &mut self.critic else {
            let mut penalties = round.by_response(&of_tokens);
            penalties.iter_mut().for_each(|k| *k *= weight);
            round.set_advantages(advantage, &mut self.baseline, &penalties);
            return Ok(());
        };
        of_tokens.iter_mut().flatten().for_each(|k| *k *= weight);
        round.valued = critic.value(round, &of_tokens, advantage.standardise)?;
        Ok(())
    }

    /// Gives a round the weight of its KL penalty; an adaptive one moves for the next round.
    fn move_kl_coefficient(&mut self, round: &mut Round<T>) {
        let Some(kl) = self.method.kl else { return };
        let coefficient = self.kl_coefficient;
        round.kl_coefficient = coefficient;
        if kl.target.is_some() {
            let ratios = round.by_response(&round.of_log_ratios(|d| d));
            let mean = ratios.iter().sum::<f64>() / ratios.len().max(1) as f64;
            self.kl_coefficient = kl.next(coefficient, mean, ratios.len());
        }
    }

    /// Draws (or lists) the policy's responses to prompts and has them labelled.
    fn respond<P>(&mut self, policy: &P, indices: &[u64]) -> Result<Vec<Rc<PromptSamples<T>>>, Stop>
    where
        P: Policy<Prompt = T::Prompt, Response = T::Response>,
    {
        let labeller = self.labeller(Judge::Scorer);
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
    fn minibatches(&mut self, places: usize) -> VecDeque<Vec<usize>> {
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
