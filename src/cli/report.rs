//! `modeseek report`: what was run, drawn and found, as one page.

use super::figure::{agreements_of, draw_run, findings_of, open, refuse_absent};
use super::options::{
    Finished, Resolution, as_typed, folder_of, no_folder, quoted, writable_file, write_file,
};
use super::provenance::provenance;
use super::{Failure, say};
use crate::figure::{Drawing, FigureOptions};
use crate::learner::Completion;
use crate::report::{Evidence, Report};
use crate::results::{Agreement, Finding, ResultsError, Run, RunFolder, health};
use crate::scenario::{Cell, Scenario};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Write one self-contained HTML page of finished runs: figures with their values, claims, settings.
///
/// Without ID every shipped scenario that has been run is on it; those that have not are named. The
/// page asks nothing of any other file or of the network, so that it can be sent as it is.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    finished: Finished,
    /// The file [default: figures/report.html; of one ID figures/report-ID.html, of several
    /// figures/report-selection.html]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the page and names it.
pub fn report(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    let scenarios = args.finished.named()?;
    let absent = args.finished.passed_over()?;
    let out = match &args.out {
        Some(file) => file.clone(),
        None => {
            let folders = scenarios.iter().map(|(_, scenario)| scenario.run_folder_name());
            let parts = folders.filter(|_| !args.finished.all()).collect::<Vec<_>>();
            Path::new("figures").join(file_name(&parts))
        }
    };
    no_folder(&out, "--out")?;
    refuse_absent(scenarios.iter().map(|(_, scenario)| scenario), &args.finished.runs)?;
    writable_file(&out, "--out")?;
    let mut report = Report::new();
    for (name, scenario) in scenarios {
        let folder = folder_of(&scenario, &args.finished.runs);
        let run = open(scenario, &args.finished.runs)?;
        let judged = (findings_of(&run)?, agreements_of(&run)?);
        let drawn = draw_run(&run, &judged.0, &FigureOptions::default())?;
        let again = commands(&name, &args.finished.resolution);
        add(&mut report, (&run, &folder), (&judged.0, &judged.1), &drawn, again)?;
    }
    if !absent.is_empty() {
        eprintln!("not in the report, because not run: {}", absent.join(", "));
    }
    let page = report.absent(absent).html(&provenance(start.elapsed())).map_err(Failure::work)?;
    say(&format!("{}", write_file(&out, page.as_bytes())?.display()))
}

/// Adds a finished scenario to a report.
pub fn add(
    report: &mut Report,
    (run, folder): (&Run, &RunFolder),
    (findings, agreements): (&[Finding], &[Agreement]),
    drawing: &Drawing,
    again: Vec<String>,
) -> Result<(), Failure> {
    let evidence = Evidence {
        run,
        findings,
        agreements,
        drawing,
        made_by: folder.read_manifest().map_err(Failure::work)?,
        health: failed(folder, &run.scenario).into_iter().chain(health(run)).collect(),
        answers: answers(folder, run).map_err(Failure::work)?,
        again,
    };
    report.add(&evidence);
    Ok(())
}

/// Why runs have no results, a line for each of the first few.
fn failed(folder: &RunFolder, scenario: &Scenario) -> Vec<String> {
    const SHOWN: usize = 5;
    let failures = folder.failures(scenario);
    let line = |(cell, seed, reason): &(&Cell, u64, String)| {
        format!("{}, seed {seed}, failed: {reason}", cell.description())
    };
    let more = failures.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| format!("{more} more runs failed"));
    failures.iter().take(SHOWN).map(line).chain(more).collect()
}

/// What the first finished seed of each cell answered, to the first few prompts.
fn answers(folder: &RunFolder, run: &Run) -> Result<Vec<(String, Vec<Completion>)>, ResultsError> {
    const SHOWN: usize = 4;
    let mut found = Vec::new();
    for cell in &run.scenario.cells {
        let Some(&seed) = run.seeds(&cell.name).first() else { continue };
        let mut answers = folder.completions(&cell.name, seed)?;
        answers.truncate(SHOWN);
        if !answers.is_empty() {
            found.push((cell.description(), answers));
        }
    }
    Ok(found)
}

/// The name of the file where none is given: of everything, of one part, of several.
pub fn file_name(parts: &[String]) -> String {
    match parts {
        [] => "report.html".to_owned(),
        [part] => format!("report-{part}.html"),
        _ => "report-selection.html".to_owned(),
    }
}

/// The commands that make a section again; `name` is what names the scenario on a command line.
fn commands(name: &str, resolution: &Resolution) -> Vec<String> {
    let seeds = resolution.seeds.iter().map(|s| format!(" --seeds {}..{}", s.start, s.end));
    let options: String = std::iter::once(as_typed(&resolution.set)).chain(seeds).collect();
    let command = |verb: &str| format!("modeseek {verb} {}{options}", quoted(name));
    ["run", "report"].map(command).to_vec()
}
