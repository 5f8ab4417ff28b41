//! Reward models that `modeseek reproduce` trains before a scenario that reads them.

use super::Failure;
use super::options::folder_of;
use crate::scenario::{Scenario, Selector, Source, one_cell};
use anyhow::anyhow;
use std::path::Path;

/// What the other scenario is given too: the data, and which prompts are kept apart, so that nobody learns from those
/// that are measured on.
const SHARED: [&str; 5] = [
    "data.",
    "problem.prompts.jsonl=",
    "problem.prompts.order=",
    "problem.prompts.limit=",
    "problem.prompts.test=",
];

/// The scenario whose models another awaits, if there is one, with the same data.
pub fn before(scenario: &Scenario, set: &[String]) -> Result<Option<Scenario>, Failure> {
    let Some(first) = scenario.first.as_ref().filter(|_| !scenario.awaited().is_empty()) else {
        return Ok(None);
    };
    let is_shared = |set: &&String| {
        let bare: String = set.chars().filter(|c| !c.is_whitespace()).collect();
        SHARED.iter().any(|key| bare.starts_with(key))
    };
    let shared: Vec<String> = set.iter().filter(is_shared).cloned().collect();
    let source = Source::of(&first.scenario);
    Scenario::load(&source, &shared, None).map(Some).map_err(Failure::input)
}

/// The awaited models as `--set` arguments, once the scenario before has run.
pub fn trained(
    scenario: &Scenario,
    before: &Scenario,
    runs: &Path,
) -> Result<Vec<String>, Failure> {
    let models = scenario.first.iter().flat_map(|first| &first.models);
    let awaited = scenario.awaited();
    let folder = folder_of(before, runs);
    let of_one = |(key, method): (&String, &String)| {
        let meant = Selector::from([("method".to_owned(), toml::Value::from(method.as_str()))]);
        let cell = one_cell(&meant, &before.cells).map_err(|fault| {
            let (id, first) = (&scenario.id, &before.id);
            Failure::input(anyhow!(
                "{id} takes one model of `{first}` for `{key}`: {fault}\n  help: give the data without a sweep, or the model with --set {key}=DIR"
            ))
        })?;
        let model = folder.seed_model(&cell.name, before.seeds.first).display().to_string();
        // A comma would be a sweep.
        let text = if model.contains(',') { toml::Value::from(model).to_string() } else { model };
        Ok(format!("{key}={text}"))
    };
    models.filter(|(key, _)| awaited.contains(&key.as_str())).map(of_one).collect()
}
