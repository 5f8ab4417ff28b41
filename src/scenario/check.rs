//! What types cannot say: whether an experiment makes sense.

use super::document::leaves;
use super::experiment::Experiment;
use super::metrics::{METRICS, is_metric};
use crate::learner::{DataSource, Expectation, OptimizerSpec, Prompts};
use crate::problem::{ProblemSpec, TwoModesSpec};
use toml::{Table, Value};

/// A key with a value that makes no sense.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    /// The key, dotted.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// `given`, `allowed`, `help`, …
    pub notes: Vec<(&'static str, String)>,
}

impl Fault {
    /// What is wrong with `key`.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Fault { key: key.into(), message: message.into(), notes: Vec::new() }
    }

    /// Adds a line.
    pub fn note(mut self, label: &'static str, text: impl Into<String>) -> Self {
        self.notes.push((label, text.into()));
        self
    }
}

/// Fails with `fault` unless `holds`; NaN must make `holds` false.
pub(super) fn need(holds: bool, fault: impl FnOnce() -> Fault) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(fault()) }
}

/// A number that must lie in a range.
fn range(key: &str, value: f64, holds: bool, allowed: &str) -> Result<(), Fault> {
    need(holds, || Fault::new(key, format!("`{key}` cannot be {value}")).note("allowed", allowed))
}

/// Checks one experiment; `table` is the same with every default filled in.
pub(super) fn check(experiment: &Experiment, table: &Table) -> Result<(), Fault> {
    finite(table)?;
    problem(&experiment.problem)?;
    schedule(experiment)?;
    responses(experiment)?;
    objective(experiment, table)?;
    data(experiment)?;
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

/// Temperatures, widths and masses.
fn problem(problem: &ProblemSpec) -> Result<(), Fault> {
    let temperature = match problem {
        ProblemSpec::Bumps(spec) => Some(("problem.bumps", spec.target_temperature)),
        ProblemSpec::Table(spec) => Some(("problem.table", spec.target_temperature)),
        ProblemSpec::TwoModes(spec) => {
            two_modes(spec)?;
            None
        }
    };
    temperature.map_or(Ok(()), |(table, value)| {
        range(&format!("{table}.target_temperature"), value, value > 0.0, "a number above 0")
    })
}

/// Two bumps that exist.
fn two_modes(spec: &TwoModesSpec) -> Result<(), Fault> {
    let key = "problem.two-modes";
    range(&format!("{key}.arms"), spec.arms as f64, spec.arms >= 2, "2 or more")?;
    let last = (spec.arms - 1) as f64;
    for peak in spec.peaks {
        let allowed = format!("an arm: 0 to {last}");
        range(&format!("{key}.peaks"), peak, (0.0..=last).contains(&peak), &allowed)?;
    }
    for width in spec.widths {
        range(&format!("{key}.widths"), width, width > 0.0, "numbers above 0")?;
    }
    for mass in spec.masses {
        range(&format!("{key}.masses"), mass, mass > 0.0, "numbers above 0")?;
    }
    Ok(())
}

/// C | M | B, and something to do.
fn schedule(experiment: &Experiment) -> Result<(), Fault> {
    let spec = &experiment.schedule;
    let (b, c, m) = (spec.samples_per_round, spec.responses_per_prompt, spec.minibatch);
    for (key, value) in [
        ("samples_per_round", b as u64),
        ("responses_per_prompt", c as u64),
        ("minibatch", m as u64),
        ("passes", spec.passes as u64),
        ("steps", spec.steps),
    ] {
        range(&format!("schedule.{key}"), value as f64, value >= 1, "1 or more")?;
    }
    if let Some(clip) = spec.gradient_clip {
        range("schedule.gradient_clip", clip, clip > 0.0, "a number above 0")?;
    }
    if spec.expectation == Expectation::FixedPoint {
        return Ok(()); // nothing is drawn in rounds
    }
    divides("minibatch", m, "responses_per_prompt", c)?;
    divides("samples_per_round", b, "minibatch", m)
}

/// `whole` holds `part` a whole number of times.
fn divides(whole: &str, size: usize, part: &str, of: usize) -> Result<(), Fault> {
    need(size.is_multiple_of(of), || {
        let key = format!("schedule.{whole}");
        let above = size.next_multiple_of(of);
        let near = if size > of { format!("{} or {above}", above - of) } else { above.to_string() };
        Fault::new(&key, format!("`{key}` = {size} is no multiple of `schedule.{part}` = {of}"))
            .note("allowed", format!("{of}, {}, {}, …", 2 * of, 3 * of))
            .note(
                "help",
                format!(
                    "the nearest is {near}; a minibatch is whole prompts, a round whole minibatches"
                ),
            )
    })
}

/// Objectives that compare responses need at least two of them.
fn responses(experiment: &Experiment) -> Result<(), Fault> {
    let name = experiment.objective.name();
    let c = experiment.schedule.responses_per_prompt;
    let advantage = experiment.objective.advantage();
    let leave_one_out =
        advantage.is_some_and(|spec| spec.baseline == crate::objective::BaselineSpec::LeaveOneOut);
    let reason = if experiment.objective.needs().pairs {
        "compares pairs of responses"
    } else if matches!(name, "best-of-n" | "unlikelihood") {
        "picks the best of the responses"
    } else if leave_one_out {
        "takes the other responses as the baseline"
    } else {
        return Ok(());
    };
    need(c >= 2, || {
        let key = "schedule.responses_per_prompt";
        Fault::new(key, format!("`{name}` {reason} of a prompt, and `{key}` = {c}"))
            .note("allowed", "2 or more")
    })
}

/// The objective's own settings, and what it asks of the schedule.
fn objective(experiment: &Experiment, table: &Table) -> Result<(), Fault> {
    let (name, needs) = (experiment.objective.name(), experiment.objective.needs());
    let prefix = format!("objective.{name}");
    if let Err(error) = experiment.objective.build() {
        let key = format!("{prefix}.{}", error.key);
        return Err(Fault::new(&key, format!("`{key}` cannot be {}", error.given))
            .note("allowed", error.allowed)
            .note("help", error.remedy));
    }
    let settings = table["objective"].get(name).and_then(Value::as_table);
    if let Some(value) = settings.and_then(|s| s.get("label_smoothing")?.as_float()) {
        let holds = (0.0..0.5).contains(&value);
        range(&format!("{prefix}.label_smoothing"), value, holds, "0 to below 0.5")?;
    }
    let schedule = &experiment.schedule;
    need(!needs.law || schedule.expectation == Expectation::Exact, || {
        Fault::new("schedule.expectation", format!("`{name}` is a sum over all arms, not samples"))
            .note("allowed", "`exact`")
            .note("help", "write `schedule.expectation = \"exact\"` for this method")
    })?;
    need(!needs.on_policy || schedule.data == DataSource::OnPolicy, || {
        Fault::new(format!("{prefix}.entropy_bonus"), "an entropy bonus needs on-policy samples")
            .note("given", "`schedule.data` = \"offline\"")
            .note("help", "remove the bonus, or set `schedule.data = \"on-policy\"`")
    })
}

/// Offline data are a pool of known size that fills a round, or a file.
fn data(experiment: &Experiment) -> Result<(), Fault> {
    let (spec, schedule) = (&experiment.data, &experiment.schedule);
    if let Prompts::Pool(count) = spec.prompts {
        range("data.prompts", count as f64, count >= 1, "1 or more, or \"fresh\"")?;
    }
    let offline = schedule.data == DataSource::Offline;
    need(offline || spec.preferences.is_none(), || {
        Fault::new("data.preferences", "a preference file is offline data")
            .note("given", "`schedule.data` = \"on-policy\"")
            .note("help", "set `schedule.data = \"offline\"`, or remove `data.preferences`")
    })?;
    if !offline || spec.preferences.is_some() || schedule.expectation != Expectation::Sampled {
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

/// Step sizes and decays, and pairs.
fn optimizer(experiment: &Experiment) -> Result<(), Fault> {
    let rate = |key: &str, value: f64| range(key, value, value > 0.0, "a number above 0");
    let share =
        |key: &str, value: f64| range(key, value, (0.0..1.0).contains(&value), "0 to below 1");
    match &experiment.optimizer {
        OptimizerSpec::Adam(spec) => {
            rate("optimizer.adam.learning_rate", spec.learning_rate)?;
            share("optimizer.adam.beta1", spec.beta1)?;
            share("optimizer.adam.beta2", spec.beta2)?;
            rate("optimizer.adam.epsilon", spec.epsilon)?;
        }
        OptimizerSpec::Sgd(spec) => {
            rate("optimizer.sgd.learning_rate", spec.learning_rate)?;
            share("optimizer.sgd.momentum", spec.momentum)?;
        }
    }
    let gap = experiment.pairs.reward_gap;
    range("pairs.reward_gap", gap, gap >= 0.0, "0 or above")
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
pub(super) fn unknown_metric(key: String, metric: &str, others: &[&str]) -> Fault {
    let known = || others.iter().chain(METRICS).copied();
    let fault = Fault::new(key, format!("no metric is called \"{metric}\""));
    let fault = match super::diagnostic::did_you_mean(metric, known()) {
        Some(close) => fault.note("did you mean", format!("`{close}`?")),
        None => fault,
    };
    fault.note("allowed", known().collect::<Vec<_>>().join(", "))
}
