//! `modeseek check`: resolve scenarios without running them.

use super::host::HostArgs;
use super::options::Resolution;
use super::{Failure, say};
use crate::scenario::{Experiment, Scenario};

/// Parse and validate scenarios, print the resolved experiments and their cells; runs nothing.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Paths of scenario files, or ids of shipped scenarios
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,
    #[command(flatten)]
    resolution: Resolution,
    /// Print every cell's complete settings as TOML
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    host: HostArgs,
}

/// Prints what would run.
pub fn check(args: &Args) -> Result<(), Failure> {
    let scenarios = args.scenarios.iter().map(|typed| args.resolution.load(typed));
    for scenario in scenarios.collect::<Result<Vec<_>, _>>()? {
        let (cells, seeds) = (scenario.cells.len(), scenario.seeds.count);
        say(&format!("{}: {}", scenario.id, scenario.title))?;
        let last = scenario.seeds.first + seeds;
        say(&format!(
            "{cells} cells × {seeds} seeds ({}..{last}), {} claims, {} panels",
            scenario.seeds.first,
            scenario.claims.len(),
            scenario.panels.len()
        ))?;
        for cell in &scenario.cells {
            let settings = cell.settings.iter().map(|(key, value)| format!("  {key} = {value}"));
            let settings = settings.collect::<String>();
            say(&format!("  {}  {}{settings}", cell.name, cell.method))?;
            if args.full {
                let toml = toml::to_string(&cell.experiment).map_err(Failure::work)?;
                say(&toml.lines().map(|line| format!("      {line}\n")).collect::<String>())?;
            }
        }
        for warning in &scenario.warnings {
            eprintln!("warning: {warning}");
        }
        match scenario.ready() {
            Ok(()) => fits(&scenario, &args.host)?,
            Err(lacking) => eprintln!("warning: {lacking}"),
        }
    }
    Ok(())
}

/// Refuses models of files that are not there or do not fit their prompts and settings; nano, which a first run makes,
/// is not looked at before.
fn fits(scenario: &Scenario, host: &HostArgs) -> Result<(), Failure> {
    let experiments = scenario.cells.iter().map(|cell| &cell.experiment);
    let of_a_file = |e: &&Experiment| e.policy.decoder().is_some_and(|model| !model.is_nano());
    let mut of_files = experiments.filter(of_a_file).peekable();
    if of_files.peek().is_none() {
        return Ok(());
    }
    host.host()?.check(of_files).map_err(Failure::input)
}
