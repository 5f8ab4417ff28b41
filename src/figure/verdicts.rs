//! What the data say of a claim at every pair of two of the keys that it is counted across.

use super::FigureError;
use super::content::{Axis, Markers, Panel, Tile, Trace};
use super::scene::Dash;
use super::select::numeric;
use super::style::{Look, Marker, NEUTRAL};
use super::theme::Rgb;
use super::title::sign;
use super::words;
use crate::results::{Run, Setting, multiverse};
use crate::scenario::{ClaimSpec, PanelSpec, Verdict, selects};

/// The verdicts with the colour of their tiles, and its share of them in percent.
const VERDICTS: [(Verdict, Rgb, u8); 4] = [
    (Verdict::Holds, HOLDS, 100),
    (Verdict::NoDifference, Rgb(0x56, 0x7C, 0xA8), 55),
    (Verdict::Reversed, Rgb(0xD5, 0x5E, 0x00), 100),
    (Verdict::Inconclusive, NEUTRAL, 22),
];
/// Where a claim holds.
const HOLDS: Rgb = Rgb(0x00, 0x9E, 0x73);
/// Percent of it where a claim holds in no setting.
const PALEST: u8 = 7;
/// Written where there is no verdict.
const NONE: &str = "–";

/// Fills a panel of tiles: the verdict in each, or the share of settings in which the claim holds.
pub(crate) fn fill(run: &Run, spec: &PanelSpec) -> Result<Panel, FigureError> {
    let bad = |problem: String| FigureError::BadPanel { panel: spec.title.clone(), problem };
    let claim = run.scenario.claims.iter().find(|c| Some(&c.id) == spec.claim.as_ref());
    let (Some(claim), Some(y_key)) = (claim, spec.y.first()) else {
        return Err(bad("verdicts need `claim` and y = KEY".to_owned()));
    };
    let mut settings = multiverse(run, claim).map_err(|error| bad(error.to_string()))?;
    settings.retain(|s| is_meant(spec, s));
    let (x, xs) = axis(&settings, &spec.x, spec.x_label.as_ref());
    let (y, ys) = axis(&settings, y_key, spec.y_label.as_ref());
    let varies = |key: &&String| axis(&settings, key, None).1.len() > 1;
    let rest = claim.across.iter().filter(|key| **key != spec.x && *key != y_key);
    let rest: Vec<&String> = rest.filter(varies).collect();
    let shares = !rest.is_empty();
    let tiles = tiles(&settings, (&spec.x, &xs), (y_key, &ys), shares);
    if tiles.is_empty() {
        return Err(FigureError::NoCells { panel: spec.title.clone() });
    }
    Ok(Panel {
        title: spec.title.clone(),
        kind: spec.kind,
        x,
        y,
        traces: legend(&tiles, shares),
        note: note(claim, &rest),
        tiles,
        ..Panel::default()
    })
}

/// A tile for each pair of values that the scenario contains.
fn tiles(
    settings: &[Setting],
    (x_key, xs): (&str, &[(String, f64)]),
    (y_key, ys): (&str, &[(String, f64)]),
    shares: bool,
) -> Vec<Tile> {
    let pairs = xs.iter().flat_map(|x| ys.iter().map(move |y| (x, y)));
    pairs
        .filter_map(|((x_value, x), (y_value, y))| {
            let is_here = |s: &&Setting| {
                s.keys.get(x_key) == Some(x_value) && s.keys.get(y_key) == Some(y_value)
            };
            let here: Vec<&Setting> = settings.iter().filter(is_here).collect();
            let tile = if shares { share(&here) } else { one(here.first()?) };
            (!here.is_empty()).then_some(Tile { x: *x, y: *y, ..tile })
        })
        .collect()
}

/// Whether a setting meets the panel's `where`; a key that it does not have is no matter.
fn is_meant(spec: &PanelSpec, setting: &Setting) -> bool {
    let meets = |(key, value): (&String, &toml::Value)| {
        setting.keys.get(key).is_none_or(|text| selects(value, text))
    };
    spec.where_.iter().all(meets)
}

/// The axis of a key with a slot for each of its values: numbers ascending, words as they come.
fn axis(settings: &[Setting], key: &str, label: Option<&String>) -> (Axis, Vec<(String, f64)>) {
    let mut values: Vec<String> = Vec::new();
    for value in settings.iter().filter_map(|s| s.keys.get(key)) {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    let numbers = numeric(&values);
    let words = numbers.is_none();
    let places = numbers.unwrap_or_else(|| (0..values.len()).map(|i| i as f64).collect());
    let mut places: Vec<(String, f64)> = values.into_iter().zip(places).collect();
    places.sort_by(|a, b| a.1.total_cmp(&b.1));
    let name = |(value, place): &(String, f64)| match (key, value.as_str()) {
        ("steps", "1/4") => "first quarter".to_owned(),
        ("steps", "1/2") => "first half".to_owned(),
        ("steps", _) => "all".to_owned(),
        _ if words => words::setting("", value),
        _ => words::number(*place),
    };
    let key_words = if key == "steps" { "part of the run".to_owned() } else { words::key(key) };
    let axis = Axis {
        label: label.cloned().unwrap_or(key_words),
        categories: places.iter().map(name).collect(),
        slots: places.iter().map(|(_, place)| *place).collect(),
        words,
        ..Axis::default()
    };
    (axis, places)
}

/// The tile of a single setting.
fn one(setting: &Setting) -> Tile {
    let colour = |verdict| VERDICTS.iter().find(|(v, ..)| *v == verdict);
    let fill =
        setting.verdict.and_then(colour).map(|(_, rgb, share)| (*rgb, f64::from(*share) / 100.0));
    let [value, low, high] =
        setting.effect.map_or([f64::NAN; 3], |effect| [effect.mean, effect.low, effect.high]);
    Tile {
        line: setting.verdict.map_or("no verdict".to_owned(), |v| v.to_string()),
        value,
        low,
        high,
        fill,
        text: setting.verdict.map_or(NONE, sign).to_owned(),
        ..empty(setting.n)
    }
}

/// The tile of several settings: in how many the claim holds. Without a verdict it does not.
fn share(settings: &[&Setting]) -> Tile {
    let held = settings.iter().filter(|s| s.verdict == Some(Verdict::Holds)).count();
    let share = held as f64 / settings.len() as f64;
    let n = settings.iter().map(|s| s.n).max().unwrap_or(0);
    if settings.iter().all(|s| s.verdict.is_none()) {
        return Tile { line: "no verdict".to_owned(), ..empty(n) };
    }
    let palest = f64::from(PALEST) / 100.0;
    Tile {
        line: format!("holds in {held} of {}", settings.len()),
        value: share,
        low: share,
        high: share,
        fill: Some((HOLDS, palest + (1.0 - palest) * share)),
        text: format!("{held}/{}", settings.len()),
        ..empty(n)
    }
}

/// A tile without a verdict.
fn empty(n: usize) -> Tile {
    let (x, y, value, low, high) = (0.0, 0.0, f64::NAN, f64::NAN, f64::NAN);
    let (line, text) = (String::new(), NONE.to_owned());
    Tile { x, y, line, value, low, high, n, fill: None, marker: None, text }
}

/// What occurs among the tiles.
fn legend(tiles: &[Tile], shares: bool) -> Vec<Trace> {
    let look = |colour| Look::new(colour, Dash::Solid, Marker::Circle);
    let swatch = |name: &str, text: &str, colour, share| {
        Trace::swatch(name.to_owned(), text, (look(colour), share), Markers::None)
    };
    let mut entries = Vec::new();
    if shares {
        let of = tiles.iter().filter_map(|t| t.text.split_once('/')).map(|(_, of)| of).max();
        let of = of.unwrap_or("1");
        entries.push(swatch("holds in none", &format!("0/{of}"), HOLDS, PALEST));
        entries.push(swatch("holds in all", &format!("{of}/{of}"), HOLDS, 100));
    } else {
        let seen = |verdict: Verdict| tiles.iter().any(|t| t.line == verdict.to_string());
        let found = VERDICTS.iter().filter(|(verdict, ..)| seen(*verdict));
        entries.extend(found.map(|(v, rgb, share)| swatch(&v.to_string(), sign(*v), *rgb, *share)));
    }
    if tiles.iter().any(|t| t.fill.is_none()) {
        entries.push(swatch("no verdict: runs failed, missing or too few", NONE, NEUTRAL, 0));
    }
    entries
}

/// The claim, and what the shares are over.
fn note(claim: &ClaimSpec, rest: &[&String]) -> String {
    let says = claim.says.trim_end_matches('.');
    let claim_words = format!("claim {} (“{says}”, margin {})", claim.id, claim.margin);
    if rest.is_empty() {
        return format!("verdict on {claim_words}");
    }
    let key_words = |key: &&String| match key.as_str() {
        "steps" => "the part of the run".to_owned(),
        key => words::key(key),
    };
    let keys: Vec<String> = rest.iter().map(key_words).collect();
    format!("in how many settings (over {}) {claim_words} holds", keys.join(" and "))
}
