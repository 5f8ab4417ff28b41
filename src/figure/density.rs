//! Distributions over arms: policies at some steps, above π_ref, target and reward.

use super::FigureError;
use super::content::{Axis, FEWEST_SEEDS, Manner, Panel, Rule, Spot, Trace, peaked};
use super::scene::Dash;
use super::select::{Group, Measured, cells, ends, groups, measured, no_data};
use super::style::{Look, Marker, REFERENCE, REWARD, TARGET, ramp};
use super::theme::Rgb;
use super::words;
use crate::results::Run;
use crate::scenario::{Cell, PanelSpec};

/// Fills a panel of distributions.
pub(crate) fn fill(run: &Run, spec: &PanelSpec) -> Result<Panel, FigureError> {
    let cells = cells(run, spec)?;
    let groups = groups(&run.scenario, spec, &cells, &|_| false);
    let steps: Vec<Option<u64>> = match (&spec.steps[..], spec.at_step) {
        ([], step) => vec![step],
        (steps, _) => steps.iter().map(|&s| Some(s)).collect(),
    };
    let policies: Vec<Trace> = groups
        .iter()
        .flat_map(|g| steps.iter().enumerate().map(move |(i, s)| (g, i, *s)))
        .filter_map(|(g, i, s)| policy(run, g, s, (i, steps.len())))
        .collect();
    let shows = |what: &str| spec.y.is_empty() || spec.y.iter().any(|y| y == what);
    let grounds = [
        ("reference", "π_ref", REFERENCE),
        ("data", "D_pref", TARGET),
        ("target", "target", TARGET),
    ];
    let grounds = grounds.into_iter().filter(|(metric, ..)| shows(metric));
    let mut traces: Vec<Trace> =
        grounds.filter_map(|(metric, name, hue)| ground(run, &cells, metric, name, hue)).collect();
    if policies.is_empty() && traces.is_empty() {
        return Err(no_data(run, spec, "probability/0"));
    }
    traces.extend(policies);
    let scaled = if shows("reward") { reward(run, &cells, spec, &mut traces) } else { None };
    for trace in &mut traces {
        stairs(trace);
        trim(trace, spec.x_range);
    }
    let x = Axis {
        label: label(spec.x_label.as_ref(), "arm"),
        range: spec.x_range,
        log: spec.log_x,
        ..Axis::default()
    };
    let y = Axis {
        label: label(spec.y_label.as_ref(), "probability"),
        range: spec.y_range,
        log: spec.log_y,
        zero: !spec.log_y,
        ..Axis::default()
    };
    let (rules, note) = match scaled {
        Some((peak, note)) => (vec![peak], note),
        None => (Vec::new(), String::new()),
    };
    Ok(Panel {
        title: spec.title.clone(),
        kind: spec.kind,
        x,
        y,
        traces,
        rules,
        note,
        ..Panel::default()
    })
}

/// Few arms are drawn as stairs, an arm each: a line between them would show mass where none is.
fn stairs(trace: &mut Trace) {
    const MOST_STAIRS: usize = 20;
    if trace.spots.len() > MOST_STAIRS {
        return;
    }
    let edges = |s: &Spot| [-0.5, 0.5].map(|side| Spot { x: s.x + side, ..s.clone() });
    trace.spots = trace.spots.iter().flat_map(edges).collect();
}

fn label(given: Option<&String>, default: &str) -> String {
    given.cloned().unwrap_or_else(|| default.to_owned())
}

/// The values of a metric for every arm.
fn arms(run: &Run, cell: &Cell, metric: &str, step: Option<u64>) -> Vec<Measured> {
    (0..).map_while(|arm| measured(run, cell, &format!("{metric}/{arm}"), step)).collect()
}

fn spots(values: &[Measured]) -> Vec<Spot> {
    let spot = |(arm, m): (usize, &Measured)| Spot {
        x: arm as f64,
        y: m.mean,
        low: m.low,
        high: m.high,
        n: m.values.len(),
        label: String::new(),
    };
    values.iter().enumerate().map(spot).collect()
}

fn policy(
    run: &Run,
    group: &Group<'_>,
    step: Option<u64>,
    (i, n): (usize, usize),
) -> Option<Trace> {
    let values = arms(run, group.cells[0], "probability", step);
    let seeds = values.first()?.values.len();
    let look =
        Look { dash: group.look.dash, ..if n > 1 { ramp(group.look, i, n) } else { group.look } };
    let name = match step {
        Some(step) if n > 1 => format!("{}, step {step}", group.name),
        _ => group.name.clone(),
    };
    let short = name.clone();
    let manner = Manner { line: true, band: seeds >= FEWEST_SEEDS, ..Manner::default() };
    Some(Trace { name, short, look, spots: spots(&values), singles: Vec::new(), manner })
}

/// π_ref (filled), the preference data (an outline) or the target (dotted): the same whatever the
/// method.
fn ground(run: &Run, cells: &[&Cell], metric: &str, name: &str, colour: Rgb) -> Option<Trace> {
    let values = cells.iter().map(|c| arms(run, c, metric, None)).find(|v| !v.is_empty())?;
    let fill = metric == "reference";
    let dash = if metric == "target" { Dash::Dotted } else { Dash::Solid };
    let look = Look::new(colour, dash, Marker::Circle);
    let manner = Manner { line: true, fill, thin: true, ..Manner::default() };
    let mut spots = spots(&values);
    spots.iter_mut().for_each(|s| s.n = 0);
    Some(Trace {
        name: name.to_owned(),
        short: name.to_owned(),
        look,
        spots,
        singles: Vec::new(),
        manner,
    })
}

/// Leaves out the arms beyond the ends of the axis, and of many arms those that lie on the way
/// between others: peaks stay.
fn trim(trace: &mut Trace, range: Option<[f64; 2]>) {
    if let Some([low, high]) = range {
        trace.spots.retain(|s| (low..=high).contains(&s.x));
    }
    let line = |height: fn(&Spot) -> f64| trace.spots.iter().map(height).collect::<Vec<f64>>();
    let mut lines = vec![line(|s| s.y)];
    if trace.manner.band {
        lines.extend([line(|s| s.low), line(|s| s.high)]);
    }
    trace.spots = peaked(&lines).into_iter().map(|i| trace.spots[i].clone()).collect();
}

/// A share of the highest reward: a lowest reward nearer to zero than this counts as zero.
const NEARLY_ZERO: f64 = 0.01;

/// The reward, scaled so that its peak is as high as the panel's highest line; returns the place of
/// the peak and what was done.
///
/// Rewards that begin at zero keep it; others are moved as well, so that the lowest one drawn
/// stands at zero.
fn reward(
    run: &Run,
    cells: &[&Cell],
    spec: &PanelSpec,
    traces: &mut Vec<Trace>,
) -> Option<(Rule, String)> {
    let values = cells.iter().map(|c| arms(run, c, "reward", None)).find(|v| !v.is_empty())?;
    let means: Vec<f64> = values.iter().map(|m| m.mean).collect();
    let [from, to] = spec.x_range.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
    let is_drawn = |x: f64| (from..=to).contains(&x);
    let drawn = (0..means.len()).filter(|&arm| is_drawn(arm as f64)).map(|arm| means[arm]);
    let (lowest, highest) = ends(&drawn.collect::<Vec<_>>());
    let lines = traces.iter().flat_map(|t| &t.spots).filter(|s| is_drawn(s.x));
    let tallest = ends(&lines.map(|s| s.y).collect::<Vec<_>>()).1;
    let tallest = spec.y_range.map_or(tallest, |[_, top]| tallest.min(top));
    let zero = if lowest >= 0.0 && lowest <= NEARLY_ZERO * highest { 0.0 } else { lowest };
    let zero = if highest > lowest || lowest < 0.0 { zero } else { 0.0 };
    let scale =
        if highest > zero && tallest.is_finite() { tallest / (highest - zero) } else { 1.0 };
    let mut spots = spots(&values);
    for s in &mut spots {
        (s.y, s.n) = ((s.y - zero) * scale, 0);
    }
    let look = Look::new(REWARD, Dash::Dotted, Marker::Circle);
    let (name, short) = ("reward (scaled)".to_owned(), "reward".to_owned());
    let manner = Manner { line: true, thin: true, ..Manner::default() };
    let place =
        traces.iter().take_while(|t| t.look.colour == REFERENCE || t.look.colour == TARGET).count();
    traces.insert(place, Trace { name, short, look, spots, singles: Vec::new(), manner });
    let peak = (0..means.len()).fold(0, |best, i| if means[i] > means[best] { i } else { best });
    let note = if zero == 0.0 {
        "the reward is scaled to the panel".to_owned()
    } else {
        let [low, high] = [lowest, highest].map(words::number);
        format!("the reward is scaled to the panel, {low} at zero and {high} at the highest line")
    };
    Some((Rule { of_x: true, value: peak as f64, label: format!("peak of r: {peak}") }, note))
}
