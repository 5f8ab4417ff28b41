//! `[lesson]`: a scenario as part of a class, with what is to be predicted before it runs.

use super::reading::Reading;
use super::selector::Selector;
use serde::{Deserialize, Serialize};

/// `[lesson]`: the scenario's `question` is put to a class, which predicts, runs and compares.
///
/// ```toml
/// [lesson]
/// number = 3
/// minutes = 10
/// introduction = "The peak of R1 lies where π_ref hardly goes."
///
/// [[lesson.predict]]
/// ask = "After how many steps does Best-of-N pass a reward of 0.9?"
/// because = "The best of ten moves a step nearer to the peak each time."
/// reveals = "Far too few: the step size was taken for the whole story."
/// [lesson.predict.answer.number]               # or choice, verdict, by-hand
/// of = { metric = "gold_reward", steps_to = 0.9 }
/// cell = { method = "best-of-n" }
/// unit = "steps"
/// tolerance = 8
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonSpec {
    /// Its place in the class, from 1.
    pub number: u32,
    /// How long it takes in class (minutes).
    pub minutes: u32,
    /// What is read before predicting.
    pub introduction: String,
    /// Tables from which is calculated by hand.
    #[serde(default, rename = "table", skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<HandTableSpec>,
    /// What is predicted, in order.
    #[serde(default, rename = "predict")]
    pub predictions: Vec<PredictSpec>,
}

impl LessonSpec {
    /// The table of a name.
    pub fn table(&self, name: &str) -> Option<&HandTableSpec> {
        self.tables.iter().find(|table| table.name == name)
    }
}

/// `[[lesson.table]]`: a table that is handed out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandTableSpec {
    /// Its name, unique in the lesson; `NAME.csv` is the file to save it as.
    pub name: String,
    /// What it holds, in a sentence.
    pub says: String,
    /// A CSV as `modeseek loss` reads it.
    pub csv: String,
}

/// `[[lesson.predict]]`: one thing to predict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictSpec {
    /// The question.
    pub ask: String,
    /// Where the answer comes from: never from this file.
    pub answer: AnswerSpec,
    /// Said beside the answer: why it is so.
    pub because: String,
    /// Said to the teacher: what a wrong prediction tells of the one who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reveals: Option<String>,
}

/// What kind of answer a prediction is held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerSpec {
    /// A number of one cell: its mean over seeds.
    Number(NumberSpec),
    /// The best of some cells.
    Choice(ChoiceSpec),
    /// The verdict on a claim of this scenario.
    Verdict(VerdictSpec),
    /// A number that `modeseek loss` calculates.
    ByHand(ByHandSpec),
}

/// One number read off each run: a metric, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredSpec {
    /// The metric.
    pub metric: String,
    /// Its mean over the run instead of its last value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub area: bool,
    /// Its value at this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_step: Option<u64>,
    /// The steps until it reaches this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps_to: Option<f64>,
    /// The queries until it reaches this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries_to: Option<f64>,
}

impl MeasuredSpec {
    /// What is read off each run.
    pub fn reading(&self) -> Reading {
        let MeasuredSpec { area, at_step, steps_to, queries_to, .. } = *self;
        Reading { area, at_step, steps_to, queries_to }
    }
}

/// `answer.number`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberSpec {
    /// What is read.
    pub of: MeasuredSpec,
    /// The one cell it is read off.
    pub cell: Selector,
    /// Its unit, as the question names it.
    pub unit: String,
    /// A full mark within this distance, half a mark within three times of it (same unit).
    pub tolerance: f64,
}

/// `answer.choice`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceSpec {
    /// What is compared.
    pub of: MeasuredSpec,
    /// Which candidate is right.
    pub best: Best,
    /// Candidates within this distance of the best are right too (units of what is compared).
    pub margin: f64,
    /// What there is to choose from: a, b, c, … in this order.
    pub candidates: Vec<CandidateSpec>,
}

/// Which of some numbers is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Best {
    /// The highest.
    Highest,
    /// The lowest.
    Lowest,
}

/// One of the cells to choose from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateSpec {
    /// What it is called.
    pub label: String,
    /// The one cell that is meant.
    pub cell: Selector,
}

/// `answer.verdict`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictSpec {
    /// The id of a claim of this scenario.
    pub claim: String,
}

/// `answer.by-hand`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByHandSpec {
    /// A method of `modeseek loss`.
    pub method: String,
    /// The name of a `[[lesson.table]]`.
    pub table: String,
    /// Its parameters, as `--set` takes them: `beta=0.1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// The row of the table, from 1.
    pub row: usize,
    /// `loss`, `coefficient`, `coefficient_chosen` or `coefficient_rejected`.
    pub column: String,
    /// A full mark within this distance, half a mark within three times of it.
    pub tolerance: f64,
}
