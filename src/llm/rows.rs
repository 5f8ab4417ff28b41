//! Rows of a data file, and what a model makes of their responses.

use super::{ChatRow, LlmError, ModelFiles, Packed, Sequences, Tokens};
use crate::problem::{Prompt, jsonl};
use serde_json::{Value, json};
use std::path::Path;

/// What is added to a row, in this order.
const ADDED: [&str; 4] = ["prompt_ids", "response_ids", "token_log_probs", "sum_log_prob"];

/// A row with a prompt and a response to it, as text and as tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseRow {
    /// The line, one JSON object.
    line: String,
    prompt: Tokens,
    response: Tokens,
}

impl ResponseRow {
    /// Reads every line of a JSONL file; empty lines are passed over. `asked` is what becomes of a prompt before the
    /// model reads it.
    ///
    /// Prompts are written by the model's chat template if it has one; responses are closed by its end
    /// token, unless the row says `"response_cut": true`. Refused with their line: what is no JSON object or has no `response` and no `prompt` or
    /// `messages`, empty prompts, and rows that are longer than the model's context.
    pub fn read_all(
        path: &Path,
        files: &ModelFiles,
        asked: impl Fn(Prompt) -> Prompt,
    ) -> Result<Vec<Self>, LlmError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let found = format!("{}: cannot be read: {error}", path.display());
            LlmError::input(found, "a text file, one JSON object a line", "name another file")
        })?;
        files.require_end_token()?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let rows = lines.map(|(index, line)| {
            let place = format!("{}:{}", path.display(), index + 1);
            Self::read(line, files, &asked).map_err(|fault| fault.at(&place))
        });
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() {
            let found = format!("{}: holds no row", path.display());
            return Err(LlmError::input(found, "one JSON object a line", "write a row into it"));
        }
        Ok(rows)
    }

    fn read(
        line: &str,
        files: &ModelFiles,
        asked: &impl Fn(Prompt) -> Prompt,
    ) -> Result<Self, Fault> {
        let (ChatRow { prompt, response }, is_cut) = row(line).map_err(Fault::Row)?;
        let prompt = asked(prompt).tokens(files.chat_template.as_ref(), &files.tokenizer)?;
        let response = files.response(&response.unwrap_or_default(), is_cut)?;
        let (tokens, context) = (prompt.len() + response.len(), files.config.context);
        if tokens > context {
            return Err(Fault::Model(LlmError::input(
                format!(
                    "prompt and response have {} + {} tokens, which is longer than the context",
                    prompt.len(),
                    response.len()
                ),
                format!("{context} tokens together"),
                "shorten the row, or leave it out",
            )));
        }
        let (prompt, response) = (prompt.into(), response.into());
        Ok(ResponseRow { line: line.trim().to_owned(), prompt, response })
    }

    /// How many tokens of it a model reads.
    pub fn tokens(&self) -> usize {
        self.prompt.len() + self.response.len() - 1
    }

    /// Several rows as one pass reads them.
    pub fn packed(rows: &[Self]) -> Packed {
        let prompts = rows.iter().map(|row| row.prompt.clone()).collect();
        let responses = rows.iter().map(|row| row.response.clone()).collect();
        Packed::new(&Sequences::even(prompts, responses), 0..rows.len())
    }

    /// The line as it was, with `prompt_ids`, `response_ids`, `token_log_probs` (nats, one for each token of
    /// the response) and their sum `sum_log_prob` in place of fields of these names.
    pub fn scored(&self, log_probs: &[f32]) -> String {
        let sum: f64 = log_probs.iter().map(|lp| f64::from(*lp)).sum();
        let values = [json!(self.prompt), json!(self.response), numbers(log_probs), json!(sum)];
        let added = ADDED.iter().zip(values).map(|(name, value)| format!("\"{name}\": {value}"));
        let kept = members(&self.line);
        let kept = kept.into_iter().filter(|(key, _)| !ADDED.contains(&key.as_str()));
        let all: Vec<String> = kept.map(|(_, text)| text.to_owned()).chain(added).collect();
        format!("{{{}}}", all.join(", "))
    }
}

/// Single precision as it is written shortest.
fn numbers(log_probs: &[f32]) -> Value {
    let shortest = |lp: &f32| lp.to_string().parse::<f64>().unwrap_or(f64::from(*lp));
    json!(log_probs.iter().map(shortest).collect::<Vec<f64>>())
}

/// What is wrong with a row.
enum Fault {
    /// Its fields.
    Row(String),
    /// What the model makes of it.
    Model(LlmError),
}

impl From<LlmError> for Fault {
    fn from(error: LlmError) -> Self {
        Fault::Model(error)
    }
}

impl Fault {
    fn at(self, place: &str) -> LlmError {
        match self {
            Fault::Row(found) => LlmError::input(
                format!("{place}: {found}"),
                "one JSON object a line with `prompt` or `messages`, and `response`",
                "correct the line, or leave it out",
            ),
            Fault::Model(LlmError::Input { message, allowed, help }) => {
                LlmError::Input { message: format!("{place}: {message}"), allowed, help }
            }
            Fault::Model(other) => other,
        }
    }
}

/// The prompt and the response of a line, and whether that was cut before its end.
fn row(line: &str) -> Result<(ChatRow, bool), String> {
    let row = jsonl::object(line)?;
    let prompt = Prompt::of_row(&row)?;
    match jsonl::field(&row, "response", "it is what is scored")? {
        Value::String(response) => {
            let is_cut = jsonl::flag(&row, "response_cut")?;
            Ok((ChatRow { prompt, response: Some(response.clone()) }, is_cut))
        }
        _ => Err("its response is no text".to_owned()),
    }
}

/// The members of a whole JSON object in their order: each key, and the member as it is written.
fn members(object: &str) -> Vec<(String, &str)> {
    let inner = object.trim().trim_start_matches('{').strip_suffix('}').unwrap_or_default();
    let (mut depth, mut start, mut in_text, mut escaped) = (0, 0, false, false);
    let mut found = Vec::new();
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => {
                found.push(inner[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(inner[start..].trim());
    let key = |member: &&str| {
        serde_json::Deserializer::from_str(member).into_iter::<String>().next()?.ok()
    };
    found.into_iter().filter_map(|member| Some((key(&member)?, member))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scored_row_keeps_its_fields_as_they_were_written() {
        let line =
            r#"{"b": 1.50, "prompt":"a, \"}", "sum_log_prob": [{"x": 1}, 2], "response": "é"}"#;
        let (prompt, response) = ([1].into(), [3, 2].into());
        let row = ResponseRow { line: line.to_owned(), prompt, response };
        let wanted = r#"{"b": 1.50, "prompt":"a, \"}", "response": "é", "prompt_ids": [1], "response_ids": [3,2], "token_log_probs": [-0.1,-2.0], "sum_log_prob": -2.100000001490116}"#;
        let scored = row.scored(&[-0.1, -2.0]);
        assert_eq!(scored, wanted);
        let again = ResponseRow { line: scored, ..row };
        assert_eq!(again.scored(&[-0.1, -2.0]), wanted);
        assert!(members("{ }").is_empty());
    }

    #[test]
    fn rows_without_a_response_are_refused() {
        for (line, fault) in [
            ("{", "is not a JSON object: EOF while parsing an object at column 1"),
            (r#"{"response": "x"}"#, "has no field `prompt`; its fields are response"),
            (r#"{"prompt": "x", "messages": []}"#, "has no field `response`"),
            (r#"{"prompt": "x", "response": 3}"#, "its response is no text"),
            (r#"{"prompt": "", "response": "x"}"#, "its prompt is empty"),
        ] {
            let error = row(line).expect_err(line);
            assert!(error.starts_with(fault), "{error}");
        }
    }
}
