//! The laboratory as one self-contained page: `modeseek demo --html FILE`.
//!
//! ```text
//! random.js   random numbers by address
//! engine.js   the learner for arms, whose numbers equal those of the Rust one (a test compares)
//! knobs.js    settings, permalinks, scenarios
//! draw.js     histograms, curves and film strips on canvases
//! view.js     settings, runs and what the page shows of them
//! play.js     the player: buttons, keys, links, pointers
//! page.css    light and dark, phone and projector
//! page.html   what holds them; nothing is fetched from anywhere
//! ```
//!
//! The page computes trajectories itself, but takes from here what the two must not say apart:
//! rewards and laws over the arms, ranges, presets, colours, scenario texts and explanations.

use crate::figure::{Rgb, colour, words};
use crate::glossary::{self, Entry, Kind, html};
use crate::laboratory::{
    Data, FilmError, Geometry, KEYS, METHODS, PRESETS, Policy, Preset, Ranges, Reward, Settings,
    geometry, method_pattern, pattern,
};
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The learner's script.
pub const ENGINE: &str = concat!(include_str!("random.js"), include_str!("engine.js"));
const KNOBS: &str = include_str!("knobs.js");
const DRAW: &str = include_str!("draw.js");
const VIEW: &str = include_str!("view.js");
const PLAY: &str = include_str!("play.js");
const STYLE: &str = include_str!("page.css");
const PAGE: &str = include_str!("page.html");

/// Terms that the page explains, as the glossary knows them.
const TERMS: [&str; 13] = [
    "gold_reward",
    "reverse_kl_ref",
    "coefficient",
    "negative gradient",
    "negative_gradient_mass",
    "on-policy",
    "offline",
    "queries",
    "schedule.samples_per_round",
    "schedule.passes",
    "objective.dpo.beta",
    "objective.ipo.target_margin",
    "optimizer.adam.learning_rate",
];

/// Why the page cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The laboratory's problems cannot be set up.
    #[error(transparent)]
    Film(#[from] FilmError),
    /// The template cannot be filled in.
    #[error("the page's template: {0}")]
    Template(#[from] minijinja::Error),
}

/// The page, opened at these settings.
pub fn page(settings: &Settings) -> Result<String, PageError> {
    let glossary = glossary::entries();
    let data = json!({
        "world": world()?,
        "ranges": Ranges::ALL,
        "presets": PRESETS.map(preset),
        "start": settings,
        "first": Settings::default(),
        "methods": METHODS.map(|name| method(name, &glossary)),
        "patterns": patterns(),
        "keys": KEYS,
        "rates": Policy::ALL.map(|policy| (policy.word(), policy.learning_rate())),
    });
    let mut environment = Environment::new();
    environment.add_filter("prose", |text: String| minijinja::Value::from_safe_string(html(&text)));
    environment.add_template("page.html", PAGE)?;
    let page = environment.get_template("page.html")?;
    let parts = json!({
        "engine": ENGINE,
        "knobs": KNOBS,
        "draw": DRAW,
        "view": VIEW,
        "play": PLAY,
        "style": STYLE,
        "data": script_safe(&data),
        "terms": explained(&glossary),
        "presets": PRESETS,
        "version": env!("CARGO_PKG_VERSION"),
    });
    Ok(page.render(Serde(parts))?)
}

/// JSON that may stand inside of a script element.
fn script_safe(data: &Value) -> String {
    data.to_string().replace("</", "<\\/")
}

/// Rewards, laws and starting bumps by the words that choose them, as [`ENGINE`] reads them.
pub fn world() -> Result<Value, FilmError> {
    let laws = |reward, policy| {
        geometry(&Settings { reward, policy, data: Data::Skewed, ..Settings::default() })
    };
    let mut geometries = Map::new();
    for reward in Reward::ALL {
        for policy in Policy::ALL {
            let Geometry { rewards, reference, target, .. } = laws(reward, policy)?;
            // The other targets depend on β and are formed in the page.
            let target = (reward == Reward::TwoModes).then_some(target);
            let key = format!("{}/{}", reward.word(), policy.word());
            let law = json!({ "rewards": rewards, "reference": reference, "target": target });
            geometries.insert(key, law);
        }
    }
    let bumps = Reward::ALL.map(|reward| (reward.word().to_owned(), json!(reward.bump_start())));
    let bumps: Map<String, Value> = bumps.into_iter().collect();
    let skewed = laws(Reward::Far, Policy::Table)?.data;
    Ok(json!({ "geometries": geometries, "skewed": skewed, "bumps": bumps }))
}

/// The scenario of every choice of words, and the block of every method.
fn patterns() -> Value {
    let mut scenarios = Map::new();
    for reward in Reward::ALL {
        for policy in Policy::ALL {
            for data in Data::ALL {
                let key = format!("{}/{}/{}", reward.word(), policy.word(), data.word());
                scenarios.insert(key, json!(pattern(reward, policy, data)));
            }
        }
    }
    let methods = METHODS.map(|name| (name.to_owned(), json!(method_pattern(name))));
    json!({ "scenarios": scenarios, "methods": methods.into_iter().collect::<Map<_, _>>() })
}

/// A preset whose text is HTML.
fn preset(preset: Preset) -> Value {
    json!({ "name": preset.name, "query": preset.query, "look": html(preset.look) })
}

/// How the page shows a method.
#[derive(Serialize)]
struct Shown {
    name: &'static str,
    label: String,
    colour: String,
    /// Whether it is an exact expectation over all arms, which needs no samples.
    exact: bool,
    /// What the glossary tells of it, paragraph by paragraph, as HTML.
    told: Vec<(&'static str, String)>,
}

fn method(name: &'static str, glossary: &[Entry]) -> Shown {
    let label = match name {
        "forward-kl" => "Forward KL (maximum likelihood)".to_owned(),
        "reverse-kl" => "Reverse KL".to_owned(),
        other => words::method(other),
    };
    let Rgb(r, g, b) = colour(name);
    let is_it = |entry: &&Entry| entry.kind == Kind::Objective && entry.name == name;
    Shown {
        name,
        label,
        colour: format!("#{r:02x}{g:02x}{b:02x}"),
        exact: name.ends_with("-kl"),
        told: glossary.iter().find(is_it).map_or(Vec::new(), told),
    }
}

/// Paragraphs of an entry with their labels, as HTML, of those that the page has room for.
fn told(entry: &Entry) -> Vec<(&'static str, String)> {
    let shown = |label| Some((label, html(entry.text(label)?)));
    ["What", "Formula", "Gradient", "Read", "Wrong"].into_iter().filter_map(shown).collect()
}

/// The terms that the page explains: name and paragraphs.
fn explained(glossary: &[Entry]) -> Value {
    let entry = |term: &&str| glossary.iter().find(|entry| entry.name == *term);
    let shown = TERMS.iter().filter_map(entry).map(|e| json!({ "name": e.name, "told": told(e) }));
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_of_the_page_is_one_of_the_glossary() {
        let found = explained(&glossary::entries());
        let names = found.as_array().expect("a list").iter().map(|term| term["name"].as_str());
        assert_eq!(names.collect::<Vec<_>>(), TERMS.map(Some));
    }
}
