//! What a reader learns on pointing at a figure: the numbers behind every point that is drawn.

use super::axes::Plot;
use super::content::{Axis, Spot, Tile, Trace, evenly};
use super::paint::SVG_UNITS;
use super::plot::clamped;
use super::scene::Place;
use super::words::{number, valued};
use crate::scenario::PanelKind;

/// Most points of a figure: a page that holds several stays light.
const MOST_POINTS: usize = 1500;
/// Most bytes of a figure's points as JSON.
const MOST_BYTES: usize = 180_000;
/// What JSON needs for a point beside its text.
const BYTES_AROUND: usize = 40;

/// A point of a figure and the numbers behind it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct HoverPoint {
    /// Its place (x to the right, y down) in units of the SVG's `viewBox`.
    pub at: (f64, f64),
    /// Whose point it is, and its values with their units, in lines.
    pub text: String,
}

/// The points of a heading and of all plots, thinned alike where they are many; the ends of every
/// line stay.
pub(crate) fn points(plots: &[Plot<'_>], heading: Vec<HoverPoint>) -> Vec<HoverPoint> {
    let mut runs: Vec<Vec<HoverPoint>> = heading.into_iter().map(|point| vec![point]).collect();
    for plot in plots {
        let of_trace = |trace| of_trace(plot, trace);
        runs.extend(plot.panel.traces.iter().map(of_trace));
        runs.extend(plot.panel.tiles.iter().map(|tile| of_tile(plot, tile).into_iter().collect()));
        runs.push(of_marks(plot));
    }
    let bytes = |p: &HoverPoint| p.text.len() + BYTES_AROUND;
    let (count, size) = runs.iter().flatten().fold((0, 0), |(n, b), p| (n + 1, b + bytes(p)));
    let most = MOST_POINTS.min(MOST_BYTES * count / size.max(1));
    let kept = |each: usize| runs.iter().map(|run| run.len().min(each)).sum::<usize>();
    let longest = runs.iter().map(Vec::len).max().unwrap_or(0);
    let each = (2..=longest).rev().find(|&each| kept(each) <= most).unwrap_or(2);
    let thin = |run: Vec<HoverPoint>| {
        evenly(run.len(), each).into_iter().map(|i| run[i].clone()).collect::<Vec<_>>()
    };
    runs.into_iter().flat_map(thin).collect()
}

/// A text at a place of a plot, unless that lies outside its frame.
fn point(plot: &Plot<'_>, (x, y): (f64, f64), text: String) -> Option<HoverPoint> {
    // The ends of an axis belong to the frame but for rounding.
    let outside = |p: &Place| {
        let near = clamped(&plot.frame, *p);
        (near.0 - p.0).abs().max((near.1 - p.1).abs())
    };
    let at = plot.at(x, y).filter(|p| outside(p) < 1e-6)?;
    Some(HoverPoint { at: units(at), text })
}

/// A place in units of the SVG's `viewBox`.
pub(crate) fn units((x, y): Place) -> (f64, f64) {
    ((x * SVG_UNITS).round(), (y * SVG_UNITS).round())
}

fn of_trace(plot: &Plot<'_>, trace: &Trace) -> Vec<HoverPoint> {
    let (x_axis, y_axis) = (&plot.panel.x, &plot.panel.y);
    let text = |s: &Spot| {
        let interval = interval(s.low, s.high);
        let (place, value) = match plot.panel.kind {
            PanelKind::Intervals | PanelKind::Effects => {
                (None, valued(&x_axis.label, &(number(s.x) + &interval)))
            }
            PanelKind::Region => (Some(on(x_axis, s.x)), on(y_axis, s.y)),
            _ => (Some(on(x_axis, s.x)), valued(&y_axis.label, &(number(s.y) + &interval))),
        };
        let place = place.map_or(String::new(), |place| format!("{place} · "));
        format!("{}\n{place}{value}{}", trace.name, seeds(s.n))
    };
    let spots = whole(plot.panel.kind, &trace.spots);
    spots.iter().filter_map(|s| point(plot, (s.x, s.y), text(s))).collect()
}

/// The spots of a trace; of stairs the middle of each step.
fn whole(kind: PanelKind, spots: &[Spot]) -> Vec<Spot> {
    if kind != PanelKind::Density || spots.iter().all(|s| s.x.fract() == 0.0) {
        return spots.to_vec();
    }
    spots.iter().step_by(2).map(|s| Spot { x: s.x + 0.5, ..s.clone() }).collect()
}

fn of_tile(plot: &Plot<'_>, tile: &Tile) -> Option<HoverPoint> {
    let (x, y) = (on(&plot.panel.x, tile.x), on(&plot.panel.y, tile.y));
    let what = if plot.panel.kind == PanelKind::Region { "lead" } else { "effect" };
    let value = match interval(tile.low, tile.high) {
        none if none.is_empty() => String::new(),
        interval => format!(" · {what} {}{interval}", number(tile.value)),
    };
    let text = format!("{}{value}{}\n{x} · {y}", tile.line, seeds(tile.n));
    point(plot, (tile.x, tile.y), text)
}

/// Marked values of y and labelled points.
fn of_marks(plot: &Plot<'_>) -> Vec<HoverPoint> {
    let (x_axis, y_axis) = (&plot.panel.x, &plot.panel.y);
    let rules = plot.panel.rules.iter().filter(|r| !r.of_x);
    let rules = rules.filter_map(|r| {
        point(plot, (plot.x.high, r.value), format!("{}\n{}", r.label, on(y_axis, r.value)))
    });
    let labelled = plot.panel.points.iter().filter_map(|p| {
        let text = format!("{}\n{} · {}", p.label, on(x_axis, p.x), on(y_axis, p.y));
        point(plot, (p.x, p.y), text)
    });
    rules.chain(labelled).collect()
}

/// A value of an axis with the axis's words: `step 64`; where values have names, the name.
fn on(axis: &Axis, value: f64) -> String {
    let slot = axis.slots.iter().position(|slot| *slot == value);
    let name = slot.or((axis.slots.is_empty()).then_some(value as usize));
    let name = name.and_then(|i| axis.categories.get(i)).cloned();
    valued(&axis.label, &name.unwrap_or_else(|| number(value)))
}

fn interval(low: f64, high: f64) -> String {
    if high > low { format!(" [{}, {}]", number(low), number(high)) } else { String::new() }
}

fn seeds(n: usize) -> String {
    if n > 0 { format!(" · n = {n}") } else { String::new() }
}
