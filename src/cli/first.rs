//! Reward models that `modeseek reproduce` trains before a scenario that reads them.

use super::Failure;
use super::options::folder_of;
use crate::scenario::{FirstSpec, Scenario, Source};
use anyhow::anyhow;
use std::path::Path;

/// What the keys of `--set` begin with that the other scenario is given too: the data.
const SHARED: &str = "data.";

/// The scenario whose models another awaits, if there is one, with the same data.
pub fn before(scenario: &Scenario, set: &[String]) -> Result<Option<Scenario>, Failure> {
    let Some(first) = scenario.first.as_ref().filter(|_| !scenario.awaited().is_empty()) else {
        return Ok(None);
    };
    let shared: Vec<String> =
        set.iter().filter(|set| set.trim_start().starts_with(SHARED)).cloned().collect();
    let source = Source::of(&first.scenario);
    Scenario::load(&source, &shared, None).map(Some).map_err(Failure::input)
}

/// The awaited models as `--set` arguments, once the scenario before has run.
pub fn trained(
    scenario: &Scenario,
    before: &Scenario,
    runs: &Path,
) -> Result<Vec<String>, Failure> {
    let models = scenario.first.iter().flat_map(|FirstSpec { models, .. }| models);
    let awaited = scenario.awaited();
    let folder = folder_of(before, runs);
    models
        .filter(|(key, _)| awaited.contains(&key.as_str()))
        .map(|(key, method)| {
            let cell =
                before.cells.iter().find(|cell| cell.method == *method).ok_or_else(|| {
                    Failure::work(anyhow!("`{}` has no method `{method}`", before.id))
                })?;
            let model = folder.seed_model(&cell.name, before.seeds.first);
            Ok(format!("{key}={}", model.display()))
        })
        .collect()
}
