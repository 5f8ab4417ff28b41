//! Reward-weighted regression.

use super::error::positive;
use super::likelihood::pull;
use super::{Group, Ledger, Objective, ObjectiveError, Unit};
use crate::numerics::log_sum_exp;
use serde::{Deserialize, Serialize};

/// Reward-weighted regression as written: `objective.rwr = { temperature = 0.2 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RwrSpec {
    /// The reward difference that is worth a factor e (reward units).
    ///
    /// *Reading* Its strength, and small is strong: on R1 1 earns 0.08, 0.2 earns 0.65 and 0.1
    /// earns 0.94 at rest. Lengths take tokens: 20 is shipped.
    ///
    /// *Wrong* Too small: the clip binds (rewards in 0 to 1 below a temperature of 1/ln 20 =
    /// 0.33), and with lengths nearly all weights are 0. Too large: it imitates π_ref.
    pub temperature: f64,
    /// The largest weight of a response.
    ///
    /// *Reading* 20 as in the released code. It never binds where r/temperature stays below ln 20
    /// = 3.0, so not at temperature 1 on the bumps.
    ///
    /// *Wrong* At temperature 0.1 every reward above 0.3 weighs 20: good and best count alike, and
    /// its optimum is no longer π_ref·e^{r/temperature}. Shipped scenarios use 1e6 and more there.
    pub weight_clip: f64,
    /// Whether the weights of a prompt are divided by their mean.
    ///
    /// *Reading* Weights of a prompt average 1, so that a learning rate means the same at every
    /// temperature.
    ///
    /// *Wrong* On a prompt of poor responses the least poor one gets the whole weight: rank and
    /// not size decides, as for Best-of-N.
    pub normalise: bool,
}

impl Default for RwrSpec {
    fn default() -> Self {
        RwrSpec { temperature: 1.0, weight_clip: 20.0, normalise: false }
    }
}

/// Maximum likelihood of every response, weighted by its exponentiated reward.
///
/// *Formula*
/// ```text
/// ℓ = −min(exp(r/temperature), clip) · log π(y)
/// ```
/// *where* the loss is a mean over responses. With `normalise` the weights of a prompt are divided
/// by their mean, so that they average one.
/// *Gradient* c = −weight ≤ 0: no response is ever pushed down; the weight is a constant.
///
/// *Reading* It comes to rest at π_ref·exp(r/temperature): on R1 a reward of 0.08 at temperature 1,
/// 0.65 at 0.2 and 0.94 at 0.1. It sees how much better a response is, so it is compared with
/// REINFORCE and PPO, or shown beside the pairwise losses as a cardinal one.
///
/// *Wrong* It stays at π_ref: the temperature is large against differences in reward. At
/// temperature 0.1 a bump weighs up to e^10 = 22026 and the default clip of 20 binds from r = 0.3
/// on: raise weight_clip. With lengths all weights may be tiny, exp(−200/20) = 5e-5, and SGD hardly
/// moves; set normalise. Adam hides that until gradients fall below its epsilon of 1e-8.
///
/// *Source* arXiv 2404.14367, Table 1; weights clipped to 20 in the authors' released code.
/// *Numerics* weights are formed as exp(min(r/temperature, log clip)) and normalised in the
/// logarithm, so that neither a large reward overflows nor a prompt of tiny weights divides by zero.
/// *Deviations* none.
#[derive(Debug, Clone, Copy)]
pub struct Rwr {
    temperature: f64,
    log_clip: f64,
    normalise: bool,
}

impl Rwr {
    /// Checks the parameters.
    pub fn new(spec: RwrSpec) -> Result<Self, ObjectiveError> {
        let remedy = "the smaller, the sharper; 1 is the default";
        let temperature = positive("temperature", spec.temperature, remedy)?;
        let remedy = "20 is the default; a large number such as 1e300 clips nothing";
        let log_clip = positive("weight_clip", spec.weight_clip, remedy)?.ln();
        Ok(Rwr { temperature, log_clip, normalise: spec.normalise })
    }

    /// The logarithm of a response's clipped weight, min(r/temperature, log clip).
    pub fn log_weight(&self, reward: f64) -> f64 {
        (reward / self.temperature).min(self.log_clip)
    }

    /// The logarithm of the prompt's mean weight, by which weights are divided.
    fn log_mean_weight(&self, group: &Group<'_>) -> f64 {
        let counted: Vec<usize> =
            (0..group.responses()).filter(|&i| group.weight(i) > 0.0).collect();
        let logs = counted.iter().map(|&i| group.weight(i).ln() + self.log_weight(group.reward[i]));
        let total: f64 = counted.iter().map(|&i| group.weight(i)).sum();
        log_sum_exp(&logs.collect::<Vec<_>>()) - total.ln()
    }
}

impl Objective for Rwr {
    fn unit(&self) -> Unit {
        Unit::Response
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        let shift = if self.normalise { self.log_mean_weight(group) } else { 0.0 };
        for (i, &reward) in group.reward.iter().enumerate() {
            let weight = group.weight(i);
            let loss = pull(group, ledger, i, weight * (self.log_weight(reward) - shift).exp());
            ledger.book(loss);
            ledger.count(weight);
        }
    }
}
