//! `modeseek figure --table`: statistics of every cell.

use super::super::options::{one_of, writable, write_file};
use super::super::{Failure, say};
use super::{figure_name, open};
use crate::results::{improvements_csv, summarise, summary_csv, summary_markdown};
use crate::scenario::Scenario;
use std::path::Path;

/// What the tables are of.
#[derive(clap::Args, Debug)]
pub struct Asked {
    /// The metric of the tables [default: gold_reward]
    #[arg(long, value_name = "NAME", requires = "table")]
    metric: Option<String>,
    /// Count steps and queries to this value of the metric [default: 90 % of the way from the mean
    /// start to the best mean end, for each group of equal settings]
    #[arg(long, value_name = "X", requires = "table", value_parser = finite, allow_negative_numbers = true)]
    threshold: Option<f64>,
}

/// A finite number.
fn finite(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|x: &f64| x.is_finite());
    number.ok_or_else(|| "a threshold is a finite number such as 0.9".to_owned())
}

/// Prints the tables of every scenario, and writes them as Markdown and CSV.
pub fn tables(
    scenarios: Vec<Scenario>,
    runs: &Path,
    asked: &Asked,
    out: &Path,
) -> Result<(), Failure> {
    let metric = asked.metric.as_deref().unwrap_or("gold_reward");
    let mut found = Vec::new();
    for scenario in scenarios {
        let run = open(scenario, runs)?;
        let measured: Vec<String> = run.metrics().into_iter().collect();
        one_of("measured metric", metric, &measured)?;
        found.push((summarise(&run, metric, asked.threshold), run.scenario));
    }
    writable(out, "--out")?;
    for (summary, scenario) in found {
        let markdown =
            format!("## {}: {}\n\n{}", scenario.id, scenario.title, summary_markdown(&summary));
        say(&markdown)?;
        let file = |ending: &str| out.join(format!("{}-{ending}", figure_name(&scenario)));
        for (path, content) in [
            (file("table.md"), markdown.clone()),
            (file("table.csv"), summary_csv(&summary)),
            (file("table-pairs.csv"), improvements_csv(&summary)),
        ] {
            let path = write_file(&path, content.as_bytes())?;
            eprintln!("wrote {}", path.display());
        }
    }
    Ok(())
}
