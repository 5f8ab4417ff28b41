//! Comparisons and demonstrations from a JSONL file.

use super::{Message, ProblemError, Prompt, jsonl};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::Path;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExampleKind {
    /// A prompt with two responses, one of which was preferred.
    Comparison,
    /// A prompt with a response that is to be imitated.
    Demonstration,
}

/// A prompt with a response, which was preferred to another or is to be imitated.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExampleRow {
    /// What was answered.
    pub prompt: Prompt,
    /// The preferred response, or the only one.
    pub chosen: String,
    /// The other one of a comparison.
    pub rejected: Option<String>,
    /// Whether the preferred response was cut before its end.
    pub chosen_cut: bool,
    /// Whether the other one was.
    pub rejected_cut: bool,
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

/// The fields in which data files keep a response that is to be imitated.
const RESPONSES: [&str; 3] = ["completion", "response", "chosen"];

impl ExampleKind {
    /// The table of a scenario that names such a file.
    pub fn key(self) -> &'static str {
        match self {
            ExampleKind::Comparison => "data.preferences",
            ExampleKind::Demonstration => "data.demonstrations",
        }
    }

    /// What its rows are, for messages.
    pub fn rows(self) -> &'static str {
        match self {
            ExampleKind::Comparison => {
                "one JSON object a line, with `prompt`, `chosen` and `rejected`"
            }
            ExampleKind::Demonstration => {
                "one JSON object a line, with `prompt` and `completion`, or with `messages` that end \
                 with the assistant's"
            }
        }
    }
}

impl ExampleRow {
    /// The example of a row.
    pub fn of_row(row: &Map<String, Value>, kind: ExampleKind) -> Result<Self, String> {
        match kind {
            ExampleKind::Comparison => Self::comparison(row),
            ExampleKind::Demonstration => Self::demonstration(row),
        }
    }

    /// The demonstration of a row: `prompt` and `completion`, `response` or `chosen`, each a text or a list of
    /// messages; where the response holds the whole conversation, or stands at the end of `messages`, `prompt`
    /// may be left out.
    ///
    /// Refused: a row that says, as rows of liked and disliked responses do, that its response was disliked.
    fn demonstration(row: &Map<String, Value>) -> Result<Self, String> {
        if row.get("label") == Some(&Value::Bool(false)) {
            return Err(
                "its `label` is false: a disliked response is not to be imitated; leave the line \
                        out, or give it as `rejected` beside a `chosen` one"
                    .to_owned(),
            );
        }
        let names = RESPONSES.into_iter().chain(["messages"]);
        let name = names.into_iter().find(|name| row.contains_key(*name)).unwrap_or("completion");
        let (before, chosen) = answer(row, name)?;
        let prompt = if name != "messages" && Self::has_prompt(row) {
            Prompt::of_row(row)?
        } else if before.is_empty() {
            return Err(format!("has no field `prompt`, and `{name}` is no conversation"));
        } else {
            Prompt::Chat(before)
        };
        let chosen_cut = is_cut(row, name)?;
        Ok(ExampleRow { prompt, chosen, rejected: None, chosen_cut, rejected_cut: false })
    }

    fn has_prompt(row: &Map<String, Value>) -> bool {
        row.contains_key("prompt") || row.contains_key("messages")
    }

    /// The comparison of a row: `prompt`, `chosen` and `rejected`, each a text or a list of messages; where
    /// `chosen` and `rejected` hold the whole conversation, `prompt` may be left out.
    ///
    /// Refused: a field that lacks, a response that is no text or no answer of the assistant, two
    /// conversations that part before their last message, and two responses that are the same.
    fn comparison(row: &Map<String, Value>) -> Result<Self, String> {
        let (before, chosen) = answer(row, "chosen")?;
        let (also_before, rejected) = answer(row, "rejected")?;
        let prompt = if Self::has_prompt(row) {
            let prompt = Prompt::of_row(row)?;
            let sides = [("chosen", &before), ("rejected", &also_before)];
            match sides.into_iter().find(|(_, before)| !repeats(before, &prompt)) {
                Some((side, _)) => return Err(other_conversation(side)),
                None => prompt,
            }
        } else if before.is_empty() || before != also_before {
            return Err(without_prompt(row));
        } else {
            Prompt::Chat(before)
        };
        if chosen == rejected {
            return Err(
                "`chosen` and `rejected` are the same: nothing is compared; leave the line out"
                    .to_owned(),
            );
        }
        let (chosen_cut, rejected_cut) = (is_cut(row, "chosen")?, is_cut(row, "rejected")?);
        Ok(ExampleRow { prompt, chosen, rejected: Some(rejected), chosen_cut, rejected_cut })
    }
}

/// Whether the response of a field was cut before its end: `chosen_cut` beside `chosen`.
fn is_cut(row: &Map<String, Value>, name: &str) -> Result<bool, String> {
    jsonl::flag(row, &format!("{name}_cut"))
}

/// Whether the messages before a response, if there are any, are the prompt once more.
fn repeats(before: &[Message], prompt: &Prompt) -> bool {
    match (before, prompt) {
        ([], _) => true,
        (before, Prompt::Chat(messages)) => before == messages.as_slice(),
        ([asked], Prompt::Text(text)) => asked.role == "user" && asked.content == *text,
        _ => false,
    }
}

/// What a comparison without a prompt lacks, with the fields that it has.
fn without_prompt(row: &Map<String, Value>) -> String {
    let fields: Vec<&str> = row.keys().map(String::as_str).collect();
    format!(
        "has no field `prompt`, and `chosen` and `rejected` are no conversations that differ in their last message \
         only; its fields are {}: rename the one that asks to `prompt`, or write conversations as lists of messages",
        fields.join(", ")
    )
}

fn other_conversation(side: &str) -> String {
    format!(
        "the messages before the last one of `{side}` are not its `prompt`; make them so, or leave `prompt` out: the \
         conversation is then taken"
    )
}

/// The response of a field, and the messages before it.
fn answer(row: &Map<String, Value>, name: &str) -> Result<(Vec<Message>, String), String> {
    let what = match name {
        "chosen" | "rejected" => "a comparison has `prompt`, `chosen` and `rejected`",
        _ => "a demonstration has `prompt` and `completion`, `response` or `chosen`, or `messages`",
    };
    let value = jsonl::field(row, name, what)?;
    match Said::deserialize(value).map_err(|e| format!("its `{name}` is {e}"))? {
        Said::Text(text) => Ok((Vec::new(), text)),
        Said::Chat(mut messages) => match messages.pop() {
            Some(last) if last.role == "assistant" => Ok((messages, last.content)),
            Some(last) => Err(format!(
                "its `{name}` ends with a message of `{}`; the last one is the assistant's: rename `gpt`, `bot` or \
                 `model` to `assistant`, `human` to `user`",
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

/// The examples of a file that can be trained on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExampleRows {
    /// The rows with the numbers of their lines, in the file's order.
    pub rows: Vec<(usize, ExampleRow)>,
    /// Rows left out because a response is empty.
    pub empty: usize,
    /// Rows that repeat an earlier one exactly; they are kept and count twice.
    pub repeated: usize,
}

impl ExampleRows {
    /// Reads every line of a file; empty lines are passed over.
    pub fn read(
        path: &Path,
        kind: ExampleKind,
        empty: EmptyResponses,
    ) -> Result<Self, ProblemError> {
        let what = match kind {
            ExampleKind::Comparison => "comparison",
            ExampleKind::Demonstration => "demonstration",
        };
        let key = kind.key();
        let rows = jsonl::rows(path, what, |row| {
            let row = ExampleRow::of_row(&row, kind)?;
            match (empty, row.empty_side()) {
                (EmptyResponses::Refuse, Some(side)) => Err(format!(
                    "its `{side}` is empty; correct the line, or write {key}.empty = \"skip\""
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
        Ok(ExampleRows { rows, empty, repeated })
    }
}

impl ExampleRow {
    /// Its responses, the chosen one first, each with whether it was cut before its end.
    pub fn responses(&self) -> impl Iterator<Item = (&str, bool)> {
        let other = self.rejected.as_deref().map(|text| (text, self.rejected_cut));
        std::iter::once((self.chosen.as_str(), self.chosen_cut)).chain(other)
    }

    /// The field of an empty response, if there is one.
    pub fn empty_side(&self) -> Option<&'static str> {
        let sides = [("chosen", Some(&self.chosen)), ("rejected", self.rejected.as_ref())];
        let is_empty = |text: &String| text.trim().is_empty();
        let named = |(side, text): (&'static str, Option<&String>)| {
            text.filter(|t| is_empty(t)).map(|_| side)
        };
        let side = sides.into_iter().find_map(named);
        if self.rejected.is_none() { side.map(|_| "response") } else { side }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str], empty: EmptyResponses) -> Result<ExampleRows, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), lines.join("\n")).expect("written");
        ExampleRows::read(file.path(), ExampleKind::Comparison, empty)
            .map_err(|error| error.to_string())
    }

    fn row_of(prompt: Prompt) -> ExampleRow {
        let (chosen, rejected) = ("yes".to_owned(), Some("no".to_owned()));
        ExampleRow { prompt, chosen, rejected, chosen_cut: false, rejected_cut: false }
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
            format!(r#"{{"prompt": "q", "chosen": [{user}, {yes}], "rejected": [{user}, {no}]}}"#),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let read = read(&lines, EmptyResponses::Refuse).expect("read");
        let message = Message { role: "user".to_owned(), content: "q".to_owned() };
        let chat = row_of(Prompt::Chat(vec![message]));
        let text = row_of(Prompt::Text("q".to_owned()));
        let wanted = [(1, text.clone()), (2, chat.clone()), (3, chat), (4, text)];
        assert_eq!((read.rows.as_slice(), read.empty, read.repeated), (&wanted[..], 0, 2));
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
            (
                good.replace("no", "yes"),
                "`chosen` and `rejected` are the same: nothing is compared",
            ),
            (
                format!(
                    r#"{{"prompt": "p", "chosen": [{user}, {yes}], "rejected": "no"}}"#,
                    yes = r#"{"role": "assistant", "content": "yes"}"#
                ),
                "the messages before the last one of `chosen` are not its `prompt`",
            ),
            (
                format!("[{good}]"),
                "is not a JSON object: invalid type: sequence, expected a map at column 0 (a JSON array? `jq",
            ),
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

    /// What TRL's trainers read: prompt and completion, conversations, and what a comparison chose.
    #[test]
    fn every_shape_of_a_demonstration_is_the_same_one() {
        let of = |text: &str| {
            let row = serde_json::from_str(text).expect("JSON");
            ExampleRow::of_row(&row, ExampleKind::Demonstration)
        };
        let said = |who: &str, what: &str| format!(r#"{{"role": "{who}", "content": "{what}"}}"#);
        let (user, yes) = (said("user", "q"), said("assistant", "yes"));
        let text = Prompt::Text("q".to_owned());
        for row in [
            r#"{"prompt": "q", "completion": "yes"}"#,
            r#"{"prompt": "q", "response": "yes"}"#,
            r#"{"prompt": "q", "chosen": "yes", "rejected": "no"}"#,
        ] {
            let wanted = ExampleRow { rejected: None, ..row_of(text.clone()) };
            assert_eq!(of(row), Ok(wanted), "{row}");
        }
        let message = Message { role: "user".to_owned(), content: "q".to_owned() };
        let chat = ExampleRow { rejected: None, ..row_of(Prompt::Chat(vec![message])) };
        for row in [
            format!(r#"{{"messages": [{user}, {yes}]}}"#),
            format!(r#"{{"prompt": [{user}], "completion": [{yes}]}}"#),
            format!(r#"{{"messages": [{user}], "response": "yes"}}"#),
        ] {
            assert_eq!(of(&row), Ok(chat.clone()), "{row}");
        }
        let fault = |text: &str| of(text).expect_err("refused");
        let disliked = r#"{"prompt": "q", "completion": "no", "label": false}"#;
        assert!(fault(disliked).starts_with("its `label` is false"));
        assert!(of(&disliked.replace("false", "true")).is_ok());
        assert!(fault(r#"{"prompt": "q"}"#).starts_with("has no field `completion`"));
        assert!(fault(r#"{"completion": "yes"}"#).starts_with("has no field `prompt`"));
        assert!(
            fault(&format!(r#"{{"messages": [{user}]}}"#))
                .contains("ends with a message of `user`")
        );
    }
}
