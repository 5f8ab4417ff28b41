//! Which cells a panel shows, how they are named, and their values.

use super::FigureError;
use super::content::{Axis, FEWEST_SEEDS};
use super::style::{Look, look, ramp};
use super::words;
use crate::results::{Run, Series, band};
use crate::scenario::{Absent, Cell, PanelKind, PanelSpec, Scenario, Selector, Statistic, admits};
use std::collections::BTreeMap;

/// Cells of one method that share a line.
#[derive(Debug, Clone)]
pub(crate) struct Group<'a> {
    /// Its name among all lines.
    pub(crate) name: String,
    /// Its name where the panel or its title says the rest.
    pub(crate) short: String,
    /// How it is drawn.
    pub(crate) look: Look,
    /// Its cells, in the scenario's order.
    pub(crate) cells: Vec<&'a Cell>,
}

/// A statistic over seeds: the mean, unless another was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// The statistic.
    pub(crate) mean: f64,
    /// Lower end of its 95 % interval (the statistic itself when seeds are few).
    pub(crate) low: f64,
    /// Upper end.
    pub(crate) high: f64,
    /// The seeds' own values.
    pub(crate) values: Vec<f64>,
}

/// The cells of a panel, in the scenario's order.
pub(crate) fn cells<'a>(run: &'a Run, spec: &PanelSpec) -> Result<Vec<&'a Cell>, FigureError> {
    let wanted = |c: &&Cell| {
        (spec.methods.is_empty() || spec.methods.contains(&c.method))
            && admits(&spec.where_, &c.method, &c.settings, Absent::Passes)
    };
    let found: Vec<&Cell> = run.scenario.cells.iter().filter(wanted).collect();
    if found.is_empty() {
        return Err(FigureError::NoCells { panel: spec.title.clone() });
    }
    Ok(found)
}

/// The swept keys in the scenario's order.
fn keys(scenario: &Scenario) -> Vec<&str> {
    let mut keys: Vec<&str> = scenario.sweep.iter().map(|(key, _)| key.as_str()).collect();
    let all: std::collections::BTreeSet<&str> =
        scenario.cells.iter().flat_map(|c| c.settings.keys().map(String::as_str)).collect();
    let rest: Vec<&str> = all.into_iter().filter(|k| !keys.contains(k)).collect();
    keys.extend(rest);
    keys
}

/// The values that a swept key takes among cells: numbers ascending, words as they come.
pub(crate) fn values(cells: &[&Cell], key: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for value in cells.iter().filter_map(|c| c.settings.get(key)) {
        if !out.contains(value) {
            out.push(value.clone());
        }
    }
    if let Some(numbers) = numeric(&out) {
        let mut order: Vec<usize> = (0..out.len()).collect();
        order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
        out = order.into_iter().map(|i| out[i].clone()).collect();
    }
    out
}

/// All values as numbers, if they all are.
pub(crate) fn numeric(values: &[String]) -> Option<Vec<f64>> {
    values.iter().map(|v| v.parse().ok()).collect()
}

/// The swept keys that differ among cells.
pub(crate) fn varied<'a>(scenario: &'a Scenario, cells: &[&Cell]) -> Vec<&'a str> {
    keys(scenario).into_iter().filter(|key| values(cells, key).len() > 1).collect()
}

/// The lines of a panel: cells that differ only in the `along` keys share one.
pub(crate) fn groups<'a>(
    scenario: &Scenario,
    spec: &PanelSpec,
    cells: &[&'a Cell],
    along: &dyn Fn(&str) -> bool,
) -> Vec<Group<'a>> {
    let apart: Vec<&str> = varied(scenario, cells).into_iter().filter(|k| !along(k)).collect();
    let setting = |c: &Cell| apart.iter().map(|k| c.settings.get(*k).cloned()).collect::<Vec<_>>();
    let several = cells.iter().any(|c| c.method != cells[0].method);
    let mut out: Vec<Group<'a>> = Vec::new();
    for &cell in cells {
        let twin = |g: &&mut Group<'a>| {
            g.cells[0].method == cell.method && setting(g.cells[0]) == setting(cell)
        };
        if let Some(group) = out.iter_mut().find(twin) {
            group.cells.push(cell);
            continue;
        }
        let (name, short) = names(cell, &apart, several);
        out.push(Group {
            name,
            short,
            look: shaded(scenario, spec, cells, cell, &apart),
            cells: vec![cell],
        });
    }
    out
}

fn names(cell: &Cell, apart: &[&str], several: bool) -> (String, String) {
    let settings: Vec<String> = apart
        .iter()
        .filter_map(|k| cell.settings.get(*k).map(|v| words::setting(k, v)))
        .filter(|s| !s.is_empty())
        .collect();
    let (method, settings) = (words::method(&cell.method), settings.join(", "));
    match (settings.is_empty(), several) {
        (true, _) => (method.clone(), method),
        (false, true) => (format!("{method}, {settings}"), format!("{method}, {settings}")),
        (false, false) => (format!("{method}, {settings}"), settings),
    }
}

/// The look of a cell, on the ramp of the key that makes ramps.
fn shaded(
    scenario: &Scenario,
    spec: &PanelSpec,
    cells: &[&Cell],
    cell: &Cell,
    apart: &[&str],
) -> Look {
    let plain = look(scenario, cell);
    let key =
        spec.lines.as_deref().filter(|k| apart.contains(k)).or_else(|| ramp_key(cells, apart));
    let Some(key) = key else { return plain };
    let all = values(cells, key);
    // A key that already changes the dash or the hue needs no ramp.
    let own = |c: &&&Cell| c.method == cell.method && look(scenario, c) != plain;
    match cell.settings.get(key).and_then(|v| all.iter().position(|a| a == v)) {
        Some(i) if !cells.iter().any(|c| own(&c)) => ramp(plain, i, all.len()),
        _ => plain,
    }
}

fn ramp_key<'a>(cells: &[&Cell], apart: &[&'a str]) -> Option<&'a str> {
    let numbers = apart.iter().rev().find(|k| numeric(&values(cells, k)).is_some());
    numbers.or(apart.last()).copied()
}

/// The mean of a metric over seeds at a step, or at the last.
pub(crate) fn measured(
    run: &Run,
    cell: &Cell,
    metric: &str,
    step: Option<u64>,
) -> Option<Measured> {
    summarised(run, cell, metric, step, Statistic::Mean)
}

/// A statistic of a metric over seeds at a step, or at the last.
pub(crate) fn summarised(
    run: &Run,
    cell: &Cell,
    metric: &str,
    step: Option<u64>,
    statistic: Statistic,
) -> Option<Measured> {
    let series = run.series(&cell.name, metric)?;
    let place = match step {
        None => series.points.len().checked_sub(1)?,
        Some(step) => series.points.iter().position(|p| p.step == step)?,
    };
    let column = series.values.column(place).to_vec();
    let one = Series {
        points: vec![series.points[place]],
        values: ndarray::Array2::from_shape_vec((column.len(), 1), column).ok()?,
        seeds: series.seeds.clone(),
        queries_apart: Default::default(),
    };
    path(&one, statistic).into_iter().next()
}

/// A statistic of a metric over seeds at every point of a series.
pub(crate) fn path(series: &Series, statistic: Statistic) -> Vec<Measured> {
    let few = series.seeds.len() < FEWEST_SEEDS;
    let columns = series.values.columns();
    let estimates = if few { Vec::new() } else { band(series, statistic) };
    columns
        .into_iter()
        .enumerate()
        .map(|(i, column)| {
            let values = column.to_vec();
            if let Some(e) = estimates.get(i) {
                return Measured { mean: e.mean, low: e.low, high: e.high, values };
            }
            let known = values.iter().all(|v| !v.is_nan());
            let own = if known { statistic.of(&values) } else { f64::NAN };
            Measured { mean: own, low: own, high: own, values }
        })
        .collect()
}

/// The axis of a swept key, and the place of each of its values on it.
pub(crate) fn swept_axis(
    cells: &[&Cell],
    spec: &PanelSpec,
    key: &str,
    log: bool,
) -> (Axis, Vec<(String, f64)>) {
    let all = values(cells, key);
    let label = if key == spec.x { spec.x_label.clone() } else { spec.y_label.clone() };
    let label = label.unwrap_or_else(|| words::key(key));
    let Some(numbers) = numeric(&all) else {
        let categories = all.iter().map(|v| words::setting("", v)).collect();
        let places = all.into_iter().enumerate().map(|(i, v)| (v, i as f64)).collect();
        return (Axis { label, categories, ..Axis::default() }, places);
    };
    let (low, high) = ends(&numbers);
    let log = low > 0.0 && (log || high / low >= 20.0);
    let places = all.into_iter().zip(numbers.iter().copied()).collect();
    (Axis { label, log, at: numbers, ..Axis::default() }, places)
}

/// The axis of a swept key with a slot for each of its values, and their places.
pub(crate) fn slotted_axis(
    cells: &[&Cell],
    spec: &PanelSpec,
    key: &str,
) -> (Axis, Vec<(String, f64)>) {
    let (axis, places) = swept_axis(cells, spec, key, false);
    let words = !axis.categories.is_empty();
    let categories = match words {
        true => axis.categories,
        false => places.iter().map(|(_, value)| words::number(*value)).collect(),
    };
    let slots = places.iter().map(|(_, place)| *place).collect();
    (Axis { label: axis.label, categories, slots, words, ..Axis::default() }, places)
}

/// The one cell of a method at some values; a key that the method does not have is no matter.
pub(crate) fn one_cell<'a>(
    spec: &PanelSpec,
    cells: &[&'a Cell],
    method: &str,
    at: &[(&str, &str)],
) -> Result<Option<&'a Cell>, FigureError> {
    let has =
        |c: &Cell| at.iter().all(|(key, value)| c.settings.get(*key).is_none_or(|v| v == value));
    let mut found = cells.iter().copied().filter(|c| c.method == method && has(c));
    let first = found.next();
    match (first, found.next()) {
        (Some(a), Some(b)) => {
            let free = a.settings.iter().find(|(key, value)| b.settings.get(*key) != Some(value));
            let key = free.map_or("", |(key, _)| key.as_str());
            let problem = format!(
                "several cells of {method} have the same place; pin {key} in the panel's `where`"
            );
            Err(FigureError::BadPanel { panel: spec.title.clone(), problem })
        }
        _ => Ok(first),
    }
}

/// The values of a metric by seed at a step, or at the last; only finite ones.
pub(crate) fn by_seed(
    run: &Run,
    cell: &Cell,
    metric: &str,
    step: Option<u64>,
) -> Option<BTreeMap<u64, f64>> {
    let values = measured(run, cell, metric, step)?.values;
    let seeds = run.series(&cell.name, metric)?.seeds.iter().copied();
    Some(seeds.zip(values).filter(|(_, value)| value.is_finite()).collect())
}

/// The least and the largest of some numbers.
pub(crate) fn ends(numbers: &[f64]) -> (f64, f64) {
    numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &x| (l.min(x), h.max(x)))
}

/// The axis of a metric.
pub(crate) fn metric_axis(
    metric: &str,
    label: Option<&String>,
    log: bool,
    range: Option<[f64; 2]>,
) -> Axis {
    let label = label.cloned().unwrap_or_else(|| words::metric(metric).0);
    Axis { label, log, range, ..Axis::default() }
}

/// The error of a panel whose metric nobody measured.
pub(crate) fn no_data(run: &Run, spec: &PanelSpec, metric: &str) -> FigureError {
    FigureError::NoData {
        panel: spec.title.clone(),
        metric: match spec.at_step {
            Some(step) => format!("{metric} at step {step}"),
            None => metric.to_owned(),
        },
        id: run.scenario.id.clone(),
    }
}

/// The panels of a scenario; without any, gold reward over steps for each value of the first
/// swept key.
pub(crate) fn panels(scenario: &Scenario) -> Vec<PanelSpec> {
    if !scenario.panels.is_empty() {
        return scenario.panels.clone();
    }
    let of = |title: String, where_: Selector| PanelSpec {
        title,
        kind: PanelKind::Curves,
        x: "step".to_owned(),
        y: vec!["gold_reward".to_owned()],
        where_,
        methods: Vec::new(),
        lines: None,
        at_step: None,
        statistic: Statistic::Mean,
        area: false,
        claim: None,
        factors: Vec::new(),
        least_lead: 0.0,
        steps: Vec::new(),
        log_x: false,
        log_y: false,
        x_label: None,
        y_label: None,
        y_range: None,
        x_range: None,
        marks: Vec::new(),
        points: Vec::new(),
    };
    match scenario.sweep.first() {
        Some((key, all)) if all.len() > 1 && scenario.sweep.len() > 1 => all
            .iter()
            .map(|v| {
                of(words::setting(key, v), [(key.clone(), toml::Value::String(v.clone()))].into())
            })
            .collect(),
        _ => vec![of(String::new(), Selector::new())],
    }
}
