//! What the cells of a figure share, and how strong each of its methods is, for the caption.

use super::style::{experiment, is_optimum, lookup};
use super::words;
use crate::results::Run;
use std::collections::BTreeSet;

/// The settings that all cells share, in the paper's letters.
pub(crate) fn setting(run: &Run) -> String {
    const KEYS: [(&str, &str); 6] = [
        ("schedule.samples_per_round", "B"),
        ("schedule.responses_per_prompt", "C"),
        ("schedule.minibatch", "M"),
        ("schedule.passes", "T"),
        ("schedule.steps", "steps"),
        ("optimizer.adam.learning_rate", "Adam's learning rate"),
    ];
    let cells: Vec<toml::Value> = run.scenario.cells.iter().map(experiment).collect();
    let common = |path: &str| shared(&cells, path).map(toml::Value::to_string);
    let mut parts: Vec<String> = Vec::new();
    for (table, word) in [("problem", "problem"), ("policy", "policy")] {
        let kind = |c: &toml::Value| {
            let choice = c.get(table)?;
            choice.as_str().map(str::to_owned).or_else(|| choice.as_table()?.keys().next().cloned())
        };
        let kinds: BTreeSet<Option<String>> = cells.iter().map(kind).collect();
        if let (1, Some(Some(kind))) = (kinds.len(), kinds.first()) {
            parts.push(format!("{kind} {word}"));
        }
    }
    if let Some(reward) = common("problem.bumps.reward") {
        parts.push(format!("reward {}", reward.trim_matches('"')));
    }
    parts.extend(
        KEYS.iter().filter_map(|(path, symbol)| common(path).map(|v| format!("{symbol} = {v}"))),
    );
    parts.join(", ")
}

/// The strength of each method that has one: the numbers of its objective, its C and its learning
/// rate, unless all methods share them; what is swept stands in the figure.
pub(crate) fn strengths(run: &Run) -> Option<String> {
    let values = |method: &str| -> Vec<toml::Value> {
        run.scenario.cells.iter().filter(|c| c.method == method).map(experiment).collect()
    };
    let all: Vec<(&String, Vec<toml::Value>)> =
        run.scenario.methods.iter().map(|m| (m, values(m))).filter(|m| !m.1.is_empty()).collect();
    const SCHEDULE: [&str; 3] = [
        "schedule.responses_per_prompt",
        "optimizer.adam.learning_rate",
        "optimizer.sgd.learning_rate",
    ];
    let every: Vec<toml::Value> = all.iter().flat_map(|(_, cells)| cells.clone()).collect();
    let own = SCHEDULE.into_iter().filter(|path| shared(&every, path).is_none());
    let own: Vec<&str> = own.collect();
    let strength = |(method, cells): &(&String, Vec<toml::Value>)| {
        let mut paths = numbers_of_objective(&cells[0]);
        // An exact optimum takes no step.
        let first = run.scenario.cells.iter().find(|cell| cell.method == **method);
        let steps = !first.is_some_and(is_optimum);
        let own = own.iter().filter(|path| steps || !path.starts_with("optimizer."));
        paths.extend(own.map(|path| (*path).to_owned()));
        let one = |path: &String| {
            let is_swept = run.scenario.sweep.iter().any(|(key, _)| key == path);
            let values = distinct(cells, path).filter(|all| all.len() == 1 || !is_swept)?;
            // A strength of nothing, such as no smoothing, is none.
            (values != ["0"]).then(|| words::setting(path, &values.join(" or ")))
        };
        let known: Vec<String> = paths.iter().filter_map(one).collect();
        (!known.is_empty()).then(|| format!("{} {}", words::method(method), known.join(", ")))
    };
    let each: Vec<String> = all.iter().filter_map(strength).collect();
    (!each.is_empty()).then(|| each.join("; "))
}

/// The few values at a path that experiments have, in their order; none where one has no value.
fn distinct(cells: &[toml::Value], path: &str) -> Option<Vec<String>> {
    const FEW: usize = 3;
    let mut found: Vec<String> = Vec::new();
    for cell in cells {
        let value = written(lookup(cell, path)?);
        let short = value.strip_suffix(".0").unwrap_or(&value).to_owned();
        if !found.contains(&short) {
            found.push(short);
        }
    }
    (found.len() <= FEW).then_some(found)
}

/// A value as a scenario writes it, but numbers of many digits as powers of ten.
fn written(value: &toml::Value) -> String {
    const LONG: f64 = 1e6;
    match value.as_float() {
        Some(x) if x.abs() >= LONG => words::number(x),
        _ => value.to_string(),
    }
}

/// The value at a path that all of some experiments have in common.
fn shared<'a>(cells: &'a [toml::Value], path: &str) -> Option<&'a toml::Value> {
    let first = lookup(cells.first()?, path)?;
    cells.iter().all(|c| lookup(c, path) == Some(first)).then_some(first)
}

/// The paths of an objective's numbers.
fn numbers_of_objective(cell: &toml::Value) -> Vec<String> {
    let objective = lookup(cell, "objective").and_then(|o| o.as_table());
    let Some((kind, keys)) = objective.and_then(|table| table.iter().next()) else {
        return Vec::new();
    };
    let is_number = |value: &toml::Value| value.is_float() || value.is_integer();
    let keys = keys.as_table().into_iter().flatten().filter(|(_, value)| is_number(value));
    keys.map(|(key, _)| format!("objective.{kind}.{key}")).collect()
}
