//! Stand-in for the scenario floor.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A resolved experiment.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[serde(transparent)]
pub struct Experiment(pub toml::Table);

/// A cell.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub struct Cell {
    pub name: String,
    pub method: String,
    pub settings: BTreeMap<String, String>,
    pub experiment: Experiment,
}

/// Selects cells.
pub type Selector = BTreeMap<String, toml::Value>;

/// Seeds.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub struct Seeds {
    pub first: u64,
    pub count: u64,
}

/// Tier.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Tier {
    Bandit,
    User,
}

/// Verdict.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Verdict {
    Holds,
    NoDifference,
    Reversed,
    Inconclusive,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Verdict::Holds => "holds",
            Verdict::NoDifference => "no difference",
            Verdict::Reversed => "reversed",
            Verdict::Inconclusive => "inconclusive",
        })
    }
}

/// Claim.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub struct ClaimSpec {
    pub id: String,
    pub says: String,
    pub expected: Verdict,
}

/// Panel kinds.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum PanelKind {
    Curves,
    Sweep,
    Frontier,
    Density,
    Region,
    Intervals,
}

/// A marked value.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub struct Mark {
    pub value: f64,
    pub label: String,
    #[serde(default)]
    pub axis: Axis,
}

/// The axis of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Axis {
    X,
    #[default]
    Y,
}

/// Panel.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub struct PanelSpec {
    pub title: String,
    pub kind: PanelKind,
    #[serde(default)]
    pub x: String,
    #[serde(default)]
    pub y: Vec<String>,
    #[serde(rename = "where", default)]
    pub where_: Selector,
    #[serde(default)]
    pub methods: Vec<String>,
    #[serde(default)]
    pub lines: Option<String>,
    #[serde(default)]
    pub at_step: Option<u64>,
    #[serde(default)]
    pub steps: Vec<u64>,
    #[serde(default)]
    pub log_x: bool,
    #[serde(default)]
    pub log_y: bool,
    #[serde(default)]
    pub x_label: Option<String>,
    #[serde(default)]
    pub y_label: Option<String>,
    #[serde(default)]
    pub y_range: Option<[f64; 2]>,
    #[serde(default)]
    pub x_range: Option<[f64; 2]>,
    #[serde(default)]
    pub marks: Vec<Mark>,
}

/// Scenario.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[allow(missing_docs)]
pub struct Scenario {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub figure: Option<String>,
    pub tier: Tier,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub question: Option<String>,
    #[serde(default)]
    pub see: Option<String>,
    #[serde(default)]
    pub expected_seconds: Option<f64>,
    pub seeds: Seeds,
    pub methods: Vec<String>,
    #[serde(default)]
    pub sweep: Vec<(String, Vec<String>)>,
    pub cells: Vec<Cell>,
    #[serde(default)]
    pub claims: Vec<ClaimSpec>,
    #[serde(default)]
    pub panels: Vec<PanelSpec>,
    #[serde(default)]
    pub set: Vec<String>,
}
