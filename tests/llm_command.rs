//! A true reward that a program of the user's gives.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
mod llm_fixture;

use command::{modeseek, run};
use llm_fixture::write_small_model;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The program scores a row by the bytes of its line.
const SCENARIO: &str = r#"id = "scored"
title = "A tiny model"
[problem.prompts]
jsonl = "prompts.jsonl"
gold_command = "LC_ALL=C awk '{ print -length($0) }'"
test = 2
[policy.language-model]
model = "model"
max_new_tokens = 6
[policy.language-model.lora]
rank = 2
[schedule]
samples_per_round = 8
responses_per_prompt = 4
minibatch = 8
steps = 3
[data]
prompts = "fresh"
[measure]
every = 3
metrics = ["gold_reward"]
[optimizer.adam]
learning_rate = 0.05
[seeds]
count = 1
[[method]]
name = "on-policy grpo"
objective.grpo = {}
"#;

fn place(line: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    write_small_model(&place.path().join("model"));
    let prompts = ["the", "12", "x the", "th"].map(|p| format!("{{\"prompt\": \"{p}\"}}\n"));
    fs::write(place.path().join("prompts.jsonl"), prompts.concat()).expect("written");
    let scenario = SCENARIO.replace("LC_ALL=C awk '{ print -length($0) }'", line);
    fs::write(place.path().join("scored.toml"), scenario).expect("written");
    place
}

fn seed_folder(place: &Path) -> PathBuf {
    let cells = fs::read_dir(place.join("runs/scored/cells")).expect("cells");
    cells.flatten().next().expect("a cell").path().join("0")
}

/// Every kept answer has the reward that its row has by hand, and what is learned follows its sign.
#[test]
fn a_program_scores_what_is_answered() {
    let place_of_short = place("LC_ALL=C awk '{ print -length($0) }'");
    let short = place_of_short.path();
    run(short, &["run", "scored.toml"]);
    let kept = fs::read_to_string(seed_folder(short).join("completions.jsonl")).expect("answers");
    let rows: Vec<Value> =
        kept.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        let asked = json!({ "prompt": row["prompt"], "response": row["response"] }).to_string();
        assert_eq!(row["gold_reward"].as_f64(), Some(-(asked.len() as f64)), "{row}");
    }
    let place_of_long = place("LC_ALL=C awk '{ print length($0) }'");
    let long = place_of_long.path();
    run(long, &["run", "scored.toml"]);
    let adapter = |place: &Path| {
        fs::read(seed_folder(place).join("model/adapter_model.safetensors")).expect("an adapter")
    };
    assert!(adapter(short) != adapter(long));
}

/// A program that fails, says too little, or takes too long stops the run and is named, with what is asked of it.
#[test]
fn a_program_that_does_not_score_is_told() {
    for (line, said) in [
        ("exit 3", "failed: exit status: 3"),
        ("head -n 1 > /dev/null", "wrote 0 lines for"),
        ("sleep 30", "took longer than 1 s (--limit-seconds gives it more)"),
    ] {
        let place = place(line);
        let output = modeseek(place.path(), &["run", "scored.toml", "--limit-seconds", "1"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(said), "{line}: {error}");
        assert!(error.contains(&format!("command: {line}")), "{error}");
        assert!(error.contains("one line with a finite number"), "{error}");
    }
}

#[test]
fn two_true_rewards_and_an_empty_program_are_refused() {
    let place = place("");
    let refused = |scenario: &str, said: &str| {
        fs::write(place.path().join("scored.toml"), scenario).expect("written");
        let output = modeseek(place.path(), &["check", "scored.toml"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    };
    refused(&SCENARIO.replace("LC_ALL=C awk '{ print -length($0) }'", ""), "the command is empty");
    let twice = SCENARIO.replace("test = 2", "test = 2\nreward = { min = {} }");
    refused(&twice, "the true reward is given twice");
    // On the command line one reward takes the place of another.
    let lengths = SCENARIO
        .replace("gold_command = \"LC_ALL=C awk '{ print -length($0) }'\"", "reward.min = {}");
    fs::write(place.path().join("scored.toml"), lengths).expect("written");
    let set = "problem.prompts.gold_command=head -n 0";
    let output = modeseek(place.path(), &["run", "scored.toml", "--set", set]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("wrote 0 lines for"), "{error}");
}
