//! What one cell runs.

use super::canonical::table_of;
use super::document::leaves;
use super::selector::written;
use crate::learner::{DataSpec, MeasureSpec, Moments, OptimizerSpec, ScheduleSpec, VITALS};
use crate::objective::ObjectiveSpec;
use crate::policy::PolicySpec;
use crate::preference::{PairSpec, RewardModelSpec};
use crate::problem::ProblemSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The keys of an experiment, in the order in which a scenario writes them.
pub const EXPERIMENT_KEYS: [&str; 9] = [
    "problem",
    "policy",
    "objective",
    "schedule",
    "data",
    "pairs",
    "reward_model",
    "optimizer",
    "measure",
];

/// One fully resolved experiment: everything that its results depend on, but the seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// What is rewarded, and where the reference stands.
    pub problem: ProblemSpec,
    /// Who acts.
    pub policy: PolicySpec,
    /// What is minimised.
    pub objective: ObjectiveSpec,
    /// Algorithm 1 with B, C, M and T.
    pub schedule: ScheduleSpec,
    /// The prompts, and a preference set in place of draws from π_ref.
    #[serde(default)]
    pub data: DataSpec,
    /// How comparisons are made.
    #[serde(default)]
    pub pairs: PairSpec,
    /// What is learned from the preference data and stands in place of the true reward, for every
    /// method that reads rewards or compares its own samples.
    ///
    /// *Reading* Its class is what matters: it decides what r_φ says where no data are. Compare
    /// gold_reward with proxy_reward of the same run.
    ///
    /// *Wrong* proxy_reward rises and gold_reward falls: r_φ is wrong where the policy went. Leave
    /// the table out to see how far the true reward would have led.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_model: Option<RewardModelSpec>,
    /// How coefficients become steps.
    pub optimizer: OptimizerSpec,
    /// When and on what the policy is measured.
    #[serde(default)]
    pub measure: MeasureSpec,
}

impl Experiment {
    /// Every key with every default filled in, dotted, and its value as settings write it, in the
    /// order written; an empty table such as `policy.tabular` has the value `{}`.
    pub fn keys(&self) -> Vec<(String, String)> {
        // What was read from TOML can be written as TOML.
        let table = table_of(self).unwrap_or_default();
        let keys = leaves(&table).into_iter();
        keys.map(|(path, value)| (path.join("."), written(value))).collect()
    }
}

/// An experiment of a scenario, with its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// The first 16 hexadecimal digits of its content's hash.
    pub name: String,
    /// The method it belongs to.
    pub method: String,
    /// The value of each swept key that the method has, as written in TOML but without quotes.
    pub settings: BTreeMap<String, String>,
    /// What it runs. Paths of CSV files are resolved against the scenario's folder.
    pub experiment: Experiment,
}

impl Cell {
    /// How messages name the cell: "method `dpo`, schedule.passes = 4".
    pub fn description(&self) -> String {
        describe(&self.method, &self.settings)
    }

    /// Whether it writes a metric, or may write it unasked.
    pub fn measures(&self, metric: &str) -> bool {
        let Experiment { measure, problem, .. } = &self.experiment;
        let all = measure.metrics.is_empty() || measure.distribution;
        let unasked = problem.is_language() && VITALS.contains(&metric);
        all || unasked || measure.metrics.iter().any(|own| own == metric)
    }

    /// The steps at which it is measured.
    pub fn moments(&self) -> Moments {
        let Experiment { measure, schedule, .. } = &self.experiment;
        Moments::new(measure, schedule.steps)
    }
}

/// How messages name a cell.
pub(super) fn describe(method: &str, settings: &BTreeMap<String, String>) -> String {
    let pairs = settings.iter().map(|(key, value)| format!(", {key} = {value}"));
    format!("method `{method}`{}", pairs.collect::<String>())
}
