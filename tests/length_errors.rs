//! What is said of bad input to the length problems: the key with a caret, or the file with its line,
//! before anything runs.

use modeseek::scenario::Scenario;
use std::path::Path;
use std::process::Command;

const SCENARIO: &str = r#"id = "small"
title = "A small scenario"
[problem.length]
task = "skew"
[policy.stop]
[schedule]
data = "offline"
samples_per_round = 20
responses_per_prompt = 2
minibatch = 20
steps = 4
[data]
prompts = 20
[pairs.labels.bradley-terry]
temperature = 20.0
[reward_model]
class = "quadratic"
[optimizer.adam]
learning_rate = 0.1
[seeds]
count = 5
[[method]]
name = "dpo"
objective.dpo = { beta = 0.1 }
"#;

/// Files with one fault each, and what is said of them behind the path.
const FILES: &[(&str, &str, &str)] = &[
    ("empty.jsonl", "", "holds no response; give one JSON object a line"),
    (
        "field.jsonl",
        "{\"chosen\": \"one two\"}\n\n{\"prompt\": \"p\", \"rejected\": \"x\"}\n",
        "line 3: has no field `chosen`; its fields are prompt, rejected (set `field`)",
    ),
    (
        "broken.jsonl",
        "{\"chosen\": \"one two\"}\n{\"chosen\": \"thr\n",
        "line 2: is not a JSON object: EOF while parsing a string at column 15 (one object a line)",
    ),
    (
        "list.jsonl",
        "[1, 2]\n",
        "line 1: is not a JSON object: invalid type: sequence, expected a map at column 0 (a JSON array? \
         `jq -c '.[]' FILE` makes one object a line of each)",
    ),
    (
        "number.jsonl",
        "{\"chosen\": 7}\n",
        "line 1: `chosen` is a number; words are counted in a text or a list of chat messages \
         (write unit = \"tokens\" for token ids)",
    ),
    (
        "alike.jsonl",
        "{\"chosen\": \"a b\"}\n{\"chosen\": \"c d\"}\n",
        "all responses are of one length, so that nothing can be fitted",
    ),
];

fn refusal(from: &str, to: &str, folder: &Path) -> String {
    assert!(SCENARIO.contains(from), "{from} is not in the scenario");
    let text = SCENARIO.replacen(from, to, 1);
    let read = Scenario::parse("small.toml", &text, Some(folder), &[], None);
    read.expect_err("refused").to_string()
}

#[test]
fn the_small_scenario_itself_has_no_fault() {
    let scenario = Scenario::parse("small.toml", SCENARIO, None, &[], None);
    assert_eq!(scenario.unwrap_or_else(|e| panic!("{e}")).cells.len(), 1);
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_its_line() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for (name, content, said) in FILES {
        std::fs::write(folder.path().join(name), content).expect("written");
        let fitted = format!("task = \"skew\"\nreference.fitted.jsonl = \"{name}\"");
        let message = refusal("task = \"skew\"", &fitted, folder.path());
        let path = folder.path().join(name);
        assert!(message.starts_with(&format!("error: {}: {said}", path.display())), "{message}");
        let place = format!("small.toml:5:26\n  |\n5 | reference.fitted.jsonl = \"{name}\"");
        assert!(message.contains(&place), "{message}");
        assert!(message.contains("allowed: one JSON object a line"), "{message}");
    }
    let missing = "task = \"skew\"\nreference.fitted.jsonl = \"none.jsonl\"";
    let message = refusal("task = \"skew\"", missing, folder.path());
    assert!(message.contains("none.jsonl cannot be read"), "{message}");
}

#[test]
fn numbers_that_make_no_sense_point_at_their_key() {
    for (from, to, said, line) in [
        (
            "task = \"skew\"",
            "task = \"mode\"\nmode_length = 600.0",
            "`problem.length.mode_length` cannot be 600",
            "5 | mode_length = 600.0",
        ),
        (
            "task = \"skew\"",
            "task = \"skew\"\ntruncation.longest.tokens = 0",
            "`problem.length.truncation.longest.tokens` cannot be 0",
            "5 | truncation.longest.tokens = 0",
        ),
        (
            "task = \"skew\"",
            "task = \"skew\"\nskew_fraction = 2.0",
            "`problem.length.skew_fraction` cannot be 2",
            "5 | skew_fraction = 2.0",
        ),
        (
            "[policy.stop]",
            "[policy.stop]\nwidth = 0.0",
            "`policy.stop.width` cannot be 0",
            "6 | width = 0.0",
        ),
        (
            "temperature = 20.0",
            "temperature = -1.0",
            "`pairs.labels.bradley-terry.temperature` cannot be -1",
            "15 | temperature = -1.0",
        ),
        (
            "prompts = 20",
            "prompts = 20\npreferences.csv = \"pairs.csv\"",
            "r_φ learns from D_pref, which `data.preferences` replaces",
            "17 | [reward_model]",
        ),
        (
            "class = \"quadratic\"",
            "class = \"quadratic\"\nridge = 0.0",
            "`reward_model.ridge` cannot be 0",
            "18 | ridge = 0.0",
        ),
    ] {
        let folder = tempfile::tempdir().expect("temporary folder");
        std::fs::write(folder.path().join("pairs.csv"), "chosen,rejected\n1,2\n").expect("written");
        let message = refusal(from, to, folder.path());
        assert!(message.starts_with(&format!("error: {said}\n")), "{message}");
        assert!(message.contains(line) && message.contains("allowed: "), "{message}");
    }
}

#[test]
fn what_is_drawn_cannot_be_exact() {
    let exact = |text: &str| SCENARIO.replacen("steps = 4", text, 1);
    let message = |text: String| {
        let read = Scenario::parse("small.toml", &text, None, &[], None);
        read.expect_err("refused").to_string()
    };
    let steps = "steps = 4\nexpectation = \"exact\"";
    assert!(message(exact(steps)).contains("the pairs of `reward_model` are drawn"));
    let unlearned = exact(steps).replacen("[reward_model]\nclass = \"quadratic\"\n", "", 1);
    assert!(message(unlearned.clone()).contains("`pairs.labels` are drawn"));
    let labels = "[pairs.labels.bradley-terry]\ntemperature = 20.0\n";
    let mixed = unlearned.replacen(labels, "", 1);
    let mixed = mixed.replacen("task = \"skew\"", "task = \"skew\"\nskew_fraction = 0.5", 1);
    assert!(message(mixed).contains("the kind of each prompt is drawn"));
}

/// A claim that no run could answer is refused before anything runs.
#[test]
fn a_claim_needs_a_metric_that_is_measured_and_single_cells() {
    let claim = |metric: &str, task: &str| {
        format!(
            "[measure]\nmetrics = [\"gold_reward\", \"mean_length\"]\n[sweep]\n\
             \"problem.length.task\" = [\"min\", \"skew\"]\n[[claim]]\nid = \"1\"\nsays = \"\"\n\
             expected = \"holds\"\nmetric = \"{metric}\"\nbetter = {{ method = \"dpo\" }}\n\
             worse = {{ method = \"dpo\" }}\nwhere = {{ \"problem.length.task\" = {task} }}\nmargin = 1.0\n\
             [seeds]\ncount = 5"
        )
    };
    let of = |metric: &str, task: &str| {
        let text = SCENARIO.replacen("[seeds]\ncount = 5", &claim(metric, task), 1);
        Scenario::parse("small.toml", &text, None, &[], None).map_err(|e| e.to_string())
    };
    assert!(of("mean_length", "\"min\"").is_ok());
    let unmeasured = of("proxy_reward", "\"min\"").expect_err("refused");
    assert!(unmeasured.starts_with("error: no cell measures `proxy_reward`"), "{unmeasured}");
    assert!(unmeasured.contains("add it to `measure.metrics`"), "{unmeasured}");
    let list = of("mean_length", "[\"min\", \"skew\"]").expect_err("refused");
    assert!(list.starts_with("error: a claim compares single cells"), "{list}");
}

/// Exit 2 before any work: nothing on standard output, no folder of runs.
#[test]
fn the_binary_refuses_a_bad_file_before_it_runs_anything() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (_, content, said) = FILES[1];
    std::fs::write(folder.path().join("own.jsonl"), content).expect("written");
    let fitted = "task = \"skew\"\nreference.fitted.jsonl = \"own.jsonl\"";
    let text = SCENARIO.replacen("task = \"skew\"", fitted, 1);
    std::fs::write(folder.path().join("small.toml"), text).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_modeseek"))
        .args(["run", "small.toml"])
        .current_dir(folder.path())
        .output()
        .expect("started");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty() && !folder.path().join("runs").exists());
    assert!(String::from_utf8_lossy(&output.stderr).contains(said));
}
