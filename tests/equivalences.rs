//! Two ways to the same run: arms against sequences of one token, and stale samples against offline data.

use modeseek::learner::{BanditTask, Learner, Method, Optimizer, Schedule, Supply, Task};
use modeseek::objective::ObjectiveSpec;
use modeseek::policy::{
    Arm, Batch, Context, Parameter, Policy, PolicyError, Ragged, Scalars, Tabular,
};
use modeseek::preference::{PairRule, PairSpec};
use modeseek::problem::Problem;
use modeseek::stream::{Draws, Streams};
use std::path::Path;

/// A sequence of tokens.
type Sequence = Vec<u32>;

fn arms(sequences: &[Sequence]) -> Vec<Arm> {
    sequences.iter().map(|y| y[0] as Arm).collect()
}

fn sequences(arms: Vec<Arm>) -> Vec<Sequence> {
    arms.into_iter().map(|arm| vec![arm as u32]).collect()
}

/// A policy over arms as one over sequences of one token.
struct OneToken(Tabular);

fn as_arms(batch: &Batch<Context, Sequence>) -> Batch<Context, Arm> {
    let mut own = Batch::default();
    for (prompt, range) in batch.groups() {
        own.push(prompt.clone(), arms(&batch.responses()[range]));
    }
    own
}

impl Policy for OneToken {
    type Prompt = Context;
    type Response = Sequence;

    fn sample(
        &self,
        prompts: &[Context],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Sequence>, PolicyError> {
        self.0.sample(prompts, per_prompt, draws).map(sequences)
    }

    fn accumulate(
        &mut self,
        batch: &Batch<Context, Sequence>,
        coefficients: &mut dyn FnMut(&Ragged) -> Option<Vec<f64>>,
    ) -> Result<(), PolicyError> {
        self.0.accumulate(&as_arms(batch), coefficients)
    }

    fn log_probs(&self, batch: &Batch<Context, Sequence>) -> Result<Ragged, PolicyError> {
        self.0.log_probs(&as_arms(batch))
    }

    fn parameters_mut(&mut self) -> Vec<Parameter<'_>> {
        self.0.parameters_mut()
    }
}

/// A bandit as a task over sequences of one token, whose responses nobody lists.
struct OneTokenTask(BanditTask);

impl Task for OneTokenTask {
    type Prompt = Context;
    type Response = Sequence;

    fn prompt(&self, index: u64) -> Context {
        self.0.prompt(index)
    }

    fn gold_rewards(&self, x: &Context, own: &[Sequence]) -> Result<Vec<f64>, PolicyError> {
        self.0.gold_rewards(x, &arms(own))
    }

    fn log_reference(&self, x: &Context, own: &[Sequence]) -> Result<Vec<f64>, PolicyError> {
        self.0.log_reference(x, &arms(own))
    }

    fn log_reference_tokens(&self, x: &Context, own: &[Sequence]) -> Result<Vec<f64>, PolicyError> {
        self.0.log_reference(x, &arms(own))
    }

    fn data_responses(
        &self,
        prompts: &[u64],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Sequence>, PolicyError> {
        self.0.data_responses(prompts, per_prompt, draws).map(sequences)
    }
}

fn problem() -> Problem {
    let spec = toml::from_str("[bumps]\nreward = \"R1\"").expect("a problem");
    Problem::new(&spec, Path::new(".")).expect("a problem")
}

fn task(streams: Streams) -> BanditTask {
    BanditTask::new(problem(), 0, streams)
}

fn tabular() -> Tabular {
    Tabular::new(problem().log_reference().to_vec())
}

/// The logits after some steps of a policy on a task.
fn trained<T, P>(
    (objective, schedule): (&str, &str),
    task: &T,
    mut policy: P,
    supply: Supply<T::Response>,
) -> Vec<f64>
where
    T: Task,
    P: Policy<Prompt = T::Prompt, Response = T::Response>,
{
    #[derive(serde::Deserialize)]
    struct Settings {
        objective: ObjectiveSpec,
        schedule: modeseek::learner::ScheduleSpec,
        optimizer: modeseek::learner::OptimizerSpec,
    }
    let text = format!(
        "objective.{objective}\n[schedule]\n{schedule}\n[optimizer.adam]\nlearning_rate = 0.05"
    );
    let own: Settings = toml::from_str(&text).expect("settings");
    let rule = PairRule::new(PairSpec::default()).expect("the default");
    let method = Method::new(&own.objective, rule, own.schedule.expectation).expect("allowed");
    let schedule = Schedule::new(&own.schedule).expect("allowed");
    let optimizer = Optimizer::new(&own.optimizer).expect("allowed");
    let streams = Streams::new(3);
    let mut learner =
        Learner::new(task, method, (schedule, optimizer), supply, streams).expect("a learner");
    learner.train(&mut policy, &mut ()).expect("trained");
    logits(&mut policy)
}

fn logits<P: Policy>(policy: &mut P) -> Vec<f64> {
    let parameters = policy.parameters_mut();
    let Scalars::F64 { value, .. } = &parameters[0].scalars else { panic!("a table") };
    value.to_vec()
}

const ROUNDS: &str = "samples_per_round = 80\nresponses_per_prompt = 8\nminibatch = 40\npasses = 2\n\
                      steps = 24";

/// Every objective that learns from samples, on-policy and offline: bit by bit.
#[test]
fn sequences_of_one_token_are_arms() {
    let streams = Streams::new(3);
    for objective in [
        "sft = {}",
        "pref-ft = {}",
        "binary-feedme = {}",
        "best-of-n = {}",
        "rwr = {}",
        "reinforce = { baseline = \"leave-one-out\" }",
        "ppo = { standardise = true }",
        "grpo = {}",
        "dpo = {}",
        "dpo = { tokens = \"mean\" }",
        "ipo = { target_margin = 10.0 }",
        "hinge = {}",
        "unlikelihood = {}",
    ] {
        let of_arms = task(streams);
        let of_sequences = OneTokenTask(task(streams));
        let settings = (objective, ROUNDS);
        for pool in [None, Some(60)] {
            let a = trained(settings, &of_arms, tabular(), supply(pool));
            let b = trained(settings, &of_sequences, OneToken(tabular()), supply(pool));
            assert_eq!(a, b, "{objective} {pool:?}");
            assert_ne!(a, logits(&mut tabular()), "{objective} {pool:?}");
        }
    }
}

/// On-policy, or offline data of so many prompts.
fn supply<R>(pool: Option<usize>) -> Supply<R> {
    pool.map_or(Supply::Fresh, Supply::Data)
}

/// One round that holds all that is ever drawn, read whole in every step, is the data set of π_ref: the policy that
/// draws it is π_ref.
#[test]
fn one_stale_round_is_offline_data() {
    let streams = Streams::new(3);
    let task = task(streams);
    let whole = "samples_per_round = 240\nresponses_per_prompt = 4\nminibatch = 240\nsteps = 30";
    let stale = format!("{whole}\npasses = 30");
    for objective in ["dpo = {}", "ipo = { target_margin = 10.0 }", "rwr = {}", "best-of-n = {}"] {
        let offline = trained((objective, whole), &task, tabular(), Supply::Data(60));
        let on_policy = trained((objective, &stale), &task, tabular(), Supply::Pool(60));
        let apart = offline.iter().zip(&on_policy).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // Sums are in another order, and Adam divides by small gradients.
        assert!(apart < 1e-5, "{objective}: {apart}");
        let fresh = trained((objective, whole), &task, tabular(), Supply::Pool(60));
        let apart = offline.iter().zip(&fresh).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart > 1e-3, "{objective}: {apart}");
    }
}
