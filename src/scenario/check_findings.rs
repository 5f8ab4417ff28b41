//! Whether claims, published numbers and panels speak of metrics, methods and settings that the scenario has.

use super::check::{Fault, given, need, unknown_metric};
use super::claim::ClaimSpec;
use super::factor::FactorSpec;
use super::metrics::is_known;
use super::panel::{PanelKind, PanelSpec, Statistic};
use super::published::PublishedSpec;
use super::reading::Reading;
use super::sides::Sides;
use super::vocabulary::{Vocabulary, called, suggest};
use crate::wording::listed;

/// Checks the claim written at the key `at`.
pub(super) fn claim(at: &str, spec: &ClaimSpec, known: &Vocabulary<'_>) -> Result<(), Fault> {
    known.metric(&format!("{at}.metric"), &spec.metric)?;
    need(spec.margin >= 0.0 && spec.margin.is_finite(), || {
        Fault::new(format!("{at}.margin"), format!("`margin` cannot be {}", spec.margin))
            .note("allowed", "0 or a finite number above")
    })?;
    compared(at, "a claim", spec.reading())?;
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
    let sides = Sides::of(spec);
    let cells = sides.cells(known.cells).map_err(|meant| known.not_one(at, meant))?;
    known.measured_by(at, &cells, (&spec.metric, spec.at_step))?;
    across(at, (spec, &sides), known)
}

/// Keys that a claim is counted across are swept, and it does not compare their values.
fn across(
    at: &str,
    (spec, sides): (&ClaimSpec, &Sides),
    known: &Vocabulary<'_>,
) -> Result<(), Fault> {
    for (index, key) in spec.across.iter().enumerate() {
        let at = format!("{at}.across.{index}");
        let exists = key == "steps" || known.keys().any(|swept| swept == key);
        need(exists, || known.unknown(&at, key, Some("steps")))?;
        need(!sides.differ_in(key), || {
            Fault::new(&at, format!("the claim compares values of `{key}`"))
                .note("help", "count it across a key in which its sides agree")
        })?;
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
pub(super) fn published(
    at: &str,
    spec: &PublishedSpec,
    known: &Vocabulary<'_>,
) -> Result<(), Fault> {
    known.metric(&format!("{at}.metric"), &spec.metric)?;
    compared(at, "a published number", spec.reading())?;
    let cell = known.one_cell(&format!("{at}.cell"), &spec.cell)?;
    known.measured_by(at, &[cell], (&spec.metric, spec.at_step))?;
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
pub(super) fn factor(at: &str, spec: &FactorSpec, known: &Vocabulary<'_>) -> Result<(), Fault> {
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
pub(super) fn panel(at: &str, spec: &PanelSpec, known: &Vocabulary<'_>) -> Result<(), Fault> {
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
fn of_factors(at: &str, spec: &PanelSpec, known: &Vocabulary<'_>) -> Result<(), Fault> {
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
fn of_claim(at: &str, spec: &PanelSpec, known: &Vocabulary<'_>) -> Result<(), Fault> {
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
