//! Best-of-N: supervised fine-tuning on the best of the responses to each prompt.

use super::likelihood::pull;
use super::{Group, Ledger, Objective, Unit};
use crate::preference::first_best;

/// Maximum likelihood of the response of highest reward.
///
/// *Formula*
/// ```text
/// ℓ = −log π(argmax_y r(y))
/// ```
/// *where* the maximum runs over the prompt's N responses, the first of equals wins, and the loss
/// is a mean over prompts. Under a law it is the exact expectation over [`best_of_law`].
/// *Gradient* c = −1 on the best response, 0 on the others; the arg-max is a constant.
///
/// *Reading* N = C is its strength. Offline it comes to rest at the law of the best of N draws: on
/// R1 a reward of 0.31 (1.4 nats of KL) for N = 10, 0.64 for 30 and 0.92 for 100; on R2 0.94 for N
/// = 10. On-policy it has no such limit, since the best keeps getting better.
///
/// *Wrong* Offline it stops at that law, far from the peak where π_ref rarely goes: raise
/// responses_per_prompt or sample on-policy. On stale or reused rounds it runs after old winners: T
/// = 64 on R1 lost 0.165 of reward to T = 8. An entropy near 0 below the peak is a collapse onto an
/// early winner.
///
/// *Source* arXiv 2404.14367, §4 and Table 1.
/// *Numerics* linear in log π.
/// *Deviations* none.
#[derive(Debug, Clone, Copy)]
pub struct BestOfN;

impl Objective for BestOfN {
    fn unit(&self) -> Unit {
        Unit::Prompt
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        for (i, weight) in best_weights(group).into_iter().enumerate() {
            let loss = pull(group, ledger, i, weight);
            ledger.book(loss);
            ledger.count(weight);
        }
    }
}

/// How much each response counts as the best: one for the first arg-max, or the exact chances.
pub(super) fn best_weights(group: &Group<'_>) -> Vec<f64> {
    if let Some(law) = group.law {
        return best_of_law(law.probability, group.reward, law.draws);
    }
    let mut weights = vec![0.0; group.responses()];
    if let Some(best) = first_best(group.reward) {
        weights[best] = 1.0;
    }
    weights
}

/// The exact law of the best of `draws` independent responses.
///
/// *Formula*
/// ```text
/// P(best = i) = [F(≤ rᵢ)^N − F(< rᵢ)^N] · pᵢ / P(r = rᵢ)
/// ```
/// *where* `probability: [responses]` is p, `reward: [responses]` is r, F is the distribution of
/// the reward under p and N is `draws`. Responses of equal reward share their chance by p, which is
/// what taking the first of equal draws does.
pub fn best_of_law(probability: &[f64], reward: &[f64], draws: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..reward.len()).collect();
    order.sort_by(|&i, &j| reward[i].total_cmp(&reward[j]));
    let mut chances = vec![0.0; reward.len()];
    let mut below = 0.0f64;
    for class in order.chunk_by(|&i, &j| reward[i] == reward[j]) {
        let mass: f64 = class.iter().map(|&i| probability[i]).sum();
        let up_to = below + mass;
        let share = up_to.powi(draws as i32) - below.powi(draws as i32);
        for &i in class {
            chances[i] = if mass > 0.0 { share * (probability[i] / mass) } else { 0.0 };
        }
        below = up_to;
    }
    chances
}
