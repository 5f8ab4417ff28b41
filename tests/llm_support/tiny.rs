//! A scenario that trains a tiny model of files, and where its only run lies.

use crate::llm_fixture::write_small_model;
use std::fs;
use std::path::{Path, PathBuf};

const SCENARIO: &str = r#"id = "tiny"
title = "A tiny model"
[problem.prompts]
jsonl = "prompts.jsonl"
reward = { min = {} }
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
steps = 6
[data]
prompts = "fresh"
[measure]
every = 2
metrics = ["gold_reward", "kl", "completions/mean_length", "completions/clipped_ratio"]
[optimizer.adam]
learning_rate = 0.05
[seeds]
count = 1
[[method]]
name = "on-policy best-of-n"
objective.best-of-n = {}
"#;

/// A folder with a model, prompts, and the scenario with some of its text replaced.
pub fn place(changes: &[(&str, &str)]) -> tempfile::TempDir {
    let scenario = changes.iter().fold(SCENARIO.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let place = tempfile::tempdir().expect("a folder");
    write_small_model(&place.path().join("model"));
    let prompts = ["the", "12", "x the", "th"].map(|p| format!("{{\"prompt\": \"{p}\"}}\n"));
    fs::write(place.path().join("prompts.jsonl"), prompts.concat()).expect("written");
    fs::write(place.path().join("tiny.toml"), scenario).expect("written");
    place
}

/// The folder of the only cell and seed.
pub fn seed_folder(place: &Path) -> PathBuf {
    let cells = fs::read_dir(place.join("runs/tiny/cells")).expect("cells");
    cells.flatten().next().expect("a cell").path().join("0")
}
