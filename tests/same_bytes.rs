//! The same scenario leaves the same bytes, for any number of jobs and after any kill.

use modeseek::stream::{Purpose, Streams};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Tables and networks, on-policy and offline, with and without pairs.
const SCENARIO: &str = r#"
id = "tiny"
title = "Every kind of run, briefly"
[problem.bumps]
reward = "R1"
[policy.tabular]
[schedule]
samples_per_round = 80
responses_per_prompt = 4
minibatch = 40
passes = 2
steps = 240
[data]
prompts = 30
[optimizer.adam]
learning_rate = 0.05
[measure]
points = 12
states = 8
[seeds]
count = 6
[[method]]
name = "on-policy best-of-n"
objective.best-of-n = {}
data.prompts = "fresh"
[[method]]
name = "offline ipo"
objective.ipo = { target_margin = 10.0 }
schedule.data = "offline"
[[method]]
name = "ppo, network"
objective.ppo = { baseline = "leave-one-out" }
policy.mlp = { context = 12, features = 16, hidden = 32, fit = { steps = 10, states = 8 } }
[[method]]
name = "offline dpo, network"
objective.dpo = {}
schedule.data = "offline"
policy.mlp = { context = 12, features = 16, hidden = 32, fit = { steps = 10, states = 8 } }
[sweep]
"problem.bumps.reward" = ["R1", "R2"]
[[panel]]
title = "R1"
y = "gold_reward"
where = { "problem.bumps.reward" = "R1" }
[[panel]]
title = "R2"
y = "reverse_kl_ref"
where = { "problem.bumps.reward" = "R2" }
"#;

/// Held by the test at work, so that a run is timed alone.
static ALONE: Mutex<()> = Mutex::new(());

/// How often a run is killed.
const KILLS: u64 = 20;

/// `modeseek run` of the scenario in a folder.
fn run(folder: &Path, jobs: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modeseek"));
    command.current_dir(folder).args(["run", "tiny.toml", "--jobs", jobs]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("tiny.toml"), SCENARIO).expect("written");
    folder
}

fn finish(folder: &Path, jobs: &str) {
    assert!(run(folder, jobs).status().expect("started").success());
}

/// The names and bytes of the results.
fn results(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let read =
        |name: &'static str| (name, fs::read(folder.join("runs/tiny").join(name)).expect(name));
    vec![read("metrics.csv"), read("cells.csv")]
}

/// The names and bytes of the figure, drawn anew.
fn figure(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modeseek"));
    command.current_dir(folder).args(["figure", "tiny.toml"]).stdout(Stdio::null());
    assert!(command.status().expect("started").success());
    let read =
        |name: &'static str| (name, fs::read(folder.join("figures").join(name)).expect(name));
    vec![read("tiny.svg"), read("tiny.png"), read("tiny.csv")]
}

/// Names the first file that differs, without its bytes.
fn assert_same(left: &[(&str, Vec<u8>)], right: &[(&str, Vec<u8>)], what: &str) {
    for ((name, left), (_, right)) in left.iter().zip(right) {
        assert!(!left.is_empty() && left == right, "{what}: {name} differs");
    }
}

#[test]
fn one_job_and_eight_leave_the_same_bytes() {
    let _alone = ALONE.lock();
    let (one, eight) = (folder(), folder());
    finish(one.path(), "1");
    finish(eight.path(), "8");
    assert_same(&results(one.path()), &results(eight.path()), "--jobs 8");
    assert_same(&figure(one.path()), &figure(eight.path()), "--jobs 8");
}

#[test]
fn a_run_killed_at_any_moment_ends_in_the_same_bytes() {
    let _alone = ALONE.lock();
    let whole = folder();
    let start = Instant::now();
    finish(whole.path(), "2");
    let duration = start.elapsed();
    let (wanted, drawn) = (results(whole.path()), figure(whole.path()));
    let (mut alive, mut partial) = (0, 0);
    for kill in 0..KILLS {
        // One moment in each of 20 equal parts of the run.
        let share = (kill as f64 + Streams::new(0).uniform(Purpose::Sample, kill)) / KILLS as f64;
        let killed = folder();
        let mut child = run(killed.path(), "2").spawn().expect("started");
        std::thread::sleep(Duration::from_secs_f64(duration.as_secs_f64() * share));
        alive += u32::from(child.try_wait().expect("asked").is_none());
        child.kill().expect("killed");
        child.wait().expect("ended");
        let started = killed.path().join("runs/tiny/cells").exists();
        partial += u32::from(started && !killed.path().join("runs/tiny/metrics.csv").exists());
        finish(killed.path(), "2");
        let what = format!("killed after {:.0} % of the run", 100.0 * share);
        assert_same(&wanted, &results(killed.path()), &what);
        if kill % 5 == 0 {
            assert_same(&drawn, &figure(killed.path()), &what);
        }
    }
    println!("{alive} of {KILLS} were at work, {partial} had begun and written no metrics.csv");
    assert!(partial >= 5, "only {partial} of {KILLS} kills met a run that was half done");
}
