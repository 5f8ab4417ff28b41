//! `modeseek claims`: every finding of the paper against the runs.

use super::figure::{findings_of, open};
use super::options::{Resolution, named_or_run, write_file};
use super::{Failure, say};
use crate::results::{Finding, adjust, findings_csv, findings_markdown};
use std::path::PathBuf;

/// Hold finished runs against every finding of the paper: effect, 95 % interval, verdict.
///
/// A finding that does not hold is a result and no error, unless `--strict` is given.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Paths or ids of scenarios; none: every shipped scenario that has been run
    #[arg(value_name = "ID")]
    scenarios: Vec<String>,
    #[command(flatten)]
    resolution: Resolution,
    /// Folder of all run folders; `claims.csv` is written there
    #[arg(long, default_value = "runs")]
    runs: PathBuf,
    /// Exit 1 when a verdict differs from the expected one
    #[arg(long)]
    strict: bool,
}

/// Prints the table of findings and writes `claims.csv`.
pub fn claims(args: &Args) -> Result<(), Failure> {
    let scenarios = named_or_run(&args.scenarios, &args.resolution, &args.runs)?;
    let mut findings = Vec::new();
    for scenario in scenarios {
        findings.extend(findings_of(&open(scenario, &args.runs)?)?);
    }
    adjust(&mut findings);
    say(&findings_markdown(&findings))?;
    let path = write_file(&args.runs.join("claims.csv"), findings_csv(&findings).as_bytes())?;
    eprintln!("wrote {}", path.display());
    let surprises: Vec<&Finding> = findings.iter().filter(|f| surprising(f)).collect();
    for finding in &surprises {
        let verdict = finding.verdict.map(|v| v.to_string()).unwrap_or_default();
        eprintln!("claim {}: {verdict}, expected: {}", finding.id, finding.expected);
    }
    if args.strict && !surprises.is_empty() { Err(Failure::Verdict) } else { Ok(()) }
}

/// Whether a verdict differs from the committed one.
pub fn surprising(finding: &Finding) -> bool {
    finding.verdict.is_some_and(|verdict| verdict != finding.expected)
}
