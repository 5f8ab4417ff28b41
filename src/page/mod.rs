//! The laboratory as one self-contained page: `modeseek demo --html FILE`.
//!
//! ```text
//! engine.js   the learner for arms, whose numbers equal those of the Rust one (a test compares)
//! draw.js     histograms, curves and film strips on canvases
//! view.js     knobs, player, permalinks
//! page.css    light and dark, phone and projector
//! page.html   what holds them; nothing is fetched from anywhere
//! ```
//!
//! The page computes trajectories itself, but takes from here what the two must not say apart:
//! rewards and laws over the arms, ranges, presets, colours, scenario texts and explanations.

use crate::figure::colour_of;
use crate::glossary;
use crate::laboratory::{
    Data, FilmError, METHODS, PRESETS, Policy, Ranges, Reward, Settings, geometry, method_pattern,
    pattern,
};
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The learner's script.
pub const ENGINE: &str = include_str!("engine.js");
const DRAW: &str = include_str!("draw.js");
const VIEW: &str = include_str!("view.js");
const STYLE: &str = include_str!("page.css");
const PAGE: &str = include_str!("page.html");

/// Terms that the page explains, as the glossary knows them.
const TERMS: [&str; 10] = [
    "gold_reward",
    "reverse_kl_ref",
    "negative_gradient_mass",
    "negative gradient",
    "on-policy",
    "offline",
    "samples_per_round",
    "passes",
    "queries",
    "learning_rate",
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
    let data = json!({
        "world": world()?,
        "ranges": Ranges::ALL,
        "presets": PRESETS,
        "start": settings,
        "first": Settings::default(),
        "methods": METHODS.map(method),
        "patterns": patterns(),
    });
    let mut environment = Environment::new();
    environment.add_template("page.html", PAGE)?;
    let page = environment.get_template("page.html")?;
    let parts = json!({
        "engine": ENGINE,
        "draw": DRAW,
        "view": VIEW,
        "style": STYLE,
        "data": script_safe(&data),
        "terms": TERMS.iter().filter_map(|term| explained(term)).collect::<Vec<_>>(),
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
    let mut geometries = Map::new();
    let mut skewed = Vec::new();
    for reward in Reward::ALL {
        for policy in Policy::ALL {
            let data = Data::Skewed;
            let geometry = geometry(&Settings { reward, policy, data, ..Settings::default() })?;
            // The other targets depend on β and are formed in the page.
            let target = (reward == Reward::TwoModes).then_some(geometry.target);
            geometries.insert(
                format!("{}/{}", reward.word(), policy.word()),
                json!({
                    "rewards": geometry.rewards,
                    "reference": geometry.reference,
                    "target": target,
                }),
            );
            skewed = geometry.data;
        }
    }
    let bumps = Reward::ALL.map(|reward| (reward.word().to_owned(), json!(reward.bump_start())));
    let bumps: Map<String, Value> = bumps.into_iter().collect();
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

/// How the page shows a method.
#[derive(Serialize)]
struct Shown {
    name: &'static str,
    label: &'static str,
    colour: String,
    /// Whether it is an exact expectation over all arms, which needs no samples.
    exact: bool,
    /// What it is, from the glossary.
    what: String,
    formula: String,
    gradient: String,
}

fn method(name: &'static str) -> Shown {
    let label = match name {
        "forward-kl" => "Forward KL (maximum likelihood)",
        "reverse-kl" => "Reverse KL",
        "pref-ft" => "Pref-FT",
        "best-of-n" => "Best-of-N",
        "rwr" => "RWR",
        "dpo" => "DPO",
        "ipo" => "IPO",
        "reinforce" => "REINFORCE",
        "ppo" => "PPO",
        other => other,
    };
    let paragraph = |label| paragraph(name, label).unwrap_or_default();
    Shown {
        name,
        label,
        colour: colour_of(name),
        exact: name.ends_with("-kl"),
        what: paragraph("What"),
        formula: paragraph("Formula"),
        gradient: paragraph("Gradient"),
    }
}

/// A term of the glossary as the page shows it.
#[derive(Serialize)]
struct Term {
    name: String,
    paragraphs: Vec<(String, String)>,
}

fn explained(term: &str) -> Option<Term> {
    let paragraphs: Vec<_> = ["What", "Formula", "Read", "Wrong"]
        .into_iter()
        .filter_map(|label| Some((label.to_owned(), paragraph(term, label)?)))
        .collect();
    (!paragraphs.is_empty()).then(|| Term { name: term.to_owned(), paragraphs })
}

/// A paragraph of the first entry of this name.
fn paragraph(term: &str, label: &str) -> Option<String> {
    glossary::find(term).ok()?.first()?.text(label).map(str::to_owned)
}
