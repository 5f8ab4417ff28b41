//! A critic: the number before each token, its gradient, and what PPO makes of it.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
#[path = "llm_support/golden.rs"]
mod golden;
#[path = "llm_support/heads.rs"]
mod heads;

use command::run;
use heads::{TOLD, are_differences, gradients, language_model, telling};
use modeseek::llm::{Kernels, Output, Sequences, Tokens};
use modeseek::policy::Policy;
use std::fs;

const NAME: &str = "llama";
const PROMPT: [u32; 3] = [3, 17, 42];
const RESPONSE: [u32; 4] = [1, 2, 3, 4];

fn batch() -> Sequences {
    Sequences::even(vec![PROMPT.into()], vec![RESPONSE.into()])
}

/// What was written before each token of the response, with one more token.
fn beginnings(token: u32) -> Sequences {
    let begun = |t: usize| -> Tokens { RESPONSE[..t].iter().copied().chain([token]).collect() };
    Sequences::even(vec![PROMPT.into()], (0..RESPONSE.len()).map(begun).collect())
}

/// h·(w_a − w_b) before token t is the difference of two logits, and so that of the log-probabilities that
/// the language model gives to a and to b after what was written before t.
#[test]
fn a_value_is_read_before_its_token() {
    let model = language_model(NAME);
    let last = TOLD.map(|token| {
        let log_pi = model.log_probs(&beginnings(token)).expect("log-probabilities");
        (0..RESPONSE.len()).map(|i| *log_pi.response(i).last().expect("a token")).collect()
    });
    let [a, b]: [Vec<f64>; 2] = last;
    for kernels in [Kernels::Fused, Kernels::Stock] {
        let values = telling(NAME, kernels, Output::Values).log_probs(&batch()).expect("values");
        assert_eq!(values.response(0).len(), RESPONSE.len());
        for (t, value) in values.response(0).iter().enumerate() {
            assert!((value - (a[t] - b[t])).abs() < 2e-5, "{t}: {value} {}", a[t] - b[t]);
        }
    }
}

/// Values are differences of log-probabilities, so that their gradients are too, but for the matrices that embed
/// and predict.
#[test]
fn gradients_of_values_are_those_of_the_logits_they_tell_apart() {
    let c = [0.7, -1.1, 0.4, 0.9];
    let found = gradients(&mut telling(NAME, Kernels::Fused, Output::Values), &batch(), &c);
    are_differences(&found, &mut language_model(NAME), beginnings, &c);
}

const SCENARIO: &str = r#"id = "tokens"
title = "Tokens"
[problem.tokens]
reward = "R2"
length = LENGTH
[policy.nano.fit]
states = 50
[schedule]
data = "on-policy"
samples_per_round = 100
responses_per_prompt = 10
minibatch = 100
steps = STEPS
[data]
prompts = "fresh"
[optimizer.adam]
learning_rate = RATE
[measure]
every = EVERY
states = 50
pairs = 1
metrics = ["gold_reward", "loss"MORE]
[seeds]
count = 1
[[method]]
name = "ppo"
objective.ppo = { OBJECTIVE }
"#;

/// The measured values of a metric, in the order of steps.
fn series(changes: &[(&str, &str)], metric: &str) -> Vec<f64> {
    let usual = [("LENGTH", "9"), ("STEPS", "4"), ("RATE", "0.003"), ("EVERY", "1"), ("MORE", "")];
    let text = changes
        .iter()
        .chain(&usual)
        .fold(SCENARIO.to_owned(), |text, (from, to)| text.replace(from, to));
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("tokens.toml"), text).expect("written");
    run(place.path(), &["run", "tokens.toml"]);
    let metrics = fs::read_to_string(place.path().join("runs/tokens/metrics.csv")).expect("rows");
    let rows = metrics.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let own = rows.filter(|row| row[6] == metric);
    own.map(|row| row[7].parse().expect("a number")).collect()
}

fn close(a: &[f64], b: &[f64], within: f64) {
    let alike = a.iter().zip(b).all(|(a, b)| (a - b).abs() <= within);
    assert!(!a.is_empty() && a.len() == b.len() && alike, "{a:?}\n{b:?}");
}

/// A critic says the first round's mean of every token, so that with λ = 1 the first advantage is that of a batch
/// mean; afterwards it has learned.
#[test]
fn the_first_step_is_that_of_a_batch_mean() {
    let mean = series(&[("OBJECTIVE", "")], "gold_reward");
    let critic = series(&[("OBJECTIVE", "critic = { gae_lambda = 1.0 }")], "gold_reward");
    close(&mean[..2], &critic[..2], 1e-6);
    assert!((mean[4] - critic[4]).abs() > 1e-6, "{mean:?} {critic:?}");
}

/// On responses of one token a critic that does not learn is a constant, which standardising takes out: the run is
/// that of a batch mean, with a penalty in the reward too.
#[test]
fn on_one_token_a_constant_critic_is_a_batch_mean() {
    for penalty in ["", ", kl = { coefficient = 0.5, estimator = \"k1\", place = \"reward\" }"] {
        let run = |critic: &str| {
            let objective = format!("standardise = true{critic}{penalty}");
            series(&[("LENGTH", "1"), ("OBJECTIVE", objective.as_str())], "gold_reward")
        };
        close(&run(""), &run(", critic = { learning_rate = 1e-30 }"), 1e-6);
    }
}

/// Tokens of a policy that stands still are nearly independent and each adds its own reward, so that of five the
/// first t tell t/5 of the return's variance: 0, 1/5, … 4/5, on average 2/5. A value that knows them all explains
/// that much.
#[test]
fn a_critic_learns_to_foresee_what_can_be_foreseen() {
    let changes = [
        ("OBJECTIVE", "critic = { gae_lambda = 1.0, learning_rate = 0.003 }"),
        ("LENGTH", "5"),
        ("STEPS", "600"),
        ("RATE", "1e-12"),
        ("EVERY", "10"),
        ("MORE", ", \"explained_variance\", \"critic_loss\""),
    ];
    let explained = series(&changes, "explained_variance");
    let late = &explained[explained.len() - 15..];
    let mean = late.iter().sum::<f64>() / late.len() as f64;
    assert!(explained[0].abs() < 0.05, "{explained:?}");
    assert!((mean - 0.4).abs() < 0.05, "{mean} {explained:?}");
}
