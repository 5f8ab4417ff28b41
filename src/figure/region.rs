//! Which method wins at every pair of two swept values: of two methods as markers, of more as tiles.

use super::FigureError;
use super::content::{Manner, Markers, Panel, Spot, Trace};
use super::scene::Dash;
use super::select::{cells, measured, no_data, swept_axis};
use super::style::{Look, Marker, NEUTRAL, look};
use super::sweep::when;
use super::theme::Rgb;
use super::{winners, words};
use crate::results::Run;
use crate::scenario::{Cell, PanelSpec};

/// The metric that holds a theoretical boundary: its value is a y for the cell's x.
const BOUNDARY: &str = "boundary";
/// The place of ties after those of the two methods.
const TIE: usize = 2;

/// Fills a panel that marks each pair of values by the method that wins there.
pub(crate) fn fill(run: &Run, spec: &PanelSpec) -> Result<Panel, FigureError> {
    let cells = cells(run, spec)?;
    let bad = |problem: String| FigureError::BadPanel { panel: spec.title.clone(), problem };
    let default = "gold_reward".to_owned();
    let (Some(y_key), metric) = (spec.y.first(), spec.y.get(1).unwrap_or(&default)) else {
        return Err(bad("a region needs y = [KEY, METRIC], nothing was given".to_owned()));
    };
    let mut methods: Vec<&str> = Vec::new();
    cells.iter().for_each(|c| {
        if !methods.contains(&c.method.as_str()) {
            methods.push(&c.method)
        }
    });
    let [first, second] = methods[..] else {
        return match methods.len() {
            1 => Err(bad(format!("a region compares methods, only {} was selected", methods[0]))),
            _ => winners::fill(run, spec, &cells, &methods, (y_key, metric)),
        };
    };
    let (mut x, xs) = swept_axis(&cells, spec, &spec.x, spec.log_x);
    let (mut y, ys) = swept_axis(&cells, spec, y_key, spec.log_y);
    (x.range, y.range) = (spec.x_range, spec.y_range);
    let mut outcomes: [Vec<Spot>; 3] = Default::default();
    for (x_value, x_at) in &xs {
        for (y_value, y_at) in &ys {
            let at = [(spec.x.as_str(), x_value.as_str()), (y_key.as_str(), y_value.as_str())];
            let both = winners::contenders(run, spec, &cells, &methods, metric, &at)?;
            let Some(duel) = winners::outcome((*x_at, *y_at), both, spec.least_lead) else {
                continue;
            };
            outcomes[duel.winner.unwrap_or(TIE)].push(Spot {
                x: *x_at,
                y: *y_at,
                low: *y_at,
                high: *y_at,
                n: duel.n,
                label: String::new(),
            });
        }
    }
    if outcomes.iter().all(Vec::is_empty) {
        return Err(no_data(run, spec, metric));
    }
    let mut traces: Vec<Trace> = boundary(run, &cells, &spec.x, &xs).into_iter().collect();
    let tie = format!("paired lead {}", winners::tie_words(spec.least_lead));
    traces.extend(clouds(run, &cells, [first, second], (outcomes, tie)));
    let note = format!("the larger {} {}", words::metric(metric).0, when(spec));
    Ok(Panel { title: spec.title.clone(), kind: spec.kind, x, y, traces, note, ..Panel::default() })
}

fn clouds(
    run: &Run,
    cells: &[&Cell],
    methods: [&str; 2],
    ([a, b, tie], tie_name): ([Vec<Spot>; 3], String),
) -> Vec<Trace> {
    let look_of =
        |method: &str| cells.iter().find(|c| c.method == method).map(|c| look(&run.scenario, c));
    let neutral = Look::new(NEUTRAL, Dash::Solid, Marker::Circle);
    let mut looks =
        [look_of(methods[0]).unwrap_or(neutral), look_of(methods[1]).unwrap_or(neutral)];
    if looks[0].marker == looks[1].marker {
        looks[1].marker =
            if looks[0].marker == Marker::Square { Marker::Circle } else { Marker::Square };
    }
    let cloud = |name: String, look, spots, markers| Trace {
        short: name.clone(),
        name,
        look,
        spots,
        singles: Vec::new(),
        manner: Manner { markers, ..Manner::default() },
    };
    let better = |method: &str| format!("{} wins", words::method(method));
    let all = [
        cloud(better(methods[0]), looks[0], a, Markers::All),
        cloud(better(methods[1]), looks[1], b, Markers::All),
        cloud(tie_name, neutral, tie, Markers::Rings),
    ];
    all.into_iter().filter(|t| !t.spots.is_empty()).collect()
}

fn boundary(run: &Run, cells: &[&Cell], x_key: &str, xs: &[(String, f64)]) -> Option<Trace> {
    let at = |(value, x): &(String, f64)| {
        let m = cells
            .iter()
            .filter(|c| c.settings.get(x_key) == Some(value))
            .find_map(|c| measured(run, c, BOUNDARY, None))?;
        Some(Spot { x: *x, y: m.mean, low: m.mean, high: m.mean, n: 0, label: String::new() })
    };
    let spots: Vec<Spot> = xs.iter().filter_map(at).filter(|s| s.y.is_finite()).collect();
    let name = "theory".to_owned();
    let look = Look::new(Rgb(0x40, 0x44, 0x4C), Dash::Dotted, Marker::Circle);
    let manner = Manner { line: true, thin: true, ..Manner::default() };
    (spots.len() > 1).then(|| Trace {
        short: name.clone(),
        name,
        look,
        spots,
        singles: Vec::new(),
        manner,
    })
}
