//! The fixed pairs on which a policy over texts is measured.

use super::Tokens;
use super::task::LanguageTask;
use crate::learner::Example;
use crate::policy::PolicyError;
use crate::stream::{Draws, Purpose, Streams};

/// Responses of evaluation pairs begin at this address, after those that every policy draws.
const PAIRS: u64 = 1 << 40;

/// A prompt with two responses, the preferred one first.
pub(super) struct EvaluationPair {
    pub prompt: Tokens,
    pub responses: [Tokens; 2],
    /// log π_ref of both, summed over tokens (nats).
    pub log_ref: [f64; 2],
    /// How much more the first is worth (reward units); none where somebody else chose.
    pub gap: Option<f64>,
}

/// Pairs of evaluation prompts: the first `count` comparisons that are given, or where none are two responses
/// of π_ref to each of `count` prompts, the better one first and those of equal reward left out.
pub(super) fn evaluation_pairs<T: LanguageTask>(
    task: &T,
    prompts: &[Tokens],
    count: usize,
    streams: Streams,
) -> Result<Vec<EvaluationPair>, PolicyError> {
    match task.test_examples() {
        [] => drawn(task, prompts, count, streams),
        given => {
            let compared = given.iter().filter_map(|row| Some((row, row.rejected.as_ref()?)));
            compared.take(count).map(|(row, other)| of_row(task, prompts, row, other)).collect()
        }
    }
}

fn drawn<T: LanguageTask>(
    task: &T,
    prompts: &[Tokens],
    count: usize,
    streams: Streams,
) -> Result<Vec<EvaluationPair>, PolicyError> {
    let prompts: Vec<Tokens> = prompts.iter().cycle().take(count).cloned().collect();
    let draws = Draws::new(streams, Purpose::Evaluation, PAIRS);
    let responses = task.reference_responses(&prompts, 2, &draws)?;
    let mut pairs = Vec::new();
    for (prompt, own) in prompts.into_iter().zip(responses.chunks_exact(2)) {
        let rewards = task.gold_rewards(&prompt, own)?;
        if rewards[0] == rewards[1] {
            continue;
        }
        let log_ref = task.log_reference(&prompt, own)?;
        let [w, l] = if rewards[0] > rewards[1] { [0, 1] } else { [1, 0] };
        let responses = [own[w].clone(), own[l].clone()];
        let gap = Some(rewards[w] - rewards[l]);
        pairs.push(EvaluationPair { prompt, responses, log_ref: [log_ref[w], log_ref[l]], gap });
    }
    Ok(pairs)
}

fn of_row<T: LanguageTask>(
    task: &T,
    prompts: &[Tokens],
    row: &Example<Tokens>,
    rejected: &Tokens,
) -> Result<EvaluationPair, PolicyError> {
    let prompt = prompts[row.prompt as usize].clone();
    let responses = [row.chosen.clone(), rejected.clone()];
    let log_ref = task.log_reference(&prompt, &responses)?;
    Ok(EvaluationPair { prompt, responses, log_ref: [log_ref[0], log_ref[1]], gap: None })
}
