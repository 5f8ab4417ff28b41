//! Which shipped scenarios show a term at work.

use super::entry::Kind;
use crate::cli::options::shipped_where;
use crate::scenario::Scenario;

/// The shipped scenarios that speak of a metric, have a method of an objective or sweep a key; empty
/// if there is none.
pub(super) fn scenarios(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Metric => list("shown or judged by", |scenario| speaks(scenario, name)),
        Kind::Objective => list("used by", |scenario| {
            scenario.cells.iter().any(|cell| cell.experiment.objective.name() == name)
        }),
        Kind::Key => list("swept by", |scenario| scenario.sweep.iter().any(|(key, _)| key == name)),
        Kind::Word => String::new(),
    }
}

/// Whether a claim or a panel speaks of a metric.
fn speaks(scenario: &Scenario, metric: &str) -> bool {
    scenario.claims.iter().any(|claim| claim.metric == metric)
        || scenario.panels.iter().any(|p| p.x == metric || p.y.iter().any(|y| y == metric))
}

fn list(how: &str, wanted: impl Fn(&Scenario) -> bool) -> String {
    // A shipped scenario that does not resolve is a fault that a test finds.
    let found = shipped_where(wanted).unwrap_or_default();
    let ids: Vec<&str> = found.iter().map(|scenario| scenario.id.as_str()).collect();
    if ids.is_empty() { String::new() } else { format!("{how} {}", ids.join(", ")) }
}
