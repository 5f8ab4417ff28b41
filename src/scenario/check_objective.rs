//! What an objective asks of its own settings and of the schedule.

use super::check::{Fault, need};
use super::experiment::Experiment;
use crate::learner::{DataSource, Expectation};
use crate::objective::{ADAPTIVE_LIMIT, BaselineSpec};

/// Objectives that compare responses need at least two of them.
pub(super) fn responses(experiment: &Experiment) -> Result<(), Fault> {
    let name = experiment.objective.name();
    let c = experiment.schedule.responses_per_prompt;
    let advantage = experiment.objective.advantage();
    let has_baseline = |wanted| advantage.is_some_and(|spec| spec.baseline == wanted);
    let reason = if experiment.objective.needs().pairs {
        "compares pairs of a prompt's responses"
    } else if matches!(name, "best-of-n" | "unlikelihood") {
        "picks the best of a prompt's responses"
    } else if has_baseline(BaselineSpec::LeaveOneOut) {
        "takes a prompt's other responses as the baseline"
    } else if has_baseline(BaselineSpec::PromptMean) {
        "takes the mean of a prompt's responses as the baseline"
    } else if experiment.objective.weighs_within_prompts() {
        "gives a prompt's responses weights that average 1 (`normalise`)"
    } else {
        return Ok(());
    };
    need(c >= 2, || {
        let key = "schedule.responses_per_prompt";
        Fault::new(key, format!("`{name}` {reason}, and `{key}` = {c}"))
            .note("allowed", "2 or more")
            .note(
                "help",
                format!(
                    "write `{key} = 2` or more, or an objective that takes responses \
                one by one: `rwr`, `reinforce`, `ppo` as they are by default"
                ),
            )
    })
}

/// The objective's own settings, and what it asks of the schedule.
pub(super) fn objective(experiment: &Experiment) -> Result<(), Fault> {
    let (name, needs) = (experiment.objective.name(), experiment.objective.needs());
    let prefix = format!("objective.{name}");
    if let Err(error) = experiment.objective.build() {
        let key = format!("{prefix}.{}", error.key);
        return Err(Fault::refused(&key, &error.given)
            .note("allowed", error.allowed)
            .note("help", error.remedy));
    }
    let schedule = &experiment.schedule;
    need(!needs.law || schedule.expectation == Expectation::Exact, || {
        Fault::new("schedule.expectation", format!("`{name}` is a sum over all arms, not samples"))
            .note("allowed", "`exact`")
            .note("help", "write `schedule.expectation = \"exact\"` for this method")
    })?;
    adapting(experiment)?;
    need(!needs.on_policy || schedule.data == DataSource::OnPolicy, || {
        let (key, what) = match experiment.objective.on_policy_key() {
            Some("kl") => ("kl", "a KL penalty"),
            _ => ("entropy_bonus", "an entropy bonus"),
        };
        Fault::new(format!("{prefix}.{key}"), format!("{what} needs on-policy samples"))
            .note("given", "`schedule.data` = \"offline\"")
            .note("help", format!("remove `{key}`, or set `schedule.data = \"on-policy\"`"))
    })
}

/// A KL penalty's weight stays positive, however far a round is from its target.
fn adapting(experiment: &Experiment) -> Result<(), Fault> {
    let Some(kl) = experiment.objective.kl().filter(|kl| kl.target.is_some()) else {
        return Ok(());
    };
    let round = experiment.schedule.samples_per_round;
    let least = ADAPTIVE_LIMIT * round as f64;
    need(kl.horizon > least, || {
        let key = format!("objective.{}.kl.horizon", experiment.objective.name());
        let message = format!(
            "`{key}` = {}, and a round of {round} responses would turn the penalty's sign",
            kl.horizon
        );
        Fault::new(key, message)
            .note(
                "allowed",
                format!("above {least}: {ADAPTIVE_LIMIT} of schedule.samples_per_round"),
            )
            .note(
                "help",
                "10000 is the default; a tenth of that moves the weight ten times as fast",
            )
    })
}
