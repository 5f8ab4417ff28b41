//! `modeseek list`: what is shipped.

use super::options::{one_of, shipped_where, tier_name, tiers};
use super::{Failure, say};
use std::collections::BTreeSet;

/// Shipped scenarios: id, figure, tier, tags, expected seconds.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only scenarios of this tier
    #[arg(long)]
    tier: Option<String>,
    /// Only scenarios with this tag
    #[arg(long)]
    tag: Option<String>,
}

/// Prints one line for each scenario.
pub fn list(args: &Args) -> Result<(), Failure> {
    if let Some(tier) = &args.tier {
        one_of("tier", tier, &tiers())?;
    }
    if let Some(tag) = &args.tag {
        let all = shipped_where(|_| true)?;
        let tags: BTreeSet<String> = all.into_iter().flat_map(|s| s.tags).collect();
        one_of("tag", tag, &tags.into_iter().collect::<Vec<_>>())?;
    }
    let wanted = |tier: &str, tags: &[String]| {
        args.tier.as_deref().is_none_or(|t| t == tier)
            && args.tag.as_ref().is_none_or(|t| tags.contains(t))
    };
    let scenarios = shipped_where(|s| wanted(&tier_name(s.tier), &s.tags))?;
    let rows: Vec<[String; 5]> = scenarios
        .iter()
        .map(|s| {
            let seconds = s.expected_seconds.map_or(String::new(), |x| format!("{x}"));
            let figure = s.figure.clone().unwrap_or_default();
            [s.id.clone(), figure, tier_name(s.tier), seconds, s.title.clone()]
        })
        .collect();
    let header = ["id", "figure", "tier", "seconds", "title"].map(str::to_owned);
    let width = |k: usize| {
        rows.iter().chain([&header]).map(|row| row[k].chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..4).map(width).collect();
    for row in [&header].into_iter().chain(&rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  "));
        say(&format!("{}{}", cells.collect::<String>(), row[4]))?;
    }
    Ok(())
}
