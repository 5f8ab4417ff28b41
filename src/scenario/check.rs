//! What types cannot say: whether an experiment makes sense.

use super::check_examples::prompts;
use super::check_language::language;
use super::check_objective::{objective, responses};
use super::check_problem::problem_fault;
use super::diagnostic::Diagnostic;
use super::document::{KeyPath, Part, Places, Sources, key_path, leaves};
use super::experiment::Experiment;
use super::metrics::metrics;
use crate::learner::{
    DataSource, Expectation, Optimizer, OptimizerSpec, Prompts, Schedule, is_metric,
    offline_optimum,
};
use crate::policy::{PolicySpec, StopOrContinue, Unimodal};
use crate::preference::{PairRule, Selection, TieRule, read_comparisons};
use crate::problem::{Problem, ProblemSpec};
use std::path::Path;
use toml::{Table, Value};

/// A key with a value that makes no sense.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    path: KeyPath,
    part: Part,
    message: String,
    notes: Vec<(&'static str, String)>,
}

impl Fault {
    /// What is wrong with the value of the dotted `key`.
    pub fn new(key: impl AsRef<str>, message: impl Into<String>) -> Self {
        let path = key_path(key.as_ref());
        Fault { path, part: Part::Value, message: message.into(), notes: Vec::new() }
    }

    /// What is wrong with the value of `key`, as a gate of a lower floor says it.
    pub fn refused(key: &str, given: &str) -> Self {
        let verb = if given.parse::<f64>().is_ok() { "cannot be" } else { "is" };
        Fault::new(key, format!("`{key}` {verb} {given}"))
    }

    /// Means one key of a selector, which may itself have dots: the key, or its value.
    pub fn inside(mut self, key: &str, part: Part) -> Self {
        self.path.push(key.to_owned());
        self.part = part;
        self
    }

    /// Adds a line: `given`, `allowed`, `help`, …
    pub fn note(mut self, label: &'static str, text: impl Into<String>) -> Self {
        self.notes.push((label, text.into()));
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The message that points at the text.
    pub fn explain(self, places: &Places, sources: &Sources<'_>) -> Diagnostic {
        let excerpt = sources.find(places, &self.path, self.part);
        let diagnostic = Diagnostic::new(self.message).at(excerpt);
        let notes = self.notes.into_iter();
        let noted = notes.fold(diagnostic, |noted, (label, text)| noted.note(label, text));
        noted.explained(&self.path)
    }
}

/// Fails with `fault` unless `holds`; NaN must make `holds` false.
pub(super) fn need(holds: bool, fault: impl FnOnce() -> Fault) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(fault()) }
}

/// Those of some keys that are given.
pub(super) fn given(keys: impl IntoIterator<Item = (&'static str, bool)>) -> Vec<&'static str> {
    keys.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect()
}

/// A number that must lie in a range.
pub(super) fn range(key: &str, value: f64, holds: bool, allowed: &str) -> Result<(), Fault> {
    need(holds, || Fault::new(key, format!("`{key}` cannot be {value}")).note("allowed", allowed))
}

/// Checks one experiment; `table` is the same with every default filled in.
pub(super) fn check(experiment: &Experiment, table: &Table) -> Result<(), Fault> {
    finite(table)?;
    language(experiment)?;
    schedule(experiment)?;
    responses(experiment)?;
    objective(experiment)?;
    network(experiment)?;
    exactness(experiment)?;
    data(experiment)?;
    reward_model(experiment)?;
    optimizer(experiment)?;
    measure(experiment)
}

/// No number is infinite or not a number.
fn finite(table: &Table) -> Result<(), Fault> {
    for (path, value) in leaves(table) {
        let key = path.join(".");
        let numbers = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for number in numbers.iter().filter_map(Value::as_float) {
            range(&key, number, number.is_finite(), "finite numbers")?;
        }
    }
    Ok(())
}

/// Sets up what reads files: the problem, and the comparisons of a preference file.
///
/// Paths must be resolved; a fault of a file is one of the key `csv` that names it.
pub(super) fn check_setup(experiment: &Experiment) -> Result<(), Fault> {
    if let ProblemSpec::Prompts(spec) = &experiment.problem {
        return prompts(experiment, spec);
    }
    let problem = Problem::new(&experiment.problem, Path::new(""))
        .map_err(|error| problem_fault(experiment, error))?;
    if let PolicySpec::Unimodal(spec) = &experiment.policy {
        need(Unimodal::new(problem.arms(), *spec).is_some(), || {
            Fault::new("policy.unimodal", "the bump of `policy.unimodal` does not exist")
                .note("allowed", "a finite `mean` and a `width` above 0")
        })?;
    }
    if let Some(file) = &experiment.data.preferences {
        let csv = file.csv.as_deref().unwrap_or(Path::new(""));
        read_comparisons(csv, problem.arms()).map_err(|error| {
            let last = problem.arms() - 1;
            Fault::new("data.preferences.csv", error.to_string())
                .note("allowed", format!("columns `chosen`, `rejected` and, optionally, `prompt`, of arms 0 to {last}"))
                .note("help", "lines that begin with `#` are comments; other columns are ignored")
        })?;
    }
    if let PolicySpec::Stop(spec) = &experiment.policy {
        let policy = StopOrContinue::new(problem.log_reference(), *spec);
        range("policy.stop.width", spec.width, policy.is_some(), "a finite number, 0.5 or above")?;
    }
    if experiment.schedule.expectation == Expectation::Sampled {
        return Ok(());
    }
    nothing_drawn(experiment, &problem)?;
    if experiment.schedule.expectation == Expectation::FixedPoint {
        offline_optimum(&problem, &experiment.objective, &experiment.schedule)
            .map_err(|error| Fault::new("schedule.expectation", error.to_string()))?;
    }
    Ok(())
}

/// What is exact is not drawn: labels, a learned reward, and the kind of each prompt's data.
fn nothing_drawn(experiment: &Experiment, problem: &Problem) -> Result<(), Fault> {
    let refuse = |what: &str, help: &str| {
        Err(Fault::new("schedule.expectation", format!("{what} drawn, so that nothing is exact"))
            .note("help", help))
    };
    if experiment.reward_model.is_some() {
        return refuse("the pairs of `reward_model` are", "leave `reward_model` out, or sample");
    }
    if experiment.objective.needs().pairs && !experiment.pairs.labels.is_exact() {
        return refuse("`pairs.labels` are", "write `pairs.labels = \"exact\"`, or sample");
    }
    let reads_data = experiment.schedule.data == DataSource::Offline
        || experiment.schedule.expectation == Expectation::FixedPoint;
    if reads_data && problem.data().one_law().is_none() {
        let help = "write `skew_fraction = 0.0` or `1.0`, or sample";
        return refuse("with a part of the data truncated, the kind of each prompt is", help);
    }
    Ok(())
}

/// C | M | B, something to do, and a rule for pairs.
fn schedule(experiment: &Experiment) -> Result<(), Fault> {
    let mut spec = experiment.schedule.clone();
    if spec.expectation == Expectation::FixedPoint {
        // Nothing is drawn in rounds: only C counts.
        spec.minibatch = spec.responses_per_prompt;
        spec.samples_per_round = spec.responses_per_prompt;
    }
    Schedule::new(&spec).map_err(|error| {
        let key = format!("schedule.{}", error.key);
        Fault::refused(&key, &error.given).note("allowed", error.allowed).note("help", error.remedy)
    })?;
    PairRule::new(experiment.pairs).map(drop).map_err(|error| {
        let key = format!("pairs.{}", error.key);
        Fault::refused(&key, &error.given.to_string()).note("allowed", error.allowed)
    })
}

/// The settings of the reward model.
fn reward_model(experiment: &Experiment) -> Result<(), Fault> {
    let Some(spec) = &experiment.reward_model else { return Ok(()) };
    need(experiment.data.preferences.is_none(), || {
        Fault::new("reward_model", "r_φ learns from D_pref, which `data.preferences` replaces")
            .note("allowed", "one of the two")
            .note("help", "leave `reward_model` out, or `data.preferences`")
    })?;
    spec.check().map_err(|error| {
        let key = format!("reward_model.{}", error.key);
        Fault::refused(&key, &error.given).note("allowed", error.allowed)
    })
}

/// The sizes of a network and of its fit.
fn network(experiment: &Experiment) -> Result<(), Fault> {
    let PolicySpec::Mlp(spec) = &experiment.policy else { return Ok(()) };
    for (key, size) in [
        ("context", spec.context),
        ("features", spec.features),
        ("hidden", spec.hidden),
        ("fit.states", spec.fit.states),
    ] {
        range(&format!("policy.mlp.{key}"), size as f64, size >= 1, "1 or more")?;
    }
    for (key, value) in
        [("gain", f64::from(spec.gain)), ("fit.learning_rate", spec.fit.learning_rate)]
    {
        range(&format!("policy.mlp.{key}"), value, value > 0.0, "a number above 0")?;
    }
    Ok(())
}

/// Exact expectations know all pairs of all arms, and no draw.
fn exactness(experiment: &Experiment) -> Result<(), Fault> {
    if experiment.schedule.expectation != Expectation::Exact || !experiment.objective.needs().pairs
    {
        return Ok(());
    }
    let pairs = &experiment.pairs;
    need(pairs.selection == Selection::All && pairs.ties == TieRule::Drop, || {
        Fault::new("schedule.expectation", "exact expectations are over all pairs of arms")
            .note("help", "leave `pairs.selection` and `pairs.ties` out, or sample")
    })
}

/// Offline data are a pool of known size that fills a round, or a file.
fn data(experiment: &Experiment) -> Result<(), Fault> {
    let (spec, schedule) = (&experiment.data, &experiment.schedule);
    if let Prompts::Pool(count) = spec.prompts {
        range("data.prompts", count as f64, count >= 1, "1 or more, or \"fresh\"")?;
    }
    let offline = schedule.data == DataSource::Offline;
    preference_file(experiment)?;
    // Comparisons of texts are also what a language model is measured on.
    let on_texts = matches!(experiment.problem, ProblemSpec::Prompts(_));
    need(offline || on_texts || spec.preferences.is_none(), || {
        Fault::new("data.preferences", "a preference file is offline data")
            .note("given", "`schedule.data` = \"on-policy\"")
            .note("help", "set `schedule.data = \"offline\"`, or remove `data.preferences`")
    })?;
    let is_given = spec.preferences.is_some() || spec.demonstrations.is_some();
    if !offline || is_given || schedule.expectation == Expectation::FixedPoint {
        return Ok(());
    }
    let Prompts::Pool(prompts) = spec.prompts else {
        return Err(Fault::new(
            "data.prompts",
            "offline data are drawn once, so their number counts",
        )
        .note("given", "`data.prompts` = \"fresh\"")
        .note("allowed", "1 or more")
        .note("help", "write `data.prompts = 100`, or set `schedule.data = \"on-policy\"`"));
    };
    let (b, c) = (schedule.samples_per_round, schedule.responses_per_prompt);
    need(b <= prompts * c, || {
        let key = "schedule.samples_per_round";
        Fault::new(key, format!("`{key}` = {b} is more than all offline data"))
            .note("given", format!("`data.prompts` = {prompts} × {c} responses = {}", prompts * c))
            .note("allowed", format!("{} or less", prompts * c))
            .note("help", format!("or set `data.prompts = {}`", b.div_ceil(c)))
    })
}

/// Comparisons are of arms or of texts, as the problem's responses are.
fn preference_file(experiment: &Experiment) -> Result<(), Fault> {
    let Some(file) = &experiment.data.preferences else { return Ok(()) };
    let (wanted, other, given, foreign) = match &experiment.problem {
        ProblemSpec::Prompts(_) => ("jsonl", "csv", &file.jsonl, &file.csv),
        _ => ("csv", "jsonl", &file.csv, &file.jsonl),
    };
    // A shipped scenario cannot name a file of texts, so that `--set` has to.
    let on_texts = wanted == "jsonl";
    need((given.is_some() || on_texts) && foreign.is_none(), || {
        let key = if foreign.is_some() {
            format!("data.preferences.{other}")
        } else {
            "data.preferences".to_owned()
        };
        Fault::new(key, format!("comparisons for this problem stand in a file of `{wanted}`"))
            .note("allowed", "`csv` with arms; `jsonl` with texts, beside `problem.prompts`")
            .note("help", format!("write `data.preferences.{wanted} = \"FILE\"`"))
    })
}

/// Step sizes and decays.
fn optimizer(experiment: &Experiment) -> Result<(), Fault> {
    let variant = match &experiment.optimizer {
        OptimizerSpec::Adam(_) => "adam",
        OptimizerSpec::Sgd(_) => "sgd",
    };
    Optimizer::new(&experiment.optimizer).map(drop).map_err(|error| {
        let key = format!("optimizer.{variant}.{}", error.key);
        Fault::refused(&key, &error.given).note("allowed", error.allowed)
    })
}

/// When and what is measured.
fn measure(experiment: &Experiment) -> Result<(), Fault> {
    let spec = &experiment.measure;
    need(spec.every.is_none() || spec.points.is_none(), || {
        Fault::new("measure.points", "`measure.every` and `measure.points` exclude each other")
            .note("help", "keep `every` for even steps, `points` for log-spaced ones")
    })?;
    for (key, value) in [
        ("measure.every", spec.every.unwrap_or(1)),
        ("measure.points", spec.points.unwrap_or(1)),
        ("measure.states", spec.states as u64),
        ("measure.pairs", spec.pairs as u64),
    ] {
        range(key, value as f64, value >= 1, "1 or more")?;
    }
    for (index, metric) in spec.metrics.iter().enumerate() {
        let key = format!("measure.metrics.{index}");
        need(is_metric(metric), || unknown_metric(key, metric, &[]))?;
    }
    Ok(())
}

/// A metric that does not exist; `others` are words allowed beside the metrics.
pub(super) fn unknown_metric(key: impl AsRef<str>, metric: &str, others: &[&str]) -> Fault {
    let known = || others.iter().copied().chain(metrics());
    let fault = Fault::new(key, format!("no metric is called \"{metric}\""));
    let fault = match crate::wording::did_you_mean(metric, known()) {
        Some(close) => fault.note("did you mean", format!("`{close}`?")),
        None => fault,
    };
    fault.note("allowed", known().collect::<Vec<_>>().join(", "))
}
