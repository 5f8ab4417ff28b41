//! A true reward that a program of the user's gives.

use super::{LlmError, Special, Tokenizer, Tokens};
use crate::policy::PolicyError;
use crate::problem::{Prompt, misscored, scorer_rewards, scorer_rows};
use std::collections::HashMap;
use std::sync::Arc;

/// Who runs shell lines: whoever has processes and a clock.
pub trait Shell: std::fmt::Debug + Send + Sync {
    /// What a line writes when it is given `input`; else what it did instead, in words that follow "the command".
    fn answer(&self, line: &str, input: String) -> Result<String, String>;
}

/// A program that scores responses, and the texts that it reads.
#[derive(Debug)]
pub struct Commanded {
    shell: Arc<dyn Shell>,
    line: String,
    prompts: HashMap<Tokens, Prompt>,
    tokenizer: Tokenizer,
}

impl Commanded {
    /// The program of a scenario, for prompts with their tokens; refused where nobody runs shell lines.
    pub fn new(
        line: &str,
        shell: Option<&Arc<dyn Shell>>,
        prompts: HashMap<Tokens, Prompt>,
        tokenizer: &Tokenizer,
    ) -> Result<Self, LlmError> {
        let shell = shell.ok_or_else(|| {
            LlmError::input(
                "problem.prompts.gold_command: no shell was given to run it",
                "a place of runs with a shell, as `modeseek run` has",
                "give one with `Host::with_shell`",
            )
        })?;
        Ok(Commanded {
            shell: Arc::clone(shell),
            line: line.to_owned(),
            prompts,
            tokenizer: tokenizer.clone(),
        })
    }

    /// The reward of responses to a prompt, each without its end token: `[responses]`.
    pub fn scores(&self, prompt: &Tokens, responses: &[&[u32]]) -> Result<Vec<f64>, PolicyError> {
        let fault = |what: String| PolicyError::Unscored(misscored(&self.line, &what));
        let prompt = self.prompts.get(prompt);
        let prompt = prompt.ok_or_else(|| fault("was asked of an unknown prompt".to_owned()))?;
        let texts: Vec<String> = responses
            .iter()
            .map(|own| self.tokenizer.decode(own, Special::Hidden))
            .collect::<Result<_, _>>()?;
        let rows = scorer_rows(prompt, texts.iter().map(String::as_str));
        let said = self.shell.answer(&self.line, rows).map_err(fault)?;
        scorer_rewards(&said, texts.len()).map_err(fault)
    }
}
