//! Cells × seeds on a pool of threads; what is finished is never computed again.
//!
//! Every (cell, seed) is one task: it runs on one thread, and its results go into its own file. So
//! `metrics.csv`, which joins these files in order, has the same bytes for any number of threads
//! and after any interruption. Long runs follow the short ones, one at a time, because their
//! arithmetic takes all threads itself; they are saved on the way.

mod host;
mod long;
pub mod train;

pub use host::Host;
pub use long::{Keeping, LongRuns, LongStep, is_long};

use crate::learner::{Keep, Measurement, Stop};
use crate::results::{ResultsError, RunFolder, pairs};
use crate::scenario::{Cell, Experiment, Scenario};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How to run a scenario.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// Threads; at least 1.
    pub jobs: usize,
    /// (K, N): only every N-th (cell, seed), starting at the K-th; K is 1 to N.
    pub shard: Option<(u64, u64)>,
    /// Throw away what is finished and start over.
    pub fresh: bool,
    /// Which runs are saved on the way, and when.
    pub long: LongRuns<'a>,
}

/// Who is told how far a run is.
pub trait Progress: Sync {
    /// So many (cell, seed) are to be computed.
    fn started(&self, total: usize);
    /// One more is finished, or has failed.
    fn finished_one(&self);
    /// Nothing more will be computed.
    fn done(&self);
    /// A long run took a step.
    fn stepped(&self, _step: &LongStep<'_>) {}
    /// Something happened that the user should read.
    fn noted(&self, _line: &str) {}
}

/// Tells nobody.
impl Progress for () {
    fn started(&self, _total: usize) {}
    fn finished_one(&self) {}
    fn done(&self) {}
}

/// A (cell, seed) without results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The cell.
    pub cell: String,
    /// Its method.
    pub method: String,
    /// The seed.
    pub seed: u64,
    /// Why there are no results.
    pub reason: String,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// How many (cell, seed) were computed.
    pub computed: usize,
    /// How many were finished before.
    pub skipped: usize,
    /// Which failed, in the order of `metrics.csv`; they are tried again next time.
    pub failed: Vec<Failure>,
    /// It was stopped before everything was computed.
    pub interrupted: bool,
}

/// Why a run could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// No thread to work on.
    #[error("0 jobs were given; at least 1 is needed (--jobs 1)")]
    NoJobs,
    /// A shard that does not exist.
    #[error("shard {0}/{1} does not exist; K/N needs 1 ≤ K ≤ N (--shard 1/2)")]
    Shard(u64, u64),
    /// The threads could not be started.
    #[error("cannot start {jobs} threads: {source}; give fewer --jobs")]
    Threads {
        /// How many were asked for.
        jobs: usize,
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
    /// The run folder cannot be used.
    #[error(transparent)]
    Results(#[from] ResultsError),
}

/// What computes the measurements of one (cell, seed); a long one goes on from what it kept.
pub type Work<'a> =
    dyn Fn(&Experiment, u64, &mut Keeping<'_>) -> Result<Vec<Measurement>, Stop> + Sync + 'a;

/// Computes what is unfinished of a scenario into its run folder, and joins all into `metrics.csv`.
///
/// When `stop` becomes true, the short tasks at work are still finished, a long one goes on until
/// `options.long.due` says to stop, and what exists is joined.
pub fn run(
    scenario: &Scenario,
    folder: &RunFolder,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
    stop: &AtomicBool,
    work: &Work<'_>,
) -> Result<Outcome, RunnerError> {
    let share = share(scenario, options.shard)?;
    if options.jobs == 0 {
        return Err(RunnerError::NoJobs);
    }
    let _lock = folder.prepare(scenario, options.fresh)?;
    let tasks = unfinished(folder, &share);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs)
        .build()
        .map_err(|source| RunnerError::Threads { jobs: options.jobs, source })?;
    progress.started(tasks.len());
    let is_long = |task: &Task<'_>| (options.long.are)(&task.cell.experiment);
    let (long, short): (Vec<_>, Vec<_>) = tasks.iter().copied().partition(is_long);
    let queue = Queue::new(folder, &short, progress, stop, work);
    pool.broadcast(|_| queue.work_off());
    pool.install(|| queue.work_off_long(&long, options.long));
    progress.done();
    let outcome = queue.outcome(tasks.len(), share.len() - tasks.len())?;
    folder.assemble(scenario)?;
    Ok(outcome)
}

/// One (cell, seed).
#[derive(Clone, Copy)]
struct Task<'a> {
    /// Its place in `metrics.csv`.
    place: usize,
    cell: &'a Cell,
    seed: u64,
}

/// The tasks of a shard.
fn share(scenario: &Scenario, shard: Option<(u64, u64)>) -> Result<Vec<Task<'_>>, RunnerError> {
    let (k, n) = shard.unwrap_or((1, 1));
    if !(1..=n).contains(&k) {
        return Err(RunnerError::Shard(k, n));
    }
    let tasks = pairs(scenario).enumerate().map(|(place, (cell, seed))| Task { place, cell, seed });
    Ok(tasks.filter(|task| task.place as u64 % n == k - 1).collect())
}

/// The tasks without results, longest first, so that no long one is left for the end.
fn unfinished<'a>(folder: &RunFolder, share: &[Task<'a>]) -> Vec<Task<'a>> {
    let open = |task: &&Task<'_>| !folder.is_finished(&task.cell.name, task.seed);
    let mut tasks: Vec<Task<'a>> = share.iter().filter(open).copied().collect();
    tasks.sort_by_key(|task| std::cmp::Reverse(task.cell.experiment.schedule.steps));
    tasks
}

/// The tasks that all threads take from.
struct Queue<'a> {
    folder: &'a RunFolder,
    tasks: &'a [Task<'a>],
    progress: &'a dyn Progress,
    stop: &'a AtomicBool,
    work: &'a Work<'a>,
    next: AtomicUsize,
    ended: Mutex<Ended>,
}

/// How the tasks ended so far.
#[derive(Default)]
struct Ended {
    computed: usize,
    failed: Vec<(usize, Failure)>,
    error: Option<ResultsError>,
}

/// How one task ended.
enum End {
    Computed,
    Failed(Failure),
    Interrupted,
}

impl<'a> Queue<'a> {
    fn new(
        folder: &'a RunFolder,
        tasks: &'a [Task<'a>],
        progress: &'a dyn Progress,
        stop: &'a AtomicBool,
        work: &'a Work<'a>,
    ) -> Self {
        let (next, ended) = (AtomicUsize::new(0), Mutex::new(Ended::default()));
        Queue { folder, tasks, progress, stop, work, next, ended }
    }

    /// One thread's part.
    fn work_off(&self) {
        while self.goes_on() {
            let Some(task) = self.tasks.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            self.count(task, self.attempt(task, None));
        }
    }

    /// The long tasks, one after another.
    fn work_off_long(&self, tasks: &[Task<'_>], long: LongRuns<'_>) {
        for task in tasks {
            if !self.goes_on() {
                return;
            }
            self.count(task, self.attempt(task, Some(long.due)));
        }
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed) && self.ended().error.is_none()
    }

    fn count(&self, task: &Task<'_>, result: Result<End, ResultsError>) {
        let mut ended = self.ended();
        match result {
            Ok(End::Computed) => ended.computed += 1,
            Ok(End::Failed(failure)) => ended.failed.push((task.place, failure)),
            Ok(End::Interrupted) => return,
            Err(error) => ended.error = Some(error),
        }
        drop(ended);
        self.progress.finished_one();
    }

    fn ended(&self) -> std::sync::MutexGuard<'_, Ended> {
        self.ended.lock().expect("no thread panics while it counts")
    }

    /// Computes one task and writes its results, or why there are none.
    fn attempt(
        &self,
        task: &Task<'_>,
        due: Option<&(dyn Fn() -> Keep + Sync)>,
    ) -> Result<End, ResultsError> {
        let Task { cell, seed, .. } = *task;
        let (method, progress) = (cell.method.as_str(), self.progress);
        let folder = self.folder.checkpoints(&cell.name, seed);
        let mut keeping = Keeping { folder, method, seed, due, progress, fault: None };
        let computed = || (self.work)(&cell.experiment, seed, &mut keeping);
        let reason = match catch_unwind(AssertUnwindSafe(computed)) {
            Ok(Ok(measurements)) => {
                self.folder.finish_seed(cell, seed, &measurements)?;
                return Ok(End::Computed);
            }
            Ok(Err(Stop::Interrupted { .. })) => return Ok(End::Interrupted),
            Ok(Err(stop)) => match keeping.blamed(&stop) {
                Some(error) => return Err(error),
                None => stop.to_string(),
            },
            Err(panic) => format!("the program panicked: {}", panic_message(&*panic)),
        };
        self.folder.fail_seed(&cell.name, seed, &reason)?;
        let (cell, method) = (cell.name.clone(), cell.method.clone());
        Ok(End::Failed(Failure { cell, method, seed, reason }))
    }

    fn outcome(self, total: usize, skipped: usize) -> Result<Outcome, RunnerError> {
        let mut ended = self.ended.into_inner().expect("no thread panics while it counts");
        if let Some(error) = ended.error {
            return Err(error.into());
        }
        ended.failed.sort_by_key(|(place, _)| *place);
        let interrupted = ended.computed + ended.failed.len() < total;
        let failed = ended.failed.into_iter().map(|(_, failure)| failure).collect();
        Ok(Outcome { computed: ended.computed, skipped, failed, interrupted })
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
