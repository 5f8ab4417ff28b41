//! Problems as a scenario writes them.

use super::length::LengthSpec;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[problem.…]`: what is rewarded and where the reference stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProblemSpec {
    /// One bump over 100 arms.
    Bumps(BumpsSpec),
    /// Two bumps of unequal height.
    TwoModes(TwoModesSpec),
    /// Rewards listed arm by arm.
    Table(TableSpec),
    /// Two arms of equal mass that the target tells apart.
    Separation(SeparationSpec),
    /// Response lengths: the paper's Min, Mode and Skew Length.
    Length(LengthSpec),
}

impl ProblemSpec {
    /// A difference in reward that is a large one: the range of a bandit's rewards, a hundred
    /// tokens of a length (reward units).
    pub fn large_difference(&self) -> f64 {
        match self {
            ProblemSpec::Length(_) => 100.0,
            _ => 1.0,
        }
    }
}

/// The named bumps of the paper and its code: exp(−((a − peak)/width)²).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bump {
    /// Peak 70, width 10: the peak lies where π_ref hardly goes.
    R1,
    /// Peak 20, width 10: the peak lies in π_ref's bulk.
    R2,
    /// Peak 70, width 20.
    #[serde(rename = "R1-width-20")]
    R1Width20,
    /// Peak 70, width 30.
    #[serde(rename = "R1-width-30")]
    R1Width30,
}

/// `[problem.bumps]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BumpsSpec {
    /// The reward.
    pub reward: Bump,
    /// π_ref.
    #[serde(default)]
    pub reference: ReferenceSpec,
    /// The target of the divergence objectives and metrics is π_ref·exp(r / target_temperature).
    #[serde(default = "target_temperature")]
    pub target_temperature: f64,
    /// D_pref: whose responses the preference data hold.
    #[serde(default, skip_serializing_if = "ArmDataSpec::is_reference")]
    pub data: ArmDataSpec,
}

/// `[problem.two-modes]`: the target is a mixture of two discretised Gaussians, and the reward is
/// the target divided by its largest value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoModesSpec {
    /// How many arms there are.
    #[serde(default = "hundred")]
    pub arms: usize,
    /// The arms of the two peaks.
    pub peaks: [f64; 2],
    /// The masses of the two peaks; they are normalised.
    pub masses: [f64; 2],
    /// The standard deviations of the two peaks (arms).
    pub widths: [f64; 2],
    /// π_ref.
    #[serde(default)]
    pub reference: ReferenceSpec,
    /// D_pref: whose responses the preference data hold.
    #[serde(default, skip_serializing_if = "ArmDataSpec::is_reference")]
    pub data: ArmDataSpec,
}

/// `[problem.table]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// The reward of each arm.
    pub rewards: Column,
    /// π_ref.
    pub reference: ReferenceSpec,
    /// The target distribution; without it π_ref·exp(r / target_temperature).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Column>,
    /// See `target`.
    #[serde(default = "target_temperature")]
    pub target_temperature: f64,
}

/// `[problem.separation]`: π_ref = (p, p, 1 − 2p), target = (q₁, q₂, 1 − q₁ − q₂); the reward is the
/// target's probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeparationSpec {
    /// The probability of each of the first two arms under π_ref.
    pub p: f64,
    /// The target's probability of the first arm.
    pub q1: f64,
    /// The target's probability of the second arm, below `q1`.
    pub q2: f64,
}

fn target_temperature() -> f64 {
    0.1
}
fn hundred() -> usize {
    100
}

/// Numbers, one for each arm: written out, or a column of a CSV file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a list of numbers or { csv = \"FILE\", column = \"NAME\" }")]
pub enum Column {
    /// Written out.
    List(Vec<f64>),
    /// A named column of a CSV file (path relative to the scenario file).
    Csv {
        /// The file.
        csv: PathBuf,
        /// The column's name.
        column: String,
    },
}

/// π_ref.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ReferenceSpec {
    /// tanh(Cauchy(−0.7, 0.4)) in equal bins of [−1, 1], the paper's.
    #[default]
    BinnedCauchy,
    /// Every arm alike.
    Uniform,
    /// exp(−(a − mean)²/2width²), normalised: where `policy.unimodal` of the same numbers starts.
    Gaussian(GaussianSpec),
    /// Probabilities arm by arm; they are normalised if they sum to 1 within 1e-6.
    Table(Column),
}

/// A π_ref or a D_pref of one bump.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaussianSpec {
    /// Where the bump stands (arms).
    pub mean: f64,
    /// Its standard deviation (arms).
    pub width: f64,
}

/// D_pref of a problem over arms.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ArmDataSpec {
    /// Responses of π_ref.
    #[default]
    Reference,
    /// Skewed data: responses of one bump, wherever π_ref stands.
    Gaussian(GaussianSpec),
}

impl ArmDataSpec {
    /// Whether the data are responses of π_ref.
    pub fn is_reference(&self) -> bool {
        *self == ArmDataSpec::Reference
    }
}
