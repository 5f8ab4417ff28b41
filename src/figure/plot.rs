//! Data inside a frame: bands, lines, markers, intervals, rules and labels of points.

use super::axes::{Frame, Plot};
use super::content::{Bars, Markers, Spot, Trace};
use super::label::{Room, beside};
use super::scene::{Dash, Place, Scene, Shape, Text};
use super::style::{Look, Marker};
use super::theme::{Rgb, Theme};
use super::{points, rules, tiles};
use crate::scenario::PanelKind;

/// Opacity of a band.
const BAND: f64 = 0.18;

/// Draws everything of a panel that lies inside its frame.
pub(crate) fn draw(plot: &Plot<'_>, scene: &mut Scene, theme: &Theme) {
    let traces = &plot.panel.traces;
    for trace in traces {
        area(plot, trace, scene, theme);
    }
    tiles::fill(plot, scene, theme);
    let mut taken = rules::draw(plot, scene, theme);
    for trace in traces {
        singles(plot, trace, scene, theme);
    }
    for (k, trace) in traces.iter().enumerate() {
        line(plot, trace, scene, theme);
        bars(plot, (k, trace), scene, theme);
    }
    for (k, trace) in traces.iter().enumerate() {
        markers(plot, trace, (k, traces.len()), scene, theme);
    }
    taken.extend(point_labels(plot, scene, theme));
    points::draw(plot, taken, scene, theme);
}

/// The places of some values.
pub(crate) fn places(plot: &Plot<'_>, points: impl Iterator<Item = (f64, f64)>) -> Vec<Place> {
    points.filter_map(|(x, y)| plot.at(x, y)).collect()
}

pub(crate) fn clamped(frame: &Frame, (x, y): Place) -> Place {
    (x.clamp(frame.left, frame.right), y.clamp(frame.top, frame.bottom))
}

/// The band of a trace, or its filled area.
fn area(plot: &Plot<'_>, trace: &Trace, scene: &mut Scene, theme: &Theme) {
    let colour = theme.legible(trace.look.on(theme));
    let spots = || trace.spots.iter();
    let (upper, lower, alpha): (Vec<Place>, Vec<Place>, f64) = if trace.manner.band {
        let high = places(plot, spots().map(|s| (s.x, s.high)));
        let low = places(plot, spots().rev().map(|s| (s.x, s.low.max(floor(plot)))));
        (high, low, BAND)
    } else if trace.manner.fill {
        let base = plot.y.low.max(0.0);
        (
            places(plot, spots().map(|s| (s.x, s.y))),
            places(plot, spots().rev().map(|s| (s.x, base))),
            0.3,
        )
    } else {
        return;
    };
    let outline: Vec<Place> =
        upper.into_iter().chain(lower).map(|p| clamped(&plot.frame, p)).collect();
    scene.area(outline, colour, alpha);
}

/// The least y that has a place.
fn floor(plot: &Plot<'_>) -> f64 {
    if plot.y.log { plot.y.low } else { f64::NEG_INFINITY }
}

fn singles(plot: &Plot<'_>, trace: &Trace, scene: &mut Scene, theme: &Theme) {
    let colour = theme.legible(trace.look.on(theme)).mix(theme.paper, 0.5);
    for single in &trace.singles {
        let points = places(plot, single.iter().copied());
        if let [point] = points[..] {
            scene.area(marker(point, Marker::Circle, 0.6 * theme.marker), colour, 1.0);
        }
        for piece in inside(&points, &plot.frame) {
            scene.line(piece, colour, 0.35 * theme.line, trace.look.dash);
        }
    }
}

fn line(plot: &Plot<'_>, trace: &Trace, scene: &mut Scene, theme: &Theme) {
    if !trace.manner.line {
        return;
    }
    let width = if trace.manner.thin { 0.65 * theme.line } else { theme.line };
    let points = places(plot, trace.spots.iter().map(|s| (s.x, s.y)));
    for piece in inside(&points, &plot.frame) {
        scene.line(piece, theme.legible(trace.look.on(theme)), width, trace.look.dash);
    }
}

fn bars(plot: &Plot<'_>, (k, trace): (usize, &Trace), scene: &mut Scene, theme: &Theme) {
    let level = trace.manner.bars == Bars::Level;
    if trace.manner.bars == Bars::None {
        return;
    }
    for (i, s) in trace.spots.iter().enumerate().filter(|(_, s)| s.high > s.low) {
        let ends = if level {
            [(s.low, s.y), (s.high, s.y)]
        } else {
            [(s.x, s.low.max(floor(plot))), (s.x, s.high)]
        };
        let mut points = places(plot, ends.into_iter());
        points.iter_mut().for_each(|p| p.0 += in_row(plot, (k, i), theme).0);
        let width = if level { 0.9 * theme.line } else { 0.6 * theme.line };
        for piece in inside(&points, &plot.frame) {
            scene.line(piece, theme.legible(trace.look.on(theme)), width, Dash::Solid);
        }
    }
}

/// Where the marker of a trace's spot stands beside its place, and its radius: markers of a sweep
/// that would hide each other stand in a row, and shrink where there is little room up to the next
/// value.
fn in_row(plot: &Plot<'_>, (k, i): (usize, usize), theme: &Theme) -> (f64, f64) {
    let traces = &plot.panel.traces;
    let own = &traces[k].spots[i];
    let alone = (0.0, radius(plot, theme));
    let Some(at) = plot.at(own.x, own.y).filter(|_| plot.panel.kind == PanelKind::Sweep) else {
        return alone;
    };
    let hides = |t: &Trace| {
        let here = t.spots.iter().filter(|s| s.x == own.x && t.manner.markers == Markers::All);
        let places = here.filter_map(|s| plot.at(s.x, s.y));
        places.map(|p| (p.1 - at.1).abs()).any(|away| away < 0.9 * theme.marker)
    };
    let row: Vec<usize> = (0..traces.len()).filter(|&j| j == k || hides(&traces[j])).collect();
    if row.len() == 1 {
        return alone;
    }
    let xs = traces.iter().flat_map(|t| &t.spots).filter(|s| s.x != own.x);
    let gap = xs.filter_map(|s| plot.at(s.x, s.y)).map(|p| (p.0 - at.0).abs());
    // A row ends before the next value and before the frame.
    let f = plot.frame;
    let edge = (at.0 - f.left).min(f.right - at.0).max(1.5 * theme.marker);
    let room = (0.75 * gap.fold(f64::INFINITY, f64::min)).min(2.0 * edge) / row.len() as f64;
    let each = (1.9 * theme.marker).min(room);
    let place = row.iter().position(|&j| j == k).unwrap_or(0) as f64;
    let shift = (place - (row.len() - 1) as f64 / 2.0) * each;
    (shift, (each / 1.8).clamp(0.55 * theme.marker, theme.marker))
}

/// The places of a trace that get a marker; sparse ones are staggered from trace to trace.
fn marked(plot: &Plot<'_>, trace: &Trace, (k, of): (usize, usize)) -> Vec<usize> {
    let n = trace.spots.len();
    match trace.manner.markers {
        Markers::None => Vec::new(),
        Markers::All | Markers::Rings => (0..n).collect(),
        Markers::End => n.checked_sub(1).into_iter().collect(),
        Markers::Sparse => {
            let along = |s: &Spot| plot.x.place(s.x).unwrap_or(0.0);
            let (low, high) =
                super::select::ends(&trace.spots.iter().map(along).collect::<Vec<_>>());
            let at = |j: usize| {
                low + (high - low) * (j as f64 + (k as f64 + 0.5) / of.max(1) as f64) / 4.0
            };
            let nearest = |x: f64| {
                (0..n).min_by(|&a, &b| {
                    let away = |i: usize| (along(&trace.spots[i]) - x).abs();
                    away(a).total_cmp(&away(b))
                })
            };
            let mut chosen: Vec<usize> = (0..4).filter_map(|j| nearest(at(j))).collect();
            chosen.dedup();
            chosen
        }
    }
}

fn markers(
    plot: &Plot<'_>,
    trace: &Trace,
    (k, of): (usize, usize),
    scene: &mut Scene,
    theme: &Theme,
) {
    let colour = theme.legible(trace.look.on(theme));
    let rings = trace.manner.markers == Markers::Rings;
    for i in marked(plot, trace, (k, of)) {
        let s = &trace.spots[i];
        let Some(at) = plot.at(s.x, s.y).filter(|p| clamped(&plot.frame, *p) == *p) else {
            continue;
        };
        let (shift, radius) = in_row(plot, (k, i), theme);
        let at = (at.0 + shift, at.1);
        let bare = plot.panel.kind == PanelKind::Region || trace.manner.bars != Bars::None;
        let halo = if bare { 0.0 } else { 0.28 * theme.marker };
        scene.area(marker(at, trace.look.marker, radius + halo), theme.paper, 1.0);
        scene.area(marker(at, trace.look.marker, radius), colour, 1.0);
        if rings {
            scene.area(marker(at, trace.look.marker, 0.68 * radius), theme.paper, 1.0);
        }
    }
}

/// Markers of a region fill their slots; others have one size.
pub(crate) fn radius(plot: &Plot<'_>, theme: &Theme) -> f64 {
    if plot.panel.kind != PanelKind::Region {
        return theme.marker;
    }
    let f = plot.frame;
    let count =
        |axis: &super::content::Axis| axis.at.len().max(axis.categories.len()).max(2) as f64;
    let slot =
        ((f.right - f.left) / count(&plot.panel.x)).min((f.bottom - f.top) / count(&plot.panel.y));
    (0.3 * slot).clamp(theme.marker, 2.4 * theme.marker)
}

/// The outline of a marker.
pub(crate) fn marker((x, y): Place, marker: Marker, r: f64) -> Vec<Place> {
    let polygon =
        |corners: &[(f64, f64)]| corners.iter().map(|(dx, dy)| (x + r * dx, y + r * dy)).collect();
    match marker {
        Marker::Circle => {
            let corner = |k: usize| (k as f64 * std::f64::consts::TAU / 24.0).sin_cos();
            polygon(&(0..24).map(corner).collect::<Vec<_>>())
        }
        Marker::Square => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        Marker::Diamond => polygon(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        Marker::Triangle => polygon(&[(0.0, -1.25), (1.15, 0.85), (-1.15, 0.85)]),
        Marker::Wedge => polygon(&[(0.0, 1.25), (1.15, -0.85), (-1.15, -0.85)]),
    }
}

/// A line with its marker, as a legend shows it.
pub(crate) fn sample(trace: &Trace, at: Place, length: f64, scene: &mut Scene, theme: &Theme) {
    let Look { dash, marker: shape, .. } = trace.look;
    let colour = theme.legible(trace.look.on(theme));
    let (x, y) = at;
    if trace.manner.fill {
        let (up, down) = (y - 0.35 * theme.text, y + 0.35 * theme.text);
        scene.area(vec![(x, up), (x + length, up), (x + length, down), (x, down)], colour, 0.3);
    } else if trace.manner.line {
        let width = if trace.manner.thin { 0.65 * theme.line } else { theme.line };
        scene.line(vec![(x, y), (x + length, y)], colour, width, dash);
    }
    if let Some(share) = trace.manner.swatch {
        return tiles::sample(trace, share, (at, length), scene, theme);
    }
    if !matches!(trace.manner.markers, Markers::None) {
        let middle = (x + length / 2.0, y);
        scene.area(marker(middle, shape, 1.28 * theme.marker), theme.paper, 1.0);
        scene.area(marker(middle, shape, theme.marker), colour, 1.0);
        if trace.manner.markers == Markers::Rings {
            scene.area(marker(middle, shape, 0.62 * theme.marker), theme.paper, 1.0);
        }
    }
}

/// The rooms along the pieces between places.
pub(crate) fn rooms_along(points: &[Place], theme: &Theme) -> Vec<Room> {
    let r = 0.6 * theme.line;
    let between = |piece: &[Place], t: f64| {
        (piece[0].0 + (piece[1].0 - piece[0].0) * t, piece[0].1 + (piece[1].1 - piece[0].1) * t)
    };
    let along = |piece: &[Place]| {
        let places = (1..24).map(|k| between(piece, f64::from(k) / 24.0));
        places.map(|p| [p.0 - r, p.1 - r, p.0 + r, p.1 + r]).collect::<Vec<Room>>()
    };
    points.windows(2).flat_map(along).collect()
}

/// Labels of single points, each on a free side of its point, or not at all; returns their rooms.
fn point_labels(plot: &Plot<'_>, scene: &mut Scene, theme: &Theme) -> Vec<Room> {
    let f = plot.frame;
    let around = 1.0 * theme.marker;
    let room = |p: Place, r: f64| [p.0 - r, p.1 - r, p.0 + r, p.1 + r];
    let (mut taken, mut labels): (Vec<Room>, Vec<Room>) = Default::default();
    for trace in &plot.panel.traces {
        let points = places(plot, trace.spots.iter().map(|s| (s.x, s.y)));
        taken.extend(points.iter().map(|&p| room(p, around)));
        taken.extend(rooms_along(&points, theme));
        if trace.manner.bars == Bars::Upright {
            let bar = |s: &Spot| places(plot, [(s.x, s.low), (s.x, s.high)].into_iter());
            taken.extend(trace.spots.iter().flat_map(|s| rooms_along(&bar(s), theme)));
        }
    }
    let right = (f.right + 2.0 * theme.tick).min(theme.width - 0.5 * theme.margin);
    let bounds = [f.left, f.top - theme.tick, right, f.bottom];
    for trace in &plot.panel.traces {
        for s in trace.spots.iter().filter(|s| !s.label.is_empty()) {
            let Some(at) = plot.at(s.x, s.y) else { continue };
            let text =
                Text::new((0.0, 0.0), &s.label, theme.tick, theme.readable(trace.look.on(theme)));
            let size = (text.width(), 0.9 * theme.tick);
            if let Some(free) = beside(at, size, 1.25 * theme.marker, &taken, &bounds) {
                scene
                    .shapes
                    .push(Shape::Text(Text { at: (free[0], free[3] - 0.14 * theme.tick), ..text }));
                taken.push(free);
                labels.push(free);
            }
        }
    }
    labels
}

/// The pieces of a line inside a frame.
fn inside(points: &[Place], frame: &Frame) -> Vec<Vec<Place>> {
    let mut pieces: Vec<Vec<Place>> = Vec::new();
    for pair in points.windows(2) {
        let Some((a, b)) = clip(pair[0], pair[1], frame) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&a) => piece.push(b),
            _ => pieces.push(vec![a, b]),
        }
    }
    pieces
}

/// The part of a segment inside a frame (Liang and Barsky, 1984).
fn clip(a: Place, b: Place, f: &Frame) -> Option<(Place, Place)> {
    const SLACK: f64 = 1e-6;
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let edges = [
        (-dx, a.0 - f.left + SLACK),
        (dx, f.right - a.0 + SLACK),
        (-dy, a.1 - f.top + SLACK),
        (dy, f.bottom - a.1 + SLACK),
    ];
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for (p, q) in edges {
        if p == 0.0 && q < 0.0 {
            return None;
        } else if p < 0.0 {
            from = from.max(q / p);
        } else if p > 0.0 {
            to = to.min(q / p);
        }
    }
    let at = |t: f64| {
        if t == 0.0 {
            a
        } else if t == 1.0 {
            b
        } else {
            (a.0 + dx * t, a.1 + dy * t)
        }
    };
    (from <= to).then(|| (at(from), at(to)))
}

/// The colour of text that names a trace.
pub(crate) fn text_colour(trace: &Trace, theme: &Theme) -> Rgb {
    theme.readable(trace.look.on(theme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_the_frame() {
        let frame = Frame { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        let pieces =
            inside(&[(-5.0, 5.0), (5.0, 5.0), (5.0, 15.0), (8.0, 15.0), (8.0, 5.0)], &frame);
        let last = |v: &Vec<Place>| v.last().copied();
        assert_eq!(pieces.len(), 2);
        assert!(
            (pieces[0][0].0).abs() < 1e-5
                && (last(&pieces[0]).expect("a corner").1 - 10.0).abs() < 1e-5
        );
        assert!((pieces[1][0].1 - 10.0).abs() < 1e-5);
    }
}
