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

/// The distribution that minimises an offline loss on data from the reference.
///
/// *Formula* (π_ref the reference, r′ the reward of another draw from it)
/// ```text
/// Best-of-N      the law of the best of N draws from π_ref
/// Binary FeedMe  π_ref · (1 − (1 − P(r′ < r))^(N−1))
/// Pref-FT        π_ref · P(r′ < r)
/// RWR            π_ref · min(exp(r/temperature), weight_clip)
/// IPO            π_ref · exp(m · (P(r′ < r) − P(r′ > r)))
/// DPO, ε > 0     π_ref · exp(u/β), u the minimiser of a convex loss (found by Newton's method)
/// ```
/// *where* `reference: [responses]` are probabilities that sum to one, `rewards: [responses]`, N is
/// `draws` (responses per prompt) and the result is normalised. Pairs are all pairs, ties dropped.
///
/// The first four are weighted maximum likelihood, whose optimum is the normalised weight. For IPO,
/// write g = log(π/π_ref): Σ_ij p_i p_j (g_i − g_j − m·s_ij)² over untied pairs is least where
/// Σ_j p_j (g_i − g_j − m·s_ij) = 0 for every i, with s_ij = ±1 the sign of r_i − r_j. Taking
/// g_i = m·Σ_j p_j s_ij solves it: tied responses get the same g, so that their absent terms are
/// zero anyway. The loss is convex and its pairs connect all responses, so there is no other.
/// *Numerics* exponentials are normalised in the logarithm; a response of probability zero keeps it.
pub fn fixed_point(
    spec: &ObjectiveSpec,
    reference: &[f64],
    rewards: &[f64],
    draws: usize,
) -> Result<Vec<f64>, NoOptimum> {
    check(reference, rewards, draws)?;
    spec.build()?;
    match *spec {
        ObjectiveSpec::BestOfN {} => Ok(best_of_law(reference, rewards, draws)),
        ObjectiveSpec::PrefFt {} => weighted(spec, reference, rewards, |below| below),
        ObjectiveSpec::BinaryFeedme {} => {
            weighted(spec, reference, rewards, |below| passing_chance(below, draws))
        }
        ObjectiveSpec::Rwr(rwr) if !rwr.normalise => {
            let rwr = Rwr::new(rwr)?;
            Ok(tilted(reference, |i| rwr.log_weight(rewards[i])))
        }
        ObjectiveSpec::Ipo(ipo) => {
            let margin = Ipo::new(ipo)?.target_margin();
            let advantage = win_minus_loss(reference, rewards);
            reject_ties_only(spec, reference, &advantage)?;
            Ok(tilted(reference, |i| margin * advantage[i]))
        }
        ObjectiveSpec::Dpo(dpo) if dpo.label_smoothing > 0.0 => {
            reject_ties_only(spec, reference, &win_minus_loss(reference, rewards))?;
            let implicit = smoothed_dpo::implicit_rewards(dpo.label_smoothing, reference, rewards);
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
        ObjectiveSpec::Ppo(_) => {
            "its ratio and its clip refer to the policy of the round, which moves with every round"
        }
        _ => "it is the target itself",
    }
}

/// Refuses data, once, at the boundary.
fn check(reference: &[f64], rewards: &[f64], draws: usize) -> Result<(), NoOptimum> {
    let refuse = |what, given, allowed| Err(NoOptimum::Data { what, given, allowed });
    if rewards.len() != reference.len() {
        let given = format!("{} for {} probabilities", rewards.len(), reference.len());
        return refuse("rewards", given, "one reward for each response is needed");
    }
    if let Some(reward) = rewards.iter().find(|r| !r.is_finite()) {
        return refuse("rewards", reward.to_string(), "every reward must be finite");
    }
    let total: f64 = reference.iter().sum();
    let holds = (total - 1.0).abs() < 1e-9 && reference.iter().all(|p| *p >= 0.0);
    if !holds {
        return refuse("reference", format!("a sum of {total}"), "probabilities must sum to 1");
    }
    if draws == 0 {
        return refuse("draws", "0".into(), "at least one response per prompt is needed");
    }
    Ok(())
}

/// Refuses data without a single comparison between responses that are ever drawn.
fn reject_ties_only(
    spec: &ObjectiveSpec,
    reference: &[f64],
    advantage: &[f64],
) -> Result<(), NoOptimum> {
    let tied = reference.iter().zip(advantage).all(|(p, a)| p * a == 0.0);
    if tied { Err(none(spec, NO_COMPARISON)) } else { Ok(()) }
}

/// π_ref times a weight of P(r′ < r), normalised.
fn weighted(
    spec: &ObjectiveSpec,
    reference: &[f64],
    rewards: &[f64],
    weight: impl Fn(f64) -> f64,
) -> Result<Vec<f64>, NoOptimum> {
    let below = mass_below(reference, rewards);
    let masses: Vec<f64> = reference.iter().zip(&below).map(|(p, &b)| p * weight(b)).collect();
    let total: f64 = masses.iter().sum();
    if total > 0.0 {
        Ok(masses.iter().map(|mass| mass / total).collect())
    } else {
        Err(none(spec, NO_COMPARISON))
    }
}

/// π_ref·exp(tilt), normalised in the logarithm.
fn tilted(reference: &[f64], tilt: impl Fn(usize) -> f64) -> Vec<f64> {
    let logits: Vec<f64> = reference.iter().enumerate().map(|(i, p)| p.ln() + tilt(i)).collect();
    log_softmax(&logits).into_iter().map(f64::exp).collect()
}

/// P(r′ < rᵢ) for every response i.
fn mass_below(reference: &[f64], rewards: &[f64]) -> Vec<f64> {
    let mass =
        |r: f64| rewards.iter().zip(reference).filter(|(x, _)| **x < r).map(|(_, p)| p).sum();
    rewards.iter().map(|&r| mass(r)).collect()
}

/// P(r′ < rᵢ) − P(r′ > rᵢ) for every response i.
fn win_minus_loss(reference: &[f64], rewards: &[f64]) -> Vec<f64> {
    let opposite: Vec<f64> = rewards.iter().map(|r| -r).collect();
    let (below, above) = (mass_below(reference, rewards), mass_below(reference, &opposite));
    below.iter().zip(above).map(|(b, a)| b - a).collect()
}
