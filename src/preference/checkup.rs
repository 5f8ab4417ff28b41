//! What is found in a file of prompts or of comparisons before anything learns from it.

use crate::problem::{ExampleKind, ExampleRow, Prompt, jsonl};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// Texts that only a chat template should write.
const TEMPLATE_TOKENS: [&str; 8] = [
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "[INST]",
    "[/INST]",
    "</s>",
];

/// What a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A prompt and two responses, or one.
    Example(ExampleRow),
    /// A prompt alone.
    Prompt(Prompt),
}

impl Row {
    /// The row of an object: a comparison where it has `chosen` or `rejected`, a demonstration where it has
    /// `completion` or `response`, or `messages` that end with the assistant's.
    ///
    /// Refused: what [`ExampleRow::of_row`] refuses, empty responses, and no prompt.
    pub fn of(row: &Map<String, Value>) -> Result<Row, String> {
        let has = |names: [&str; 2]| names.iter().any(|name| row.contains_key(*name));
        let kind = if has(["chosen", "rejected"]) {
            ExampleKind::Comparison
        } else if has(["completion", "response"]) || ends_with_an_answer(row) {
            ExampleKind::Demonstration
        } else {
            return Prompt::of_row(row).map(Row::Prompt);
        };
        let row = ExampleRow::of_row(row, kind)?;
        match row.empty_side() {
            Some(side) => Err(format!(
                "its `{side}` is empty; correct it, or train with {}.empty = \"skip\"",
                kind.key()
            )),
            None => Ok(Row::Example(row)),
        }
    }

    /// What is to be answered.
    pub fn prompt(&self) -> &Prompt {
        match self {
            Row::Example(row) => &row.prompt,
            Row::Prompt(prompt) => prompt,
        }
    }

    /// Its responses, the chosen one first.
    pub fn responses(&self) -> Vec<&str> {
        self.responses_and_cuts().into_iter().map(|(text, _)| text).collect()
    }

    /// The same, each with whether it was cut before its end.
    pub fn responses_and_cuts(&self) -> Vec<(&str, bool)> {
        match self {
            Row::Example(row) => row.responses().collect(),
            Row::Prompt(_) => Vec::new(),
        }
    }

    /// All that is said in it.
    fn texts(&self) -> Vec<&str> {
        [self.responses(), self.prompt().texts()].concat()
    }
}

/// Whether `messages` hold a whole conversation.
fn ends_with_an_answer(row: &Map<String, Value>) -> bool {
    let messages = row.get("messages").and_then(Value::as_array);
    let last = messages.and_then(|messages| messages.last()?.get("role")?.as_str());
    !row.contains_key("prompt") && last == Some("assistant")
}

/// What is found in a file; lines are counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkup {
    /// Rows that can be used, with their lines.
    pub rows: Vec<(usize, Row)>,
    /// Lines that cannot, each with its fault and the remedy.
    pub faults: Vec<(usize, String)>,
    /// Lines that repeat an earlier one exactly.
    pub repeated: Vec<usize>,
    /// Lines that prefer what an earlier line of the same prompt rejects in favour of the other.
    pub contradicting: Vec<usize>,
    /// Lines with white space around a text.
    pub untrimmed: Vec<usize>,
    /// Lines in which a chat template's own tokens are spelled.
    pub templated: Vec<usize>,
    /// Lines whose two rewards are the same.
    pub tied: Vec<usize>,
    /// Lines that prefer the response of lower reward.
    pub against: Vec<usize>,
    /// Lines with a prompt alone, where others are comparisons.
    pub alone: Vec<usize>,
}

/// The fields in which data files keep what both responses were worth, the chosen one first.
const REWARDS: [[&str; 2]; 2] =
    [["chosen_reward", "rejected_reward"], ["score_chosen", "score_rejected"]];

/// What a row's responses were worth, where it says so.
fn rewards(row: &Map<String, Value>) -> Option<[f64; 2]> {
    REWARDS.iter().find_map(|names| {
        let [chosen, rejected] = names.map(|name| row.get(name).and_then(Value::as_f64));
        Some([chosen?, rejected?])
    })
}

impl Checkup {
    /// Reads every line of a file; empty lines are passed over.
    pub fn of(content: &[u8]) -> Self {
        let mut found = Checkup::default();
        for (line, text) in jsonl::lines(content) {
            let object = text.and_then(jsonl::object);
            match object.and_then(|row| Row::of(&row).map(|read| (read, rewards(&row)))) {
                Ok((row, rewards)) => found.push(line, row, rewards),
                Err(fault) => found.faults.push((line, fault)),
            }
        }
        let is_alone = |(line, row): &(usize, Row)| matches!(row, Row::Prompt(_)).then_some(*line);
        let alone: Vec<usize> = found.rows.iter().filter_map(is_alone).collect();
        if alone.len() < found.rows.len() {
            found.alone = alone;
        }
        found.untrimmed = found.lines_where(|text| text.trim() != text);
        let is_token = |text: &str| TEMPLATE_TOKENS.iter().any(|token| text.contains(token));
        found.templated = found.lines_where(is_token);
        found.compare();
        found
    }

    fn push(&mut self, line: usize, row: Row, rewards: Option<[f64; 2]>) {
        match rewards {
            Some([chosen, rejected]) if chosen == rejected => self.tied.push(line),
            Some([chosen, rejected]) if chosen < rejected => self.against.push(line),
            _ => {}
        }
        self.rows.push((line, row));
    }

    fn lines_where(&self, is: impl Fn(&str) -> bool) -> Vec<usize> {
        let rows = self.rows.iter().filter(|(_, row)| row.texts().into_iter().any(&is));
        rows.map(|(line, _)| *line).collect()
    }

    /// Rows against earlier rows.
    fn compare(&mut self) {
        let mut seen: HashSet<(&Prompt, Vec<&str>)> = HashSet::new();
        for (line, row) in &self.rows {
            let responses = row.responses();
            let mut swapped = responses.clone();
            swapped.reverse();
            if swapped.len() == 2 && seen.contains(&(row.prompt(), swapped)) {
                self.contradicting.push(*line);
            }
            if !seen.insert((row.prompt(), responses)) {
                self.repeated.push(*line);
            }
        }
    }

    /// How many rows each distinct prompt has, in the order in which prompts first stand there.
    pub fn rows_per_prompt(&self) -> Vec<usize> {
        let mut places: HashMap<&Prompt, usize> = HashMap::new();
        let mut counts = Vec::new();
        for (_, row) in &self.rows {
            let place = *places.entry(row.prompt()).or_insert_with(|| {
                counts.push(0);
                counts.len() - 1
            });
            counts[place] += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"prompt": "q", "chosen": "yes", "rejected": "no"}"#;

    #[test]
    fn every_fault_is_found_and_not_only_the_first() {
        let lines = [
            GOOD,
            "{",
            "",
            r#"{"prompt": "q", "chosen": "yes"}"#,
            r#"{"prompt": "q", "chosen": "yes", "rejected": " "}"#,
            r#"{"question": "q"}"#,
            r#"{"prompt": "only a prompt"}"#,
        ];
        let found = Checkup::of(lines.join("\n").as_bytes());
        let faults: Vec<usize> = found.faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(faults, [2, 4, 5, 6]);
        assert!(found.faults[2].1.starts_with("its `rejected` is empty"), "{:?}", found.faults);
        let good: Vec<usize> = found.rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(good, [1, 7]);
        assert_eq!(found.alone, [7]);
        assert_eq!(found.rows_per_prompt(), [1, 1]);
    }

    #[test]
    fn repetitions_contradictions_white_space_and_template_tokens_are_told_apart() {
        let swapped = r#"{"prompt": "q", "chosen": "no", "rejected": "yes"}"#;
        let spaced = GOOD.replace("yes", "yes ");
        let marked = GOOD.replace("no", "no<|im_end|>");
        let found = Checkup::of([GOOD, GOOD, swapped, &spaced, &marked].join("\n").as_bytes());
        assert_eq!(found.repeated, [2]);
        assert_eq!(found.contradicting, [3]);
        assert_eq!(found.untrimmed, [4]);
        assert_eq!(found.templated, [5]);
        assert_eq!(found.rows_per_prompt(), [5]);
    }

    #[test]
    fn rewards_of_a_row_are_held_against_its_preference() {
        let scored = |chosen: f64, rejected: f64| {
            let rewards = format!(r#", "score_chosen": {chosen}, "score_rejected": {rejected}}}"#);
            GOOD.replace('}', &rewards)
        };
        let lines = [scored(2.0, 1.0), scored(1.0, 1.0), scored(-1.0, 0.5)];
        let found = Checkup::of(lines.join("\n").as_bytes());
        assert_eq!((found.tied, found.against, found.repeated), (vec![2], vec![3], vec![2, 3]));
    }

    #[test]
    fn bytes_that_are_no_text_are_a_fault_of_their_line() {
        let content = [GOOD.as_bytes(), b"\n{\"prompt\": \"\xff\"}\n", GOOD.as_bytes()].concat();
        let found = Checkup::of(&content);
        let fault = "is no UTF-8 at its byte 13; save the file as UTF-8".to_owned();
        assert_eq!((found.faults, found.rows.len()), (vec![(2, fault)], 2));
        let marked = Checkup::of(format!("\u{feff}{GOOD}").as_bytes());
        assert!(marked.faults[0].1.starts_with("begins with a byte order mark"), "{marked:?}");
    }
}
