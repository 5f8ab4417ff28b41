//! One metric against another at one step, along each method's strength knob.

use super::FigureError;
use super::content::{Bars, Manner, Markers, Panel, Spot, Trace};
use super::select::{Group, cells, groups, metric_axis, no_data, summarised, values, varied};
use super::sweep::when;
use super::words;
use crate::results::Run;
use crate::scenario::{Cell, PanelSpec};

/// Fills a panel of frontiers, one line for each method through its swept values.
pub(crate) fn fill(run: &Run, spec: &PanelSpec) -> Result<Panel, FigureError> {
    let cells = cells(run, spec)?;
    let default = "gold_reward".to_owned();
    let y_metric = spec.y.first().unwrap_or(&default);
    let kept = |key: &str| spec.lines.as_deref() == Some(key);
    let groups = groups(&run.scenario, spec, &cells, &|key| !kept(key));
    let mut symbols: Vec<String> = groups.iter().map(|g| knob_names(run, g)).collect();
    symbols.retain(|s| !s.is_empty());
    symbols.dedup();
    // One knob for all lines is said once, below the figure; several stand with their lines.
    let shared = symbols.len() == 1;
    let traces: Vec<Trace> =
        groups.iter().filter_map(|g| trace(run, spec, g, (y_metric, shared))).collect();
    if traces.is_empty() {
        let metrics = run.metrics();
        let missing = if metrics.contains(&spec.x) { y_metric } else { &spec.x };
        return Err(no_data(run, spec, missing));
    }
    let x = metric_axis(&spec.x, spec.x_label.as_ref(), spec.log_x, spec.x_range);
    let y = metric_axis(y_metric, spec.y_label.as_ref(), spec.log_y, spec.y_range);
    let note = match &symbols[..] {
        [one] => format!("{}, numbers are{one}", when(spec)),
        _ => when(spec),
    };
    Ok(Panel { title: spec.title.clone(), kind: spec.kind, x, y, traces, note, ..Panel::default() })
}

fn trace(
    run: &Run,
    spec: &PanelSpec,
    group: &Group<'_>,
    (y_metric, shared): (&str, bool),
) -> Option<Trace> {
    let knobs = varied(&run.scenario, &group.cells);
    let mut ordered = group.cells.clone();
    if let [knob] = knobs[..] {
        let order = values(&group.cells, knob);
        ordered.sort_by_key(|c| order.iter().position(|v| Some(v) == c.settings.get(knob)));
    }
    let mut spots: Vec<Spot> = Vec::new();
    for cell in ordered {
        let (Some(x), Some(y)) = (
            summarised(run, cell, &spec.x, spec.at_step, spec.statistic),
            summarised(run, cell, y_metric, spec.at_step, spec.statistic),
        ) else {
            continue;
        };
        if x.mean.is_finite() && y.mean.is_finite() {
            let label = knob_label(cell, &knobs);
            spots.push(Spot {
                x: x.mean,
                y: y.mean,
                low: y.low,
                high: y.high,
                n: y.values.len(),
                label,
            });
        }
    }
    if spots.is_empty() {
        return None;
    }
    let manner =
        Manner { line: true, bars: Bars::Upright, markers: Markers::All, ..Manner::default() };
    let knob = if shared { String::new() } else { knob_names(run, group) };
    let name = group.name.clone() + &knob;
    let short = name.clone();
    Some(Trace { name, short, look: group.look, spots, singles: Vec::new(), manner })
}

/// The values of the knobs.
fn knob_label(cell: &Cell, knobs: &[&str]) -> String {
    let value = |key: &&str| {
        cell.settings.get(*key).map(|v| {
            let whole = v.strip_suffix(".0").unwrap_or(v);
            whole.replace('-', "−")
        })
    };
    knobs.iter().filter_map(value).collect::<Vec<_>>().join(", ")
}

/// The knobs' symbols, which the name of the line carries.
fn knob_names(run: &Run, group: &Group<'_>) -> String {
    let knobs = varied(&run.scenario, &group.cells);
    let symbols: Vec<String> =
        knobs.iter().map(|k| words::symbol(k)).filter(|s| !s.is_empty()).collect();
    if symbols.is_empty() { String::new() } else { format!(" ({})", symbols.join(", ")) }
}
