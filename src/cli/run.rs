//! `modeseek run`: compute what is unfinished.

use super::host::HostArgs;
use super::interrupt::interrupts;
use super::options::{Resolution, folder_of, jobs, writable};
use super::patience::Patience;
use super::progress::Bar;
use super::provenance::provenance;
use super::{Failure, say};
use crate::learner::FittedPolicies;
use crate::problem::ProblemSpec;
use crate::results::{Provenance, ResultsError, Run, RunFolder, health, pairs};
use crate::runner::{
    Failure as RunFailure, Host, Keeping, LongRuns, Outcome, RunOptions, RunnerError, is_long,
    train,
};
use crate::scenario::{Experiment, Scenario};
use anyhow::anyhow;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is said to an interrupt.
const FINISHING: &str =
    "finishing the runs at work, of a long run the step; interrupt again to stop at once";

/// Run scenarios; what is finished is never computed again or overwritten.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Paths of scenario files, or ids of shipped scenarios
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,
    #[command(flatten)]
    resolution: Resolution,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    host: HostArgs,
    /// Folder of all run folders
    #[arg(long, default_value = "runs")]
    out: PathBuf,
    /// Only every N-th run, beginning with the K-th, for several machines (see `modeseek merge`)
    #[arg(long, value_name = "K/N", value_parser = shard)]
    shard: Option<(u64, u64)>,
}

/// How runs are computed.
#[derive(clap::Args, Debug, Clone)]
pub struct WorkArgs {
    /// Threads; the results do not depend on it [default: all cores]
    #[arg(long, value_parser = jobs, allow_negative_numbers = true)]
    pub jobs: Option<usize>,
    /// Throw finished runs away and start over
    #[arg(long)]
    pub fresh: bool,
}

/// K/N.
fn shard(text: &str) -> Result<(u64, u64), String> {
    let form = "a shard is K/N with 1 ≤ K ≤ N, such as 1/4";
    let (k, n) = text.split_once('/').ok_or(form)?;
    let (k, n) = (k.parse().map_err(|_| form)?, n.parse().map_err(|_| form)?);
    if (1..=n).contains(&k) { Ok((k, n)) } else { Err(form.to_owned()) }
}

/// Runs every named scenario in turn.
pub fn run(args: &Args) -> Result<(), Failure> {
    let scenarios = args.scenarios.iter().map(|typed| args.resolution.load(typed));
    let scenarios = scenarios.collect::<Result<Vec<_>, _>>()?;
    scenarios.iter().try_for_each(Scenario::ready).map_err(Failure::input)?;
    let host = args.host.host()?;
    writable(&args.out, "--out")?;
    for scenario in &scenarios {
        writable(folder_of(scenario, &args.out).root(), "--out")?;
    }
    let mut failed = Vec::new();
    for scenario in &scenarios {
        let outcome = compute(scenario, &args.out, (&args.work, &host), args.shard)?;
        report(scenario, &args.out, &outcome)?;
        failed.extend(outcome.failed);
    }
    fail_if_any(&failed)
}

/// The experiments with models from files of which a seed is still to be computed.
fn unfinished<'a>(
    scenario: &'a Scenario,
    folder: &'a RunFolder,
    fresh: bool,
) -> impl Iterator<Item = &'a Experiment> {
    let with_files =
        |experiment: &Experiment| matches!(experiment.problem, ProblemSpec::Prompts(_));
    let from_files = pairs(scenario).filter(move |(cell, _)| with_files(&cell.experiment));
    let open =
        from_files.filter(move |(cell, seed)| fresh || !folder.is_finished(&cell.name, *seed));
    open.map(|(cell, _)| &cell.experiment)
}

/// Computes what is unfinished of one scenario, language models on a host.
pub fn compute(
    scenario: &Scenario,
    runs: &Path,
    (work, host): (&WorkArgs, &Host),
    shard: Option<(u64, u64)>,
) -> Result<Outcome, Failure> {
    for warning in &scenario.warnings {
        eprintln!("warning: {}: {warning}", scenario.id);
    }
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = work.jobs.unwrap_or_else(cores);
    let (patience, stop) = (Patience::new(), interrupts(FINISHING));
    let due = || patience.due(stop);
    let long = LongRuns { are: is_long, due: &due };
    let options = RunOptions { jobs, shard, fresh: work.fresh, long };
    let folder = folder_of(scenario, runs);
    let open: Vec<&Experiment> = unfinished(scenario, &folder, work.fresh).collect();
    if host.will_teach(open.iter().copied()) {
        eprintln!("{TEACHING}");
    }
    host.check(open.into_iter()).map_err(Failure::input)?;
    let (start, fitted) = (Instant::now(), FittedPolicies::default());
    let bar = Bar::new(&scenario.id);
    let one = |experiment: &_, seed, keeping: &mut Keeping<'_>| {
        train::train_on(host, experiment, seed, (&fitted, keeping))
    };
    let outcome =
        crate::runner::run(scenario, &folder, &options, &bar, stop, &one).map_err(|error| {
            match error {
                RunnerError::NoJobs | RunnerError::Shard(..) => Failure::input(error),
                RunnerError::Results(
                    ref inner @ (ResultsError::NotWritable { .. }
                    | ResultsError::Locked(_)
                    | ResultsError::ForeignCheckpoint { .. }
                    | ResultsError::Checkpoint { .. }),
                ) => Failure::input(anyhow!("{inner}")),
                _ => Failure::work(error),
            }
        })?;
    if outcome.computed > 0 {
        let notes = scenario.warnings.clone();
        let made_by = Provenance { notes, ..provenance(start.elapsed()) };
        folder.write_manifest(&made_by).map_err(Failure::work)?;
    }
    if outcome.interrupted { Err(Failure::Interrupted) } else { Ok(outcome) }
}

/// Said before the model nano is made, which is silent for that long.
pub const TEACHING: &str = "teaching the model nano its text, once, for about 15 seconds; it is kept in the folder of models";

fn report(scenario: &Scenario, runs: &Path, outcome: &Outcome) -> Result<(), Failure> {
    let folder = folder_of(scenario, runs);
    let (computed, skipped) = (outcome.computed, outcome.skipped);
    say(&format!(
        "{}: {computed} runs computed, {skipped} finished before; {}",
        scenario.id,
        folder.metrics().display()
    ))?;
    if computed > 0 { tell_of_models(scenario, runs) } else { Ok(()) }
}

/// Says of runs of language models where the trained ones are, and what is wrong with them.
pub fn tell_of_models(scenario: &Scenario, runs: &Path) -> Result<(), Failure> {
    let folder = folder_of(scenario, runs);
    let is_language = scenario.cells.iter().any(|cell| cell.experiment.problem.is_language());
    if !is_language || !folder.metrics().is_file() {
        return Ok(());
    }
    for (cell, seed) in pairs(scenario) {
        let model = folder.seed_model(&cell.name, seed);
        if folder.is_finished(&cell.name, seed) && model.exists() {
            eprintln!("{}, seed {seed}: its model is {}", cell.description(), model.display());
        }
    }
    let run = Run::open_resolved(folder.root(), scenario.clone()).map_err(Failure::work)?;
    health(&run).iter().for_each(|line| eprintln!("warning: {line}"));
    Ok(())
}

/// Names the runs that failed; the others are finished.
pub fn fail_if_any(failed: &[RunFailure]) -> Result<(), Failure> {
    const SHOWN: usize = 5;
    if failed.is_empty() {
        return Ok(());
    }
    let line =
        |f: &RunFailure| format!("\n  {} ({}), seed {}: {}", f.method, f.cell, f.seed, f.reason);
    let lines: String = failed.iter().take(SHOWN).map(line).collect();
    let more = failed.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    Err(Failure::work(anyhow!(
        "{} runs failed; all others are finished{lines}{more}",
        failed.len()
    )))
}
