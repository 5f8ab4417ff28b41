//! One scenario of a report: its question, figure, claims, settings, and where the numbers come from.

use super::anchored;
use super::drawing::Picture;
use super::findings::{Claim, Published};
use super::headlines::Theme;
use super::settings::Settings;
use crate::figure::{Drawing, unit};
use crate::learner::Completion;
use crate::results::{Agreement, Finding, Provenance, Run};
use crate::scenario::{ClaimSpec, Scenario};
use serde::Serialize;

/// What a finished scenario brings to a report.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// Its results.
    pub run: &'a Run,
    /// What they say of its claims; none in a quick look.
    pub findings: &'a [Finding],
    /// Published numbers beside them.
    pub agreements: &'a [Agreement],
    /// Its figure.
    pub drawing: &'a Drawing,
    /// Which program, machine and command computed the results, if the run folder tells.
    pub made_by: Option<Provenance>,
    /// What should worry a reader: runs that failed, with the reason, and what is wrong with others.
    pub health: Vec<String>,
    /// Who answered, and what: the first answers of each cell.
    pub answers: Vec<(String, Vec<Completion>)>,
    /// The commands that make all of this again.
    pub again: Vec<String>,
}

/// One scenario of the page; a block without content is not written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Section {
    /// The place on the page.
    pub(super) anchor: String,
    scenario: String,
    figure: Option<String>,
    pub(super) title: String,
    question: Option<String>,
    see: Option<String>,
    tags: Vec<String>,
    pub(super) theme: Theme,
    picture: Picture,
    pub(super) claims: Vec<Claim>,
    published: Vec<Published>,
    /// Cells, seeds, and finished runs.
    cells: usize,
    seeds: u64,
    pub(super) runs: usize,
    /// Whether all cells are of a language model on prompts.
    #[serde(skip)]
    pub(super) language: bool,
    /// Whether the figure bears a number of the paper.
    #[serde(skip)]
    pub(super) numbered: bool,
    /// The `--set` arguments.
    set: Vec<String>,
    settings: Settings,
    health: Vec<String>,
    answers: Vec<(String, Vec<Completion>)>,
    made_by: Option<Provenance>,
    again: Vec<String>,
    /// Metrics and objectives of this section, for the glossary.
    #[serde(skip)]
    pub(super) words: Vec<String>,
    #[serde(skip)]
    pub(super) findings: Vec<Finding>,
    /// The claims as written, with the units of their effects.
    #[serde(skip)]
    specs: Vec<(ClaimSpec, &'static str)>,
}

impl Section {
    /// The section of a scenario; `anchor` is its place on the page, which no other section has.
    pub(super) fn new(anchor: String, evidence: &Evidence<'_>) -> Section {
        let Evidence { run, findings, agreements, drawing, .. } = evidence;
        let scenario = &run.scenario;
        let runs = scenario.cells.iter().map(|cell| run.seeds(&cell.name).len()).sum();
        let missing = run.missing().map(|missing| missing.to_string());
        Section {
            anchor,
            scenario: scenario.id.clone(),
            figure: scenario.figure.clone(),
            title: scenario.title.clone(),
            question: scenario.question.clone(),
            see: scenario.see.clone(),
            tags: scenario.tags.clone(),
            theme: Theme::of(&scenario.tags),
            picture: Picture::new(drawing, scenario.see.as_deref()),
            claims: Vec::new(),
            published: agreements.iter().map(Published::from).collect(),
            cells: scenario.cells.len(),
            seeds: scenario.seeds.count,
            runs,
            language: scenario.cells.iter().all(|c| c.experiment.problem.prompts().is_some()),
            numbered: scenario.figure.as_deref().is_some_and(is_numbered),
            set: scenario.set.clone(),
            settings: Settings::of(scenario),
            health: evidence.health.iter().cloned().chain(missing).collect(),
            answers: evidence.answers.clone(),
            made_by: evidence.made_by.clone(),
            again: evidence.again.clone(),
            words: spoken(scenario),
            findings: findings.to_vec(),
            specs: scenario.claims.iter().map(|c| (c.clone(), unit(run, c))).collect(),
        }
    }

    /// Where the section stands: by theme, then the paper's figures with what belongs to them, then
    /// the others.
    pub(super) fn place(&self) -> (Theme, bool, String) {
        let name = self.figure.as_ref().unwrap_or(&self.scenario);
        let after = name.strip_prefix("fig").and_then(|rest| rest.chars().next());
        (self.theme, !after.is_some_and(|c| c.is_ascii_digit()), name.clone())
    }

    /// Writes the claims from the findings, once these are read together with all others.
    pub(super) fn judge(&mut self) {
        let claims = self.findings.iter().filter_map(|finding| {
            let (spec, unit) = self.specs.iter().find(|(spec, _)| spec.id == finding.id)?;
            let anchor = format!("{}-claim-{}", self.anchor, anchored(&finding.id));
            Some(Claim::new(anchor, spec, finding, unit))
        });
        self.claims = claims.collect();
    }
}

/// Whether a figure is one of the paper's: `fig04`, and not `fig12-states`.
fn is_numbered(figure: &str) -> bool {
    let number = figure.strip_prefix("fig").unwrap_or_default();
    !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
}

/// The metrics that claims and panels speak of, and the objectives of the methods.
fn spoken(scenario: &Scenario) -> Vec<String> {
    let of_claims = scenario.claims.iter().map(|claim| claim.metric.clone());
    let of_panels = scenario.panels.iter().flat_map(|panel| panel.y.clone());
    let objective = |key: String| key.split('.').nth(1).map(str::to_owned);
    let objectives = scenario.cells.iter().flat_map(move |cell| {
        let keys = cell.experiment.keys().into_iter().map(|(key, _)| key);
        keys.filter(|key| key.starts_with("objective.")).filter_map(objective)
    });
    of_claims.chain(of_panels).chain(objectives).collect()
}
