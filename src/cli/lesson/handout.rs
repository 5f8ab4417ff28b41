//! What is handed out: the worksheet, the key, and the wall of the findings that did not appear.

use super::super::figure::{figure_name, open};
use super::super::options::{
    has_run, is_tuning, shipped_where, writable, writable_file, write_file,
};
use super::super::run::{compute, fail_if_any};
use super::super::{Failure, say};
use super::{Args, shipped_lessons};
use crate::lesson::{self, Absent};
use crate::results::{Run, judge};
use crate::runner::Host;
use crate::scenario::{Scenario, Tier, Verdict};
use std::path::Path;

/// Writes the worksheet, the key, or both.
pub(super) fn write(args: &Args) -> Result<(), Failure> {
    let lessons = shipped_lessons()?;
    for (file, option) in [(&args.worksheet, "--worksheet"), (&args.key, "--key")] {
        file.as_deref().map_or(Ok(()), |file| writable_file(file, option))?;
    }
    if let Some(file) = &args.worksheet {
        write_file(file, lesson::worksheet(&lessons).as_bytes())?;
        say(&format!("wrote {}", file.display()))?;
    }
    if let Some(file) = &args.key {
        writable(&args.runs, "--runs")?;
        let runs = lessons.into_iter().map(|scenario| finished(scenario, args));
        let key = lesson::key(&runs.collect::<Result<Vec<_>, _>>()?).map_err(Failure::work)?;
        write_file(file, key.as_bytes())?;
        say(&format!("wrote {}", file.display()))?;
    }
    Ok(())
}

/// The runs of a lesson, computed where they are unfinished.
fn finished(scenario: Scenario, args: &Args) -> Result<Run, Failure> {
    let outcome = compute(&scenario, &args.runs, (&args.work, &Host::default()), None)?;
    fail_if_any(&outcome.failed)?;
    open(scenario, &args.runs)
}

/// Prints every shipped claim that does not hold, with its cause, and with its effect where `runs` has
/// finished runs; lessons repeat findings and are left out.
pub(super) fn wall(runs: &Path) -> Result<(), Failure> {
    let shown = |s: &Scenario| s.tier != Tier::Lesson && !is_tuning(s);
    let (mut absent, mut claims) = (Vec::new(), 0);
    for scenario in shipped_where(shown)? {
        claims += scenario.claims.len();
        absent.extend(absent_of(scenario, runs)?);
    }
    say(&lesson::wall(&absent, claims))
}

/// The claims of one scenario that do not hold.
fn absent_of(scenario: Scenario, runs: &Path) -> Result<Vec<Absent>, Failure> {
    let figure = figure_name(&scenario);
    let mut claims = scenario.claims.clone();
    claims.retain(|claim| claim.expected != Verdict::Holds);
    let is_there = !claims.is_empty() && has_run(&scenario, runs);
    let run = if is_there { Some(open(scenario, runs)?) } else { None };
    let absent = claims.into_iter().map(|claim| {
        // Runs that lack a cell of the claim say nothing of it.
        let finding = run.as_ref().and_then(|run| judge(run, &claim).ok());
        Absent { figure: figure.clone(), claim, finding }
    });
    Ok(absent.collect())
}
