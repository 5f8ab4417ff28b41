//! From a resolved experiment to its measurements, or to every picture on the way.

use super::Host;
use crate::learner::{BanditRun, FittedPolicies, Frame, Keeper, Measurement, Stop};
use crate::problem::Problem;
use crate::scenario::Experiment;
use std::path::Path;

/// Trains one experiment with one seed; networks already fitted to their reference are shared.
pub fn train(
    experiment: &Experiment,
    seed: u64,
    fitted: &FittedPolicies,
) -> Result<Vec<Measurement>, Stop> {
    train_kept(experiment, seed, fitted, &mut ())
}

/// As [`train`], beginning at the keeper's last checkpoint and saved when it says so.
pub fn train_kept(
    experiment: &Experiment,
    seed: u64,
    fitted: &FittedPolicies,
    keeper: &mut dyn Keeper,
) -> Result<Vec<Measurement>, Stop> {
    train_on(&Host::default(), experiment, seed, (fitted, keeper))
}

/// As [`train_kept`], with language models on this host.
pub fn train_on(
    host: &Host,
    experiment: &Experiment,
    seed: u64,
    (fitted, keeper): (&FittedPolicies, &mut dyn Keeper),
) -> Result<Vec<Measurement>, Stop> {
    if experiment.problem.is_language() {
        return host.train(experiment, seed, keeper);
    }
    run(experiment, &problem(experiment)?).train_kept(seed, fitted, keeper)
}

/// Trains one experiment with one seed and keeps the policy at every step.
pub fn film(experiment: &Experiment, seed: u64) -> Result<Vec<Frame>, Stop> {
    run(experiment, &problem(experiment)?).film(seed)
}

/// The problem of an experiment.
pub fn problem(experiment: &Experiment) -> Result<Problem, Stop> {
    let name = experiment.problem.name();
    Problem::new(&experiment.problem, Path::new(""))
        .map_err(|e| Stop::Setup(format!("problem.{name}: {e}")))
}

/// The settings of an experiment, as the learner reads them.
fn run<'a>(experiment: &'a Experiment, problem: &'a Problem) -> BanditRun<'a> {
    BanditRun {
        problem,
        policy: &experiment.policy,
        objective: &experiment.objective,
        schedule: &experiment.schedule,
        data: &experiment.data,
        pairs: &experiment.pairs,
        reward_model: experiment.reward_model.as_ref(),
        optimizer: &experiment.optimizer,
        measure: &experiment.measure,
    }
}
