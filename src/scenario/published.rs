//! Numbers that others have published, which the runs are held against.

use super::reading::Reading;
use super::selector::Selector;
use serde::{Deserialize, Serialize};

/// `[[published]]`: what another program got at the same settings.
///
/// ```toml
/// [[published]]
/// id = "ipo-R2"
/// says = "Offline IPO on R2 ends between 0.913 and 0.935"
/// source = "released code of arXiv 2404.14367, 5 seeds"
/// metric = "gold_reward"                      # its last value; or at_step, steps_to, queries_to, area
/// cell = { "problem.bumps.reward" = "R2" }    # exactly one cell
/// range = [0.913, 0.935]                      # or values = [0.04, 0.11]
/// ```
///
/// Over our seeds the 5 %, 50 % and 95 % quantiles are computed, and every published value is
/// looked for between the outer two. No verdict follows: `claims --strict` does not look here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedSpec {
    /// Its name, unique in the scenario.
    pub id: String,
    /// What was published, in one sentence.
    pub says: String,
    /// Where, and over how many seeds.
    pub source: String,
    /// The metric.
    ///
    /// *Reading* Read off every run in the same way as theirs was: look at how they computed it
    /// before comparing.
    ///
    /// *Wrong* Theirs is a sampled reward and ours an exact expectation: single values of theirs
    /// scatter more.
    pub metric: String,
    /// It is the mean of the metric over the run instead of its last value.
    ///
    /// *Reading* Theirs is then a mean over the run; few papers print one.
    ///
    /// *Wrong* Runs of different lengths have different means: steps must agree.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub area: bool,
    /// It is the metric at this step.
    ///
    /// *Reading* Theirs is a value on the way; the step is counted in optimizer updates.
    ///
    /// *Wrong* Steps that count rounds or epochs there are other steps here: convert first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_step: Option<u64>,
    /// It is the first measured step at which the metric is at least this value.
    ///
    /// *Reading* The first measured step, not a step between two: `measure.every` should be as
    /// fine as theirs.
    ///
    /// *Wrong* Runs of ours that never get there put the upper quantile at `never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps_to: Option<f64>,
    /// It is the queries at the first measured step at which the metric is at least this value.
    ///
    /// *Reading* The same in reward evaluations, at the first measured step.
    ///
    /// *Wrong* They may count queries of evaluation too; ours never do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries_to: Option<f64>,
    /// The one cell that was published: `method` or a swept key → its value.
    ///
    /// *Reading* It must name exactly one cell: a published number belongs to one setting.
    ///
    /// *Wrong* Settings that differ in a detail, such as a floor on log-probabilities, move the
    /// number: see the `why` of those outside.
    pub cell: Selector,
    /// The published values, one for each seed of theirs.
    ///
    /// *Reading* One for each of their seeds, each looked for between our 5 % and 95 % quantiles.
    ///
    /// *Wrong* Of five values of theirs one outside is chance; most of them outside is a
    /// difference in the program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f64>,
    /// Or the lowest and the highest of them.
    ///
    /// *Reading* The lowest and highest of theirs, where single values are not printed.
    ///
    /// *Wrong* A range of few seeds is narrower than it would be of many: `overlaps` is all that
    /// can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// Said where a value lies outside our range: what is known of the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl PublishedSpec {
    /// What is read off each run.
    pub fn reading(&self) -> Reading {
        let PublishedSpec { area, at_step, steps_to, queries_to, .. } = *self;
        Reading { area, at_step, steps_to, queries_to }
    }
}
