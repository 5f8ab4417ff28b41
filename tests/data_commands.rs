//! `modeseek data`: files are checked line by line, and built from a model's own responses.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
mod llm_fixture;

use command::modeseek;
use llm_fixture::write_small_model;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;

/// A folder with a tiny model and ten prompts.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    write_small_model(&place.path().join("model"));
    let prompt = |i: usize| format!("{{\"prompt\": \"the {i}\"}}\n");
    let prompts: String = (0..10).map(prompt).collect();
    fs::write(place.path().join("prompts.jsonl"), prompts).expect("written");
    place
}

fn build(place: &Path, out: &str, reward: &str, more: &[&str]) -> Output {
    let fixed = ["data", "build", "prompts.jsonl", "--model", "model", "--max-new-tokens", "8"];
    let asked = ["--test", "0.3", "--out", out, "--reward", reward];
    modeseek(place, &[&fixed[..], &asked[..], more].concat())
}

fn rows(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The tiny model never ends by itself, so that only Skew Length's cuts part its responses. Rewards are minus the tokens, the chosen response is the shorter one, no prompt is on both sides, and what was
/// written is what training reads.
#[test]
fn built_comparisons_are_right_parted_and_ready_to_train_on() {
    let place = place();
    let place = place.path();
    let output = build(place, "data", "skew=3", &[]);
    assert!(output.status.success(), "{}", said(&output));
    let sides = ["train", "test"].map(|name| rows(&place.join(format!("data/{name}.jsonl"))));
    let prompts = sides.each_ref().map(|rows| {
        rows.iter().map(|row| row["prompt"].as_str().expect("text").to_owned()).collect()
    });
    let [train, test]: [BTreeSet<String>; 2] = prompts;
    assert!(train.is_disjoint(&test) && !test.is_empty(), "{train:?} {test:?}");
    for row in sides.iter().flatten() {
        let number = |name: &str| row[name].as_f64().expect("a number");
        assert_eq!(number("chosen_reward"), -number("chosen_tokens"));
        assert!(number("chosen_tokens") < number("rejected_tokens"));
        assert_ne!(row["chosen"], row["rejected"]);
    }
    let checked = modeseek(place, &["data", "check", "data/train.jsonl", "data/test.jsonl"]);
    assert!(checked.status.success(), "{}", said(&checked));
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(place.join("data/manifest.toml")).expect("told"))
            .expect("TOML");
    assert_eq!(manifest["responses"].as_integer(), Some(40));
    assert_eq!(manifest["train_rows"].as_integer(), Some(sides[0].len() as i64));
}

#[test]
fn the_same_command_builds_the_same_bytes_and_another_seed_others() {
    let place = place();
    let place = place.path();
    let content = |out: &str, more: &[&str]| {
        let output = build(place, out, "skew=3", more);
        assert!(output.status.success(), "{}", said(&output));
        fs::read(place.join(out).join("train.jsonl")).expect("written")
    };
    let first = content("a", &[]);
    assert_eq!(first, content("b", &[]));
    assert_ne!(first, content("c", &["--seed", "1"]));
}

/// A reward's command that fails loses nothing: the responses are kept, and the next one goes on from them.
#[test]
fn a_command_scores_responses_and_its_faults_lose_nothing() {
    let place = place();
    let place = place.path();
    for (line, fault) in [
        ("echo 1", "wrote 1 lines for 40 rows"),
        ("awk '{print \"NaN\"}'", "wrote `NaN` for row 1"),
        ("cat > /dev/null; exit 3", "failed: exit status: 3"),
        ("sleep 60", "took longer than 1 s"),
    ] {
        let reward = format!("command={line}");
        let output = build(place, "data", &reward, &["--limit-seconds", "1"]);
        assert_eq!(output.status.code(), Some(1), "{line}: {}", said(&output));
        assert!(said(&output).contains(fault), "{line}: {}", said(&output));
        assert!(place.join("data/responses.jsonl").exists());
        assert!(!place.join("data/train.jsonl").exists());
    }
    let output = build(place, "data", "command=awk '{print NR}'", &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("10 prompts answered before"), "{}", said(&output));
    let train = rows(&place.join("data/train.jsonl"));
    assert!(
        train.iter().all(|row| row["chosen_reward"].as_f64() > row["rejected_reward"].as_f64())
    );
    let again = build(place, "data", "min", &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("is there already"), "{}", said(&again));
}

#[test]
fn a_file_with_faults_is_refused_after_all_of_them_are_told() {
    let place = place();
    let good = r#"{"prompt": "q", "chosen": "yes", "rejected": "no"}"#;
    let lines = [good, "{", good, r#"{"prompt": "q", "chosen": "a", "rejected": "a"}"#];
    fs::write(place.path().join("pairs.jsonl"), lines.join("\n")).expect("written");
    let output = modeseek(place.path(), &["data", "check", "pairs.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stdout);
    for part in ["line 2: is not a JSON object", "line 4: `chosen` and `rejected` are the same"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(
        told.contains("1 rows repeat an earlier row exactly and count twice: lines 3"),
        "{told}"
    );
    assert!(said(&output).contains("2 lines cannot be used"), "{}", said(&output));
}
