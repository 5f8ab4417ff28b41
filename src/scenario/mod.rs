//! Stand-in for the scenario floor.

use crate::learner::{DataSpec, MeasureSpec, OptimizerSpec, ScheduleSpec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The resolved content of one cell.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// What is rewarded.
    pub problem: toml::Value,
    /// Who acts.
    pub policy: toml::Value,
    /// What is learned.
    pub objective: toml::Value,
    /// Algorithm 1.
    pub schedule: ScheduleSpec,
    /// The prompts.
    #[serde(default)]
    pub data: DataSpec,
    /// The optimizer.
    pub optimizer: OptimizerSpec,
    /// The measurements.
    #[serde(default)]
    pub measure: MeasureSpec,
}

/// One experiment of a scenario.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
pub struct Cell {
    /// 16 hex digits of the content hash.
    pub name: String,
    /// The method.
    pub method: String,
    /// Swept key -> value.
    pub settings: BTreeMap<String, String>,
    /// The content.
    pub experiment: Experiment,
}

/// The size class of a scenario.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Exact bandits.
    Bandit,
    /// Lengths.
    Length,
    /// Phase diagrams.
    Phase,
    /// A tiny language model.
    Nano,
    /// All of nano.
    NanoFull,
    /// A real language model.
    Smollm2,
    /// On a GPU.
    Gpu,
    /// A user's own.
    User,
}

/// The seeds of a scenario.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// A resolved scenario.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
pub struct Scenario {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The paper's figure.
    pub figure: Option<String>,
    /// Its size class.
    pub tier: Tier,
    /// Tags.
    pub tags: Vec<String>,
    /// What is asked.
    pub question: Option<String>,
    /// What one should see.
    pub see: Option<String>,
    /// Expected seconds.
    pub expected_seconds: Option<f64>,
    /// The seeds.
    pub seeds: Seeds,
    /// Names of the methods.
    pub methods: Vec<String>,
    /// Swept keys with their values.
    pub sweep: Vec<(String, Vec<String>)>,
    /// The cells.
    pub cells: Vec<Cell>,
    /// The claims.
    pub claims: Vec<ClaimSpec>,
    /// The panels.
    pub panels: Vec<PanelSpec>,
    /// The `--set` arguments.
    pub set: Vec<String>,
}

/// Names cells: `method` or a swept key -> value.
pub type Selector = BTreeMap<String, toml::Value>;

/// What the data say of a claim.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The interval lies above the margin.
    Holds,
    /// The interval lies inside ±margin.
    NoDifference,
    /// The interval lies below −margin.
    Reversed,
    /// None of these.
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

/// `[[claim]]`.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
pub struct ClaimSpec {
    /// Its id.
    pub id: String,
    /// The sentence.
    pub says: String,
    /// The committed verdict.
    pub expected: Verdict,
    /// The metric.
    pub metric: String,
    /// The mean over the run.
    #[serde(default)]
    pub area: bool,
    /// At this step.
    #[serde(default)]
    pub at_step: Option<u64>,
    /// Steps until this value.
    #[serde(default)]
    pub steps_to: Option<f64>,
    /// Queries until this value.
    #[serde(default)]
    pub queries_to: Option<f64>,
    /// The better cell.
    pub better: Selector,
    /// The worse cell.
    pub worse: Selector,
    /// Both.
    #[serde(default, rename = "where")]
    pub where_: Selector,
    /// Second pair.
    #[serde(default)]
    pub minus_better: Option<Selector>,
    /// Second pair.
    #[serde(default)]
    pub minus_worse: Option<Selector>,
    /// Second pair.
    #[serde(default)]
    pub minus_where: Option<Selector>,
    /// The margin.
    pub margin: f64,
    /// Settings.
    #[serde(default)]
    pub across: Vec<String>,
    /// Why it may not hold.
    #[serde(default)]
    pub why: Option<String>,
}

/// `[[panel]]`.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
pub struct PanelSpec {
    /// Its title.
    pub title: String,
}
