//! `modeseek llm eval PROMPTS.jsonl --model MODEL --adapter DIR`: two models on the same prompts.

use super::{DeviceArgs, Failure, ModelArgs, Pace, SystemArgs, answering, failure, say};
use crate::cli::data::scorer::{Means, Reward, reward};
use crate::cli::interrupt::interrupts;
use crate::cli::options::{one_or_more, writable_file, write_file};
use crate::llm::{
    Decoder, LanguageModel, Load, ModelFiles, Packed, Passes, Prompt, Sample, SampleSettings,
    Sequences, Special, Tokens, Work, memory, require_memory,
};
use crate::preference::{Answer, Answered, Ending, WinRate};
use crate::results::{Estimate, mean_interval};
use crate::stream::{Draws, Purpose, Streams};
use anyhow::anyhow;
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Reward, length, KL (the mean log-ratio) and win rate of two models on a file of prompts.
///
/// Both answer every prompt once, with the same random numbers; with --best-of the first model draws several
/// answers and keeps the one of the highest reward (Best-of-N at inference, which trains nothing). The second
/// model is the first without its adapter, unless --against or --against-adapter names another. Intervals are
/// 95 % bootstrap intervals over prompts, that of the win rate is Wilson's; a tie counts as half a win.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Rows with `prompt` or `messages`, one JSON object a line; left out for the model nano, which has its own
    prompts: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// The second model
    #[arg(long, value_name = "MODEL")]
    against: Option<String>,
    /// The second model's adapter
    #[arg(long, value_name = "DIR")]
    against_adapter: Option<PathBuf>,
    #[command(flatten)]
    system: SystemArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// What a response is worth: min, mode=TOKENS, skew=TOKENS (as min), model=DIR (a reward model) or command="LINE", which reads {prompt, response} rows and writes a number a line
    #[arg(long, value_parser = reward)]
    reward: Reward,
    /// The first model answers so many times, and its answer of the highest reward is kept
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    best_of: u32,
    /// Only the first so many distinct prompts
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Tokens at most [default: 256, or what the model's context leaves beside the longest prompt]
    #[arg(long, value_name = "N", value_parser = one_or_more)]
    max_new_tokens: Option<usize>,
    /// Seed of the draws and of the bootstrap
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write all responses into this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Seconds that the reward's command may take
    #[arg(long, value_name = "S", default_value_t = 600)]
    limit_seconds: u64,
}

/// Prompts that are answered in one go.
const AT_ONCE: usize = 32;

/// A model and its prompts.
struct Side {
    name: String,
    files: ModelFiles,
    /// Answers to a prompt, of which the best is kept.
    best_of: usize,
    prompts: Vec<Tokens>,
    settings: SampleSettings,
}

/// All that a side answered.
struct Drawn {
    samples: Vec<Sample>,
    /// Each prompt with its answers.
    rows: Vec<Answered>,
}

/// What a side answered, the best to each prompt.
struct Answers {
    samples: Vec<Sample>,
    rows: Vec<Answered>,
    rewards: Vec<f64>,
    /// log π − log π of the other side, where both read the same tokens: nats.
    log_ratios: Option<Vec<f64>>,
}

impl Answers {
    /// Reward and tokens of every answer.
    fn worth(&self) -> impl Iterator<Item = (f64, usize)> {
        let tokens = self.rows.iter().map(|row| row.responses[0].tokens);
        self.rewards.iter().copied().zip(tokens)
    }
}

/// Has both sides answer, and tells how they compare.
pub fn command(args: &Args) -> Result<(), Failure> {
    let engine = args.device.engine()?;
    let second = args.model.other(args.against.as_deref(), args.against_adapter.clone());
    if second.shown() == args.model.shown() && args.best_of == 1 {
        let help =
            "name another model by --adapter, --against or --against-adapter, or give --best-of";
        return Err(Failure::input(anyhow!("both sides are {}: {help}", second.shown())));
    }
    args.reward.check(&args.means())?;
    let prompts = args.model.prompts((args.prompts.as_deref(), args.limit), &args.system)?;
    let mut sides = [
        args.side(&args.model, &prompts, args.best_of as usize)?,
        args.side(&second, &prompts, 1)?,
    ];
    args.out.as_ref().map_or(Ok(()), |out| writable_file(out, "--out"))?;
    let mut pace = Pace::new();
    let first = args.model.load(&mut sides[0].files, engine.clone())?;
    // One copy of the weights where only an adapter differs.
    let without_adapter = args.against.is_none() && args.against_adapter.is_none();
    let other = match without_adapter {
        true => first.frozen(),
        false => second.load(&mut sides[1].files, engine)?,
    };
    let decoders = [first, other];
    let mut drawn = Vec::new();
    for (side, decoder) in sides.iter().zip(&decoders) {
        drawn.push(args.drawn(&prompts, side, decoder, &mut pace)?);
    }
    let mut answers = args.scored(&sides, drawn)?;
    if same_tokens(&sides)? {
        // The best of several answers is no draw of its model.
        for (i, other) in [(0, 1), (1, 0)].into_iter().filter(|(i, _)| sides[*i].best_of == 1) {
            let ratios = log_ratios(&sides[i], &answers[i].samples, &decoders[other])?;
            answers[i].log_ratios = Some(ratios);
        }
    }
    if let Some(out) = &args.out {
        write_file(out, written(&sides, &answers).as_bytes())?;
    }
    say(&table(&sides, &answers, Streams::new(args.seed)))?;
    eprintln!("{pace}");
    Ok(())
}

impl Args {
    fn means(&self) -> Means<'_> {
        let limit = Duration::from_secs(self.limit_seconds);
        Means { limit, device: &self.device, models: self.model.models() }
    }

    /// Opens a side and refuses prompts that it cannot answer.
    fn side(&self, model: &ModelArgs, prompts: &[Prompt], best_of: usize) -> Result<Side, Failure> {
        let files = model.open()?;
        files.require_end_token().map_err(failure)?;
        let (tokens, settings) = answering(prompts, &files, (1.0, self.max_new_tokens))?;
        let longest = tokens.iter().map(|prompt| prompt.len()).max().unwrap_or(0);
        let cached = AT_ONCE.max(best_of) * (longest + settings.max_new_tokens);
        let needed = memory(&files.config, Work::Inference, Load { tokens: 512, cached });
        // Both sides stand in memory.
        let remedy = "fewer --max-new-tokens, or smaller models";
        require_memory(2 * needed, self.device.available_memory(), remedy).map_err(failure)?;
        Ok(Side { name: model.shown(), files, best_of, prompts: tokens, settings })
    }

    /// What a side answers to every prompt.
    fn drawn(
        &self,
        prompts: &[Prompt],
        side: &Side,
        decoder: &Decoder,
        pace: &mut Pace,
    ) -> Result<Drawn, Failure> {
        let stop = interrupts("stopping after these prompts");
        let draws = Draws::new(Streams::new(self.seed), Purpose::Sample, 0);
        let passes = Passes { rows: 512, activations: Default::default() };
        let model = LanguageModel::new(decoder.clone(), side.settings.clone(), passes);
        let mut samples: Vec<Sample> = Vec::with_capacity(prompts.len() * side.best_of);
        for some in side.prompts.chunks((AT_ONCE / side.best_of).max(1)) {
            if stop.load(Ordering::Relaxed) {
                return Err(Failure::Abandoned);
            }
            let drawn = model.draw(some, side.best_of, &draws.from(samples.len()));
            let drawn = drawn.map_err(failure)?;
            drawn.iter().for_each(|sample| pace.add(sample.tokens.len()));
            samples.extend(drawn);
            let done = samples.len() / side.best_of;
            eprintln!("{}: {done} of {} prompts", side.name, prompts.len());
        }
        let rows = prompts.iter().zip(samples.chunks(side.best_of)).map(|(prompt, own)| {
            let responses =
                own.iter().map(|sample| answer(side, sample)).collect::<Result<_, _>>()?;
            Ok(Answered { prompt: prompt.clone(), responses })
        });
        let rows = rows.collect::<Result<Vec<_>, Failure>>()?;
        Ok(Drawn { samples, rows })
    }

    /// What was answered, with its rewards; without them it is kept beside `--out`.
    fn scored(&self, sides: &[Side; 2], drawn: Vec<Drawn>) -> Result<Vec<Answers>, Failure> {
        let rewards: Result<Vec<_>, Failure> =
            drawn.iter().map(|side| self.reward.of(&side.rows, &self.means())).collect();
        let rewards = rewards.inspect_err(|_| match &self.out {
            Some(out) => {
                let place = out.with_extension("unscored.jsonl");
                match write_file(&place, unscored(sides, &drawn).as_bytes()) {
                    Ok(_) => eprintln!("the answers are in {}, without rewards", place.display()),
                    Err(_) => eprintln!("the answers cannot be kept in {}", place.display()),
                }
            }
            None => eprintln!("the answers are lost: with --out FILE they would have been kept"),
        })?;
        let best = |(Drawn { samples, rows }, rewards): (Drawn, Vec<Vec<f64>>)| {
            best_of_each(samples, rows, &rewards)
        };
        Ok(drawn.into_iter().zip(rewards).map(best).collect())
    }
}

/// The best answer to each prompt, the first of those that are equally good; `rewards: [prompts][answers]`.
fn best_of_each(samples: Vec<Sample>, rows: Vec<Answered>, rewards: &[Vec<f64>]) -> Answers {
    let mut kept =
        Answers { samples: Vec::new(), rows: Vec::new(), rewards: Vec::new(), log_ratios: None };
    let mut samples = samples.into_iter();
    for (row, rewards) in rows.into_iter().zip(rewards) {
        let best = rewards
            .iter()
            .enumerate()
            .fold(0, |best, (i, reward)| if *reward > rewards[best] { i } else { best });
        let Answered { prompt, mut responses } = row;
        let own: Vec<Sample> = samples.by_ref().take(rewards.len()).collect();
        kept.samples.extend(own.into_iter().nth(best));
        kept.rows.push(Answered { prompt, responses: vec![responses.swap_remove(best)] });
        kept.rewards.push(rewards[best]);
    }
    kept
}

/// A sample as text, without its end token.
fn answer(side: &Side, sample: &Sample) -> Result<Answer, Failure> {
    let ended = sample.tokens.last().is_some_and(|t| side.settings.end_tokens.contains(t));
    let said = &sample.tokens[..sample.tokens.len() - usize::from(ended)];
    let text = side.files.tokenizer.decode(said, Special::Hidden).map_err(failure)?;
    let ending = if ended { Ending::Own } else { Ending::Limit };
    Ok(Answer { text, tokens: said.len(), ending })
}

/// Whether both sides read the same tokens, so that each can score the other's.
fn same_tokens(sides: &[Side; 2]) -> Result<bool, Failure> {
    let [a, b] = sides;
    let written = |side: &Side| side.files.tokenizer.to_json().map_err(failure);
    let same = a.files.config.vocabulary == b.files.config.vocabulary && a.prompts == b.prompts;
    Ok(same && written(a)? == written(b)?)
}

/// log π − log π of another model for each sample of a side, summed over its tokens (nats).
fn log_ratios(side: &Side, samples: &[Sample], other: &Decoder) -> Result<Vec<f64>, Failure> {
    let mut ratios = Vec::with_capacity(samples.len());
    for (prompt, sample) in side.prompts.iter().zip(samples) {
        let batch = Sequences::even(vec![prompt.clone()], vec![sample.tokens.clone()]);
        let theirs = other.log_probs(&Packed::new(&batch, 0..1)).map_err(failure)?;
        let sum = |log_probs: &[f32]| log_probs.iter().map(|lp| f64::from(*lp)).sum::<f64>();
        ratios.push(sum(&sample.log_probs) - sum(&theirs));
    }
    Ok(ratios)
}

/// A response as a line of `--out`, with what is known of it: its reward and its log-ratio to the other side.
fn line(side: &Side, prompt: &Prompt, y: &Answer, known: (Option<f64>, Option<f64>)) -> String {
    let (reward, log_ratio) = known;
    let row = json!({
        "prompt": prompt, "model": side.name, "response": y.text, "tokens": y.tokens,
        "cut": y.ending == Ending::Limit, "reward": reward, "log_ratio": log_ratio,
    });
    format!("{row}\n")
}

/// All responses before they are scored, one side after the other.
fn unscored(sides: &[Side; 2], drawn: &[Drawn]) -> String {
    let mut text = String::new();
    for (side, own) in sides.iter().zip(drawn) {
        for Answered { prompt, responses } in &own.rows {
            text.extend(responses.iter().map(|y| line(side, prompt, y, (None, None))));
        }
    }
    text
}

/// All responses, the sides in turn.
fn written(sides: &[Side; 2], answers: &[Answers]) -> String {
    let mut text = String::new();
    for i in 0..answers[0].rows.len() {
        for (side, own) in sides.iter().zip(answers) {
            let Answered { prompt, responses } = &own.rows[i];
            let log_ratio = own.log_ratios.as_ref().map(|ratios| ratios[i]);
            text += &line(side, prompt, &responses[0], (Some(own.rewards[i]), log_ratio));
        }
    }
    text
}

/// How the sides compare.
fn table(sides: &[Side; 2], answers: &[Answers], streams: Streams) -> String {
    let shown = |values: &[f64]| interval(&mean_interval(values, streams));
    let lines = [
        ("reward", answers.iter().map(|a| shown(&a.rewards)).collect::<Vec<_>>()),
        ("tokens", answers.iter().map(|a| shown(&of(a, |y| y.tokens as f64))).collect()),
        (
            "share cut",
            answers
                .iter()
                .map(|a| shown(&of(a, |y| f64::from(u8::from(y.ending == Ending::Limit)))))
                .collect(),
        ),
        (
            "KL to the other (nats)",
            answers.iter().map(|a| a.log_ratios.as_deref().map_or("–".to_owned(), shown)).collect(),
        ),
    ];
    let mut text = format!("{} prompts, one response each\n", answers[0].rows.len());
    for (name, side) in ["A", "B"].iter().zip(sides) {
        text += &format!("  {name}  {}{}\n", side.name, said_of_best(side.best_of));
    }
    text += &format!("  {:<30}{:<30}{}\n", "mean [95 %]", "A", "B");
    for (name, columns) in lines {
        text += &format!("  {name:<30}{:<30}{}\n", columns[0], columns[1]);
    }
    text + &who_wins(&answers[0], &answers[1])
}

/// How often the first side wins.
fn who_wins(first: &Answers, second: &Answers) -> String {
    let WinRate { share, interval: [low, high], length_controlled } =
        WinRate::between(first.worth(), second.worth());
    format!(
        "  A wins {share:.3} [{low:.3}, {high:.3}] of the prompts (a tie counts a half); answers of one length \
         would win {length_controlled:.3}\n"
    )
}

/// What choosing among several answers costs: KL(best of N ‖ model) ≤ log N − (N − 1)/N.
///
/// *Source* arXiv 2401.01879, where it is shown to be an upper bound.
fn said_of_best(best_of: usize) -> String {
    if best_of == 1 {
        return String::new();
    }
    let n = best_of as f64;
    let bound = n.ln() - (n - 1.0) / n;
    format!(", the best of {best_of} answers: at most {bound:.3} nats away from one of them")
}

fn of(answers: &Answers, value: impl Fn(&Answer) -> f64) -> Vec<f64> {
    answers.rows.iter().map(|row| value(&row.responses[0])).collect()
}

fn interval(estimate: &Estimate) -> String {
    let Estimate { mean, low, high } = estimate;
    format!("{mean:.3} [{low:.3}, {high:.3}]")
}
