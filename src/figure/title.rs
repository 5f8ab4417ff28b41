//! The title of a figure and, below it, the verdicts on its claims.

use super::VerdictMark;
use super::font;
use super::scene::{Scene, Text};
use super::theme::{Rgb, Theme};
use super::words::number;
use crate::scenario::Verdict;

/// Title and verdicts, broken into lines.
pub(crate) struct Heading {
    lines: Vec<String>,
    /// For each verdict: its left edge, its row, sign, colour and words.
    verdicts: Vec<(f64, usize, &'static str, Rgb, String)>,
    verdict_top: f64,
    /// Where the panels may begin.
    pub(crate) height: f64,
}

/// The sign of a verdict.
pub(crate) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "✓",
        Verdict::NoDifference => "↔",
        Verdict::Reversed => "✗",
        Verdict::Inconclusive => "?",
    }
}

fn colour(verdict: Verdict, theme: &Theme) -> Rgb {
    match verdict {
        Verdict::Holds => theme.readable(Rgb(0x00, 0x9E, 0x73)),
        Verdict::Reversed => theme.readable(Rgb(0xD5, 0x5E, 0x00)),
        Verdict::NoDifference | Verdict::Inconclusive => theme.muted,
    }
}

/// A verdict in words: claim, verdict, effect and interval.
pub(crate) fn words(mark: &VerdictMark) -> String {
    let effect =
        if mark.effect >= 0.0 { format!("+{}", number(mark.effect)) } else { number(mark.effect) };
    let claim = format!("{} {}: {effect}", mark.id, mark.verdict);
    // An exact effect has no interval but for rounding.
    let exact = mark.high - mark.low <= 1e-9 * mark.effect.abs();
    if exact { claim } else { format!("{claim} [{}, {}]", number(mark.low), number(mark.high)) }
}

impl Heading {
    /// Breaks a title and verdicts into lines.
    pub(crate) fn new(title: &str, marks: &[VerdictMark], theme: &Theme) -> Heading {
        let room = theme.width - 2.0 * theme.margin;
        let lines = font::balanced(title, theme.title, true, room);
        let verdict_top =
            theme.margin + lines.len() as f64 * 1.22 * theme.title + 0.25 * theme.text;
        let (mut x, mut row) = (theme.margin, 0);
        let mut verdicts = Vec::new();
        for mark in marks {
            let words = words(mark);
            let width = 1.25 * theme.text + font::width(&words, theme.text, false);
            if x > theme.margin && x + width > theme.margin + room {
                (x, row) = (theme.margin, row + 1);
            }
            verdicts.push((x, row, sign(mark.verdict), colour(mark.verdict, theme), words));
            x += width + 1.6 * theme.text;
        }
        let rows = if marks.is_empty() { 0.0 } else { row as f64 + 1.0 };
        let height = verdict_top + rows * 1.45 * theme.text + 0.9 * theme.panel;
        Heading { lines, verdicts, verdict_top, height }
    }

    /// Draws title and verdicts.
    pub(crate) fn draw(&self, scene: &mut Scene, theme: &Theme) {
        for (k, line) in self.lines.iter().enumerate() {
            let at = (theme.margin, theme.margin + (0.92 + 1.22 * k as f64) * theme.title);
            scene.text(Text::new(at, line, theme.title, theme.ink).bold());
        }
        for (x, row, sign, colour, words) in &self.verdicts {
            let y = self.verdict_top + (1.0 + 1.45 * *row as f64) * theme.text;
            scene.text(Text::new((*x, y), sign, theme.text * 1.1, *colour).bold());
            scene.text(Text::new((x + 1.25 * theme.text, y), words, theme.text, theme.muted));
        }
    }
}
