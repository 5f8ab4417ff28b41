//! The methods of the calculator: the columns and the parameters that each reads.

use super::error::{LossError, hint};
use super::sheet::Sheet;
use crate::wording::listed;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A chosen and a rejected response.
    Pair,
    /// One response.
    Sample,
    /// One of the responses of a prompt.
    Group,
}

impl Shape {
    /// The columns appended to a row.
    pub(super) fn appended(self) -> &'static [&'static str] {
        match self {
            Shape::Pair => &["loss", "coefficient_chosen", "coefficient_rejected"],
            Shape::Sample | Shape::Group => &["loss", "coefficient"],
        }
    }
}

/// A parameter of a method.
#[derive(Debug, PartialEq)]
pub(super) struct Parameter {
    /// Its name, as in a scenario.
    pub(super) key: &'static str,
    /// Whether it may be a number.
    number: bool,
    /// The words it may be.
    words: &'static [&'static str],
}

impl Parameter {
    /// Reads a value; `None` if it is not allowed.
    pub(super) fn parse(&self, text: &str) -> Option<toml::Value> {
        if self.words.contains(&text) {
            return Some(toml::Value::String(text.into()));
        }
        let number = text.parse::<f64>().ok().filter(|x| self.number && x.is_finite());
        number.map(toml::Value::Float)
    }

    /// What [`parse`](Self::parse) accepts, in words.
    pub(super) fn allowed(&self) -> String {
        match (self.number, self.words.is_empty()) {
            (true, true) => "a finite number".into(),
            (true, false) => format!("a finite number or {}", listed(self.words.iter().copied())),
            (false, _) => format!("one of {}", listed(self.words.iter().copied())),
        }
    }
}

/// A numeric parameter.
const fn number(key: &'static str) -> Parameter {
    Parameter { key, number: true, words: &[] }
}

/// A method of the calculator.
#[derive(Debug)]
pub(super) struct Method {
    /// What is typed.
    pub(super) name: &'static str,
    /// The objective behind it.
    pub(super) objective: &'static str,
    /// What a row is.
    pub(super) shape: Shape,
    /// The numeric columns it reads, in order, each with the names it may have.
    pub(super) columns: &'static [&'static [&'static str]],
    /// Its parameters.
    pub(super) parameters: &'static [Parameter],
    /// Whether the parameters are names of one thing, of which exactly one is given.
    pub(super) alternatives: bool,
}

const PAIR: &[&[&str]] = &[
    &["policy_logp_chosen"],
    &["policy_logp_rejected"],
    &["ref_logp_chosen"],
    &["ref_logp_rejected"],
];
const REWARDED: &[&[&str]] = &[&["policy_logp"], &["reward"]];
const SCORED: &[&[&str]] = &[&["policy_logp"], &["advantage", "reward"]];
const STALE: &[&[&str]] = &[&["policy_logp"], &["old_logp"], &["advantage"]];

/// A method named like its objective.
const fn method(
    name: &'static str,
    shape: Shape,
    columns: &'static [&'static [&'static str]],
    parameters: &'static [Parameter],
) -> Method {
    Method { name, objective: name, shape, columns, parameters, alternatives: false }
}

static METHODS: [Method; 10] = [
    method("dpo", Shape::Pair, PAIR, &[number("beta"), number("label_smoothing")]),
    Method {
        alternatives: true,
        ..method("ipo", Shape::Pair, PAIR, &[number("tau"), number("target_margin")])
    },
    method("hinge", Shape::Pair, PAIR, &[number("beta")]),
    method("pref-ft", Shape::Pair, &[&["policy_logp_chosen"]], &[]),
    method("best-of-n", Shape::Group, REWARDED, &[]),
    method("rwr", Shape::Sample, REWARDED, &[number("temperature"), number("weight_clip")]),
    method("reinforce", Shape::Sample, SCORED, &[]),
    Method { objective: "reinforce", ..method("rloo", Shape::Group, REWARDED, &[]) },
    method(
        "ppo",
        Shape::Sample,
        STALE,
        &[Parameter { key: "ratio_clip", number: true, words: &["none"] }],
    ),
    method(
        "unlikelihood",
        Shape::Group,
        REWARDED,
        &[
            number("alpha"),
            Parameter { key: "pushed", number: false, words: &["worst", "mean", "sum"] },
            number("floor"),
        ],
    ),
];

impl Method {
    /// The method of a name.
    pub(super) fn named(given: &str) -> Result<&'static Method, LossError> {
        let names = || METHODS.iter().map(|method| method.name);
        METHODS.iter().find(|method| method.name == given).ok_or_else(|| LossError::UnknownMethod {
            given: given.into(),
            hint: hint(given, names()),
            allowed: listed(names()),
        })
    }

    /// Refuses a prompt whose only response cannot be left out.
    pub(super) fn check_group(
        &self,
        sheet: &Sheet,
        prompt: &str,
        rows: &[usize],
    ) -> Result<(), LossError> {
        if self.name == "rloo" && rows.len() == 1 {
            let (line, prompt) = (sheet.line(rows[0]), prompt.into());
            return Err(LossError::LonelyPrompt { line, prompt });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glossary::BY_HAND;
    use std::collections::BTreeSet;

    #[test]
    fn the_glossary_names_the_objectives_of_the_calculator() {
        let own: BTreeSet<&str> = METHODS.iter().map(|method| method.objective).collect();
        assert_eq!(own, BY_HAND.into_iter().collect());
    }
}
