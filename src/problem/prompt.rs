//! Prompts of a JSONL file.

use super::language::{PromptOrder, PromptsSpec};
use super::{ExampleKind, ExampleRow, ProblemError, Sentences, jsonl};
use crate::stream::{Purpose, Streams};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::path::Path;

/// The seed of the one order of shuffled prompts.
const ORDER: u64 = 0;

/// Somebody's words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// Whose: `system`, `user` or `assistant`.
    pub role: String,
    /// What was said.
    pub content: String,
}

/// What is to be answered, as data files write it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "neither a text nor a list of messages, each with `role` and `content`"
)]
pub enum Prompt {
    /// A text: a user's message to a model with a chat template, the beginning of a text to a model
    /// without.
    Text(String),
    /// A conversation; its last message is usually the user's.
    Chat(Vec<Message>),
}

impl Prompt {
    /// The prompt of a row of a data file: its field `prompt`, or `messages` where there is none.
    pub(crate) fn of_row(row: &Map<String, Value>) -> Result<Prompt, String> {
        let value = match row.get("messages") {
            Some(messages) if !row.contains_key("prompt") => messages,
            _ => jsonl::field(row, "prompt", "`messages` serves too")?,
        };
        let prompt = Prompt::deserialize(value).map_err(|e| format!("its prompt is {e}"))?;
        prompt.known_roles()?;
        let said = prompt.texts().iter().any(|text| !text.trim().is_empty());
        if said { Ok(prompt) } else { Err("its prompt is empty".to_owned()) }
    }

    /// Refuses roles of other formats of data, which a chat template would write down as they are.
    fn known_roles(&self) -> Result<(), String> {
        /// ShareGPT's names, and those of transformers.
        const RENAMED: [(&str, &str); 4] =
            [("human", "user"), ("gpt", "assistant"), ("bot", "assistant"), ("model", "assistant")];
        let Prompt::Chat(messages) = self else { return Ok(()) };
        let of = |role: &str| RENAMED.iter().find(|(theirs, _)| *theirs == role);
        match messages.iter().find_map(|message| of(&message.role)) {
            Some((role, ours)) => {
                Err(format!("its prompt has a message of `{role}`: rename it to `{ours}`"))
            }
            None => Ok(()),
        }
    }

    /// The prompt after a system message, unless it has one of its own; a text becomes what the user says.
    pub fn after_system(self, system: &str) -> Prompt {
        const SYSTEM: &str = "system";
        let say = |role: &str, content: String| Message { role: role.to_owned(), content };
        let rest = match self {
            Prompt::Text(text) => vec![say("user", text)],
            Prompt::Chat(messages) if messages.iter().any(|m| m.role == SYSTEM) => {
                return Prompt::Chat(messages);
            }
            Prompt::Chat(messages) => messages,
        };
        let system = say(SYSTEM, system.to_owned());
        Prompt::Chat(std::iter::once(system).chain(rest).collect())
    }

    /// All that is said in it.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Prompt::Text(text) => vec![text],
            Prompt::Chat(messages) => messages.iter().map(|m| m.content.as_str()).collect(),
        }
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.texts().iter().all(|text| text.is_empty())
    }
}

/// The distinct prompts of a file, parted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromptSplit {
    /// Those that are trained on, in the file's order; at least one.
    pub train: Vec<Prompt>,
    /// Those that are measured on: the file's last ones.
    pub test: Vec<Prompt>,
}

/// Where prompts come from if no file of prompts is given.
#[derive(Debug, Clone, Copy)]
pub enum Instead<'a> {
    /// Nowhere: that is refused.
    Nothing,
    /// From a file of comparisons or demonstrations.
    Examples(&'a Path, ExampleKind),
    /// From the program: those of [`Sentences`], which the model `nano` knows.
    Made,
}

impl PromptsSpec {
    /// Reads the file, or takes what is there instead; its path as it stands.
    pub fn read(&self, instead: Instead<'_>) -> Result<PromptSplit, ProblemError> {
        let read =
            |path, kind| jsonl::rows(path, "prompt", |row| prompt_of(&row, kind)).map(distinct);
        let mut train = match (self.jsonl.as_deref(), instead) {
            (Some(path), _) => read(path, ExampleKind::Comparison)?,
            (None, Instead::Examples(path, kind)) => read(path, kind)?,
            (None, Instead::Made) => made(),
            (None, Instead::Nothing) => {
                return Err(ProblemError::Range {
                    key: "jsonl",
                    given: "not given".to_owned(),
                    allowed: "a file of prompts: --set problem.prompts.jsonl=FILE".to_owned(),
                });
            }
        };
        if self.order == PromptOrder::Shuffled {
            train.shuffle(&mut Streams::new(ORDER).at(Purpose::Shuffle, 0));
        }
        let count = self.limit.unwrap_or(train.len()).min(train.len());
        train.truncate(count);
        if self.test >= count {
            return Err(ProblemError::Range {
                key: "test",
                given: self.test.to_string(),
                allowed: format!(
                    "less than the {count} prompts that are read, so that some are trained on"
                ),
            });
        }
        let test = train.split_off(count - self.test);
        let train = self.part.of(train);
        if train.is_empty() {
            return Err(ProblemError::Range {
                key: "part",
                given: "a half without prompts".to_owned(),
                allowed: format!("halves of the {} prompts that are not kept", count - self.test),
            });
        }
        Ok(PromptSplit { train, test })
    }
}

/// The prompt of a row, which may stand within its responses.
fn prompt_of(row: &Map<String, Value>, kind: ExampleKind) -> Result<Prompt, String> {
    let within = match kind {
        ExampleKind::Comparison => row.contains_key("chosen") && !row.contains_key("prompt"),
        ExampleKind::Demonstration => true,
    };
    match within.then(|| ExampleRow::of_row(row, kind)) {
        Some(Ok(row)) => Ok(row.prompt),
        _ => Prompt::of_row(row),
    }
}

/// The prompts that the program makes.
fn made() -> Vec<Prompt> {
    let text = |i| Prompt::Text(Sentences::text(&Sentences::prompt(i)));
    (0..Sentences::PROMPTS).map(text).collect()
}

/// Each prompt once, where it first stands.
fn distinct(rows: Vec<(usize, Prompt)>) -> Vec<Prompt> {
    let mut seen = HashSet::new();
    let is_new = |prompt: &Prompt| seen.insert(prompt.clone());
    rows.into_iter().map(|(_, prompt)| prompt).filter(is_new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{LengthReward, PromptPart};

    fn read(text: &str, limit: Option<usize>, test: usize) -> Result<PromptSplit, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        let jsonl = Some(file.path().to_path_buf());
        let spec = PromptsSpec { test, ..PromptsSpec::unrewarded(jsonl, limit) };
        spec.read(Instead::Nothing).map_err(|error| error.to_string())
    }

    fn text(text: &str) -> Prompt {
        Prompt::Text(text.to_owned())
    }

    /// ShareGPT's roles would be written down by a chat template as they are.
    #[test]
    fn roles_of_other_formats_are_renamed_by_their_owner() {
        let row = |role: &str| {
            let asked = format!("{{\"role\": \"{role}\", \"content\": \"hi\"}}");
            read(&format!("{{\"messages\": [{asked}]}}\n{{\"prompt\": \"x\"}}"), None, 1)
        };
        assert!(row("user").is_ok());
        let error = row("human").expect_err("refused");
        assert!(error.contains("a message of `human`: rename it to `user`"), "{error}");
    }

    /// Whatever a prompt is, it has one system message: its own, where it has one.
    #[test]
    fn a_system_message_stands_in_place_of_the_template_s_own_alone() {
        let say = |(role, content): (&str, &str)| Message {
            role: role.to_owned(),
            content: content.to_owned(),
        };
        let chat = |said: &[(&str, &str)]| Prompt::Chat(said.iter().copied().map(say).collect());
        let (given, asked) = (("system", "Be brief."), ("user", "Why?"));
        let own = chat(&[("system", "Be kind."), asked]);
        for (prompt, wanted) in [
            (text("Why?"), chat(&[given, asked])),
            (chat(&[asked]), chat(&[given, asked])),
            (own.clone(), own),
        ] {
            assert_eq!(prompt.after_system("Be brief."), wanted);
        }
    }

    #[test]
    fn the_last_of_the_first_distinct_prompts_are_kept_for_evaluation() {
        // Some stand there twice.
        let row = |i: &usize| format!("{{\"prompt\": \"p{i}\"}}");
        let rows: Vec<String> = [0, 1, 0, 2, 3, 3, 4, 5].iter().map(row).collect();
        let split = read(&rows.join("\n\n"), Some(5), 2).expect("read");
        assert_eq!(split.train, [text("p0"), text("p1"), text("p2")]);
        assert_eq!(split.test, [text("p3"), text("p4")]);
        let error = read(&rows.join("\n"), None, 6).expect_err("nothing to train on");
        assert!(error.starts_with("test is 6; less than the 6 prompts"), "{error}");
    }

    /// Every prompt is on one side once, and the last ones are of all parts of the file.
    #[test]
    fn shuffled_prompts_are_parted_like_the_file_is_not() {
        let rows: Vec<String> = (0..40).map(|i| format!("{{\"prompt\": \"{i}\"}}")).collect();
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), rows.join("\n")).expect("written");
        let plain = PromptsSpec::unrewarded(Some(file.path().to_path_buf()), None);
        let spec = PromptsSpec { order: PromptOrder::Shuffled, test: 10, ..plain };
        let split = spec.read(Instead::Nothing).expect("read");
        assert_eq!(spec.read(Instead::Nothing).expect("read"), split);
        let number = |prompt: &Prompt| prompt.texts()[0].parse::<usize>().expect("a number");
        let test: Vec<usize> = split.test.iter().map(number).collect();
        assert!(test.iter().any(|i| *i < 20) && test.iter().any(|i| *i >= 20), "{test:?}");
        let mut all: Vec<usize> = split.train.iter().map(number).chain(test).collect();
        all.sort_unstable();
        assert_eq!(all, (0..40).collect::<Vec<_>>());
    }

    /// Prompts 0 to 6 without the two that are kept: halves of 2 and 3, and one of a single prompt is refused.
    #[test]
    fn halves_share_no_prompt_and_keep_the_same_ones_for_evaluation() {
        let rows: Vec<String> = (0..7).map(|i| format!("{{\"prompt\": \"p{i}\"}}")).collect();
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), rows.join("\n")).expect("written");
        let half = |part, limit, test| {
            let plain = PromptsSpec::unrewarded(Some(file.path().to_path_buf()), limit);
            PromptsSpec { part, test, ..plain }.read(Instead::Nothing)
        };
        let names = |prompts: &[Prompt]| prompts.iter().map(|p| p.texts()[0].to_owned()).collect();
        for (part, expected) in [
            (PromptPart::All, vec!["p0", "p1", "p2", "p3", "p4"]),
            (PromptPart::FirstHalf, vec!["p0", "p1"]),
            (PromptPart::SecondHalf, vec!["p2", "p3", "p4"]),
        ] {
            let split = half(part, None, 2).expect("read");
            let (train, test): (Vec<_>, Vec<_>) = (names(&split.train), names(&split.test));
            assert_eq!(
                (train, test),
                (
                    expected.iter().map(ToString::to_string).collect(),
                    vec!["p5".into(), "p6".into()]
                )
            );
        }
        let error = half(PromptPart::FirstHalf, Some(1), 0).expect_err("nothing to train on");
        assert!(error.to_string().contains("part is a half without prompts"), "{error}");
    }

    #[test]
    fn texts_and_conversations_are_prompts_and_faults_have_their_line() {
        let chat = r#"{"messages": [{"role": "user", "content": "Hi"}], "response": "Ho"}"#;
        let split = read(&format!("{chat}\n{{\"prompt\": \"p\"}}"), None, 1).expect("read");
        let message = Message { role: "user".to_owned(), content: "Hi".to_owned() };
        assert_eq!((split.train, split.test), (vec![Prompt::Chat(vec![message])], vec![text("p")]));
        for (row, fault) in [
            ("[]", "line 2: is not a JSON object"),
            (r#"{"question": "q"}"#, "line 2: has no field `prompt`; its fields are question"),
            (r#"{"prompt": 3}"#, "line 2: its prompt is neither a text nor a list of messages"),
            (r#"{"prompt": " \n"}"#, "line 2: its prompt is empty"),
            ("{}", "line 2: has no field `prompt`; it has no field at all"),
        ] {
            let error = read(&format!("{chat}\n{row}"), None, 0).expect_err(row);
            assert!(error.contains(fault), "{error}");
        }
        assert!(read("\n", None, 0).expect_err("empty").contains("holds no prompt"));
    }

    #[test]
    fn rewards_are_minus_numbers_of_tokens() {
        let mode: LengthReward = toml::from_str("[mode]\npeak = 10.5").expect("valid");
        assert_eq!((LengthReward::Min {}.of(3), mode.of(3), mode.of(12)), (-3.0, -7.5, -1.5));
    }
}
