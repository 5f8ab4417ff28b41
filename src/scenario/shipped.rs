//! The scenarios that come with the program, embedded in the binary.

use super::diagnostic::{Diagnostic, ScenarioError};
use crate::wording::did_you_mean;

/// A scenario that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShippedScenario {
    /// Its place in the source tree, such as `scenarios/bandit-batch-size.toml`.
    pub path: &'static str,
    /// The file's text.
    pub text: &'static str,
}

impl ShippedScenario {
    /// Its id: the name of its file.
    pub fn id(&self) -> &'static str {
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        name.strip_suffix(".toml").unwrap_or(name)
    }

    /// The name of its figure, such as `fig04`.
    pub fn figure(&self) -> Option<&'static str> {
        let line = self.text.lines().find_map(|line| line.strip_prefix("figure = \""))?;
        line.split('"').next()
    }

    /// The figures that some of its panels are, such as `fig15-nano`.
    pub fn also(&self) -> impl Iterator<Item = &'static str> {
        let line = self.text.lines().find_map(|line| line.strip_prefix("also = ["));
        line.into_iter().flat_map(|names| names.split('"').skip(1).step_by(2))
    }
}

include!(concat!(env!("OUT_DIR"), "/shipped.rs")); // written by build.rs

/// Every shipped scenario, sorted by path.
pub fn shipped() -> &'static [ShippedScenario] {
    SHIPPED
}

/// The shipped scenario of this id, or the one that makes the figure of this name.
pub fn find(id: &str) -> Result<&'static ShippedScenario, ScenarioError> {
    let is_named = |scenario: &&ShippedScenario| scenario.id() == id;
    let draws =
        |s: &&ShippedScenario| s.figure() == Some(id) || s.also().any(|figure| figure == id);
    if let Some(found) = SHIPPED.iter().find(is_named).or_else(|| SHIPPED.iter().find(draws)) {
        return Ok(found);
    }
    let ids = || SHIPPED.iter().map(ShippedScenario::id);
    let figures = || SHIPPED.iter().flat_map(|s| s.figure().into_iter().chain(s.also()));
    let names = || ids().chain(figures());
    let diagnostic = Diagnostic::new(format!("no shipped scenario has the id or figure `{id}`"));
    let diagnostic = match did_you_mean(id, names()) {
        Some(close) => diagnostic.note("did you mean", format!("`{close}`?")),
        None => diagnostic,
    };
    let help = match id.ends_with(".toml") {
        true => {
            "this command takes shipped scenarios; for a file: `modeseek run FILE`, then `modeseek figure FILE`, \
                 `claims` or `report`"
        }
        false => "`modeseek list` shows both; a path of your own ends in `.toml`",
    };
    Err(ScenarioError::UnknownScenario(Box::new(diagnostic.note("help", help))))
}
