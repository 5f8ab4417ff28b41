//! Which of several methods wins at every pair of two swept values, and by how much.

use super::FigureError;
use super::content::{FEWEST_SEEDS, Markers, Panel, Tile, Trace};
use super::scene::Dash;
use super::select::{by_seed, no_data, one_cell, slotted_axis};
use super::style::{Look, Marker, NEUTRAL, fills};
use super::sweep::when;
use super::words;
use crate::results::{Estimate, Run, paired_difference};
use crate::scenario::{Cell, PanelSpec};
use crate::stream::Streams;
use std::collections::BTreeMap;

/// The share of the colour in the tile of the smallest lead; that of the largest has all of it.
const PALEST: f64 = 0.3;
/// Percent of grey in a tile that nobody wins.
const TIE: u8 = 35;
/// Leads of this share of the values are rounding.
const ROUNDING: f64 = 1e-12;

/// One method at one pair of values.
pub(super) struct Contender {
    /// Its place among the methods.
    method: usize,
    /// Its values by seed.
    values: BTreeMap<u64, f64>,
    /// Their mean.
    mean: f64,
}

/// The winner of one pair of values.
pub(super) struct Outcome {
    at: (f64, f64),
    /// The place of the winner among the methods, unless nobody wins.
    pub(super) winner: Option<usize>,
    /// Winner minus runner-up.
    lead: Estimate,
    /// Seeds that both have.
    pub(super) n: usize,
}

/// Fills a panel of tiles, each in the colour of the method with the largest mean.
pub(crate) fn fill(
    run: &Run,
    spec: &PanelSpec,
    cells: &[&Cell],
    methods: &[&str],
    (y_key, metric): (&str, &str),
) -> Result<Panel, FigureError> {
    let (x, xs) = slotted_axis(cells, spec, &spec.x);
    let (y, ys) = slotted_axis(cells, spec, y_key);
    let mut outcomes = Vec::new();
    for (x_value, x_at) in &xs {
        for (y_value, y_at) in &ys {
            let at = [(spec.x.as_str(), x_value.as_str()), (y_key, y_value.as_str())];
            let contenders = contenders(run, spec, cells, methods, metric, &at)?;
            outcomes.extend(outcome((*x_at, *y_at), contenders, spec.least_lead));
        }
    }
    if outcomes.is_empty() {
        return Err(no_data(run, spec, metric));
    }
    let looks = looks(run, methods);
    let metric_words = words::metric(metric).0;
    Ok(Panel {
        title: spec.title.clone(),
        kind: spec.kind,
        x,
        y,
        traces: legend(methods, &looks, &outcomes, (&metric_words, spec.least_lead)),
        note: format!(
            "the larger {} {}, with its lead over the runner-up (darker: larger; grey: the 95 % \
             bootstrap interval of the paired lead {})",
            metric_words,
            when(spec),
            tie_words(spec.least_lead)
        ),
        tiles: tiles(methods, &looks, &outcomes),
        ..Panel::default()
    })
}

/// What makes a lead a tie.
pub(super) fn tie_words(least: f64) -> String {
    match least {
        0.0 => "includes 0".to_owned(),
        least => format!("reaches below {}", words::number(least)),
    }
}

/// The looks of some methods, the same in all panels.
fn looks(run: &Run, methods: &[&str]) -> Vec<Look> {
    let all = fills(&run.scenario);
    let of = |method: &&str| all.iter().find(|(name, _)| name == method).map(|(_, look)| *look);
    methods.iter().filter_map(of).collect()
}

/// The methods that have values at a pair of settings, best first.
pub(super) fn contenders(
    run: &Run,
    spec: &PanelSpec,
    cells: &[&Cell],
    methods: &[&str],
    metric: &str,
    at: &[(&str, &str)],
) -> Result<Vec<Contender>, FigureError> {
    let mut found = Vec::new();
    for (place, method) in methods.iter().enumerate() {
        let Some(cell) = one_cell(spec, cells, method, at)? else { continue };
        let values = by_seed(run, cell, metric, spec.at_step).unwrap_or_default();
        if !values.is_empty() {
            let mean = values.values().sum::<f64>() / values.len() as f64;
            found.push(Contender { method: place, values, mean });
        }
    }
    found.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    Ok(found)
}

/// Who wins, if there are two to compare.
pub(super) fn outcome(at: (f64, f64), contenders: Vec<Contender>, least: f64) -> Option<Outcome> {
    let [first, second, ..] = &contenders[..] else { return None };
    let seeds = first.values.keys().filter(|seed| second.values.contains_key(seed));
    let (better, worse): (Vec<f64>, Vec<f64>) =
        seeds.map(|seed| (first.values[seed], second.values[seed])).unzip();
    let n = better.len();
    let lead = paired_difference(&better, &worse, Streams::new(0));
    let lead = match n {
        0 => return None,
        1..FEWEST_SEEDS => Estimate { low: lead.mean, high: lead.mean, ..lead },
        _ => lead,
    };
    let wins = lead.low > least.max(ROUNDING * first.mean.abs());
    Some(Outcome { at, winner: wins.then_some(first.method), lead, n })
}

fn tiles(methods: &[&str], looks: &[Look], outcomes: &[Outcome]) -> Vec<Tile> {
    let won = outcomes.iter().filter(|o| o.winner.is_some());
    let largest = won.map(|o| o.lead.mean).fold(0.0, f64::max);
    let tile = |o: &Outcome| Tile {
        x: o.at.0,
        y: o.at.1,
        line: o.winner.map_or("tie".to_owned(), |m| words::method(methods[m])),
        value: o.lead.mean,
        low: o.lead.low,
        high: o.lead.high,
        n: o.n,
        fill: Some(match o.winner {
            Some(m) => (looks[m].colour, PALEST + (1.0 - PALEST) * (o.lead.mean / largest).sqrt()),
            None => (NEUTRAL, f64::from(TIE) / 100.0),
        }),
        marker: o.winner.map(|m| looks[m].marker),
        text: o.winner.map_or("tie".to_owned(), |_| words::two_digits(o.lead.mean)),
    };
    outcomes.iter().map(tile).collect()
}

/// The methods that win somewhere, in the scenario's order, the tie, and what the numbers are.
fn legend(
    methods: &[&str],
    looks: &[Look],
    outcomes: &[Outcome],
    (metric, least): (&str, f64),
) -> Vec<Trace> {
    let wins = |m: &usize| outcomes.iter().any(|o| o.winner == Some(*m));
    let winners = (0..methods.len()).filter(wins);
    let name = |m: usize| format!("{} wins", words::method(methods[m]));
    let mut entries: Vec<Trace> =
        winners.map(|m| Trace::swatch(name(m), "", (looks[m], 100), Markers::All)).collect();
    let grey = Look::new(NEUTRAL, Dash::Solid, Marker::Circle);
    let is_won = |o: &Outcome| o.winner.is_some();
    if !outcomes.iter().all(is_won) {
        let name = format!("tie: the lead’s interval {}", tie_words(least));
        entries.push(Trace::swatch(name, "tie", (grey, TIE), Markers::None));
    }
    if outcomes.iter().any(is_won) {
        let name = format!("lead in {metric}");
        entries.push(Trace::swatch(name, "0.1", (grey, 0), Markers::None));
    }
    entries
}
