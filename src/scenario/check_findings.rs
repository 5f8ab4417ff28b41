//! Whether claims, published numbers and panels speak of metrics, methods and settings that the scenario has.

use super::check::{Fault, need, unknown_metric};
use super::claim::{ClaimSpec, Selector, selects, written};
use super::diagnostic::{did_you_mean, listed};
use super::document::Part;
use super::metrics::is_known;
use super::panel::{PanelKind, PanelSpec};
use super::published::PublishedSpec;
use super::reading::Reading;
use std::collections::BTreeSet;

/// What claims, published numbers and panels may speak of.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The methods.
    pub methods: Vec<String>,
    /// The swept keys with every value that a cell has.
    pub settings: Vec<(String, BTreeSet<String>)>,
}

impl Vocabulary {
    fn keys(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(|(key, _)| key.as_str())
    }

    /// The methods and settings that a selector names exist.
    fn selector(&self, at: &str, selector: &Selector) -> Result<(), Fault> {
        for (key, value) in selector {
            let values: Vec<&str> = match self.settings.iter().find(|(known, _)| known == key) {
                Some((_, values)) => values.iter().map(String::as_str).collect(),
                None if key == "method" => self.methods.iter().map(String::as_str).collect(),
                None => return Err(self.unknown(at, key, Some("method")).inside(key, Part::Key)),
            };
            need(values.iter().any(|text| selects(value, text)), || {
                let fault =
                    Fault::new(at, format!("`{key}` is never {value}")).inside(key, Part::Value);
                suggest(fault, &written(value), &values)
            })?;
        }
        Ok(())
    }

    /// A key that is not swept.
    fn unknown(&self, at: &str, key: &str, other: Option<&str>) -> Fault {
        let known: Vec<&str> = other.into_iter().chain(self.keys()).collect();
        suggest(Fault::new(at, format!("`{key}` is not swept")), key, &known)
    }

    /// Names of methods exist.
    fn methods(&self, at: &str, names: &[String]) -> Result<(), Fault> {
        for (index, name) in names.iter().enumerate() {
            need(self.methods.contains(name), || {
                let known: Vec<&str> = self.methods.iter().map(String::as_str).collect();
                let fault = format!("no method is called \"{name}\"");
                suggest(Fault::new(format!("{at}.{index}"), fault), name, &known)
            })?;
        }
        Ok(())
    }
}

/// Lists what there is.
fn suggest(fault: Fault, given: &str, known: &[&str]) -> Fault {
    let fault = fault.note("allowed", listed(known.iter().copied()));
    match did_you_mean(given, known.iter().copied()) {
        Some(close) => fault.note("did you mean", format!("`{close}`?")),
        None => fault,
    }
}

/// Checks the claim written at the key `at`.
pub(super) fn claim(at: &str, spec: &ClaimSpec, known: &Vocabulary) -> Result<(), Fault> {
    need(is_known(&spec.metric), || unknown_metric(format!("{at}.metric"), &spec.metric, &[]))?;
    need(spec.margin >= 0.0 && spec.margin.is_finite(), || {
        Fault::new(format!("{at}.margin"), format!("`margin` cannot be {}", spec.margin))
            .note("allowed", "0 or a finite number above")
    })?;
    compared(at, "a claim", spec.reading())?;
    for (key, selector) in [
        ("better", Some(&spec.better)),
        ("worse", Some(&spec.worse)),
        ("where", Some(&spec.where_)),
        ("minus_better", spec.minus_better.as_ref()),
        ("minus_worse", spec.minus_worse.as_ref()),
        ("minus_where", spec.minus_where.as_ref()),
    ] {
        selector.map_or(Ok(()), |selector| known.selector(&format!("{at}.{key}"), selector))?;
    }
    for (index, key) in spec.across.iter().enumerate() {
        let exists = key == "steps" || known.keys().any(|swept| swept == key);
        need(exists, || known.unknown(&format!("{at}.across.{index}"), key, Some("steps")))?;
    }
    Ok(())
}

/// At most one way to compare, at a finite level.
fn compared(at: &str, what: &str, reading: Reading) -> Result<(), Fault> {
    let given = reading.given();
    need(given.len() <= 1, || {
        Fault::new(format!("{at}.{}", given[1]), format!("{what} compares in one way"))
            .note("given", listed(given.iter().copied()))
            .note("help", "keep one; without any the last step is compared")
    })?;
    for (key, level) in [("steps_to", reading.steps_to), ("queries_to", reading.queries_to)] {
        need(level.is_none_or(f64::is_finite), || {
            Fault::new(format!("{at}.{key}"), format!("`{key}` must be finite"))
        })?;
    }
    Ok(())
}

/// Checks the published numbers written at the key `at`.
pub(super) fn published(at: &str, spec: &PublishedSpec, known: &Vocabulary) -> Result<(), Fault> {
    need(is_known(&spec.metric), || unknown_metric(format!("{at}.metric"), &spec.metric, &[]))?;
    compared(at, "a published number", spec.reading())?;
    known.selector(&format!("{at}.cell"), &spec.cell)?;
    let help =
        "write `values = [0.04, 0.11]`, or `range = [0.91, 0.94]` for the lowest and highest";
    need(!spec.values.is_empty() || spec.range.is_some(), || {
        Fault::new(at, "nothing is published here").note("help", help)
    })?;
    need(spec.values.is_empty() || spec.range.is_none(), || {
        Fault::new(format!("{at}.range"), "`values` and `range` exclude each other")
            .note("help", "keep `values` where every run is known")
    })?;
    for (index, value) in spec.values.iter().enumerate() {
        need(value.is_finite(), || {
            Fault::new(format!("{at}.values.{index}"), format!("`values` cannot hold {value}"))
                .note("allowed", "finite numbers")
        })?;
    }
    let holds = spec.range.is_none_or(|[low, high]| low <= high && (high - low).is_finite());
    need(holds, || {
        Fault::new(format!("{at}.range"), "`range` must be two numbers in order")
            .note("allowed", "[low, high] with low not above high, both finite")
    })
}

/// Checks the panel written at the key `at`.
pub(super) fn panel(at: &str, spec: &PanelSpec, known: &Vocabulary) -> Result<(), Fault> {
    known.selector(&format!("{at}.where"), &spec.where_)?;
    known.methods(&format!("{at}.methods"), &spec.methods)?;
    if let Some(key) = &spec.lines {
        let exists = known.keys().any(|swept| swept == key);
        need(exists, || known.unknown(&format!("{at}.lines"), key, None))?;
    }
    let words: Vec<&str> = match spec.kind {
        PanelKind::Curves => vec!["step", "queries"],
        PanelKind::Frontier => Vec::new(),
        PanelKind::Sweep => known.keys().collect(),
        PanelKind::Region => known.keys().collect(),
        PanelKind::Density | PanelKind::Intervals => {
            known.keys().chain(["step", "queries", "arms", "arm"]).collect()
        }
    };
    let metric_x = !matches!(spec.kind, PanelKind::Sweep | PanelKind::Region);
    let x = spec.x.as_str();
    need(words.contains(&x) || (metric_x && is_known(x)), || match metric_x {
        true => unknown_metric(format!("{at}.x"), x, &words),
        false => known.unknown(&format!("{at}.x"), x, None),
    })?;
    need(!spec.y.is_empty() || spec.kind == PanelKind::Density, || {
        Fault::new(at, "the panel draws nothing").note("help", "write `y = \"gold_reward\"`")
    })?;
    let words = match spec.kind {
        PanelKind::Region => words,
        PanelKind::Density => vec!["probability", "reference", "data", "reward", "target"],
        _ => Vec::new(),
    };
    for (index, y) in spec.y.iter().enumerate() {
        let exists = words.contains(&y.as_str()) || is_known(y);
        need(exists, || unknown_metric(format!("{at}.y.{index}"), y, &words))?;
    }
    ranges(at, spec)
}

/// The ends of axes are finite and in order, and so is what stands between.
fn ranges(at: &str, spec: &PanelSpec) -> Result<(), Fault> {
    for (key, ends) in [("x_range", spec.x_range), ("y_range", spec.y_range)] {
        let holds = ends.is_none_or(|[low, high]| low < high && (high - low).is_finite());
        need(holds, || {
            Fault::new(format!("{at}.{key}"), format!("`{key}` must be two numbers"))
                .note("allowed", "[low, high] with low below high, both finite")
        })?;
    }
    let marks = spec.marks.iter().enumerate().map(|(i, m)| (format!("marks.{i}.value"), m.value));
    let points = spec.points.iter().enumerate();
    let places =
        points.flat_map(|(i, p)| [(format!("points.{i}.x"), p.x), (format!("points.{i}.y"), p.y)]);
    for (key, place) in marks.chain(places) {
        need(place.is_finite(), || {
            Fault::new(format!("{at}.{key}"), format!("a place in a panel cannot be {place}"))
                .note("allowed", "finite numbers, in the units of the axis")
        })?;
    }
    Ok(())
}
