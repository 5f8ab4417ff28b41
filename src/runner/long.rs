//! Runs of minutes to hours: saved on the way, and told of step by step.

use super::Progress;
use crate::learner::{Checkpoint, Keep, Keeper, StepReport, Stop, Taken};
use crate::policy::PolicySpec;
use crate::problem::ProblemSpec;
use crate::results::{CheckpointFolder, ResultsError, write_completions};
use crate::scenario::Experiment;
use std::path::{Path, PathBuf};

/// Which runs are long, and when they are saved.
#[derive(Clone, Copy)]
pub struct LongRuns<'a> {
    /// Whether an experiment is one: see [`is_long`].
    pub are: fn(&Experiment) -> bool,
    /// Asked after every step of a long run.
    pub due: &'a (dyn Fn() -> Keep + Sync),
}

impl LongRuns<'_> {
    /// Every run is short: it is finished or done again.
    pub const NONE: LongRuns<'static> = LongRuns { are: |_| false, due: &|| Keep::No };
}

/// Whether a run of an experiment takes so long that it is saved on the way. Bandits and lengths
/// take moments, nano models minutes at most.
pub fn is_long(experiment: &Experiment) -> bool {
    match &experiment.problem {
        ProblemSpec::Bumps(_)
        | ProblemSpec::TwoModes(_)
        | ProblemSpec::Table(_)
        | ProblemSpec::Separation(_)
        | ProblemSpec::Length(_)
        | ProblemSpec::Tokens(_) => false,
        ProblemSpec::Prompts(prompts) => match &experiment.policy {
            // What a program takes to score, nobody knows.
            PolicySpec::LanguageModel(model) => !model.is_nano() || prompts.gold_command.is_some(),
            // What it leaves is used by other runs.
            PolicySpec::RewardModel(_) => true,
            _ => false,
        },
    }
}

/// A step of a long run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LongStep<'a> {
    /// The run's method.
    pub method: &'a str,
    /// The run's seed.
    pub seed: u64,
    /// Optimizer steps taken.
    pub step: u64,
    /// Optimizer steps in all.
    pub steps: u64,
    /// What the step said of itself.
    pub report: &'a StepReport,
}

/// The checkpoints of one (cell, seed), for whoever computes it.
pub struct Keeping<'a> {
    pub(super) folder: CheckpointFolder,
    pub(super) method: &'a str,
    pub(super) seed: u64,
    /// When to save; `None` for a short run, which keeps nothing.
    pub(super) due: Option<&'a (dyn Fn() -> Keep + Sync)>,
    pub(super) progress: &'a dyn Progress,
    /// What went wrong with a file.
    pub(super) fault: Option<ResultsError>,
}

impl Keeping<'_> {
    /// The folder of the checkpoints, which may not exist; it goes when the run is finished.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Why a run stopped, if its checkpoints are to blame.
    pub(super) fn blamed(&mut self, stop: &Stop) -> Option<ResultsError> {
        let Stop::Checkpoint(problem) = stop else { return None };
        let folder = self.folder.path().to_owned();
        let misfit = ResultsError::Checkpoint { folder, problem: problem.clone() };
        Some(self.fault.take().unwrap_or(misfit))
    }

    /// Tells a step of a long run under a name, and asks whether to save.
    fn told(&self, method: &str, taken: &Taken<'_>) -> Keep {
        let Some(due) = self.due else { return Keep::No };
        let (&Taken { step, steps, report }, seed) = (taken, self.seed);
        self.progress.stepped(&LongStep { method, seed, step, steps, report });
        due()
    }

    /// Remembers a fault for the runner and stops the run.
    fn stopped_by<T>(&mut self, result: Result<T, ResultsError>) -> Result<T, Stop> {
        result.map_err(|fault| {
            let stop = Stop::Checkpoint(fault.to_string());
            self.fault = Some(fault);
            stop
        })
    }
}

impl Keeper for Keeping<'_> {
    fn last(&mut self) -> Result<Option<Checkpoint<'static>>, Stop> {
        if self.due.is_none() {
            return Ok(None);
        }
        let found = self.folder.last(&mut |line| self.progress.noted(line));
        self.stopped_by(found)
    }

    fn due(&mut self, taken: &Taken<'_>) -> Keep {
        self.told(self.method, taken)
    }

    fn idle(&mut self, rounds: u64) -> Keep {
        const SAID_AT: [u64; 2] = [10, 100];
        if SAID_AT.contains(&rounds) {
            self.prepares(&format!("{rounds} rounds in a row held no pair to learn from"));
        }
        self.begun()
    }

    fn beforehand(&mut self, what: &str, taken: &Taken<'_>) -> Keep {
        self.told(&format!("{}, {what}", self.method), taken)
    }

    fn prepares(&mut self, what: &str) {
        if self.due.is_some() {
            self.progress.noted(&format!("{}, seed {}: {what}", self.method, self.seed));
        }
    }

    fn begun(&mut self) -> Keep {
        self.due.map_or(Keep::No, |due| due())
    }

    fn save(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), Stop> {
        let written = self.folder.write(checkpoint);
        self.stopped_by(written)
    }

    fn model(&self) -> Option<PathBuf> {
        self.due.map(|_| self.folder.model())
    }

    /// Said at once of a long run; what is wrong with short ones is said when all are done.
    fn warn(&mut self, text: &str) {
        if self.due.is_some() {
            let (method, seed) = (self.method, self.seed);
            self.progress.noted(&format!("warning: {method}, seed {seed}, {text}"));
        }
    }

    fn completions(&mut self, lines: &str) -> Result<(), Stop> {
        let written = write_completions(&self.folder, lines);
        self.stopped_by(written)
    }
}
