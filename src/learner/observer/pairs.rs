//! The fixed pairs of responses on which every policy is measured.

use super::super::task::BanditTask;
use crate::numerics::log_sum_exp;
use crate::policy::Arm;
use crate::stream::{Purpose, Streams};
use rand::Rng;

/// Two arms of an evaluation prompt, the first of higher reward.
#[derive(Debug, Clone, Copy)]
pub(super) struct EvaluationPair {
    pub prompt: usize,
    pub chosen: Arm,
    pub rejected: Arm,
}

/// log of the mass that is neither chosen nor rejected (nats).
///
/// *Numerics*: 1 − p − q loses digits when the pair holds nearly all mass; the rest is then summed
/// arm by arm.
pub(super) fn log_rest(log_probs: &[f64], pair: &EvaluationPair) -> f64 {
    const NEARLY_ALL: f64 = 0.99;
    let mass = log_probs[pair.chosen].exp() + log_probs[pair.rejected].exp();
    if mass < NEARLY_ALL {
        return (-mass).ln_1p();
    }
    let rest = log_probs.iter().enumerate();
    let rest = rest.filter(|(a, _)| *a != pair.chosen && *a != pair.rejected);
    log_sum_exp(&rest.map(|(_, lp)| *lp).collect::<Vec<_>>())
}

/// Pairs of arms of unequal reward from π_ref, over the evaluation prompts in turn.
pub(super) fn evaluation_pairs(
    task: &BanditTask,
    count: usize,
    states: usize,
    streams: Streams,
) -> Vec<EvaluationPair> {
    const ATTEMPTS: usize = 1000;
    let rewards = task.problem().rewards();
    let draw = |k: usize| {
        let mut rng = streams.at(Purpose::Evaluation, k as u64);
        let mut arm = || task.reference_arm(rng.random::<f64>());
        let (a, b) = std::iter::repeat_with(|| (arm(), arm()))
            .take(ATTEMPTS)
            .find(|&(a, b)| rewards[a] != rewards[b])?;
        let (chosen, rejected) = if rewards[a] > rewards[b] { (a, b) } else { (b, a) };
        Some(EvaluationPair { prompt: k % states, chosen, rejected })
    };
    (0..count).filter_map(draw).collect()
}
