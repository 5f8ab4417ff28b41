//! `modeseek claims`: every finding of the paper against the runs.

use super::figure::{agreements_of, findings_of, open};
use super::options::{Finished, write_file};
use super::{Failure, say};
use crate::results::{
    Finding, adjust, findings_csv, findings_markdown, published_csv, published_markdown,
};

/// Hold finished runs against every finding of the paper: effect, 95 % interval, verdict.
///
/// A finding that does not hold is a result and no error, unless `--strict` is given. The table is
/// also written to `claims.csv` in the folder of the runs. Numbers that others have published at the
/// same settings follow in a table of their own (`published.csv`), which `--strict` does not look at.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    finished: Finished,
    /// Exit 1 when a verdict differs from the expected one, or a claim has none
    #[arg(long)]
    strict: bool,
}

/// Prints the tables of findings and of published numbers and writes them as CSV.
pub fn claims(args: &Args) -> Result<(), Failure> {
    let scenarios = args.finished.scenarios()?;
    let (mut findings, mut agreements, mut claims) = (Vec::new(), Vec::new(), 0);
    for scenario in scenarios {
        let run = open(scenario, &args.finished.runs)?;
        claims += run.scenario.claims.len();
        findings.extend(findings_of(&run)?);
        agreements.extend(agreements_of(&run)?);
    }
    adjust(&mut findings);
    if !findings.is_empty() {
        say(&findings_markdown(&findings))?;
        write(args, "claims.csv", &findings_csv(&findings))?;
    }
    if !agreements.is_empty() {
        let gap = if findings.is_empty() { "" } else { "\n" };
        say(&format!("{gap}{}", published_markdown(&agreements)))?;
        write(args, "published.csv", &published_csv(&agreements))?;
    }
    let surprises: Vec<&Finding> = findings.iter().filter(|f| surprising(f)).collect();
    for finding in &surprises {
        let verdict = finding.verdict.map(|v| v.to_string()).unwrap_or_default();
        eprintln!("claim {}: {verdict}, expected: {}", finding.id, finding.expected);
    }
    let judged = findings.iter().filter(|finding| finding.verdict.is_some()).count();
    if judged < claims {
        eprintln!("{judged} of {claims} claims have a verdict");
    }
    let is_sure = surprises.is_empty() && judged == claims;
    if args.strict && !is_sure { Err(Failure::Verdict) } else { Ok(()) }
}

/// Writes a table beside the runs.
fn write(args: &Args, name: &str, content: &str) -> Result<(), Failure> {
    let path = write_file(&args.finished.runs.join(name), content.as_bytes())?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

/// Whether a verdict differs from the committed one.
pub fn surprising(finding: &Finding) -> bool {
    finding.verdict.is_some_and(|verdict| verdict != finding.expected)
}
