//! Who acts: policies give log-probabilities and take coefficients back.
//!
//! A policy knows no objective. [`Policy::accumulate`] runs one forward pass, hands the
//! log-probabilities to a closure, receives the coefficients cᵢ = ∂loss/∂log π(yᵢ) and adds
//! Σ cᵢ ∇θ log π(yᵢ) to its gradients: the chain rule, and all that a method needs.

mod batch;
mod divergence;
mod language;
mod layers;
mod mlp;
mod stop;
mod table;
mod tabular;
mod unimodal;

pub use batch::{Batch, Ragged};
pub use divergence::{Divergences, divergences};
pub use language::{Activations, LanguageModelSpec, LoraSpec, NanoSpec, ScoringModelSpec};
pub use mlp::{FitSpec, Mlp, MlpSpec};
pub use stop::{StopFeatures, StopOrContinue, StopSpec};
pub use table::{ContextFree, KeptRow};
pub use tabular::Tabular;
pub use unimodal::{Unimodal, UnimodalSpec};

use crate::stream::Draws;
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A response of a bandit: the index of an arm, counted from zero.
pub type Arm = usize;

/// A prompt of a bandit: a vector of features (empty for policies that ignore it).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<f32>", into = "Vec<f32>")]
pub struct Context(pub Arc<[f32]>);

impl From<Vec<f32>> for Context {
    fn from(features: Vec<f32>) -> Self {
        Context(features.into())
    }
}

impl From<Context> for Vec<f32> {
    fn from(context: Context) -> Self {
        context.0.to_vec()
    }
}

impl Context {
    /// The context of policies that ignore contexts.
    pub fn empty() -> Self {
        Context(Arc::from([]))
    }
}

/// What can go wrong between a policy and its caller.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
pub enum PolicyError {
    /// Arrays of different lengths were passed together.
    #[error("{what}: {given} were given, {expected} are needed")]
    Shape {
        /// Which array.
        what: &'static str,
        /// Its length.
        given: usize,
        /// The length it must have.
        expected: usize,
    },
    /// A response that the policy cannot give.
    #[error("arm {arm} does not exist: arms are 0 to {last}")]
    UnknownArm {
        /// The arm asked for.
        arm: usize,
        /// The last arm there is.
        last: usize,
    },
    /// A language model could not serve.
    #[error("{0}")]
    Model(String),
    /// A program of the user's, which may be mended, gave no rewards.
    #[error("{0}")]
    Unscored(String),
}

/// The numbers of one named parameter tensor and its gradient, in the precision it is kept in.
pub enum Scalars<'a> {
    /// Single precision: networks.
    F32 {
        /// The parameter's values.
        value: &'a mut [f32],
        /// ∂loss/∂value.
        gradient: &'a mut [f32],
    },
    /// Double precision: tables.
    F64 {
        /// The parameter's values.
        value: &'a mut [f64],
        /// ∂loss/∂value.
        gradient: &'a mut [f64],
    },
}

impl Scalars<'_> {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match self {
            Scalars::F32 { value, .. } => value.len(),
            Scalars::F64 { value, .. } => value.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A named parameter with its gradient.
pub struct Parameter<'a> {
    /// Unique within the policy; parameters are always listed sorted by name.
    pub name: &'a str,
    /// The numbers.
    pub scalars: Scalars<'a>,
}

impl Parameter<'_> {
    /// Sets the gradient to zero.
    fn clear_gradient(self) {
        match self.scalars {
            Scalars::F32 { gradient, .. } => gradient.fill(0.0),
            Scalars::F64 { gradient, .. } => gradient.fill(0.0),
        }
    }
}

impl PolicySpec {
    /// The language model that acts, or that stands below a reward model's head.
    pub fn decoder(&self) -> Option<LanguageModelSpec> {
        match self {
            PolicySpec::LanguageModel(model) => Some(model.clone()),
            PolicySpec::RewardModel(model) => Some(model.as_language_model()),
            _ => None,
        }
    }
}

/// Something that acts and can be pushed: all that the learner knows of a bandit or a language model.
pub trait Policy {
    /// What is responded to.
    type Prompt: Clone;
    /// What is responded.
    type Response: Clone + PartialEq;

    /// Draws `per_prompt` responses for each prompt, prompt by prompt; the k-th response of the
    /// call reads the k-th address of `draws` and nothing else.
    fn sample(
        &self,
        prompts: &[Self::Prompt],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Self::Response>, PolicyError>;

    /// Adds Σ cᵢ ∇θ log π(yᵢ) to the gradients: one forward pass, one backward pass.
    ///
    /// The closure sees the log-probabilities (`[response][token]`, nats) and returns one
    /// coefficient for each of them, or `None` to stop before the backward pass.
    fn accumulate(
        &mut self,
        batch: &Batch<Self::Prompt, Self::Response>,
        coefficients: &mut dyn FnMut(&Ragged) -> Option<Vec<f64>>,
    ) -> Result<(), PolicyError>;

    /// The log-probabilities of a batch (`[response][token]`, nats), without any gradient.
    fn log_probs(&self, batch: &Batch<Self::Prompt, Self::Response>)
    -> Result<Ragged, PolicyError>;

    /// Every parameter with its gradient, sorted by name.
    fn parameters_mut(&mut self) -> Vec<Parameter<'_>>;

    /// Sets every gradient to zero.
    fn clear_gradients(&mut self) {
        self.parameters_mut().into_iter().for_each(Parameter::clear_gradient);
    }
}

/// A policy whose responses can all be listed, so that every expectation is exact.
pub trait Enumerable: Policy<Prompt = Context, Response = Arm> {
    /// How many arms there are.
    fn arms(&self) -> usize;

    /// The log-probability of every arm (`[prompts, arms]`, nats).
    fn log_probabilities(&self, prompts: &[Context]) -> Array2<f64>;
}

/// The policy of a scenario, as written: `[policy.tabular]`, `[policy.unimodal]`, `[policy.mlp]`,
/// `[policy.stop]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PolicySpec {
    /// One free logit for each arm; ignores the context.
    ///
    /// *Reading* Every arm learns by itself: the optimum of a loss is known exactly, and nothing
    /// generalises.
    ///
    /// *Wrong* On lengths it stalls (near 95 tokens on Min Length), because nothing shorter is
    /// ever drawn: take policy.stop.
    Tabular {},
    /// A discretised Gaussian over the arms: two parameters, one mode; ignores the context.
    ///
    /// *Reading* Two numbers, one bump: it cannot cover two peaks, so that mode-seeking shows at
    /// the end.
    ///
    /// *Wrong* Its first width decides what it meets: narrow and far from the peak it hardly gets
    /// a gradient.
    Unimodal(UnimodalSpec),
    /// A multilayer perceptron from the context to the logits of the arms.
    ///
    /// *Reading* The released code's network: what it learns for one prompt moves others, as in
    /// figure 16.
    ///
    /// *Wrong* Its second layer falls silent within about ten steps, so that it treats nearly all
    /// prompts alike; the PyTorch twin does the same.
    Mlp(MlpSpec),
    /// Stop or continue at each position of a response; arms are lengths. Ignores the context.
    ///
    /// *Reading* One decision at each position: what is learned carries over to lengths that were
    /// never seen.
    ///
    /// *Wrong* Which way it carries over is up to policy.stop.features: offline DPO on Skew first
    /// goes beyond 400 tokens with local bumps and down from the start with a shared bias.
    Stop(StopSpec),
    /// GPT-nano over the tokens of problem.tokens.
    ///
    /// *Reading* A transformer of three layers that starts at π_ref: the released code's N-token
    /// experiments, where what is learned of one prefix moves others.
    ///
    /// *Wrong* It takes problem.tokens and nothing else; a step costs a hundred times that of a
    /// bandit.
    Nano(NanoSpec),
    /// A language model from files, over problem.prompts.
    ///
    /// *Reading* The model as it is loaded is π_ref. Runs take minutes to hours and are saved on the
    /// way: the same command goes on from there.
    ///
    /// *Wrong* A build without the feature `llm` reads such scenarios and refuses to run them.
    LanguageModel(LanguageModelSpec),
    /// A language model from files with a head that scores responses: it learns to tell the chosen response
    /// of a comparison from the rejected one.
    ///
    /// *Reading* Its scores stand where other policies have log-ratios, so that `objective.dpo` with
    /// beta = 1 is the Bradley–Terry loss. The trained model lies in the run folder; name it in
    /// problem.prompts.gold_model or proxy_model, or in `--reward model=DIR`.
    ///
    /// *Wrong* accuracy well above what `accuracy` of unseen prompts says: look at measure.every and stop
    /// earlier, or give it more comparisons.
    RewardModel(ScoringModelSpec),
}
