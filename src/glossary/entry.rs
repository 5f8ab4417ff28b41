//! One explained term.

use super::text::{normal, wrapped};
use serde::Serialize;
use std::fmt;

/// What a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A number that is measured.
    Metric,
    /// A loss, with its rows of Table 1.
    Objective,
    /// A key of a scenario.
    Key,
    /// A word of the paper or of this program.
    Word,
    /// A finding that runs are held against.
    Claim,
    /// A shipped scenario, with the figure it makes.
    Scenario,
}

impl Kind {
    /// In the order in which they are listed.
    pub const ALL: [Kind; 6] =
        [Kind::Metric, Kind::Objective, Kind::Key, Kind::Word, Kind::Claim, Kind::Scenario];

    /// What stands above a list of them.
    pub fn heading(self) -> &'static str {
        match self {
            Kind::Metric => "Metrics",
            Kind::Objective => "Objectives and methods",
            Kind::Key => "Keys of a scenario",
            Kind::Word => "Words",
            Kind::Claim => "Claims",
            Kind::Scenario => "Scenarios and figures",
        }
    }

    fn one(self) -> &'static str {
        match self {
            Kind::Metric => "a metric",
            Kind::Objective => "an objective",
            Kind::Key => "a key of a scenario",
            Kind::Word => "a word",
            Kind::Claim => "a claim",
            Kind::Scenario => "a scenario",
        }
    }
}

/// A part of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paragraph {
    /// What it tells: `What`, `Formula`, `Unit`, `Read`, `Wrong`, `Source`, …
    pub label: &'static str,
    /// Plain text; its line breaks count.
    pub text: String,
}

/// An explanation: labelled paragraphs under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// What it is called: of a key the whole path.
    pub name: String,
    /// Symbols and other names.
    pub also: Vec<String>,
    /// What is told of it, in the order in which it is read.
    pub paragraphs: Vec<Paragraph>,
    /// Words that are values of the key.
    #[serde(skip)]
    values: Vec<String>,
}

/// Where the text of a paragraph begins, behind its label.
const INDENT: usize = 12;

impl Entry {
    /// An entry without text.
    pub(super) fn new(kind: Kind, name: impl Into<String>) -> Self {
        let (also, values, paragraphs) = (Vec::new(), Vec::new(), Vec::new());
        Entry { kind, name: name.into(), also, values, paragraphs }
    }

    /// The text of the paragraph with a label.
    pub fn text(&self, label: &str) -> Option<&str> {
        self.paragraphs.iter().find(|part| part.label == label).map(|part| part.text.as_str())
    }

    /// Adds other names.
    pub(super) fn also<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.also.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds words that lead here if nothing bears them as a name.
    pub(super) fn values(mut self, words: impl IntoIterator<Item = String>) -> Self {
        self.values.extend(words);
        self
    }

    /// Adds a paragraph, unless it is empty.
    pub(super) fn with(mut self, label: &'static str, text: impl AsRef<str>) -> Self {
        let text = text.as_ref().trim_end();
        if !text.is_empty() {
            self.paragraphs.push(Paragraph { label, text: text.to_owned() });
        }
        self
    }

    /// Whether a normal term is a name of this, or the end of a key's path.
    pub(super) fn is_called(&self, asked: &str) -> bool {
        let name = normal(&self.name);
        let asked = match self.kind {
            Kind::Claim => asked.strip_prefix("claim-").unwrap_or(asked),
            _ => asked,
        };
        let is_key = self.kind == Kind::Key;
        let is_end = || is_key && name.strip_suffix(asked).is_some_and(|rest| rest.ends_with('.'));
        name == asked || is_end() || self.also.iter().any(|other| normal(other) == asked)
    }

    /// Whether a normal term is a value of the key.
    pub(super) fn has_value(&self, asked: &str) -> bool {
        self.values.iter().any(|value| normal(value) == asked)
    }

    /// Every word that leads here.
    pub(super) fn names(&self) -> Vec<String> {
        let leaf = self.name.rsplit('.').next().filter(|_| self.kind == Kind::Key);
        let own = leaf.map(str::to_owned).into_iter().chain([self.name.clone()]);
        own.chain(self.also.iter().cloned()).chain(self.values.iter().cloned()).collect()
    }

    /// How lists show it: the name, and a symbol or the figure behind it.
    pub(super) fn shown(&self) -> String {
        let is_shown = |other: &&String| self.kind == Kind::Scenario || other.chars().count() == 1;
        match self.also.first().filter(is_shown) {
            Some(other) => format!("{} ({other})", self.name),
            None => self.name.clone(),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.kind.one())?;
        if !self.also.is_empty() {
            write!(f, " (also: {})", self.also.join(", "))?;
        }
        writeln!(f)?;
        for Paragraph { label, text } in &self.paragraphs {
            let body = wrapped(text, INDENT);
            let start = format!("  {label}");
            let width = start.chars().count();
            writeln!(f, "{start}{}{}", " ".repeat(INDENT - width), body.trim_start())?;
        }
        Ok(())
    }
}
