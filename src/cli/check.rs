//! `modeseek check`: resolve scenarios without running them.

use super::options::Resolution;
use super::{Failure, say};

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
    }
    Ok(())
}
