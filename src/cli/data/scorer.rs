//! What responses are worth: a reward of lengths, or a command of the user's.

use super::Failure;
use crate::cli::host::DeviceArgs;
use crate::cli::interrupt::interrupts;
use crate::cli::llm::failure;
use crate::llm::{ModelFiles, ScoringModel, Tokens};
use crate::preference::{Answer, Answered};
use crate::problem::{ExponentialSpec, LengthReward, ModeLengthSpec};
use anyhow::anyhow;
use serde_json::json;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

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
    let rows: String = answered
        .iter()
        .flat_map(|group| {
            let row = |text: &str| json!({ "prompt": group.prompt, "response": text });
            group.responses.iter().map(move |y| format!("{}\n", row(&y.text)))
        })
        .collect();
    let count: usize = answered.iter().map(|group| group.responses.len()).sum();
    let said = answer_of(line, rows, limit)?;
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.len() != count {
        return Err(fault(line, &format!("wrote {} lines for {count} rows", lines.len())));
    }
    let mut rewards = lines.iter().enumerate().map(|(i, text)| {
        number(text).ok_or_else(|| fault(line, &format!("wrote `{text}` for row {}", i + 1)))
    });
    let of = |group: &Answered| rewards.by_ref().take(group.responses.len()).collect();
    answered.iter().map(of).collect()
}

/// A finite number, or `{"reward": number}`.
fn number(text: &str) -> Option<f64> {
    let value: serde_json::Value = serde_json::from_str(text.trim()).ok()?;
    value.as_f64().or_else(|| value.get("reward")?.as_f64()).filter(|x| x.is_finite())
}

fn fault(line: &str, what: &str) -> Failure {
    Failure::work(anyhow!(
        "the reward's command {what}\n  command: {line}\n  allowed: for each row {{prompt, response}} on its standard input one \
         line with a finite number, or {{\"reward\": number}}\n  help: correct the command and run the same again"
    ))
}

/// What a shell command writes when it is given `input`; it is ended after the limit, or by an interrupt, with
/// everything that it started.
fn answer_of(line: &str, input: String, limit: Duration) -> Result<String, Failure> {
    let mut command = Command::new("sh");
    command.args(["-c", line]).stdin(Stdio::piped()).stdout(Stdio::piped());
    // A group of its own, so that what the line starts can be ended with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|e| fault(line, &format!("cannot start: {e}")))?;
    let mut stdin = child.stdin.take().expect("a pipe");
    // A command that ends early closes its input, which its exit status tells better.
    thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let mut stdout = child.stdout.take().expect("a pipe");
    let (sender, said) = channel();
    thread::spawn(move || {
        let mut text = String::new();
        // Nobody listens any more once the limit has passed.
        drop(sender.send(stdout.read_to_string(&mut text).map(|_| text)));
    });
    let mut scorer = Scorer { child, said, line };
    let finished = scorer.finish(limit);
    if finished.is_err() {
        scorer.end();
    }
    finished
}

/// A command at work.
struct Scorer<'a> {
    child: Child,
    /// All that it wrote, once everybody who holds its output has closed it.
    said: Receiver<std::io::Result<String>>,
    line: &'a str,
}

impl Scorer<'_> {
    /// Waits for its end and for the end of its output, which a process that it left behind may hold open.
    fn finish(&mut self, limit: Duration) -> Result<String, Failure> {
        const PAUSE: Duration = Duration::from_millis(20);
        let stop = interrupts("stopping the reward's command");
        let begun = Instant::now();
        let (mut status, mut said) = (None, None);
        loop {
            status = status.or(self.status()?);
            said = said.or(self.said()?);
            if let Some(status) = status.filter(|status| !status.success()) {
                return Err(fault(self.line, &format!("failed: {status}")));
            }
            if status.is_some()
                && let Some(said) = said.take()
            {
                return Ok(said);
            }
            if stop.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            if begun.elapsed() > limit {
                let what = format!("took longer than {} s (--limit-seconds)", limit.as_secs());
                return Err(fault(self.line, &what));
            }
            thread::sleep(PAUSE);
        }
    }

    fn status(&mut self) -> Result<Option<ExitStatus>, Failure> {
        let waited = self.child.try_wait();
        waited.map_err(|e| fault(self.line, &format!("cannot be waited for: {e}")))
    }

    fn said(&self) -> Result<Option<String>, Failure> {
        let unread = |e: &dyn std::fmt::Display| fault(self.line, &format!("wrote no text: {e}"));
        match self.said.try_recv() {
            Ok(said) => said.map(Some).map_err(|e| unread(&e)),
            // Not yet, or it was taken before.
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => Ok(None),
        }
    }

    /// Ends it with everything that it started.
    fn end(&mut self) {
        #[cfg(unix)]
        let _ = Command::new("sh")
            .args(["-c", &format!("kill -s KILL -- -{} 2> /dev/null", self.child.id())])
            .status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
