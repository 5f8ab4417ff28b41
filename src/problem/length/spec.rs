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
    ///
    /// *Reading* Min: far peak, covered data. Mode: near peak. Skew: far peak, data elsewhere. The
    /// paper's three geometries.
    ///
    /// *Wrong* A finding from Mode alone says little: there nearly everything works within a few
    /// tokens, and B and T do not matter.
    pub task: LengthTask,
    /// The longest response (tokens).
    ///
    /// *Reading* The last arm is where a policy ends that never stops: 512 tokens by default.
    ///
    /// *Wrong* Mass at the last arm is a run-away and not an optimum; a larger limit only lets it
    /// run further.
    #[serde(default = "longest")]
    pub longest: usize,
    /// Where the reward of Mode Length peaks (tokens).
    ///
    /// *Reading* 203 is the mode of π_ref, so that Mode Length rewards what is already likely.
    ///
    /// *Wrong* Moved away from π_ref's bulk it makes another task: use `peak` and call it that.
    #[serde(default = "mode_length")]
    pub mode_length: f64,
    /// The reward's peak in place of the task's own: 0 (Min, Skew) or `mode_length` (Mode) (tokens).
    ///
    /// *Reading* A dial between Min (0) and Mode (203), as in the phase diagram.
    ///
    /// *Wrong* Between the two a parabola r_φ fits badly, because the reward has a kink: offline
    /// DPO then beats methods that trust it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak: Option<f64>,
    /// The lengths of π_ref.
    ///
    /// *Reading* Its mean is where mean_length starts: 248 for the default, although its mode is
    /// 203.
    ///
    /// *Wrong* A very narrow one leaves nothing to sample near a far peak: on-policy learning then
    /// has to creep.
    #[serde(default)]
    pub reference: LengthReferenceSpec,
    /// The share of π_ref that is spread evenly over all lengths, so that none is impossible.
    ///
    /// *Reading* 0.1 % makes sure that no length is impossible, so that ratios and KL are finite.
    ///
    /// *Wrong* 0 is refused, since a length of probability 0 makes KL infinite; at 0.1 every tenth
    /// response is noise.
    #[serde(default = "evenly_spread")]
    pub evenly_spread: f64,
    /// The share of prompts whose responses are truncated before they are compared, in place of the
    /// task's own: 0 (Min, Mode) or 1 (Skew).
    ///
    /// *Reading* 0 is Min's data and 1 wholly truncated ones; the overlap with π_ref falls from 1
    /// to 0.13.
    ///
    /// *Wrong* A learned reward that is right at 0.5 and wrong at 1: watch
    /// proxy_correlation/reference along the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_fraction: Option<f64>,
    /// How responses are truncated.
    ///
    /// *Reading* How short data become: the exponential cut of mean 50 leaves a mean of some 48
    /// tokens.
    ///
    /// *Wrong* A tilt instead of a cut keeps the order of the tail and is a milder problem:
    /// findings on one need not hold on the other.
    #[serde(default)]
    pub truncation: TruncationSpec,
    /// The target of the divergence objectives and metrics is π_ref·exp(r / target_temperature)
    /// (tokens).
    ///
    /// *Reading* Tokens that are worth a factor e in the target of the divergences; 10 by default.
    ///
    /// *Wrong* One token or less makes the target the peak alone, and forward and reverse KL look
    /// the same.
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
    ///
    /// *Reading* The default (mode 203, σ 0.4): a mean of 248 and a long tail, as response lengths
    /// have.
    ///
    /// *Wrong* Its tail hides in the mean: compare medians when you fit your own data.
    LogNormal(LogNormalSpec),
    /// Counts that vary more than their mean: the negative binomial.
    ///
    /// *Reading* Counts with more spread than their mean, with mass at short lengths.
    ///
    /// *Wrong* A small dispersion puts much mass at 0, and Min Length is nearly solved before it
    /// begins.
    NegativeBinomial(NegativeBinomialSpec),
    /// Symmetric around its mean: p ∝ exp(−(k − mean)²/2·deviation²).
    ///
    /// *Reading* Symmetric: mean and mode agree, so that Mode Length has one centre.
    ///
    /// *Wrong* Cut off at 0 where the deviation is large against the mean: then it is no longer
    /// symmetric.
    Normal(NormalSpec),
    /// Fitted to the lengths in a JSONL file.
    ///
    /// *Reading* Your own data's lengths; look at a density panel before anything else.
    ///
    /// *Wrong* Too few rows, or a mixture of two kinds of responses, fit badly with one family:
    /// take `smoothed`.
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
    ///
    /// *Reading* The likeliest length; the mean lies above it by a factor of about e^(1.5·σ²).
    ///
    /// *Wrong* Set to the mean of your data it is too large: lengths are skewed, take their peak.
    pub mode: f64,
    /// The standard deviation of the logarithm of the length.
    ///
    /// *Reading* 0.4 gives a spread of some ±40 %. Larger means a longer tail.
    ///
    /// *Wrong* Above 1 much of the mass reaches the last arm and piles up before the limit.
    pub sigma: f64,
}

/// A negative binomial over lengths.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NegativeBinomialSpec {
    /// The mean length (tokens).
    ///
    /// *Reading* The mean of the lengths before the cut at `longest`.
    ///
    /// *Wrong* Near `longest` much of the law is cut off, and the mean that is reached is lower.
    pub mean: f64,
    /// The variance is mean + mean²/dispersion: the smaller, the broader.
    ///
    /// *Reading* Variance mean + mean²/dispersion: 1 is nearly exponential, 100 nearly Poisson.
    ///
    /// *Wrong* Very large: all lengths are alike, and pairs are ties or one token apart.
    pub dispersion: f64,
}

/// A normal over lengths.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormalSpec {
    /// The mean length (tokens).
    ///
    /// *Reading* Centre of the lengths: mean, median and mode agree.
    ///
    /// *Wrong* Below two deviations from 0 the law is cut and its mean shifts up.
    pub mean: f64,
    /// Its standard deviation (tokens).
    ///
    /// *Reading* Two thirds of the responses lie within one of it around the mean.
    ///
    /// *Wrong* A few tokens only: on-policy samples never reach a peak that is far, and
    /// evenly_spread is all that does.
    pub deviation: f64,
}

/// Lengths of the responses in a JSONL file, and the family that is fitted to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedSpec {
    /// The file: one JSON object a line (path relative to the scenario file).
    ///
    /// *Reading* One object a line; the path is relative to the scenario file.
    ///
    /// *Wrong* A line that is no JSON, or lacks the field, is refused with its number.
    pub jsonl: PathBuf,
    /// The field that is measured: a text, a list of chat messages (the last one counts), a list of
    /// token ids, or a whole number that is the length itself.
    ///
    /// *Reading* `chosen` by default, as preference sets have it; `rejected` of the same file
    /// gives another law.
    ///
    /// *Wrong* A list of chat messages counts its last one only: a prompt is no response.
    #[serde(default = "chosen")]
    pub field: String,
    /// What a length counts.
    ///
    /// *Reading* Words are blanks apart, tokens are entries of a list: English text has some 1.3
    /// tokens a word.
    ///
    /// *Wrong* A text measured in tokens is refused, since no tokenizer is loaded: give token ids,
    /// or count words.
    #[serde(default)]
    pub unit: LengthUnit,
    /// What is fitted.
    ///
    /// *Reading* Log-normal is a good first guess; `smoothed` keeps every bump of the data.
    ///
    /// *Wrong* `smoothed` on fewer than a hundred lengths draws their noise into π_ref.
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
    ///
    /// *Reading* Every response gets a limit of its own, so that the data are short and still
    /// varied.
    ///
    /// *Wrong* A mean near π_ref's own leaves the data nearly as they were: coverage/overlap
    /// tells.
    Exponential(ExponentialSpec),
    /// Only responses of at most so many tokens are kept.
    ///
    /// *Reading* A hard limit: nothing longer is ever seen, and KL(π_ref‖D_pref) is infinite.
    ///
    /// *Wrong* Offline methods know nothing at all beyond the limit; what they do there is what
    /// the policy's features say.
    Longest(LongestSpec),
    /// No cut but a tilt: π_ref·exp(−|y|/scale).
    ///
    /// *Reading* Reweights instead of cutting: long responses are rare and not absent.
    ///
    /// *Wrong* A large scale changes nothing; compare mean lengths of data and π_ref.
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
    ///
    /// *Reading* 50 gives truncated data of some 48 tokens against 248 of π_ref.
    ///
    /// *Wrong* Small means make nearly all responses equally short: pairs are ties, and
    /// comparisons are few.
    pub mean: f64,
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongestSpec {
    /// The longest response that is kept (tokens).
    ///
    /// *Reading* The longest response that is compared; coverage/overlap is π_ref's mass below it.
    ///
    /// *Wrong* Below π_ref's bulk only evenly spread mass is left, and the data are noise.
    pub tokens: usize,
}

/// An exponential tilt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TiltSpec {
    /// The length that costs a factor e (tokens).
    ///
    /// *Reading* Tokens that cost a factor e: 20 turns a mean of 248 into a short one, 1000 hardly
    /// changes it.
    ///
    /// *Wrong* Compare with `exponential` by coverage/overlap and not by this number: they are
    /// different laws.
    pub scale: f64,
}
