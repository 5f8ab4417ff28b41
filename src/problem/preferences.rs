//! Comparisons of responses from a JSONL file.

use super::{Message, ProblemError, Prompt, jsonl};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::Path;

/// A prompt with two responses, one of which was preferred.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PreferenceRow {
    /// What was answered.
    pub prompt: Prompt,
    /// The preferred response.
    pub chosen: String,
    /// The other one.
    pub rejected: String,
}

/// A response as data files write it: a text, or a conversation that ends with it.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "neither a text nor a list of messages, each with `role` and `content`"
)]
enum Said {
    Text(String),
    Chat(Vec<Message>),
}

impl PreferenceRow {
    /// The comparison of a row: `prompt`, `chosen` and `rejected`, each a text or a list of messages; where
    /// `chosen` and `rejected` hold the whole conversation, `prompt` may be left out.
    ///
    /// Refused: a field that lacks, a response that is no text or no answer of the assistant, two
    /// conversations that part before their last message, and two responses that are the same.
    pub fn of_row(row: &Map<String, Value>) -> Result<Self, String> {
        let (before, chosen) = answer(row, "chosen")?;
        let (also_before, rejected) = answer(row, "rejected")?;
        let has_prompt = row.contains_key("prompt") || row.contains_key("messages");
        let prompt = if has_prompt {
            // A conversation may repeat the prompt.
            Prompt::of_row(row)?
        } else if before.is_empty() || before != also_before {
            return Err("has no field `prompt`, and `chosen` and `rejected` are no conversations \
                        that differ in their last message only"
                .to_owned());
        } else {
            Prompt::Chat(before)
        };
        if chosen == rejected {
            return Err("`chosen` and `rejected` are the same".to_owned());
        }
        Ok(PreferenceRow { prompt, chosen, rejected })
    }
}

/// The response of a field, and the messages before it.
fn answer(row: &Map<String, Value>, name: &str) -> Result<(Vec<Message>, String), String> {
    let value = jsonl::field(row, name, "a comparison has `prompt`, `chosen` and `rejected`")?;
    match Said::deserialize(value).map_err(|e| format!("its `{name}` is {e}"))? {
        Said::Text(text) => Ok((Vec::new(), text)),
        Said::Chat(mut messages) => match messages.pop() {
            Some(last) if last.role == "assistant" => Ok((messages, last.content)),
            Some(last) => Err(format!(
                "its `{name}` ends with a message of `{}`; the last one is the assistant's",
                last.role
            )),
            None => Err(format!("its `{name}` has no message")),
        },
    }
}

/// What is done with rows of which a response is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyResponses {
    /// They are refused with their line.
    ///
    /// *Reading* A file that should have none says so at once.
    ///
    /// *Wrong* Real files often have some: correct them, or write "skip".
    #[default]
    Refuse,
    /// They are left out and counted.
    ///
    /// *Reading* How many were left out is said before the run and stands in its manifest.
    ///
    /// *Wrong* A large share of a file: look at how it was made before training on what is left.
    Skip,
}

/// The comparisons of a file that can be trained on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PreferenceRows {
    /// The rows with the numbers of their lines, in the file's order.
    pub rows: Vec<(usize, PreferenceRow)>,
    /// Rows left out because a response is empty.
    pub empty: usize,
    /// Rows that repeat an earlier one exactly; they are kept and count twice.
    pub repeated: usize,
}

impl PreferenceRows {
    /// Reads every line of a file; empty lines are passed over.
    pub fn read(path: &Path, empty: EmptyResponses) -> Result<Self, ProblemError> {
        let rows = jsonl::rows(path, "comparison", |row| {
            let row = PreferenceRow::of_row(&row)?;
            match (empty, row.empty_side()) {
                (EmptyResponses::Refuse, Some(side)) => Err(format!(
                    "its `{side}` is empty; correct the line, or write data.preferences.empty = \"skip\""
                )),
                (_, side) => Ok((side.is_none(), row)),
            }
        })?;
        let all = rows.len();
        let mut seen = std::collections::HashSet::new();
        let kept = rows.into_iter().filter(|(_, (kept, _))| *kept);
        let rows: Vec<_> = kept.map(|(line, (_, row))| (line, row)).collect();
        let repeated = rows.iter().filter(|(_, row)| !seen.insert(row)).count();
        let empty = all - rows.len();
        drop(seen);
        Ok(PreferenceRows { rows, empty, repeated })
    }
}

impl PreferenceRow {
    /// The field of an empty response, if there is one.
    pub fn empty_side(&self) -> Option<&'static str> {
        let sides = [("chosen", &self.chosen), ("rejected", &self.rejected)];
        sides.into_iter().find(|(_, text)| text.trim().is_empty()).map(|(side, _)| side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str], empty: EmptyResponses) -> Result<PreferenceRows, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), lines.join("\n")).expect("written");
        PreferenceRows::read(file.path(), empty).map_err(|error| error.to_string())
    }

    fn row(prompt: Prompt) -> PreferenceRow {
        PreferenceRow { prompt, chosen: "yes".to_owned(), rejected: "no".to_owned() }
    }

    #[test]
    fn texts_messages_and_whole_conversations_are_the_same_comparison() {
        let said = |who: &str, what: &str| format!(r#"{{"role": "{who}", "content": "{what}"}}"#);
        let (user, yes, no) =
            (said("user", "q"), said("assistant", "yes"), said("assistant", "no"));
        let lines = [
            r#"{"prompt": "q", "chosen": "yes", "rejected": "no", "source": 1}"#.to_owned(),
            format!(r#"{{"prompt": [{user}], "chosen": [{yes}], "rejected": [{no}]}}"#),
            format!(r#"{{"chosen": [{user}, {yes}], "rejected": [{user}, {no}]}}"#),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let read = read(&lines, EmptyResponses::Refuse).expect("read");
        let message = Message { role: "user".to_owned(), content: "q".to_owned() };
        let chat = row(Prompt::Chat(vec![message]));
        let wanted = [(1, row(Prompt::Text("q".to_owned()))), (2, chat.clone()), (3, chat)];
        assert_eq!((read.rows.as_slice(), read.empty, read.repeated), (&wanted[..], 0, 1));
    }

    #[test]
    fn faults_have_their_line_and_the_remedy() {
        let good = r#"{"prompt": "q", "chosen": "yes", "rejected": "no"}"#;
        let user = r#"{"role": "user", "content": "q"}"#;
        for (bad, fault) in [
            (r#"{"prompt": "q", "chosen": "yes"}"#.to_owned(), "has no field `rejected`"),
            (
                r#"{"prompt": "q", "chosen": 1, "rejected": "no"}"#.to_owned(),
                "its `chosen` is neither",
            ),
            (good.replace("no", "yes"), "`chosen` and `rejected` are the same"),
            (good.replace(r#""prompt": "q", "#, ""), "has no field `prompt`"),
            (
                format!(r#"{{"chosen": [{user}], "rejected": "no"}}"#),
                "its `chosen` ends with a message of `user`",
            ),
            (good.replace("no", " "), "its `rejected` is empty; correct the line, or write"),
        ] {
            let error = read(&[good, "", &bad], EmptyResponses::Refuse).expect_err(&bad);
            assert!(error.contains(&format!("line 3: {fault}")), "{error}");
        }
    }

    #[test]
    fn empty_responses_are_left_out_and_counted_where_that_is_asked_for() {
        let good = r#"{"prompt": "q", "chosen": "yes", "rejected": "no"}"#;
        let rows = read(&[good, &good.replace("no", "")], EmptyResponses::Skip).expect("read");
        assert_eq!((rows.rows.len(), rows.empty), (1, 1));
    }
}
