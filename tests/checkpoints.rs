//! Checkpoints on the disk are whole or not taken, and the runner goes on from them.

use modeseek::learner::{Checkpoint, FittedPolicies, Keep, Numbers};
use modeseek::results::{CheckpointFolder, ResultsError, RunFolder};
use modeseek::runner::train::train_kept;
use modeseek::runner::{Keeping, LongRuns, LongStep, Outcome, Progress, RunOptions, RunnerError};
use modeseek::scenario::{Experiment, Scenario};
use modeseek::stream::{Purpose, Streams};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Names the folder in which the second process of a test writes.
const WRITE_IN: &str = "MODESEEK_TEST_WRITE_CHECKPOINTS_IN";

/// A checkpoint whose numbers follow from its step, with every odd kind of number.
fn made(step: u64, length: usize) -> Checkpoint<'static> {
    let at = |k: u64| Streams::new(step).uniform(Purpose::Sample, k) - 0.5;
    let few: Vec<f64> = (0..64).map(at).collect();
    let mut wide: Vec<f64> = few.into_iter().cycle().take(length).collect();
    let narrow: Vec<f32> = wide.iter().map(|x| *x as f32).collect();
    wide.extend([-0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE / 8.0]);
    let tensors = [
        ("parameter/a".to_owned(), Numbers::F32(narrow.into())),
        ("parameter/b".to_owned(), Numbers::F64(wide.into())),
        ("second/none".to_owned(), Numbers::F32(Vec::new().into())),
    ];
    let state = format!("step = {step}\nπ = \"a\\\"quoted\\\" 'state'\"\n");
    Checkpoint { step, state, tensors: tensors.into() }
}

/// Equal bit by bit, zeros with their signs.
fn same(left: &Checkpoint<'_>, right: &Checkpoint<'_>) -> bool {
    let bits = |numbers: &Numbers<'_>| match numbers {
        Numbers::F32(x) => x.iter().map(|x| u64::from(x.to_bits())).collect::<Vec<_>>(),
        Numbers::F64(x) => x.iter().map(|x| x.to_bits()).collect(),
    };
    left == right && left.tensors.values().map(bits).eq(right.tensors.values().map(bits))
}

fn of_seed(folder: &Path, seed: u64) -> CheckpointFolder {
    CheckpointFolder::new(folder.join("checkpoint"), "cafe", seed)
}

/// The last checkpoint and what was said of the others.
fn last(folder: &CheckpointFolder) -> (Option<Checkpoint<'static>>, Vec<String>) {
    let mut notes = Vec::new();
    let found = folder.last(&mut |line| notes.push(line.to_owned()));
    (found.expect("readable"), notes)
}

fn file(folder: &CheckpointFolder, step: u64) -> PathBuf {
    folder.path().join(format!("step-{step}.safetensors"))
}

#[test]
fn every_bit_comes_back_and_only_the_newest_stays() {
    let root = tempfile::tempdir().unwrap();
    let folder = of_seed(root.path(), 0);
    assert_eq!(last(&folder), (None, Vec::new()));
    for step in [9, 10] {
        folder.write(&made(step, 5)).unwrap();
    }
    let (found, notes) = last(&folder);
    assert!(same(&found.unwrap(), &made(10, 5)) && notes.is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let bytes = fs::read(file(&folder, 10)).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("parameter/b").unwrap().shape(), [9], "other tools read it");
    folder.remove().unwrap();
    assert!(!folder.path().exists());
}

#[test]
fn a_file_that_is_cut_or_changed_anywhere_is_never_taken() {
    let root = tempfile::tempdir().unwrap();
    let folder = of_seed(root.path(), 0);
    folder.write(&made(4, 5)).unwrap();
    let (older, whole) = (file(&folder, 4), fs::read(file(&folder, 4)).unwrap());
    let newer = file(&folder, 5);
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let flipped = (0..whole.len()).map(|place| {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        bytes
    });
    let longer = [whole.as_slice(), b"\0"].concat();
    for bytes in cut.chain(flipped).chain([longer, Vec::new()]) {
        fs::write(&newer, &bytes).unwrap();
        let (found, notes) = last(&folder);
        assert!(same(&found.expect("the older one"), &made(4, 5)));
        assert!(notes.len() == 1 && notes[0].contains("is damaged"), "{notes:?}");
        assert!(!newer.exists() && newer.with_extension("damaged").exists());
    }
    fs::write(&older, &whole[..whole.len() / 2]).unwrap();
    let (found, notes) = last(&folder);
    assert_eq!(found, None);
    assert!(notes[0].contains("its end is missing") || notes[0].contains("length"), "{notes:?}");
}

#[test]
fn a_checkpoint_of_another_seed_cell_or_version_is_refused() {
    let root = tempfile::tempdir().unwrap();
    of_seed(root.path(), 0).write(&made(3, 2)).unwrap();
    let message = |folder: CheckpointFolder| match folder.last(&mut |_| {}) {
        Err(error @ ResultsError::ForeignCheckpoint { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let found = message(of_seed(root.path(), 1));
    assert!(found.contains("of cell cafe, seed 0, results version"), "{found}");
    assert!(found.contains("not of cell cafe, seed 1") && found.contains("--fresh"), "{found}");
    let other = CheckpointFolder::new(root.path().join("checkpoint"), "beef", 0);
    assert!(message(other).contains("not of cell beef, seed 0"));
}

#[test]
fn a_write_that_fails_leaves_the_last_checkpoint_and_names_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let folder = of_seed(root.path(), 0);
    folder.write(&made(3, 2)).unwrap();
    // Nobody, not even root, can create a file where a folder stands.
    let temporary = format!(".step-4.safetensors.{}.tmp", std::process::id());
    fs::create_dir(folder.path().join(temporary)).unwrap();
    let message = folder.write(&made(4, 2)).unwrap_err().to_string();
    assert!(message.contains(&folder.path().display().to_string()), "{message}");
    assert!(message.contains("the same command goes on from there"), "{message}");
    assert!(same(&last(&folder).0.unwrap(), &made(3, 2)));
}

/// Kills a process that writes one checkpoint after another, at 30 moments.
#[test]
fn a_process_killed_while_it_writes_leaves_a_whole_checkpoint() {
    const KILLS: u64 = 30;
    const LENGTH: usize = 500_000; // 6 MB: most of the time goes into writing
    if let Some(root) = std::env::var_os(WRITE_IN) {
        let folder = of_seed(Path::new(&root), 0);
        let begun = last(&folder).0.map_or(0, |found| found.step);
        return (begun + 1..1000).for_each(|step| folder.write(&made(step, LENGTH)).unwrap());
    }
    let name = "a_process_killed_while_it_writes_leaves_a_whole_checkpoint";
    let root = tempfile::tempdir().unwrap();
    let folder = of_seed(root.path(), 0);
    let mut half_written = 0;
    for kill in 0..KILLS {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", name]).env(WRITE_IN, root.path());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        let before = last(&folder).0.map_or(0, |found| found.step);
        while !folder.path().is_dir() || last_step(&folder) <= before {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is written");
            std::thread::sleep(Duration::from_millis(1));
        }
        let moment = 0.05 * Streams::new(0).uniform(Purpose::Sample, kill);
        std::thread::sleep(Duration::from_secs_f64(moment));
        child.kill().unwrap();
        child.wait().unwrap();
        half_written += remove_half_written(&folder);
        let (found, notes) = last(&folder);
        let found = found.expect("a whole checkpoint");
        assert!(notes.is_empty() && found.step > before, "{notes:?}");
        assert!(same(&found, &made(found.step, LENGTH)), "step {}", found.step);
    }
    println!("{half_written} of {KILLS} kills left a half-written file");
    assert!(half_written > 0, "no kill met a write");
}

fn names(folder: &CheckpointFolder) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

fn last_step(folder: &CheckpointFolder) -> u64 {
    let step =
        |name: &String| name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok();
    names(folder).iter().filter_map(step).max().unwrap_or(0)
}

/// Removes what killed processes left behind, and counts it.
fn remove_half_written(folder: &CheckpointFolder) -> usize {
    let half = names(folder).into_iter().filter(|name| name.ends_with(".tmp"));
    half.map(|name| fs::remove_file(folder.path().join(name)).unwrap()).count()
}

/// Two methods, two seeds, ten steps each.
const SCENARIO: &str = r#"
id = "long"
title = "Runs that are taken for long ones"
[problem.bumps]
reward = "R1"
[policy.tabular]
[schedule]
samples_per_round = 40
responses_per_prompt = 4
minibatch = 20
passes = 2
steps = 10
[data]
prompts = 16
[optimizer.adam]
learning_rate = 0.05
[measure]
every = 1
pairs = 5
[seeds]
count = 2
[[method]]
name = "dpo"
objective.dpo = {}
schedule.data = "offline"
[[method]]
name = "ppo"
objective.ppo = {}
"#;

fn scenario() -> Scenario {
    Scenario::parse("long.toml", SCENARIO, None, &[], None).expect("valid")
}

#[derive(Default)]
struct Heard {
    steps: Mutex<Vec<(String, u64, u64)>>,
    notes: Mutex<Vec<String>>,
}

impl Progress for Heard {
    fn started(&self, _: usize) {}
    fn finished_one(&self) {}
    fn done(&self) {}
    fn stepped(&self, step: &LongStep<'_>) {
        assert_eq!((step.steps, step.report.tokens), (10, 20));
        self.steps.lock().unwrap().push((step.method.to_owned(), step.seed, step.step));
    }
    fn noted(&self, line: &str) {
        self.notes.lock().unwrap().push(line.to_owned());
    }
}

/// Runs everything as long runs; `due` hears how many steps were taken in all, from 1.
fn go(
    folder: &RunFolder,
    heard: &Heard,
    due: impl Fn(u64) -> Keep + Sync,
) -> Result<Outcome, RunnerError> {
    let (steps, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let due = || {
        let keep = due(steps.fetch_add(1, Ordering::SeqCst) + 1);
        stop.fetch_or(keep == Keep::SaveAndStop, Ordering::SeqCst);
        keep
    };
    let long = LongRuns { are: |_| true, due: &due };
    let options = RunOptions { jobs: 2, shard: None, fresh: false, long };
    let fitted = FittedPolicies::default();
    let work = |experiment: &Experiment, seed, keeping: &mut Keeping<'_>| {
        train_kept(experiment, seed, &fitted, keeping)
    };
    modeseek::runner::run(&scenario(), folder, &options, heard, &stop, &work)
}

/// The bytes of a run that is never cut.
fn whole(root: &Path) -> Vec<u8> {
    let folder = RunFolder::new(root.join("whole"));
    let outcome = go(&folder, &Heard::default(), |_| Keep::No).unwrap();
    assert_eq!((outcome.computed, outcome.interrupted), (4, false));
    fs::read(folder.metrics()).unwrap()
}

#[test]
fn long_runs_go_one_by_one_and_on_from_their_checkpoints_to_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let wanted = whole(root.path());
    let folder = RunFolder::new(root.path().join("cut"));
    let (mut heard, mut ends) = (Heard::default(), Vec::new());
    // Seven questions at a time, one before the first step of a run and one after each: 44 take six full parts and
    // one of two.
    loop {
        let at_seven = |k| if k == 7 { Keep::SaveAndStop } else { Keep::No };
        let outcome = go(&folder, &heard, at_seven).unwrap();
        ends.push((outcome.computed, outcome.interrupted, outcome.failed.len()));
        if !outcome.interrupted {
            break;
        }
    }
    let finished = [0, 1, 0, 1, 1, 0].map(|computed| (computed, true, 0));
    assert_eq!(ends, [&finished[..], &[(1, false, 0)]].concat());
    let steps = std::mem::take(heard.steps.get_mut().unwrap());
    let run =
        |method: &'static str, seed| (1..=10).map(move |step| (method.to_owned(), seed, step));
    let in_order: Vec<_> =
        run("dpo", 0).chain(run("dpo", 1)).chain(run("ppo", 0)).chain(run("ppo", 1)).collect();
    assert_eq!(steps, in_order, "no step is taken twice");
    assert_eq!(fs::read(folder.metrics()).unwrap(), wanted);
    for cell in scenario().cells {
        (0..2).for_each(|s| assert!(!folder.checkpoints(&cell.name, s).path().exists()));
    }
}

#[test]
fn damaged_and_foreign_checkpoints_do_not_change_a_result() {
    let root = tempfile::tempdir().unwrap();
    let wanted = whole(root.path());
    let folder = RunFolder::new(root.path().join("cut"));
    go(&folder, &Heard::default(), |k| if k == 7 { Keep::SaveAndStop } else { Keep::Save })
        .unwrap();
    let cell = &scenario().cells[0].name;
    let (own, other) = (folder.checkpoints(cell, 0), folder.checkpoints(cell, 1));
    assert_eq!(names(&own), ["step-6.safetensors"]);
    fs::create_dir_all(other.path()).unwrap();
    fs::copy(file(&own, 6), file(&other, 6)).unwrap();
    let refused = go(&folder, &Heard::default(), |_| Keep::No);
    let foreign = |error: &RunnerError| {
        matches!(error, RunnerError::Results(ResultsError::ForeignCheckpoint { .. }))
    };
    assert!(refused.as_ref().is_err_and(foreign), "{refused:?}");
    let bytes = fs::read(file(&other, 6)).unwrap();
    fs::write(file(&other, 6), &bytes[..bytes.len() - 1]).unwrap();
    fs::write(other.path().join(".step-7.safetensors.1.tmp"), "half").unwrap();
    let heard = Heard::default();
    assert_eq!(go(&folder, &heard, |_| Keep::No).unwrap().computed, 3);
    assert!(heard.notes.lock().unwrap()[0].contains("set aside"));
    assert_eq!(fs::read(folder.metrics()).unwrap(), wanted);
}

#[test]
fn a_folder_that_cannot_be_written_stops_the_run_and_the_next_one_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let folder = RunFolder::new(root.path().join("cut"));
    let own = folder.checkpoints(&scenario().cells[0].name, 0);
    fs::create_dir_all(own.path().parent().unwrap()).unwrap();
    let blocked = |k| {
        if k == 5 {
            let temporary = format!(".step-5.safetensors.{}.tmp", std::process::id());
            fs::create_dir(own.path().join(temporary)).unwrap();
        }
        Keep::Save
    };
    let message = go(&folder, &Heard::default(), blocked).unwrap_err().to_string();
    assert!(message.contains("cannot save a checkpoint in"), "{message}");
    assert!(message.contains(&own.path().display().to_string()), "{message}");
    assert_eq!(last(&own).0.map(|found| found.step), Some(4));
    fs::remove_dir(own.path().join(format!(".step-5.safetensors.{}.tmp", std::process::id())))
        .unwrap();
    let heard = Heard::default();
    assert_eq!(go(&folder, &heard, |_| Keep::No).unwrap().computed, 4);
    assert_eq!(heard.steps.lock().unwrap()[0], ("dpo".to_owned(), 0, 5));
    assert_eq!(fs::read(folder.metrics()).unwrap(), whole(root.path()));
}
