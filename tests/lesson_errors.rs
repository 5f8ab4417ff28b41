//! What is said of bad lessons and bad predictions: exit code 2, nothing on standard output, the
//! place, what is allowed and the remedy, and no file touched.
//!
//! The messages stand in `tests/snapshots/lesson_errors.txt`; after a wanted change, run the test once
//! with `MODESEEK_BLESS=1` and read the diff.

#[path = "support/command.rs"]
mod command;
#[path = "support/messages.rs"]
mod messages;

use command::modeseek;
use messages::{Case, compare, refusal, written};
use std::fs;

/// A small lesson that cases spoil in one place.
const LESSON: &str = r#"id = "small"
title = "A small lesson"
question = "Which one?"
[problem.bumps]
reward = "R1"
[policy.tabular]
[schedule]
samples_per_round = 100
minibatch = 100
steps = 4
[data]
prompts = "fresh"
[optimizer.adam]
learning_rate = 0.1
[measure]
every = 2
metrics = ["gold_reward"]
[seeds]
count = 5
[[method]]
name = "best-of-n"
objective.best-of-n = {}
[[method]]
name = "reinforce"
objective.reinforce = {}
[sweep]
"problem.bumps.reward" = ["R1", "R2"]
[[claim]]
id = "small.1"
says = "R2 ends higher"
expected = "holds"
metric = "gold_reward"
better = { "problem.bumps.reward" = "R2" }
worse = { "problem.bumps.reward" = "R1" }
where = { method = "best-of-n" }
margin = 0.02
[lesson]
number = 1
minutes = 5
introduction = "Two methods, two rewards."
[[lesson.table]]
name = "arms"
says = "two responses"
csv = """
prompt,policy_logp,reward
x,-1,1
x,-2,0
"""
[[lesson.predict]]
ask = "How much?"
because = "So much."
answer.number = { of = { metric = "gold_reward", at_step = 2 }, cell = { method = "reinforce", "problem.bumps.reward" = "R1" }, unit = "reward", tolerance = 0.1 }
[[lesson.predict]]
ask = "Who?"
because = "He."
[lesson.predict.answer.choice]
of = { metric = "gold_reward" }
best = "highest"
margin = 0.02
candidates = [
  { label = "R1", cell = { method = "best-of-n", "problem.bumps.reward" = "R1" } },
  { label = "R2", cell = { method = "best-of-n", "problem.bumps.reward" = "R2" } },
]
[[lesson.predict]]
ask = "Does it hold?"
because = "It does."
answer.verdict = { claim = "small.1" }
[[lesson.predict]]
ask = "How much by hand?"
because = "1 times 1."
answer.by-hand = { method = "best-of-n", table = "arms", row = 1, column = "loss", tolerance = 0.1 }
"#;

const CHECK: &[&str] = &["check", "bad.toml"];

/// Faults of the file.
const FILE: &[Case] = &[
    ("unknown key of a lesson", "minutes = 5", "minuts = 5", CHECK),
    ("no number", "number = 1", "number = 0", CHECK),
    ("no minutes", "minutes = 5", "minutes = 0", CHECK),
    ("no question", "question = \"Which one?\"\n", "", CHECK),
    ("unknown kind of answer", "answer.verdict", "answer.verdicts", CHECK),
    ("no reason", "because = \"So much.\"\n", "", CHECK),
    (
        "unknown metric",
        "of = { metric = \"gold_reward\" }",
        "of = { metric = \"gold_rewards\" }",
        CHECK,
    ),
    (
        "a metric that is not measured",
        "of = { metric = \"gold_reward\" }",
        "of = { metric = \"entropy\" }",
        CHECK,
    ),
    ("two readings", "at_step = 2 }", "at_step = 2, area = true }", CHECK),
    (
        "tolerance of zero",
        "unit = \"reward\", tolerance = 0.1",
        "unit = \"reward\", tolerance = 0",
        CHECK,
    ),
    (
        "tolerance below zero",
        "column = \"loss\", tolerance = 0.1",
        "column = \"loss\", tolerance = -1",
        CHECK,
    ),
    ("margin below zero", "margin = 0.02\ncand", "margin = -0.02\ncand", CHECK),
    ("neither highest nor lowest", "best = \"highest\"", "best = \"higest\"", CHECK),
    (
        "a candidate of no method",
        "label = \"R2\", cell = { method = \"best-of-n\"",
        "label = \"R2\", cell = { method = \"best-of-m\"",
        CHECK,
    ),
    (
        "a candidate of two cells",
        "label = \"R2\", cell = { method = \"best-of-n\", ",
        "label = \"R2\", cell = { ",
        CHECK,
    ),
    ("two candidates of one label", "label = \"R2\"", "label = \"R1\"", CHECK),
    (
        "one candidate",
        "  { label = \"R2\", cell = { method = \"best-of-n\", \"problem.bumps.reward\" = \"R2\" } },\n",
        "",
        CHECK,
    ),
    ("a claim that does not exist", "claim = \"small.1\"", "claim = \"small.2\"", CHECK),
    ("a table that does not exist", "table = \"arms\"", "table = \"arm\"", CHECK),
    ("a row too far", "row = 1", "row = 3", CHECK),
    ("a row before the first", "row = 1", "row = 0", CHECK),
    ("a column that is not calculated", "column = \"loss\"", "column = \"coeficient\"", CHECK),
    (
        "a method of no calculator",
        "method = \"best-of-n\", table",
        "method = \"best-of-m\", table",
        CHECK,
    ),
    ("a table without a column", "prompt,policy_logp,reward", "prompt,policy_logp,rewards", CHECK),
    ("a parameter of another method", "row = 1", "set = [\"beta=1\"], row = 1", CHECK),
    (
        "a parameter out of range",
        "method = \"best-of-n\", table = \"arms\"",
        "method = \"rwr\", set = [\"temperature=0\"], table = \"arms\"",
        CHECK,
    ),
    (
        "two tables of one name",
        "[[lesson.table]]\n",
        "[[lesson.table]]\nname = \"arms\"\nsays = \"\"\ncsv = \"\"\n[[lesson.table]]\n",
        CHECK,
    ),
];

/// Faults of the command line.
const COMMANDS: &[Case] = &[
    ("unknown lesson", "", "", &["lesson", "lesson-speed"]),
    ("unknown number", "", "", &["lesson", "99"]),
    ("a scenario that is no lesson", "", "", &["lesson", "kl-toy"]),
    ("a prediction without a number", "", "", &["lesson", "bad.toml", "--predict", "0.4"]),
    ("a question that is none", "", "", &["lesson", "bad.toml", "--predict", "5=1"]),
    ("a number that is none", "", "", &["lesson", "bad.toml", "--predict", "1=many"]),
    ("a letter that is none", "", "", &["lesson", "bad.toml", "--predict", "2=c"]),
    ("a verdict that is none", "", "", &["lesson", "bad.toml", "--predict", "3=yes"]),
    (
        "two predictions of one question",
        "",
        "",
        &["lesson", "bad.toml", "--predict", "1=1", "--predict", "1=2"],
    ),
    ("a file for the figures", "", "", &["lesson", "bad.toml", "--out", "bad.toml"]),
    ("a file for the runs", "", "", &["lesson", "bad.toml", "--runs", "bad.toml"]),
    ("a worksheet in a file", "", "", &["lesson", "--worksheet", "bad.toml/sheet.md"]),
    ("a key in a file", "", "", &["lesson", "--key", "bad.toml/key.md"]),
];

/// The message of one case, after what holds for all of them is checked.
fn message((name, from, to, arguments): &Case) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(LESSON.contains(from), "{name}: {from} is not in the lesson");
    let text = LESSON.replacen(from, to, 1);
    fs::write(folder.path().join("bad.toml"), &text).expect("written");
    let output = modeseek(folder.path(), arguments);
    let remedies = ["allowed", "help: ", "such as", "give ", "it has ", "needed", "methods are"];
    let message = refusal(name, output, &remedies);
    // The folder of figures may be made; nothing is run and nothing else written.
    assert!(!folder.path().join("runs/small/metrics.csv").exists(), "{name}: it ran");
    assert_eq!(fs::read_to_string(folder.path().join("bad.toml")).expect("there"), text);
    written(name, arguments, &message)
}

#[test]
fn every_message_reads_as_written_down() {
    let found: Vec<String> = FILE.iter().chain(COMMANDS).map(message).collect();
    compare("lesson_errors.txt", &found);
}

/// The lesson itself is sound, runs, and is marked.
#[test]
fn the_unspoilt_lesson_is_taught() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("small.toml"), LESSON).expect("written");
    let predict = ["--predict", "2=b", "--predict", "4=1.2"];
    let output = modeseek(folder.path(), &[&["lesson", "small.toml"][..], &predict].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // R2 starts far above R1; 1.2 lies within two tolerances of 1.
    assert!(text.contains("Score: 1.5 of 2 (2 without a mark)"), "{text}");
}

/// Predictions that `--set` has taken the ground from are left out with a warning.
#[test]
fn with_set_a_prediction_without_its_cell_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("small.toml"), LESSON).expect("written");
    let set = ["--set", "problem.bumps.reward=R1", "--jobs", "1"];
    let output = modeseek(folder.path(), &[&["run", "small.toml"][..], &set].concat());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    assert!(error.contains("lesson.predict Who? is left out"), "{error}");
}
