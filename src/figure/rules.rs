//! Marked values: a dashed line across the panel, and the labels of those along x.

use super::axes::{Frame, Plot};
use super::label::{Room, corners, overlap};
use super::plot::{clamped, places, rooms_along};
use super::scene::{Anchor, Dash, Scene, Text};
use super::theme::Theme;

/// Draws marked values; returns the rooms of their labels.
pub(crate) fn draw(plot: &Plot<'_>, scene: &mut Scene, theme: &Theme) -> Vec<Room> {
    let f = plot.frame;
    let mut taken: Vec<Room> = Vec::new();
    for rule in &plot.panel.rules {
        let (x, y) = if rule.of_x { (rule.value, plot.y.low) } else { (plot.x.low, rule.value) };
        let Some(at) = plot.at(x, y).filter(|p| clamped(&f, *p) == *p) else { continue };
        let ends = if rule.of_x {
            [(at.0, f.bottom), (at.0, f.top)]
        } else {
            [(f.left, at.1), (f.right, at.1)]
        };
        scene.line(
            ends.to_vec(),
            theme.muted.mix(theme.paper, 0.25),
            theme.hair * 1.2,
            Dash::Dashed,
        );
        if rule.of_x {
            let text = rule_text(&rule.label, at.0, f, &taken, theme);
            let room = text.extent();
            scene.area(corners(room), theme.paper, 0.85);
            taken.push(room);
            scene.text(text);
        }
    }
    taken
}

/// Whether a line runs through the label of a vertical rule.
pub(crate) fn are_crossed(plot: &Plot<'_>, theme: &Theme) -> bool {
    let f = plot.frame;
    let lines: Vec<Room> = plot
        .panel
        .traces
        .iter()
        .filter(|t| t.manner.line)
        .map(|t| places(plot, t.spots.iter().map(|s| (s.x, s.y))))
        .flat_map(|points| rooms_along(&points, theme))
        .collect();
    let rules = plot.panel.rules.iter().filter(|rule| rule.of_x);
    rules.filter_map(|rule| Some((plot.at(rule.value, plot.y.low)?, &rule.label))).any(
        |(at, label)| {
            let text = rule_text(label, at.0, f, &[], theme);
            let [left, top, right, _] = text.extent();
            // Letters end at the baseline but for a tail or two.
            lines.iter().any(|line| overlap(line, &[left, top, right, text.at.1]))
        },
    )
}

/// The label of a vertical rule, on the side that has room, below those that stand there already.
fn rule_text(label: &str, x: f64, f: Frame, taken: &[Room], theme: &Theme) -> Text {
    let gap = 0.35 * theme.tick;
    let text = |at: f64| Text::new((at, f.top + 0.75 * theme.tick), label, theme.tick, theme.muted);
    let right = text(x + gap);
    let mut placed = if right.extent()[2] <= f.right + gap {
        right
    } else {
        text(x - gap).anchored(Anchor::End)
    };
    while taken.iter().any(|other| overlap(other, &placed.extent())) {
        placed.at.1 += 1.2 * theme.tick;
    }
    placed
}
