//! The names of lines at their ends.

use super::super::axes::Plot;
use super::super::content::{Markers, Panel, Trace};
use super::super::font;
use super::super::label::spread;
use super::super::plot::text_colour;
use super::super::scene::{Dash, Scene, Text};
use super::super::theme::{Rgb, Theme};
use super::{Names, Plan};
use crate::scenario::PanelKind;

impl<'a> Plan<'a> {
    /// The room that names at the ends of lines need.
    pub(super) fn right_room(&self, plot: &Plot<'_>, theme: &Theme) -> f64 {
        let names = self.end_names(plot, theme);
        let widest = names.iter().map(|n| font::width(&n.0, theme.text, false)).fold(0.0, f64::max);
        let tick = 0.9 * theme.tick;
        if names.is_empty() { tick } else { (widest + self.leader(theme)).max(tick) }
    }

    /// What is written at the right end: text, colour, and the value it belongs to.
    fn end_names(&self, plot: &Plot<'_>, theme: &Theme) -> Vec<(String, Rgb, f64, f64)> {
        let last =
            |t: &Trace| t.spots.last().map(|s| (t.short.clone(), text_colour(t, theme), s.x, s.y));
        let traces = plot
            .panel
            .traces
            .iter()
            .filter(|_| self.names == Names::Ends && !plot.panel.named)
            .filter_map(last);
        let rules = plot.panel.rules.iter().filter(|r| !r.of_x);
        traces.chain(rules.map(|r| (r.label.clone(), theme.muted, plot.x.high, r.value))).collect()
    }

    /// Whether names at the ends of lines are short enough, and near enough to their lines.
    pub(super) fn names_fit(&self, theme: &Theme) -> bool {
        let ends = |p: &Panel| {
            let one = p.traces.len() == 1 && self.plots.len() == 1;
            p.named
                || one
                || match p.kind {
                    PanelKind::Sweep => true,
                    PanelKind::Curves => p.traces.iter().all(|t| t.manner.markers != Markers::End),
                    _ => false,
                }
        };
        self.plots.iter().enumerate().all(|(i, plot)| {
            let room = self.slots[i % self.columns].1;
            let f = plot.frame;
            let near = self.places(plot, theme).is_some_and(|places| {
                places.iter().all(|(wanted, got)| (wanted - got).abs() <= 0.3 * (f.bottom - f.top))
            });
            ends(plot.panel) && near && self.right_room(plot, theme) <= 0.34 * room
        })
    }

    /// Where the names at the right end would like to be, and where they go.
    fn places(&self, plot: &Plot<'_>, theme: &Theme) -> Option<Vec<(f64, f64)>> {
        let f = plot.frame;
        let names = self.end_names(plot, theme);
        let wanted: Vec<f64> = names
            .iter()
            .enumerate()
            .map(|(k, n)| {
                let end = plot.at(n.2, n.3).map_or(f.bottom, |p| p.1.clamp(f.top, f.bottom));
                // Ends that the eye cannot tell apart keep the figure's order.
                (end / theme.line).round() * theme.line + 1e-3 * k as f64
            })
            .collect();
        let got = spread(
            &wanted,
            1.18 * theme.text,
            f.top - 0.6 * theme.text,
            f.bottom + 0.6 * theme.text,
        )?;
        Some(wanted.into_iter().zip(got).collect())
    }

    pub(super) fn draw_names(&self, plot: &Plot<'_>, scene: &mut Scene, theme: &Theme) {
        let f = plot.frame;
        let Some(places) = self.places(plot, theme) else { return };
        for ((text, colour, x, _), (from, to)) in
            self.end_names(plot, theme).into_iter().zip(places)
        {
            let end = plot.at(x, plot.y.low).map_or(f.right, |p| p.0.clamp(f.left, f.right));
            let start = f.right + self.leader(theme);
            if (from - to).abs() > 0.2 * theme.text || f.right - end > theme.text {
                let bent = f.right + 0.35 * self.leader(theme);
                let (pale, begin) =
                    (colour.mix(theme.paper, 0.45), end + 0.12 * self.leader(theme));
                // Where it runs through the panel it must not look like a curve.
                let edge = begin.max(f.right);
                if edge > begin {
                    scene.line(vec![(begin, from), (edge, from)], pale, theme.hair, Dash::Dotted);
                }
                let corners = vec![(edge, from), (bent, from), (start - 0.2 * theme.text, to)];
                scene.line(corners, pale, theme.hair, Dash::Solid);
            }
            scene.text(Text::new((start, to + 0.36 * theme.text), &text, theme.text, colour));
        }
    }

    /// Length of the line from a curve's end to its name.
    fn leader(&self, theme: &Theme) -> f64 {
        if self.names == Names::Ends { 1.35 * theme.text } else { 0.45 * theme.text }
    }
}
