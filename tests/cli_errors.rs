//! What the binary says of bad input: exit code 2, nothing on standard output, the place, what is
//! allowed and the remedy; and whatever lay in the folder stays.
//!
//! The messages stand in `tests/snapshots/cli_errors.txt`; after a wanted change, run the test once
//! with `MODESEEK_BLESS=1` and read the diff.

#[path = "support/command.rs"]
mod command;
#[path = "support/messages.rs"]
mod messages;

use command::modeseek;
use messages::{Case, compare, refusal, written};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A small scenario that cases spoil in one place.
const SCENARIO: &str = r#"id = "small"
title = "A small scenario"
[problem.bumps]
reward = "R1"
[policy.tabular]
[schedule]
data = "offline"
samples_per_round = 100
responses_per_prompt = 10
minibatch = 100
passes = 1
steps = 4
[data]
prompts = 20
[optimizer.adam]
learning_rate = 0.1
[seeds]
count = 5
[[method]]
name = "dpo"
objective.dpo = { beta = 0.1 }
[[method]]
name = "ipo"
objective.ipo = { target_margin = 10.0 }
"#;

/// The problem of the scenario, to be replaced by one that names a file.
const PROBLEM: &str = "[problem.bumps]\nreward = \"R1\"\n";
const TABLE: &str = "[problem.table]\nrewards = { csv = \"CSV\", column = \"reward\" }\n\
    reference = \"uniform\"\n";

/// Files that lie beside the scenario.
const FILES: &[(&str, &str)] = &[
    ("file", "not a folder\n"),
    ("taken/small", "not a folder either\n"),
    ("word.csv", "arm,reward\n0,1\n1,one\n"),
    ("short.csv", "arm,reward\n0,1\n1\n"),
    ("other.csv", "arm,rewards\n0,1\n1,0\n"),
    ("pairs.csv", "chosen,rejected\n70,3\n170,4\n"),
    ("empty-cell.csv", "policy_logp,reward,temperature\n-1,1,2\n-2,,2\n"),
    ("column.csv", "policy_log,reward\n-1,1\n"),
    ("fine.csv", "policy_logp,reward\n-1,1\n"),
];

const RUN: &[&str] = &["run", "bad.toml"];

/// Faults of a scenario file.
const SCENARIOS: &[Case] = &[
    ("unknown key", "passes = 1", "pases = 1", RUN),
    ("wrong type", "passes = 1", "passes = \"one\"", RUN),
    ("value out of range", "learning_rate = 0.1", "learning_rate = -0.1", RUN),
    ("not a number", "beta = 0.1", "beta = nan", RUN),
    ("unknown word", "reward = \"R1\"", "reward = \"R7\"", RUN),
    (
        "ipo with one response per prompt",
        "name = \"ipo\"\n",
        "name = \"ipo\"\nschedule.responses_per_prompt = 1\n",
        RUN,
    ),
    ("minibatch larger than the round", "minibatch = 100", "minibatch = 200", RUN),
    ("no passes", "passes = 1", "passes = 0", RUN),
    ("a missing csv", PROBLEM, "none.csv", RUN),
    ("a word in a csv", PROBLEM, "word.csv", RUN),
    ("a short row of a csv", PROBLEM, "short.csv", RUN),
    ("a missing column of a csv", PROBLEM, "other.csv", RUN),
    ("an arm that is none", "prompts = 20", "preferences = { csv = \"pairs.csv\" }", RUN),
    ("no toml", "steps = 4", "steps = = 4", RUN),
    ("check refuses like run", "passes = 1", "pases = 1", &["check", "bad.toml"]),
];

/// Faults of the command line.
const COMMANDS: &[Case] = &[
    ("a file for a folder", "", "", &["run", "small.toml", "--out", "file"]),
    ("a folder in a file", "", "", &["run", "small.toml", "--out", "file/runs"]),
    ("a file for the run folder", "", "", &["run", "small.toml", "--out", "taken"]),
    ("a file for the figures", "", "", &["figure", "small.toml", "--out", "file"]),
    ("unknown scenario", "", "", &["run", "bandit-batch-sise"]),
    ("a missing scenario file", "", "", &["run", "smal.toml"]),
    ("unknown command", "", "", &["rnu", "small.toml"]),
    ("unknown option", "", "", &["run", "small.toml", "--sed", "0..5"]),
    ("unknown tier", "", "", &["reproduce", "--tier", "bandti"]),
    ("a tier all of which needs files", "", "", &["reproduce", "--tier", "gpu"]),
    ("figure of other settings", "", "", &["figure", "small.toml", "--set", "schedule.steps=8"]),
    ("unknown tier to list", "", "", &["list", "--tier", "bandti"]),
    ("seeds that run backwards", "", "", &["run", "small.toml", "--seeds", "5..2"]),
    ("seeds that are none", "", "", &["run", "small.toml", "--seeds", "five"]),
    ("a shard beyond the last", "", "", &["run", "small.toml", "--shard", "3/2"]),
    ("no jobs", "", "", &["run", "small.toml", "--jobs", "0"]),
    ("jobs below zero", "", "", &["run", "small.toml", "--jobs", "-1"]),
    ("set of an unknown key", "", "", &["run", "small.toml", "--set", "schedule.pases=2"]),
    ("set of a wrong value", "", "", &["run", "small.toml", "--set", "schedule.passes=x"]),
    (
        "a table of a metric that was not measured",
        "",
        "",
        &["figure", "small.toml", "--table", "--metric", "gold_rewards", "--out", "tables"],
    ),
    (
        "a threshold that is no number",
        "",
        "",
        &["figure", "small.toml", "--table", "--threshold", "nan"],
    ),
    ("figure without runs", "", "", &["figure", "small.toml", "--runs", "none"]),
    ("claims without runs", "", "", &["claims", "small.toml", "--runs", "none"]),
    ("merge of what is no run", "", "", &["merge", "taken", "--out", "merged"]),
    ("unknown term", "", "", &["explain", "gold_rewards"]),
    ("loss: unknown method", "", "", &["loss", "rwrr", "fine.csv"]),
    ("loss: unknown parameter", "", "", &["loss", "rwr", "fine.csv", "--set", "temprature=1"]),
    (
        "loss: parameter out of range",
        "",
        "",
        &["loss", "rwr", "fine.csv", "--set", "temperature=0"],
    ),
    ("loss: an empty cell", "", "", &["loss", "rwr", "empty-cell.csv"]),
    ("loss: a missing column", "", "", &["loss", "rwr", "column.csv"]),
    ("loss: a missing file", "", "", &["loss", "rwr", "none.csv"]),
];

/// A folder with the files and a finished run of the scenario.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, text).expect("written");
    };
    FILES.iter().for_each(|(name, text)| write(name, text));
    write("small.toml", SCENARIO);
    let output = modeseek(folder.path(), &["run", "small.toml", "--jobs", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// The bytes of every file below a folder, and the folders, which have none.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(contents(&path));
            found.insert(path, Vec::new());
        } else {
            let bytes = fs::read(&path).expect("read");
            found.insert(path, bytes);
        }
    }
    found
}

/// The scenario of a case.
fn spoilt((name, from, to, _): &Case) -> String {
    assert!(SCENARIO.contains(from), "{name}: {from} is not in the scenario");
    match to.ends_with(".csv") {
        true => SCENARIO.replacen(from, &TABLE.replace("CSV", to), 1),
        false => SCENARIO.replacen(from, to, 1),
    }
}

/// The text with the names of cells, which every version of the program has of its own, blotted out.
fn without_hashes(text: &str) -> String {
    let is_hash = |word: &str| word.len() == 16 && word.chars().all(|c| c.is_ascii_hexdigit());
    let words = text.split_inclusive(|c: char| !c.is_alphanumeric());
    let blot = |word: &str| {
        let name = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let name_or_blot = if is_hash(name) { "HASH" } else { name };
        format!("{name_or_blot}{}", &word[name.len()..])
    };
    words.map(blot).collect()
}

/// The message of one case, after what holds for all of them is checked.
fn message(folder: &Path, case: &Case, slowest: &mut (f64, &'static str)) -> String {
    let (name, _, _, arguments) = *case;
    fs::write(folder.join("bad.toml"), spoilt(case)).expect("written");
    let (before, start) = (contents(folder), Instant::now());
    let output = modeseek(folder, arguments);
    let seconds = start.elapsed().as_secs_f64();
    if seconds > slowest.0 {
        *slowest = (seconds, name);
    }
    assert!(contents(folder) == before, "{name}: a file was changed, made or removed");
    let remedies = [
        "allowed",
        "help: ",
        "such as",
        "tip: ",
        "needed",
        "needs",
        "name ",
        "give ",
        "methods are",
        "run ",
        "has ",
    ];
    written(name, arguments, &without_hashes(&refusal(name, output, &remedies)))
}

#[test]
fn every_message_reads_as_written_down_and_nothing_is_touched() {
    let folder = folder();
    let mut slowest = (0.0, "");
    let cases = SCENARIOS.iter().chain(COMMANDS);
    let found: Vec<String> = cases.map(|case| message(folder.path(), case, &mut slowest)).collect();
    println!("slowest: {} in {:.1} ms", slowest.1, 1000.0 * slowest.0);
    compare("cli_errors.txt", &found);
}

#[test]
fn unknown_tags_are_told_which_there_are() {
    let folder = folder();
    let output = modeseek(folder.path(), &["list", "--tag", "on-polcy"]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("allowed: ") && error.contains("did you mean: `on-policy`?"), "{error}");
}

#[test]
fn a_fault_in_the_second_scenario_is_found_before_the_first_is_run() {
    let folder = folder();
    fs::write(folder.path().join("bad.toml"), SCENARIO.replace("passes", "pases"))
        .expect("written");
    for second in [&["bad.toml"][..], &["nosuch"], &["small.toml", "--out", "taken"]] {
        let fresh = ["run", "small.toml", "--fresh"];
        let before = contents(folder.path());
        let output = modeseek(folder.path(), &[&fresh[..], second].concat());
        assert_eq!(output.status.code(), Some(2), "{second:?}");
        assert!(contents(folder.path()) == before, "{second:?}: the finished run was touched");
    }
}
