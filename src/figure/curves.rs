//! Learning curves: a metric over steps or queries, or the path of one metric against another.

use super::FigureError;
use super::content::{
    Axis, FEWEST_SEEDS, Manner, Markers, Panel, Rule, Spot, Trace, evenly, thinned,
};
use super::select::{Group, cells, ends, groups, measured, metric_axis, no_data, path};
use super::split::{MOST_SINGLES, drop_near, is_split};
use super::style::{is_optimum, ramp};
use super::words;
use crate::results::{Run, Series};
use crate::scenario::PanelSpec;

/// Fills a panel of learning curves.
pub(crate) fn fill(run: &Run, spec: &PanelSpec) -> Result<Panel, FigureError> {
    let cells = cells(run, spec)?;
    let mut metrics = spec.y.clone();
    if metrics.is_empty() {
        metrics.push("gold_reward".to_owned());
    }
    let groups = groups(&run.scenario, spec, &cells, &|_| false);
    let ends = ends_of_x(run, spec, &groups, &metrics[0]);
    let mut traces = Vec::new();
    for metric in &metrics {
        let found: Vec<Trace> = groups
            .iter()
            .filter_map(|g| match is_optimum(g.cells[0]) {
                true => optimum(run, g, metric, ends),
                false => trace(run, spec, g, metric, &metrics, groups.len()),
            })
            .collect();
        if found.is_empty() {
            return Err(no_data(run, spec, metric));
        }
        traces.extend(found);
    }
    let x = match spec.x.as_str() {
        key @ ("step" | "queries") => Axis {
            zero: !spec.log_x || traces.iter().flat_map(|t| &t.spots).any(|s| s.x == 0.0),
            ..metric_axis(key, spec.x_label.as_ref(), spec.log_x, spec.x_range)
        },
        metric => metric_axis(metric, spec.x_label.as_ref(), spec.log_x, spec.x_range),
    };
    drop_near(&mut traces);
    let y = metric_axis(&metrics[0], spec.y_label.as_ref(), spec.log_y, spec.y_range);
    let rules = start(run, &groups, &metrics, spec);
    let note = String::new();
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

/// Where the lines of the runs begin and end.
fn ends_of_x(run: &Run, spec: &PanelSpec, groups: &[Group<'_>], metric: &str) -> (f64, f64) {
    let of = |g: &Group<'_>| {
        let name = &g.cells[0].name;
        abscissa(run, name, spec, run.series(name, metric)?).map(|(xs, _)| xs)
    };
    let runs = groups.iter().filter(|g| !is_optimum(g.cells[0])).filter_map(of).flatten();
    let (low, high) = ends(&runs.filter(|x| !spec.log_x || *x > 0.0).collect::<Vec<_>>());
    if low.is_finite() && high.is_finite() { (low, high) } else { (1.0, 2.0) }
}

/// An exact optimum as a level line along the runs.
fn optimum(run: &Run, group: &Group<'_>, metric: &str, (low, high): (f64, f64)) -> Option<Trace> {
    let level = measured(run, group.cells[0], metric, None)?.mean;
    let spot = |x| Spot { x, y: level, low: level, high: level, ..Spot::default() };
    let manner = Manner { line: true, thin: true, ..Manner::default() };
    Some(Trace {
        name: group.name.clone(),
        short: group.short.clone(),
        look: group.look,
        spots: vec![spot(low), spot(high)],
        singles: Vec::new(),
        manner,
    })
}

/// Whether a value is the beginning of a run, which has a place on logarithmic axes too.
fn begins(spec: &PanelSpec, x: f64) -> bool {
    x == 0.0 && ["step", "queries"].contains(&spec.x.as_str())
}

/// What is measured of responses, so that the reference has a value of its own.
const OF_RESPONSES: [&str; 6] =
    ["gold_reward", "proxy_reward", "win_rate", "mean_length", "length_distance", "mean_distance"];
/// Starts that differ by more than this share of themselves (of 1, where they are smaller) are none
/// of one reference.
const ONE_START: f64 = 0.03;

/// The value of the reference, from which every curve starts.
fn start(run: &Run, groups: &[Group<'_>], metrics: &[String], spec: &PanelSpec) -> Vec<Rule> {
    let [metric] = metrics else { return Vec::new() };
    if !OF_RESPONSES.contains(&metric.as_str()) || !begins(spec, 0.0) {
        return Vec::new();
    }
    let first = |g: &Group<'_>| {
        let begins = run.series(&g.cells[0].name, metric)?.points.first()?.step == 0;
        measured(run, g.cells[0], metric, Some(0)).filter(|_| begins).map(|m| m.mean)
    };
    let starts: Vec<f64> =
        groups.iter().filter(|g| !is_optimum(g.cells[0])).filter_map(first).collect();
    let (low, high) = ends(&starts);
    if starts.is_empty() || high - low > ONE_START * high.abs().max(1.0) {
        return Vec::new();
    }
    let value = starts.iter().sum::<f64>() / starts.len() as f64;
    vec![Rule { of_x: false, value, label: "π_ref".to_owned() }]
}

fn trace(
    run: &Run,
    spec: &PanelSpec,
    group: &Group<'_>,
    metric: &str,
    metrics: &[String],
    groups: usize,
) -> Option<Trace> {
    let cell = group.cells[0];
    let series = run.series(&cell.name, metric)?;
    let (xs, own) = abscissa(run, &cell.name, spec, series)?;
    let means = path(series, spec.statistic);
    let kept: Vec<usize> = thinned(means.len())
        .into_iter()
        .filter(|&i| {
            means[i].mean.is_finite() && (!spec.log_x || xs[i] > 0.0 || begins(spec, xs[i]))
        })
        .collect();
    let n = series.seeds.len();
    let spots = kept
        .iter()
        .map(|&i| Spot {
            x: xs[i],
            y: means[i].mean,
            low: means[i].low,
            high: means[i].high,
            n: means[i].values.iter().filter(|value| value.is_finite()).count(),
            ..Spot::default()
        })
        .collect();
    let split = kept.last().is_some_and(|&i| is_split(&means[i].values));
    let few = n < FEWEST_SEEDS && n > 1 || split;
    let single = |s: usize| kept.iter().map(|&i| (xs[i], means[i].values[s])).collect();
    let shown = evenly(n, MOST_SINGLES).into_iter();
    let singles = if few && own { shown.map(single).collect() } else { Vec::new() };
    let (name, short, look) = named(group, metric, metrics, groups);
    let markers = match own {
        true if groups * metrics.len() > 2 && !is_ramp(groups, group) => Markers::Sparse,
        true => Markers::None,
        false => Markers::End,
    };
    let manner =
        Manner { line: true, band: own && n >= FEWEST_SEEDS, markers, ..Manner::default() };
    Some(Trace { name, short, look, spots, singles, manner })
}

/// Lines of one method that differ by a value are told apart by lightness and their ends.
fn is_ramp(groups: usize, group: &Group<'_>) -> bool {
    groups > 1 && group.short != group.name
}

fn named(
    group: &Group<'_>,
    metric: &str,
    metrics: &[String],
    groups: usize,
) -> (String, String, super::style::Look) {
    if metrics.len() == 1 {
        return (group.name.clone(), group.short.clone(), group.look);
    }
    let place = metrics.iter().position(|m| m == metric).unwrap_or(0);
    let member = match words::metric(metric) {
        (title, member) if member.is_empty() => title,
        (_, member) => member,
    };
    let look = ramp(group.look, metrics.len() - 1 - place, metrics.len());
    let short = if groups == 1 { member.clone() } else { format!("{}, {member}", group.short) };
    (format!("{}, {member}", group.name), short, look)
}

/// The queries at every measured step, a mean over seeds.
fn mean_queries(series: &Series) -> Vec<f64> {
    let seeds: Vec<_> = series.seeds.iter().map(|seed| series.points_of_seed(*seed)).collect();
    let mean = |point: usize| {
        seeds.iter().map(|own| own[point].queries as f64).sum::<f64>() / seeds.len().max(1) as f64
    };
    (0..series.points.len()).map(mean).collect()
}

/// The x of every point, and whether x is the same for all seeds.
fn abscissa(run: &Run, cell: &str, spec: &PanelSpec, series: &Series) -> Option<(Vec<f64>, bool)> {
    match spec.x.as_str() {
        "step" => Some((series.points.iter().map(|p| p.step as f64).collect(), true)),
        "queries" => Some((mean_queries(series), true)),
        metric => {
            let other = run.series(cell, metric)?;
            let same = other.points.len() == series.points.len();
            let along = || path(other, spec.statistic).into_iter().map(|m| m.mean).collect();
            same.then(|| (along(), false))
        }
    }
}
