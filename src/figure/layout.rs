//! A figure's plan: title, verdicts, a grid of lettered panels with margins that fit their text,
//! and names of the lines at their ends or in one legend below.

mod ends;

use super::axes::Plot;
use super::content::Panel;
use super::font;
use super::hover::{self, HoverPoint};
use super::judged::Judged;
use super::legend::{Legend, are_apart};
use super::plot;
use super::rules;
use super::scale::Scale;
use super::scene::{Anchor, Scene, Text};
use super::share::share;
use super::theme::Theme;
use super::title::Heading;
use crate::scenario::PanelKind;

/// Draws a whole figure; returns also the numbers behind its points.
pub(crate) fn compose(
    panels: &[Panel],
    title: &str,
    judged: &[Judged],
    watermark: Option<&str>,
    theme: &Theme,
) -> (Scene, Vec<HoverPoint>) {
    let heading = Heading::new(title, judged, theme);
    let plan = Plan::best(panels, &heading, theme);
    let mut scene = Scene::new(theme.width, theme.paper);
    scene.size.1 = plan.height;
    if let Some(words) = watermark {
        watermarked(&mut scene, words, theme);
    }
    heading.draw(&mut scene, theme);
    for (i, plot) in plan.plots.iter().enumerate() {
        plan.draw_title(i, &mut scene, theme);
        plot.draw_axes(&mut scene, theme);
        // Below curves and marks, which leaders to names may meet.
        plan.draw_names(plot, &mut scene, theme);
        plot::draw(plot, &mut scene, theme);
    }
    plan.draw_legends(&mut scene, theme);
    (scene, hover::points(&plan.plots, heading.hover(theme)))
}

fn watermarked(scene: &mut Scene, words: &str, theme: &Theme) {
    let size = (theme.width * 0.8 / font::width(words, 1.0, true)).min(0.3 * scene.size.1);
    let at = (theme.width / 2.0, scene.size.1 / 2.0 + 0.36 * size);
    let colour = theme.paper.mix(theme.ink, 0.07);
    scene.text(Text::new(at, words, size, colour).bold().anchored(Anchor::Middle));
}

/// Where the lines are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// At their ends.
    Ends,
    /// In one legend below all panels.
    Below,
    /// In one legend to the right of all panels.
    Beside,
    /// In a legend below each panel.
    BelowEach,
}

/// Where everything goes.
struct Plan<'a> {
    plots: Vec<Plot<'a>>,
    columns: usize,
    /// Left edges of the columns of the grid, and their widths.
    slots: Vec<(f64, f64)>,
    /// Titles of the panels in lines, and the height reserved in each row of the grid.
    titles: Vec<Vec<String>>,
    names: Names,
    /// One for all panels, or one for each.
    legends: Vec<Legend>,
    legend_top: f64,
    height: f64,
}

/// From panels to their legend, in text sizes.
const LEGEND_GAP: f64 = 1.1;

/// How many panels stand side by side.
fn columns(panels: &[Panel], theme: &Theme) -> usize {
    let n = panels.len();
    if theme.is_slide() {
        return [1, 1, 2, 3, 2, 3, 3][n.min(6)];
    }
    if theme.is_column() {
        return 1;
    }
    match n {
        4 => 2,
        n => n.clamp(1, 3),
    }
}

impl<'a> Plan<'a> {
    /// Names at the ends of lines where they fit, else legends: one for all panels, or one for each
    /// where they share no line. On a slide, whose height is given, the data decide: the legends stand
    /// where they leave them the most room.
    fn best(panels: &'a [Panel], heading: &Heading, theme: &Theme) -> Plan<'a> {
        let plan = |names| Plan::new(panels, heading, names, theme);
        let direct = plan(Names::Ends);
        if direct.names_fit(theme) {
            return direct;
        }
        let each = are_apart(panels).then_some(Names::BelowEach);
        if !theme.is_slide() {
            return plan(each.unwrap_or(Names::Below));
        }
        let roomier = |best: Plan<'a>, other: Plan<'a>| {
            let better = other.legend_fits(theme) && other.data_room() > best.data_room();
            if better { other } else { best }
        };
        let others = each.into_iter().chain([Names::Beside]);
        others.map(plan).fold(plan(Names::Below), roomier)
    }

    /// Whether a legend beside the panels ends above the lower margin.
    fn legend_fits(&self, theme: &Theme) -> bool {
        let height = self.legends.first().map_or(0.0, |legend| legend.height);
        self.names != Names::Beside || self.legend_top + height <= self.height - theme.margin
    }

    /// The area of all frames; of a flat one only what has good proportions, unless its width holds
    /// tiles with numbers.
    fn data_room(&self) -> f64 {
        const WIDEST: f64 = 1.8;
        let area = |plot: &Plot<'a>| {
            let (w, h) = (plot.frame.right - plot.frame.left, plot.frame.bottom - plot.frame.top);
            if plot.panel.x.slots.is_empty() { w.min(WIDEST * h) * h } else { w * h }
        };
        self.plots.iter().map(area).sum()
    }

    fn new(panels: &'a [Panel], heading: &Heading, names: Names, theme: &Theme) -> Plan<'a> {
        let columns = columns(panels, theme);
        let mut plots: Vec<Plot<'a>> = panels.iter().map(Plot::new).collect();
        share(&mut plots, columns);
        let room = match names {
            Names::Beside => 0.0,
            _ => theme.width - 2.0 * theme.margin,
        };
        let named = names == Names::Ends || panels.iter().all(|p| p.named);
        let legends = if named { Vec::new() } else { vec![Legend::new(panels, room, theme)] };
        let mut plan = Plan {
            plots,
            columns,
            slots: Vec::new(),
            titles: Vec::new(),
            names,
            legends,
            legend_top: 0.0,
            height: 0.0,
        };
        plan.place(heading.height, theme);
        if plan.lift(theme) {
            plan.place(heading.height, theme);
        }
        plan
    }

    /// Makes room above densities that run through the labels at the upper end of their panels.
    fn lift(&mut self, theme: &Theme) -> bool {
        let may_rise = |p: &Plot<'a>| {
            p.panel.kind == PanelKind::Density && p.panel.y.range.is_none() && !p.y.log
        };
        let crossed = self.plots.iter().filter(|p| may_rise(p) && rules::are_crossed(p, theme));
        let crossed: Vec<Scale> = crossed.map(|p| p.y.clone()).collect();
        for plot in self.plots.iter_mut().filter(|p| crossed.contains(&p.y) && may_rise(p)) {
            let share = 1.2 * theme.tick / (plot.frame.bottom - plot.frame.top).max(1.0);
            plot.y.high += share * (plot.y.high - plot.y.low);
        }
        !crossed.is_empty()
    }

    fn rows(&self) -> usize {
        self.plots.len().div_ceil(self.columns)
    }

    /// Finds frames: margins come from the text they hold, what is left is shared alike.
    fn place(&mut self, top: f64, theme: &Theme) {
        let gap = if theme.is_slide() { 22.0 } else { 11.0 };
        let mut height = 0.4 * theme.width / self.columns as f64;
        for _ in 0..3 {
            let left = self.margins(|p| p.left_room(height, theme));
            let right = self.margins(|p| self.right_room(p, theme));
            let across = |m: &[f64]| m[..self.columns].iter().sum::<f64>();
            let spent = across(&left) + across(&right) + gap * (self.columns - 1) as f64;
            let all = theme.width - 2.0 * theme.margin - self.legend_width(theme);
            let width = (all - spent) / self.columns as f64;
            let width = width.max(40.0);
            self.slots.clear();
            let mut x = theme.margin;
            for c in 0..self.columns {
                let slot = left[c] + width + right[c];
                self.slots.push((x, slot));
                for i in (c..self.plots.len()).step_by(self.columns) {
                    self.plots[i].frame.left = x + left[i];
                    self.plots[i].frame.right = x + slot - right[i];
                }
                x += slot + gap;
            }
            if self.names == Names::BelowEach {
                let legend = |(i, p): (usize, &Plot<'a>)| {
                    Legend::new([p.panel], self.slots[i % self.columns].1, theme)
                };
                self.legends = self.plots.iter().enumerate().map(legend).collect();
            }
            self.wrap_titles(theme);
            height = self.place_rows(top, theme);
        }
    }

    /// The margin of every panel: the widest in its column of the grid. Panels that stand in a
    /// single column align with those of their own kind only, so that a table does not squeeze
    /// a plot.
    fn margins(&self, room: impl Fn(&Plot<'a>) -> f64) -> Vec<f64> {
        let aligned = |a: usize, b: usize| match self.columns {
            1 => self.plots[a].down == self.plots[b].down,
            n => a % n == b % n,
        };
        let rooms: Vec<f64> = self.plots.iter().map(room).collect();
        let widest = |i: usize| {
            let column = (0..rooms.len()).filter(|&j| aligned(i, j));
            column.map(|j| rooms[j]).fold(0.0, f64::max)
        };
        (0..rooms.len()).map(widest).collect()
    }

    /// Titles of panels, lettered where there are several.
    fn wrap_titles(&mut self, theme: &Theme) {
        let lettered = if self.plots.len() > 1 { 1.5 * theme.panel } else { 0.0 };
        let wrap = |(i, p): (usize, &Plot<'a>)| {
            let room = self.slots[i % self.columns].1 - lettered;
            font::balanced(&p.panel.title, theme.panel, false, room)
        };
        self.titles = self.plots.iter().enumerate().map(wrap).collect();
    }

    /// Heights of the rows; returns the height of a frame.
    fn place_rows(&mut self, top: f64, theme: &Theme) -> f64 {
        let rows = self.rows();
        let lettered = usize::from(self.plots.len() > 1);
        let row_of = |r: usize| r * self.columns..((r + 1) * self.columns).min(self.plots.len());
        let lines =
            |r: usize| row_of(r).map(|i| self.titles[i].len().max(lettered)).max().unwrap_or(0);
        let above: Vec<f64> = (0..rows)
            .map(|r| {
                lines(r) as f64 * 1.25 * theme.panel
                    + if lines(r) > 0 { 0.75 * theme.panel } else { 0.3 * theme.panel }
            })
            .collect();
        let foot = |i: usize| {
            let frame = self.plots[i].frame;
            let room = self.plots[i].bottom_room(frame.right - frame.left, theme);
            room + if self.names == Names::BelowEach { self.legend_height(i, theme) } else { 0.0 }
        };
        let below: Vec<f64> = (0..rows).map(|r| row_of(r).map(foot).fold(0.0, f64::max)).collect();
        let gap = 1.1 * theme.panel;
        let fixed: f64 = above.iter().chain(&below).sum::<f64>() + gap * (rows - 1) as f64;
        let legend = if self.names == Names::Below { self.legend_height(0, theme) } else { 0.0 };
        let heights: Vec<f64> = match theme.height {
            Some(all) => self.given_heights(all - top - fixed - legend - theme.margin),
            None => (0..rows).map(|r| self.natural_height(row_of(r), theme)).collect(),
        };
        let mut y = top;
        let mut frames = Vec::new();
        for r in 0..rows {
            let start = y + above[r];
            frames.push((start, start + heights[r]));
            y = start + heights[r] + below[r] + if r + 1 < rows { gap } else { 0.0 };
        }
        for (i, plot) in self.plots.iter_mut().enumerate() {
            (plot.frame.top, plot.frame.bottom) = frames[i / self.columns];
        }
        self.legend_top = match self.names {
            Names::Beside => frames[0].0,
            _ => y + LEGEND_GAP * theme.text,
        };
        self.height = theme.height.unwrap_or(y + legend + theme.margin);
        heights.into_iter().fold(f64::INFINITY, f64::min)
    }

    /// The height that a legend takes below something.
    fn legend_height(&self, i: usize, theme: &Theme) -> f64 {
        let height = self.legends.get(i).map_or(0.0, |legend| legend.height);
        if height > 0.0 { height + LEGEND_GAP * theme.text } else { 0.0 }
    }

    /// The width that a legend takes beside the panels.
    fn legend_width(&self, theme: &Theme) -> f64 {
        let beside = self.legends.first().filter(|_| self.names == Names::Beside);
        beside.map_or(0.0, |legend| legend.width + 2.0 * theme.text)
    }

    fn draw_legends(&self, scene: &mut Scene, theme: &Theme) {
        for (i, legend) in self.legends.iter().enumerate() {
            let at = match self.names {
                Names::BelowEach => {
                    let f = self.plots[i].frame;
                    let foot = self.plots[i].bottom_room(f.right - f.left, theme);
                    (self.slots[i % self.columns].0, f.bottom + foot + LEGEND_GAP * theme.text)
                }
                Names::Beside => (theme.width - theme.margin - legend.width, self.legend_top),
                Names::Below | Names::Ends => (theme.margin, self.legend_top),
            };
            legend.draw(at, scene, theme);
        }
    }

    /// The heights of the rows' frames, where the page gives their sum: tables by their rows, all
    /// others alike.
    fn given_heights(&self, room: f64) -> Vec<f64> {
        let names = |row: &[Plot<'a>]| row.iter().map(|p| p.panel.y.categories.len()).max();
        let weights = self.plots.chunks(self.columns).map(|row| names(row).unwrap_or(0) as f64);
        let tables = self.plots.iter().all(|p| p.down);
        let weights: Vec<f64> = weights.map(|w| if tables { w.max(1.0) } else { 1.0 }).collect();
        let all: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| (room * weight / all).max(40.0)).collect()
    }

    /// The height of a row's frames, where the page does not give it: tables by their rows, others
    /// by their width.
    fn natural_height(&self, row: std::ops::Range<usize>, theme: &Theme) -> f64 {
        let ratio = match self.columns {
            1 if !theme.is_column() => 0.46,
            1 => 0.62,
            2 => 0.66,
            _ => 0.86,
        };
        let plots = &self.plots[row];
        let names = plots.iter().filter(|p| p.down).map(|p| p.panel.y.categories.len()).max();
        let table = names.map_or(0.0, |n| n as f64 * 1.75 * theme.tick).max(5.0 * theme.tick);
        let tiles = plots.iter().map(|p| p.panel.y.slots.len() as f64 * 2.2 * theme.tick);
        let least = tiles.fold(table, f64::max);
        let width = plots.iter().filter(|p| !p.down).map(|p| p.frame.right - p.frame.left);
        width.fold(least, |height, w| height.max(ratio * w))
    }

    fn draw_title(&self, i: usize, scene: &mut Scene, theme: &Theme) {
        let (x, _) = self.slots[i % self.columns];
        let first = i - i % self.columns;
        let row = first..(first + self.columns).min(self.plots.len());
        let lines = row.map(|k| self.titles[k].len()).max().unwrap_or(1).max(1) as f64;
        let top = self.plots[i].frame.top - theme.panel * (0.75 + 1.25 * lines);
        let letter = if self.plots.len() > 1 {
            char::from(b'a' + (i % 26) as u8).to_string()
        } else {
            String::new()
        };
        let indent = if letter.is_empty() { 0.0 } else { 1.5 * theme.panel };
        scene.text(Text::new((x, top + theme.panel), &letter, theme.panel * 1.1, theme.ink).bold());
        for (k, line) in self.titles[i].iter().enumerate() {
            let at = (x + indent, top + theme.panel * (1.0 + 1.25 * k as f64));
            scene.text(Text::new(at, line, theme.panel, theme.ink));
        }
    }
}
