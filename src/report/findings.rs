//! Findings as a page shows them: words, numbers, and a strip with the interval against the margin.

use crate::figure::sign;
use crate::results::{Agreement, Finding, Place};
use crate::scenario::{ClaimSpec, Verdict};
use serde::Serialize;

/// A claim with what the data say of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Claim {
    /// The place on the page.
    pub(super) anchor: String,
    pub(super) id: String,
    pub(super) says: String,
    /// What is compared, in words.
    reading: String,
    pub(super) metric: String,
    /// Effect and interval with their unit.
    effect: String,
    margin: String,
    seeds: String,
    pub(super) verdict: Word,
    holm: Word,
    /// The committed verdict, where another was seen.
    expected: Option<Word>,
    settings: String,
    pub(super) why: Option<String>,
    strip: Strip,
    /// Whether the outcome is the same in every neighbouring setting, and how clear it is.
    #[serde(skip)]
    pub(super) rank: (bool, f64),
    /// The verdict, if it stays when all findings of the page are read together.
    #[serde(skip)]
    pub(super) stands: Option<Verdict>,
}

/// A verdict as it is written: sign, word, and the class of its colour.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Word {
    pub(super) sign: &'static str,
    pub(super) word: String,
    pub(super) class: &'static str,
}

/// The places of an interval, a margin and zero along a strip from 0 to 120.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Strip {
    margin_from: f64,
    margin_width: f64,
    low: f64,
    high: f64,
    effect: f64,
}

/// The strip's middle, where zero is, and the room on either side of it.
const MIDDLE: f64 = 60.0;
const ROOM: f64 = 56.0;

impl Word {
    /// The words of a verdict; without one there were too few seeds.
    pub(super) fn of(verdict: Option<Verdict>) -> Word {
        let class = match verdict {
            Some(Verdict::Holds) => "holds",
            Some(Verdict::NoDifference) => "no-difference",
            Some(Verdict::Reversed) => "reversed",
            Some(Verdict::Inconclusive) => "inconclusive",
            None => "no-verdict",
        };
        let word = verdict.map_or("no verdict (fewer than 5 seeds)".to_owned(), |v| v.to_string());
        Word { sign: verdict.map_or("–", sign), word, class }
    }
}

impl Strip {
    fn of(finding: &Finding) -> Strip {
        let ends = [finding.low, finding.high, finding.margin];
        let extent = ends.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
        let place = |x: f64| ((MIDDLE + ROOM * x / extent) * 10.0).round() / 10.0;
        let margin_from = place(-finding.margin);
        let (low, high, effect) = (place(finding.low), place(finding.high), place(finding.effect));
        Strip { margin_from, margin_width: 2.0 * (MIDDLE - margin_from), low, high, effect }
    }
}

impl Claim {
    /// A judged claim; `unit` is that of its effect.
    pub(super) fn new(anchor: String, spec: &ClaimSpec, finding: &Finding, unit: &str) -> Claim {
        let with_unit = |text: String| format!("{text} {unit}").trim_end().to_owned();
        let surprise = finding.verdict.filter(|verdict| *verdict != finding.expected);
        Claim {
            anchor,
            id: finding.id.clone(),
            says: finding.says.clone(),
            reading: spec.reading().words(&spec.metric),
            metric: finding.metric.clone(),
            effect: with_unit(finding.effect_words()),
            margin: with_unit(finding.margin.to_string()),
            seeds: finding.seeds_words(),
            verdict: Word::of(finding.verdict),
            holm: Word::of(finding.holm_verdict),
            expected: surprise.map(|_| Word::of(Some(finding.expected))),
            settings: finding.settings_words(),
            why: finding.why.clone().filter(|_| finding.verdict != Some(Verdict::Holds)),
            strip: Strip::of(finding),
            rank: (is_steady(finding), strength(finding)),
            stands: finding.verdict.filter(|_| finding.verdict == finding.holm_verdict),
        }
    }
}

/// Whether a claim that holds does so in every setting that is counted, and one that does not in none.
fn is_steady(finding: &Finding) -> bool {
    let holds = finding.verdict == Some(Verdict::Holds);
    finding.share_of_settings.is_some_and(|(held, of)| held == if holds { of } else { 0 })
}

/// How clear a finding is, in margins: of `holds` and `reversed` how far from zero the interval's
/// near end lies; of `no difference` how much of the margin its far end leaves.
fn strength(finding: &Finding) -> f64 {
    let Finding { low, high, margin, .. } = *finding;
    match finding.verdict {
        Some(Verdict::Holds) => low / margin,
        Some(Verdict::Reversed) => -high / margin,
        Some(Verdict::NoDifference) => 1.0 - low.abs().max(high.abs()) / margin,
        Some(Verdict::Inconclusive) | None => 0.0,
    }
}

/// Published numbers beside ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Published {
    says: String,
    source: String,
    reading: String,
    /// Each value, and whether it lies inside our range.
    theirs: Vec<(String, bool)>,
    ours: String,
    seeds: String,
    inside: String,
    why: Option<String>,
}

impl From<&Agreement> for Published {
    fn from(agreement: &Agreement) -> Published {
        let theirs = agreement.theirs_words().into_iter();
        let all_inside = agreement.inside() == agreement.published.len();
        Published {
            says: agreement.says.clone(),
            source: agreement.source.clone(),
            reading: agreement.reading.clone(),
            theirs: theirs.map(|(text, place)| (text, place == Place::Inside)).collect(),
            ours: agreement.ours_words(),
            seeds: agreement.seeds_words(),
            inside: agreement.inside_words(),
            why: agreement.why.clone().filter(|_| !all_inside),
        }
    }
}
