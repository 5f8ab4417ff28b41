//! Captions made from the data: what, which setting, statistic, band, n, and what is seen.

use super::content::{Axis, Bars, FEWEST_SEEDS, Markers, Panel, Spot, Tile, Trace};
use super::judged::Judged;
use super::seen::outcome;
use super::setting::{setting, strengths};
use super::words;
use crate::results::Run;
use crate::scenario::{PanelKind, Statistic, Verdict};
use std::collections::BTreeSet;

/// The caption of a figure.
pub(crate) fn caption(run: &Run, panels: &[Panel], judged: &[Judged]) -> String {
    let several = panels.len() > 1;
    let mut sentences = vec![sentence(&run.scenario.title)];
    for (i, panel) in panels.iter().enumerate() {
        let letter = if several {
            format!("({}) ", char::from(b'a' + (i % 26) as u8))
        } else {
            String::new()
        };
        sentences.push(sentence(&format!("{letter}{}{}", what(panel), outcome(panel))));
    }
    let setting = setting(run);
    if !setting.is_empty() {
        sentences.push(format!("Setting: {setting}."));
    }
    sentences.extend(strengths(run).map(|all| format!("Strengths: {all}.")));
    sentences.push(statistic(panels));
    if let Some(see) = &run.scenario.see {
        sentences.push(format!("What to see: {}", sentence(see)));
    }
    if !judged.is_empty() {
        sentences.push(verdicts(judged));
    }
    sentences.join(" ")
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// What a panel shows.
fn what(panel: &Panel) -> String {
    let title = if panel.title.is_empty() { String::new() } else { format!("{}, ", panel.title) };
    let (x, y) = (&panel.x.label, &panel.y.label);
    let body = match panel.kind {
        PanelKind::Curves => format!("{y} against {x}"),
        PanelKind::Sweep => format!("{y} {} against {x}", panel.note),
        PanelKind::Frontier => {
            format!("{y} against {x} {} along each method's strength", panel.note)
        }
        PanelKind::Density if panel.note.is_empty() => format!("{y} of each {x}"),
        PanelKind::Density => format!("{y} of each {x}; {}", panel.note),
        PanelKind::Region => format!("which method has {} for each {x} and {y}", panel.note),
        PanelKind::Verdicts => format!("{} at each {x} and {y}", panel.note),
        PanelKind::Intervals | PanelKind::Effects => format!("{x} {}", panel.note),
    };
    format!("{title}{body}")
}

/// Which statistic, which interval, over how many seeds.
fn statistic(panels: &[Panel]) -> String {
    let seeds: BTreeSet<usize> = panels.iter().flat_map(Panel::seeds).collect();
    let (Some(least), Some(most)) = (seeds.first(), seeds.last()) else {
        return "No seeds.".to_owned();
    };
    let n = if least == most { least.to_string() } else { format!("{least} to {most}") };
    let word = if *most == 1 { "seed" } else { "seeds" };
    let (taken, each) = taken(panels);
    if *most < FEWEST_SEEDS {
        return match *most {
            1 => "One seed: no interval.".to_owned(),
            _ => format!("Thick lines: {taken}; thin lines: the {n} single {word}."),
        };
    }
    let bands = panels.iter().any(|p| p.traces.iter().any(|t| t.manner.band));
    let bars = panels.iter().any(|p| p.traces.iter().any(|t| t.manner.bars != Bars::None));
    let taken = capital(&taken);
    let shape = match (bands, bars) {
        (true, true) => "bands and bars",
        (true, false) => "bands",
        (false, true) => "bars",
        (false, false) => return format!("{taken} over {n} {word}."),
    };
    let (split, row) = (groups(panels), rows(panels));
    format!("{taken} over {n} {word}; {shape}: 95 % bootstrap interval of {each}.{split}{row}")
}

/// How seeds are drawn that end in two groups, if any do.
fn groups(panels: &[Panel]) -> &'static str {
    let all = || panels.iter().flat_map(|p| &p.traces).flat_map(|t| &t.singles);
    match (all().any(|own| own.len() > 1), all().any(|own| own.len() == 1)) {
        (true, true) => " Thin lines (ten of the seeds) and dots: seeds that end in two groups.",
        (true, false) => " Thin lines (ten of the seeds): seeds that end in two groups.",
        (false, true) => " Dots: seeds that end in two groups.",
        (false, false) => "",
    }
}

/// Where the marks of several lines stand beside their place.
fn rows(panels: &[Panel]) -> &'static str {
    let marked = |p: &Panel| p.traces.iter().filter(|t| t.manner.markers == Markers::All).count();
    match panels.iter().any(|p| p.kind == PanelKind::Sweep && marked(p) > 1) {
        true => " Marks that would hide one another stand side by side.",
        false => "",
    }
}

/// What is taken of the seeds (`means`; of several kinds with their panels' letters), and one of it.
fn taken(panels: &[Panel]) -> (String, &'static str) {
    const WORDS: [(Statistic, &str, &str); 3] = [
        (Statistic::Mean, "means", "the mean"),
        (Statistic::Median, "medians", "the median"),
        (Statistic::Iqm, "interquartile means", "the interquartile mean"),
    ];
    let letters = |statistic: Statistic| {
        let own = panels.iter().enumerate().filter(|(_, p)| p.statistic == statistic);
        own.map(|(i, _)| char::from(b'a' + (i % 26) as u8).to_string()).collect::<Vec<_>>()
    };
    let used: Vec<_> = WORDS.iter().filter(|(s, ..)| !letters(*s).is_empty()).collect();
    match used[..] {
        [(_, many, one)] => ((*many).to_owned(), *one),
        _ => {
            let kinds =
                used.iter().map(|(s, many, _)| format!("{many} ({})", letters(*s).join(", ")));
            (kinds.collect::<Vec<_>>().join(" and "), "each")
        }
    }
}

/// A sentence's first word.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

/// The verdicts in words, and which are others than those committed with the scenario.
fn verdicts(judged: &[Judged]) -> String {
    let held = judged.iter().filter(|j| j.mark.verdict == Verdict::Holds).count();
    let words = |j: &Judged| format!("{} {}, {}", j.mark.id, j.mark.verdict, j.interval(true));
    let each: Vec<String> = judged.iter().map(words).collect();
    let count = match judged.len() {
        1 => format!("The claim {}", if held == 1 { "holds" } else { "does not hold" }),
        all => format!("Of {all} claims {held} hold"),
    };
    let mut text = format!("{count} (effect and 95 % interval): {}.", each.join("; "));
    let other = judged.iter().filter(|j| j.mark.verdict != j.mark.expected);
    let other: Vec<String> =
        other.map(|j| format!("{} ({})", j.mark.id, j.mark.expected)).collect();
    if !other.is_empty() {
        text += &format!(" The committed verdict is another on {}.", other.join(", "));
    }
    text
}

/// What is drawn, as CSV with header `panel,line,x,y,low,high,n`, and `value` where there are tiles:
/// the number of each, of which `low` and `high` are the interval; runs too few for one follow their mean.
pub(crate) fn csv(panels: &[Panel]) -> String {
    let tiled = panels.iter().any(|p| !p.tiles.is_empty());
    let mut out = format!("panel,line,x,y,low,high,n{}\n", if tiled { ",value" } else { "" });
    for (i, panel) in panels.iter().enumerate() {
        let letter = char::from(b'a' + (i % 26) as u8);
        for trace in &panel.traces {
            let (line, value) = (quoted(&trace.name), if tiled { "," } else { "" });
            for s in &trace.spots {
                let (x, y, n, interval) = (s.x, s.y, s.n, interval(s));
                out.push_str(&format!("{letter},{line},{x},{y},{interval},{n}{value}\n"));
            }
            for (run, x, y) in single_runs(trace) {
                let line = quoted(&format!("{}, run {run}", trace.name));
                out.push_str(&format!("{letter},{line},{x},{y},,,1{value}\n"));
            }
        }
        for Tile { line, x, y, low, high, n, value, .. } in &panel.tiles {
            let (line, x, y) = (quoted(line), named(&panel.x, *x), named(&panel.y, *y));
            out.push_str(&format!("{letter},{line},{x},{y},{low},{high},{n},{value}\n"));
        }
    }
    out
}

/// `low,high` of a point; nothing where seeds are too few for an interval.
fn interval(spot: &Spot) -> String {
    match spot.n {
        1..FEWEST_SEEDS => ",".to_owned(),
        _ => format!("{},{}", spot.low, spot.high),
    }
}

/// The runs that are drawn one by one because they are too few for an interval: their number from 1 on, x and y.
fn single_runs(trace: &Trace) -> impl Iterator<Item = (usize, f64, f64)> {
    let few = trace.spots.iter().all(|s| s.n < FEWEST_SEEDS);
    let runs = trace.singles.iter().filter(move |_| few);
    (1..).zip(runs).flat_map(|(run, path)| path.iter().map(move |(x, y)| (run, *x, *y)))
}

/// A field of a CSV file.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A value of an axis; where its slots have names, the name.
fn named(axis: &Axis, value: f64) -> String {
    let slot = axis.slots.iter().position(|slot| *slot == value);
    let name = slot.and_then(|slot| axis.categories.get(slot)).filter(|_| axis.words);
    name.map_or_else(|| value.to_string(), |name| quoted(name))
}

/// The numbers behind a figure as a Markdown table: every point of a sweep, the ends of curves.
pub(crate) fn markdown(panels: &[Panel]) -> String {
    let mut out = String::from(
        "| panel | line | x | value | 95 % interval | seeds |\n|---|---|---:|---:|---|---:|\n",
    );
    for (i, panel) in panels.iter().enumerate() {
        let letter = char::from(b'a' + (i % 26) as u8);
        for trace in panel.traces.iter().filter(|t| t.spots.iter().any(|s| s.n > 0)) {
            let ends = matches!(panel.kind, PanelKind::Curves | PanelKind::Density);
            let highest = || trace.spots.iter().max_by(|a, b| a.y.total_cmp(&b.y));
            let spots: Vec<_> = match panel.kind {
                PanelKind::Density => highest().into_iter().collect(),
                _ if ends => trace.spots.last().into_iter().collect(),
                _ => trace.spots.iter().collect(),
            };
            for s in spots {
                let level = trace.manner.bars == Bars::Level;
                let (x, value) =
                    if level { ("–".to_owned(), s.x) } else { (words::number(s.x), s.y) };
                let interval = if s.high > s.low {
                    format!("[{}, {}]", words::number(s.low), words::number(s.high))
                } else {
                    "–".to_owned()
                };
                let line = trace.name.replace('|', "\\|");
                out.push_str(&format!(
                    "| {letter} | {line} | {x} | {} | {interval} | {} |\n",
                    words::number(value),
                    s.n
                ));
            }
        }
        for t in panel.tiles.iter().filter(|t| t.n > 0) {
            let at = format!("{}; {}", named(&panel.x, t.x), named(&panel.y, t.y));
            let interval = if t.high > t.low {
                format!("[{}, {}]", words::number(t.low), words::number(t.high))
            } else {
                "–".to_owned()
            };
            let (line, value) = (t.line.replace('|', "\\|"), words::number(t.value));
            out.push_str(&format!(
                "| {letter} | {line} | {at} | {value} | {interval} | {} |\n",
                t.n
            ));
        }
    }
    out
}
