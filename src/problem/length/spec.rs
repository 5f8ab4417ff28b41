//! Length problems as a scenario writes them.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The paper's three problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LengthTask {
    /// Reward −|y|: the peak is far from π_ref, the data cover π_ref.
    Min,
    /// Reward −| |y| − mode_length |: the peak lies on π_ref, the data cover π_ref.
    Mode,
    /// Reward −|y| on truncated data: the peak is far, and the data lie far from π_ref.
    Skew,
}

/// `[problem.length]`: arms are the lengths 0, 1, …, `longest` of a response (tokens), the reward is
/// −| |y| − peak |.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LengthSpec {
    /// Which of the paper's problems: it sets the reward's peak and whether the data are truncated.
    pub task: LengthTask,
    /// The longest response (tokens).
    #[serde(default = "longest")]
    pub longest: usize,
    /// Where the reward of Mode Length peaks (tokens).
    #[serde(default = "mode_length")]
    pub mode_length: f64,
    /// The reward's peak in place of the task's own: 0 (Min, Skew) or `mode_length` (Mode) (tokens).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak: Option<f64>,
    /// The lengths of π_ref.
    #[serde(default)]
    pub reference: LengthReferenceSpec,
    /// The share of π_ref that is spread evenly over all lengths, so that none is impossible.
    #[serde(default = "evenly_spread")]
    pub evenly_spread: f64,
    /// The share of prompts whose responses are truncated before they are compared, in place of the
    /// task's own: 0 (Min, Mode) or 1 (Skew).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_fraction: Option<f64>,
    /// How responses are truncated.
    #[serde(default)]
    pub truncation: TruncationSpec,
    /// The target of the divergence objectives and metrics is π_ref·exp(r / target_temperature)
    /// (tokens).
    #[serde(default = "target_temperature")]
    pub target_temperature: f64,
}

fn longest() -> usize {
    512
}
fn mode_length() -> f64 {
    203.0
}
fn evenly_spread() -> f64 {
    0.001
}
fn target_temperature() -> f64 {
    10.0
}

impl LengthSpec {
    /// The length of highest reward (tokens).
    pub fn peak(&self) -> f64 {
        self.peak.unwrap_or(match self.task {
            LengthTask::Mode => self.mode_length,
            LengthTask::Min | LengthTask::Skew => 0.0,
        })
    }

    /// The share of prompts whose responses are truncated.
    pub fn skew_fraction(&self) -> f64 {
        self.skew_fraction.unwrap_or(match self.task {
            LengthTask::Skew => 1.0,
            LengthTask::Min | LengthTask::Mode => 0.0,
        })
    }
}

/// The lengths of π_ref, over 0 … `longest`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LengthReferenceSpec {
    /// Skewed to long responses: p ∝ exp(−(ln k − ln mode − σ²)²/2σ²)/k.
    LogNormal(LogNormalSpec),
    /// Counts that vary more than their mean: the negative binomial.
    NegativeBinomial(NegativeBinomialSpec),
    /// Symmetric around its mean: p ∝ exp(−(k − mean)²/2·deviation²).
    Normal(NormalSpec),
    /// Fitted to the lengths in a JSONL file.
    Fitted(FittedSpec),
}

impl Default for LengthReferenceSpec {
    fn default() -> Self {
        LengthReferenceSpec::LogNormal(LogNormalSpec { mode: mode_length(), sigma: 0.4 })
    }
}

/// A log-normal over lengths.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogNormalSpec {
    /// The likeliest length (tokens).
    pub mode: f64,
    /// The standard deviation of the logarithm of the length.
    pub sigma: f64,
}

/// A negative binomial over lengths.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NegativeBinomialSpec {
    /// The mean length (tokens).
    pub mean: f64,
    /// The variance is mean + mean²/dispersion: the smaller, the broader.
    pub dispersion: f64,
}

/// A normal over lengths.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormalSpec {
    /// The mean length (tokens).
    pub mean: f64,
    /// Its standard deviation (tokens).
    pub deviation: f64,
}

/// Lengths of the responses in a JSONL file, and the family that is fitted to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedSpec {
    /// The file: one JSON object a line (path relative to the scenario file).
    pub jsonl: PathBuf,
    /// The field that is measured: a text, a list of chat messages (the last one counts), a list of
    /// token ids, or a whole number that is the length itself.
    #[serde(default = "chosen")]
    pub field: String,
    /// What a length counts.
    #[serde(default)]
    pub unit: LengthUnit,
    /// What is fitted.
    #[serde(default)]
    pub family: FittedFamily,
}

fn chosen() -> String {
    "chosen".to_owned()
}

/// What a length counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LengthUnit {
    /// Words of a text, between white space.
    #[default]
    Words,
    /// Entries of a list of token ids, or the number given.
    Tokens,
}

/// What is fitted to lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FittedFamily {
    /// The likeliest log-normal.
    #[default]
    LogNormal,
    /// The negative binomial of the same mean and variance.
    NegativeBinomial,
    /// The lengths themselves, smoothed by a Gaussian kernel of Silverman's width.
    Smoothed,
}

/// How responses are truncated before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TruncationSpec {
    /// Each response is cut to min(|y|, ⌈E⌉) tokens, E exponential.
    Exponential(ExponentialSpec),
    /// Only responses of at most so many tokens are kept.
    Longest(LongestSpec),
    /// No cut but a tilt: π_ref·exp(−|y|/scale).
    Tilt(TiltSpec),
}

impl Default for TruncationSpec {
    fn default() -> Self {
        TruncationSpec::Exponential(ExponentialSpec { mean: 50.0 })
    }
}

/// An exponential cut.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExponentialSpec {
    /// The mean of E (tokens).
    pub mean: f64,
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongestSpec {
    /// The longest response that is kept (tokens).
    pub tokens: usize,
}

/// An exponential tilt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TiltSpec {
    /// The length that costs a factor e (tokens).
    pub scale: f64,
}
