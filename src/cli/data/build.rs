//! `modeseek data build`: comparisons between a model's own responses, as files to train on.

use super::kept::Kept;
use super::manifest::manifest;
use super::responses::Asked;
use super::scorer::{Means, Reward, reward};
use super::{Failure, json_lines, say};
use crate::cli::host::DeviceArgs;
use crate::cli::llm::{ModelArgs, SystemArgs};
use crate::cli::options::{one_or_more, writable, write_file};
use crate::preference::{
    Answered, BradleyTerrySpec, ComparisonRow, Dataset, EmptyAnswers, FlippedSpec, LabelSpec,
    PairRule, PairSpec, Selection,
};
use crate::stream::Streams;
use anyhow::anyhow;
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Sample responses to prompts, score and compare them, and write train.jsonl and test.jsonl.
///
/// Rows are `prompt`, `chosen`, `rejected` with rewards and numbers of tokens, and `chosen_cut` or `rejected_cut` where
/// a response was cut at --max-new-tokens; a scenario reads them as data.preferences.jsonl. A --system message is
/// written into their prompts. Prompts are parted at random, so that no prompt is in both files. responses.jsonl keeps
/// what was sampled, prompt by prompt: the same command goes on from there after an interrupt, or after a reward's
/// command failed. manifest.toml says how all was made; with it the folder is finished.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Rows with `prompt` or `messages`, one JSON object a line; left out for the model nano, which has its own
    pub prompts: Option<PathBuf>,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    system: SystemArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// The folder that is written
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What a response is worth: min, mode=TOKENS, skew=TOKENS (min, on responses that are shortened first), model=DIR (a reward model) or command="LINE", which reads {prompt, response} rows and writes a number a line
    #[arg(long, value_parser = reward)]
    pub reward: Reward,
    /// Responses to a prompt
    #[arg(long, value_name = "C", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..))]
    responses: u32,
    /// Which pairs of a prompt's responses are compared
    #[arg(long, value_enum, default_value_t = Pairs::All)]
    pub pairs: Pairs,
    /// Labels: exact, bradley-terry=TEMPERATURE or flipped=RATE
    #[arg(long, default_value = "exact", value_parser = labels)]
    pub labels: LabelSpec,
    /// Share of the prompts kept for test.jsonl
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    test: f64,
    /// Only the first so many distinct prompts
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Tokens at most [default: 256, or what the model's context leaves beside the longest prompt]
    #[arg(long, value_name = "N", value_parser = one_or_more)]
    max_new_tokens: Option<usize>,
    /// Logits are divided by it
    #[arg(long, value_name = "T", default_value_t = 1.0, allow_negative_numbers = true)]
    temperature: f64,
    /// Also compare empty responses
    #[arg(long)]
    keep_empty: bool,
    /// Seed of the draws and labels
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Seconds that the reward's command may take
    #[arg(long, value_name = "S", default_value_t = 600)]
    limit_seconds: u64,
}

/// Which pairs are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pairs {
    /// All of them
    All,
    /// The best against the worst
    BestVersusWorst,
}

fn labels(text: &str) -> Result<LabelSpec, String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let number = value.parse::<f64>().ok();
    let spec = match (name, number) {
        ("exact", None) if text == name => LabelSpec::Exact,
        ("bradley-terry", Some(temperature)) => {
            LabelSpec::BradleyTerry(BradleyTerrySpec { temperature })
        }
        ("flipped", Some(rate)) => LabelSpec::Flipped(FlippedSpec { rate }),
        _ => return Err("exact, bradley-terry=TEMPERATURE or flipped=RATE".to_owned()),
    };
    PairRule::new(PairSpec { labels: spec, ..PairSpec::default() }).map_err(|e| e.to_string())?;
    Ok(spec)
}

/// The files that a build writes beside responses.jsonl; the last one says that all are there.
const WRITTEN: [&str; 3] = ["train.jsonl", "test.jsonl", "manifest.toml"];
/// The file of the responses.
const RESPONSES: &str = "responses.jsonl";

/// Samples, scores, compares and writes.
pub fn command(args: &Args) -> Result<(), Failure> {
    unfinished(&args.out)?;
    let selection = match args.pairs {
        Pairs::All => Selection::All,
        Pairs::BestVersusWorst => Selection::BestVersusWorst,
    };
    let rule = PairSpec { selection, labels: args.labels, ..PairSpec::default() };
    let rule = PairRule::new(rule).map_err(Failure::input)?;
    let asked = args.asked();
    let means = Means {
        limit: Duration::from_secs(args.limit_seconds),
        device: &args.device,
        models: args.model.models(),
    };
    args.reward.check(&means)?;
    let ready = asked.ready()?;
    let test = args.test_prompts(ready.prompts.len())?;
    writable(&args.out, "--out")?;
    let kept = Kept::open(&args.out.join(RESPONSES), &ready.settings, &ready.prompts)?;
    let settings = ready.settings.clone();
    let answered = asked.responses(ready, kept)?;
    let rewards = args.reward.of(&answered, &means).inspect_err(|_| {
        let place = args.out.join(RESPONSES);
        eprintln!("the responses are kept in {}: the same command goes on there", place.display());
    })?;
    let empty = if args.keep_empty { EmptyAnswers::Keep } else { EmptyAnswers::Skip };
    let place = (test, Streams::new(args.seed));
    let data = Dataset::new(&answered, &rewards, (&rule, empty), place);
    let told = manifest(args, &settings, (&answered, &rewards), &data)?;
    let contents = [json_lines(&data.train)?, json_lines(&data.test)?, told.clone()];
    for (name, content) in WRITTEN.iter().zip(contents) {
        write_file(&args.out.join(name), content.as_bytes())?;
    }
    say(&told)?;
    let warnings = lacks(&data, &answered).into_iter().chain(cut(&data));
    warnings.for_each(|line| eprintln!("warning: {line}"));
    Ok(())
}

/// Said of rows of which a response was cut.
fn cut(data: &Dataset<'_>) -> Option<String> {
    let all = || data.train.iter().chain(&data.test);
    let (rows, count) =
        (all().count(), |is: fn(&ComparisonRow<'_>) -> bool| all().filter(|row| is(row)).count());
    let cut = count(|row| row.chosen_cut || row.rejected_cut);
    let (chosen, rejected) = (count(|row| row.chosen_cut), count(|row| row.rejected_cut));
    (cut > 0).then(|| {
        format!(
            "{cut} of {rows} rows have a response that was cut at --max-new-tokens ({chosen} chosen, {rejected} \
             rejected): they are marked (`chosen_cut`, `rejected_cut`), and no end is learned after them; more tokens \
             would show how they end"
        )
    })
}

/// What a finished build is of no use for, and why.
fn lacks(data: &Dataset<'_>, answered: &[Answered]) -> Vec<String> {
    let mut found = Vec::new();
    if data.train.is_empty() {
        let all = || answered.iter().flat_map(|group| &group.responses);
        let cut = all().filter(|y| y.is_cut()).count();
        found.push(format!(
            "train.jsonl is empty: {} pairs tie, {} are of the same text, {} responses are empty, {cut} of {} were cut \
             at --max-new-tokens; a reward that tells responses apart, or longer ones, would leave some",
            data.ties,
            data.same,
            data.empty,
            all().count()
        ));
    }
    if data.test_prompts == 0 {
        found.push("test.jsonl is empty: --test of so few prompts is none of them".to_owned());
    }
    found
}

/// Refuses a folder that holds a finished build, or anything that no build wrote.
fn unfinished(out: &Path) -> Result<(), Failure> {
    let Ok(entries) = std::fs::read_dir(out) else { return Ok(()) };
    let place = out.display();
    if out.join(WRITTEN[2]).exists() {
        return Err(Failure::input(anyhow!(
            "{place} holds a finished build already\n  help: name another --out, or remove it first"
        )));
    }
    let ours = |name: &str| name == RESPONSES || WRITTEN.contains(&name);
    let mut names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    match names.find(|name| !ours(name)) {
        None => Ok(()),
        Some(name) => Err(Failure::input(anyhow!(
            "{place} holds other files, {name} among them\n  allowed: an empty or a new folder, or one whose build is unfinished\n  \
             help: name another --out"
        ))),
    }
}

impl Args {
    /// How many of so many prompts are kept apart; some must be left to train on.
    fn test_prompts(&self, prompts: usize) -> Result<usize, Failure> {
        let test = (self.test * prompts as f64).round() as usize;
        if (0.0..1.0).contains(&self.test) && test < prompts {
            return Ok(test);
        }
        Err(Failure::input(anyhow!(
            "--test {} of {prompts} prompts leaves none to train on\n  allowed: a share from 0 to below 1 that leaves a prompt, such as 0.1",
            self.test
        )))
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            prompts: self.prompts.as_deref(),
            limit: self.limit,
            model: &self.model,
            system: &self.system,
            device: &self.device,
            reward: match &self.reward {
                Reward::Length(length) => Some(*length),
                Reward::Command(_) | Reward::Model(_) => None,
            },
            per_prompt: self.responses as usize,
            max_new_tokens: self.max_new_tokens,
            temperature: self.temperature,
            seed: self.seed,
        }
    }
}
