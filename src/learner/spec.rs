//! The learner's settings as a scenario writes them.

use serde::{Deserialize, Serialize};

/// Where the responses of a round come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataSource {
    /// Drawn from π_θ at the start of the round.
    #[default]
    OnPolicy,
    /// Drawn once before step 0, from π_ref or from a preference set.
    Offline,
}

/// Whether expectations over responses are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// Responses are drawn.
    #[default]
    Sampled,
    /// Every arm is listed with its probability: exact gradients.
    Exact,
    /// Nothing is trained: the exact optimum of the offline loss is measured.
    FixedPoint,
}

/// How the learning rate changes over the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// It stays.
    #[default]
    Constant,
    /// It falls on a straight line to zero at the last step.
    Linear,
    /// It falls on half a cosine to zero at the last step.
    Cosine,
}

/// `[schedule]`: Algorithm 1 with B, C, M and T.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSpec {
    /// Where the responses of a round come from.
    #[serde(default)]
    pub data: DataSource,
    /// Whether expectations over responses are sampled.
    #[serde(default)]
    pub expectation: Expectation,
    /// B: responses per round.
    #[serde(default = "hundred")]
    pub samples_per_round: usize,
    /// C: responses per prompt.
    #[serde(default = "ten")]
    pub responses_per_prompt: usize,
    /// M: responses per optimizer step.
    #[serde(default = "hundred")]
    pub minibatch: usize,
    /// T: passes over the responses of a round.
    #[serde(default = "one")]
    pub passes: usize,
    /// Optimizer steps in all.
    pub steps: u64,
    /// Gradients longer than this (Euclidean norm) are shortened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_clip: Option<f64>,
    /// A log-probability of the policy below this counts as this and gets no gradient (nats); the
    /// released code stops at log 2⁻²³ = −15.94.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_probability_floor: Option<f64>,
    /// How the learning rate changes over the run.
    #[serde(default)]
    pub learning_rate_decay: Decay,
    /// Steps over which the learning rate rises on a straight line from zero.
    #[serde(default)]
    pub warmup_steps: u64,
}

fn hundred() -> usize {
    100
}
fn ten() -> usize {
    10
}
fn one() -> usize {
    1
}

/// `data.prompts`: a pool of a fixed size, or a new prompt every time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number of prompts or \"fresh\"")]
pub enum Prompts {
    /// A pool of this many prompts, cycled in seeded, shuffled order.
    Pool(usize),
    /// Every prompt is new.
    Fresh(Fresh),
}

/// The word `fresh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fresh {
    /// Every prompt is new.
    Fresh,
}

/// A CSV file of comparisons between arms: columns `chosen`, `rejected` and, optionally, `prompt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferenceFile {
    /// Path, relative to the scenario file.
    pub csv: std::path::PathBuf,
}

/// `[data]`: the prompts, and a preference set in place of draws from π_ref.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSpec {
    /// The training prompts.
    pub prompts: Prompts,
    /// Offline comparisons from a file instead of draws from π_ref.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferences: Option<PreferenceFile>,
}

impl Default for DataSpec {
    fn default() -> Self {
        DataSpec { prompts: Prompts::Fresh(Fresh::Fresh), preferences: None }
    }
}

/// `[optimizer.adam]` or `[optimizer.sgd]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum OptimizerSpec {
    /// Adam (arXiv 1412.6980) with bias correction and no weight decay.
    Adam(AdamSpec),
    /// Stochastic gradient descent with heavy-ball momentum.
    Sgd(SgdSpec),
}

/// Adam's settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamSpec {
    /// Step size.
    pub learning_rate: f64,
    /// Decay of the gradient's running mean.
    #[serde(default = "beta1")]
    pub beta1: f64,
    /// Decay of the squared gradient's running mean.
    #[serde(default = "beta2")]
    pub beta2: f64,
    /// Added to the root of the squared gradient's mean.
    #[serde(default = "epsilon")]
    pub epsilon: f64,
}

fn beta1() -> f64 {
    0.9
}
fn beta2() -> f64 {
    0.999
}
fn epsilon() -> f64 {
    1e-8
}

/// SGD's settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgdSpec {
    /// Step size.
    pub learning_rate: f64,
    /// Share of the last step that is kept.
    #[serde(default)]
    pub momentum: f64,
}

/// `[measure]`: when and on what the policy is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MeasureSpec {
    /// Measure every so many steps (and at step 0 and the last).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Or measure at so many log-spaced steps (and at step 0 and the last).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
    /// Evaluation prompts (policies that ignore the context need one).
    pub states: usize,
    /// Evaluation pairs, drawn from π_ref.
    pub pairs: usize,
    /// The metrics that are written; empty: all.
    pub metrics: Vec<String>,
    /// Also write the probability of every arm (`probability/ARM`) at each measured step.
    pub distribution: bool,
}

impl Default for MeasureSpec {
    fn default() -> Self {
        MeasureSpec {
            every: None,
            points: None,
            states: 100,
            pairs: 100,
            metrics: Vec::new(),
            distribution: false,
        }
    }
}
