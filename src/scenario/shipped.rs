//! The scenarios that come with the program, embedded in the binary.

use super::diagnostic::{Diagnostic, ScenarioError, did_you_mean, listed};

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
}

include!(concat!(env!("OUT_DIR"), "/shipped.rs")); // written by build.rs

/// Every shipped scenario, sorted by path.
pub fn shipped() -> &'static [ShippedScenario] {
    SHIPPED
}

/// The shipped scenario of this id.
pub fn find(id: &str) -> Result<&'static ShippedScenario, ScenarioError> {
    if let Some(found) = SHIPPED.iter().find(|scenario| scenario.id() == id) {
        return Ok(found);
    }
    let ids = || SHIPPED.iter().map(ShippedScenario::id);
    let diagnostic = Diagnostic::new(format!("no shipped scenario has the id `{id}`"));
    let diagnostic = match did_you_mean(id, ids()) {
        Some(close) => diagnostic.note("did you mean", format!("`{close}`?")),
        None => diagnostic.note("allowed", listed(ids())),
    };
    let help = "`modeseek list` shows them; a path of your own ends in `.toml`";
    Err(ScenarioError::UnknownScenario(Box::new(diagnostic.note("help", help))))
}
