//! What is seen in a panel, in half a sentence made of its numbers.

use super::content::{Markers, Panel, Spot, Trace};
use super::words::number;
use crate::scenario::PanelKind;

/// What a panel shows, to be put behind its description; empty where there is nothing to compare.
pub(crate) fn outcome(panel: &Panel) -> String {
    match panel.kind {
        PanelKind::Curves if panel.traces.iter().all(|t| t.manner.markers != Markers::End) => {
            extremes(panel, "at the end")
        }
        PanelKind::Sweep => {
            let last = panel.traces.iter().filter_map(|t| t.spots.last()).map(|s| s.x);
            let last = last.fold(f64::NEG_INFINITY, f64::max);
            let name = panel.x.categories.get(last as usize).cloned();
            extremes(panel, &format!("at {}", name.unwrap_or_else(|| number(last))))
        }
        PanelKind::Effects => largest(panel),
        PanelKind::Region | PanelKind::Verdicts if !panel.tiles.is_empty() => tiles(panel),
        _ => String::new(),
    }
}

/// The lowest and the highest line at the end, or at the edge of a panel that shows less.
fn extremes(panel: &Panel, when: &str) -> String {
    let shown = |s: &&Spot| panel.x.range.is_none_or(|[_, edge]| s.x <= edge);
    let ends: Vec<(&Trace, &Spot)> = panel
        .traces
        .iter()
        .filter_map(|t| Some((t, t.spots.iter().rfind(shown).filter(|s| s.n > 0)?)))
        .collect();
    let by_height = |a: &&(&Trace, &Spot), b: &&(&Trace, &Spot)| a.1.y.total_cmp(&b.1.y);
    let (Some(low), Some(high)) = (ends.iter().min_by(by_height), ends.iter().max_by(by_height))
    else {
        return String::new();
    };
    if number(low.1.y) == number(high.1.y) {
        let value = number(low.1.y);
        return match ends.len() {
            1 => String::new(),
            _ => format!("; {when} all lines are at {value}"),
        };
    }
    let of = |(trace, spot): &(&Trace, &Spot)| format!("{} ({})", number(spot.y), trace.name);
    format!("; {when} from {} to {}", of(low), of(high))
}

/// The largest effect.
fn largest(panel: &Panel) -> String {
    let effects = panel.traces.iter().filter_map(|t| Some((t, t.spots.first()?)));
    let size = |s: &Spot| s.x.abs();
    let largest = effects.max_by(|a, b| size(a.1).total_cmp(&size(b.1)));
    largest.map_or(String::new(), |(trace, spot)| {
        format!("; the largest is {} of {}", number(spot.x), trace.name)
    })
}

/// How many tiles say what, most frequent first.
fn tiles(panel: &Panel) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for tile in &panel.tiles {
        match counts.iter_mut().find(|(line, _)| *line == tile.line) {
            Some((_, count)) => *count += 1,
            None => counts.push((&tile.line, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let each: Vec<String> = counts.iter().map(|(line, n)| format!("{n} × {line}")).collect();
    format!("; tiles: {}", each.join(", "))
}
