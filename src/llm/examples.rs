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

/// The prompts of one side of a split, as they are written and as a model reads them.
pub type Side<'a> = (&'a [Prompt], &'a [Tokens]);

/// The places of prompts in a split, each with its number of tokens.
struct Places<'a> {
    train: HashMap<&'a Prompt, (u64, usize)>,
    test: HashMap<&'a Prompt, (u64, usize)>,
}

fn places<'a>((prompts, tokens): Side<'a>) -> HashMap<&'a Prompt, (u64, usize)> {
    let places = (0..).zip(tokens.iter().map(|own| own.len()));
    prompts.iter().zip(places).collect()
}

impl Examples {
    /// Reads a file for the prompts of a split; rows of other prompts are left out.
    ///
    /// Refused with their line: what [`ExampleRow::of_row`] refuses, responses that are the same once they are
    /// cut, and rows that are longer than the model's context.
    pub fn read(
        file: &ExampleFile<'_>,
        (train, test): (Side<'_>, Side<'_>),
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
            if let Some((place, side)) = train.or(test) {
                side.push(encoder.example(*line, row, *place)?);
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

    /// Tokens of the longest prompt with a response to it, and of the longest prompt with both; the prompts are
    /// those that were trained and measured on when the file was read.
    pub fn longest(&self, train: &[Tokens], test: &[Tokens]) -> (usize, usize) {
        let rows = self.train.iter().zip(std::iter::repeat(train));
        let rows = rows.chain(self.test.iter().zip(std::iter::repeat(test)));
        rows.fold((0, 0), |(one, both), (row, prompts)| {
            let prompt = prompts[row.prompt as usize].len();
            let (chosen, rejected) =
                (row.chosen.len(), row.rejected.as_ref().map_or(0, |y| y.len()));
            (one.max(prompt + chosen.max(rejected)), both.max(prompt + chosen + rejected))
        })
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
        (prompt, length): (u64, usize),
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
        let longest = chosen.len().max(rejected.as_ref().map_or(0, |y| y.len()));
        self.fit(line, length, longest)?;
        Ok(Example { prompt, chosen, rejected })
    }

    /// Refuses a row that is longer than the model's context.
    fn fit(&self, line: usize, prompt: usize, response: usize) -> Result<(), LlmError> {
        let context = self.files.config.context;
        if prompt + response <= context {
            return Ok(());
        }
        Err(LlmError::input(
            format!(
                "{}:{line}: its prompt has {prompt} tokens and its longest response {response}",
                self.path.display()
            ),
            format!("{context} tokens together, which the model reads"),
            shorter(prompt, context, Some(self.file.kind)),
        ))
    }

    /// A response closed by the end token, or cut: before, as the row says, or here.
    fn response(&self, (text, is_cut): (&str, bool)) -> Result<Tokens, LlmError> {
        let mut tokens = self.files.response(text, is_cut)?;
        tokens.truncate(self.file.max_response_tokens.unwrap_or(tokens.len()));
        Ok(tokens.into())
    }
}

/// What can be done about a row that is longer than a context: `prompt` tokens of it are not its response's.
pub fn shorter(prompt: usize, context: usize, kind: Option<ExampleKind>) -> String {
    let room = context.saturating_sub(prompt);
    let cut = kind.filter(|_| room > 0).map_or(String::new(), |kind| {
        format!(" set {}.max_response_tokens to at most {room},", kind.key())
    });
    format!("shorten it,{cut} or take a model with a longer context")
}

fn unusable(error: &ProblemError, kind: ExampleKind) -> LlmError {
    LlmError::input(error.to_string(), kind.rows(), "see all faults with `modeseek data check`")
}
