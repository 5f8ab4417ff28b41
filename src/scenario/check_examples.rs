//! Whether the files that a language model learns from, and is measured on, can be used.

use super::check::{Fault, need, range};
use super::check_problem::problem_fault;
use super::experiment::Experiment;
use super::{Diagnostic, FirstSpec, Scenario, ScenarioError, find};
use crate::learner::{DataSource, ExampleFile, Prompts};
use crate::objective::ObjectiveSpec;
use crate::problem::{ExampleKind, ExampleRows, Instead, ProblemSpec, PromptsSpec};
use std::path::PathBuf;

/// Comparisons that are given have two responses each.
pub(super) fn compared(experiment: &Experiment) -> Result<(), Fault> {
    let schedule = &experiment.schedule;
    if experiment.data.preferences.is_none() {
        return Ok(());
    }
    cut(experiment)?;
    let (count, offline) = (schedule.responses_per_prompt, schedule.data == DataSource::Offline);
    need(!offline || count == 2, || {
        let key = "schedule.responses_per_prompt";
        Fault::new(key, format!("`{key}` = {count}, and a comparison has two responses"))
            .note("allowed", "2 beside `data.preferences`: a row counts as two responses")
            .note("help", "minibatch = 16 are then 8 rows a step")
    })
}

/// Demonstrations are texts, imitated one by one, and by one objective.
pub(super) fn demonstrated(experiment: &Experiment) -> Result<(), Fault> {
    let (data, schedule) = (&experiment.data, &experiment.schedule);
    let is_sft = matches!(experiment.objective, ObjectiveSpec::Sft {});
    if is_sft {
        imitated(experiment)?;
    }
    if data.demonstrations.is_none() {
        return Ok(());
    }
    let key = "data.demonstrations";
    need(is_sft, || {
        let name = experiment.objective.name();
        Fault::new(
            key,
            format!("`{name}` tells responses apart, and of a demonstration there is one"),
        )
        .note("allowed", "`sft` beside `data.demonstrations`")
        .note("help", "write `objective.sft = {}`, or leave the file out")
    })?;
    need(experiment.problem.prompts().is_some(), || {
        Fault::new(key, "demonstrations are texts")
            .note("allowed", "`data.demonstrations` beside `problem.prompts`")
    })?;
    let count = schedule.responses_per_prompt;
    need(count == 1, || {
        let key = "schedule.responses_per_prompt";
        Fault::new(key, format!("`{key}` = {count}, and a demonstration has one response"))
            .note("allowed", "1 beside `data.demonstrations`")
    })?;
    cut(experiment)
}

/// Responses of a file keep at least a token.
fn cut(experiment: &Experiment) -> Result<(), Fault> {
    let Some(ExampleFile { kind, max_response_tokens: Some(longest), .. }) =
        experiment.data.examples()
    else {
        return Ok(());
    };
    let key = format!("{}.max_response_tokens", kind.key());
    range(&key, longest as f64, longest >= 1, "1 or more tokens; without it responses stay whole")
}

/// What is imitated is none of the policy's own, and not what was rejected.
fn imitated(experiment: &Experiment) -> Result<(), Fault> {
    let (data, prompts) = (&experiment.data, experiment.problem.prompts());
    need(experiment.schedule.data == DataSource::Offline, || {
        Fault::new(
            "schedule.data",
            "`sft` on the policy's own samples imitates what it does already",
        )
        .note("help", "write `schedule.data = \"offline\"`")
    })?;
    need(data.preferences.is_none(), || {
        Fault::new("objective.sft", "`sft` imitates every response, the rejected ones too").note(
            "help",
            "write `objective.pref-ft = {}`, or name the file in `data.demonstrations.jsonl`: what it \
             chose is then imitated",
        )
    })?;
    need(prompts.is_none() || data.demonstrations.is_some(), || {
        Fault::new("objective.sft", "without demonstrations it imitates π_ref's own responses")
            .note("help", "name a file: `data.demonstrations.jsonl`")
    })?;
    need(prompts.is_none_or(|prompts| prompts.learned.is_none()), || {
        Fault::new("problem.prompts.learned", "`sft` reads no reward").note("help", "leave it out")
    })
}

/// Reads the prompts, where a file is given.
pub(super) fn prompts(experiment: &Experiment, spec: &PromptsSpec) -> Result<(), Fault> {
    let examples = experiment.data.examples();
    if let Some((file, path)) = examples.and_then(|file| Some((file, file.jsonl?))) {
        ExampleRows::read(path, file.kind, file.empty).map_err(|error| {
            Fault::new(format!("{}.jsonl", file.kind.key()), error.to_string())
                .note("allowed", file.kind.rows())
                .note("help", "see all faults with `modeseek data check`")
        })?;
    }
    let instead = instead(experiment);
    if spec.jsonl.is_none() && matches!(instead, Instead::Nothing) {
        return Ok(());
    }
    let split = spec.read(instead).map_err(|error| problem_fault(experiment, error))?;
    let (train, test) = (split.train.len(), split.test.len());
    let Prompts::Pool(count) = experiment.data.prompts else { return Ok(()) };
    need(count <= train, || {
        Fault::new("data.prompts", format!("`data.prompts` = {count} is more than there are"))
            .note("given", format!("{train} prompts to train on, and {test} kept for evaluation"))
            .note("allowed", format!("{train} or less, or \"fresh\": all of them"))
    })
}

/// Where prompts come from if no file of prompts is given.
fn instead(experiment: &Experiment) -> Instead<'_> {
    match experiment.policy.decoder() {
        Some(model) => experiment.data.instead_of_prompts(&model),
        None => Instead::Nothing,
    }
}

/// The keys that take the folder of a reward model.
pub(super) const MODEL_KEYS: [&str; 2] =
    ["problem.prompts.gold_model", "problem.prompts.proxy_model"];

impl Scenario {
    /// Whether everything is given that a run needs; a shipped scenario cannot name a file, so that
    /// `--set` has to.
    pub fn ready(&self) -> Result<(), ScenarioError> {
        self.ready_but_for(&[])
    }

    /// The same, but for keys of models that are still to be trained.
    pub fn ready_but_for(&self, awaited: &[&str]) -> Result<(), ScenarioError> {
        let lacks = |experiment: &Experiment| match &experiment.problem {
            ProblemSpec::Prompts(spec) => lacking(experiment, spec, awaited),
            _ => None,
        };
        let found = self.cells.iter().find_map(|cell| Some((cell, lacks(&cell.experiment)?)));
        let Some((cell, Lacking { what, rows, set })) = found else { return Ok(()) };
        let fault = Diagnostic::new(format!("{}: a run needs {what}", self.id))
            .note("in", cell.description())
            .note("allowed", rows)
            .note("help", format!("give it with --set {set}"));
        let is_trained = self.awaited().iter().any(|key| set.starts_with(key));
        let fault = match self.first.as_ref().filter(|_| is_trained && find(&self.id).is_ok()) {
            Some(FirstSpec { scenario, .. }) => {
                let help =
                    format!("`modeseek reproduce {}` trains it first, by `{scenario}`", self.id);
                fault.note("or", help)
            }
            None => fault,
        };
        Err(fault.into())
    }

    /// The keys whose models what is run first trains: those that nobody has given.
    pub fn awaited(&self) -> Vec<&str> {
        let keys = self.first.iter().flat_map(|first| first.models.keys());
        let unset = |key: &&str| {
            self.cells.iter().any(|cell| match &cell.experiment.problem {
                ProblemSpec::Prompts(spec) => unnamed_models(spec).any(|own| own == *key),
                _ => false,
            })
        };
        keys.map(String::as_str).filter(unset).collect()
    }
}

/// The keys of reward models that a problem reads and nobody has named: "".
fn unnamed_models(spec: &PromptsSpec) -> impl Iterator<Item = &'static str> {
    let unnamed =
        |folder: &Option<PathBuf>| folder.as_ref().is_some_and(|f| f.as_os_str().is_empty());
    let found = [&spec.gold_model, &spec.proxy_model].map(unnamed);
    MODEL_KEYS.into_iter().zip(found).filter(|(_, unnamed)| *unnamed).map(|(key, _)| key)
}

/// A file that only the user can name.
struct Lacking {
    what: &'static str,
    rows: &'static str,
    /// How `--set` gives it.
    set: String,
}

/// The file that a run on prompts still lacks; models that are awaited count as given.
fn lacking(experiment: &Experiment, spec: &PromptsSpec, awaited: &[&str]) -> Option<Lacking> {
    if let Some(ExampleFile { kind, jsonl: None, .. }) = experiment.data.examples() {
        let (what, set) = match kind {
            ExampleKind::Comparison => ("a file of comparisons", "data.preferences.jsonl=FILE"),
            ExampleKind::Demonstration => {
                ("a file of demonstrations", "data.demonstrations.jsonl=FILE")
            }
        };
        return Some(Lacking { what, rows: kind.rows(), set: set.to_owned() });
    }
    if let Some(key) = unnamed_models(spec).find(|key| !awaited.contains(key)) {
        let rows = "the folder that a run of policy.reward-model left";
        return Some(Lacking { what: "a reward model", rows, set: format!("{key}=DIR") });
    }
    let nothing = spec.jsonl.is_none() && matches!(instead(experiment), Instead::Nothing);
    nothing.then_some(Lacking {
        what: "a file of prompts",
        rows: "one JSON object a line, with `prompt` as a text or a list of messages",
        set: "problem.prompts.jsonl=FILE".to_owned(),
    })
}
