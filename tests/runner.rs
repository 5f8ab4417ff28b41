//! Runs, interruptions and shards leave the same bytes.

mod results_fixture;

use modeseek::learner::{Measurement, Stop};
use modeseek::results::{Provenance, ResultsError, Run, RunFolder, merge};
use modeseek::runner::{Keeping, LongRuns, Outcome, Progress, RunOptions, RunnerError, run};
use modeseek::scenario::{Experiment, Scenario};
use results_fixture::{cell, scenario, stopped, work};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const ALONE: RunOptions<'static> =
    RunOptions { jobs: 1, shard: None, fresh: false, long: LongRuns::NONE };

/// Work that keeps nothing on the way.
type Short<'a> = dyn Fn(&Experiment, u64) -> Measured + Sync + 'a;
type Measured = Result<Vec<Measurement>, Stop>;

fn three_cells() -> Scenario {
    let key = "schedule.samples_per_round";
    scenario(
        vec![cell("a", &[(key, "100")], 4), cell("a", &[(key, "400")], 8), cell("b, c", &[], 6)],
        5,
    )
}

fn go(
    scenario: &Scenario,
    folder: &RunFolder,
    options: RunOptions<'_>,
    work: &Short<'_>,
) -> Outcome {
    let work = |experiment: &Experiment, seed, _: &mut Keeping<'_>| work(experiment, seed);
    run(scenario, folder, &options, &(), &AtomicBool::new(false), &work).unwrap()
}

/// [`work`] as the runner calls it.
fn whole_work(experiment: &Experiment, seed: u64, _: &mut Keeping<'_>) -> Measured {
    work(experiment, seed)
}

fn folder(root: &Path, name: &str) -> RunFolder {
    RunFolder::new(root.join(name))
}

fn bytes(folder: &RunFolder) -> [Vec<u8>; 2] {
    [fs::read(folder.metrics()).unwrap(), fs::read(folder.cells()).unwrap()]
}

#[test]
fn any_number_of_jobs_leaves_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let (one, eight) = (folder(root.path(), "one"), folder(root.path(), "eight"));
    let outcome = go(&three_cells(), &one, ALONE, &work);
    assert_eq!((outcome.computed, outcome.skipped, outcome.interrupted), (15, 0, false));
    go(&three_cells(), &eight, RunOptions { jobs: 8, ..ALONE }, &work);
    assert_eq!(bytes(&one), bytes(&eight));
    let text = String::from_utf8(bytes(&one)[0].clone()).unwrap();
    let value = 28f64.sin() / 3.0; // seed 0, step 0, 4 steps
    let rows = ["gold_reward", "probability/2", "probability/10"]
        .map(|metric| format!("a-100,a,0,0,0,0,{metric},{value:?}\n"));
    let head = "cell,method,seed,step,round,queries,metric,value\n".to_owned() + &rows.concat();
    assert!(text.starts_with(&head), "{text}");
    let cells = String::from_utf8(bytes(&one)[1].clone()).unwrap();
    assert_eq!(
        cells,
        "cell,method,schedule.samples_per_round\na-100,a,100\na-400,a,400\n\"b,-c\",\"b, c\",\n"
    );
}

#[test]
fn a_killed_run_continues_and_ends_in_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder(root.path(), "whole"), folder(root.path(), "killed"));
    go(&three_cells(), &whole, ALONE, &work);

    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let until_four = |experiment: &_, seed, _: &mut Keeping<'_>| {
        stop.store(calls.fetch_add(1, Ordering::SeqCst) + 1 == 4, Ordering::SeqCst);
        work(experiment, seed)
    };
    let first = run(&three_cells(), &killed, &ALONE, &(), &stop, &until_four).unwrap();
    assert_eq!((first.computed, first.interrupted), (4, true));
    // Longest first: seeds 0 to 3 of the cell with 8 steps. What exists is already readable.
    let partial = Run::open(killed.root()).unwrap();
    assert_eq!(partial.series("a-400", "gold_reward").unwrap().seeds, [0, 1, 2, 3]);
    assert_eq!(partial.missing().unwrap().seeds, 11);

    let leftovers = [
        killed.root().join(".metrics.csv.1.tmp"),
        killed.seed_metrics("a-400", 0).with_file_name(".metrics.csv.1.tmp"),
    ];
    leftovers.iter().for_each(|path| fs::write(path, "cell,meth").unwrap());
    let second = go(&three_cells(), &killed, RunOptions { jobs: 3, ..ALONE }, &work);
    assert_eq!((second.computed, second.skipped), (11, 4));
    assert_eq!(bytes(&whole), bytes(&killed));
    assert!(leftovers.iter().all(|path| !path.exists()));

    let third = go(&three_cells(), &killed, ALONE, &|_, _| panic!("nothing is left to compute"));
    assert_eq!((third.computed, third.skipped), (0, 15));
    assert_eq!(bytes(&whole), bytes(&killed));
}

#[test]
fn fresh_starts_over() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path(), "run");
    go(&three_cells(), &folder, ALONE, &work);
    let outcome = go(&three_cells(), &folder, RunOptions { fresh: true, ..ALONE }, &work);
    assert_eq!((outcome.computed, outcome.skipped), (15, 0));
}

#[test]
fn shards_are_parts_of_the_whole() {
    let root = tempfile::tempdir().unwrap();
    let whole = folder(root.path(), "whole");
    go(&three_cells(), &whole, ALONE, &work);
    let parts: Vec<RunFolder> = (1..=4).map(|k| folder(root.path(), &k.to_string())).collect();
    let computed = parts.iter().zip(1..).map(|(part, k)| {
        go(&three_cells(), part, RunOptions { shard: Some((k, 4)), ..ALONE }, &work).computed
    });
    assert_eq!(computed.collect::<Vec<_>>(), [4, 4, 4, 3]);
    let merged = folder(root.path(), "merged");
    merge(&parts, &merged).unwrap();
    assert_eq!(bytes(&whole), bytes(&merged));

    let options = RunOptions { shard: Some((5, 4)), ..ALONE };
    let error = run(&three_cells(), &merged, &options, &(), &AtomicBool::new(false), &whole_work);
    assert!(matches!(error, Err(RunnerError::Shard(5, 4))));
}

#[test]
fn folders_that_disagree_are_not_merged() {
    let root = tempfile::tempdir().unwrap();
    let parts = [folder(root.path(), "one"), folder(root.path(), "two")];
    go(&three_cells(), &parts[0], ALONE, &work);
    go(&three_cells(), &parts[1], ALONE, &|experiment, seed| work(experiment, seed + 1));
    let error = merge(&parts, &folder(root.path(), "merged")).unwrap_err();
    assert!(matches!(error, ResultsError::Conflict { .. }), "{error}");

    let other = folder(root.path(), "other");
    go(&scenario(vec![cell("z", &[], 2)], 1), &other, ALONE, &work);
    let error = merge(&[parts[0].clone(), other], &folder(root.path(), "odd")).unwrap_err();
    assert!(error.to_string().contains("merge folders of one scenario"), "{error}");
}

#[test]
fn a_failure_is_written_down_and_tried_again() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path(), "run");
    let sometimes = |experiment: &modeseek::scenario::Experiment, seed| match seed {
        1 => Err(stopped()),
        2 if experiment.schedule.steps == 6 => panic!("an odd seed {seed}"),
        _ => work(experiment, seed),
    };
    let outcome = go(&three_cells(), &folder, RunOptions { jobs: 2, ..ALONE }, &sometimes);
    assert_eq!((outcome.computed, outcome.interrupted), (11, false));
    let failed: Vec<_> = outcome.failed.iter().map(|f| (f.cell.as_str(), f.seed)).collect();
    assert_eq!(failed, [("a-100", 1), ("a-400", 1), ("b,-c", 1), ("b,-c", 2)]);
    let reason = fs::read_to_string(folder.seed_failure("b,-c", 2)).unwrap();
    assert_eq!(reason, "the program panicked: an odd seed 2\n");
    assert!(outcome.failed[0].reason.contains("dpo"), "{}", outcome.failed[0].reason);

    let again = go(&three_cells(), &folder, ALONE, &work);
    assert_eq!((again.computed, again.skipped), (4, 11));
    assert!(!folder.seed_failure("b,-c", 2).exists());
}

#[test]
fn finished_seeds_survive_another_scenario_in_the_same_folder() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path(), "run");
    go(&three_cells(), &folder, ALONE, &work);
    let before = bytes(&folder);
    let mut fewer = three_cells();
    fewer.cells.truncate(1);
    fewer.seeds.count = 2;
    assert_eq!(go(&fewer, &folder, ALONE, &work).skipped, 2);
    assert_eq!(String::from_utf8(bytes(&folder)[0].clone()).unwrap().lines().count(), 1 + 2 * 9);
    assert_eq!(go(&three_cells(), &folder, ALONE, &work).computed, 0);
    assert_eq!(bytes(&folder), before);
}

#[test]
fn two_processes_do_not_share_a_folder() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path(), "run");
    let lock = folder.prepare(&three_cells(), false).unwrap();
    let error = folder.prepare(&three_cells(), false).unwrap_err();
    assert!(error.to_string().contains("another process is writing"), "{error}");
    drop(lock);
    folder.prepare(&three_cells(), false).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_refused_before_work() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    let folder = folder(root.path(), "file/run");
    let stop = AtomicBool::new(false);
    let error = run(&three_cells(), &folder, &ALONE, &(), &stop, &|_, _, _| panic!("no work"));
    assert!(error.unwrap_err().to_string().contains("not writable"));
    let none = RunOptions { jobs: 0, ..ALONE };
    let error = run(&three_cells(), &folder, &none, &(), &stop, &whole_work).unwrap_err();
    assert!(error.to_string().starts_with("0 jobs were given"), "{error}");
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Progress for Heard {
    fn started(&self, total: usize) {
        self.0.lock().unwrap().push(format!("started {total}"));
    }
    fn finished_one(&self) {
        self.0.lock().unwrap().push("one".to_owned());
    }
    fn done(&self) {
        self.0.lock().unwrap().push("done".to_owned());
    }
}

#[test]
fn progress_is_told_of_every_task() {
    let root = tempfile::tempdir().unwrap();
    let heard = Heard::default();
    let short = scenario(vec![cell("a", &[], 2)], 2);
    let folder = folder(root.path(), "run");
    run(&short, &folder, &ALONE, &heard, &AtomicBool::new(false), &whole_work).unwrap();
    assert_eq!(*heard.0.lock().unwrap(), ["started 2", "one", "one", "done"]);
}

#[test]
fn the_manifest_reads_back() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(root.path(), "run");
    go(&scenario(vec![cell("a", &[], 2)], 1), &folder, ALONE, &work);
    let provenance = Provenance {
        version: "0.1.0".to_owned(),
        commit: "abc".to_owned(),
        features: vec!["llm".to_owned()],
        cpu: "a \"fast\" one".to_owned(),
        seconds: 1.5,
        command: "modeseek run made-up".to_owned(),
        notes: vec!["2 rows are left out".to_owned()],
    };
    folder.write_manifest(&provenance).unwrap();
    let text = fs::read_to_string(folder.manifest()).unwrap();
    assert_eq!(toml::from_str::<Provenance>(&text).unwrap(), provenance);
}
