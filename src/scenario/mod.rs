//! What is run: scenarios as written in TOML, resolved to cells.
//!
//! A scenario holds the keys of an experiment, a list of methods that override some of them, a grid
//! of swept keys and, laid over all that, the `--set` arguments of the command line. Resolving it
//! gives *cells*: complete experiments with every default filled in, named by the hash of their
//! content.

mod canonical;
mod check;
mod check_examples;
mod check_findings;
mod check_language;
mod check_lesson;
mod check_objective;
mod check_problem;
mod claim;
mod diagnostic;
mod document;
mod experiment;
mod explain;
mod factor;
mod header;
mod lesson;
mod load;
mod method;
mod metrics;
mod notes;
mod overlay;
mod panel;
mod published;
mod reading;
mod resolve;
mod selector;
mod set;
mod shipped;
mod sides;
mod sweep;
mod vocabulary;

pub use claim::{ClaimSpec, Verdict};
pub use diagnostic::{Diagnostic, Excerpt, ScenarioError};
pub use experiment::{Cell, EXPERIMENT_KEYS, Experiment};
pub use factor::FactorSpec;
pub use header::{FirstSpec, Seeds, Tier};
pub use lesson::{
    AnswerSpec, Best, ByHandSpec, CandidateSpec, ChoiceSpec, HandTableSpec, LessonSpec,
    MeasuredSpec, NumberSpec, PredictSpec, VerdictSpec,
};
pub use load::Source;
pub use panel::{Axis, LabelledPoint, Mark, PanelKind, PanelSpec, Statistic};
pub use published::PublishedSpec;
pub use reading::Reading;
pub use selector::{Absent, Selector, admits, selects, written};
pub use shipped::{ShippedScenario, find, shipped};
pub use sides::{NotOneCell, Sides, one_cell};

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Bumped when a change makes the same experiment give other numbers; part of every cell's name.
pub const RESULTS_VERSION: u32 = 3;

/// A resolved scenario: what `resolved.toml` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, of small letters, digits and dashes.
    pub id: String,
    /// One line that says what it shows.
    pub title: String,
    /// The figure it makes, such as `fig04`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
    /// Figures of the paper that some of its panels are; it is found by these names too.
    ///
    /// *Reading* `modeseek explain fig15-nano` finds the scenario of fig13-nano, whose lower panels it is.
    ///
    /// *Wrong* No file has such a name: what is drawn is called as `figure` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// How costly it is.
    pub tier: Tier,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// What one should see, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub see: Option<String>,
    /// How long it takes on two cores (seconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seconds: Option<f64>,
    /// The seeds that run.
    pub seeds: Seeds,
    /// What is run before, and where its models go: `scenario`, an id, and `models`, keys with methods.
    ///
    /// *Reading* `modeseek reproduce` of such a shipped scenario trains reward models first, in the run folder of
    /// another; `models = { "problem.prompts.gold_model" = "judge" }` takes the one of the method `judge`.
    ///
    /// *Wrong* It is passed over where `--set` gives every model that it would train.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<FirstSpec>,
    /// The names of the methods, in the order written.
    pub methods: Vec<String>,
    /// The swept keys with their values as settings write them, in the order written.
    pub sweep: Vec<(String, Vec<String>)>,
    /// The experiments: methods in order, then the grid with later keys fastest.
    pub cells: Vec<Cell>,
    /// The findings it is held against.
    pub claims: Vec<ClaimSpec>,
    /// The published numbers it is held against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<PublishedSpec>,
    /// The factors whose effects its figure shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<FactorSpec>,
    /// The panels of its figure.
    pub panels: Vec<PanelSpec>,
    /// What a class is asked before it runs.
    ///
    /// *Reading* Questions whose answers are read off the runs: `modeseek lesson ID` asks them, runs
    /// and scores the predictions.
    ///
    /// *Wrong* A selector that means no cell or more than one, an unknown claim and a tolerance of 0
    /// are refused by `modeseek check`, with the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<LessonSpec>,
    /// The `--set` arguments it was resolved with.
    pub set: Vec<String>,
    /// What is allowed but probably not meant; for the end of a command's output.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

impl Scenario {
    /// The folder of its runs: the id, and with `--set` arguments `+` and 8 hexadecimal digits of
    /// their hash.
    pub fn run_folder_name(&self) -> String {
        if self.set.is_empty() {
            return self.id.clone();
        }
        format!("{}+{}", self.id, &canonical::hex(self.set.join("\n"))[..8])
    }
}

impl Scenario {
    /// The same scenario with fewer seeds and one `part`-th of every run's steps (at least one
    /// whole round): a quick look, whose cells have names of their own.
    #[must_use]
    pub fn shortened(mut self, seeds: u64, part: u64) -> Scenario {
        self.seeds.count = self.seeds.count.min(seeds);
        for cell in &mut self.cells {
            let schedule = &mut cell.experiment.schedule;
            let round = (schedule.samples_per_round / schedule.minibatch.max(1)) as u64;
            schedule.steps = (schedule.steps / part).max(round.min(schedule.steps)).max(1);
            if let Ok(table) = canonical::table_of(&cell.experiment) {
                cell.name = canonical::cell_name(&table);
            }
        }
        let first = self.cells.first().map(|cell| cell.moments().into_steps());
        let mut measured = first.unwrap_or_default();
        for own in self.cells.iter().map(Cell::moments) {
            measured.retain(|step| own.contain(*step));
        }
        let nearest = |step: u64| measured.iter().copied().min_by_key(|m| m.abs_diff(step));
        for panel in &mut self.panels {
            panel.at_step = panel.at_step.and_then(|step| nearest(step / part));
            let steps = panel.steps.iter().filter_map(|step| nearest(step / part));
            panel.steps = steps.collect::<BTreeSet<u64>>().into_iter().collect();
        }
        self
    }
}
