//! A true reward that a program of the user's gives.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
mod llm_fixture;
#[path = "llm_support/tiny.rs"]
mod tiny;

use command::{modeseek, run};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tiny::{place, seed_folder};

/// A place whose true reward a shell line gives.
fn scored_by(line: &str) -> tempfile::TempDir {
    place(&[("reward = { min = {} }", &format!("gold_command = \"{line}\""))])
}

/// Every kept answer has the reward that its row has by hand, and what is learned follows its sign.
#[test]
fn a_program_scores_what_is_answered() {
    let place_of_short = scored_by("LC_ALL=C awk '{ print -length($0) }'");
    let short = place_of_short.path();
    run(short, &["run", "tiny.toml"]);
    let kept = fs::read_to_string(seed_folder(short).join("completions.jsonl")).expect("answers");
    let rows: Vec<Value> =
        kept.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        let asked = json!({ "prompt": row["prompt"], "response": row["response"] }).to_string();
        assert_eq!(row["gold_reward"].as_f64(), Some(-(asked.len() as f64)), "{row}");
    }
    let place_of_long = scored_by("LC_ALL=C awk '{ print length($0) }'");
    let long = place_of_long.path();
    run(long, &["run", "tiny.toml"]);
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
        ("sed s/.*/nan/", "wrote `nan`"),
        ("sleep 30", "took longer than 1 s (--limit-seconds gives it more)"),
    ] {
        let place = scored_by(line);
        let output = modeseek(place.path(), &["run", "tiny.toml", "--limit-seconds", "1"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(said), "{line}: {error}");
        assert!(error.contains(&format!("command: {line}")), "{error}");
        assert!(error.contains("one line with a finite number"), "{error}");
    }
}

/// Counts its calls in the file `calls` and fails at one of them unless there is a file `mended`.
const COUNTING: &str = "n=$(cat calls 2> /dev/null || echo 0); n=$((n + 1)); echo $n > calls
if [ $n = FAILS ] && [ ! -e mended ]; then exit 3; fi
LC_ALL=C awk '{ print -length($0) }'
";

/// A place whose program fails at a call, and what is left of its run: measurements, answers, weights and calls.
fn counted(fails: usize) -> (tempfile::TempDir, impl Fn() -> (Vec<Vec<u8>>, usize)) {
    let place = place(&[
        ("reward = { min = {} }", "gold_command = \"sh score.sh\""),
        ("minibatch = 8", "minibatch = 4\npasses = 2"),
        ("steps = 6", "steps = 12"),
        ("every = 2", "every = 2\npairs = 2"),
        ("\"kl\"", "\"kl\", \"margin\""),
        (
            "objective.best-of-n = {}",
            "objective.ppo = { kl = { coefficient = 0.1, target = 1.0 } }",
        ),
    ]);
    let script = COUNTING.replace("FAILS", &fails.to_string());
    fs::write(place.path().join("score.sh"), script).expect("written");
    let folder = place.path().to_owned();
    let left = move || {
        let files = ["metrics.csv", "completions.jsonl", "model/adapter_model.safetensors"];
        let read = |name: &str| fs::read(seed_folder(&folder).join(name)).expect(name);
        let calls = fs::read_to_string(folder.join("calls")).expect("calls");
        (files.map(read).into(), calls.trim().parse().expect("a number"))
    };
    (place, left)
}

/// Whichever call fails, of a round or of a measurement: once the program is mended the run goes on from its last
/// step to the same bytes, and what was scored before that step is not scored again.
#[test]
fn a_program_that_fails_on_the_way_costs_no_step() {
    let (whole, left) = counted(0);
    run(whole.path(), &["run", "tiny.toml"]);
    let (wanted, calls) = left();
    // 2 evaluation prompts at steps 0, 2, … 12 and, for the margin, their pairs of π_ref; 2 prompts in each of 3 rounds
    // of four steps.
    let before = calls - 7 * 2 - 3 * 2;
    assert!(before > 0, "{calls} calls");
    for fails in before + 3..=calls {
        let (place, left) = counted(fails);
        let output = modeseek(place.path(), &["run", "tiny.toml"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("the same run goes on from there"), "{error}");
        fs::write(place.path().join("mended"), "").expect("written");
        run(place.path(), &["run", "tiny.toml"]);
        let (found, twice) = left();
        assert!(found == wanted, "failed at call {fails}");
        // The call that failed, at most one of the same round or measurement before it, and π_ref's pairs, which every
        // start compares.
        assert!(twice <= calls + 2 + before, "failed at call {fails}: {twice} calls");
    }
}

#[test]
fn two_true_rewards_and_an_empty_program_are_refused() {
    let twice = "gold_command = \"head -n 0\"\nreward = { min = {} }";
    for (reward, said) in
        [("gold_command = \"\"", "the command is empty"), (twice, "the true reward is given twice")]
    {
        let place = place(&[("reward = { min = {} }", reward)]);
        let output = modeseek(place.path(), &["check", "tiny.toml"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    }
    // On the command line one reward takes the place of another.
    let place = place(&[]);
    let set = "problem.prompts.gold_command=head -n 0";
    let output = modeseek(place.path(), &["run", "tiny.toml", "--set", set]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("wrote 0 lines for"), "{error}");
}
