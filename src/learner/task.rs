//! What a learner is asked to do: prompts, rewards and the reference.

use crate::policy::{Arm, Context, PolicyError};
use crate::problem::Problem;
use crate::stream::{Draws, Purpose, Streams, cumulative, invert_cdf};
use rand::Rng;

/// Evaluation contexts begin at this address, so that they never meet the evaluation pairs.
const EVALUATION_CONTEXTS: u64 = 1 << 32;
/// The kinds of prompts begin at this address of `shuffle`, so that they never meet orders.
const DATA_KINDS: u64 = 1 << 33;

/// Prompts, rewards and the reference of one problem, for the learner.
pub trait Task {
    /// What is responded to.
    type Prompt: Clone;
    /// What is responded.
    type Response: Clone + PartialEq;

    /// The `index`-th training prompt.
    fn prompt(&self, index: u64) -> Self::Prompt;

    /// The rewards of responses as a method sees them: those of the reward model, where there is
    /// one, else the true ones. `[responses]`.
    fn rewards(
        &self,
        prompt: &Self::Prompt,
        responses: &[Self::Response],
    ) -> Result<Vec<f64>, PolicyError> {
        self.gold_rewards(prompt, responses)
    }

    /// The true rewards of responses, by which the preference data are labelled: `[responses]`.
    fn gold_rewards(
        &self,
        prompt: &Self::Prompt,
        responses: &[Self::Response],
    ) -> Result<Vec<f64>, PolicyError>;

    /// Whether the reward that methods see was learned.
    fn has_reward_model(&self) -> bool {
        false
    }

    /// log π_ref of responses, each summed over its tokens: `[responses]`, nats.
    fn log_reference(
        &self,
        prompt: &Self::Prompt,
        responses: &[Self::Response],
    ) -> Result<Vec<f64>, PolicyError>;

    /// log π_ref of responses token by token, one response after another: `[tokens]`, nats.
    fn log_reference_tokens(
        &self,
        prompt: &Self::Prompt,
        responses: &[Self::Response],
    ) -> Result<Vec<f64>, PolicyError>;

    /// [`Task::log_reference`] of a row of offline data; what is costly may be kept for other runs.
    fn log_reference_of_row(
        &self,
        prompt: &Self::Prompt,
        responses: &[Self::Response],
    ) -> Result<Vec<f64>, PolicyError> {
        self.log_reference(prompt, responses)
    }

    /// log of the target distribution at a response (nats), NaN where there is none.
    fn log_target(&self, prompt: &Self::Prompt, response: &Self::Response) -> f64 {
        let _ = (prompt, response);
        f64::NAN
    }

    /// `per_prompt` responses of the preference data to each of the training prompts with these
    /// numbers, prompt by prompt; the k-th reads the k-th address of `draws`.
    fn data_responses(
        &self,
        prompts: &[u64],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Self::Response>, PolicyError>;

    /// After so many responses in a row without a comparison a policy that has learned is taken to give the
    /// same response for ever.
    ///
    /// So many that small rounds of a policy that still varies are not taken for that.
    fn alike_responses(&self) -> u64 {
        20_000
    }

    /// What else may make responses alike, as the end of a sentence.
    fn why_alike(&self) -> &'static str {
        ""
    }

    /// Every response there is; none where they cannot be listed.
    fn every_response(&self) -> Vec<Self::Response> {
        Vec::new()
    }

    /// The probability of each of [`Task::every_response`] in the preference data, the same for
    /// every prompt.
    fn data_law(&self) -> Vec<f64> {
        Vec::new()
    }
}

/// A bandit: arms, rewards that ignore the context, and contexts of uniform features.
#[derive(Debug, Clone)]
pub struct BanditTask {
    problem: Problem,
    /// Features of a context; 0 for policies that ignore it.
    features: usize,
    streams: Streams,
    reference_cdf: Vec<f64>,
    /// The learned reward of each arm.
    reward_model: Option<Vec<f64>>,
}

impl BanditTask {
    /// The task of `problem` for a policy that reads contexts of `features` features.
    pub fn new(problem: Problem, features: usize, streams: Streams) -> Self {
        let reference_cdf = cumulative(problem.log_reference().iter().map(|lp| lp.exp()));
        BanditTask { problem, features, streams, reference_cdf, reward_model: None }
    }

    /// The same task with a learned reward in place of the true one: `reward: [arms]`.
    #[must_use]
    pub fn with_reward_model(self, reward: Vec<f64>) -> Self {
        BanditTask { reward_model: Some(reward), ..self }
    }

    /// The learned reward of each arm, if methods see one: `[arms]`.
    pub fn reward_model(&self) -> Option<&[f64]> {
        self.reward_model.as_deref()
    }

    /// The problem.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The `index`-th evaluation context.
    pub fn evaluation_prompt(&self, index: u64) -> Context {
        self.context(Purpose::Evaluation, EVALUATION_CONTEXTS + index)
    }

    /// Whether every prompt is the same to the policy.
    pub fn ignores_context(&self) -> bool {
        self.features == 0
    }

    /// An arm of π_ref from a uniform number in [0, 1).
    pub fn reference_arm(&self, uniform: f64) -> Arm {
        invert_cdf(&self.reference_cdf, uniform)
    }

    fn context(&self, purpose: Purpose, index: u64) -> Context {
        if self.features == 0 {
            return Context::empty();
        }
        let mut rng = self.streams.at(purpose, index);
        Context((0..self.features).map(|_| rng.random::<f32>()).collect())
    }
}

/// The numbers of some arms.
fn at(numbers: &[f64], arms: &[Arm]) -> Vec<f64> {
    arms.iter().map(|&arm| numbers[arm]).collect()
}

impl Task for BanditTask {
    type Prompt = Context;
    type Response = Arm;

    fn prompt(&self, index: u64) -> Context {
        self.context(Purpose::Contexts, index)
    }

    fn rewards(&self, _: &Context, arms: &[Arm]) -> Result<Vec<f64>, PolicyError> {
        Ok(at(self.reward_model().unwrap_or(self.problem.rewards()), arms))
    }

    fn gold_rewards(&self, _: &Context, arms: &[Arm]) -> Result<Vec<f64>, PolicyError> {
        Ok(at(self.problem.rewards(), arms))
    }

    fn has_reward_model(&self) -> bool {
        self.reward_model.is_some()
    }

    fn log_reference(&self, _: &Context, arms: &[Arm]) -> Result<Vec<f64>, PolicyError> {
        Ok(at(self.problem.log_reference(), arms))
    }

    /// An arm is one token.
    fn log_reference_tokens(&self, _: &Context, arms: &[Arm]) -> Result<Vec<f64>, PolicyError> {
        Ok(at(self.problem.log_reference(), arms))
    }

    fn log_target(&self, _: &Context, arm: &Arm) -> f64 {
        self.problem.log_target()[*arm]
    }

    fn data_responses(
        &self,
        prompts: &[u64],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Arm>, PolicyError> {
        let data = self.problem.data();
        let kind = |p: u64| data.kind(self.streams.uniform(Purpose::Shuffle, DATA_KINDS + p));
        let all = prompts.iter().flat_map(|p| std::iter::repeat_n(kind(*p), per_prompt));
        Ok(all.enumerate().map(|(k, kind)| data.response(kind, draws.uniform(k))).collect())
    }

    fn every_response(&self) -> Vec<Arm> {
        (0..self.problem.arms()).collect()
    }

    fn data_law(&self) -> Vec<f64> {
        self.problem.data().marginal()
    }
}
