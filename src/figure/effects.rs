//! What each factor does, and each pair beyond its two: a forest plot around zero.

use super::FigureError;
use super::content::{Axis, Bars, FEWEST_SEEDS, Manner, Markers, Panel, Rule, Spot, Trace};
use super::scene::Dash;
use super::select::{cells, metric_axis};
use super::style::{Look, Marker};
use super::sweep::when;
use super::theme::Rgb;
use super::words;
use crate::results::{Effect, Run, effects};
use crate::scenario::{FactorSpec, PanelSpec, Reading};

/// Factors have no family of their own.
const INK: Rgb = Rgb(0x40, 0x44, 0x4C);

/// Fills a panel with a row for each factor and each two of them.
pub(crate) fn fill(run: &Run, spec: &PanelSpec) -> Result<Panel, FigureError> {
    let cells = cells(run, spec)?;
    let metric = spec.y.first().unwrap_or(&spec.x);
    let listed = |f: &&FactorSpec| spec.factors.is_empty() || spec.factors.contains(&f.name);
    let factors: Vec<&FactorSpec> = run.scenario.factors.iter().filter(listed).collect();
    let reading = Reading { area: spec.area, at_step: spec.at_step, ..Reading::default() };
    let found = effects(run, &cells, &factors, metric, reading).map_err(|error| {
        FigureError::BadPanel { panel: spec.title.clone(), problem: error.to_string() }
    })?;
    let rows: Vec<String> = found.iter().map(|effect| name(effect, &factors)).collect();
    let traces = found.iter().zip(&rows).enumerate();
    let traces = traces.map(|(row, (effect, name))| trace(row, effect, name)).collect();
    let moment = if spec.area { "mean over the run".to_owned() } else { when(spec) };
    let label = format!("effect on {}, {moment}", words::metric(metric).0);
    let x = metric_axis(metric, Some(spec.x_label.as_ref().unwrap_or(&label)), false, spec.x_range);
    let y = Axis {
        categories: rows,
        label: spec.y_label.clone().unwrap_or_default(),
        ..Axis::default()
    };
    Ok(Panel {
        title: spec.title.clone(),
        kind: spec.kind,
        x,
        y,
        traces,
        rules: vec![Rule { of_x: true, value: 0.0, label: String::new() }],
        note:
            "of each factor (discs: the mean at its high level minus that at its low one) and of \
               each two (diamonds: half the difference of the one’s effects at the other’s levels)"
                .to_owned(),
        named: true,
        ..Panel::default()
    })
}

/// `on-policy`, or `on-policy × reuse`.
fn name(effect: &Effect, factors: &[&FactorSpec]) -> String {
    let names: Vec<&str> = effect.factors.iter().map(|&f| factors[f].name.as_str()).collect();
    names.join(" × ")
}

fn trace(row: usize, effect: &Effect, name: &str) -> Trace {
    let (y, n) = (row as f64, effect.values.len());
    let (mean, mut low, mut high) =
        (effect.estimate.mean, effect.estimate.low, effect.estimate.high);
    let few = n < FEWEST_SEEDS;
    if few {
        (low, high) = (mean, mean);
    }
    let main = effect.factors.len() == 1;
    let marker = if main { Marker::Circle } else { Marker::Diamond };
    let markers = if main { Markers::All } else { Markers::Rings };
    let single = |value: &f64| vec![(*value, y)];
    Trace {
        name: name.to_owned(),
        short: name.to_owned(),
        look: Look::new(INK, Dash::Solid, marker),
        spots: vec![Spot { x: mean, y, low, high, n, label: String::new() }],
        singles: if few && n > 1 { effect.values.iter().map(single).collect() } else { Vec::new() },
        manner: Manner { bars: Bars::Level, markers, ..Manner::default() },
    }
}
