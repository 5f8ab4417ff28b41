//! Whether claims, published numbers and panels speak of metrics, methods and settings that the scenario has.

use super::check::{Fault, given, need, unknown_metric};
use super::claim::ClaimSpec;
use super::document::Part;
use super::factor::FactorSpec;
use super::metrics::is_known;
use super::panel::{PanelKind, PanelSpec, Statistic};
use super::published::PublishedSpec;
use super::reading::Reading;
use super::selector::{Selector, selects, written};
use crate::wording::{did_you_mean, listed};
use std::collections::BTreeSet;

/// What claims, published numbers and panels may speak of.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// The methods.
    pub methods: Vec<String>,
    /// The swept keys with every value that a cell has.
    pub settings: Vec<(String, BTreeSet<String>)>,
    /// The names of the factors.
    pub factors: Vec<String>,
    /// The claims by id, with the keys that each is counted across.
    pub claims: Vec<(String, Vec<String>)>,
    /// The metrics that some cell writes; `None` if one writes all.
    pub measured: Option<BTreeSet<String>>,
    /// The steps at which some cell is measured.
    pub moments: BTreeSet<u64>,
}

impl Vocabulary {
    fn keys(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(|(key, _)| key.as_str())
    }

    /// A metric exists, and some cell writes it.
    pub(super) fn metric(&self, key: String, metric: &str) -> Result<(), Fault> {
        need(is_known(metric), || unknown_metric(key.clone(), metric, &[]))?;
        let Some(measured) = &self.measured else { return Ok(()) };
        need(measured.contains(metric), || {
            Fault::new(key, format!("no cell measures `{metric}`"))
                .note("measured", listed(measured.iter().map(String::as_str)))
                .note("help", "add it to `measure.metrics`")
        })
    }

    /// A step is one at which some cell is measured.
    fn moment(&self, key: String, at_step: Option<u64>) -> Result<(), Fault> {
        let Some(step) = at_step.filter(|step| !self.moments.contains(step)) else { return Ok(()) };
        let around = [self.moments.range(..step).next_back(), self.moments.range(step..).next()];
        let around: Vec<String> = around.into_iter().flatten().map(u64::to_string).collect();
        Err(Fault::new(key, format!("no cell is measured at step {step}"))
            .note("nearest", around.join(" and "))
            .note("help", "take one of these, or change `measure.every` or `measure.points`"))
    }

    /// A selector of a claim names one cell: no list of values, unless a swept value is that list.
    fn single(&self, at: &str, selector: &Selector) -> Result<(), Fault> {
        for (key, value) in selector.iter().filter(|(_, value)| value.is_array()) {
            let values = self.settings.iter().find(|(known, _)| known == key).map(|(_, v)| v);
            let swept = values.is_some_and(|values| values.contains(&written(value)));
            need(swept, || {
                Fault::new(at, "a claim compares single cells")
                    .inside(key, Part::Value)
                    .note("given", format!("a list of values of `{key}`"))
                    .note("help", "name one value; `across` counts a claim over all of a key")
            })?;
        }
        Ok(())
    }

    /// The methods and settings that a selector names exist.
    pub(super) fn selector(&self, at: &str, selector: &Selector) -> Result<(), Fault> {
        for (key, value) in selector {
            let values: Vec<&str> = match self.settings.iter().find(|(known, _)| known == key) {
                Some((_, values)) => values.iter().map(String::as_str).collect(),
                None if key == "method" => self.methods.iter().map(String::as_str).collect(),
                None => return Err(self.unknown(at, key, Some("method")).inside(key, Part::Key)),
            };
            let each = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let each = if values.iter().any(|text| written(value) == *text) { &[] } else { each };
            for one in each {
                need(values.iter().any(|text| selects(one, text)), || {
                    let fault = Fault::new(at, format!("`{key}` is never {one}"));
                    suggest(fault.inside(key, Part::Value), &written(one), &values)
                })?;
            }
        }
        Ok(())
    }

    /// A key that is not swept.
    fn unknown(&self, at: &str, key: &str, other: Option<&str>) -> Fault {
        let known: Vec<&str> = other.into_iter().chain(self.keys()).collect();
        suggest(Fault::new(at, format!("`{key}` is not swept")), key, &known)
    }

    /// A claim of this id exists; the keys that it is counted across.
    pub(super) fn claim_of(&self, at: &str, id: &str) -> Result<&[String], Fault> {
        let found = self.claims.iter().find(|(claim, _)| claim == id);
        found.map(|(_, across)| across.as_slice()).ok_or_else(|| {
            let ids: Vec<&str> = self.claims.iter().map(|(id, _)| id.as_str()).collect();
            suggest(Fault::new(at, format!("no claim has the id \"{id}\"")), id, &ids)
        })
    }

    /// Names of methods exist.
    fn methods(&self, at: &str, names: &[String]) -> Result<(), Fault> {
        called("method", at, names, &self.methods)
    }
}

/// Names are among those there are.
fn called(what: &str, at: &str, names: &[String], there: &[String]) -> Result<(), Fault> {
    for (index, name) in names.iter().enumerate() {
        need(there.contains(name), || {
            let known: Vec<&str> = there.iter().map(String::as_str).collect();
            let fault = format!("no {what} is called \"{name}\"");
            suggest(Fault::new(format!("{at}.{index}"), fault), name, &known)
        })?;
    }
    Ok(())
}

/// Lists what there is.
pub(super) fn suggest(fault: Fault, given: &str, known: &[&str]) -> Fault {
    let fault = fault.note("allowed", listed(known.iter().copied()));
    match did_you_mean(given, known.iter().copied()) {
        Some(close) => fault.note("did you mean", format!("`{close}`?")),
        None => fault,
    }
}

/// Checks the claim written at the key `at`.
pub(super) fn claim(at: &str, spec: &ClaimSpec, known: &Vocabulary) -> Result<(), Fault> {
    known.metric(format!("{at}.metric"), &spec.metric)?;
    need(spec.margin >= 0.0 && spec.margin.is_finite(), || {
        Fault::new(format!("{at}.margin"), format!("`margin` cannot be {}", spec.margin))
            .note("allowed", "0 or a finite number above")
    })?;
    compared(at, "a claim", spec.reading())?;
    known.moment(format!("{at}.at_step"), spec.at_step)?;
    against(at, spec)?;
    for (key, selector) in [
        ("better", Some(&spec.better)),
        ("worse", Some(&spec.worse)),
        ("where", Some(&spec.where_)),
        ("minus_better", spec.minus_better.as_ref()),
        ("minus_worse", spec.minus_worse.as_ref()),
        ("minus_where", spec.minus_where.as_ref()),
    ] {
        let Some(selector) = selector else { continue };
        let at = format!("{at}.{key}");
        known.selector(&at, selector)?;
        known.single(&at, selector)?;
    }
    for (index, key) in spec.across.iter().enumerate() {
        let exists = key == "steps" || known.keys().any(|swept| swept == key);
        need(exists, || known.unknown(&format!("{at}.across.{index}"), key, Some("steps")))?;
    }
    Ok(())
}

/// A claim compares with other cells or with one finite number.
fn against(at: &str, spec: &ClaimSpec) -> Result<(), Fault> {
    let given = given([
        ("worse", !spec.worse.is_empty()),
        ("above", spec.above.is_some()),
        ("below", spec.below.is_some()),
        ("minus_…", spec.bound().is_some() && spec.has_second_pair()),
    ]);
    need(given.len() == 1, || {
        let words = if given.is_empty() { "nothing".to_owned() } else { listed(given) };
        Fault::new(at, "a claim compares its better side with one thing").note("given", words).note(
            "allowed",
            "`worse = { … }` for other cells, or a number: `above = X`, `below = X`",
        )
    })?;
    need(spec.bound().is_none_or(|(_, level)| level.is_finite()), || {
        Fault::new(at, "`above` and `below` must be finite")
    })
}

/// At most one way to compare, at a finite level.
pub(super) fn compared(at: &str, what: &str, reading: Reading) -> Result<(), Fault> {
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
    known.metric(format!("{at}.metric"), &spec.metric)?;
    compared(at, "a published number", spec.reading())?;
    known.moment(format!("{at}.at_step"), spec.at_step)?;
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

/// Checks the factor written at the key `at`.
pub(super) fn factor(at: &str, spec: &FactorSpec, known: &Vocabulary) -> Result<(), Fault> {
    for (level, selector) in [("high", &spec.high), ("low", &spec.low)] {
        known.selector(&format!("{at}.{level}"), selector)?;
        need(!selector.is_empty(), || {
            Fault::new(format!("{at}.{level}"), format!("the {level} level holds every cell"))
                .note("help", "write what its cells have: `{ method = [\"dpo\", \"ipo\"] }`")
        })?;
    }
    Ok(())
}

/// Checks the panel written at the key `at`.
pub(super) fn panel(at: &str, spec: &PanelSpec, known: &Vocabulary) -> Result<(), Fault> {
    known.selector(&format!("{at}.where"), &spec.where_)?;
    known.methods(&format!("{at}.methods"), &spec.methods)?;
    known.moment(format!("{at}.at_step"), spec.at_step)?;
    for (index, step) in spec.steps.iter().enumerate() {
        known.moment(format!("{at}.steps.{index}"), Some(*step))?;
    }
    of_factors(at, spec, known)?;
    of_claim(at, spec, known)?;
    if let Some(key) = &spec.lines {
        let exists = known.keys().any(|swept| swept == key);
        need(exists, || known.unknown(&format!("{at}.lines"), key, None))?;
    }
    let words: Vec<&str> = match spec.kind {
        PanelKind::Curves => vec!["step", "queries"],
        PanelKind::Frontier => Vec::new(),
        PanelKind::Sweep => known.keys().collect(),
        PanelKind::Region => known.keys().collect(),
        PanelKind::Verdicts => known.keys().chain(["steps"]).collect(),
        PanelKind::Density | PanelKind::Intervals | PanelKind::Effects => {
            known.keys().chain(["step", "queries", "arms", "arm"]).collect()
        }
    };
    let metric_x = !matches!(spec.kind, PanelKind::Sweep | PanelKind::Region | PanelKind::Verdicts);
    let x = spec.x.as_str();
    need(words.contains(&x) || (metric_x && is_known(x)), || match metric_x {
        true => unknown_metric(format!("{at}.x"), x, &words),
        false => known.unknown(&format!("{at}.x"), x, None),
    })?;
    let effects_of_x = spec.kind == PanelKind::Effects && is_known(x);
    need(!spec.y.is_empty() || spec.kind == PanelKind::Density || effects_of_x, || {
        Fault::new(at, "the panel draws nothing").note("help", "write `y = \"gold_reward\"`")
    })?;
    let words = match spec.kind {
        PanelKind::Region | PanelKind::Verdicts => words,
        PanelKind::Density => vec!["probability", "reference", "data", "reward", "target"],
        _ => Vec::new(),
    };
    for (index, y) in spec.y.iter().enumerate() {
        let exists = words.contains(&y.as_str()) || is_known(y);
        need(exists, || unknown_metric(format!("{at}.y.{index}"), y, &words))?;
    }
    let summarises =
        [PanelKind::Curves, PanelKind::Sweep, PanelKind::Frontier, PanelKind::Intervals];
    need(spec.statistic == Statistic::Mean || summarises.contains(&spec.kind), || {
        Fault::new(format!("{at}.statistic"), "this kind of panel shows means")
            .note("allowed", "another `statistic` in `curves`, `sweep`, `frontier` and `intervals`")
    })?;
    ranges(at, spec)
}

/// Effects are those of factors, and only they are of the mean over the run.
fn of_factors(at: &str, spec: &PanelSpec, known: &Vocabulary) -> Result<(), Fault> {
    called("factor", &format!("{at}.factors"), &spec.factors, &known.factors)?;
    let effects = spec.kind == PanelKind::Effects;
    need(!effects || !known.factors.is_empty(), || {
        Fault::new(format!("{at}.kind"), "effects are those of factors, and there is none")
            .note("help", "write a block `[[factor]]` with `name`, `high` and `low` for each")
    })?;
    need(effects || !spec.area, || {
        Fault::new(format!("{at}.area"), "`area` is for panels of kind `effects`")
            .note("help", "remove it, or set `kind = \"effects\"`")
    })?;
    need(!(spec.area && spec.at_step.is_some()), || {
        Fault::new(format!("{at}.at_step"), "`area` and `at_step` exclude each other")
            .note("help", "keep one; without any the last step is compared")
    })
}

/// Verdicts are those on a claim, at two of the keys that it is counted across.
fn of_claim(at: &str, spec: &PanelSpec, known: &Vocabulary) -> Result<(), Fault> {
    let verdicts = spec.kind == PanelKind::Verdicts;
    let Some(id) = &spec.claim else {
        return need(!verdicts, || {
            Fault::new(format!("{at}.kind"), "verdicts are those on a claim, and none is named")
                .note("help", "write `claim = \"ID\"`, with the id of a `[[claim]]`")
        });
    };
    need(verdicts, || {
        Fault::new(format!("{at}.claim"), "`claim` is for panels of kind `verdicts`")
            .note("help", "remove it, or set `kind = \"verdicts\"`")
    })?;
    let across = known.claim_of(&format!("{at}.claim"), id)?;
    let y = spec.y.first().map(|y| (format!("{at}.y"), y));
    for (place, key) in [(format!("{at}.x"), &spec.x)].into_iter().chain(y) {
        need(across.contains(key), || {
            let fault = format!("claim {id} is not counted across `{key}`");
            let across: Vec<&str> = across.iter().map(String::as_str).collect();
            suggest(Fault::new(place, fault), key, &across)
                .note("help", "add it to the claim's `across`, or take one of these")
        })?;
    }
    need(spec.y.len() == 1 && spec.y[0] != spec.x, || {
        Fault::new(at, "verdicts lie over two keys, one as `x` and another as `y`")
            .note("allowed", listed(across.iter().map(String::as_str)))
    })
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
    need(spec.least_lead >= 0.0 && spec.least_lead.is_finite(), || {
        let fault = format!("`least_lead` cannot be {}", spec.least_lead);
        Fault::new(format!("{at}.least_lead"), fault).note("allowed", "0 or a finite number above")
    })?;
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
