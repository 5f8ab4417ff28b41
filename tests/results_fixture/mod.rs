//! Scenarios and results made up for tests.
#![allow(dead_code)]

use modeseek::learner::{Measurement, Stop};
use modeseek::results::{Point, Run, Series};
use modeseek::scenario::{Cell, ClaimSpec, Experiment, Scenario, Seeds, Tier};
use std::collections::BTreeMap;

/// A valid experiment with some number of steps.
pub fn experiment(steps: u64) -> Experiment {
    toml::from_str(&format!(
        "problem.bumps.reward = 'R1'\npolicy.tabular = {{}}\nobjective.best-of-n = {{}}\n\
         schedule.steps = {steps}\noptimizer.adam.learning_rate = 0.1\n"
    ))
    .expect("a valid experiment")
}

/// A cell named by its method and settings.
pub fn cell(method: &str, settings: &[(&str, &str)], steps: u64) -> Cell {
    let settings: BTreeMap<String, String> =
        settings.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    let mut name = method.replace(' ', "-");
    settings.values().for_each(|value| name.push_str(&format!("-{value}")));
    Cell { name, method: method.to_owned(), settings, experiment: experiment(steps) }
}

/// A scenario of these cells, whose swept keys and methods are read off the cells.
pub fn scenario(cells: Vec<Cell>, seeds: u64) -> Scenario {
    let mut methods: Vec<String> = Vec::new();
    let mut sweep: Vec<(String, Vec<String>)> = Vec::new();
    for cell in &cells {
        if !methods.contains(&cell.method) {
            methods.push(cell.method.clone());
        }
        for (key, value) in &cell.settings {
            if !sweep.iter().any(|(k, _)| k == key) {
                sweep.push((key.clone(), Vec::new()));
            }
            let values = &mut sweep.iter_mut().find(|(k, _)| k == key).unwrap().1;
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
    }
    Scenario {
        warnings: Vec::new(),
        id: "made-up".to_owned(),
        title: "Made up".to_owned(),
        figure: Some("fig04".to_owned()),
        tier: Tier::Bandit,
        tags: Vec::new(),
        question: None,
        see: None,
        expected_seconds: None,
        first: None,
        also: Vec::new(),
        seeds: Seeds { first: 0, count: seeds },
        methods,
        sweep,
        cells,
        claims: Vec::new(),
        published: Vec::new(),
        factors: Vec::new(),
        panels: Vec::new(),
        lesson: None,
        set: Vec::new(),
    }
}

/// A claim `a` > `b` on gold_reward with a margin of 0.5 and further lines of TOML.
pub fn claim(lines: &str) -> ClaimSpec {
    let mut table: toml::Table = toml::from_str(
        "id = '1'\nsays = 'a beats b'\nexpected = 'holds'\nmetric = 'gold_reward'\n\
         better = { method = 'a' }\nworse = { method = 'b' }\nmargin = 0.5\n",
    )
    .unwrap();
    table.extend(toml::from_str::<toml::Table>(lines).unwrap());
    table.try_into().expect("a valid claim")
}

/// One value per seed and step; ten queries a step.
pub fn series(steps: &[u64], rows: &[Vec<f64>]) -> Series {
    let point = |&step| Point { step, round: step, queries: 10 * step };
    let flat: Vec<f64> = rows.concat();
    Series {
        points: steps.iter().map(point).collect(),
        values: ndarray::Array2::from_shape_vec((rows.len(), steps.len()), flat).unwrap(),
        seeds: (0..rows.len() as u64).collect(),
        queries_apart: Default::default(),
    }
}

/// A run with one metric of some cells.
pub fn run(scenario: Scenario, metric: &str, found: Vec<(&str, Series)>) -> Run {
    let found = found.into_iter().map(|(c, s)| ((c.to_owned(), metric.to_owned()), s)).collect();
    Run::from_series(scenario, found)
}

/// Numbers that depend on everything that a result may depend on, in no good order.
pub fn work(experiment: &Experiment, seed: u64) -> Result<Vec<Measurement>, Stop> {
    let steps = experiment.schedule.steps;
    let mut measured = Vec::new();
    for metric in ["probability/10", "gold_reward", "probability/2"] {
        for step in (0..=steps).step_by(2) {
            let value = ((seed * 31 + steps * 7 + step) as f64).sin() / 3.0;
            let (round, queries) = (step / 2, 10 * step);
            measured.push(Measurement { step, round, queries, metric: metric.to_owned(), value });
        }
    }
    Ok(measured)
}

/// A run that stopped.
pub fn stopped() -> Stop {
    Stop::NotFinite {
        objective: "dpo",
        what: "the loss".to_owned(),
        value: f64::NAN,
        step: 3,
        sample: Some(7),
    }
}
