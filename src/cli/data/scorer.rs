//! What responses are worth: a reward of lengths, or a command of the user's.

use super::Failure;
use crate::cli::host::DeviceArgs;
use crate::cli::interrupt::interrupts;
use crate::cli::llm::failure;
use crate::cli::shell::{Patience, Unanswered, answer};
use crate::llm::{ModelFiles, ScoringModel, Tokens};
use crate::preference::{Answer, Answered};
use crate::problem::{
    ExponentialSpec, LengthReward, ModeLengthSpec, misscored, scorer_rewards, scorer_rows,
};
use anyhow::anyhow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// `--reward`.
#[derive(Debug, Clone, PartialEq)]
pub enum Reward {
    /// `min`, `mode=TOKENS`, `skew=TOKENS`.
    Length(LengthReward),
    /// `model=DIR`.
    Model(PathBuf),
    /// `command=LINE`.
    Command(String),
}

/// What it takes to score.
pub struct Means<'a> {
    /// The time of a command.
    pub limit: Duration,
    /// Where a reward model is computed.
    pub device: &'a DeviceArgs,
    /// The folder of fetched models, one of which an adapter may stand on.
    pub models: &'a Path,
}

/// Reads `--reward`.
pub fn reward(text: &str) -> Result<Reward, String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let number = || {
        let number = value.parse().ok().filter(|x: &f64| *x > 0.0 && x.is_finite());
        number.ok_or_else(|| format!("`{name}` needs a number of tokens above 0: {name}=20"))
    };
    match name {
        "min" if value.is_empty() => Ok(Reward::Length(LengthReward::Min {})),
        "mode" => Ok(Reward::Length(LengthReward::Mode(ModeLengthSpec { peak: number()? }))),
        "skew" => Ok(Reward::Length(LengthReward::Skew(ExponentialSpec { mean: number()? }))),
        "model" if !value.trim().is_empty() => Ok(Reward::Model(value.into())),
        "command" if !value.trim().is_empty() => Ok(Reward::Command(value.to_owned())),
        _ => {
            Err("a reward is min, mode=TOKENS, skew=TOKENS, model=DIR or command=\"LINE\""
                .to_owned())
        }
    }
}

/// As `--reward` has it.
impl std::fmt::Display for Reward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reward::Length(LengthReward::Min {}) => write!(f, "min"),
            Reward::Length(LengthReward::Mode(mode)) => write!(f, "mode={}", mode.peak),
            Reward::Length(LengthReward::Skew(skew)) => write!(f, "skew={}", skew.mean),
            Reward::Model(folder) => write!(f, "model={}", folder.display()),
            Reward::Command(line) => write!(f, "command={line}"),
        }
    }
}

impl Reward {
    /// Refuses a reward model that cannot be used, before any work.
    pub fn check(&self, means: &Means<'_>) -> Result<(), Failure> {
        let Reward::Model(folder) = self else { return Ok(()) };
        let engine = means.device.engine()?;
        ScoringModel::open(folder, means.models, &engine).map(drop).map_err(failure)
    }

    /// The reward of each response: `[prompts][responses]`.
    pub fn of(&self, answered: &[Answered], means: &Means<'_>) -> Result<Vec<Vec<f64>>, Failure> {
        match self {
            Reward::Length(length) => Ok(answered
                .iter()
                .map(|group| group.responses.iter().map(|y| length.of(y.tokens)).collect())
                .collect()),
            Reward::Model(folder) => judged(folder, answered, means),
            Reward::Command(line) => scored(line, answered, means.limit),
        }
    }
}

/// Has a reward model read the texts, by its own tokens; a response that was cut has no end token.
fn judged(
    folder: &Path,
    answered: &[Answered],
    means: &Means<'_>,
) -> Result<Vec<Vec<f64>>, Failure> {
    /// Prompts between two looks at an interrupt.
    const AT_ONCE: usize = 16;
    let engine = means.device.engine()?;
    let files = ScoringModel::open(folder, means.models, &engine).map_err(failure)?;
    files.base.require_end_token().map_err(failure)?;
    let (model, base) = files.load(&engine).map_err(failure)?;
    let stop = interrupts("stopping after these prompts");
    let mut rewards = Vec::with_capacity(answered.len());
    for some in answered.chunks(AT_ONCE) {
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        for group in some {
            let (prompt, responses) = tokens(group, &base)?;
            rewards.push(model.scores(&prompt, &responses).map_err(Failure::work)?);
        }
        eprintln!("{} of {} prompts scored", rewards.len(), answered.len());
    }
    Ok(rewards)
}

/// A prompt with its responses as a reward model reads them.
fn tokens(group: &Answered, base: &ModelFiles) -> Result<(Tokens, Vec<Tokens>), Failure> {
    let prompt = group.prompt.tokens(base.chat_template.as_ref(), &base.tokenizer);
    let tokens = |y: &Answer| base.response(&y.text, y.is_cut()).map(Tokens::from);
    let responses = group.responses.iter().map(tokens).collect::<Result<_, _>>();
    Ok((prompt.map_err(failure)?.into(), responses.map_err(failure)?))
}

/// Has a command read `{prompt, response}` rows and write a number a line.
fn scored(line: &str, answered: &[Answered], limit: Duration) -> Result<Vec<Vec<f64>>, Failure> {
    let rows = answered
        .iter()
        .map(|group| scorer_rows(&group.prompt, group.responses.iter().map(|y| y.text.as_str())));
    let stop = Some(interrupts("stopping the reward's command"));
    let said = answer(line, rows.collect(), Patience { limit, stop }).map_err(|e| match e {
        Unanswered::Interrupted => Failure::Interrupted,
        Unanswered::Instead(what) => fault(line, &what),
    })?;
    let count = answered.iter().map(|group| group.responses.len()).sum();
    let mut rewards = scorer_rewards(&said, count).map_err(|what| fault(line, &what))?.into_iter();
    let of = |group: &Answered| rewards.by_ref().take(group.responses.len()).collect();
    Ok(answered.iter().map(of).collect())
}

fn fault(line: &str, what: &str) -> Failure {
    Failure::work(anyhow!("{}", misscored(line, what)))
}
