//! One run on a bandit, from its settings to its measurements.

use super::observer::BanditObserver;
use super::reward_model::learn_reward;
use super::{
    BanditTask, DataSource, DataSpec, Example, Expectation, Film, Fits, Frame, Keeper, Learner,
    MeasureSpec, Measurement, Method, Observer, Optimizer, OptimizerSpec, Progress, PromptSamples,
    Prompts, Schedule, ScheduleSpec, Stop, Supply, fit_to_reference,
};
use crate::objective::{NoOptimum, ObjectiveSpec, OfflineLaw, fixed_point};
use crate::policy::{Arm, Enumerable, Mlp, MlpSpec, PolicySpec, StopOrContinue, Tabular, Unimodal};
use crate::preference::{PairRule, PairSpec, RewardModelSpec, read_comparisons};
use crate::problem::Problem;
use crate::stream::Streams;
use std::rc::Rc;

/// The settings of one run.
#[derive(Clone, Copy)]
pub struct BanditRun<'a> {
    /// Rewards, reference and target.
    pub problem: &'a Problem,
    /// Who acts.
    pub policy: &'a PolicySpec,
    /// What is minimised.
    pub objective: &'a ObjectiveSpec,
    /// Algorithm 1's counts.
    pub schedule: &'a ScheduleSpec,
    /// Prompts and preference sets.
    pub data: &'a DataSpec,
    /// How responses are compared.
    pub pairs: &'a PairSpec,
    /// What is learned from the preference data, in place of the true reward.
    pub reward_model: Option<&'a RewardModelSpec>,
    /// How parameters move.
    pub optimizer: &'a OptimizerSpec,
    /// When and what is measured.
    pub measure: &'a MeasureSpec,
}

/// Networks fitted to their reference, so that methods of a scenario share the fit of a seed.
pub type FittedPolicies = Fits<Mlp>;

/// The network of these settings and this seed.
fn fitted_mlp(
    fitted: &FittedPolicies,
    spec: &MlpSpec,
    task: &BanditTask,
    streams: Streams,
) -> Result<Mlp, Stop> {
    let key = format!("{} {spec:?} {:?}", streams.seed(), task.problem().log_reference());
    fitted.get(key, || {
        let mut policy = Mlp::new(spec, task.problem().arms(), streams);
        fit_to_reference(&mut policy, task, &spec.fit)?;
        Ok(policy)
    })
}

/// Someone before whose eyes a policy is trained.
trait Watch<P> {
    fn train(&mut self, learner: &mut Learner<'_, BanditTask>, policy: &mut P) -> Result<(), Stop>;
}

impl<P: Enumerable> Watch<P> for Film {
    fn train(&mut self, learner: &mut Learner<'_, BanditTask>, policy: &mut P) -> Result<(), Stop> {
        learner.train(policy, self)
    }
}

/// An observer of a run that is saved on the way.
struct Kept<'a, 'k> {
    observer: BanditObserver<'a>,
    keeper: &'k mut dyn Keeper,
}

impl<P: Enumerable> Watch<P> for Kept<'_, '_> {
    fn train(&mut self, learner: &mut Learner<'_, BanditTask>, policy: &mut P) -> Result<(), Stop> {
        learner.train_kept(policy, &mut self.observer, self.keeper)
    }
}

/// Someone who can watch any policy over arms.
trait Watcher: Watch<Tabular> + Watch<Unimodal> + Watch<Mlp> + Watch<StopOrContinue> {}

impl<O> Watcher for O where O: Watch<Tabular> + Watch<Unimodal> + Watch<Mlp> + Watch<StopOrContinue> {}

impl BanditRun<'_> {
    /// Trains and measures; the same settings and seed give the same numbers, bit by bit.
    pub fn train(&self, seed: u64, fitted: &FittedPolicies) -> Result<Vec<Measurement>, Stop> {
        self.train_kept(seed, fitted, &mut ())
    }

    /// As [`BanditRun::train`], beginning at the keeper's last checkpoint and saved when it says so.
    pub fn train_kept(
        &self,
        seed: u64,
        fitted: &FittedPolicies,
        keeper: &mut dyn Keeper,
    ) -> Result<Vec<Measurement>, Stop> {
        let streams = Streams::new(seed);
        let task = self.task(streams)?;
        if self.schedule.expectation == Expectation::FixedPoint {
            return self.measure_fixed_point(&task, streams);
        }
        let identity = (self.objective.name(), self.schedule.steps);
        let kept = self.watched(&task, streams, fitted, |data| {
            let observer = BanditObserver::new(&task, self.measure, identity, data, streams);
            Kept { observer, keeper }
        })?;
        Ok(kept.observer.into_measurements())
    }

    /// Trains and keeps every picture on the way, for policies that ignore the context.
    pub fn film(&self, seed: u64) -> Result<Vec<Frame>, Stop> {
        let streams = Streams::new(seed);
        let task = self.task(streams)?;
        if !task.ignores_context() || self.schedule.expectation == Expectation::FixedPoint {
            return Err(setup("only a policy that ignores the context and is trained has a film"));
        }
        let new = |_: &[_]| Film::new(self.problem.arms());
        Ok(self.watched(&task, streams, &FittedPolicies::default(), new)?.into_frames())
    }

    /// The prompts and rewards, the learned one among them.
    fn task(&self, streams: Streams) -> Result<BanditTask, Stop> {
        let features = match self.policy {
            PolicySpec::Mlp(spec) => spec.context,
            _ => 0,
        };
        let task = BanditTask::new(self.problem.clone(), features, streams);
        match self.reward_model {
            Some(spec) => learn_reward(task, spec, self.rule()?, streams),
            None => Ok(task),
        }
    }

    /// Trains the policy before the eyes of an observer, which is made once the offline data are
    /// drawn.
    fn watched<O: Watcher>(
        &self,
        task: &BanditTask,
        streams: Streams,
        fitted: &FittedPolicies,
        observer: impl FnOnce(&[Rc<PromptSamples<BanditTask>>]) -> O,
    ) -> Result<O, Stop> {
        match self.policy {
            PolicySpec::Tabular {} => {
                let policy = Tabular::new(self.problem.log_reference().to_vec());
                self.learn(policy, task, streams, observer)
            }
            PolicySpec::Unimodal(spec) => {
                let policy = Unimodal::new(self.problem.arms(), *spec).ok_or_else(|| {
                    setup("policy.unimodal needs a finite mean and a width above 0")
                })?;
                self.learn(policy, task, streams, observer)
            }
            PolicySpec::Mlp(spec) => {
                self.learn(fitted_mlp(fitted, spec, task, streams)?, task, streams, observer)
            }
            PolicySpec::Stop(spec) => {
                let policy = StopOrContinue::new(self.problem.log_reference(), *spec)
                    .ok_or_else(|| setup("policy.stop needs a width of 0.5 or above"))?;
                self.learn(policy, task, streams, observer)
            }
            PolicySpec::Nano(_) | PolicySpec::LanguageModel(_) | PolicySpec::RewardModel(_) => {
                Err(setup("a language model has no arms: write problem.tokens or problem.prompts"))
            }
        }
    }

    fn rule(&self) -> Result<PairRule, Stop> {
        PairRule::new(*self.pairs).map_err(|e| setup(&format!("pairs.{e}")))
    }

    fn learn<P: Enumerable, O: Watch<P>>(
        &self,
        mut policy: P,
        task: &BanditTask,
        streams: Streams,
        observer: impl FnOnce(&[Rc<PromptSamples<BanditTask>>]) -> O,
    ) -> Result<O, Stop> {
        let method = Method::new(self.objective, self.rule()?, self.schedule.expectation)
            .map_err(|e| setup(&e.to_string()))?;
        let schedule = Schedule::new(self.schedule).map_err(|e| setup(&e.to_string()))?;
        let optimizer = Optimizer::new(self.optimizer).map_err(|e| setup(&e.to_string()))?;
        let supply = self.supply()?;
        let mut learner = Learner::new(task, method, (schedule, optimizer), supply, streams)?;
        let mut observer = observer(&learner.data()?);
        observer.train(&mut learner, &mut policy)?;
        Ok(observer)
    }

    /// What fills the rounds.
    fn supply(&self) -> Result<Supply<Arm>, Stop> {
        let file = self.data.preferences.as_ref().and_then(|file| file.csv.as_ref());
        if let Some(file) = file {
            let rows =
                read_comparisons(file, self.problem.arms()).map_err(|e| setup(&e.to_string()))?;
            let rows = rows.into_iter();
            return Ok(Supply::Examples(
                rows.map(|r| Example {
                    prompt: r.prompt,
                    chosen: r.chosen,
                    rejected: Some(r.rejected),
                })
                .collect(),
            ));
        }
        match (self.schedule.data, self.data.prompts) {
            (DataSource::OnPolicy, Prompts::Fresh(_)) => Ok(Supply::Fresh),
            (DataSource::OnPolicy, Prompts::Pool(n)) => Ok(Supply::Pool(n)),
            (DataSource::Offline, Prompts::Pool(n)) => Ok(Supply::Data(n)),
            (DataSource::Offline, Prompts::Fresh(_)) => {
                Err(setup("offline data need data.prompts = a number of prompts"))
            }
        }
    }

    /// Measures the exact optimum of the offline loss; nothing is trained.
    fn measure_fixed_point(
        &self,
        task: &BanditTask,
        streams: Streams,
    ) -> Result<Vec<Measurement>, Stop> {
        let optimum = offline_optimum(self.problem, self.objective, self.schedule)
            .map_err(|e| setup(&e.to_string()))?;
        let policy = Tabular::new(optimum.iter().map(|p| p.max(f64::MIN_POSITIVE).ln()).collect());
        let identity = (self.objective.name(), 0);
        let mut observer = BanditObserver::new(task, self.measure, identity, &[], streams);
        observer.observe(&policy, &Progress::default(), None)?;
        Ok(observer.into_measurements())
    }
}

/// The exact optimum of an offline loss on the preference data of a problem: `[arms]`.
pub fn offline_optimum(
    problem: &Problem,
    objective: &ObjectiveSpec,
    schedule: &ScheduleSpec,
) -> Result<Vec<f64>, NoOptimum> {
    let reference: Vec<f64> = problem.log_reference().iter().map(|lp| lp.exp()).collect();
    let data = problem.data().marginal();
    let (rewards, draws) = (problem.rewards(), schedule.responses_per_prompt);
    fixed_point(objective, &OfflineLaw { reference: &reference, data: &data, rewards, draws })
}

fn setup(message: &str) -> Stop {
    Stop::Setup(message.to_string())
}
