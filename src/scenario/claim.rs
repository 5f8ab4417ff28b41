//! Findings that a run is held against.

use super::reading::Reading;
use super::selector::Selector;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the 95 % interval of an effect says about a claim with a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The interval lies above the margin.
    Holds,
    /// The interval lies within ±margin.
    NoDifference,
    /// The interval lies below −margin.
    Reversed,
    /// The interval is too wide, or lies across a margin: more seeds might tell.
    Inconclusive,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Holds => "holds",
            Verdict::NoDifference => "no difference",
            Verdict::Reversed => "reversed",
            Verdict::Inconclusive => "inconclusive",
        })
    }
}

/// `[[claim]]`: the mean over seeds of a paired difference (better − worse).
///
/// With any of `minus_better`, `minus_worse` and `minus_where` the effect is a difference of
/// differences; the second pair takes from the first what it does not say itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimSpec {
    /// Its number, such as `4.1`.
    pub id: String,
    /// The finding in one sentence.
    pub says: String,
    /// The verdict that was seen when the scenario was written.
    ///
    /// *Reading* A record of what was seen, not a wish: findings that contradict the paper are
    /// committed as `reversed` or `no-difference`.
    ///
    /// *Wrong* `modeseek claims --strict` exits 1 when the verdict differs from this one: results
    /// changed, or the scenario did.
    pub expected: Verdict,
    /// The metric compared.
    ///
    /// *Reading* Higher counts as better; distances and lengths are compared through gold_reward,
    /// which is minus the distance.
    ///
    /// *Wrong* `mean_length` as the last value rewards long responses: its better and worse sides
    /// must then be exchanged. A metric left out of measure.metrics is refused.
    pub metric: String,
    /// Compare the mean of the metric over the run instead of its last value.
    ///
    /// *Reading* The mean height of the curve, by the trapezoid rule: it rewards speed as well as
    /// the end, and is the fair number where all methods arrive.
    ///
    /// *Wrong* Two methods that both arrive early show next to nothing here, and a long flat end
    /// dilutes the difference: compare at_step or steps_to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub area: bool,
    /// Compare the metric at this step.
    ///
    /// *Reading* A claim about the way there, such as after 16 steps. It must be a measured step.
    ///
    /// *Wrong* Chosen after looking at the curves it proves little: give `across = ["steps"]`,
    /// which counts the claim at other parts of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_step: Option<u64>,
    /// Compare the steps until the metric reaches this value (fewer are better).
    ///
    /// *Reading* The effect is worse − better, since fewer steps are better; above 0 still speaks
    /// for the better side. A level is met from either side, so mean_length ≤ 20 works too.
    ///
    /// *Wrong* A run that never gets there counts with its whole length (censored), which is too short. If only
    /// runs of the worse side do, the effect is a lower bound; `no difference` then becomes inconclusive, and so does
    /// `holds` where a run of the better side is censored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps_to: Option<f64>,
    /// Compare the queries until the metric reaches this value (fewer are better).
    ///
    /// *Reading* Speed in reward evaluations, which is what reuse saves: T = 8 needs some 2400
    /// fewer to 20 tokens on Min Length.
    ///
    /// *Wrong* Offline methods pay all queries before step 0, so that this reading tells nothing
    /// of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries_to: Option<f64>,
    /// The cells said to be better.
    ///
    /// *Reading* With `where` it must pin one cell. What is written here wins over `where`.
    ///
    /// *Wrong* `matches N cells; pin …`: a swept key is still free; name it here or in `where`.
    pub better: Selector,
    /// The cells said to be worse.
    ///
    /// *Reading* The other side of the difference, paired with `better` seed by seed.
    ///
    /// *Wrong* Selecting the same cell as `better` gives an effect of exactly 0 and the verdict
    /// `no difference`.
    #[serde(default, skip_serializing_if = "Selector::is_empty")]
    pub worse: Selector,
    /// In place of `worse`: the better side's number lies above this one (units of what is compared).
    ///
    /// *Reading* The effect is the number minus this one: `above = 0.9` of a reward, `above = 0.0` of a log-ratio
    /// that is said to rise.
    ///
    /// *Wrong* Beside `worse`, `below` or a second pair it is refused: a claim compares with one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// In place of `worse`: the better side's number lies below this one (units of what is compared).
    ///
    /// *Reading* The effect is this number minus that of the better side: `below = 0.0` of a log-ratio that is said
    /// to fall.
    ///
    /// *Wrong* With steps_to it is a number of steps, not a level of the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// Selected on both sides.
    ///
    /// *Reading* A key that only some methods have is passed over on the side that lacks it.
    ///
    /// *Wrong* A value that the sweep does not hold gives `no cell matches`; the message lists the
    /// swept keys with their values.
    #[serde(rename = "where", default, skip_serializing_if = "Selector::is_empty")]
    pub where_: Selector,
    /// A second pair, whose difference is subtracted: its better side.
    ///
    /// *Reading* The effect becomes a difference of differences: does the first lead exceed the
    /// second? Used for interactions and for `milder on R2`.
    ///
    /// *Wrong* Left out with minus_worse given, it is the first pair's better side, which is only
    /// right if `minus_where` moves the pair elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minus_better: Option<Selector>,
    /// Its worse side.
    ///
    /// *Reading* The second pair's worse side; its difference is subtracted from the first.
    ///
    /// *Wrong* The sign is easily turned round: holds means that the first pair's lead is the
    /// larger one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minus_worse: Option<Selector>,
    /// Selected on both sides of the second pair, over `where`.
    ///
    /// *Reading* It overrides `where` key by key, so that one line moves the second pair to
    /// another reward or task.
    ///
    /// *Wrong* A key given on one side only of a pair beats it: the second pair then stays where
    /// it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minus_where: Option<Selector>,
    /// Effects within ±margin count as none (units of what is compared).
    ///
    /// *Reading* Half the width of what counts as nothing, in units of what is compared: 0.02 of
    /// reward, 5 tokens, 5 steps. It is set before the reporting seeds run.
    ///
    /// *Wrong* Too small, and every trifle holds or is reversed; too large, and nothing but `no
    /// difference` comes out. Changing it after seeing the effect voids the verdict.
    pub margin: f64,
    /// Swept keys across whose other values the claim is counted; `steps`: after 1/4, 1/2 and all
    /// of the run.
    ///
    /// *Reading* `8 of 9` beside the verdict: in how many settings it holds, the claimed one among
    /// them.
    ///
    /// *Wrong* A claim that holds at its own setting and in few others is one of that setting: say
    /// so, or draw a panel of kind `verdicts`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub across: Vec<String>,
    /// Said beside a verdict other than "holds".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl ClaimSpec {
    /// The number that the better side is held against, if it is one: 1 if it should lie above, −1 if below, and
    /// the number.
    pub fn bound(&self) -> Option<(f64, f64)> {
        self.above.map(|level| (1.0, level)).or(self.below.map(|level| (-1.0, level)))
    }

    /// Whether a second pair is subtracted.
    pub fn has_second_pair(&self) -> bool {
        [&self.minus_better, &self.minus_worse, &self.minus_where].iter().any(|own| own.is_some())
    }

    /// What is compared.
    pub fn reading(&self) -> Reading {
        let ClaimSpec { area, at_step, steps_to, queries_to, .. } = *self;
        Reading { area, at_step, steps_to, queries_to }
    }
}
