//! Tiles of a map over two swept keys: their fill, and what is written inside.

use super::axes::Plot;
use super::content::{Markers, Tile, Trace};
use super::label::{Room, corners, overlap};
use super::plot::marker;
use super::scene::{Anchor, Dash, Place, Scene, Shape, Text};
use super::theme::{Rgb, Theme};

/// What is written in a tile.
pub(crate) struct Inscription {
    /// The room that it takes.
    pub(crate) room: Room,
    /// Marker and text.
    pub(crate) shapes: Vec<Shape>,
}

/// The room of a tile, a hair apart from its neighbours.
fn room_of(plot: &Plot<'_>, tile: &Tile, theme: &Theme) -> Option<Room> {
    let (x, y) = plot.at(tile.x, tile.y)?;
    let (w, h) = size(plot, theme);
    Some([x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0])
}

/// Width and height of every tile.
fn size(plot: &Plot<'_>, theme: &Theme) -> Place {
    let f = plot.frame;
    let count = |axis: &super::content::Axis| axis.slots.len().max(1) as f64;
    let (w, h) =
        ((f.right - f.left) / count(&plot.panel.x), (f.bottom - f.top) / count(&plot.panel.y));
    (w - 1.2 * theme.hair, h - 1.2 * theme.hair)
}

/// The colour of a tile on its paper.
fn colour(tile: &Tile, theme: &Theme) -> Rgb {
    tile.fill.map_or(theme.paper, |(colour, share)| theme.paper.mix(colour, share))
}

/// Draws the tiles without what is written inside.
pub(crate) fn fill(plot: &Plot<'_>, scene: &mut Scene, theme: &Theme) {
    for tile in &plot.panel.tiles {
        let Some(room) = room_of(plot, tile, theme) else { continue };
        scene.area(corners(room), colour(tile, theme), 1.0);
        if tile.fill.is_none() {
            hatch(room, scene, theme);
        }
    }
}

/// Diagonal lines across an empty tile.
fn hatch([left, top, right, bottom]: Room, scene: &mut Scene, theme: &Theme) {
    let (w, h) = (right - left, bottom - top);
    let each = (0.8 * theme.tick).max((w + h) / 12.0);
    let ink = theme.muted.mix(theme.paper, 0.55);
    for k in 1..((w + h) / each).ceil() as usize {
        let along = k as f64 * each;
        let (from, to) = (along.min(w), along.min(h));
        let ends = [(left + from, top + along - from), (left + along - to, top + to)];
        if along - from <= h && along - to <= w {
            scene.line(ends.to_vec(), ink, theme.hair, Dash::Solid);
        }
    }
    let mut frame = corners([left, top, right, bottom]);
    frame.push(frame[0]);
    scene.line(frame, ink, theme.hair, Dash::Solid);
}

/// The size of a tile's text: a single sign stands alone and may be larger.
fn em(tile: &Tile, theme: &Theme) -> f64 {
    if tile.text.chars().count() == 1 { 1.6 * theme.tick } else { theme.tick }
}

/// How marker and text share a tile.
#[derive(Clone, Copy, PartialEq)]
enum Arrangement {
    Beside,
    Stacked,
    TextOnly,
    MarkerOnly,
}

/// How short a number is written.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// `0.016`.
    Full,
    /// `.016`.
    Compact,
    /// `.016`, and `<.001` for all that is less.
    Brief,
}

/// One way to write in all tiles of a panel.
#[derive(Clone, Copy)]
struct Manner {
    arrangement: Arrangement,
    form: Form,
}

const fn manner(arrangement: Arrangement, form: Form) -> Manner {
    Manner { arrangement, form }
}

/// From the best to the least.
const MANNERS: [Manner; 8] = [
    manner(Arrangement::Beside, Form::Full),
    manner(Arrangement::Beside, Form::Compact),
    manner(Arrangement::Beside, Form::Brief),
    manner(Arrangement::Stacked, Form::Full),
    manner(Arrangement::Stacked, Form::Compact),
    manner(Arrangement::Stacked, Form::Brief),
    manner(Arrangement::TextOnly, Form::Brief),
    manner(Arrangement::MarkerOnly, Form::Brief),
];

impl Manner {
    fn text(self, tile: &Tile) -> String {
        let short = || tile.text.strip_prefix('0').filter(|rest| rest.starts_with('.'));
        match self.form {
            _ if self.arrangement == Arrangement::MarkerOnly && tile.marker.is_some() => {
                String::new()
            }
            Form::Brief if tile.marker.is_some() && tile.value < 1e-3 => "<.001".to_owned(),
            Form::Compact | Form::Brief => short().unwrap_or(&tile.text).to_owned(),
            Form::Full => tile.text.clone(),
        }
    }

    fn has_marker(self, tile: &Tile) -> bool {
        tile.marker.is_some() && self.arrangement != Arrangement::TextOnly
    }

    /// Width and height of what is written.
    fn size(self, tile: &Tile, theme: &Theme) -> Place {
        let em = em(tile, theme);
        let text = Text::new((0.0, 0.0), &self.text(tile), em, theme.ink).width();
        let disc = if self.has_marker(tile) { 2.0 * theme.marker } else { 0.0 };
        let gap = if disc > 0.0 && text > 0.0 { 0.35 * theme.tick } else { 0.0 };
        match self.arrangement {
            Arrangement::Stacked => (text.max(disc), 0.8 * em + disc + gap),
            _ => (text + disc + gap, (0.8 * em).max(disc)),
        }
    }

    /// Marker and text with their upper left corner at a place.
    fn shapes(self, tile: &Tile, (x, y): Place, theme: &Theme) -> Vec<Shape> {
        let (w, h) = self.size(tile, theme);
        let (ink, em) = (ink_on(colour(tile, theme), theme), em(tile, theme));
        let mut shapes = Vec::new();
        let stacked = self.arrangement == Arrangement::Stacked;
        if let Some(kind) = tile.marker.filter(|_| self.has_marker(tile)) {
            let r = theme.marker;
            let at = if stacked { (x + w / 2.0, y + r) } else { (x + r, y + h / 2.0) };
            shapes.push(Shape::Area {
                points: marker(at, kind, 0.85 * r),
                colour: ink,
                alpha: 1.0,
            });
        }
        let text = self.text(tile);
        let at = if stacked {
            (x + w / 2.0, y + h - 0.04 * em)
        } else {
            (x + w, y + h / 2.0 + 0.36 * em)
        };
        let anchor = if stacked { Anchor::Middle } else { Anchor::End };
        if !text.is_empty() {
            shapes.push(Shape::Text(Text::new(at, &text, em, ink).anchored(anchor)));
        }
        shapes
    }
}

/// What is written in the tiles, all in one manner, beside whatever is there already.
pub(crate) fn inscriptions(plot: &Plot<'_>, taken: &[Room], theme: &Theme) -> Vec<Inscription> {
    let (wide, high) = size(plot, theme);
    let fits = |manner: Manner, tile: &Tile| {
        let (w, h) = manner.size(tile, theme);
        w <= wide - 0.4 * theme.tick && h <= high - 0.2 * theme.tick
    };
    let tiles = &plot.panel.tiles;
    let manner = MANNERS.into_iter().find(|manner| tiles.iter().all(|tile| fits(*manner, tile)));
    let Some(manner) = manner else { return Vec::new() };
    tiles
        .iter()
        .filter_map(|tile| {
            let room = room_of(plot, tile, theme)?;
            let at = free(room, manner.size(tile, theme), taken, theme)?;
            Some(Inscription {
                room: [at[0], at[1], at[2], at[3]],
                shapes: manner.shapes(tile, (at[0], at[1]), theme),
            })
        })
        .collect()
}

/// A room of `size` in a tile: in its middle, below, above or beside it.
fn free(tile: Room, size: Place, taken: &[Room], theme: &Theme) -> Option<Room> {
    let margin = 0.15 * theme.tick;
    let at = |(tx, ty): Place| {
        let spare = |low: f64, high: f64, length: f64| high - low - length - 2.0 * margin;
        let left = tile[0] + margin + tx * spare(tile[0], tile[2], size.0);
        let top = tile[1] + margin + ty * spare(tile[1], tile[3], size.1);
        [left, top, left + size.0, top + size.1]
    };
    let corners =
        [(0.5, 0.5), (0.5, 1.0), (0.5, 0.0), (1.0, 0.5), (0.0, 0.5), (1.0, 1.0), (0.0, 0.0)];
    corners.into_iter().map(at).find(|room| !taken.iter().any(|other| overlap(room, other)))
}

/// The colour of tiles in a legend, with the marker or the text that they bear.
pub(crate) fn sample(
    trace: &Trace,
    share: u8,
    ((x, y), length): (Place, f64),
    scene: &mut Scene,
    theme: &Theme,
) {
    let half = 0.62 * theme.text;
    let colour = theme.paper.mix(trace.look.colour, f64::from(share) / 100.0);
    let mut outline = corners([x, y - half, x + length, y + half]);
    scene.area(outline.clone(), colour, 1.0);
    if colour.contrast(theme.paper) < 1.5 {
        outline.push(outline[0]);
        scene.line(outline, theme.muted, theme.hair, Dash::Solid);
    }
    let ink = ink_on(colour, theme);
    let middle = x + length / 2.0;
    if trace.manner.markers != Markers::None {
        scene.area(marker((middle, y), trace.look.marker, 0.85 * theme.marker), ink, 1.0);
    }
    let at = (middle, y + 0.36 * theme.tick);
    scene.text(Text::new(at, &trace.short, theme.tick, ink).anchored(Anchor::Middle));
}

/// Ink or paper, whichever can be read on a colour.
fn ink_on(colour: Rgb, theme: &Theme) -> Rgb {
    let dark = theme.ink.contrast(colour) >= theme.paper.contrast(colour);
    if dark { theme.ink } else { theme.paper }
}
