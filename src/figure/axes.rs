//! The frame of a panel: ranges, ticks, axis lines and titles. No box, a faint horizontal grid.

use super::content::{Axis, Markers, Panel};
use super::font;
use super::scale::{Scale, linear_label};
use super::scene::{Anchor, Dash, Place, Scene, Text};
use super::select::ends;
use super::theme::Theme;
use crate::scenario::PanelKind;

/// The rectangle that data are drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Frame {
    /// Left edge.
    pub(crate) left: f64,
    /// Upper edge.
    pub(crate) top: f64,
    /// Right edge.
    pub(crate) right: f64,
    /// Lower edge.
    pub(crate) bottom: f64,
}

/// A panel with its scales, and which of its titles are shown.
#[derive(Debug, Clone)]
pub(crate) struct Plot<'a> {
    /// What is shown.
    pub(crate) panel: &'a Panel,
    /// The scale of x.
    pub(crate) x: Scale,
    /// The scale of y.
    pub(crate) y: Scale,
    /// Whether y runs down, as rows of a table do.
    pub(crate) down: bool,
    /// Whether the x-axis has its title.
    pub(crate) x_title: bool,
    /// Whether the y-axis has its title and tick labels.
    pub(crate) y_title: bool,
    /// Where data are drawn.
    pub(crate) frame: Frame,
}

/// The range of an axis that must hold some values.
pub(crate) fn range(axis: &Axis, values: &[f64], pad: bool) -> Scale {
    if !axis.slots.is_empty() {
        return Scale::slotted(&axis.slots);
    }
    if let Some([low, high]) = axis.range {
        return Scale::new(axis.log, low, high);
    }
    if !axis.categories.is_empty() {
        return Scale::new(false, -0.5, axis.categories.len() as f64 - 0.5);
    }
    let usable: Vec<f64> = values.iter().copied().filter(|v| !axis.log || *v > 0.0).collect();
    let (mut low, high) = ends(&usable);
    if !low.is_finite() {
        return Scale::new(axis.log, if axis.log { 0.1 } else { 0.0 }, 1.0);
    }
    let near_zero = low >= 0.0 && low < 0.3 * (high - low);
    if !axis.log && (axis.zero && low > 0.0 || near_zero) {
        low = 0.0;
    }
    let scale = Scale::new(axis.log, low, high);
    if axis.log && axis.zero {
        return scale.with_zero();
    }
    if !pad {
        return scale;
    }
    let wide = scale.padded(if axis.log { 0.06 } else { 0.05 });
    if axis.log {
        return wide;
    }
    Scale {
        low: if low >= 0.0 { wide.low.max(0.0).min(low) } else { wide.low },
        high: if high <= 1.0 && wide.high > 1.0 { 1.0 } else { wide.high },
        ..wide
    }
}

/// A linear scale that begins with zero, begun a little earlier where some values are nearly zero, so
/// that their markers do not stand on the axis.
fn off_zero(axis: &Axis, scale: Scale, values: &[f64]) -> Scale {
    let near = |v: &f64| (0.0..0.02 * scale.high).contains(v);
    let free = axis.range.is_none() && axis.slots.is_empty() && axis.categories.is_empty();
    if free && !scale.log && scale.low == 0.0 && values.iter().any(near) {
        return Scale { low: -0.03 * scale.high, ..scale };
    }
    scale
}

impl<'a> Plot<'a> {
    /// A panel on its own scales.
    pub(crate) fn new(panel: &'a Panel) -> Plot<'a> {
        let steps = panel.kind == PanelKind::Curves
            && panel.traces.iter().all(|t| t.manner.markers != Markers::End);
        let flush = steps || panel.kind == PanelKind::Density;
        let mut x = range(&panel.x, &panel.xs(), !flush);
        let spread = |s: &Scale| s.padded(0.06);
        if panel.kind == PanelKind::Sweep
            && !panel.x.log
            && panel.x.categories.is_empty()
            && panel.x.range.is_none()
        {
            let (low, high) = ends(&panel.xs());
            x = spread(&Scale::new(false, low, high));
        }
        let mut y = range(&panel.y, &panel.ys(), true);
        if panel.kind == PanelKind::Region {
            let grow = |axis: &Axis, s: Scale| {
                if axis.categories.is_empty() && axis.range.is_none() { spread(&s) } else { s }
            };
            (x, y) = (grow(&panel.x, x), grow(&panel.y, y));
        }
        if matches!(panel.kind, PanelKind::Sweep | PanelKind::Frontier) {
            y = off_zero(&panel.y, y, &panel.ys());
        }
        let down = matches!(panel.kind, PanelKind::Intervals | PanelKind::Effects);
        Plot { panel, x, y, down, x_title: true, y_title: true, frame: Frame::default() }
    }

    /// The place of a value on the page.
    pub(crate) fn at(&self, x: f64, y: f64) -> Option<Place> {
        let (tx, ty) = (self.x.place(x)?, self.y.place(y)?);
        let f = &self.frame;
        let ty = if self.down { 1.0 - ty } else { ty };
        Some((f.left + tx * (f.right - f.left), f.bottom - ty * (f.bottom - f.top)))
    }

    /// Ticks of the x-axis on so many points.
    fn x_ticks(&self, room: f64, theme: &Theme) -> Vec<(f64, String)> {
        let each = 4.3 * theme.tick;
        ticks(&self.panel.x, &self.x, ((room / each) as usize).clamp(3, 6))
    }

    /// Ticks of the y-axis on so many points.
    pub(crate) fn y_ticks(&self, room: f64, theme: &Theme) -> Vec<(f64, String)> {
        let target = ((room / (3.2 * theme.tick)) as usize).clamp(3, 6);
        let all = ticks(&self.panel.y, &self.y, target);
        if self.panel.y.slots.is_empty() {
            return all;
        }
        let every = (1.2 * theme.tick * all.len() as f64 / room.max(1.0)).ceil().max(1.0);
        all.into_iter().step_by(every as usize).collect()
    }

    /// The room that tick labels and the title of the y-axis need, on a frame so high.
    pub(crate) fn left_room(&self, height: f64, theme: &Theme) -> f64 {
        if !self.y_title {
            return 0.6 * theme.tick;
        }
        let labels = self.y_ticks(height, theme);
        let widest =
            labels.iter().map(|t| font::width(&t.1, theme.tick, false)).fold(0.0, f64::max);
        let lines = font::wrap(&self.panel.y.label, theme.text, false, height * 1.15).len();
        widest
            + 0.75 * theme.tick
            + lines as f64 * 1.25 * theme.text
            + if lines > 0 { 0.35 * theme.text } else { 0.0 }
    }

    /// The room that tick labels and the title of the x-axis need, on a frame so wide.
    pub(crate) fn bottom_room(&self, width: f64, theme: &Theme) -> f64 {
        let ticks = self.x_labels(width, theme).iter().map(|t| t.1.len()).max().unwrap_or(1);
        let lines = if self.x_title {
            font::wrap(&self.panel.x.label, theme.text, false, width * 1.1).len()
        } else {
            0
        };
        (0.8 + 1.15 * ticks as f64) * theme.tick
            + lines as f64 * 1.3 * theme.text
            + if lines > 0 { 0.25 * theme.text } else { 0.0 }
    }

    /// Tick labels of the x-axis in lines: names are wrapped, numbers that would collide left out.
    fn x_labels(&self, width: f64, theme: &Theme) -> Vec<(f64, Vec<String>)> {
        let names = self.panel.x.categories.len();
        let ticks = self.x_ticks(width, theme);
        if names > 0 {
            let slot = width / names as f64 - 0.5 * theme.tick;
            let wrap = |(x, t): &(f64, String)| (*x, font::wrap(t, theme.tick, false, slot));
            let wrapped: Vec<(f64, Vec<String>)> = ticks.iter().map(wrap).collect();
            let fits = |line: &String| font::width(line, theme.tick, false) <= slot;
            let tiled = !self.panel.x.slots.is_empty();
            if !tiled || wrapped.iter().flat_map(|(_, lines)| lines).all(fits) {
                return wrapped;
            }
        }
        let middle = |x: f64| self.x.place(x).unwrap_or(0.0) * width;
        let half = |t: &str| font::width(t, theme.tick, false) / 2.0 + 0.22 * theme.tick;
        let mut kept: Vec<(f64, String)> = Vec::new();
        // The ends first, then whatever has room between.
        let ends =
            ticks.iter().take(1).chain(ticks.last()).chain(ticks.get(1..).unwrap_or_default());
        for (x, text) in ends {
            let apart =
                |(y, t): &(f64, String)| (middle(*x) - middle(*y)).abs() > half(text) + half(t);
            if kept.iter().all(apart) {
                kept.push((*x, text.clone()));
            }
        }
        kept.sort_by(|a, b| a.0.total_cmp(&b.0));
        kept.into_iter().map(|(x, t)| (x, vec![t])).collect()
    }

    /// Draws axes, ticks, grid and titles.
    pub(crate) fn draw_axes(&self, scene: &mut Scene, theme: &Theme) {
        let f = self.frame;
        let rows = self.down;
        for (y, label) in self.y_ticks(f.bottom - f.top, theme) {
            let Some((_, at)) = self.at(self.x.low, y) else { continue };
            if !rows || self.panel.y.categories.is_empty() {
                if self.panel.y.slots.is_empty() {
                    let across = vec![(f.left, at), (f.right, at)];
                    scene.line(across, theme.faint, theme.hair, Dash::Solid);
                }
                scene.line(
                    vec![(f.left - 0.35 * theme.tick, at), (f.left, at)],
                    theme.muted,
                    theme.hair,
                    Dash::Solid,
                );
            }
            if self.y_title {
                let em = self.row_em(theme);
                let place = (f.left - 0.6 * theme.tick, at + 0.36 * em);
                let colour = if rows { theme.ink } else { theme.muted };
                scene.text(Text::new(place, &label, em, colour).anchored(Anchor::End));
            }
        }
        for (x, lines) in self.x_labels(f.right - f.left, theme) {
            let Some((at, _)) = self.at(x, self.y.low) else { continue };
            if rows {
                scene.line(vec![(at, f.top), (at, f.bottom)], theme.faint, theme.hair, Dash::Solid);
            }
            scene.line(
                vec![(at, f.bottom), (at, f.bottom + 0.35 * theme.tick)],
                theme.muted,
                theme.hair,
                Dash::Solid,
            );
            for (k, line) in lines.iter().enumerate() {
                let place = (at, f.bottom + (1.4 + 1.15 * k as f64) * theme.tick);
                let em = self.name_em(f.right - f.left, theme);
                scene.text(Text::new(place, line, em, theme.muted).anchored(Anchor::Middle));
            }
        }
        let corner = [(f.left, f.top), (f.left, f.bottom), (f.right, f.bottom)];
        self.draw_break(scene, theme);
        let spine = if rows { corner[1..].to_vec() } else { corner.to_vec() };
        scene.line(spine, theme.muted, theme.hair, Dash::Solid);
        self.draw_titles(scene, theme);
    }

    /// The size of the labels of the y-axis: the names of a table's rows shrink where a slide has
    /// too many of them.
    fn row_em(&self, theme: &Theme) -> f64 {
        let names = if self.down { self.panel.y.categories.len().max(1) } else { 1 };
        theme.tick.min(0.95 * (self.frame.bottom - self.frame.top) / names as f64)
    }

    /// The size of the labels of the x-axis: names whose longest word is wider than its slot shrink,
    /// but not below what can be read in print.
    fn name_em(&self, width: f64, theme: &Theme) -> f64 {
        const LEAST: f64 = 7.0;
        let names = &self.panel.x.categories;
        let words = names.iter().flat_map(|name| name.split_whitespace());
        let widest = words.map(|w| font::width(w, 1.0, false)).fold(0.0, f64::max);
        let slot = 0.94 * width / names.len().max(1) as f64;
        theme.tick.min((slot / widest.max(1e-9)).max(LEAST))
    }

    /// Two strokes across a logarithmic x-axis between 0 and the rest.
    fn draw_break(&self, scene: &mut Scene, theme: &Theme) {
        let f = self.frame;
        let Some((first, _)) = self.x.above_zero.and_then(|x| self.at(x, self.y.low)) else {
            return;
        };
        let (middle, reach) = ((f.left + first) / 2.0, 0.25 * theme.tick);
        for side in [-0.15, 0.15] {
            let x = middle + side * theme.tick;
            let ends = [(x - 0.4 * reach, f.bottom + reach), (x + 0.4 * reach, f.bottom - reach)];
            scene.line(ends.to_vec(), theme.muted, theme.hair, Dash::Solid);
        }
    }

    fn draw_titles(&self, scene: &mut Scene, theme: &Theme) {
        let f = self.frame;
        let (width, height) = (f.right - f.left, f.bottom - f.top);
        if self.x_title {
            let ticks = self.x_labels(width, theme).iter().map(|t| t.1.len()).max().unwrap_or(1);
            let top = f.bottom + (0.8 + 1.15 * ticks as f64) * theme.tick;
            for (k, line) in
                font::wrap(&self.panel.x.label, theme.text, false, width * 1.1).iter().enumerate()
            {
                let place = ((f.left + f.right) / 2.0, top + (1.05 + 1.3 * k as f64) * theme.text);
                scene.text(Text::new(place, line, theme.text, theme.ink).anchored(Anchor::Middle));
            }
        }
        if self.y_title {
            let lines = font::wrap(&self.panel.y.label, theme.text, false, height * 1.15);
            let labels = self.y_ticks(height, theme);
            let widest =
                labels.iter().map(|t| font::width(&t.1, theme.tick, false)).fold(0.0, f64::max);
            let near = f.left - widest - 0.75 * theme.tick - 0.6 * theme.text;
            for (k, line) in lines.iter().rev().enumerate() {
                let place = (near - 1.25 * theme.text * k as f64, (f.top + f.bottom) / 2.0);
                scene.text(
                    Text::new(place, line, theme.text, theme.ink).anchored(Anchor::Middle).upward(),
                );
            }
        }
    }
}

/// Ticks of an axis: its names, its swept values, or round numbers.
fn ticks(axis: &Axis, scale: &Scale, target: usize) -> Vec<(f64, String)> {
    if !axis.categories.is_empty() {
        let place = |i: usize| axis.slots.get(i).copied().unwrap_or(i as f64);
        return axis.categories.iter().enumerate().map(|(i, c)| (place(i), c.clone())).collect();
    }
    if (2..=8).contains(&axis.at.len()) {
        let label = |x: f64| {
            let decimals = (0..6).find(|&d| {
                ((x * 10f64.powi(d)).round() / 10f64.powi(d) - x).abs() < 1e-9 * x.abs()
            });
            linear_label(x, decimals.unwrap_or(6) as usize)
        };
        return axis.at.iter().map(|&x| (x, label(x))).collect();
    }
    scale.ticks(target)
}
