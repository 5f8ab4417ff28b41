//! The figures' scenarios use the values that the tuning scenarios chose, and no other.

use modeseek::learner::OptimizerSpec;
use modeseek::scenario::{Cell, Scenario, Source};
use std::collections::BTreeMap;

/// A chosen setting: learning rate, key of strength, strength.
type Choice = (f64, String, String);

/// The choices by the mean reward over the run, of some tuning scenarios.
fn choices(files: &[&str]) -> BTreeMap<(String, String), Choice> {
    let mut all = BTreeMap::new();
    for file in files {
        let path = format!("{}/figures/{file}-choices.csv", env!("CARGO_MANIFEST_DIR"));
        let mut reader = csv::Reader::from_path(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        for row in reader.records().map(|row| row.expect("a row")) {
            if &row[0] == "area" {
                assert_eq!(&row[7], "false", "{file}: a choice on the edge of its grid: {row:?}");
                let rate = row[3].parse().expect("a learning rate");
                let chosen = (rate, row[4].to_owned(), row[5].to_owned());
                all.insert((row[1].to_owned(), row[2].to_owned()), chosen);
            }
        }
    }
    all
}

fn learning_rate(cell: &Cell) -> f64 {
    match &cell.experiment.optimizer {
        OptimizerSpec::Adam(adam) => adam.learning_rate,
        OptimizerSpec::Sgd(sgd) => sgd.learning_rate,
    }
}

/// Which problem a cell solves, as the choices name it.
fn problem(cell: &Cell) -> String {
    let keys = ["problem.bumps.reward", "problem.length.task", "problem.tokens.reward"];
    keys.iter().find_map(|key| cell.settings.get(*key)).expect("a swept problem").clone()
}

/// The value of a dotted key of a cell, as TOML writes it.
fn value(cell: &Cell, key: &str) -> f64 {
    let table = toml::Value::try_from(&cell.experiment).expect("a table");
    let found = key.split('.').try_fold(&table, |value, part| value.get(part));
    let found = found.unwrap_or_else(|| panic!("{} has no {key}", cell.method));
    found.as_float().or(found.as_integer().map(|i| i as f64)).expect("a number")
}

/// Checks every tuned cell of a scenario and tells how many there were.
fn check(id: &str, files: &[&str]) -> usize {
    let choices = choices(files);
    let scenario = Scenario::load(&Source::of(id), &[], None).expect("shipped");
    assert!(scenario.tags.iter().any(|tag| tag == "tuned"), "{id} lacks the tag `tuned`");
    let mut checked = 0;
    for cell in &scenario.cells {
        let chosen = choices.get(&(cell.method.clone(), problem(cell)));
        let Some((rate, key, strength)) = chosen else {
            assert!(cell.method.ends_with(" optimum"), "{id}: nobody tuned {}", cell.method);
            continue;
        };
        assert_eq!(learning_rate(cell), *rate, "{id}: {:?}", cell.description());
        if !key.is_empty() {
            let strength: f64 = strength.parse().expect("a strength");
            assert_eq!(value(cell, key), strength, "{id}: {:?}", cell.description());
        }
        checked += 1;
    }
    checked
}

#[test]
fn the_offline_comparison_uses_the_tuned_learning_rates() {
    assert_eq!(check("bandit-negative-gradient", &["tuning-offline"]), 12);
    assert_eq!(check("bandit-negative-gradient-states", &["tuning-offline"]), 5 * 10);
}

#[test]
fn the_complementarity_figures_use_the_tuned_settings() {
    let files = ["tuning-on-policy", "tuning-offline-twins"];
    assert_eq!(check("bandit-complementarity", &files), 18);
    assert_eq!(check("bandit-complementarity-sgd", &["tuning-sgd"]), 18);
}

#[test]
fn the_comparisons_of_methods_on_lengths_use_the_tuned_settings() {
    assert_eq!(check("length-offline", &["tuning-length-offline"]), 5 * 3);
    assert_eq!(check("length-offline-mode", &["tuning-length-offline"]), 5);
    assert_eq!(check("length-batch-summary", &["tuning-length-on-policy"]), 4 * 3 * 3);
    let both = ["tuning-length-on-policy", "tuning-length-offline"];
    assert_eq!(check("length-complementarity-tuned", &both), 5 * 3);
    assert_eq!(check("length-complementarity-sgd", &["tuning-length-sgd"]), 5 * 3);
}

/// The offline twins and the SGD twins are the same losses as the tuned on-policy methods.
#[test]
fn twins_share_their_strength() {
    let chosen = choices(&["tuning-on-policy"]);
    for id in ["bandit-complementarity", "bandit-complementarity-sgd"] {
        let scenario = Scenario::load(&Source::of(id), &[], None).expect("shipped");
        for cell in &scenario.cells {
            let on_policy = cell.method.replace("offline ", "on-policy ");
            let (_, key, strength) = &chosen[&(on_policy, problem(cell))];
            let strength: f64 = strength.parse().expect("a strength");
            assert_eq!(value(cell, key), strength, "{id}: {}", cell.description());
        }
    }
}
