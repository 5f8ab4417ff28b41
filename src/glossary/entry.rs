//! One explained term.

use super::text::{normal, wrapped};
use std::fmt;

/// What a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number that is measured.
    Metric,
    /// A loss, with its rows of Table 1.
    Objective,
    /// A key of a scenario.
    Key,
    /// A word of the paper or of this program.
    Word,
}

impl Kind {
    /// In the order in which they are listed.
    pub(super) const ALL: [Kind; 4] = [Kind::Metric, Kind::Objective, Kind::Key, Kind::Word];

    /// What stands above a list of them.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Kind::Metric => "Metrics",
            Kind::Objective => "Objectives and methods",
            Kind::Key => "Keys of a scenario",
            Kind::Word => "Words",
        }
    }

    fn one(self) -> &'static str {
        match self {
            Kind::Metric => "a metric",
            Kind::Objective => "an objective",
            Kind::Key => "a key of a scenario",
            Kind::Word => "a word",
        }
    }
}

/// An explanation: labelled paragraphs under a name.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// What it is.
    pub kind: Kind,
    name: String,
    /// Symbols and other names.
    also: Vec<String>,
    /// Words that are values of the key.
    values: Vec<String>,
    paragraphs: Vec<(&'static str, String)>,
}

/// Where the text of a paragraph begins, behind its label.
const INDENT: usize = 12;

impl Entry {
    /// An entry without text.
    pub(super) fn new(kind: Kind, name: impl Into<String>) -> Self {
        let (also, values, paragraphs) = (Vec::new(), Vec::new(), Vec::new());
        Entry { kind, name: name.into(), also, values, paragraphs }
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.name
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
            self.paragraphs.push((label, text.to_owned()));
        }
        self
    }

    /// Whether a normal term is a name of this, or the end of its path.
    pub(super) fn is_called(&self, asked: &str) -> bool {
        let name = normal(&self.name);
        let is_end = || name.strip_suffix(asked).is_some_and(|rest| rest.ends_with('.'));
        name == asked || is_end() || self.also.iter().any(|other| normal(other) == asked)
    }

    /// Whether a normal term is a value of the key.
    pub(super) fn has_value(&self, asked: &str) -> bool {
        self.values.iter().any(|value| normal(value) == asked)
    }

    /// Every word that leads here.
    pub(super) fn names(&self) -> Vec<String> {
        let leaf = self.name.rsplit('.').next().unwrap_or(&self.name).to_owned();
        let own = [leaf, self.name.clone()].into_iter();
        own.chain(self.also.iter().cloned()).chain(self.values.iter().cloned()).collect()
    }

    /// How lists show it: the name, and symbols behind it.
    pub(super) fn shown(&self) -> String {
        match self.also.first() {
            Some(symbol) if symbol.chars().count() == 1 => format!("{} ({symbol})", self.name),
            _ => self.name.clone(),
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
        for (label, text) in &self.paragraphs {
            let body = wrapped(text, INDENT);
            let start = format!("  {label}");
            let width = start.chars().count();
            writeln!(f, "{start}{}{}", " ".repeat(INDENT - width), body.trim_start())?;
        }
        Ok(())
    }
}
