//! Problems as a scenario writes them.

use super::language::{PromptsSpec, TokensSpec};
use super::length::LengthSpec;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[problem.…]`: what is rewarded and where the reference stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProblemSpec {
    /// One bump over 100 arms.
    ///
    /// *Reading* R1 is hard (less than 5 % of π_ref within ten arms of its peak), R2 easy (nearly
    /// half): a finding that holds on R1 only is about rare peaks.
    ///
    /// *Wrong* Findings on a free table do not carry over between prompts; for that take
    /// policy.mlp.
    Bumps(BumpsSpec),
    /// Two bumps of unequal height.
    ///
    /// *Reading* Both peaks pay, one more: read which of them a policy fills, in density panels
    /// and gold_reward.
    ///
    /// *Wrong* With a free table both divergences end alike, and the question vanishes: use
    /// policy.unimodal or look at early steps.
    TwoModes(TwoModesSpec),
    /// Rewards listed arm by arm.
    ///
    /// *Reading* Your own rewards and π_ref, with everything exact: an optimum can be checked by
    /// hand.
    ///
    /// *Wrong* Rewards on another scale than 0 to 1 change what a temperature, a gap or a margin
    /// means: scale them.
    Table(TableSpec),
    /// Two arms of equal mass that the target tells apart.
    ///
    /// *Reading* Three arms for one theorem: which divergence tells two equally likely arms apart
    /// faster after one small step.
    ///
    /// *Wrong* After many steps both have arrived, and with sampling the noise is larger than the
    /// effect: keep expectation = "exact".
    Separation(SeparationSpec),
    /// Response lengths: the paper's Min, Mode and Skew Length.
    ///
    /// *Reading* Rewards are minus a number of tokens, and a policy's stop decision carries what
    /// it learned from one length to others, as a language model's does.
    ///
    /// *Wrong* An unexpected 512 tokens: pushed mass ended beyond the data; look at
    /// policy.stop.features and coverage/overlap.
    Length(LengthSpec),
    /// Tokens of the paper's N-token bandit.
    ///
    /// *Reading* A bandit whose every response is a row of draws: the step from arms to sequences, with
    /// rewards and π_ref still known.
    ///
    /// *Wrong* Compared with the released code's numbers without a thought: that code also scores the
    /// prompt and gathers other logits.
    Tokens(TokensSpec),
    /// Prompts from a file, for a language model.
    ///
    /// *Reading* A real model on the paper's length tasks: π_ref is the model as it was loaded, and only
    /// samples tell what it does.
    ///
    /// *Wrong* Few prompts and one seed describe one run and decide nothing: read such figures as
    /// examples.
    Prompts(PromptsSpec),
}

impl ProblemSpec {
    /// A difference in reward that is a large one: the range of a bandit's rewards, a hundred
    /// tokens of a length (reward units).
    pub fn large_difference(&self) -> f64 {
        match self {
            ProblemSpec::Length(_) | ProblemSpec::Prompts(_) => 100.0,
            _ => 1.0,
        }
    }

    /// Its name in scenarios: the table below `problem`.
    pub fn name(&self) -> &'static str {
        match self {
            ProblemSpec::Bumps(_) => "bumps",
            ProblemSpec::TwoModes(_) => "two-modes",
            ProblemSpec::Table(_) => "table",
            ProblemSpec::Separation(_) => "separation",
            ProblemSpec::Length(_) => "length",
            ProblemSpec::Tokens(_) => "tokens",
            ProblemSpec::Prompts(_) => "prompts",
        }
    }

    /// The prompts, where the responses are texts.
    pub fn prompts(&self) -> Option<&PromptsSpec> {
        match self {
            ProblemSpec::Prompts(prompts) => Some(prompts),
            _ => None,
        }
    }

    /// Whether a language model responds, by sequences of tokens, and no policy over arms.
    pub fn is_language(&self) -> bool {
        matches!(self, ProblemSpec::Tokens(_) | ProblemSpec::Prompts(_))
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
    ///
    /// *Reading* The place of the peak against π_ref sets how rare success is; wider bumps
    /// (R1-width-20, -30) make R1 easier.
    ///
    /// *Wrong* All methods alike from the first step on: R2 hides what on-policy sampling and a
    /// negative gradient are for.
    pub reward: Bump,
    /// π_ref.
    ///
    /// *Reading* Fig 2 shows the paper's. A uniform one makes every arm equally likely, and R1 and
    /// R2 the same problem.
    ///
    /// *Wrong* A table that makes an arm nearly impossible hides it from every method that
    /// samples: it is never drawn, and so never learned. 0 itself is refused.
    #[serde(default)]
    pub reference: ReferenceSpec,
    /// The target of the divergence objectives and metrics is π_ref·exp(r / target_temperature).
    ///
    /// *Reading* Only the divergence objectives and *_target metrics see it: smaller is a sharper
    /// target. 0.1 by default.
    ///
    /// *Wrong* Far below the differences in reward the target is one arm, and forward and reverse
    /// KL do the same.
    #[serde(default = "target_temperature")]
    pub target_temperature: f64,
    /// D_pref: whose responses the preference data hold.
    ///
    /// *Reading* `gaussian` moves the data away from π_ref, as truncation does on lengths: offline
    /// methods see that region only, on-policy ones never do.
    ///
    /// *Wrong* Offline methods end where the data are and not where the reward is: the bump misses the
    /// peak. A width below 0.5 arms is refused.
    #[serde(default, skip_serializing_if = "ArmDataSpec::is_reference")]
    pub data: ArmDataSpec,
}

/// `[problem.two-modes]`: the target is a mixture of two discretised Gaussians, and the reward is
/// the target divided by its largest value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoModesSpec {
    /// How many arms there are.
    ///
    /// *Reading* As many as the bandits have by default, so that peaks and widths are in the same
    /// units.
    ///
    /// *Wrong* With few arms wide peaks run into each other and there is one mode left.
    #[serde(default = "hundred")]
    pub arms: usize,
    /// The arms of the two peaks.
    ///
    /// *Reading* Where the two peaks stand; their distance from where a policy starts decides
    /// which one the reverse KL finds.
    ///
    /// *Wrong* From arm 40 it finds the nearer, lower one (claim 6.i): move the start or the peaks
    /// and see it turn.
    pub peaks: [f64; 2],
    /// The masses of the two peaks; they are normalised.
    ///
    /// *Reading* Only their ratio counts: it is how much more the higher peak is wanted.
    ///
    /// *Wrong* Nearly equal masses make the two ends equally good, and gold_reward no longer tells
    /// which peak was found.
    pub masses: [f64; 2],
    /// The standard deviations of the two peaks (arms).
    ///
    /// *Reading* Standard deviations in arms; a narrow peak is higher at equal mass, and the
    /// reward is the target over its maximum.
    ///
    /// *Wrong* A peak much narrower than a unimodal policy's width cannot be filled: the reward
    /// stays low although its place is right.
    pub widths: [f64; 2],
    /// π_ref.
    ///
    /// *Reading* Where sampled policies and offline data start; the exact divergences start from
    /// the policy's own first state.
    ///
    /// *Wrong* A reference that lacks one peak hides it from offline data, and mode-seeking is
    /// then a matter of coverage.
    #[serde(default)]
    pub reference: ReferenceSpec,
    /// D_pref: whose responses the preference data hold.
    ///
    /// *Reading* `gaussian` moves the data away from π_ref, as truncation does on lengths: offline
    /// methods see that region only, on-policy ones never do.
    ///
    /// *Wrong* Offline methods end where the data are and not where the reward is: the bump misses the
    /// peak. A width below 0.5 arms is refused.
    #[serde(default, skip_serializing_if = "ArmDataSpec::is_reference")]
    pub data: ArmDataSpec,
}

/// `[problem.table]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// The reward of each arm.
    ///
    /// *Reading* Listed arm by arm; only differences matter to pairwise losses, sizes to RWR and
    /// policy gradients.
    ///
    /// *Wrong* Equal rewards are ties and their pairs are dropped (pairs.ties): a table of two
    /// values leaves few pairs.
    pub rewards: Column,
    /// π_ref.
    ///
    /// *Reading* Probabilities that sum to 1, or a named one. It is what every log-ratio is
    /// measured to.
    ///
    /// *Wrong* A probability of 0, or a sum off 1 by more than 1e-6, is refused: KL to it would be
    /// infinite or wrong.
    pub reference: ReferenceSpec,
    /// The target distribution; without it π_ref·exp(r / target_temperature).
    ///
    /// *Reading* Where the two divergence objectives end. Without it the reward and
    /// target_temperature make one.
    ///
    /// *Wrong* A probability of 0 is refused, because the reverse KL to it is infinite: give such
    /// arms a little mass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Column>,
    /// See `target`.
    ///
    /// *Reading* Used only where no target is given: π_ref·exp(r/temperature).
    ///
    /// *Wrong* Given beside a target it changes nothing, so that a sweep over it draws the same
    /// curve again and again.
    #[serde(default = "target_temperature")]
    pub target_temperature: f64,
}

/// `[problem.separation]`: π_ref = (p, p, 1 − 2p), target = (q₁, q₂, 1 − q₁ − q₂); the reward is the
/// target's probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeparationSpec {
    /// The probability of each of the first two arms under π_ref.
    ///
    /// *Reading* Against the metric `boundary`: above it the reverse KL separates faster, below it
    /// the forward KL.
    ///
    /// *Wrong* At 0.5 and above the third arm would have no mass: it must stay below.
    pub p: f64,
    /// The target's probability of the first arm.
    ///
    /// *Reading* The wanted arm's probability; the further from q2, the further the boundary
    /// moves.
    ///
    /// *Wrong* Equal to q2 there is nothing to tell apart and the logarithmic mean has no meaning:
    /// it is refused.
    pub q1: f64,
    /// The target's probability of the second arm, below `q1`.
    ///
    /// *Reading* The smaller it is, the lower the boundary (q₁ − q₂)/ln(q₁/q₂), slowly.
    ///
    /// *Wrong* At 0 the logarithm is infinite; give a small number such as 0.05.
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
        ///
        /// *Reading* One row for each arm, in order; the file's numbers become part of the cell's
        /// name.
        ///
        /// *Wrong* A text among the numbers is refused, and so is a π_ref whose rows are not as
        /// many as the rewards.
        csv: PathBuf,
        /// The column's name.
        ///
        /// *Reading* The header of the column that is read; others may stand beside it.
        ///
        /// *Wrong* A name that is not in the header is refused with the headers there are.
        column: String,
    },
}

/// π_ref.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ReferenceSpec {
    /// tanh(Cauchy(−0.7, 0.4)) in equal bins of [−1, 1], the paper's.
    ///
    /// *Reading* Most mass at low arms, a heavy tail: R2 lies in its bulk and R1 in its tail.
    ///
    /// *Wrong* Results here are about a skewed π_ref; check a finding with `uniform` before
    /// calling it general.
    #[default]
    BinnedCauchy,
    /// Every arm alike.
    ///
    /// *Reading* Coverage is perfect: offline data see every arm alike, and differences between
    /// methods shrink.
    ///
    /// *Wrong* Nothing is rare any more, so that on-policy sampling and small B look pointless.
    Uniform,
    /// exp(−(a − mean)²/2width²), normalised: where `policy.unimodal` of the same numbers starts.
    ///
    /// *Reading* A π_ref of one bump: give `policy.unimodal` the same mean and width, so that the
    /// policy begins where π_ref stands and every log-ratio begins at 0.
    ///
    /// *Wrong* Other numbers than the policy's own: log-ratios and KL(π‖π_ref) are not 0 at step 0, and
    /// DPO and IPO start from margins that nobody trained.
    Gaussian(GaussianSpec),
    /// Probabilities arm by arm; they are normalised if they sum to 1 within 1e-6.
    ///
    /// *Reading* Any shape, for instance one fitted to data of your own.
    ///
    /// *Wrong* One probability for each arm, all above 0: another number of them is refused with
    /// the number that is needed.
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
    ///
    /// *Reading* The further the bump lies from π_ref, the less of π_ref's mass has data: compare
    /// offline methods with on-policy ones, which do not read it.
    ///
    /// *Wrong* A bump of one or two arms holds hardly a pair of unequal rewards: offline contrastive
    /// methods stop after 1000 rounds without one.
    Gaussian(GaussianSpec),
}

impl ArmDataSpec {
    /// Whether the data are responses of π_ref.
    pub fn is_reference(&self) -> bool {
        *self == ArmDataSpec::Reference
    }
}
