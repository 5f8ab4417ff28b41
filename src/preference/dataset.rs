//! From scored responses to rows of comparisons, parted by prompt.

use super::{Pair, PairRule};
use crate::problem::Prompt;
use crate::stream::{Purpose, Streams};
use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// How a response came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// By its end token.
    Own,
    /// It was cut at the most tokens that were allowed.
    Limit,
    /// It was shortened afterwards, as Skew Length asks for.
    Shortened,
}

/// A response as a data file keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its text.
    pub text: String,
    /// Its tokens, without the end token.
    pub tokens: usize,
    /// How it came to its end.
    pub ending: Ending,
}

impl Answer {
    /// Whether it was cut before its end.
    pub fn is_cut(&self) -> bool {
        self.ending == Ending::Limit
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// A prompt with the responses to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// What was answered.
    pub prompt: Prompt,
    /// The responses.
    pub responses: Vec<Answer>,
}

/// A row of comparisons.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonRow<'a> {
    /// What was answered.
    pub prompt: &'a Prompt,
    /// The preferred response.
    pub chosen: &'a str,
    /// The other one.
    pub rejected: &'a str,
    /// What the chosen one was worth.
    pub chosen_reward: f64,
    /// What the other one was worth.
    pub rejected_reward: f64,
    /// Tokens of the chosen one.
    pub chosen_tokens: usize,
    /// Tokens of the other one.
    pub rejected_tokens: usize,
    /// Whether the chosen one was cut at the limit, so that no end follows it; written only where it was.
    #[serde(skip_serializing_if = "is_false")]
    pub chosen_cut: bool,
    /// Whether the other one was.
    #[serde(skip_serializing_if = "is_false")]
    pub rejected_cut: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// What is done with empty responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyAnswers {
    /// They are left out before responses are compared.
    Skip,
    /// They are compared like the others.
    Keep,
}

/// Comparisons between responses, and what was left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dataset<'a> {
    /// Rows of prompts that are trained on.
    pub train: Vec<ComparisonRow<'a>>,
    /// Rows of prompts that are kept apart.
    pub test: Vec<ComparisonRow<'a>>,
    /// Responses left out because they are empty.
    pub empty: usize,
    /// Pairs left out because both rewards are the same.
    pub ties: usize,
    /// Pairs left out because both texts are the same.
    pub same: usize,
    /// Prompts without a row.
    pub without: usize,
    /// Prompts that are kept apart.
    pub test_prompts: usize,
}

impl<'a> Dataset<'a> {
    /// Compares the responses of each prompt by their rewards (`[prompts][responses]`).
    ///
    /// `test` prompts, drawn by the seed, are kept apart. Prompt `p` draws its labels from the `p`-th stream.
    pub fn new(
        answered: &'a [Answered],
        rewards: &[Vec<f64>],
        (rule, empty): (&PairRule, EmptyAnswers),
        (test, streams): (usize, Streams),
    ) -> Self {
        let mut data = Dataset::default();
        let mut order: Vec<usize> = (0..answered.len()).collect();
        order.shuffle(&mut streams.at(Purpose::Shuffle, 0));
        let apart = &order[..test.min(order.len())];
        data.test_prompts = apart.len();
        for (p, (group, rewards)) in answered.iter().zip(rewards).enumerate() {
            let kept = kept(group, empty);
            let own: Vec<f64> = kept.iter().map(|i| rewards[*i]).collect();
            let mut rng = streams.at(Purpose::LabelNoise, p as u64);
            let pairs = rule.pairs(&own, || rng.random::<f64>());
            data.empty += rewards.len() - kept.len();
            data.ties += rule.comparisons(kept.len()) - pairs.len();
            let row =
                |Pair { chosen, rejected }| row(group, rewards, (kept[chosen], kept[rejected]));
            let (rows, same): (Vec<_>, Vec<_>) =
                pairs.into_iter().map(row).partition(|row| row.chosen != row.rejected);
            data.same += same.len();
            data.without += usize::from(rows.is_empty());
            let side = if apart.contains(&p) { &mut data.test } else { &mut data.train };
            side.extend(rows);
        }
        data
    }
}

/// The places of the responses that are compared.
fn kept(group: &Answered, empty: EmptyAnswers) -> Vec<usize> {
    let is_kept = |i: &usize| empty == EmptyAnswers::Keep || !group.responses[*i].is_empty();
    (0..group.responses.len()).filter(is_kept).collect()
}

fn row<'a>(
    group: &'a Answered,
    rewards: &[f64],
    (chosen, rejected): (usize, usize),
) -> ComparisonRow<'a> {
    let of = |i: usize| &group.responses[i];
    ComparisonRow {
        prompt: &group.prompt,
        chosen: &of(chosen).text,
        rejected: &of(rejected).text,
        chosen_reward: rewards[chosen],
        rejected_reward: rewards[rejected],
        chosen_tokens: of(chosen).tokens,
        rejected_tokens: of(rejected).tokens,
        chosen_cut: of(chosen).is_cut(),
        rejected_cut: of(rejected).is_cut(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preference::{PairSpec, Selection};

    fn group(prompt: &str, texts: &[&str]) -> Answered {
        let answer = |text: &&str| {
            let tokens = text.split_whitespace().count();
            Answer { text: (*text).to_owned(), tokens, ending: Ending::Own }
        };
        let responses = texts.iter().map(answer).collect();
        Answered { prompt: Prompt::Text(prompt.to_owned()), responses }
    }

    fn data<'a>(
        answered: &'a [Answered],
        selection: Selection,
        (empty, test): (EmptyAnswers, usize),
    ) -> Dataset<'a> {
        let minus_length = |y: &Answer| -(y.tokens as f64);
        let rewards: Vec<Vec<f64>> = answered
            .iter()
            .map(|group| group.responses.iter().map(minus_length).collect())
            .collect();
        let rule = PairRule::new(PairSpec { selection, ..PairSpec::default() }).expect("a rule");
        Dataset::new(answered, &rewards, (&rule, empty), (test, Streams::new(0)))
    }

    fn texts(rows: &[ComparisonRow<'_>]) -> Vec<[String; 2]> {
        rows.iter().map(|row| [row.chosen.to_owned(), row.rejected.to_owned()]).collect()
    }

    /// Rewards are minus lengths: a, b c and nothing are three pairs, two of them with nothing, which is the
    /// best response; d and e are as long as each other.
    #[test]
    fn empty_responses_are_left_out_before_the_best_is_looked_for() {
        let answered = [group("p", &["a", "b c", ""]), group("q", &["d", "e"])];
        let pair = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        for selection in [Selection::All, Selection::BestVersusWorst] {
            let data = data(&answered, selection, (EmptyAnswers::Skip, 0));
            assert_eq!(texts(&data.train), [pair("a", "b c")]);
            assert_eq!((data.empty, data.ties, data.same, data.without), (1, 1, 0, 1));
            assert_eq!((data.train[0].chosen_reward, data.train[0].rejected_tokens), (-1.0, 2));
        }
        let all = data(&answered, Selection::All, (EmptyAnswers::Keep, 0));
        assert_eq!(texts(&all.train), [pair("a", "b c"), pair("", "a"), pair("", "b c")]);
        let best = data(&answered, Selection::BestVersusWorst, (EmptyAnswers::Keep, 0));
        assert_eq!(texts(&best.train), [pair("", "b c")]);
    }

    /// Twenty prompts of one pair: five are apart, and not simply the last ones.
    #[test]
    fn prompts_that_are_kept_apart_are_drawn() {
        let answered: Vec<Answered> =
            (0..20).map(|p| group(&p.to_string(), &["a", "b c"])).collect();
        let data = data(&answered, Selection::All, (EmptyAnswers::Skip, 5));
        let prompts = |rows: &[ComparisonRow<'_>]| -> Vec<Prompt> {
            rows.iter().map(|row| row.prompt.clone()).collect()
        };
        let (train, test) = (prompts(&data.train), prompts(&data.test));
        assert_eq!((train.len(), test.len(), data.test_prompts), (15, 5, 5));
        assert!(train.iter().all(|prompt| !test.contains(prompt)));
        let last: Vec<Prompt> = answered[15..].iter().map(|group| group.prompt.clone()).collect();
        assert_ne!(test, last);
    }
}
