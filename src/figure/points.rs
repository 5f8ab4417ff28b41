//! Labelled points, and what is written in tiles: neither stands on the other.

use super::axes::Plot;
use super::content::Markers;
use super::label::{Room, beside, corners, overlap};
use super::plot::{clamped, marker, places, radius, rooms_along};
use super::scene::{Dash, Place, Scene, Text};
use super::style::Marker;
use super::theme::Theme;
use super::tiles::inscriptions;

/// A point with its label, once it has a room.
struct Pin<'a> {
    at: Place,
    label: &'a str,
    room: Option<Room>,
}

/// Draws labelled points as hollow markers, and the inscriptions of tiles around them; `taken` are
/// the rooms of other labels.
pub(crate) fn draw(plot: &Plot<'_>, mut taken: Vec<Room>, scene: &mut Scene, theme: &Theme) {
    let radius = 1.5 * theme.marker;
    let around = |p: Place| {
        let r = radius + 0.6 * theme.line;
        [p.0 - r, p.1 - r, p.0 + r, p.1 + r]
    };
    let inside = |p: &Place| clamped(&plot.frame, *p) == *p;
    let points = plot.panel.points.iter();
    let mut pins: Vec<Pin<'_>> = points
        .filter_map(|p| Some((plot.at(p.x, p.y).filter(inside)?, p.label.as_str())))
        .map(|(at, label)| Pin { at, label, room: None })
        .collect();
    let rings: Vec<Room> = pins.iter().map(|pin| around(pin.at)).collect();
    if !pins.is_empty() {
        taken.extend(rooms_of_data(plot, theme));
        taken.extend(&rings);
    }
    // Labels keep off what is written in other tiles; what is written in theirs moves.
    let mut others: Vec<Room> =
        inscriptions(plot, &[], theme).into_iter().map(|w| w.room).collect();
    others.retain(|room| !rings.iter().any(|ring| overlap(ring, room)));
    for pin in &mut pins {
        pin.room = place(plot, pin, &taken, &others, theme);
        taken.extend(pin.room);
    }
    let leaders = pins.iter().filter_map(|pin| leader(pin, radius, theme));
    let leaders = leaders.flat_map(|ends| rooms_along(&ends, theme));
    let kept: Vec<Room> =
        rings.into_iter().chain(pins.iter().filter_map(|pin| pin.room)).chain(leaders).collect();
    let written = inscriptions(plot, &kept, theme);
    scene.shapes.extend(written.into_iter().flat_map(|w| w.shapes));
    for pin in &pins {
        ring(pin.at, radius, scene, theme);
    }
    for pin in &pins {
        label(pin, radius, scene, theme);
    }
}

/// The rooms of lines and markers.
fn rooms_of_data(plot: &Plot<'_>, theme: &Theme) -> Vec<Room> {
    let r = radius(plot, theme);
    let mut taken = Vec::new();
    for trace in &plot.panel.traces {
        let points = places(plot, trace.spots.iter().map(|s| (s.x, s.y)));
        if trace.manner.line {
            taken.extend(rooms_along(&points, theme));
        }
        if trace.manner.markers != Markers::None {
            taken.extend(points.iter().map(|p| [p.0 - r, p.1 - r, p.0 + r, p.1 + r]));
        }
    }
    taken
}

/// The white space around a label.
fn padding(theme: &Theme) -> f64 {
    0.22 * theme.tick
}

/// The free room nearest to a point; where there is none, one that only inscriptions share, which
/// then give way.
fn place(
    plot: &Plot<'_>,
    pin: &Pin<'_>,
    taken: &[Room],
    written: &[Room],
    theme: &Theme,
) -> Option<Room> {
    let f = plot.frame;
    let text = Text::new((0.0, 0.0), pin.label, theme.tick, theme.ink);
    let pad = padding(theme);
    let size = (text.width() + 2.0 * pad, 0.95 * theme.tick + 2.0 * pad);
    let inside = [f.left, f.top, f.right, f.bottom];
    let near = |taken: &[Room]| {
        let gaps = [2.2, 3.0, 4.0, 5.5, 7.0, 9.0, 12.0, 16.0].map(|k| k * theme.marker);
        gaps.into_iter().find_map(|gap| beside(pin.at, size, gap, taken, &inside))
    };
    let all: Vec<Room> = taken.iter().chain(written).copied().collect();
    near(&all).or_else(|| near(taken))
}

/// A hollow marker with a halo.
fn ring(at: Place, radius: f64, scene: &mut Scene, theme: &Theme) {
    let mut circle = marker(at, Marker::Circle, radius);
    circle.push(circle[0]);
    scene.line(circle.clone(), theme.paper, 1.7 * theme.line, Dash::Solid);
    scene.line(circle, theme.ink, 0.8 * theme.line, Dash::Solid);
}

/// The line from a point to a label that lies apart from it.
fn leader(pin: &Pin<'_>, radius: f64, theme: &Theme) -> Option<[Place; 2]> {
    let ([left, top, right, bottom], (x, y)) = (pin.room?, pin.at);
    let near = (x.clamp(left, right), y.clamp(top, bottom));
    let away = (near.0 - x).hypot(near.1 - y);
    let share = (radius + 0.4 * theme.line) / away;
    let edge = (x + (near.0 - x) * share, y + (near.1 - y) * share);
    (away > 2.5 * radius).then_some([edge, near])
}

/// A label on its plate, with its leader.
fn label(pin: &Pin<'_>, radius: f64, scene: &mut Scene, theme: &Theme) {
    let Some(room) = pin.room else { return };
    if let Some(ends) = leader(pin, radius, theme) {
        scene.line(ends.to_vec(), theme.paper, 3.0 * theme.hair, Dash::Solid);
        scene.line(ends.to_vec(), theme.ink, theme.hair, Dash::Solid);
    }
    scene.area(corners(room), theme.paper, 0.86);
    let ([left, .., bottom], pad) = (room, padding(theme));
    let baseline = (left + pad, bottom - pad - 0.18 * theme.tick);
    scene.text(Text::new(baseline, pin.label, theme.tick, theme.ink));
}
