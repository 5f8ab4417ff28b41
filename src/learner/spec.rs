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
    /// It falls on a straight line that reaches zero one step after the last.
    Linear,
    /// It falls on half a cosine that reaches zero one step after the last.
    Cosine,
}

/// `[schedule]`: Algorithm 1 with B, C, M and T.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSpec {
    /// Where the responses of a round come from.
    ///
    /// *Reading* The first thing to compare: on R1 on-policy IPO beats offline IPO by 0.44 of the
    /// mean reward, DPO by 0.10.
    ///
    /// *Wrong* Offline curves that stop early are at their optimum; on-policy ones that stop early
    /// have collapsed. The remedies differ.
    #[serde(default)]
    pub data: DataSource,
    /// Whether expectations over responses are sampled.
    ///
    /// *Reading* `exact` takes the noise of sampling out, `fixed-point` trains nothing and gives
    /// where an offline loss would end: draw it dotted.
    ///
    /// *Wrong* `fixed-point` is refused where there is no optimum, such as DPO with exact labels,
    /// whose margins grow without end.
    #[serde(default)]
    pub expectation: Expectation,
    /// B: responses per round.
    ///
    /// *Reading* B/M steps are made on one draw: 1 is fresh. On R1 B = 6400 against 100 costs 0.15
    /// of the mean reward; on R2 0.01.
    ///
    /// *Wrong* A curve in stairs, flat within a round and rising between: stale samples. Lower B,
    /// raise M, or accept it where π_ref covers the peak.
    #[serde(default = "hundred")]
    pub samples_per_round: usize,
    /// C: responses per prompt.
    ///
    /// *Reading* For Best-of-N it is the strength N; for pairwise losses C responses give C(C−1)/2
    /// pairs and cost C queries.
    ///
    /// *Wrong* Changing C at fixed B changes the number of prompts and Best-of-N's optimum at
    /// once: sweep it with a control.
    #[serde(default = "ten")]
    pub responses_per_prompt: usize,
    /// M: responses per optimizer step.
    ///
    /// *Reading* Larger is less noise a step and fewer steps a round. It holds whole prompts.
    ///
    /// *Wrong* A small M with Adam at a high rate makes curves jitter and seeds part.
    #[serde(default = "hundred")]
    pub minibatch: usize,
    /// T: passes over the responses of a round.
    ///
    /// *Reading* Queries are M·steps/T: T = 2 beats T = 1 at equal queries by 0.33 for Best-of-N
    /// on R1, and changes nothing at equal steps.
    ///
    /// *Wrong* T = 64 hurts every method without a clip (0.165 for Best-of-N on R1); clipped PPO
    /// stays but is slow per step. Stop where the curve over T turns.
    #[serde(default = "one")]
    pub passes: usize,
    /// Optimizer steps in all.
    ///
    /// *Reading* Steps and not rounds, so that settings with different B and T are compared at
    /// equal optimizer steps.
    ///
    /// *Wrong* Ending inside a round of the largest B compares half-used samples: take a multiple
    /// of B/M.
    pub steps: u64,
    /// Gradients longer than this (Euclidean norm) are shortened to it.
    ///
    /// *Reading* Shortens single large gradients; with Adam it hardly matters, because Adam
    /// divides by their size anyway.
    ///
    /// *Wrong* Below the usual grad_norm every step is clipped, and SGD becomes a walk of constant
    /// length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_clip: Option<f64>,
    /// A log-probability of the policy below this counts as this and gets no gradient (nats); the
    /// released code stops at log 2⁻²³ = −15.94.
    ///
    /// *Reading* −15.94 as in the released code: responses below π = 1.2e-7 get no gradient,
    /// neither push nor pull. It lowers offline IPO on R2 from 0.95 to 0.93.
    ///
    /// *Wrong* An arm below it is neither pulled nor pushed itself, so that a good one lost early
    /// stays lost. If a method freezes with it, leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_probability_floor: Option<f64>,
    /// How the learning rate changes over the run.
    ///
    /// *Reading* With `constant` the end still jitters; `linear` and `cosine` settle it.
    ///
    /// *Wrong* A comparison at equal steps of runs with different `steps` is then one of different
    /// rates too.
    #[serde(default)]
    pub learning_rate_decay: Decay,
    /// Steps over which the learning rate rises on a straight line from zero.
    ///
    /// *Reading* Adam's first steps are as large as its rate: a few warm-up steps keep them from
    /// setting the course.
    ///
    /// *Wrong* Longer than a tenth of the run it is the same as a lower rate.
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

/// `[optimizer.adam]` or `[optimizer.sgd]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum OptimizerSpec {
    /// Adam (arXiv 1412.6980) with bias correction and no weight decay.
    ///
    /// *Reading* Divides by the gradient's size, so that all losses move at about the learning
    /// rate a step: it hides differences in scale between methods.
    ///
    /// *Wrong* Differences that vanish against SGD's twin figures (fig18-sgd, fig19-sgd) were the
    /// optimizer's; below epsilon it stops.
    Adam(AdamSpec),
    /// Stochastic gradient descent with heavy-ball momentum.
    ///
    /// *Reading* A step is as large as the loss makes it: the twin figures show what Adam evens
    /// out.
    ///
    /// *Wrong* One rate cannot serve all: RWR on lengths hardly moves where PPO jumps to the peak
    /// in one step. Tune each by the same grid.
    Sgd(SgdSpec),
}

impl OptimizerSpec {
    /// The same settings at another learning rate.
    #[must_use]
    pub fn with_learning_rate(&self, learning_rate: f64) -> Self {
        match *self {
            OptimizerSpec::Adam(adam) => OptimizerSpec::Adam(AdamSpec { learning_rate, ..adam }),
            OptimizerSpec::Sgd(sgd) => OptimizerSpec::Sgd(SgdSpec { learning_rate, ..sgd }),
        }
    }
}

/// Adam's settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamSpec {
    /// Step size.
    ///
    /// *Reading* About how far a logit moves in a step: 0.1 on tables and stop decisions, 0.003 on
    /// the network.
    ///
    /// *Wrong* On-policy too high, and seeds freeze beside the peak (entropy 0, reward flat);
    /// offline IPO breaks above 1 on Min Length and all but RWR at 10. Too low: everything is
    /// offline-like slow and methods look alike.
    pub learning_rate: f64,
    /// Decay of the gradient's running mean.
    ///
    /// *Reading* Memory of some 1/(1 − β₁) = 10 steps of direction.
    ///
    /// *Wrong* Near 1 a policy runs past the peak before it turns round: mean_distance swings.
    #[serde(default = "beta1")]
    pub beta1: f64,
    /// Decay of the squared gradient's running mean.
    ///
    /// *Reading* Memory of some 1000 steps of size: after a spike steps stay small for long.
    ///
    /// *Wrong* At small values one rare response with a large weight sets the scale, then the
    /// next: jitter.
    #[serde(default = "beta2")]
    pub beta2: f64,
    /// Added to the root of the squared gradient's mean.
    ///
    /// *Reading* Without effect while gradients are well above it.
    ///
    /// *Wrong* RWR with all weights tiny (lengths at small temperatures) has gradients below 1e-8:
    /// steps go to 0 and the curve stays at π_ref. Lower it, or set rwr.normalise.
    #[serde(default = "epsilon")]
    pub epsilon: f64,
}

impl AdamSpec {
    /// Adam at a learning rate, all else as it is where a scenario leaves it out.
    pub fn new(learning_rate: f64) -> Self {
        AdamSpec { learning_rate, beta1: beta1(), beta2: beta2(), epsilon: epsilon() }
    }
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
    ///
    /// *Reading* Multiplies the loss's own scale, so that tuned rates differ by method and task: 1
    /// for PPO on Mode Length, 100 on Min, 30 for on-policy DPO on Mode.
    ///
    /// *Wrong* A jump in the first step and flat afterwards: it overshot into a collapsed policy.
    /// Half a decade less is the next try.
    pub learning_rate: f64,
    /// Share of the last step that is kept.
    ///
    /// *Reading* Effective rate learning_rate/(1 − momentum): 0.9 is ten times as fast.
    ///
    /// *Wrong* Raised without lowering the rate it overshoots like a rate ten times too high.
    #[serde(default)]
    pub momentum: f64,
}

/// `[measure]`: when and on what the policy is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MeasureSpec {
    /// Measure every so many steps (and at step 0 and the last).
    ///
    /// *Reading* Sets how finely steps_to and areas are known: a threshold is met at a measured
    /// step.
    ///
    /// *Wrong* In wide gaps steps_to is read off a straight line, and a peak that
    /// over_optimisation should see is missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Or measure at so many log-spaced steps (and at step 0 and the last).
    ///
    /// *Reading* Log-spaced steps see the early phase in detail, which is where methods differ.
    ///
    /// *Wrong* Late points lie far apart: a collapse between two of them is seen only at the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
    /// Evaluation prompts (policies that ignore the context need one).
    ///
    /// *Reading* Evaluation prompts for a network; tables need one.
    ///
    /// *Wrong* A few give a rough mean over contexts, and curves of seeds jitter together.
    pub states: usize,
    /// Evaluation pairs, drawn from π_ref.
    ///
    /// *Reading* Shared by all methods of a seed; 100 give the log-ratio metrics an error of a
    /// tenth of their spread.
    ///
    /// *Wrong* Very few: margin and logps follow single pairs. They are drawn from π_ref and say
    /// nothing of pairs elsewhere.
    pub pairs: usize,
    /// The metrics that are written; empty: all.
    ///
    /// *Reading* What is not listed is not computed, which makes runs faster and files small. Of language models
    /// what warnings read is written too where it costs nothing: lengths and cuts of answers that are drawn anyway,
    /// log-ratios of pairs that are read anyway, idle_prompts, ratio_clipped, effective_samples.
    ///
    /// *Wrong* A panel or claim that asks for more is refused before anything runs.
    pub metrics: Vec<String>,
    /// Also write the probability of every arm (`probability/ARM`) at each measured step.
    ///
    /// *Reading* Needed for panels of kind `density`; also writes π_ref, reward and target.
    ///
    /// *Wrong* A row for each arm and measured step: files of many megabytes with a small `every`.
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
