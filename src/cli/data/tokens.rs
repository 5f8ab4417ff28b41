//! A file's rows as a model reads them.

use super::Failure;
use super::lengths::Lengths;
use crate::cli::llm::{ModelArgs, failure};
use crate::llm::{LlmError, ModelFiles, shorter};
use crate::preference::Checkup;
use crate::problem::ExampleKind;
use std::path::Path;

/// A model that reads rows; no weight is loaded.
pub struct Reader {
    files: ModelFiles,
}

impl Reader {
    /// Opens a model by its name, folder or file.
    pub fn new(model: &str, models: &Path) -> Result<Self, Failure> {
        let files = ModelArgs::named(model, models).open()?;
        files.require_end_token().map_err(failure)?;
        Ok(Reader { files })
    }

    /// Lengths in tokens, end tokens counted where a response was not cut; rows that the model cannot read become faults.
    pub fn read(&self, found: &mut Checkup) -> Lengths {
        let mut lengths = Lengths { unit: "tokens", prompts: Vec::new(), responses: Vec::new() };
        for (line, row) in std::mem::take(&mut found.rows) {
            match self.lengths(row.prompt(), &row.responses_and_cuts()) {
                Ok((prompt, responses)) => {
                    lengths.prompts.push(prompt);
                    lengths.responses.push(responses);
                    found.rows.push((line, row));
                }
                Err(error) => found.faults.push((line, error)),
            }
        }
        found.faults.sort();
        lengths
    }

    /// Tokens of a prompt and of the responses to it.
    fn lengths(
        &self,
        prompt: &crate::problem::Prompt,
        responses: &[(&str, bool)],
    ) -> Result<(usize, Vec<usize>), String> {
        let ModelFiles { tokenizer, chat_template, config, .. } = &self.files;
        let one_line = |error: LlmError| error.to_string().replace('\n', ";");
        let prompt = prompt.tokens(chat_template.as_ref(), tokenizer).map_err(one_line)?.len();
        let response = |&(text, is_cut): &(&str, bool)| {
            self.files.response(text, is_cut).map(|tokens| tokens.len())
        };
        let responses: Vec<usize> =
            responses.iter().map(response).collect::<Result<_, _>>().map_err(one_line)?;
        let whole = prompt + responses.iter().max().unwrap_or(&0);
        if whole <= config.context {
            return Ok((prompt, responses));
        }
        let kind = match responses.len() {
            0 => None,
            1 => Some(ExampleKind::Demonstration),
            _ => Some(ExampleKind::Comparison),
        };
        let (most, help) = (config.context, shorter(prompt, config.context, kind));
        Err(format!("has {whole} tokens in all, and the model reads {most}; {help}"))
    }
}
