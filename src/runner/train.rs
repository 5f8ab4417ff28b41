//! From a resolved experiment to its measurements.

use crate::learner::{BanditRun, FittedPolicies, Measurement, Stop};
use crate::problem::Problem;
use crate::scenario::Experiment;
use std::path::Path;

/// Trains one experiment with one seed; networks already fitted to their reference are shared.
pub fn train(
    experiment: &Experiment,
    seed: u64,
    fitted: &FittedPolicies,
) -> Result<Vec<Measurement>, Stop> {
    let problem = Problem::new(&experiment.problem, Path::new(""))
        .map_err(|e| Stop::Setup(format!("problem.{e}")))?;
    let run = BanditRun {
        problem: &problem,
        policy: &experiment.policy,
        objective: &experiment.objective,
        schedule: &experiment.schedule,
        data: &experiment.data,
        pairs: &experiment.pairs,
        reward_model: experiment.reward_model.as_ref(),
        optimizer: &experiment.optimizer,
        measure: &experiment.measure,
    };
    run.train(seed, fitted)
}
