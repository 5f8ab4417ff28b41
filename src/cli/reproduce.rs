//! `modeseek reproduce`: everything that is shipped, from runs to verdicts.

use super::figure::{agreements_of, draw_run, figure_name, findings_of, open, write_drawn};
use super::host::HostArgs;
use super::options::{
    as_typed, folder_of, is_tuning, one_of, shipped_where, tier_name, tiers, writable, write_file,
};
use super::provenance::provenance;
use super::report;
use super::run::{WorkArgs, compute, fail_if_any, tell_of_models};
use super::{Failure, say};
use super::{captions, first};
use crate::figure::FigureOptions;
use crate::report::Report;
use crate::results::{
    Agreement, Criterion, Finding, Run, adjust, choices, choices_csv, findings_csv,
    findings_markdown, published_csv, published_markdown,
};
use crate::runner::Host;
use crate::scenario::{Scenario, Source, Tier, find};
use crate::wording::listed;
use anyhow::anyhow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Run, draw and judge the shipped scenarios: CSVs, figures, and the table of findings.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Ids of shipped scenarios, or names of their figures; none: all of the tiers
    #[arg(value_name = "ID")]
    scenarios: Vec<String>,
    /// Override a key of the named scenarios: KEY=V, KEY=V1,V2 (a sweep), or method.NAME.KEY=V
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "scenarios", conflicts_with = "tier")]
    set: Vec<String>,
    /// bandit, length, phase, nano, nano-full, smollm2, gpu or all [default: bandit and length]
    #[arg(long, conflicts_with = "scenarios")]
    tier: Option<String>,
    /// 3 seeds and a quarter of the steps, watermarked, into `quick/`, without verdicts
    #[arg(long)]
    quick: bool,
    /// Also rerun the scenarios that chose the hyper-parameters, and write their choices
    #[arg(long)]
    tuning: bool,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    host: HostArgs,
    /// Folder of all run folders
    #[arg(long, default_value = "runs")]
    runs: PathBuf,
    /// Folder of the figures
    #[arg(long, default_value = "figures")]
    out: PathBuf,
}

/// The criterion by which the shipped scenarios take their values.
const TUNED_BY: Criterion = Criterion::Area;
/// Swept keys whose values are different problems, each tuned for itself.
const TUNED_APART: [&str; 3] =
    ["problem.bumps.reward", "problem.length.task", "problem.tokens.reward"];
/// The seeds of `--quick`.
const QUICK_SEEDS: u64 = 3;
/// The share of the steps of `--quick` is one over this.
const QUICK_PART: u64 = 4;

impl Args {
    /// A scenario as it is run: with `--quick` in part.
    fn looked_at(&self, scenario: Scenario) -> Scenario {
        if self.quick { scenario.shortened(QUICK_SEEDS, QUICK_PART) } else { scenario }
    }

    /// The folders of runs and figures: with `--quick` others.
    fn places(&self) -> (PathBuf, PathBuf) {
        match self.quick {
            true => (PathBuf::from("quick/runs"), PathBuf::from("quick/figures")),
            false => (self.runs.clone(), self.out.clone()),
        }
    }
}

/// Runs, draws and judges.
pub fn reproduce(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    let (plans, whole) = ready(selected(args)?, args)?;
    let host = args.host.host()?;
    let (runs, out) = args.places();
    writable(&runs, "--runs")?;
    writable(&out, "--out")?;
    let mut book = Book { host, report: Report::new(), ..Book::default() };
    if args.quick {
        book.report = book.report.quick(format!(
            "{QUICK_SEEDS} seeds and 1/{QUICK_PART} of every run's steps: enough to see what is \
             drawn, too little to judge, so there are no verdicts."
        ));
    }
    for plan in plans {
        let scenario = book.with_models(plan, args, (&runs, &out))?;
        book.add(args.looked_at(scenario), args, (&runs, &out))?;
    }
    adjust(&mut book.findings);
    book.tell(args.quick)?;
    // The tables of a whole tier are not overwritten by those of some scenarios, nor those of all
    // by those of one tier.
    if args.scenarios.is_empty() && whole {
        let one = args.tier.as_ref().filter(|tier| *tier != "all");
        let suffix = one.map_or(String::new(), |tier| format!("-{tier}"));
        book.tables(&out, &suffix, args.quick)?;
    }
    let page = book.page(args, &out, start.elapsed())?;
    say(&format!("done in {:.0} s; wrote", start.elapsed().as_secs_f64()))?;
    for file in &book.files {
        say(&format!("  {}", file.display()))?;
    }
    if let Some(page) = page {
        say(&format!("open {}: what was run, drawn and found, in one page", page.display()))?;
    }
    book.finish()
}

/// The scenarios that were asked for.
fn selected(args: &Args) -> Result<Vec<Scenario>, Failure> {
    if let Some(tier) = &args.tier {
        one_of("tier", tier, &[tiers(), vec!["all".to_owned()]].concat())?;
    }
    let found = args.scenarios.iter().map(|name| find(name).map(|file| file.id()));
    let ids = found.collect::<Result<Vec<_>, _>>().map_err(Failure::input)?;
    if !args.set.is_empty() {
        let load = |id: &&str| Scenario::load(&Source::of(id), &args.set, None);
        return ids.iter().map(load).collect::<Result<_, _>>().map_err(Failure::input);
    }
    let by_tier = |s: &Scenario| match args.tier.as_deref() {
        None => ["bandit", "length"].contains(&tier_name(s.tier).as_str()),
        Some("all") => true,
        Some(tier) => tier_name(s.tier) == tier,
    };
    shipped_where(|s| match args.scenarios.is_empty() {
        true => by_tier(s) && (args.tuning || !is_tuning(s)),
        false => ids.contains(&s.id.as_str()),
    })
}

/// Those that need no file of the user's, and whether those are all; one that was asked for by name is refused.
fn ready(scenarios: Vec<Scenario>, args: &Args) -> Result<(Vec<Plan>, bool), Failure> {
    if !args.scenarios.is_empty() {
        let plans = scenarios.into_iter().map(|scenario| planned(scenario, args));
        return Ok((plans.collect::<Result<_, _>>()?, true));
    }
    let (ready, lacking): (Vec<_>, Vec<_>) = scenarios.into_iter().partition(|s| s.ready().is_ok());
    let all = args.tier.as_deref() == Some("all");
    if ready.is_empty() {
        return Err(none_ready(args, &lacking));
    }
    for Scenario { id, .. } in &lacking {
        eprintln!("{id} is left out, because it needs a file of yours: see `modeseek run {id}`");
    }
    if !lacking.is_empty() && !all {
        eprintln!(
            "tables of claims and captions are left as they are, since a part of the tier is left out"
        );
    }
    let plans = ready.into_iter().map(|scenario| Plan { before: None, scenario });
    Ok((plans.collect(), lacking.is_empty() || all))
}

/// Whether the scenarios of a tier each need a file of the user's.
fn needs_files(tier: Tier) -> bool {
    matches!(tier, Tier::Smollm2 | Tier::Gpu)
}

/// A scenario, and the one whose models it awaits, with the `--set` arguments that will name them.
struct Plan {
    before: Option<(Scenario, Vec<String>)>,
    scenario: Scenario,
}

/// Refuses a scenario that lacks a file, but for models that are trained first.
fn planned(scenario: Scenario, args: &Args) -> Result<Plan, Failure> {
    scenario.ready_but_for(&scenario.awaited()).map_err(Failure::input)?;
    let Some(before) = first::before(&scenario, &args.set)? else {
        return Ok(Plan { before: None, scenario });
    };
    before.ready().map_err(Failure::input)?;
    let before = args.looked_at(before);
    let models = first::trained(&scenario, &before, &args.places().0)?;
    Ok(Plan { before: Some((before, models)), scenario })
}

/// Said of a tier of which nothing can run as it is.
fn none_ready(args: &Args, lacking: &[Scenario]) -> Failure {
    let tier = args.tier.as_deref().unwrap_or_default();
    let ids = listed(lacking.iter().map(|scenario| scenario.id.as_str()));
    let help = match lacking.is_empty() {
        true => "`modeseek list` names the tiers of all scenarios".to_owned(),
        false => format!(
            "each needs a file of yours, which `modeseek run ID` names: `modeseek reproduce ID --set KEY=FILE` with {ids}"
        ),
    };
    Failure::input(anyhow!(
        "no shipped scenario of tier `{tier}` can run as it is: nothing was run or written\n  help: {help}"
    ))
}

/// What is collected over the scenarios.
#[derive(Default)]
struct Book {
    host: Host,
    findings: Vec<Finding>,
    agreements: Vec<Agreement>,
    captions: String,
    files: Vec<PathBuf>,
    report: Report,
    failed: Vec<crate::runner::Failure>,
    on_edge: Vec<String>,
    /// The run folders of what is done.
    done: BTreeSet<String>,
}

impl Book {
    /// Prints the findings and the published numbers.
    fn tell(&self, quick: bool) -> Result<(), Failure> {
        if !quick && !self.findings.is_empty() {
            say(&findings_markdown(&self.findings))?;
        }
        if !self.agreements.is_empty() {
            say(&format!("\n{}", published_markdown(&self.agreements)))?;
        }
        Ok(())
    }

    /// Writes the tables of findings and published numbers, and the captions; `suffix` names the
    /// tier.
    fn tables(&mut self, out: &Path, suffix: &str, quick: bool) -> Result<(), Failure> {
        let file = |name: &str, ending: &str| out.join(format!("{name}{suffix}.{ending}"));
        if !quick && !self.findings.is_empty() {
            self.write(file("claims", "csv"), findings_csv(&self.findings))?;
            self.write(file("claims", "md"), findings_markdown(&self.findings))?;
        }
        if !self.agreements.is_empty() {
            self.write(file("published", "csv"), published_csv(&self.agreements))?;
            self.write(file("published", "md"), published_markdown(&self.agreements))?;
        }
        let captions = captions::page(&self.captions);
        self.write(file("README", "md"), captions)
    }

    /// The scenario with the reward models that it awaits, which the one before trains.
    fn with_models(
        &mut self,
        Plan { before, scenario }: Plan,
        args: &Args,
        places: (&PathBuf, &PathBuf),
    ) -> Result<Scenario, Failure> {
        let Some((before, models)) = before else { return Ok(scenario) };
        let failed = self.failed.len();
        self.add(before, args, places)?;
        fail_if_any(&self.failed[failed..])?;
        let set = [args.set.as_slice(), &models].concat();
        Scenario::load(&Source::of(&scenario.id), &set, None).map_err(Failure::input)
    }

    /// Runs, draws and judges one scenario, once.
    fn add(
        &mut self,
        scenario: Scenario,
        args: &Args,
        (runs, out): (&PathBuf, &PathBuf),
    ) -> Result<(), Failure> {
        if !self.done.insert(scenario.run_folder_name()) {
            return Ok(());
        }
        let start = Instant::now();
        let outcome = compute(&scenario, runs, (&args.work, &self.host), None)?;
        let id = scenario.id.clone();
        self.files.push(folder_of(&scenario, runs).metrics());
        let tuning = is_tuning(&scenario);
        match tuning {
            // A setting that diverges is an outcome of tuning: it cannot be chosen.
            true if !outcome.failed.is_empty() => {
                eprintln!("{id}: {} runs diverged", outcome.failed.len());
            }
            true => {}
            false => self.failed.extend(outcome.failed),
        }
        tell_of_models(&scenario, runs)?;
        let run = open(scenario, runs)?;
        if tuning && !args.quick {
            self.choose(&run, out)?;
        }
        self.draw(&run, args, (runs, out))?;
        eprintln!(
            "{id}: {:.1} s, figure {}",
            start.elapsed().as_secs_f64(),
            figure_name(&run.scenario)
        );
        Ok(())
    }

    /// Judges a finished run, draws it, and puts it into the report.
    fn draw(
        &mut self,
        run: &Run,
        args: &Args,
        (runs, out): (&PathBuf, &PathBuf),
    ) -> Result<(), Failure> {
        let (id, title) = (&run.scenario.id, &run.scenario.title);
        let figure = figure_name(&run.scenario);
        let findings = if args.quick { Vec::new() } else { findings_of(run)? };
        let agreements = if args.quick { Vec::new() } else { agreements_of(run)? };
        let watermark = args.quick.then(|| "quick look".to_owned());
        let options = FigureOptions { watermark, ..FigureOptions::default() };
        let drawn = draw_run(run, &findings, &options)?;
        let section = captions::section(&figure, title, &drawn.caption);
        if needs_files(run.scenario.tier) && !args.quick && find(&figure).is_ok() {
            self.merge_caption(&run.scenario, &section, out)?;
        }
        self.captions += &section;
        self.files.extend(write_drawn(&drawn, &figure, out)?);
        let quick = if args.quick { " --quick" } else { "" };
        let again = format!("modeseek reproduce {id}{}{quick}", as_typed(&run.scenario.set));
        let folder = folder_of(&run.scenario, runs);
        report::add(
            &mut self.report,
            (run, &folder),
            (&findings, &agreements),
            &drawn,
            vec![again],
        )?;
        self.agreements.extend(agreements);
        self.findings.extend(findings);
        Ok(())
    }

    /// Puts the caption of a figure into the page of its tier, which no single command draws whole.
    fn merge_caption(
        &mut self,
        scenario: &Scenario,
        section: &str,
        out: &Path,
    ) -> Result<(), Failure> {
        let path = out.join(format!("README-{}.md", tier_name(scenario.tier)));
        let page = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            page => page.map_err(|e| Failure::work(anyhow!("{}: {e}", path.display())))?,
        };
        self.write(path, captions::merged(&page, &figure_name(scenario), section))
    }

    /// Writes the page of all scenarios, if there is any; that of a whole tier is not overwritten by
    /// one of some scenarios.
    fn page(
        &mut self,
        args: &Args,
        out: &Path,
        elapsed: Duration,
    ) -> Result<Option<PathBuf>, Failure> {
        if self.report.is_empty() {
            return Ok(None);
        }
        let tier = args.tier.iter().filter(|tier| *tier != "all").cloned();
        let parts: Vec<String> = args.scenarios.iter().cloned().chain(tier).collect();
        let path = out.join(report::file_name(&parts));
        let page = std::mem::take(&mut self.report).html(&provenance(elapsed));
        self.write(path.clone(), page.map_err(Failure::work)?)?;
        Ok(Some(path))
    }

    /// Writes the choices of a tuning scenario.
    fn choose(&mut self, run: &Run, out: &Path) -> Result<(), Failure> {
        let swept = |key: &&str| run.scenario.sweep.iter().any(|(own, _)| own == key);
        let grouping: Vec<String> =
            TUNED_APART.iter().copied().filter(swept).map(str::to_owned).collect();
        let chosen = choices(run, &grouping).map_err(Failure::work)?;
        let path = out.join(format!("{}-choices.csv", run.scenario.id));
        self.write(path, choices_csv(&chosen, &grouping))?;
        let on_edge = chosen.iter().filter(|choice| choice.edge && choice.criterion == TUNED_BY);
        let on_edge: Vec<String> = on_edge.map(|c| format!("{} {:?}", c.method, c.group)).collect();
        if !on_edge.is_empty() {
            self.on_edge.push(format!("{}: {}", run.scenario.id, on_edge.join(", ")));
        }
        Ok(())
    }

    /// A run that failed, or a choice that more of its grid might better, fails the whole.
    fn finish(&self) -> Result<(), Failure> {
        fail_if_any(&self.failed)?;
        match self.on_edge.is_empty() {
            true => Ok(()),
            false => Err(Failure::work(anyhow!(
                "by the criterion `{TUNED_BY}` these choices lie on the edge of their grid; widen it\n  {}",
                self.on_edge.join("\n  ")
            ))),
        }
    }

    fn write(&mut self, path: PathBuf, content: String) -> Result<(), Failure> {
        self.files.push(write_file(&path, content.as_bytes())?);
        Ok(())
    }
}
