//! The first fit of a network to π_ref, by the same coefficients as everything else.

use super::optimizer::Optimizer;
use super::spec::{AdamSpec, OptimizerSpec};
use super::{Stop, Task};
use crate::objective::{Group, Law, Ledger, Objective, ReverseKl};
use crate::policy::{Batch, FitSpec, Policy, Ragged};

/// Fits a policy to π_ref by exact Adam steps on KL(π‖π_ref), averaged over the first training
/// prompts.
///
/// *Source* the released code of arXiv 2404.14367 (100 Adam steps at 0.01 on its training states).
pub fn fit_to_reference<T, P>(policy: &mut P, task: &T, fit: &FitSpec) -> Result<(), Stop>
where
    T: Task,
    P: Policy<Prompt = T::Prompt, Response = T::Response>,
{
    let settings = AdamSpec::new(fit.learning_rate);
    let mut adam = Optimizer::new(&OptimizerSpec::Adam(settings))
        .map_err(|e| Stop::Setup(format!("policy.mlp.fit.{e}")))?;
    let mut batch = Batch::default();
    let mut log_ref = Vec::new();
    for prompt in (0..fit.states as u64).map(|i| task.prompt(i)) {
        let all = task.every_response();
        log_ref.push(task.log_reference(&prompt, &all)?);
        batch.push(prompt, all);
    }
    for _ in 0..fit.steps {
        policy.clear_gradients();
        policy.accumulate(&batch, &mut |log_pi| {
            Some(reverse_kl_coefficients(&batch, log_pi, &log_ref))
        })?;
        adam.step(policy.parameters_mut(), 1.0, 1.0);
    }
    Ok(())
}

/// ∂KL(π‖π_ref)/∂log π of every response, averaged over prompts; responses are one token each, all of
/// a prompt's listed.
pub fn reverse_kl_coefficients<P, R>(
    batch: &Batch<P, R>,
    log_pi: &Ragged,
    log_ref: &[Vec<f64>],
) -> Vec<f64> {
    let mut coefficients = vec![0.0; log_pi.values().len()];
    for (p, (_, places)) in batch.groups().enumerate() {
        let own = &log_pi.values()[places.clone()];
        let probability: Vec<f64> = own.iter().map(|lp| lp.exp()).collect();
        let group = Group {
            log_pi: own,
            offsets: &log_pi.offsets()[places.start..=places.end],
            log_old: &[],
            log_ref: &[],
            log_ref_tokens: &[],
            kl_coefficient: 0.0,
            log_target: &log_ref[p],
            reward: &[],
            advantage: &[],
            token_advantage: &[],
            pairs: &[],
            law: Some(Law { probability: &probability, draws: 1 }),
        };
        ReverseKl.add_group(&group, &mut Ledger::new(&mut coefficients[places]));
    }
    let prompts = log_ref.len().max(1) as f64;
    coefficients.iter_mut().for_each(|c| *c /= prompts);
    coefficients
}
