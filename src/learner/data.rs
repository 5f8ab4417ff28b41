//! `[data]` as a scenario writes it: the prompts, and comparisons from files.

use crate::policy::LanguageModelSpec;
use crate::problem::{EmptyResponses, ExampleKind, Instead};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// `data.prompts`: a pool of a fixed size, or a new prompt every time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number of prompts or \"fresh\"")]
pub enum Prompts {
    /// A pool of this many prompts, cycled in seeded, shuffled order.
    Pool(usize),
    /// Every prompt is new.
    Fresh(Fresh),
}

/// The word `fresh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fresh {
    /// Every prompt is new.
    Fresh,
}

/// `[data.preferences]`: a file of comparisons, of arms (`csv`) or of texts (`jsonl`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreferenceFile {
    /// A CSV file of comparisons between arms: columns `chosen`, `rejected` and, optionally, `prompt`;
    /// its path is relative to the scenario file.
    ///
    /// *Reading* Rows with equal `prompt` share one; without that column every row is its own
    /// prompt.
    ///
    /// *Wrong* An arm outside the problem is refused with its row; chosen equal to rejected is no
    /// comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csv: Option<PathBuf>,
    /// A JSONL file of comparisons between texts: `prompt`, `chosen` and `rejected`, each a text or a list
    /// of messages; its path is relative to the scenario file.
    ///
    /// *Reading* Rows whose prompt is kept for evaluation (`problem.prompts.test`) are never trained on:
    /// `margin`, `accuracy` and the log-ratios are measured on them. Each row counts as two responses. After a response
    /// that was cut, which the row says by `chosen_cut` or `rejected_cut` = true, no end token is learned.
    ///
    /// *Wrong* A row that cannot be used is refused with its line; `modeseek data check` shows all of
    /// them, with lengths and repetitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jsonl: Option<PathBuf>,
    /// What is done with rows of which a response is empty.
    ///
    /// *Reading* "refuse" stops with the line, "skip" leaves them out and counts them.
    ///
    /// *Wrong* An empty rejected response teaches to answer anything, an empty chosen one to be silent.
    #[serde(skip_serializing_if = "is_default")]
    pub empty: EmptyResponses,
    /// Responses are cut after so many tokens, without an end token.
    ///
    /// *Reading* Bounds memory and time; what is cut off is neither learned nor measured.
    ///
    /// *Wrong* Far below the usual length nearly no response shows its end, and the model forgets to
    /// stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_response_tokens: Option<usize>,
}

/// `[data.demonstrations]`: a file of responses that are to be imitated, for `objective.sft`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DemonstrationFile {
    /// A JSONL file: `prompt` and `completion` (or `response`, or `chosen`), each a text or a list of messages, or
    /// `messages` that end with the assistant's; its path is relative to the scenario file.
    ///
    /// *Reading* A file of comparisons serves too: what it chose is imitated. Of `messages` the last one is, earlier ones
    /// are its prompt. After a response that was cut, which the row says by `completion_cut` = true (`_cut` behind the
    /// name of its field), no end token is learned. Rows whose prompt is kept for
    /// evaluation (`problem.prompts.test`) are never trained on; `eval_loss` is measured on them.
    ///
    /// *Wrong* A row that cannot be used is refused with its line; `modeseek data check` shows all of
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jsonl: Option<PathBuf>,
    /// What is done with rows whose response is empty.
    ///
    /// *Reading* "refuse" stops with the line, "skip" leaves them out and counts them.
    ///
    /// *Wrong* An empty demonstration teaches to be silent; many of them are a fault of the file.
    #[serde(skip_serializing_if = "is_default")]
    pub empty: EmptyResponses,
    /// Responses are cut after so many tokens, without an end token.
    ///
    /// *Reading* Bounds memory and time; what is cut off is neither learned nor measured.
    ///
    /// *Wrong* Far below the usual length nearly no response shows its end, and the model forgets to
    /// stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_response_tokens: Option<usize>,
}

/// A file of texts that is trained on, of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExampleFile<'a> {
    /// What its rows are.
    pub kind: ExampleKind,
    /// The file, once it is given.
    pub jsonl: Option<&'a Path>,
    /// What is done with empty responses.
    pub empty: EmptyResponses,
    /// Responses are cut after so many tokens.
    pub max_response_tokens: Option<usize>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// `[data]`: the prompts, and a preference set in place of draws from π_ref.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSpec {
    /// The training prompts.
    ///
    /// *Reading* Offline C·prompts responses are all that is ever seen: on R1 5 prompts tell IPO
    /// and Best-of-N not apart, 1000 do by 0.22.
    ///
    /// *Wrong* Few prompts: seeds end anywhere (five states of the released code: 0.07 to 0.81).
    /// "fresh" offline is refused: give a number.
    pub prompts: Prompts,
    /// Offline comparisons from a file instead of draws from π_ref.
    ///
    /// *Reading* Your own comparisons, of arms (numbers from 0) or of texts; log-ratios are still
    /// measured to the problem's π_ref.
    ///
    /// *Wrong* Pairs that π_ref would never give: log π_ref is far down, and contrastive losses
    /// move what nobody samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferences: Option<PreferenceFile>,
    /// Offline responses from a file that `objective.sft` imitates.
    ///
    /// *Reading* Supervised fine-tuning of a language model on your own texts, the usual step before any
    /// preference is learned.
    ///
    /// *Wrong* Beside objectives that compare or weigh responses it is refused: one response to a prompt
    /// tells them nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demonstrations: Option<DemonstrationFile>,
}

impl Default for DataSpec {
    fn default() -> Self {
        DataSpec { prompts: Prompts::Fresh(Fresh::Fresh), preferences: None, demonstrations: None }
    }
}

impl DataSpec {
    /// Where a language model's prompts come from if no file of prompts is given.
    pub fn instead_of_prompts(&self, model: &LanguageModelSpec) -> Instead<'_> {
        match self.examples().and_then(|file| Some((file.jsonl?, file.kind))) {
            Some((path, kind)) => Instead::Examples(path, kind),
            None if model.is_nano() => Instead::Made,
            None => Instead::Nothing,
        }
    }

    /// The file of texts that is trained on, of comparisons or of demonstrations.
    pub fn examples(&self) -> Option<ExampleFile<'_>> {
        if let Some(file) = &self.demonstrations {
            let DemonstrationFile { jsonl, empty, max_response_tokens } = file;
            let (jsonl, empty, longest) = (jsonl.as_deref(), *empty, *max_response_tokens);
            let kind = ExampleKind::Demonstration;
            return Some(ExampleFile { kind, jsonl, empty, max_response_tokens: longest });
        }
        self.preferences.as_ref().map(|file| ExampleFile {
            kind: ExampleKind::Comparison,
            jsonl: file.jsonl.as_deref(),
            empty: file.empty,
            max_response_tokens: file.max_response_tokens,
        })
    }
}
