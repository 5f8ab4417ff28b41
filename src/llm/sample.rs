//! Drawing responses token by token, with keys and values kept.
//!
//! A sample's random numbers are its own, and every product of a decoding step is summed row by row
//! ([`Arithmetic::RowByRow`]): a sample is the same whatever else is in the batch and however many
//! threads there are. Responses that end leave the batch.

use super::decoder::{Cache, Extension};
use super::kernels::attention::{Group, Segment};
use super::kernels::score::normalisers;
use super::kernels::{exponential, in_pieces};
use super::ops::Arithmetic;
use super::packed::pieces;
use super::{Decoder, LlmError, Tokens};
use crate::numerics::vectorised;
use crate::stream::{Draws, cumulative, invert_cdf};
use candle_core::{DType, Device, Tensor};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// How the next token is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleSettings {
    /// Logits are divided by it; 0 takes the likeliest token.
    pub temperature: f64,
    /// Only so many of the likeliest tokens; 0: all.
    pub top_k: usize,
    /// Only the likeliest tokens that hold this much probability together; 1: all.
    pub top_p: f64,
    /// Tokens at most.
    pub max_new_tokens: usize,
    /// Tokens that end a response.
    pub end_tokens: Vec<u32>,
}

/// A response as it was drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its tokens, the end token among them if it was drawn.
    pub tokens: Tokens,
    /// log π of each token at temperature 1, all tokens allowed: nats.
    pub log_probs: Vec<f32>,
}

/// A response under way.
struct Draft {
    /// Its number.
    k: usize,
    /// The cache rows of its prompt.
    prompt: Range<usize>,
    /// The cache's first row of its own.
    own: usize,
    stream: ChaCha8Rng,
    tokens: Vec<u32>,
    log_probs: Vec<f32>,
}

impl SampleSettings {
    /// Refuses a prompt of no token, and one that leaves no room for a response; `i` is its number.
    pub fn fit(&self, i: usize, prompt: usize, context: usize) -> Result<(), LlmError> {
        if prompt == 0 {
            let message = format!("prompt {i} has no token");
            return Err(LlmError::input(message, "one token or more", "write a prompt"));
        }
        // The last token drawn is never read.
        let needed = prompt + self.max_new_tokens.saturating_sub(1);
        if self.max_new_tokens == 0 || needed > context {
            let given = self.max_new_tokens;
            let message = format!(
                "prompt {i} (counted from 0) has {prompt} tokens and is to be answered by {given}"
            );
            let allowed = format!("1 or more new tokens, and {context} with the prompt");
            let help = "shorten the prompt, leave it out, or ask for fewer new tokens (--max-new-tokens; in a \
                        scenario policy.language-model.max_new_tokens)";
            return Err(LlmError::input(message, allowed, help));
        }
        Ok(())
    }
}

impl Decoder {
    /// Draws `per_prompt` responses to each prompt, prompt by prompt; the k-th reads the k-th stream
    /// of `draws`. `on_token` hears of every token as it is drawn: the sample and the token.
    pub fn generate(
        &self,
        prompts: &[Tokens],
        per_prompt: usize,
        settings: &SampleSettings,
        draws: &Draws,
        on_token: &mut dyn FnMut(usize, u32),
    ) -> Result<Vec<Sample>, LlmError> {
        self.generate_while(prompts, per_prompt, settings, draws, &mut |k, token| {
            on_token(k, token);
            ControlFlow::Continue(())
        })
    }

    /// The same, until `on_token` breaks off: responses under way are then as far as they came.
    pub fn generate_while(
        &self,
        prompts: &[Tokens],
        per_prompt: usize,
        settings: &SampleSettings,
        draws: &Draws,
        on_token: &mut dyn FnMut(usize, u32) -> ControlFlow<()>,
    ) -> Result<Vec<Sample>, LlmError> {
        for (i, prompt) in prompts.iter().enumerate() {
            settings.fit(i, prompt.len(), self.config().context)?;
        }
        let prompt_rows: usize = prompts.iter().map(|p| p.len()).sum();
        let own_rows = prompts.len() * per_prompt * settings.max_new_tokens;
        let cache = self.cache(prompt_rows + own_rows)?;
        let mut done: Vec<Option<Sample>> = vec![None; prompts.len() * per_prompt];
        let mut drafts: Vec<Draft> = Vec::with_capacity(done.len());
        let (mut start, mut flow) = (0, ControlFlow::Continue(()));
        for (prompt, logits) in prompts.iter().zip(self.read_prompts(prompts, &cache)?) {
            let rows = start..start + prompt.len();
            for _ in 0..per_prompt {
                let k = drafts.len();
                let own = prompt_rows + k * settings.max_new_tokens;
                let (tokens, log_probs) = (Vec::new(), Vec::new());
                let stream = draws.stream(k);
                let mut draft = Draft { k, prompt: rows.clone(), own, stream, tokens, log_probs };
                let heard = on_token(k, draft.draw(&logits, settings));
                flow = if flow.is_break() { flow } else { heard };
                drafts.push(draft);
            }
            start = rows.end;
        }
        loop {
            let (ended, open): (Vec<_>, Vec<_>) =
                drafts.into_iter().partition(|d| flow.is_break() || d.has_ended(settings));
            for Draft { k, tokens, log_probs, .. } in ended {
                done[k] = Some(Sample { tokens: tokens.into(), log_probs });
            }
            if open.is_empty() {
                break;
            }
            drafts = open;
            let logits = self.step(&drafts, &cache)?;
            in_pieces(self.engine().threads(), &mut drafts, 1, |i, draft| {
                draft[0].draw(&row(&logits, i).expect("a row on the host"), settings);
            });
            for (k, token) in drafts.iter().filter_map(|d| Some((d.k, *d.tokens.last()?))) {
                let heard = on_token(k, token);
                flow = if flow.is_break() { flow } else { heard };
            }
        }
        Ok(done.into_iter().map(|sample| sample.expect("every response ends")).collect())
    }

    /// Reads prompts into the first rows of the cache; for each, the logits of what follows it:
    /// `[vocabulary]`.
    fn read_prompts(&self, prompts: &[Tokens], cache: &Cache) -> Result<Vec<Vec<f32>>, LlmError> {
        /// Rows that go through the model together, unless one prompt has more.
        const ROWS: usize = 512;
        let mut logits = Vec::with_capacity(prompts.len());
        let mut to = 0;
        for piece in pieces(prompts.iter().map(|prompt| prompt.len()), ROWS) {
            let some = &prompts[piece];
            logits.extend(self.read_some(some, cache, to)?);
            to += some.iter().map(|p| p.len()).sum::<usize>();
        }
        Ok(logits)
    }

    /// Reads prompts into the rows of the cache from `to` on, all in one pass.
    fn read_some(
        &self,
        prompts: &[Tokens],
        cache: &Cache,
        to: usize,
    ) -> Result<Vec<Vec<f32>>, LlmError> {
        let mut ends = Vec::with_capacity(prompts.len());
        let mut groups = Vec::with_capacity(prompts.len());
        let mut start = 0;
        for prompt in prompts {
            let rows = start..start + prompt.len();
            let own = to + rows.start..to + rows.end;
            let segment = Segment { queries: rows.clone(), prefix: 0..0, own };
            groups.push(Group { rows: rows.clone(), segments: vec![segment] });
            start = rows.end;
            ends.push(rows.end as u32 - 1);
        }
        let tokens: Vec<u32> = prompts.iter().flat_map(|p| p.iter().copied()).collect();
        let positions =
            Arc::new(prompts.iter().flat_map(|p| 0..p.len() as u32).collect::<Vec<_>>());
        let pass = self.pass(&positions, &Arc::new(groups), Arithmetic::RowByRow)?;
        let x = self.embed(&tokens, &positions)?;
        let runs = [(0, start, to)];
        let extension = Extension::new(self.engine(), cache, &runs)?;
        let hidden = self.hidden(&x, &pass, Some(&extension))?;
        let ends = Tensor::from_vec(ends, prompts.len(), self.engine().device())?;
        let last = hidden.index_select(&ends, 0)?;
        Ok(self.logits(&last, &pass)?.to_dtype(DType::F32)?.to_vec2()?)
    }

    /// Reads the last token of each draft; the logits of what follows, on the host: `[drafts, vocabulary]`.
    fn step(&self, drafts: &[Draft], cache: &Cache) -> Result<Tensor, LlmError> {
        let segment = |(i, draft): (usize, &Draft)| {
            let own = draft.own..draft.own + draft.tokens.len();
            let segment = Segment { queries: i..i + 1, prefix: draft.prompt.clone(), own };
            Group { rows: i..i + 1, segments: vec![segment] }
        };
        let groups = Arc::new(drafts.iter().enumerate().map(segment).collect());
        let position = |draft: &Draft| (draft.prompt.len() + draft.tokens.len() - 1) as u32;
        let positions: Arc<Vec<u32>> = Arc::new(drafts.iter().map(position).collect());
        let tokens: Vec<u32> = drafts.iter().filter_map(|d| d.tokens.last().copied()).collect();
        let to = |(i, d): (usize, &Draft)| (i, 1, d.own + d.tokens.len() - 1);
        let runs: Vec<_> = drafts.iter().enumerate().map(to).collect();
        let pass = self.pass(&positions, &groups, Arithmetic::RowByRow)?;
        let x = self.embed(&tokens, &positions)?;
        let extension = Extension::new(self.engine(), cache, &runs)?;
        let hidden = self.hidden(&x, &pass, Some(&extension))?;
        // As they are: in half precision there are half as many bytes to fetch.
        Ok(self.logits(&hidden, &pass)?.to_device(&Device::Cpu)?)
    }
}

/// One row of logits in single precision.
fn row(logits: &Tensor, i: usize) -> candle_core::Result<Vec<f32>> {
    logits.get(i)?.to_dtype(DType::F32)?.to_vec1()
}

impl Draft {
    /// Whether an end token was drawn, or the last token that may be.
    fn has_ended(&self, settings: &SampleSettings) -> bool {
        self.tokens.len() == settings.max_new_tokens
            || self.tokens.last().is_some_and(|t| settings.end_tokens.contains(t))
    }

    /// Draws the next token and remembers its log-probability: one uniform number a token.
    fn draw(&mut self, logits: &[f32], settings: &SampleSettings) -> u32 {
        let uniform = self.stream.random::<f64>();
        let token = choose(logits, settings, uniform);
        let normaliser = normalisers(logits, logits.len(), Default::default())[0];
        self.log_probs.push(logits[token as usize] - normaliser);
        self.tokens.push(token);
        token
    }
}

/// The token that a uniform number in [0, 1) chooses: inversion of the cumulative distribution over
/// the tokens that are allowed, in the order of their numbers.
fn choose(logits: &[f32], settings: &SampleSettings, uniform: f64) -> u32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if settings.temperature == 0.0 {
        return logits.iter().position(|x| *x == top).unwrap_or(0) as u32;
    }
    let scale = (1.0 / settings.temperature) as f32;
    let mut weights = vec![0.0; logits.len()];
    vectorised(
        #[inline(always)]
        || {
            for (weight, x) in weights.iter_mut().zip(logits) {
                *weight = f64::from(exponential((*x - top) * scale));
            }
        },
    );
    if settings.top_k > 0 || settings.top_p < 1.0 {
        keep_likeliest(&mut weights, settings);
    }
    invert_cdf(&cumulative(weights), uniform) as u32
}

/// Sets all weights to zero but the `top_k` largest, and of these but the largest that hold `top_p`.
fn keep_likeliest(weights: &mut [f64], settings: &SampleSettings) {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
    let allowed = if settings.top_k == 0 { weights.len() } else { settings.top_k };
    let mut kept = order.split_off(allowed.min(order.len()));
    std::mem::swap(&mut kept, &mut order);
    let total: f64 = kept.iter().map(|i| weights[*i]).sum();
    let mut mass = 0.0;
    for i in kept {
        if mass >= settings.top_p * total {
            order.push(i);
        }
        mass += weights[i];
    }
    order.into_iter().for_each(|i| weights[i] = 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(temperature: f64, top_k: usize, top_p: f64) -> SampleSettings {
        SampleSettings { temperature, top_k, top_p, max_new_tokens: 1, end_tokens: Vec::new() }
    }

    /// Probabilities 1/8, 5/8, 2/8: the cumulative distribution is 0.125, 0.75, 1.
    #[test]
    fn tokens_are_chosen_by_inversion() {
        let logits = [0.0, 5.0f32.ln(), 2.0f32.ln()];
        let at = |u, settings: &SampleSettings| choose(&logits, settings, u);
        let plain = settings(1.0, 0, 1.0);
        assert_eq!([0.1, 0.13, 0.74, 0.76].map(|u| at(u, &plain)), [0, 1, 1, 2]);
        // The two likeliest: 5/7 and 2/7.
        assert_eq!([0.0, 0.71, 0.72].map(|u| at(u, &settings(1.0, 2, 1.0))), [1, 1, 2]);
        // 0.6 is reached by the likeliest alone, 0.7 by the two likeliest.
        assert_eq!([0.0, 0.99].map(|u| at(u, &settings(1.0, 0, 0.6))), [1, 1]);
        assert_eq!([0.0, 0.99].map(|u| at(u, &settings(1.0, 0, 0.7))), [1, 2]);
        // Temperature 1/2 squares them: 1/30, 25/30, 4/30.
        assert_eq!([0.03, 0.04, 0.86, 0.87].map(|u| at(u, &settings(0.5, 0, 1.0))), [0, 1, 1, 2]);
        assert_eq!(at(0.99, &settings(0.0, 0, 1.0)), 1);
    }
}
