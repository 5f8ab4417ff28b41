//! Legends, in the figure's order: one for all panels, or one for each.

use super::content::{Markers, Panel, Trace};
use super::font;
use super::plot::sample;
use super::scene::{Place, Scene, Text};
use super::theme::Theme;
use std::collections::BTreeSet;

/// The entries of a legend in a grid.
#[derive(Debug, Clone, Default)]
pub(crate) struct Legend {
    entries: Vec<Trace>,
    /// Left edges of the columns, from the legend's.
    columns: Vec<f64>,
    /// The width of the grid.
    pub(crate) width: f64,
    /// The height of the grid; zero without entries.
    pub(crate) height: f64,
}

/// Height of a row in text sizes.
const ROW: f64 = 1.55;

impl Legend {
    /// The legend of some panels in a room so wide: every name once.
    pub(crate) fn new<'a>(
        panels: impl IntoIterator<Item = &'a Panel>,
        room: f64,
        theme: &Theme,
    ) -> Legend {
        let mut entries = entries(panels);
        shorten(&mut entries);
        // What all tiles have in common stands behind what tells them apart.
        entries.sort_by_key(|e| e.manner.swatch.is_some() && e.manner.markers == Markers::None);
        let mut columns = columns(&entries, room, theme);
        let width = (columns.pop().unwrap_or(0.0) - gap(theme)).max(0.0);
        let rows = entries.len().div_ceil(columns.len().max(1));
        Legend { entries, columns, width, height: rows as f64 * ROW * theme.text }
    }

    /// Draws the legend with its upper left corner at a place.
    pub(crate) fn draw(&self, (x, y): Place, scene: &mut Scene, theme: &Theme) {
        for (i, entry) in self.entries.iter().enumerate() {
            let left = x + self.columns[i % self.columns.len()];
            let baseline = y + ((i / self.columns.len()) as f64 * ROW + 0.9) * theme.text;
            sample(entry, (left, baseline - 0.33 * theme.text), sample_length(theme), scene, theme);
            let at = (left + sample_length(theme) + 0.6 * theme.text, baseline);
            scene.text(Text::new(at, &entry.name, theme.text, theme.ink));
        }
    }
}

/// Whether a legend of each panel says more than one of all: every panel shows lines of its own, or a look means one
/// thing here and another there.
pub(crate) fn are_apart(panels: &[Panel]) -> bool {
    let own: Vec<usize> = panels.iter().map(|panel| entries([panel]).len()).collect();
    let all = entries(panels);
    let alone = own.iter().all(|&n| n > 1) && all.len() == own.iter().sum::<usize>();
    let lines: Vec<&Trace> = all.iter().filter(|e| e.manner.swatch.is_none()).collect();
    let means_two = |(i, e): (usize, &&Trace)| lines[..i].iter().any(|other| other.look == e.look);
    own.len() > 1 && (alone || lines.iter().enumerate().any(means_two))
}

/// The lines of some panels, every name once.
fn entries<'a>(panels: impl IntoIterator<Item = &'a Panel>) -> Vec<Trace> {
    let mut entries: Vec<Trace> = Vec::new();
    for trace in panels.into_iter().filter(|p| !p.named).flat_map(|p| &p.traces) {
        if !entries.iter().any(|e| e.name == trace.name && e.look == trace.look) {
            entries.push(Trace { spots: Vec::new(), singles: Vec::new(), ..trace.clone() });
        }
    }
    entries
}

/// Leaves out what the titles of the panels say, where no two entries become the same.
fn shorten(entries: &mut [Trace]) {
    let is_short = |e: &Trace| e.manner.swatch.is_none() && !e.short.is_empty();
    let shorts: BTreeSet<&str> = entries.iter().map(|e| e.short.as_str()).collect();
    if shorts.len() == entries.len() && entries.iter().all(is_short) {
        entries.iter_mut().for_each(|e| e.name.clone_from(&e.short));
    }
}

/// Between two columns.
fn gap(theme: &Theme) -> f64 {
    1.6 * theme.text
}

/// The left edges of as many columns as there is room for, each as wide as its widest entry, and
/// where one more would begin.
fn columns(entries: &[Trace], room: f64, theme: &Theme) -> Vec<f64> {
    let gap = gap(theme);
    let around = sample_length(theme) + 0.6 * theme.text + gap;
    let widths: Vec<f64> =
        entries.iter().map(|e| font::width(&e.name, theme.text, false) + around).collect();
    let edges = |n: usize| -> Vec<f64> {
        let widest = |c: usize| widths.iter().skip(c).step_by(n).copied().fold(0.0, f64::max);
        let ends = (0..n).scan(0.0, |x, c| {
            *x += widest(c);
            Some(*x)
        });
        std::iter::once(0.0).chain(ends).collect()
    };
    let fits = |n: &usize| edges(*n).last().is_some_and(|end| *end <= room + gap);
    let most = (1..=entries.len()).rev().find(fits).unwrap_or(1);
    // Rows of the same length look better than a full one and a rest.
    let rows = entries.len().div_ceil(most).max(1);
    let even = entries.len().div_ceil(rows).max(1);
    let n = if fits(&even) { even } else { most };
    edges(n)
}

fn sample_length(theme: &Theme) -> f64 {
    2.6 * theme.text
}
