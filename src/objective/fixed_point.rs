//! Where an offline loss comes to rest: its exact optimum over all distributions.

use super::binary_feedme::passing_chance;
use super::{Ipo, ObjectiveError, ObjectiveSpec, Rwr, best_of_law};
use crate::numerics::log_softmax;

mod smoothed_dpo;

/// Why a loss has no exact optimum to show.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoOptimum {
    /// The loss has none on fixed data.
    #[error("{objective} has no exact optimum: {reason}")]
    None {
        /// The name of the objective.
        objective: &'static str,
        /// Why not, in one sentence.
        reason: &'static str,
    },
    /// The parameters of the objective are not allowed.
    #[error(transparent)]
    Parameter(#[from] ObjectiveError),
    /// The data are not a reference and its rewards.
    #[error("{what}: {given} given, {allowed}")]
    Data {
        /// Which argument.
        what: &'static str,
        /// What was given.
        given: String,
        /// What it must be.
        allowed: &'static str,
    },
}

/// What an offline loss is an expectation over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OfflineLaw<'a> {
    /// The probability of each response under π_ref: `[responses]`.
    pub reference: &'a [f64],
    /// Its probability in the preference data, often π_ref itself: `[responses]`.
    pub data: &'a [f64],
    /// Its reward: `[responses]`.
    pub rewards: &'a [f64],
    /// Responses per prompt, the N of Best-of-N.
    pub draws: usize,
}

/// The distribution that minimises an offline loss on preference data.
///
/// *Formula* (π_ref the reference, d the law of the data, r′ the reward of another draw from d)
/// ```text
/// SFT            d
/// Best-of-N      the law of the best of N draws from d
/// Binary FeedMe  d · (1 − (1 − P(r′ < r))^(N−1))
/// Pref-FT        d · P(r′ < r)
/// RWR            d · min(exp(r/temperature), weight_clip)
/// IPO            π_ref · exp(m · (P(r′ < r) − P(r′ > r)))
/// DPO, ε > 0     π_ref · exp(u/β), u the minimiser of a convex loss (found by Newton's method)
/// ```
/// *where* both laws sum to one, N is `draws` and the result, `[responses]`, is normalised. Pairs are
/// all pairs, ties dropped. Supervised losses forget π_ref; contrastive ones are tilts of it.
///
/// The first five are weighted maximum likelihood, whose optimum is the normalised weight. For IPO,
/// write g = log(π/π_ref): Σ_ij p_i p_j (g_i − g_j − m·s_ij)² over untied pairs is least where
/// Σ_j p_j (g_i − g_j − m·s_ij) = 0 for every i, with s_ij = ±1 the sign of r_i − r_j. Taking
/// g_i = m·Σ_j p_j s_ij solves it: tied responses get the same g, so that their absent terms are
/// zero anyway. The loss is convex and its pairs connect all responses of the data, so there is no
/// other; responses that the data lack are in no pair, and keep the odds of the tilt.
/// *Numerics* exponentials are normalised in the logarithm; a response of probability zero keeps it.
pub fn fixed_point(spec: &ObjectiveSpec, law: &OfflineLaw<'_>) -> Result<Vec<f64>, NoOptimum> {
    check(law)?;
    spec.build()?;
    let OfflineLaw { reference, data, rewards, draws } = *law;
    match *spec {
        ObjectiveSpec::Sft {} => Ok(data.to_vec()),
        ObjectiveSpec::BestOfN {} => Ok(best_of_law(data, rewards, draws)),
        ObjectiveSpec::PrefFt {} => weighted(spec, data, rewards, |below| below),
        ObjectiveSpec::BinaryFeedme {} => {
            weighted(spec, data, rewards, |below| passing_chance(below, draws))
        }
        ObjectiveSpec::Rwr(rwr) if !rwr.normalise => {
            let rwr = Rwr::new(rwr)?;
            Ok(tilted(data, |i| rwr.log_weight(rewards[i])))
        }
        ObjectiveSpec::Ipo(ipo) => {
            let margin = Ipo::new(ipo)?.target_margin();
            let advantage = win_minus_loss(data, rewards);
            reject_ties_only(spec, data, &advantage)?;
            Ok(tilted(reference, |i| margin * advantage[i]))
        }
        ObjectiveSpec::Dpo(dpo) if dpo.label_smoothing > 0.0 => {
            reject_ties_only(spec, data, &win_minus_loss(data, rewards))?;
            let implicit = smoothed_dpo::implicit_rewards(dpo.label_smoothing, data, rewards);
            Ok(tilted(reference, |i| implicit[i] / dpo.beta))
        }
        _ => Err(none(spec, reason(spec))),
    }
}

const NO_COMPARISON: &str =
    "no response is preferred to another: all rewards tie, or a prompt has one response";

/// The refusal of an objective.
fn none(spec: &ObjectiveSpec, reason: &'static str) -> NoOptimum {
    NoOptimum::None { objective: spec.name(), reason }
}

/// Why an objective has no optimum on fixed data.
fn reason(spec: &ObjectiveSpec) -> &'static str {
    match spec {
        ObjectiveSpec::Rwr(_) => {
            "with `normalise` a response's weight depends on the others drawn with it; \
             leave `normalise` out"
        }
        ObjectiveSpec::Dpo(_) => {
            "separable: the loss has no minimum; the margin grows for ever \
             (a label_smoothing above zero gives one)"
        }
        ObjectiveSpec::Hinge(_) => {
            "every policy whose margins all reach 1/beta has loss zero, so that there are many"
        }
        ObjectiveSpec::Unlikelihood(_) => {
            "a push down has no minimum but the floor that cuts it off, so that the end depends \
             on the way"
        }
        ObjectiveSpec::Reinforce(_) => {
            "on fixed data, pushing down a response of negative advantage lowers the loss for ever"
        }
        ObjectiveSpec::Ppo(_) | ObjectiveSpec::Grpo(_) => {
            "its ratio and its clip refer to the policy of the round, which moves with every round"
        }
        _ => "it is the target itself",
    }
}

/// Refuses data, once, at the boundary.
fn check(law: &OfflineLaw<'_>) -> Result<(), NoOptimum> {
    let OfflineLaw { reference, data, rewards, draws } = *law;
    let refuse = |what, given, allowed| Err(NoOptimum::Data { what, given, allowed });
    for (what, count) in [("rewards", rewards.len()), ("data", data.len())] {
        if count != reference.len() {
            let given = format!("{count} for {} probabilities", reference.len());
            return refuse(what, given, "one number for each response is needed");
        }
    }
    if let Some(reward) = rewards.iter().find(|r| !r.is_finite()) {
        return refuse("rewards", reward.to_string(), "every reward must be finite");
    }
    for (what, law) in [("reference", reference), ("data", data)] {
        let total: f64 = law.iter().sum();
        let holds = (total - 1.0).abs() < 1e-9 && law.iter().all(|p| *p >= 0.0);
        if !holds {
            return refuse(what, format!("a sum of {total}"), "probabilities must sum to 1");
        }
    }
    if draws == 0 {
        return refuse("draws", "0".into(), "at least one response per prompt is needed");
    }
    Ok(())
}

/// Refuses data without a single comparison between responses that are ever drawn.
fn reject_ties_only(
    spec: &ObjectiveSpec,
    data: &[f64],
    advantage: &[f64],
) -> Result<(), NoOptimum> {
    let tied = data.iter().zip(advantage).all(|(p, a)| p * a == 0.0);
    if tied { Err(none(spec, NO_COMPARISON)) } else { Ok(()) }
}

/// The data times a weight of P(r′ < r), normalised.
fn weighted(
    spec: &ObjectiveSpec,
    data: &[f64],
    rewards: &[f64],
    weight: impl Fn(f64) -> f64,
) -> Result<Vec<f64>, NoOptimum> {
    let below = mass_below(data, rewards);
    let masses: Vec<f64> = data.iter().zip(&below).map(|(p, &b)| p * weight(b)).collect();
    let total: f64 = masses.iter().sum();
    if total > 0.0 {
        Ok(masses.iter().map(|mass| mass / total).collect())
    } else {
        Err(none(spec, NO_COMPARISON))
    }
}

/// A law times exp(tilt), normalised in the logarithm.
fn tilted(law: &[f64], tilt: impl Fn(usize) -> f64) -> Vec<f64> {
    let logits: Vec<f64> = law.iter().enumerate().map(|(i, p)| p.ln() + tilt(i)).collect();
    log_softmax(&logits).into_iter().map(f64::exp).collect()
}

/// P(r′ < rᵢ) for every response i.
fn mass_below(data: &[f64], rewards: &[f64]) -> Vec<f64> {
    let mass = |r: f64| rewards.iter().zip(data).filter(|(x, _)| **x < r).map(|(_, p)| p).sum();
    rewards.iter().map(|&r| mass(r)).collect()
}

/// P(r′ < rᵢ) − P(r′ > rᵢ) for every response i.
fn win_minus_loss(data: &[f64], rewards: &[f64]) -> Vec<f64> {
    let opposite: Vec<f64> = rewards.iter().map(|r| -r).collect();
    let (below, above) = (mass_below(data, rewards), mass_below(data, &opposite));
    below.iter().zip(above).map(|(b, a)| b - a).collect()
}
