//! One page that tells what was run, drawn and found, for someone who has not read the paper.
//!
//! A report is data first: each scenario gives a section, the sections give the headlines, the table
//! of claims, the wall of findings that did not appear and the glossary, and the templates
//! `report.html`, `report.css` and `report.js` beside this file turn them into one HTML file that asks
//! nothing of any other. Nothing is told that does not come from the runs or from the glossary.

mod drawing;
mod findings;
mod headlines;
mod section;
mod settings;
mod terms;
mod wall;

pub use section::Evidence;

use crate::glossary::html;
use crate::results::{Finding, Provenance, adjust};
use headlines::{Headlines, Theme};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value};
use section::Section;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use terms::Terms;
use wall::Wall;

/// Why a report cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No scenario was added.
    #[error("a report needs at least one scenario with finished runs")]
    Empty,
    /// A template is wrong.
    #[error("the report's template failed: {0:#}")]
    Template(#[from] minijinja::Error),
}

/// A report that grows scenario by scenario.
#[derive(Debug, Default)]
pub struct Report {
    quick: Option<String>,
    absent: Vec<String>,
    sections: Vec<Section>,
    anchors: BTreeMap<String, usize>,
}

/// Everything that the page tells.
#[derive(Serialize)]
struct Page<'a> {
    quick: Option<&'a str>,
    absent: &'a [String],
    made_by: &'a Provenance,
    /// Finished runs of all scenarios.
    runs: usize,
    /// Whether all of them are of language models on prompts.
    language: bool,
    headlines: Headlines,
    chapters: Vec<Chapter<'a>>,
    wall: Vec<Wall>,
    terms: Terms,
}

/// The scenarios of one theme, as the page has them.
#[derive(Serialize)]
struct Chapter<'a> {
    anchor: Theme,
    heading: &'static str,
    sections: Vec<&'a Section>,
}

impl Report {
    /// A report without scenarios.
    pub fn new() -> Report {
        Report::default()
    }

    /// Whether no scenario was added.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// Marks the report as a quick look, which is no result; `what` says what was shortened.
    #[must_use]
    pub fn quick(mut self, what: impl Into<String>) -> Report {
        self.quick = Some(what.into());
        self
    }

    /// Names scenarios that are not in the report because they have no finished runs.
    #[must_use]
    pub fn absent(mut self, ids: Vec<String>) -> Report {
        self.absent = ids;
        self
    }

    /// Adds a scenario.
    pub fn add(&mut self, evidence: &Evidence<'_>) {
        let name = format!("scenario-{}", evidence.run.scenario.run_folder_name());
        let used = self.anchors.entry(name.clone()).or_insert(0);
        *used += 1;
        let anchor = if *used == 1 { name } else { format!("{name}-{used}") };
        self.sections.push(Section::new(anchor, evidence));
    }

    /// The page; findings are adjusted for being read together. `made_by` is the command at work.
    pub fn html(mut self, made_by: &Provenance) -> Result<String, ReportError> {
        if self.sections.is_empty() {
            return Err(ReportError::Empty);
        }
        self.judge();
        self.sections.sort_by_cached_key(Section::place);
        let spoken: BTreeSet<&str> =
            self.sections.iter().flat_map(|s| s.words.iter().map(String::as_str)).collect();
        render(&Page {
            quick: self.quick.as_deref(),
            absent: &self.absent,
            made_by,
            runs: self.sections.iter().map(|section| section.runs).sum(),
            language: self.sections.iter().all(|section| section.language),
            headlines: Headlines::of(&self.sections),
            chapters: self.chapters(),
            wall: Wall::of(&self.sections),
            terms: Terms::of(&spoken),
        })
    }

    /// Reads all findings together and gives each section its claims.
    fn judge(&mut self) {
        let all = self.sections.iter().flat_map(|section| section.findings.iter().cloned());
        let mut all: Vec<Finding> = all.collect();
        adjust(&mut all);
        let mut adjusted = all.into_iter();
        for section in &mut self.sections {
            section.findings = adjusted.by_ref().take(section.findings.len()).collect();
            section.judge();
        }
    }

    fn chapters(&self) -> Vec<Chapter<'_>> {
        let of = |theme: Theme| {
            let sections = self.sections.iter().filter(|s| s.theme == theme).collect();
            Chapter { anchor: theme, heading: theme.heading(), sections }
        };
        let chapters = Theme::ALL.into_iter().map(of);
        chapters.filter(|chapter| !chapter.sections.is_empty()).collect()
    }
}

/// A name as part of a place on the page: an id has no spaces.
fn anchored(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "_.".contains(c) { c } else { '-' };
    name.chars().map(plain).collect()
}

/// The template of the whole page.
const PAGE: &str = "report.html";

/// Every template by its name; the ending says how values are escaped.
const TEMPLATES: [(&str, &str); 5] = [
    (PAGE, include_str!("report.html")),
    ("macros.html", include_str!("macros.html")),
    ("section.html", include_str!("section.html")),
    ("report.css", include_str!("report.css")),
    ("report.js", include_str!("report.js")),
];

/// Fills the templates.
fn render(page: &Page<'_>) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    environment.add_filter("prose", |text: String| Value::from_safe_string(html(&text)));
    environment.add_filter("truncated", |text: String, most: usize| {
        match text.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    });
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    Ok(environment.get_template(PAGE)?.render(Serde(page))?)
}
