//! The title of a figure and, below it, the verdicts on its claims as small marks.

use super::font;
use super::hover::{HoverPoint, units};
use super::judged::Judged;
use super::scene::{Scene, Text};
use super::theme::{Rgb, Theme};
use crate::scenario::Verdict;

/// Title and verdicts, broken into lines.
pub(crate) struct Heading {
    lines: Vec<String>,
    marks: Vec<Mark>,
    /// Said once of all marks: their unit.
    lead: String,
    verdict_top: f64,
    /// Where the panels may begin.
    pub(crate) height: f64,
}

/// A verdict where it stands.
struct Mark {
    x: f64,
    row: usize,
    verdict: Verdict,
    words: String,
    /// What a reader learns who points at it.
    more: String,
}

/// How much stands beside a mark; the caption has all of it.
#[derive(Clone, Copy, PartialEq)]
enum Detail {
    /// The effect and its interval.
    Interval,
    /// The effect.
    Effect,
    /// Nothing but the claim's number.
    Claim,
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

impl Heading {
    /// Breaks a title and verdicts into lines.
    pub(crate) fn new(title: &str, judged: &[Judged], theme: &Theme) -> Heading {
        let lines = font::balanced(title, theme.title, true, room(theme));
        let verdict_top =
            theme.margin + lines.len() as f64 * 1.22 * theme.title + 0.25 * theme.text;
        let details = [Detail::Interval, Detail::Effect, Detail::Claim];
        let tries = details.map(|detail| arranged(judged, detail, theme));
        let rows = |marks: &[Mark]| marks.last().map_or(0, |m| m.row + 1);
        let fits = |(_, marks): &&(String, Vec<Mark>)| rows(marks) <= theme.verdicts;
        let best = tries.iter().position(|found| fits(&found)).unwrap_or(2);
        let (lead, marks) = tries.into_iter().nth(best).unwrap_or_default();
        let height = verdict_top + rows(&marks) as f64 * 1.45 * theme.text + 0.9 * theme.panel;
        Heading { lines, marks, lead, verdict_top, height }
    }

    /// Draws title and verdicts.
    pub(crate) fn draw(&self, scene: &mut Scene, theme: &Theme) {
        for (k, line) in self.lines.iter().enumerate() {
            let at = (theme.margin, theme.margin + (0.92 + 1.22 * k as f64) * theme.title);
            scene.text(Text::new(at, line, theme.title, theme.ink).bold());
        }
        let first = (theme.margin, self.baseline(0, theme));
        scene.text(Text::new(first, &self.lead, theme.tick, theme.muted));
        for Mark { x, row, verdict, words, .. } in &self.marks {
            let (y, colour) = (self.baseline(*row, theme), colour(*verdict, theme));
            scene.text(Text::new((*x, y), sign(*verdict), theme.text, colour).bold());
            scene.text(Text::new((x + indent(theme), y), words, theme.tick, theme.muted));
        }
    }

    /// The claims behind the marks.
    pub(crate) fn hover(&self, theme: &Theme) -> Vec<HoverPoint> {
        let place = |m: &Mark| (m.x + 0.4 * theme.text, self.baseline(m.row, theme));
        let point = |m: &Mark| HoverPoint { at: units(place(m)), text: m.more.clone() };
        self.marks.iter().map(point).collect()
    }

    fn baseline(&self, row: usize, theme: &Theme) -> f64 {
        self.verdict_top + (1.0 + 1.45 * row as f64) * theme.text
    }
}

/// The width of a page's lines.
fn room(theme: &Theme) -> f64 {
    theme.width - 2.0 * theme.margin
}

/// From the sign of a verdict to its words.
fn indent(theme: &Theme) -> f64 {
    1.2 * theme.text
}

/// The marks in rows; a unit that all share is said once, before them.
fn arranged(judged: &[Judged], detail: Detail, theme: &Theme) -> (String, Vec<Mark>) {
    let shared = judged.first().map_or("", |j| j.unit);
    let shared = if judged.iter().all(|j| j.unit == shared) { shared } else { "" };
    let says = detail != Detail::Claim && !shared.is_empty() && judged.len() > 1;
    let lead = if says { format!("effects ({shared}):") } else { String::new() };
    let mut x = theme.margin;
    if says {
        x += font::width(&lead, theme.tick, false) + 0.9 * theme.text;
    }
    let (mut row, mut marks) = (0, Vec::new());
    for j in judged {
        let words = match detail {
            Detail::Claim => j.mark.id.clone(),
            Detail::Effect => format!("{} {}", j.mark.id, j.effect(!says)),
            Detail::Interval => format!("{} {}", j.mark.id, j.interval(!says)),
        };
        let width = indent(theme) + font::width(&words, theme.tick, false);
        if x > theme.margin && x + width > theme.margin + room(theme) {
            (x, row) = (theme.margin, row + 1);
        }
        marks.push(Mark { x, row, verdict: j.mark.verdict, words, more: j.in_words() });
        x += width + 1.5 * theme.text;
    }
    (lead, marks)
}
