//! One look for each method in every figure: hue by family, dash by data source, shade by member.
//!
//! Hues are those of Okabe and Ito, which any colour vision tells apart; members of a family also
//! differ in lightness and marker.

use super::scene::Dash;
use super::theme::{Rgb, Theme};
use crate::learner::Expectation;
use crate::scenario::{Cell, Scenario};

/// The shape of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Marker {
    /// A disc.
    #[default]
    Circle,
    /// A square.
    Square,
    /// A square on its corner.
    Diamond,
    /// A triangle, point up.
    Triangle,
    /// A triangle, point down.
    Wedge,
}

const MARKERS: [Marker; 5] =
    [Marker::Circle, Marker::Square, Marker::Diamond, Marker::Triangle, Marker::Wedge];

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    /// Its colour.
    pub(crate) colour: Rgb,
    /// How it is broken.
    pub(crate) dash: Dash,
    /// Its marker.
    pub(crate) marker: Marker,
    /// Its colour on dark paper.
    pub(crate) on_dark: Rgb,
}

impl Look {
    /// A look of one colour on every paper.
    pub(crate) fn new(colour: Rgb, dash: Dash, marker: Marker) -> Look {
        Look { colour, dash, marker, on_dark: colour }
    }

    /// Its colour on the paper of a theme.
    pub(crate) fn on(self, theme: &Theme) -> Rgb {
        if theme.is_dark() { self.on_dark } else { self.colour }
    }
}

/// π_ref in every density panel.
pub(crate) const REFERENCE: Rgb = Rgb(150, 153, 160);
/// The preference data or the target in every density panel.
pub(crate) const TARGET: Rgb = Rgb(74, 104, 138);
/// The reward in every density panel.
pub(crate) const REWARD: Rgb = Rgb(200, 30, 45);

/// Where nobody wins.
pub(crate) const NEUTRAL: Rgb = Rgb(0x80, 0x84, 0x8C);

/// Colour and marker of an objective; its family gives the hue.
fn objective(name: &str) -> (Rgb, Marker) {
    match name {
        "sft" => (Rgb(0x8C, 0x7A, 0x5B), Marker::Wedge),
        "pref-ft" => (Rgb(0xE6, 0x9F, 0x00), Marker::Circle),
        "best-of-n" => (Rgb(0xD5, 0x5E, 0x00), Marker::Square),
        "rwr" => (Rgb(0xC9, 0xB4, 0x1A), Marker::Diamond),
        "binary-feedme" => (Rgb(0x9A, 0x5B, 0x13), Marker::Triangle),
        "forward-kl" => (Rgb(0xE6, 0x9F, 0x00), Marker::Wedge),
        "dpo" => (Rgb(0x00, 0x72, 0xB2), Marker::Circle),
        "ipo" => (Rgb(0x56, 0xB4, 0xE9), Marker::Square),
        "hinge" => (Rgb(0x6B, 0x79, 0xD0), Marker::Diamond),
        "reinforce" => (Rgb(0x00, 0x9E, 0x73), Marker::Circle),
        "ppo" => (Rgb(0x00, 0x66, 0x4B), Marker::Triangle),
        "grpo" => (Rgb(0x5F, 0xC2, 0x9A), Marker::Square),
        "reverse-kl" => (Rgb(0x00, 0x9E, 0x73), Marker::Wedge),
        "unlikelihood" => (Rgb(0xCC, 0x79, 0xA7), Marker::Diamond),
        _ => (Rgb(0x70, 0x74, 0x7C), Marker::Circle),
    }
}

/// The colour of an objective wherever it is alone of its kind.
pub(crate) fn colour(name: &str) -> Rgb {
    objective(name).0
}

/// What the look of a cell depends on, read from its resolved experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kind {
    objective: String,
    dash: Dash,
}

/// A cell's experiment as a table of values.
pub(crate) fn experiment(cell: &Cell) -> toml::Value {
    toml::Value::try_from(&cell.experiment).unwrap_or(toml::Value::Boolean(false))
}

/// The value at a dotted path.
pub(crate) fn lookup<'a>(value: &'a toml::Value, path: &str) -> Option<&'a toml::Value> {
    path.split('.').try_fold(value, |v, key| v.get(key))
}

/// Whether a cell is the exact optimum of a loss instead of a run.
pub(crate) fn is_optimum(cell: &Cell) -> bool {
    cell.experiment.schedule.expectation == Expectation::FixedPoint
}

fn kind(cell: &Cell) -> Kind {
    let experiment = experiment(cell);
    let objective = match experiment.get("objective") {
        Some(toml::Value::String(name)) => name.clone(),
        Some(toml::Value::Table(table)) => table.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    let word = |path: &str| lookup(&experiment, path).and_then(|v| v.as_str()).unwrap_or("");
    let dotted =
        is_optimum(cell) || cell.method.contains("released") || cell.method.contains("optimum");
    let dash = match word("schedule.data") {
        _ if dotted => Dash::Dotted,
        "offline" => Dash::Dashed,
        _ => Dash::Solid,
    };
    Kind { objective, dash }
}

/// The look of a cell's method. Methods of a scenario that share objective and data source take
/// the following shades and markers, in the order of the scenario.
pub(crate) fn look(scenario: &Scenario, cell: &Cell) -> Look {
    let own = kind(cell);
    let of = |method: &String| scenario.cells.iter().find(|c| c.method == *method).map(kind);
    let twins: Vec<&String> = scenario
        .methods
        .iter()
        .filter(|m| **m == cell.method || of(m).as_ref() == Some(&own))
        .collect();
    let place = twins.iter().position(|m| **m == cell.method).unwrap_or(0);
    let (base, marker) = objective(&own.objective);
    let first = MARKERS.iter().position(|&m| m == marker).unwrap_or(0);
    // Lines have dashes and markers too, so that two shades are enough.
    let colour = shade(base, place);
    Look::new(colour, own.dash, MARKERS[(first + place) % MARKERS.len()])
}

/// The looks of all methods of a scenario where they fill areas, in which dashes do not show: the
/// methods of one hue, whatever their data, take shades of it and markers of their own, and markers
/// are spread evenly over all methods.
pub(crate) fn fills(scenario: &Scenario) -> Vec<(&str, Look)> {
    let mut found: Vec<(&str, Rgb, Look)> = Vec::new();
    for method in &scenario.methods {
        let Some(cell) = scenario.cells.iter().find(|c| c.method == *method) else { continue };
        let (base, own) = objective(&kind(cell).objective);
        let first = MARKERS.iter().position(|&m| m == own).unwrap_or(0);
        let uses = |marker: Marker| {
            let twins = found.iter().filter(|f| f.1 == base && f.2.marker == marker).count();
            (twins, found.iter().filter(|f| f.2.marker == marker).count())
        };
        let cycle = (0..MARKERS.len()).map(|k| MARKERS[(first + k) % MARKERS.len()]);
        let marker = cycle.min_by_key(|&m| uses(m)).unwrap_or(own);
        let twins = found.iter().filter(|f| f.1 == base).count();
        let look = Look::new(shade(base, twins), Dash::Solid, marker);
        found.push((method, base, look));
    }
    found.into_iter().map(|(method, _, look)| (method, look)).collect()
}

/// The shade of the `place`-th of some methods that share a colour: it, a darker one, a lighter one,
/// and on outwards; of a dark colour lighter ones first, since little is darker that is not black.
fn shade(base: Rgb, place: usize) -> Rgb {
    const DARK: f64 = 6.0;
    let (white, black, yellow) = (Rgb(255, 255, 255), Rgb(0, 0, 0), Rgb(0xF0, 0xE4, 0x42));
    let shades = match base.contrast(white) > DARK {
        true => [(yellow, 0.55), (white, 0.66), (black, 0.62), (white, 0.4)],
        false => [(black, 0.38), (white, 0.42), (black, 0.62), (white, 0.66)],
    };
    let (other, share) = match place {
        0 => return base,
        1 | 2 => shades[place - 1],
        further => shades[3 - further % 2],
    };
    base.mix(other, share)
}

/// Step `i` of `n` of a lightness ramp: light is fresh or small, dark is stale or large. On dark
/// paper, where what is darker than the hue would turn grey to be seen, it ends with the hue.
pub(crate) fn ramp(look: Look, i: usize, n: usize) -> Look {
    let t = if n < 2 { 0.5 } else { i as f64 / (n - 1) as f64 };
    let (light, dark) =
        (look.colour.mix(Rgb(255, 255, 255), 0.55), look.colour.mix(Rgb(0, 0, 0), 0.55));
    let colour = if t < 0.5 {
        light.mix(look.colour, 2.0 * t)
    } else {
        look.colour.mix(dark, 2.0 * t - 1.0)
    };
    let on_dark = look.colour.mix(Rgb(255, 255, 255), 0.72 * (1.0 - t));
    Look { colour, on_dark, marker: MARKERS[i % MARKERS.len()], ..look }
}

#[cfg(test)]
mod tests {
    use super::super::theme::Width;
    use super::*;

    #[test]
    fn shades_of_one_hue_differ() {
        let shades: Vec<Rgb> = (0..5).map(|k| shade(Rgb(0, 0x72, 0xB2), k)).collect();
        assert!((0..5).all(|k| !shades[..k].contains(&shades[k])), "{shades:?}");
    }

    #[test]
    fn a_ramp_darkens_from_first_to_last() {
        let look = Look::new(Rgb(0, 0x72, 0xB2), Dash::Solid, Marker::Circle);
        let white = Rgb(255, 255, 255);
        let contrast: Vec<f64> = (0..4).map(|i| ramp(look, i, 4).colour.contrast(white)).collect();
        assert!(contrast.windows(2).all(|w| w[0] < w[1]), "{contrast:?}");
    }

    #[test]
    fn a_ramp_on_dark_paper_darkens_to_its_hue_and_not_to_grey() {
        let theme = Theme::new(Width::Page, true);
        for hue in [Rgb(0, 0x72, 0xB2), Rgb(0x00, 0x9E, 0x73), Rgb(0xD5, 0x5E, 0x00)] {
            let look = Look::new(hue, Dash::Solid, Marker::Circle);
            let seen: Vec<Rgb> =
                (0..5).map(|i| theme.legible(ramp(look, i, 5).on(&theme))).collect();
            let contrast: Vec<f64> = seen.iter().map(|c| c.contrast(theme.paper)).collect();
            assert!(contrast.windows(2).all(|w| w[0] > 1.1 * w[1]), "{contrast:?}");
            assert_eq!(seen[4], hue);
        }
    }
}
