//! `modeseek data build`: comparisons between a model's own responses, as files to train on.

use super::responses::{Asked, responses};
use super::scorer::{Reward, reward};
use super::{Failure, say};
use crate::cli::host::DeviceArgs;
use crate::cli::llm::ModelArgs;
use crate::cli::options::{writable, write_file};
use crate::preference::{
    Answered, BradleyTerrySpec, ComparisonRow, Dataset, EmptyPairs, FlippedSpec, LabelSpec,
    PairRule, PairSpec, Selection,
};
use crate::stream::Streams;
use anyhow::anyhow;
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Sample responses to prompts, score and compare them, and write train.jsonl and test.jsonl.
///
/// Rows are `prompt`, `chosen`, `rejected` with rewards and numbers of tokens; a scenario reads them as
/// data.preferences.jsonl. Prompts are parted, so that no prompt is in both files. responses.jsonl keeps what was
/// sampled: the same command with another reward, or after a reward's command failed, goes on from there.
/// manifest.toml says how all was made.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Rows with `prompt` or `messages`, one JSON object a line; left out for the model nano, which has its own
    prompts: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// The folder that is written
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What a response is worth: min, mode=TOKENS, skew=TOKENS (min, on responses that are shortened first) or command="LINE", which reads {prompt, response} rows and writes a number a line
    #[arg(long, value_parser = reward)]
    reward: Reward,
    /// Responses to a prompt
    #[arg(long, value_name = "C", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..))]
    responses: u32,
    /// Which pairs of a prompt's responses are compared
    #[arg(long, value_enum, default_value_t = Pairs::All)]
    pairs: Pairs,
    /// Labels: exact, bradley-terry=TEMPERATURE or flipped=RATE
    #[arg(long, default_value = "exact", value_parser = labels)]
    labels: LabelSpec,
    /// Share of the prompts kept for test.jsonl
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    test: f64,
    /// Only the first so many distinct prompts
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Tokens at most
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_new_tokens: usize,
    /// Logits are divided by it
    #[arg(long, value_name = "T", default_value_t = 1.0)]
    temperature: f64,
    /// Also write pairs with an empty response
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
enum Pairs {
    /// All of them
    All,
    /// The best against the worst
    BestVersusWorst,
}

fn labels(text: &str) -> Result<LabelSpec, String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let number = value.parse::<f64>().ok();
    let spec = match (name, number) {
        ("exact", None) => LabelSpec::Exact,
        ("bradley-terry", Some(temperature)) => {
            LabelSpec::BradleyTerry(BradleyTerrySpec { temperature })
        }
        ("flipped", Some(rate)) => LabelSpec::Flipped(FlippedSpec { rate }),
        _ => return Err("exact, bradley-terry=TEMPERATURE or flipped=RATE".to_owned()),
    };
    PairRule::new(PairSpec { labels: spec, ..PairSpec::default() }).map_err(|e| e.to_string())?;
    Ok(spec)
}

/// Samples, scores, compares and writes.
pub fn command(args: &Args) -> Result<(), Failure> {
    if !(0.0..1.0).contains(&args.test) {
        let help = "a share from 0 to below 1, such as 0.1";
        return Err(Failure::input(anyhow!("--test {}: {help}", args.test)));
    }
    for name in ["train.jsonl", "test.jsonl"] {
        let file = args.out.join(name);
        if file.exists() {
            let place = file.display();
            return Err(Failure::input(anyhow!("{place} is there already: name another --out")));
        }
    }
    let selection = match args.pairs {
        Pairs::All => Selection::All,
        Pairs::BestVersusWorst => Selection::BestVersusWorst,
    };
    let rule = PairSpec { selection, labels: args.labels, ..PairSpec::default() };
    let rule = PairRule::new(rule).map_err(Failure::input)?;
    let asked = args.asked();
    asked.check()?;
    writable(&args.out, "--out")?;
    let answered = responses(&asked, &args.out.join("responses.jsonl"))?;
    let rewards = args.reward.of(&answered, Duration::from_secs(args.limit_seconds))?;
    let test = (args.test * answered.len() as f64).round() as usize;
    let empty = if args.keep_empty { EmptyPairs::Keep } else { EmptyPairs::Skip };
    let place = (test, Streams::new(args.seed));
    let data = Dataset::new(&answered, &rewards, (&rule, empty), place);
    write(&args.out.join("train.jsonl"), &data.train)?;
    write(&args.out.join("test.jsonl"), &data.test)?;
    let told = manifest(args, &answered, &data)?;
    write_file(&args.out.join("manifest.toml"), told.as_bytes())?;
    say(&told)
}

impl Args {
    fn asked(&self) -> Asked<'_> {
        Asked {
            prompts: self.prompts.as_deref(),
            limit: self.limit,
            model: &self.model,
            device: &self.device,
            reward: match &self.reward {
                Reward::Length(length) => Some(*length),
                Reward::Command(_) => None,
            },
            per_prompt: self.responses as usize,
            max_new_tokens: self.max_new_tokens,
            temperature: self.temperature,
            seed: self.seed,
        }
    }
}

fn write(path: &Path, rows: &[ComparisonRow<'_>]) -> Result<(), Failure> {
    let mut text = String::new();
    for row in rows {
        text += &serde_json::to_string(row).map_err(Failure::work)?;
        text.push('\n');
    }
    write_file(path, text.as_bytes()).map(drop)
}

/// How the files were made, and what is in them.
fn manifest(args: &Args, answered: &[Answered], data: &Dataset<'_>) -> Result<String, Failure> {
    let all = || answered.iter().flat_map(|group| &group.responses);
    let count = all().count();
    let mean = all().map(|y| y.tokens as f64).sum::<f64>() / count.max(1) as f64;
    let numbers = [
        ("prompts", answered.len()),
        ("responses", count),
        ("cut_responses", all().filter(|y| y.cut).count()),
        ("empty_responses", all().filter(|y| y.text.trim().is_empty()).count()),
        ("train_rows", data.train.len()),
        ("test_rows", data.test.len()),
        ("pairs_left_out_empty", data.empty),
        ("pairs_left_out_same_text", data.same),
        ("prompts_without_a_pair", data.without),
    ];
    let mut table = toml::Table::new();
    let prompts = args.prompts.as_ref().map_or("made".to_owned(), |p| p.display().to_string());
    table.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
    table.insert("model".to_owned(), args.model.name().into());
    table.insert("prompts_from".to_owned(), prompts.into());
    table.insert("settings".to_owned(), format!("{:?}", args.asked().settings()).into());
    table.insert("reward".to_owned(), format!("{:?}", args.reward).into());
    table.insert("pairs".to_owned(), format!("{:?}, {:?}", args.pairs, args.labels).into());
    for (name, number) in numbers {
        table.insert(name.to_owned(), (number as i64).into());
    }
    table.insert("mean_tokens".to_owned(), ((mean * 100.0).round() / 100.0).into());
    toml::to_string(&table).map_err(Failure::work)
}
