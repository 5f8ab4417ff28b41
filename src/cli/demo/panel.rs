//! One method at one step: its histogram, what it is measured against, and its last pushes.

use super::bars::{block, eighths, means, round_up};
use super::look::Ink;
use crate::laboratory::{Film, Geometry, METHODS, Picture};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The least height of a panel: its title, two rows of bars, two rows of pushes.
pub const LEAST_HEIGHT: u16 = 5;

/// From this height on there is room for the numbers of the arms.
const HEIGHT_WITH_AXIS: u16 = 8;

/// Pushes are shown from this share of the step's largest on, and with a large sign from that.
const SMALL: f64 = 0.02;
const LARGE: f64 = 0.3;

/// What a panel shows.
pub struct Panel<'a> {
    /// What stands still.
    pub geometry: &'a Geometry,
    /// The method's run.
    pub film: &'a Film,
    /// The step.
    pub step: usize,
    /// With or without colours.
    pub ink: Ink,
}

/// Heights of a column in eighths of a row.
struct Column {
    policy: usize,
    reference: usize,
    data: Option<usize>,
    reward: usize,
}

impl Panel<'_> {
    /// The step, or the last picture of a film that ended sooner.
    fn place(&self) -> usize {
        self.step.min(self.film.pictures.len() - 1)
    }

    fn picture(&self) -> &Picture {
        &self.film.pictures[self.place()]
    }

    /// Draws the panel.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        let axis = u16::from(area.height >= HEIGHT_WITH_AXIS);
        let bars = Rect { y: area.y + 1, height: area.height - 3 - axis, ..area };
        let top = self.bars(bars, buffer);
        self.title(area, top, buffer);
        self.pushes(bars.bottom(), area, buffer);
        if axis == 1 {
            self.axis(area, buffer);
        }
    }

    /// The name at the left, the numbers at the right; the narrower, the fewer words.
    fn title(&self, area: Rect, top: f64, buffer: &mut Buffer) {
        let (method, picture) = (self.film.method, self.picture());
        let number = METHODS.iter().position(|name| *name == method).unwrap_or(0) + 1;
        let (reward, kl) = (picture.gold_reward, nats(picture.reverse_kl_ref));
        let numbers = match area.width {
            0..34 => format!("{reward:.3} KL {kl}"),
            34..56 => format!("reward {reward:.3}  KL {kl}"),
            _ => format!("reward {reward:.3}  KL(π‖π_ref) {kl}  top {}", top as f32),
        };
        let name = format!("{number} {method}");
        let style = self.ink.method(method).patch(self.ink.strong());
        buffer.set_stringn(area.x, area.y, name, area.width.into(), style);
        let length = numbers.chars().count() as u16;
        let x = area.right().saturating_sub(length).max(area.x);
        buffer.set_stringn(x, area.y, numbers, length.into(), self.ink.strong());
    }

    /// π as bars over π_ref, the data and the reward; tells the probability at the top.
    fn bars(&self, area: Rect, buffer: &mut Buffer) -> f64 {
        let (width, rows) = (usize::from(area.width), usize::from(area.height));
        let policy = means(&self.picture().frame.probabilities, width);
        let reference = means(&self.geometry.reference, width);
        let is_other = self.geometry.data != self.geometry.reference;
        let data = is_other.then(|| means(&self.geometry.data, width));
        let all = policy.iter().chain(&reference).chain(data.iter().flatten());
        let top = round_up(all.fold(0.0, |top: f64, x| top.max(*x)));
        let best = self.geometry.rewards.iter().fold(f64::MIN_POSITIVE, |a, b| a.max(*b));
        let rewards = means(&self.geometry.rewards, width);
        for x in 0..width {
            let column = Column {
                policy: eighths(policy[x], top, rows),
                reference: eighths(reference[x], top, rows),
                data: data.as_ref().map(|data| eighths(data[x], top, rows)),
                reward: eighths(rewards[x], best, rows),
            };
            for row in 0..rows {
                let (symbol, style) = self.cell(&column, row);
                let place = (area.x + x as u16, area.bottom() - 1 - row as u16);
                if let Some(cell) = buffer.cell_mut(place) {
                    cell.set_char(symbol).set_style(style);
                }
            }
        }
        top
    }

    /// What stands in a cell: the policy before the reward, before the data, before π_ref.
    fn cell(&self, column: &Column, row: usize) -> (char, Style) {
        let ink = self.ink;
        let is_top = |height: usize| height > 0 && (height - 1) / 8 == row;
        let grey = block(column.reference, row);
        let behind = match ink.reference().fg {
            Some(colour) if grey == '█' => Style::new().bg(colour),
            _ => Style::new(),
        };
        if column.policy > 8 * row {
            return (block(column.policy, row), ink.method(self.film.method).patch(behind));
        }
        if is_top(column.reward) {
            return ('•', ink.reward().patch(behind));
        }
        if column.data.is_some_and(is_top) {
            return ('╍', ink.data().patch(behind));
        }
        match ink {
            Ink::Plain if column.reference > 8 * row + 3 => ('░', Style::new()),
            Ink::Plain => (' ', Style::new()),
            _ => (grey, ink.reference()),
        }
    }

    /// Two rows: arms that the last step pulled up, and arms that it pushed down.
    fn pushes(&self, y: u16, area: Rect, buffer: &mut Buffer) {
        let pushes = self.film.pushes(self.place());
        let width = usize::from(area.width);
        let part = |sign: f64| -> Vec<f64> {
            means(&pushes.iter().map(|push| (sign * push).max(0.0)).collect::<Vec<_>>(), width)
        };
        let (up, down) = (part(1.0), part(-1.0));
        let most = up.iter().chain(&down).fold(0.0, |a: f64, b| a.max(*b));
        let row = |y, shares: &[f64], signs: [char; 3], style, buffer: &mut Buffer| {
            let sign = |share: &f64| signs[rank(*share, most)];
            let text: String = shares.iter().map(sign).collect();
            buffer.set_stringn(area.x, y, text, width, style);
        };
        row(y, &up, [' ', '▴', '▲'], self.ink.method(self.film.method), buffer);
        row(y + 1, &down, [' ', '▾', '▼'], self.ink.pushed_down(), buffer);
    }

    /// Numbers of arms.
    fn axis(&self, area: Rect, buffer: &mut Buffer) {
        let arms = self.geometry.reference.len();
        let every = if area.width < 34 { 50 } else { 10 };
        for arm in (0..arms).step_by(every) {
            let x = area.x + (usize::from(area.width) * arm / arms) as u16;
            buffer.set_string(x, area.bottom() - 1, arm.to_string(), self.ink.quiet());
        }
    }
}

/// 0: too small to show, 1: small, 2: large.
fn rank(share: f64, most: f64) -> usize {
    match share / most {
        part if part >= LARGE => 2,
        part if part >= SMALL => 1,
        _ => 0, // and where nothing was pushed: 0/0
    }
}

/// A divergence in four characters or so.
pub fn nats(kl: f64) -> String {
    match kl {
        kl if kl < 9.995 => format!("{kl:.2}"),
        kl if kl < 99.95 => format!("{kl:.1}"),
        _ => format!("{kl:.0}"),
    }
}
