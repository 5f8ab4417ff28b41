//! Comparisons and demonstrations of a file as tokens, parted by prompt.

use super::{LlmError, ModelFiles, Tokens};
use crate::learner::{Example, ExampleFile};
use crate::problem::{ExampleKind, ExampleRow, ExampleRows, ProblemError, Prompt};
use std::collections::HashMap;
use std::path::Path;

/// Examples that are trained on, and those whose prompt is kept for evaluation.
#[derive(Debug, Clone, Default)]
pub struct Examples {
    /// Each with the number of its prompt among those that are trained on.
    pub train: Vec<Example<Tokens>>,
    /// Each with the number of its prompt among those that are measured on.
    pub test: Vec<Example<Tokens>>,
}

/// The places of prompts in a split.
struct Places<'a> {
    train: HashMap<&'a Prompt, u64>,
    test: HashMap<&'a Prompt, u64>,
}

fn places(prompts: &[Prompt]) -> HashMap<&Prompt, u64> {
    prompts.iter().zip(0..).collect()
}

impl Examples {
    /// Reads a file for the prompts of a split; rows of other prompts are left out.
    ///
    /// Refused with their line: what [`ExampleRow::of_row`] refuses, and responses that are the same once
    /// they are cut.
    pub fn read(
        file: &ExampleFile<'_>,
        (train, test): (&[Prompt], &[Prompt]),
        files: &ModelFiles,
    ) -> Result<Self, LlmError> {
        let Some(path) = file.jsonl else { return Ok(Examples::default()) };
        let read =
            ExampleRows::read(path, file.kind, file.empty).map_err(|e| unusable(&e, file.kind))?;
        let places = Places { train: places(train), test: places(test) };
        let encoder = Encoder { path, files, file };
        let mut examples = Examples::default();
        for (line, row) in &read.rows {
            let train = places.train.get(&row.prompt).map(|p| (p, &mut examples.train));
            let test = places.test.get(&row.prompt).map(|p| (p, &mut examples.test));
            if let Some((prompt, side)) = train.or(test) {
                side.push(encoder.example(*line, row, *prompt)?);
            }
        }
        if examples.train.is_empty() {
            return Err(LlmError::input(
                format!("{}: has no row of a prompt that is trained on", path.display()),
                "rows of the prompts of problem.prompts, not only of the last `test` of them",
                "leave problem.prompts.jsonl out: the prompts are then those of the rows",
            ));
        }
        Ok(examples)
    }

    /// Tokens of the longest response.
    pub fn longest_response(&self) -> usize {
        let rows = self.train.iter().chain(&self.test);
        let longer = |row: &Example<Tokens>| row.rejected.as_ref().map_or(0, |y| y.len());
        rows.map(|row| row.chosen.len().max(longer(row))).max().unwrap_or(0)
    }
}

/// From rows to tokens.
struct Encoder<'a> {
    path: &'a Path,
    files: &'a ModelFiles,
    file: &'a ExampleFile<'a>,
}

impl Encoder<'_> {
    fn example(
        &self,
        line: usize,
        row: &ExampleRow,
        prompt: u64,
    ) -> Result<Example<Tokens>, LlmError> {
        let chosen = self.response((&row.chosen, row.chosen_cut))?;
        let rejected = row.rejected.as_deref().map(|text| self.response((text, row.rejected_cut)));
        let rejected = rejected.transpose()?;
        if rejected.as_ref() == Some(&chosen) {
            return Err(LlmError::input(
                format!(
                    "{}:{line}: both responses begin with the same tokens",
                    self.path.display()
                ),
                "responses that differ within data.preferences.max_response_tokens",
                "raise it, or leave the line out",
            ));
        }
        Ok(Example { prompt, chosen, rejected })
    }

    /// A response closed by the end token, or cut: before, as the row says, or here.
    fn response(&self, (text, is_cut): (&str, bool)) -> Result<Tokens, LlmError> {
        let mut tokens = self.files.response(text, is_cut)?;
        tokens.truncate(self.file.max_response_tokens.unwrap_or(tokens.len()));
        Ok(tokens.into())
    }
}

fn unusable(error: &ProblemError, kind: ExampleKind) -> LlmError {
    LlmError::input(error.to_string(), kind.rows(), "see all faults with `modeseek data check`")
}
