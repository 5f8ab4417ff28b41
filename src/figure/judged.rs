//! Verdicts with what belongs to them: the claim in words, and the unit of its effect.

use super::VerdictMark;
use super::words::{self, number};
use crate::problem::ProblemSpec;
use crate::results::Run;
use crate::scenario::ClaimSpec;

/// A verdict with its claim.
pub(crate) struct Judged<'a> {
    /// What was found.
    pub(crate) mark: &'a VerdictMark,
    /// The unit of the effect.
    pub(crate) unit: &'static str,
    /// The claim in one sentence; empty for a claim that the scenario does not have.
    says: &'a str,
}

/// Verdicts with their claims in a run's scenario.
pub(crate) fn judged<'a>(run: &'a Run, marks: &'a [VerdictMark]) -> Vec<Judged<'a>> {
    let with_claim = |mark: &'a VerdictMark| {
        let claim = run.scenario.claims.iter().find(|claim| claim.id == mark.id);
        let says = claim.map_or("", |claim| claim.says.as_str());
        Judged { mark, unit: claim.map_or("", |claim| unit(run, claim)), says }
    };
    marks.iter().map(with_claim).collect()
}

/// The unit of what a claim compares.
pub(crate) fn unit(run: &Run, claim: &ClaimSpec) -> &'static str {
    let lengths =
        |spec: &ProblemSpec| matches!(spec, ProblemSpec::Length(_) | ProblemSpec::Prompts(_));
    match claim {
        ClaimSpec { steps_to: Some(_), .. } => "steps",
        ClaimSpec { queries_to: Some(_), .. } => "queries",
        _ if run.scenario.cells.iter().all(|c| lengths(&c.experiment.problem)) => {
            words::unit(&claim.metric, "tokens")
        }
        _ => words::unit(&claim.metric, "reward"),
    }
}

impl Judged<'_> {
    /// `+161`, or `+161 tokens`.
    pub(crate) fn effect(&self, with_unit: bool) -> String {
        let sign = if self.mark.effect >= 0.0 { "+" } else { "" };
        format!("{sign}{}{}", number(self.mark.effect), self.unit(with_unit))
    }

    /// `+161 [142, 180]`, or `+161 [142, 180] tokens`.
    pub(crate) fn interval(&self, with_unit: bool) -> String {
        let VerdictMark { effect, low, high, .. } = *self.mark;
        // An exact effect has no interval but for rounding.
        if high - low <= 1e-9 * effect.abs() {
            return self.effect(with_unit);
        }
        let ends = format!("[{}, {}]", number(low), number(high));
        format!("{} {ends}{}", self.effect(false), self.unit(with_unit))
    }

    /// Verdict and effect of the claim, and its sentence.
    pub(crate) fn in_words(&self) -> String {
        let verdict = format!("{} {}: {}", self.mark.id, self.mark.verdict, self.interval(true));
        if self.says.is_empty() { verdict } else { format!("{verdict}\n{}", self.says) }
    }

    fn unit(&self, with_unit: bool) -> String {
        if with_unit && !self.unit.is_empty() { format!(" {}", self.unit) } else { String::new() }
    }
}
