//! What a language model is asked to do: the N-token bandit, and prompts of a file.

use super::{
    Commanded, Examples, LanguageModel, ReferenceCache, ScoringModel, Sequences, Special,
    Tokenizer, Tokens,
};
use crate::learner::{Example, Task};
use crate::policy::{Policy, PolicyError};
use crate::problem::{ExponentialSpec, LengthReward, Problem};
use crate::stream::{Draws, Purpose, Streams, cumulative, invert_cdf};
use rand::Rng;

/// Contexts of evaluation begin at this address, so that they never meet other evaluation draws.
const EVALUATION_CONTEXTS: u64 = 1 << 32;

/// The lengths at which offline data are cut begin so far after the addresses of the data themselves.
const TRUNCATIONS: u64 = 1 << 42;

/// A task whose responses are sequences of tokens.
pub trait LanguageTask: Task<Prompt = Tokens, Response = Tokens> {
    /// The prompts on which a policy is measured; tasks without prompts of their own make `count`.
    fn evaluation_prompts(&self, count: usize) -> Vec<Tokens>;

    /// Responses of π_ref to prompts, prompt by prompt; the k-th reads the k-th address of `draws`.
    fn reference_responses(
        &self,
        prompts: &[Tokens],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Tokens>, PolicyError>;

    /// Comparisons or demonstrations of evaluation prompts, where they are given.
    fn test_examples(&self) -> &[Example<Tokens>] {
        &[]
    }

    /// Whether responses have a reward.
    fn has_reward(&self) -> bool {
        true
    }

    /// Tokens of a response, its end token not counted, and whether it was cut before one.
    fn measure(&self, response: &Tokens) -> (usize, Cut);

    /// The texts of an evaluation prompt and of a response to it, where they are texts.
    fn texts(
        &self,
        prompt: usize,
        response: &Tokens,
    ) -> Result<Option<(String, String)>, PolicyError> {
        let _ = (prompt, response);
        Ok(None)
    }
}

/// Whether a response was cut before its end token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It was.
    Yes,
    /// It ended by itself.
    No,
    /// Responses of this task have no end token.
    NoEnd,
}

/// The N-token bandit: each token pays its bump, and π_ref draws every token alike.
#[derive(Debug)]
pub struct TokensTask {
    problem: Problem,
    length: usize,
    streams: Streams,
    reference_cdf: Vec<f64>,
}

impl TokensTask {
    /// The task whose tokens are the arms of `problem`, `length` of them in a response.
    pub fn new(problem: Problem, length: usize, streams: Streams) -> Self {
        let reference_cdf = cumulative(problem.log_reference().iter().map(|lp| lp.exp()));
        TokensTask { problem, length, streams, reference_cdf }
    }

    /// A token's problem: its rewards and π_ref.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    fn context(&self, purpose: Purpose, index: u64) -> Tokens {
        let token = self.streams.at(purpose, index).random_range(0..self.problem.arms());
        [token as u32].into()
    }
}

impl LanguageTask for TokensTask {
    fn evaluation_prompts(&self, count: usize) -> Vec<Tokens> {
        let prompt = |i| self.context(Purpose::Evaluation, EVALUATION_CONTEXTS + i);
        (0..count as u64).map(prompt).collect()
    }

    fn reference_responses(
        &self,
        prompts: &[Tokens],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Tokens>, PolicyError> {
        let response = |k| -> Tokens {
            let mut rng = draws.stream(k);
            let token = |_| invert_cdf(&self.reference_cdf, rng.random::<f64>()) as u32;
            (0..self.length).map(token).collect()
        };
        Ok((0..prompts.len() * per_prompt).map(response).collect())
    }

    fn measure(&self, response: &Tokens) -> (usize, Cut) {
        (response.len(), Cut::NoEnd)
    }
}

impl Task for TokensTask {
    type Prompt = Tokens;
    type Response = Tokens;

    fn prompt(&self, index: u64) -> Tokens {
        self.context(Purpose::Contexts, index)
    }

    fn gold_rewards(&self, _: &Tokens, responses: &[Tokens]) -> Result<Vec<f64>, PolicyError> {
        let rewards = self.problem.rewards();
        let mean =
            |y: &Tokens| y.iter().map(|t| rewards[*t as usize]).sum::<f64>() / y.len() as f64;
        Ok(responses.iter().map(mean).collect())
    }

    fn log_reference(&self, _: &Tokens, responses: &[Tokens]) -> Result<Vec<f64>, PolicyError> {
        let log_ref = self.problem.log_reference();
        Ok(responses.iter().map(|y| y.iter().map(|t| log_ref[*t as usize]).sum()).collect())
    }

    fn log_reference_tokens(&self, _: &Tokens, own: &[Tokens]) -> Result<Vec<f64>, PolicyError> {
        let log_ref = self.problem.log_reference();
        Ok(own.iter().flat_map(|y| y.iter().map(|t| log_ref[*t as usize])).collect())
    }

    fn data_responses(
        &self,
        prompts: &[u64],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Tokens>, PolicyError> {
        self.reference_responses(&vec![Tokens::from([0]); prompts.len()], per_prompt, draws)
    }
}

/// Prompts of a file, perhaps with comparisons or a reward, and the model as it was loaded as π_ref.
#[derive(Debug)]
pub struct PromptsTask {
    /// Prompts that are trained on.
    pub train: Vec<Tokens>,
    /// Prompts that are measured on.
    pub test: Vec<Tokens>,
    /// Comparisons or demonstrations of these prompts that are given.
    pub examples: Examples,
    /// The reward by length, where there is one.
    pub reward: Option<LengthReward>,
    /// Who tells the reward in its place; without either all responses are worth 0 and nothing reads that.
    pub gold: Option<Gold>,
    /// What methods see in place of it.
    pub proxy: Option<ScoringModel>,
    /// π_ref.
    pub reference: LanguageModel,
    /// What π_ref gave to offline data before.
    pub cache: Option<ReferenceCache>,
    /// How responses are written down, if they are to be.
    pub texts: Option<Texts>,
}

/// Who tells the true reward.
#[derive(Debug)]
pub enum Gold {
    /// A trained model.
    Model(Box<ScoringModel>),
    /// A program of the user's.
    Command(Box<Commanded>),
}

/// From tokens back to texts.
#[derive(Debug)]
pub struct Texts {
    /// The model's.
    pub tokenizer: Tokenizer,
    /// What the last message of each evaluation prompt says.
    pub prompts: Vec<String>,
}

impl PromptsTask {
    /// Whole responses as offline data hold them: shortened, if the reward asks for it; `draws` are those that
    /// the responses were drawn by.
    pub fn shortened_for_data(&self, responses: Vec<Tokens>, draws: &Draws) -> Vec<Tokens> {
        let cut = self.reward.and_then(LengthReward::truncation);
        let Some(ExponentialSpec { mean }) = cut else { return responses };
        let draws = draws.apart(TRUNCATIONS);
        let cut = |(k, whole): (usize, Tokens)| {
            // ⌈E⌉ of an exponential E of this mean, by inversion.
            let most = (-(1.0 - draws.uniform(k)).ln() * mean).ceil() as usize;
            self.shortened(whole, most)
        };
        responses.into_iter().enumerate().map(cut).collect()
    }

    /// A response without its end token.
    fn said<'a>(&self, response: &'a Tokens) -> &'a [u32] {
        &response[..self.measure(response).0]
    }

    /// A response of at most so many tokens, closed by the end token where something was cut off.
    fn shortened(&self, whole: Tokens, most: usize) -> Tokens {
        let end = self.reference.settings().end_tokens.first();
        match end {
            Some(end) if self.measure(&whole).0 > most => {
                whole[..most].iter().copied().chain([*end]).collect()
            }
            _ => whole,
        }
    }
}

impl LanguageTask for PromptsTask {
    fn evaluation_prompts(&self, _: usize) -> Vec<Tokens> {
        self.test.clone()
    }

    fn reference_responses(
        &self,
        prompts: &[Tokens],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Tokens>, PolicyError> {
        self.reference.sample(prompts, per_prompt, draws)
    }

    fn test_examples(&self) -> &[Example<Tokens>] {
        &self.examples.test
    }

    fn has_reward(&self) -> bool {
        self.reward.is_some() || self.gold.is_some()
    }

    fn measure(&self, response: &Tokens) -> (usize, Cut) {
        let ends = &self.reference.settings().end_tokens;
        match response.last() {
            Some(last) if ends.contains(last) => (response.len() - 1, Cut::No),
            _ => (response.len(), Cut::Yes),
        }
    }

    fn texts(
        &self,
        prompt: usize,
        response: &Tokens,
    ) -> Result<Option<(String, String)>, PolicyError> {
        let Some(texts) = &self.texts else { return Ok(None) };
        let said = texts.tokenizer.decode(self.said(response), Special::Hidden)?;
        Ok(Some((texts.prompts.get(prompt).cloned().unwrap_or_default(), said)))
    }
}

impl Task for PromptsTask {
    type Prompt = Tokens;
    type Response = Tokens;

    fn prompt(&self, index: u64) -> Tokens {
        Tokens::clone(&self.train[index as usize % self.train.len()])
    }

    fn rewards(&self, prompt: &Tokens, responses: &[Tokens]) -> Result<Vec<f64>, PolicyError> {
        match &self.proxy {
            Some(proxy) => proxy.scores(prompt, responses),
            None => self.gold_rewards(prompt, responses),
        }
    }

    fn gold_rewards(&self, prompt: &Tokens, responses: &[Tokens]) -> Result<Vec<f64>, PolicyError> {
        match &self.gold {
            Some(Gold::Model(model)) => model.scores(prompt, responses),
            Some(Gold::Command(command)) => {
                let said: Vec<&[u32]> = responses.iter().map(|y| self.said(y)).collect();
                command.scores(prompt, &said)
            }
            None => {
                let worth = |y| self.reward.map_or(0.0, |reward| reward.of(self.measure(y).0));
                Ok(responses.iter().map(worth).collect())
            }
        }
    }

    fn has_reward_model(&self) -> bool {
        self.proxy.is_some()
    }

    fn log_reference(
        &self,
        prompt: &Tokens,
        responses: &[Tokens],
    ) -> Result<Vec<f64>, PolicyError> {
        let tokens = self.log_reference_tokens(prompt, responses)?;
        let mut rest = tokens.as_slice();
        let own = |y: &Tokens| {
            let (own, others) = rest.split_at(y.len());
            rest = others;
            own.iter().sum()
        };
        Ok(responses.iter().map(own).collect())
    }

    fn log_reference_tokens(
        &self,
        prompt: &Tokens,
        responses: &[Tokens],
    ) -> Result<Vec<f64>, PolicyError> {
        let mut batch = Sequences::default();
        batch.push(Tokens::clone(prompt), responses.iter().cloned());
        Ok(self.reference.log_probs(&batch)?.values().to_vec())
    }

    fn log_reference_of_row(
        &self,
        prompt: &Tokens,
        responses: &[Tokens],
    ) -> Result<Vec<f64>, PolicyError> {
        let compute = || self.log_reference(prompt, responses);
        match &self.cache {
            Some(cache) => cache.get((prompt, responses), compute),
            None => compute(),
        }
    }

    fn data_responses(
        &self,
        prompts: &[u64],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Tokens>, PolicyError> {
        let prompts: Vec<Tokens> = prompts.iter().map(|i| self.prompt(*i)).collect();
        let responses = self.reference_responses(&prompts, per_prompt, draws)?;
        Ok(self.shortened_for_data(responses, draws))
    }

    /// Fewer than on bandits, since each costs a pass for every token.
    fn alike_responses(&self) -> u64 {
        match self.gold {
            // Answers that differ may score alike for long.
            Some(Gold::Command(_)) => 10_000,
            _ => 1000,
        }
    }

    fn why_alike(&self) -> &'static str {
        match self.gold {
            Some(_) => ", or take a reward that tells answers apart more finely: partial credit",
            None => {
                ", and see whether all answers are cut at max_new_tokens: to a reward of lengths they are one answer"
            }
        }
    }
}
