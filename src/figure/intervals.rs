//! A forest plot: one row for each cell, its mean and its interval.

use super::FigureError;
use super::content::{Axis, Bars, FEWEST_SEEDS, Manner, Markers, Panel, Spot, Trace};
use super::select::{cells, groups, metric_axis, no_data, summarised};
use super::style::look;
use super::sweep::when;
use super::words;
use crate::results::Run;
use crate::scenario::PanelSpec;

/// Fills a forest plot of the first y metric (or of `x`, where y is empty).
pub(crate) fn fill(run: &Run, spec: &PanelSpec) -> Result<Panel, FigureError> {
    let cells = cells(run, spec)?;
    let metric = spec.y.first().unwrap_or(&spec.x);
    let mut traces = Vec::new();
    let mut rows = Vec::new();
    for group in groups(&run.scenario, spec, &cells, &|_| false) {
        let Some(m) = summarised(run, group.cells[0], metric, spec.at_step, spec.statistic)
            .filter(|m| m.mean.is_finite())
        else {
            continue;
        };
        let (y, n) = (rows.len() as f64, m.values.len());
        let few = n > 1 && n < FEWEST_SEEDS;
        // One number says more than a point without an interval.
        let label = if n == 1 { words::number(m.mean) } else { String::new() };
        traces.push(Trace {
            name: group.name,
            short: group.short.clone(),
            look: look(&run.scenario, group.cells[0]),
            spots: vec![Spot { x: m.mean, y, low: m.low, high: m.high, n, label }],
            singles: if few {
                m.values.iter().map(|&v| vec![(v, y)]).collect()
            } else {
                Vec::new()
            },
            manner: Manner { bars: Bars::Level, markers: Markers::All, ..Manner::default() },
        });
        rows.push(group.short);
    }
    if traces.is_empty() {
        return Err(no_data(run, spec, metric));
    }
    let x = metric_axis(metric, spec.x_label.as_ref(), spec.log_x, spec.x_range);
    let y = Axis {
        categories: rows,
        label: spec.y_label.clone().unwrap_or_default(),
        ..Axis::default()
    };
    let note = when(spec);
    Ok(Panel {
        title: spec.title.clone(),
        kind: spec.kind,
        x,
        y,
        traces,
        note,
        named: true,
        ..Panel::default()
    })
}
