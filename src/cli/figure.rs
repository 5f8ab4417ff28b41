//! `modeseek figure`: draw finished runs.

mod table;

use super::options::{
    Finished, FinishedRun, as_typed, finished_below, folder_of, has_run, writable, write_file,
};
use super::{Failure, say};
use crate::figure::{Drawing, FigureOptions, VerdictMark, Width, draw, table_markdown};
use crate::results::{Agreement, Finding, ResultsError, Run, compare, judge};
use crate::scenario::{Scenario, find};
use anyhow::anyhow;
use std::path::{Path, PathBuf};

/// Draw the figures of finished runs as SVG and PNG, with their numbers as CSV.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    finished: Finished,
    /// Folder of the figures
    #[arg(long, default_value = "figures")]
    out: PathBuf,
    /// Print and write statistics of every cell as tables instead of drawing: last values, mean over
    /// the run, steps and queries to a threshold, probability of improvement
    #[arg(long)]
    table: bool,
    #[command(flatten)]
    asked: table::Asked,
    /// Print the points that the figures draw as Markdown tables instead of drawing
    #[arg(long, conflicts_with = "table")]
    points: bool,
    /// Width of the figures
    #[arg(long, value_enum, default_value_t = WidthArg::Page)]
    width: WidthArg,
    /// Light ink on dark paper, for slides
    #[arg(long)]
    dark: bool,
}

/// The widths of figures.
#[derive(clap::ValueEnum, Debug, Clone, Copy)]
enum WidthArg {
    /// 85 mm
    Column,
    /// 178 mm
    Page,
    /// 16:9 at 1920 pixels
    Slide,
}

impl From<WidthArg> for Width {
    fn from(width: WidthArg) -> Width {
        match width {
            WidthArg::Column => Width::Column,
            WidthArg::Page => Width::Page,
            WidthArg::Slide => Width::Slide,
        }
    }
}

/// Draws every named scenario.
pub fn figure(args: &Args) -> Result<(), Failure> {
    let scenarios = args.finished.scenarios()?;
    if args.table {
        return table::tables(scenarios, &args.finished.runs, &args.asked, &args.out);
    }
    refuse_absent(scenarios.iter(), &args.finished.runs)?;
    if !args.points {
        writable(&args.out, "--out")?;
    }
    let options = FigureOptions { width: args.width.into(), dark: args.dark, watermark: None };
    for scenario in scenarios {
        let run = open(scenario, &args.finished.runs)?;
        if args.points {
            say(&table_markdown(&run).map_err(Failure::work)?)?;
            continue;
        }
        let findings = findings_of(&run)?;
        let drawn = draw_run(&run, &findings, &options)?;
        for file in write_drawn(&drawn, &figure_name(&run.scenario), &args.out)? {
            say(&format!("{}", file.display()))?;
        }
    }
    Ok(())
}

/// Refuses scenarios that have not been run, before any work and before a folder is made.
pub fn refuse_absent<'a>(
    mut scenarios: impl Iterator<Item = &'a Scenario>,
    runs: &Path,
) -> Result<(), Failure> {
    let absent = scenarios.find(|scenario| !has_run(scenario, runs));
    absent.map_or(Ok(()), |scenario| open(scenario.clone(), runs).map(drop))
}

/// Opens the results of a scenario.
pub fn open(scenario: Scenario, runs: &Path) -> Result<Run, Failure> {
    let folder = folder_of(&scenario, runs);
    let (id, asked) = (scenario.id.clone(), scenario.run_folder_name());
    let run = Run::open_resolved(folder.root(), scenario);
    if let Some(missing) = run.as_ref().ok().and_then(Run::missing) {
        eprintln!("warning: {missing}");
    }
    run.map_err(|error| match error {
        ResultsError::Missing(missing) => {
            let own = match find(&missing.scenario).is_ok() {
                true => "",
                false => " (name a scenario of your own by its file)",
            };
            Failure::input(anyhow!("{missing}{own}{}", run_otherwise((&id, &asked), runs)))
        }
        other => Failure::work(other),
    })
}

/// What is said where a scenario has results, but of other settings than those of the folder that is asked for.
fn run_otherwise((id, asked): (&str, &str), runs: &Path) -> String {
    let named = |set: &[String]| match set.is_empty() {
        true => " no --set".to_owned(),
        false => as_typed(set),
    };
    let others = finished_below(runs).into_iter();
    let others = others.filter(|other| other.id == id && other.folder != asked);
    let help = |other: FinishedRun| {
        format!("\n  help: it was run with{}; give the same here", named(&other.set))
    };
    others.map(help).collect()
}

/// Judges every claim of a run.
pub fn findings_of(run: &Run) -> Result<Vec<Finding>, Failure> {
    run.scenario.claims.iter().map(|claim| judge(run, claim).map_err(Failure::work)).collect()
}

/// Holds every published number of a scenario against its runs.
pub fn agreements_of(run: &Run) -> Result<Vec<Agreement>, Failure> {
    run.scenario.published.iter().map(|spec| compare(run, spec).map_err(Failure::work)).collect()
}

/// The name of a scenario's figure: its number, else that of its run folder.
pub fn figure_name(scenario: &Scenario) -> String {
    scenario.figure.clone().unwrap_or_else(|| scenario.run_folder_name())
}

/// Draws one run.
pub fn draw_run(
    run: &Run,
    findings: &[Finding],
    options: &FigureOptions,
) -> Result<Drawing, Failure> {
    let marks: Vec<VerdictMark> = findings.iter().filter_map(mark).collect();
    draw(run, &marks, options).map_err(Failure::work)
}

/// Writes a figure as SVG and PNG and its numbers as CSV.
pub fn write_drawn(drawing: &Drawing, name: &str, out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let file = |ending: &str| out.join(format!("{name}.{ending}"));
    Ok(vec![
        write_file(&file("svg"), drawing.svg.as_bytes())?,
        write_file(&file("png"), &drawing.png().map_err(Failure::work)?)?,
        write_file(&file("csv"), drawing.points.as_bytes())?,
    ])
}

/// How a finding stands under a title; without a verdict it does not.
fn mark(finding: &Finding) -> Option<VerdictMark> {
    let Finding { effect, low, high, expected, .. } = *finding;
    let id = finding.id.clone();
    Some(VerdictMark { id, verdict: finding.verdict?, expected, effect, low, high })
}
