//! Messages that point at the place in the text and name the remedy.

use super::experiment::EXPERIMENT_KEYS;
use super::explain::shown;
use crate::wording::did_you_mean;
use std::fmt;
use std::ops::Range;

/// Why a scenario cannot be used. Every variant shows where, what is allowed and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file, or a file it names, cannot be read.
    #[error("{0}")]
    Unreadable(Box<Diagnostic>),
    /// No shipped scenario has this id.
    #[error("{0}")]
    UnknownScenario(Box<Diagnostic>),
    /// The text is no TOML.
    #[error("{0}")]
    Syntax(Box<Diagnostic>),
    /// A key or a value is wrong.
    #[error("{0}")]
    Invalid(Box<Diagnostic>),
}

impl From<Diagnostic> for ScenarioError {
    fn from(diagnostic: Diagnostic) -> Self {
        ScenarioError::Invalid(Box::new(diagnostic))
    }
}

/// One message: a sentence, the place it is about, and notes.
///
/// Printed as plain text without colour, the way compilers do:
/// ```text
/// error: unknown key `schedule.pases`
///  --> my.toml:14:1
///    |
/// 14 | pases = 1
///    | ^^^^^
///    did you mean: `passes`?
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    message: String,
    excerpt: Option<Box<Excerpt>>,
    notes: Vec<(&'static str, String)>,
}

impl Diagnostic {
    /// A message without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Diagnostic { message: message.into(), excerpt: None, notes: Vec::new() }
    }

    /// Points at a place.
    pub fn at(mut self, excerpt: Option<Excerpt>) -> Self {
        self.excerpt = excerpt.map(Box::new);
        self
    }

    /// Adds a line such as `allowed: …`.
    pub fn note(mut self, label: &'static str, text: impl Into<String>) -> Self {
        self.notes.push((label, text.into()));
        self
    }

    /// Adds `did you mean: …?` if one of `known` is close to `given`.
    pub fn suggest<'a>(self, given: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match did_you_mean(given, known) {
            Some(close) => self.note("did you mean", format!("`{close}`?")),
            None => self,
        }
    }

    /// Adds where the meaning of a key is told, unless there is better help.
    pub(super) fn explained(self, path: &[String]) -> Self {
        let helps = self.notes.iter().any(|(label, _)| ["help", "did you mean"].contains(label));
        let key = shown(path);
        let is_key = match path.first().map(String::as_str) {
            Some("claim" | "factor" | "panel" | "seeds") => key.matches('.').count() == 1,
            Some(first) => EXPERIMENT_KEYS.contains(&first) || path.len() == 1,
            None => false,
        };
        if helps || !is_key {
            return self;
        }
        self.note("help", format!("`modeseek explain {key}` tells what it means"))
    }

    /// The sentence, without place and notes.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(excerpt) = &self.excerpt {
            write!(f, "\n{excerpt}")?;
        }
        for (label, text) in &self.notes {
            write!(f, "\n   {label}: {text}")?;
        }
        Ok(())
    }
}

/// A line of a text with a part of it underlined.
#[derive(Debug, Clone, PartialEq)]
pub struct Excerpt {
    place: String,
    gutter: String,
    line: String,
    before: String,
    width: usize,
}

impl Excerpt {
    /// The line of `text` in which the byte range `span` begins; `name` is the file's.
    pub fn of_file(name: &str, text: &str, span: Range<usize>) -> Self {
        let start = floor(text, span.start);
        let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let number = text[..start].matches('\n').count() + 1;
        let column = text[first..start].chars().count() + 1;
        let line = text[first..].lines().next().unwrap_or("");
        let within = start - first..span.end.saturating_sub(first);
        Excerpt::new(format!("{name}:{number}:{column}"), number.to_string(), line, within)
    }

    /// An argument of the command line, of which the byte range `span` is meant.
    pub fn of_argument(option: &str, argument: &str, span: Range<usize>) -> Self {
        Excerpt::new(format!("{option} {argument}"), " ".to_owned(), argument, span)
    }

    fn new(place: String, gutter: String, line: &str, span: Range<usize>) -> Self {
        let start = floor(line, span.start);
        let end = floor(line, span.end).max(start);
        let blank = |c: char| if c == '\t' { '\t' } else { ' ' };
        Excerpt {
            place,
            gutter,
            line: line.to_owned(),
            before: line[..start].chars().map(blank).collect(),
            width: line[start..end].trim_end().chars().count().max(1),
        }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let margin = " ".repeat(self.gutter.len());
        writeln!(f, "{margin}--> {}", self.place)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{} | {}", self.gutter, self.line)?;
        write!(f, "{margin} | {}{}", self.before, "^".repeat(self.width))
    }
}

/// The nearest character boundary at or below `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}
