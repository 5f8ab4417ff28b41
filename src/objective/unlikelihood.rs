//! Best-of-N with an explicit negative gradient.

use super::best_of_n::{best_of_law, best_weights};
use super::error::{gate, non_negative};
use super::likelihood::pull;
use super::{Group, Ledger, Objective, ObjectiveError, Unit};
use crate::preference::{first_best, first_worst};
use serde::{Deserialize, Serialize};

/// Which of the responses that are not the best are pushed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pushed {
    /// The first of lowest reward.
    #[default]
    Worst,
    /// All others, each with an equal share of α.
    Mean,
    /// All others, each with the whole of α.
    Sum,
}

/// Unlikelihood as written: `objective.unlikelihood = { alpha = 0.1, pushed = "worst" }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnlikelihoodSpec {
    /// The weight of the push relative to the pull on the best response.
    ///
    /// *Reading* Against the pull of 1 on the best: 0 is Best-of-N. With `sum` on R1 0.1 gains
    /// 0.05 of reward for more KL.
    ///
    /// *Wrong* With `sum` (N − 1)·α above 1 pushes more than it pulls: the policy leaves the data.
    /// `worst` does nothing at any α.
    pub alpha: f64,
    /// Which of the other responses are pushed down.
    ///
    /// *Reading* `worst` touches one response, `mean` shares α among the others, `sum` gives it to
    /// each.
    ///
    /// *Wrong* Compared at equal α the three differ in total push by a factor N − 1; compare them
    /// at equal KL.
    pub pushed: Pushed,
    /// Below this log π of the whole response nothing is pushed further (nats).
    ///
    /// *Reading* A log-probability of the whole response: −20 is 2e-9, where a push has nothing
    /// left to gain.
    ///
    /// *Wrong* Very low floors let the loss fall for ever with nothing learned; at −2 ordinary
    /// arms are held already.
    pub floor: f64,
}

impl Default for UnlikelihoodSpec {
    fn default() -> Self {
        UnlikelihoodSpec { alpha: 0.1, pushed: Pushed::Worst, floor: -20.0 }
    }
}

/// Maximum likelihood of the best response, and its opposite on others.
///
/// *Formula*
/// ```text
/// ℓ = −log π(y_best) + α · Σ_y s(y) · max(log π(y), floor)
/// ```
/// *where* y runs over the N responses but the best; s is 1 on the worst of them (`worst`),
/// 1/(N−1) on all (`mean`) or 1 on all (`sum`); the loss is a mean over prompts. Under a law, s(y)
/// is the exact expectation over N draws.
/// *Gradient* c = −1 on the best, +α·s(y) on the pushed, 0 where log π(y) < floor.
///
/// *Reading* α = 0 is Best-of-N: read every other α against it, in reward and in KL. On R1 pushing
/// the worst of ten changes nothing (claim U.1); pushing all others by α = 0.1 each earns 0.05 more
/// for more KL.
///
/// *Wrong* Pushed responses fall to the floor (log π = −20) and stay: from there only the pull
/// acts. With the sum of all others and a large α the push outweighs the pull, 9·α against 1 at N =
/// 10, and the policy leaves the data; keep α at 0.1 or take `mean`. A lower floor makes that
/// worse.
///
/// *Source* arXiv 1908.04319 for the idea; arXiv 2404.14367, §5.2, for the question.
/// *Numerics* without the floor the loss has no lower bound.
/// *Deviations* log π instead of −log(1 − π), so that the coefficient is constant; ours, not the paper's.
#[derive(Debug, Clone, Copy)]
pub struct Unlikelihood {
    spec: UnlikelihoodSpec,
}

impl Unlikelihood {
    /// Checks the parameters.
    pub fn new(spec: UnlikelihoodSpec) -> Result<Self, ObjectiveError> {
        non_negative("alpha", spec.alpha, "0.1 is the default; 0 is Best-of-N")?;
        let holds = spec.floor <= 0.0 && spec.floor.is_finite();
        let remedy = "-20 is the default: e^-20 is a probability of 2e-9";
        gate(holds, "floor", spec.floor, "a finite log-probability, at most 0 nats", remedy)?;
        Ok(Unlikelihood { spec })
    }

    /// The share s of every response, given how much each counts as the best.
    fn shares(&self, group: &Group<'_>, best: &[f64]) -> Vec<f64> {
        let draws = group.law.map_or(group.responses(), |law| law.draws);
        if draws < 2 {
            return vec![0.0; best.len()];
        }
        let each = match self.spec.pushed {
            Pushed::Worst => return worst_weights(group),
            Pushed::Mean => 1.0 / (draws - 1) as f64,
            Pushed::Sum => 1.0,
        };
        let drawn = |i| group.law.map_or(1.0, |law| law.draws as f64 * law.probability[i]);
        best.iter().enumerate().map(|(i, best)| each * (drawn(i) - best).max(0.0)).collect()
    }
}

/// How much each of at least two responses counts as the worst that is not the best.
///
/// *Numerics* of equal draws one is the best and another the worst, so that under a law the worst
/// is simply the best under the opposite reward.
fn worst_weights(group: &Group<'_>) -> Vec<f64> {
    if let Some(law) = group.law {
        let opposite: Vec<f64> = group.reward.iter().map(|r| -r).collect();
        return best_of_law(law.probability, &opposite, law.draws);
    }
    let best = first_best(group.reward);
    let others: Vec<usize> = (0..group.responses()).filter(|&i| Some(i) != best).collect();
    let rewards: Vec<f64> = others.iter().map(|&i| group.reward[i]).collect();
    let mut weights = vec![0.0; group.responses()];
    if let Some(worst) = first_worst(&rewards) {
        weights[others[worst]] = 1.0;
    }
    weights
}

impl Objective for Unlikelihood {
    fn unit(&self) -> Unit {
        Unit::Prompt
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        let best = best_weights(group);
        let shares = self.shares(group, &best);
        for (i, (best, share)) in best.into_iter().zip(shares).enumerate() {
            let push = self.spec.alpha * share;
            let mut loss = pull(group, ledger, i, best);
            loss += match group.sequence_log_pi(i) < self.spec.floor {
                true => push * self.spec.floor,
                false => pull(group, ledger, i, -push),
            };
            ledger.book(loss);
            ledger.count(best);
        }
    }
}
