//! Findings that a run is held against.

use super::reading::Reading;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Which cells are meant: `method` or a swept key → its value, or a list of values.
pub type Selector = BTreeMap<String, toml::Value>;

/// Whether a value of a selector means the setting written `text`: as itself, or as one of a list.
pub fn selects(value: &toml::Value, text: &str) -> bool {
    let any = |list: &Vec<toml::Value>| list.iter().any(|one| written(one) == text);
    written(value) == text || value.as_array().is_some_and(any)
}

/// A value as written in TOML, strings without their quotes: the values of `Cell::settings`.
pub fn written(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What the 95 % interval of an effect says about a claim with a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The interval lies above the margin.
    Holds,
    /// The interval lies within ±margin.
    NoDifference,
    /// The interval lies below −margin.
    Reversed,
    /// None of these.
    Inconclusive,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Holds => "holds",
            Verdict::NoDifference => "no difference",
            Verdict::Reversed => "reversed",
            Verdict::Inconclusive => "inconclusive",
        })
    }
}

/// `[[claim]]`: the mean over seeds of a paired difference (better − worse).
///
/// With any of `minus_better`, `minus_worse` and `minus_where` the effect is a difference of
/// differences; the second pair takes from the first what it does not say itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimSpec {
    /// Its number, such as `4.1`.
    pub id: String,
    /// The finding in one sentence.
    pub says: String,
    /// The verdict that was seen when the scenario was written.
    pub expected: Verdict,
    /// The metric compared.
    pub metric: String,
    /// Compare the mean of the metric over the run instead of its last value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub area: bool,
    /// Compare the metric at this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_step: Option<u64>,
    /// Compare the steps until the metric reaches this value (fewer are better).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps_to: Option<f64>,
    /// Compare the queries until the metric reaches this value (fewer are better).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries_to: Option<f64>,
    /// The cells said to be better.
    pub better: Selector,
    /// The cells said to be worse.
    pub worse: Selector,
    /// Selected on both sides.
    #[serde(rename = "where", default, skip_serializing_if = "Selector::is_empty")]
    pub where_: Selector,
    /// A second pair, whose difference is subtracted: its better side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minus_better: Option<Selector>,
    /// Its worse side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minus_worse: Option<Selector>,
    /// Selected on both sides of the second pair, over `where`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minus_where: Option<Selector>,
    /// Effects within ±margin count as none (units of what is compared).
    pub margin: f64,
    /// Swept keys across whose other values the claim is counted; `steps`: after 1/4, 1/2 and all
    /// of the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub across: Vec<String>,
    /// Said beside a verdict other than "holds".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl ClaimSpec {
    /// What is compared.
    pub fn reading(&self) -> Reading {
        let ClaimSpec { area, at_step, steps_to, queries_to, .. } = *self;
        Reading { area, at_step, steps_to, queries_to }
    }
}
