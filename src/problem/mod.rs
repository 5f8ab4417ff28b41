//! What is rewarded, and where the reference policy stands.

mod bumps;
mod columns;
mod command;
mod coverage;
mod examples;
pub(crate) mod jsonl;
mod language;
mod length;

mod prompt;
mod reference;
mod sentences;
mod separation;
mod spec;

pub use command::{misscored, scorer_rewards, scorer_rows};
pub use coverage::{Coverage, DataLaw, coverage};
pub use examples::{EmptyResponses, ExampleKind, ExampleRow, ExampleRows};
pub use language::{
    LearnedRewardSpec, LengthReward, ModeLengthSpec, PromptOrder, PromptPart, PromptsSpec,
    TokensSpec,
};
pub use length::{
    ExponentialSpec, FittedFamily, FittedSpec, LengthReferenceSpec, LengthSpec, LengthTask,
    LengthUnit, LogNormalSpec, LongestSpec, NegativeBinomialSpec, NormalSpec, TiltSpec,
    TruncationSpec,
};
pub use prompt::{Instead, Message, Prompt, PromptSplit};
pub use reference::binned_cauchy;
pub use sentences::{LONGEST_SONG, Sentences, USUAL_LENGTH};
pub use separation::logarithmic_mean;
pub use spec::{
    ArmDataSpec, Bump, BumpsSpec, Column, GaussianSpec, ProblemSpec, ReferenceSpec, SeparationSpec,
    TableSpec, TwoModesSpec,
};

use crate::numerics::{exponentials, log_softmax};
use std::path::{Path, PathBuf};

/// Why a problem cannot be set up.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
pub enum ProblemError {
    /// A number is outside its range.
    #[error("{key} is {given}; {allowed}")]
    Range {
        /// The key below `problem`.
        key: &'static str,
        /// What was given.
        given: String,
        /// What is allowed, and the remedy.
        allowed: String,
    },
    /// A CSV or JSONL file cannot be used.
    #[error("{}: {fault}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with the line where there is one, and the remedy.
        fault: String,
    },
    /// Responses to the prompts of a file are texts: nothing can be listed arm by arm.
    #[error("responses to problem.prompts are texts and have no arms; a language model runs them")]
    NoArms,
}

/// Rewards, the reference and the target of one problem, arm by arm; the context changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    rewards: Vec<f64>,
    log_reference: Vec<f64>,
    log_target: Vec<f64>,
    data: DataLaw,
    boundary: Option<f64>,
    peak_length: Option<f64>,
}

impl Problem {
    /// Sets the problem up; paths of CSV files are relative to `folder`. The arms of
    /// [`TokensSpec`] are its tokens, so that the problem is that of a single one.
    pub fn new(spec: &ProblemSpec, folder: &Path) -> Result<Self, ProblemError> {
        match spec {
            ProblemSpec::Bumps(bumps) => {
                let rewards = bumps::rewards(bumps.reward);
                let reference = reference::probabilities(&bumps.reference, rewards.len(), folder)?;
                let problem = Problem::tilted(rewards, &reference, bumps.target_temperature)?;
                problem.with_data("data", bumps.data)
            }
            ProblemSpec::TwoModes(modes) => {
                let target = bumps::two_modes(modes)?;
                let highest = target.iter().copied().fold(0.0, f64::max);
                let rewards: Vec<f64> = target.iter().map(|q| q / highest).collect();
                let reference = reference::probabilities(&modes.reference, modes.arms, folder)?;
                let problem = Problem::with_target(rewards, &reference, &target);
                problem.with_data("data", modes.data)
            }
            ProblemSpec::Table(table) => {
                let rewards = columns::finite(&table.rewards, "rewards", folder)?;
                let reference = reference::probabilities(&table.reference, rewards.len(), folder)?;
                let Some(target) = &table.target else {
                    return Problem::tilted(rewards, &reference, table.target_temperature);
                };
                let target = columns::distribution(target, "target", rewards.len(), folder)?;
                Ok(Problem::with_target(rewards, &reference, &target))
            }
            ProblemSpec::Separation(spec) => separation::problem(*spec),
            ProblemSpec::Length(spec) => length::problem(spec, folder),
            ProblemSpec::Tokens(spec) => {
                let rewards = bumps::rewards(spec.reward);
                let reference = reference::probabilities(&spec.reference, rewards.len(), folder)?;
                Problem::tilted(rewards, &reference, 1.0)
            }
            ProblemSpec::Prompts(_) => Err(ProblemError::NoArms),
        }
    }

    /// The target is π* ∝ π_ref·exp(r / temperature): the optimum of E[r] − temperature·KL(π‖π_ref)
    /// (arXiv 2404.14367, Lemma 6.1).
    fn tilted(rewards: Vec<f64>, reference: &[f64], temp: f64) -> Result<Self, ProblemError> {
        if !(temp > 0.0 && temp.is_finite()) {
            return Err(ProblemError::Range {
                key: "target_temperature",
                given: temp.to_string(),
                allowed: "a finite number above 0, such as 0.1".into(),
            });
        }
        let log_reference: Vec<f64> = reference.iter().map(|p| p.ln()).collect();
        let tilted: Vec<f64> =
            log_reference.iter().zip(&rewards).map(|(lp, r)| lp + r / temp).collect();
        let log_target = log_softmax(&tilted);
        Ok(Problem::of(rewards, reference, log_target))
    }

    fn with_target(rewards: Vec<f64>, reference: &[f64], target: &[f64]) -> Self {
        Problem::of(rewards, reference, target.iter().map(|p| p.ln()).collect())
    }

    /// A problem whose preference data are answers of the reference.
    fn of(rewards: Vec<f64>, reference: &[f64], log_target: Vec<f64>) -> Self {
        let log_reference: Vec<f64> = reference.iter().map(|p| p.ln()).collect();
        // From the logarithms, as everyone else reads the reference: equal to the last digit.
        let data = DataLaw::reference(&exponentials(&log_reference));
        Problem { rewards, log_reference, log_target, data, boundary: None, peak_length: None }
    }

    /// The same problem with other preference data; `key` names them in messages.
    fn with_data(self, key: &'static str, spec: ArmDataSpec) -> Result<Self, ProblemError> {
        let ArmDataSpec::Gaussian(spec) = spec else { return Ok(self) };
        let data = DataLaw::reference(&reference::gaussian(spec, self.arms(), key)?);
        Ok(Problem { data, ..self })
    }

    /// How many arms there are.
    pub fn arms(&self) -> usize {
        self.rewards.len()
    }

    /// The gold reward of each arm: `[arms]`.
    pub fn rewards(&self) -> &[f64] {
        &self.rewards
    }

    /// log π_ref of each arm: `[arms]`, nats.
    pub fn log_reference(&self) -> &[f64] {
        &self.log_reference
    }

    /// The law of the responses in the preference data.
    pub fn data(&self) -> &DataLaw {
        &self.data
    }

    /// For [`LengthSpec`], whose arms are lengths: the length of highest reward (tokens).
    pub fn peak_length(&self) -> Option<f64> {
        self.peak_length
    }

    /// For [`SeparationSpec`]: the mass p above which the reverse KL separates the arms faster.
    pub fn boundary(&self) -> Option<f64> {
        self.boundary
    }

    /// log of the target distribution: `[arms]`, nats.
    pub fn log_target(&self) -> &[f64] {
        &self.log_target
    }
}

#[cfg(test)]
mod tests;
