//! The keys of a scenario that say what it is about, beside what it runs.

use super::claim::ClaimSpec;
use super::factor::FactorSpec;
use super::lesson::LessonSpec;
use super::panel::PanelSpec;
use super::published::PublishedSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How costly a scenario is, and what it needs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// Exact bandits: seconds.
    Bandit,
    /// Stop-or-continue policies: minutes.
    Length,
    /// Maps over two swept keys: minutes to hours.
    Phase,
    /// A nano language model, shortened.
    Nano,
    /// A nano language model.
    NanoFull,
    /// A real language model of 135 million parameters.
    Smollm2,
    /// What needs a GPU.
    Gpu,
    /// Lessons of a class: seconds each.
    Lesson,
    /// Whatever a user wrote.
    #[default]
    User,
}

/// `[seeds]`: `first`, `first + 1`, … `first + count − 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seeds {
    /// The first seed.
    ///
    /// *Reading* Results of equal seeds are paired across methods and settings, so that effects
    /// are differences within a seed.
    ///
    /// *Wrong* Tuning and reporting on the same seeds makes the chosen method look better than it
    /// is: shipped tuning scenarios begin at 1000.
    pub first: u64,
    /// How many there are.
    ///
    /// *Reading* The width of an interval falls with its root: 100 seeds give half the width of
    /// 25. Bandits run with 100, lengths with 20.
    ///
    /// *Wrong* Below 5 there is no verdict and a figure shows single runs instead of a band.
    /// `inconclusive` with a narrow effect asks for more.
    pub count: u64,
}

impl Default for Seeds {
    fn default() -> Self {
        Seeds { first: 0, count: 20 }
    }
}

impl Seeds {
    /// The seeds as a half-open range.
    pub fn range(&self) -> std::ops::Range<u64> {
        self.first..self.first.saturating_add(self.count)
    }
}

/// `[first]`: a shipped scenario that `modeseek reproduce` runs before this one, and where its models go.
///
/// ```toml
/// [first]
/// scenario = "judges"
/// models = { "problem.prompts.gold_model" = "judge", "problem.prompts.proxy_model" = "r_φ" }
/// ```
///
/// The other scenario is given the same `--set data.…` and the same file, order, limit and test prompts of
/// `problem.prompts`. A model that `--set` names takes the place of the trained one. In a scenario of the user's own
/// it says nothing: `reproduce` is of shipped ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstSpec {
    /// The id of a shipped scenario that trains reward models.
    ///
    /// *Reading* `modeseek reproduce` runs it first; what is finished of it is not run again.
    ///
    /// *Wrong* `modeseek run` runs one scenario: there the models are given with `--set`.
    pub scenario: String,
    /// Which of its models go where: a key of this scenario and the method whose model it takes, that of the first
    /// seed.
    ///
    /// *Reading* The keys are `problem.prompts.gold_model` and `problem.prompts.proxy_model`.
    ///
    /// *Wrong* One model for both keys lets methods learn from the very judge that counts their wins.
    pub models: BTreeMap<String, String>,
}

/// The keys of [`Header`] and the tables of a scenario, as an unknown key's message lists them.
pub(super) const HEADER_KEYS: [&str; 16] = [
    "id",
    "title",
    "figure",
    "also",
    "tier",
    "tags",
    "question",
    "see",
    "expected_seconds",
    "seeds",
    "first",
    "claim",
    "published",
    "factor",
    "panel",
    "lesson",
];

/// Everything at the top of a file that changes no result.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub figure: Option<String>,
    #[serde(default)]
    pub also: Vec<String>,
    #[serde(default)]
    pub tier: Tier,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub question: Option<String>,
    #[serde(default)]
    pub see: Option<String>,
    #[serde(default)]
    pub expected_seconds: Option<f64>,
    #[serde(default)]
    pub seeds: Seeds,
    #[serde(default)]
    pub first: Option<FirstSpec>,
    #[serde(default, rename = "claim")]
    pub claims: Vec<ClaimSpec>,
    #[serde(default)]
    pub published: Vec<PublishedSpec>,
    #[serde(default, rename = "factor")]
    pub factors: Vec<FactorSpec>,
    #[serde(default, rename = "panel")]
    pub panels: Vec<PanelSpec>,
    #[serde(default)]
    pub lesson: Option<LessonSpec>,
}
