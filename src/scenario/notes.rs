//! What is said of an experiment before it runs, though nothing is wrong with it.

use super::experiment::{Cell, Experiment};
use super::header::Seeds;
use crate::policy::PolicySpec;
use crate::problem::{ExampleRows, ProblemSpec};

/// Said of cells whose samples are not the policy's own.
pub(super) fn off_policy(experiment: &Experiment) -> Option<String> {
    let PolicySpec::LanguageModel(spec) = &experiment.policy else { return None };
    let changed = if spec.temperature != 1.0 {
        format!("temperature = {}", spec.temperature)
    } else if spec.top_k != 0 {
        format!("top_k = {}", spec.top_k)
    } else if spec.top_p < 1.0 {
        format!("top_p = {}", spec.top_p)
    } else {
        return None;
    };
    Some(format!(
        "with policy.language-model.{changed} responses are drawn from another policy than the one \
         that is trained: on-policy methods learn from off-policy samples, and `kl`, read off such answers, may be \
         below 0"
    ))
}

/// Said where answers are looked at but not how far they are from π_ref.
pub(super) fn unwatched(experiment: &Experiment) -> Option<String> {
    let metrics = &experiment.measure.metrics;
    let trains = matches!(experiment.policy, PolicySpec::LanguageModel(_));
    let on_prompts = matches!(experiment.problem, ProblemSpec::Prompts(_));
    let answers = |m: &String| {
        ["gold_reward", "proxy_reward", "win_rate"].contains(&m.as_str())
            || m.starts_with("completions/")
    };
    let watched = metrics.is_empty() || metrics.iter().any(|metric| metric == "kl");
    (trains && on_prompts && !watched && metrics.iter().any(answers)).then(|| {
        "measure.metrics has no `kl`: nothing will warn of a policy that runs away from π_ref"
            .to_owned()
    })
}

/// Said where the learning rate is still rising when the run ends.
pub(super) fn long_warmup(experiment: &Experiment) -> Option<String> {
    let (warmup, steps) = (experiment.schedule.warmup_steps, experiment.schedule.steps);
    (warmup >= steps && warmup > 0).then(|| {
        format!(
            "schedule.warmup_steps = {warmup} with steps = {steps}: the learning rate is never reached"
        )
    })
}

/// Said where models from files are trained as often as bandits are by default.
pub(super) fn many_models(seeds: &Seeds, cells: &[Cell]) -> Option<String> {
    let is_from_file =
        |cell: &&Cell| cell.experiment.policy.decoder().is_some_and(|model| !model.is_nano());
    let settings = cells.iter().filter(is_from_file).count() as u64;
    (settings > 0 && seeds.count >= Seeds::default().count).then(|| {
        format!(
            "{} seeds train {} models from files, one after another: `count = 1` in [seeds] trains each setting once",
            seeds.count,
            settings * seeds.count,
        )
    })
}

/// Said of a file of which rows are left out or count twice.
pub(super) fn left_out(experiment: &Experiment) -> Option<String> {
    let file = experiment.data.examples()?;
    let path = file.jsonl?;
    let read = ExampleRows::read(path, file.kind, file.empty).ok()?;
    let mut said = Vec::new();
    if read.empty > 0 {
        said.push(format!("{} rows with an empty response are left out", read.empty));
    }
    if read.repeated > 0 {
        said.push(format!("{} rows repeat an earlier one and count again", read.repeated));
    }
    let path = path.display();
    (!said.is_empty()).then(|| {
        format!(
            "{path}: {} of {} rows: {}",
            read.empty + read.repeated,
            read.rows.len() + read.empty,
            said.join("; ")
        )
    })
}
