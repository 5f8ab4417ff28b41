//! A metric at one step against the values of a swept key.

use super::FigureError;
use super::content::{Bars, FEWEST_SEEDS, Manner, Markers, Panel, Spot, Trace};
use super::select::{Group, cells, groups, metric_axis, no_data, summarised, swept_axis};
use super::split::{drop_near, is_split};
use super::style::ramp;
use super::words;
use crate::results::Run;
use crate::scenario::PanelSpec;

/// Fills a panel of points with intervals, one line for each method.
pub(crate) fn fill(run: &Run, spec: &PanelSpec) -> Result<Panel, FigureError> {
    let cells = cells(run, spec)?;
    let (mut x, places) = swept_axis(&cells, spec, &spec.x, spec.log_x);
    if places.is_empty() {
        let problem = format!("x = {:?} is no key that the scenario sweeps", spec.x);
        return Err(FigureError::BadPanel { panel: spec.title.clone(), problem });
    }
    x.range = spec.x_range;
    let default = vec!["gold_reward".to_owned()];
    let metrics = if spec.y.is_empty() { &default } else { &spec.y };
    let along = |key: &str| key == spec.x;
    let groups = groups(&run.scenario, spec, &cells, &along);
    let mut traces = Vec::new();
    for (place, metric) in metrics.iter().enumerate() {
        let shade = |look| match metrics.len() {
            1 => look,
            all => ramp(look, all - 1 - place, all),
        };
        let joined = x.categories.is_empty();
        let members = Members { metrics: metrics.len(), lines: groups.len(), joined };
        let drawn = |g| trace(run, spec, g, metric, (&places, members));
        let found = groups.iter().filter_map(drawn);
        let found: Vec<Trace> = found.map(|t| Trace { look: shade(t.look), ..t }).collect();
        if found.is_empty() {
            return Err(no_data(run, spec, metric));
        }
        traces.extend(found);
    }
    drop_near(&mut traces);
    let y = metric_axis(&metrics[0], spec.y_label.as_ref(), spec.log_y, spec.y_range);
    let note = when(spec);
    Ok(Panel { title: spec.title.clone(), kind: spec.kind, x, y, traces, note, ..Panel::default() })
}

/// At which step the values were measured, for the caption.
pub(crate) fn when(spec: &PanelSpec) -> String {
    spec.at_step.map_or_else(|| "at the last step".to_owned(), |s| format!("at step {s}"))
}

/// How many metrics and how many lines of each a panel has.
#[derive(Clone, Copy)]
struct Members {
    metrics: usize,
    lines: usize,
    /// Whether x is a number, so that a line between two of its values means something.
    joined: bool,
}

fn trace(
    run: &Run,
    spec: &PanelSpec,
    group: &Group<'_>,
    metric: &str,
    (places, members): (&[(String, f64)], Members),
) -> Option<Trace> {
    let mut spots: Vec<Spot> = Vec::new();
    let mut seeds: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut dots: Vec<Vec<(f64, f64)>> = Vec::new();
    for cell in &group.cells {
        let Some(m) = summarised(run, cell, metric, spec.at_step, spec.statistic)
            .filter(|m| m.mean.is_finite())
        else {
            continue;
        };
        // A method without the key is the same for all its values: a level line.
        let at: Vec<f64> = match cell.settings.get(&spec.x) {
            Some(value) => places.iter().filter(|p| p.0 == *value).map(|p| p.1).collect(),
            None => places.iter().map(|p| p.1).collect(),
        };
        for x in at {
            let n = m.values.len();
            spots.push(Spot { x, y: m.mean, low: m.low, high: m.high, n, ..Spot::default() });
            if n > 1 && n < FEWEST_SEEDS {
                seeds.push(m.values.iter().map(|&v| (x, v)).collect());
            } else if is_split(&m.values) {
                dots.extend(m.values.iter().map(|&v| vec![(x, v)]));
            }
        }
    }
    spots.sort_by(|a, b| a.x.total_cmp(&b.x));
    if spots.is_empty() {
        return None;
    }
    let member = words::metric(metric).1;
    let add = |name: &str| match members.metrics {
        1 => name.to_owned(),
        _ => format!("{name}, {member}"),
    };
    // Of one line with several metrics the panel says the rest.
    let alone = members.metrics > 1 && members.lines == 1;
    let count = seeds.iter().map(Vec::len).min().unwrap_or(0);
    seeds.sort_by(|a, b| a[0].0.total_cmp(&b[0].0));
    let lines = (0..count).map(|s| seeds.iter().map(|at| at[s]).collect());
    let singles = lines.chain(dots).collect();
    let manner = if group.cells.iter().all(|c| !c.settings.contains_key(&spec.x)) {
        Manner { line: true, band: true, ..Manner::default() }
    } else {
        let line = members.joined;
        Manner { line, bars: Bars::Upright, markers: Markers::All, ..Manner::default() }
    };
    Some(Trace {
        name: add(&group.name),
        short: if alone { member.clone() } else { add(&group.short) },
        look: group.look,
        spots,
        singles,
        manner,
    })
}
