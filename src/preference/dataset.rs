//! From scored responses to rows of comparisons, parted by prompt.

use super::PairRule;
use crate::problem::Prompt;
use crate::stream::{Purpose, Streams};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// A response as a data file keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its text.
    pub text: String,
    /// Its tokens, without the end token.
    pub tokens: usize,
    /// Whether it was cut before its end.
    pub cut: bool,
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
}

/// What is done with pairs of which a response is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyPairs {
    /// They are left out.
    Skip,
    /// They are written.
    Keep,
}

/// Comparisons between responses, and what was left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dataset<'a> {
    /// Rows of prompts that are trained on.
    pub train: Vec<ComparisonRow<'a>>,
    /// Rows of prompts that are kept apart.
    pub test: Vec<ComparisonRow<'a>>,
    /// Pairs left out because a response is empty.
    pub empty: usize,
    /// Pairs left out because both texts are the same.
    pub same: usize,
    /// Prompts without a pair: ties, or too few responses.
    pub without: usize,
}

impl<'a> Dataset<'a> {
    /// Compares the responses of each prompt by their rewards (`[prompts][responses]`); the last `test` prompts
    /// are kept apart. Prompt `p` draws its labels from the `p`-th stream.
    pub fn new(
        answered: &'a [Answered],
        rewards: &[Vec<f64>],
        (rule, empty): (&PairRule, EmptyPairs),
        (test, streams): (usize, Streams),
    ) -> Self {
        let mut data = Dataset::default();
        let first_test = answered.len().saturating_sub(test);
        for (p, (group, rewards)) in answered.iter().zip(rewards).enumerate() {
            let mut rng = streams.at(Purpose::LabelNoise, p as u64);
            let pairs = rule.pairs(rewards, || rng.random::<f64>());
            data.without += usize::from(pairs.is_empty());
            for pair in pairs {
                let row = row(group, rewards, (pair.chosen, pair.rejected));
                let is_empty = row.chosen.trim().is_empty() || row.rejected.trim().is_empty();
                if row.chosen == row.rejected {
                    data.same += 1;
                } else if is_empty && empty == EmptyPairs::Skip {
                    data.empty += 1;
                } else if p < first_test {
                    data.train.push(row);
                } else {
                    data.test.push(row);
                }
            }
        }
        data
    }
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preference::PairSpec;

    fn group(prompt: &str, texts: &[&str]) -> Answered {
        let answer = |text: &&str| {
            let tokens = text.split_whitespace().count();
            Answer { text: (*text).to_owned(), tokens, cut: false }
        };
        let responses = texts.iter().map(answer).collect();
        Answered { prompt: Prompt::Text(prompt.to_owned()), responses }
    }

    /// Three prompts, rewards minus lengths: a, b c, nothing are three pairs, two of them with nothing; the second
    /// prompt's responses are as long as each other; the third is kept apart.
    #[test]
    fn pairs_are_compared_parted_and_counted() {
        let answered =
            [group("p", &["a", "b c", ""]), group("q", &["d", "e"]), group("r", &["f", "g h"])];
        let rewards: Vec<Vec<f64>> = answered
            .iter()
            .map(|group| group.responses.iter().map(|y| -(y.tokens as f64)).collect())
            .collect();
        let rule = PairRule::new(PairSpec::default()).expect("a rule");
        let place = (1, Streams::new(0));
        let data = Dataset::new(&answered, &rewards, (&rule, EmptyPairs::Skip), place);
        let texts = |rows: &[ComparisonRow<'_>]| {
            rows.iter().map(|r| (r.chosen.to_owned(), r.rejected.to_owned())).collect::<Vec<_>>()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(texts(&data.train), [pair("a", "b c")]);
        assert_eq!(texts(&data.test), [pair("f", "g h")]);
        assert_eq!((data.empty, data.same, data.without), (2, 0, 1));
        assert_eq!((data.test[0].chosen_reward, data.test[0].rejected_tokens), (-1.0, 2));
        let all = Dataset::new(&answered, &rewards, (&rule, EmptyPairs::Keep), place);
        assert_eq!(texts(&all.train), [pair("a", "b c"), pair("", "a"), pair("", "b c")]);
    }
}
