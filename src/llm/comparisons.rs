//! Comparisons of a file as tokens, parted by prompt.

use super::{LlmError, ModelFiles, Tokens};
use crate::learner::{Comparison, PreferenceFile};
use crate::problem::{PreferenceRow, PreferenceRows, ProblemError, Prompt};
use std::collections::HashMap;
use std::path::Path;

/// Comparisons that are trained on, and those whose prompt is kept for evaluation.
#[derive(Debug, Clone, Default)]
pub struct Comparisons {
    /// Each with the number of its prompt among those that are trained on.
    pub train: Vec<Comparison<Tokens>>,
    /// Each with the number of its prompt among those that are measured on.
    pub test: Vec<Comparison<Tokens>>,
}

/// The places of prompts in a split.
struct Places<'a> {
    train: HashMap<&'a Prompt, u64>,
    test: HashMap<&'a Prompt, u64>,
}

fn places(prompts: &[Prompt]) -> HashMap<&Prompt, u64> {
    prompts.iter().zip(0..).collect()
}

impl Comparisons {
    /// Reads a file for the prompts of a split; rows of other prompts are left out.
    ///
    /// Refused with their line: what [`PreferenceRow::of_row`] refuses, and responses that are the same once
    /// they are cut.
    pub fn read(
        file: &PreferenceFile,
        (train, test): (&[Prompt], &[Prompt]),
        files: &ModelFiles,
    ) -> Result<Self, LlmError> {
        let Some(path) = &file.jsonl else { return Ok(Comparisons::default()) };
        let read = PreferenceRows::read(path, file.empty).map_err(|e| unusable(&e))?;
        let places = Places { train: places(train), test: places(test) };
        let encoder = Encoder { path, files, end: files.require_end_token()?, file };
        let mut comparisons = Comparisons::default();
        for (line, row) in &read.rows {
            let train = places.train.get(&row.prompt).map(|p| (p, &mut comparisons.train));
            let test = places.test.get(&row.prompt).map(|p| (p, &mut comparisons.test));
            if let Some((prompt, side)) = train.or(test) {
                side.push(encoder.comparison(*line, row, *prompt)?);
            }
        }
        if comparisons.train.is_empty() {
            return Err(LlmError::input(
                format!("{}: has no comparison of a prompt that is trained on", path.display()),
                "comparisons of the prompts of problem.prompts, not only of the last `test` of them",
                "leave problem.prompts.jsonl out: the prompts are then those of the comparisons",
            ));
        }
        Ok(comparisons)
    }

    /// Tokens of the longest response.
    pub fn longest_response(&self) -> usize {
        let rows = self.train.iter().chain(&self.test);
        rows.flat_map(|row| [row.chosen.len(), row.rejected.len()]).max().unwrap_or(0)
    }
}

/// From rows to tokens.
struct Encoder<'a> {
    path: &'a Path,
    files: &'a ModelFiles,
    end: u32,
    file: &'a PreferenceFile,
}

impl Encoder<'_> {
    fn comparison(
        &self,
        line: usize,
        row: &PreferenceRow,
        prompt: u64,
    ) -> Result<Comparison<Tokens>, LlmError> {
        let (chosen, rejected) = (self.response(&row.chosen)?, self.response(&row.rejected)?);
        if chosen == rejected {
            return Err(LlmError::input(
                format!(
                    "{}:{line}: both responses begin with the same tokens",
                    self.path.display()
                ),
                "responses that differ within data.preferences.max_response_tokens",
                "raise it, or leave the line out",
            ));
        }
        Ok(Comparison { prompt, chosen, rejected })
    }

    /// A response closed by the end token, or cut.
    fn response(&self, text: &str) -> Result<Tokens, LlmError> {
        let mut tokens = self.files.tokenizer.encode(text)?;
        tokens.push(self.end);
        tokens.truncate(self.file.max_response_tokens.unwrap_or(tokens.len()));
        Ok(tokens.into())
    }
}

fn unusable(error: &ProblemError) -> LlmError {
    LlmError::input(
        error.to_string(),
        "one JSON object a line, with `prompt`, `chosen` and `rejected`",
        "see all faults with `modeseek data check`",
    )
}
