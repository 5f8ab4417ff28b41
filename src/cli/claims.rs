//! `modeseek claims`: every finding of the paper against the runs.

use super::figure::{findings_of, open};
use super::options::{Finished, write_file};
use super::{Failure, say};
use crate::results::{Finding, adjust, findings_csv, findings_markdown};

/// Hold finished runs against every finding of the paper: effect, 95 % interval, verdict.
///
/// A finding that does not hold is a result and no error, unless `--strict` is given. The table is
/// also written to `claims.csv` in the folder of the runs.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    finished: Finished,
    /// Exit 1 when a verdict differs from the expected one
    #[arg(long)]
    strict: bool,
}

/// Prints the table of findings and writes `claims.csv`.
pub fn claims(args: &Args) -> Result<(), Failure> {
    let scenarios = args.finished.scenarios()?;
    let mut findings = Vec::new();
    for scenario in scenarios {
        findings.extend(findings_of(&open(scenario, &args.finished.runs)?)?);
    }
    adjust(&mut findings);
    say(&findings_markdown(&findings))?;
    let path =
        write_file(&args.finished.runs.join("claims.csv"), findings_csv(&findings).as_bytes())?;
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
