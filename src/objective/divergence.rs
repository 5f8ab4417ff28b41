//! The two Kullback–Leibler divergences to a target, exact: every response is listed.

use super::{Group, Ledger, Objective, Unit};

/// The forward divergence KL(q‖π) to the target q: maximum likelihood of samples of q.
///
/// *Formula*
/// ```text
/// ℓ = Σᵢ qᵢ·(log qᵢ − log πᵢ)
/// ```
/// *where* q is the group's target and i runs over all responses there are, so that it needs a
/// [`Law`](super::Law); the loss is a mean over prompts.
/// *Gradient* cᵢ = −qᵢ ≤ 0: mass is only ever pulled, which covers modes.
///
/// *Reading* Exact steps of maximum likelihood towards the target: what the target has and the
/// policy lacks rises first. A free table ends at the target; one bump ends broad over all modes.
/// Compare with `reverse-kl` at the same step size and early steps.
///
/// *Wrong* The curves of the two divergences coincide: the run is too long (both have arrived) or
/// target_temperature makes the target a single arm. One bump covering two peaks puts mass between
/// them, where the reward is low; that is covering and no fault.
///
/// *Source* arXiv 2404.14367, §6.
/// *Numerics* a response with qᵢ = 0 contributes nothing.
/// *Deviations* none.
#[derive(Debug, Clone, Copy)]
pub struct ForwardKl;

impl Objective for ForwardKl {
    fn unit(&self) -> Unit {
        Unit::Prompt
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        for (i, &log_target) in group.log_target.iter().enumerate() {
            let target = log_target.exp();
            if target > 0.0 {
                ledger.book(target * (log_target - group.sequence_log_pi(i)));
                ledger.push(group, i, -target);
            } else {
                ledger.book(0.0);
            }
        }
        ledger.count(1.0);
    }
}

/// The reverse divergence KL(π‖q) to the target q: what on-policy RL with a KL penalty minimises.
///
/// *Formula*
/// ```text
/// ℓ = Σᵢ πᵢ·(log πᵢ − log qᵢ)
/// ```
/// *where* q is the group's target and i runs over all responses there are, so that it needs a
/// [`Law`](super::Law); the loss is a mean over prompts.
/// *Gradient* cᵢ = πᵢ·(log(πᵢ/qᵢ) + 1): what π has too much of is pushed down, which seeks modes.
/// The +1 drops out of Σ cᵢ∇log πᵢ.
/// *Reading* Exact steps that are weighted by what the policy already does: Δf = η·π·(log(q/π) +
/// KL). What it holds it sorts quickly, an unlikely arm moves late. One bump ends on one peak.
/// *Wrong* It rests on the lower of two peaks: the nearer one won (from arm 40, claim 6.i). An arm
/// of tiny probability hardly moves for many steps: that is its weight π, and a larger learning
/// rate breaks the rest. A target with a zero where π has mass is infinite and stops the run.
/// *Source* arXiv 2404.14367, Lemma 6.1.
/// *Numerics* a response whose πᵢ underflows contributes nothing; qᵢ = 0 where πᵢ > 0 is infinite.
/// *Deviations* none.
#[derive(Debug, Clone, Copy)]
pub struct ReverseKl;

impl Objective for ReverseKl {
    fn unit(&self) -> Unit {
        Unit::Prompt
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        for (i, &log_target) in group.log_target.iter().enumerate() {
            let log_pi = group.sequence_log_pi(i);
            let pi = log_pi.exp();
            if pi > 0.0 {
                ledger.book(pi * (log_pi - log_target));
                ledger.push(group, i, pi * (log_pi - log_target + 1.0));
            } else {
                ledger.book(0.0);
            }
        }
        ledger.count(1.0);
    }
}
