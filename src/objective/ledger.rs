//! The account of a loss: its terms, its units and its coefficients.

use crate::preference::Pair;

/// What a loss is an average over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Pairs kept (DPO, IPO, hinge, Pref-FT).
    Pair,
    /// Prompts (Best-of-N, unlikelihood, the exact divergences).
    Prompt,
    /// Responses (RWR, REINFORCE, PPO, Binary FeedMe).
    Response,
}

/// A distribution over responses that replaces samples: every response is listed once.
///
/// With a law, sums over samples become exact expectations over `draws` independent responses.
#[derive(Debug, Clone, Copy)]
pub struct Law<'a> {
    /// The probability of each response: `[responses]`, sums to one.
    pub probability: &'a [f64],
    /// How many responses a prompt would draw: C (Best-of-N's N).
    pub draws: usize,
}

/// The responses of one prompt, with all an objective may read. Unused slices may be empty.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// log π of each token: `[tokens]`, nats.
    pub log_pi: &'a [f64],
    /// Response `i` has the tokens `offsets[i] - offsets[0] .. offsets[i + 1] - offsets[0]` of this
    /// group: `[responses + 1]`.
    pub offsets: &'a [usize],
    /// log π_old of each token when the round began: `[tokens]`, nats.
    pub log_old: &'a [f64],
    /// log π_ref of each response, summed over its tokens: `[responses]`, nats.
    pub log_ref: &'a [f64],
    /// log π_ref of each token, where a KL penalty reads it: `[tokens]`, nats.
    pub log_ref_tokens: &'a [f64],
    /// The weight of a KL penalty in this round (reward units per nat).
    pub kl_coefficient: f64,
    /// log of the target distribution at each response: `[responses]`, nats.
    pub log_target: &'a [f64],
    /// Reward of each response: `[responses]`.
    pub reward: &'a [f64],
    /// Advantage of each response: `[responses]`, reward units.
    pub advantage: &'a [f64],
    /// Advantage of each token, where a critic gives one: `[tokens]`, reward units.
    pub token_advantage: &'a [f64],
    /// The comparisons made between these responses.
    pub pairs: &'a [Pair],
    /// The law of the responses, when they were enumerated instead of sampled.
    pub law: Option<Law<'a>>,
}

impl<'a> Group<'a> {
    /// How many responses the prompt has.
    pub fn responses(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The places of response `i`'s tokens within this group.
    pub fn tokens(&self, i: usize) -> std::ops::Range<usize> {
        let base = self.offsets[0];
        self.offsets[i] - base..self.offsets[i + 1] - base
    }

    /// log π of response `i`, summed over its tokens (nats).
    pub fn sequence_log_pi(&self, i: usize) -> f64 {
        self.log_pi[self.tokens(i)].iter().sum()
    }

    /// log π − log π_ref of response `i`, summed over its tokens (nats).
    pub fn log_ratio(&self, i: usize) -> f64 {
        self.sequence_log_pi(i) - self.log_ref[i]
    }

    /// The advantage of token `t` of response `i`: its own, or that of the response.
    pub fn advantage_at(&self, i: usize, t: usize) -> f64 {
        self.token_advantage.get(t).copied().unwrap_or_else(|| self.advantage[i])
    }

    /// How much response `i` counts: 1 for a sample, its probability under a law.
    pub fn weight(&self, i: usize) -> f64 {
        self.law.map_or(1.0, |law| law.probability[i])
    }

    /// How much a pair counts: 1 for samples; under a law, the chance 2·pᵢ·pⱼ that two independent
    /// draws are these two.
    pub fn pair_weight(&self, pair: Pair) -> f64 {
        self.law
            .map_or(1.0, |law| 2.0 * law.probability[pair.chosen] * law.probability[pair.rejected])
    }
}

/// Where an objective writes: the summed loss, the units it counts and every coefficient.
pub struct Ledger<'a> {
    loss: f64,
    units: f64,
    /// ∂loss/∂log π of the group's tokens: `[tokens]`.
    coefficients: &'a mut [f64],
    /// The loss of each term, when someone asked for them.
    terms: Option<&'a mut Vec<f64>>,
}

impl<'a> Ledger<'a> {
    /// A ledger for a group whose tokens have these coefficients (usually zeros) so far.
    pub fn new(coefficients: &'a mut [f64]) -> Self {
        Ledger { loss: 0.0, units: 0.0, coefficients, terms: None }
    }

    /// A ledger that also lists the loss of each term in `terms`: one for each pair where the unit
    /// is [`Unit::Pair`], else one for each response, in order.
    pub fn itemised(coefficients: &'a mut [f64], terms: &'a mut Vec<f64>) -> Self {
        Ledger { loss: 0.0, units: 0.0, coefficients, terms: Some(terms) }
    }

    /// Books the loss of one term.
    pub fn book(&mut self, loss: f64) {
        self.loss += loss;
        if let Some(terms) = &mut self.terms {
            terms.push(loss);
        }
    }

    /// Counts units: what the learner divides by.
    pub fn count(&mut self, units: f64) {
        self.units += units;
    }

    /// Adds `coefficient` to every token of response `i`, since log π(y) sums over tokens.
    pub fn push(&mut self, group: &Group<'_>, i: usize, coefficient: f64) {
        for t in group.tokens(i) {
            self.coefficients[t] += coefficient;
        }
    }

    /// Adds `coefficient` to one token (its place within the group).
    pub fn push_token(&mut self, token: usize, coefficient: f64) {
        self.coefficients[token] += coefficient;
    }

    /// The summed loss so far, un-normalised.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// The units counted so far.
    pub fn units(&self) -> f64 {
        self.units
    }
}
