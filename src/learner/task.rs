//! What a learner is asked to do: prompts, rewards and the reference.

use crate::policy::{Arm, Context};
use crate::problem::Problem;
use crate::stream::{Draws, Purpose, Streams, cumulative, invert_cdf};
use rand::Rng;

/// Evaluation contexts begin at this address, so that they never meet the evaluation pairs.
const EVALUATION_CONTEXTS: u64 = 1 << 32;

/// Prompts, rewards and the reference of one problem, for the learner.
pub trait Task {
    /// What is responded to.
    type Prompt: Clone;
    /// What is responded.
    type Response: Clone + PartialEq;

    /// The `index`-th training prompt.
    fn prompt(&self, index: u64) -> Self::Prompt;

    /// The gold reward of a response.
    fn reward(&self, prompt: &Self::Prompt, response: &Self::Response) -> f64;

    /// log π_ref of a response, summed over its tokens (nats).
    fn log_reference(&self, prompt: &Self::Prompt, response: &Self::Response) -> f64;

    /// log of the target distribution at a response (nats).
    fn log_target(&self, prompt: &Self::Prompt, response: &Self::Response) -> f64;

    /// `count` responses of π_ref to a prompt; the k-th reads the k-th address of `draws`.
    fn reference_responses(
        &self,
        prompt: &Self::Prompt,
        count: usize,
        draws: &Draws,
    ) -> Vec<Self::Response>;

    /// Every response there is, where they can be listed.
    fn every_response(&self) -> Vec<Self::Response>;
}

/// A bandit: arms, rewards that ignore the context, and contexts of uniform features.
#[derive(Debug, Clone)]
pub struct BanditTask {
    problem: Problem,
    /// Features of a context; 0 for policies that ignore it.
    features: usize,
    streams: Streams,
    reference_cdf: Vec<f64>,
}

impl BanditTask {
    /// The task of `problem` for a policy that reads contexts of `features` features.
    pub fn new(problem: Problem, features: usize, streams: Streams) -> Self {
        let reference_cdf = cumulative(problem.log_reference().iter().map(|lp| lp.exp()));
        BanditTask { problem, features, streams, reference_cdf }
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

impl Task for BanditTask {
    type Prompt = Context;
    type Response = Arm;

    fn prompt(&self, index: u64) -> Context {
        self.context(Purpose::Contexts, index)
    }

    fn reward(&self, _: &Context, arm: &Arm) -> f64 {
        self.problem.rewards()[*arm]
    }

    fn log_reference(&self, _: &Context, arm: &Arm) -> f64 {
        self.problem.log_reference()[*arm]
    }

    fn log_target(&self, _: &Context, arm: &Arm) -> f64 {
        self.problem.log_target()[*arm]
    }

    fn reference_responses(&self, _: &Context, count: usize, draws: &Draws) -> Vec<Arm> {
        (0..count).map(|k| self.reference_arm(draws.uniform(k))).collect()
    }

    fn every_response(&self) -> Vec<Arm> {
        (0..self.problem.arms()).collect()
    }
}
