//! `modeseek llm generate --model MODEL --prompt TEXT`: a response, word by word.

use super::{DeviceArgs, Failure, ModelArgs, Pace, SystemArgs, failure, new_tokens};
use crate::cli::interrupt::interrupts;
use crate::cli::options::one_or_more;
use crate::llm::{
    LlmError, Load, ModelFiles, Prompt, SampleSettings, Special, TextStream, Tokens, Work, memory,
    require_memory,
};
use crate::stream::{Draws, Purpose, Streams};
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

/// A response to a prompt, written as it is drawn.
///
/// The prompt is written by the model's chat template if it has one; with --raw it is the beginning of a
/// text. The same seed draws the same response.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// What is to be answered
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    #[command(flatten)]
    system: SystemArgs,
    /// The prompt is the beginning of a text: no chat template
    #[arg(long, conflicts_with = "system")]
    raw: bool,
    /// Tokens at most [default: 256, or what the model's context leaves beside the longest prompt]
    #[arg(long, value_name = "N", value_parser = one_or_more)]
    max_new_tokens: Option<usize>,
    /// Logits are divided by it; 0 takes the likeliest token
    #[arg(long, value_name = "T", default_value_t = 1.0, value_parser = temperature, allow_negative_numbers = true)]
    temperature: f64,
    /// Only so many of the likeliest tokens; 0: all
    #[arg(long, value_name = "K", default_value_t = 0)]
    top_k: usize,
    /// Only the likeliest tokens that hold this much probability together; 1: all
    #[arg(long, value_name = "P", default_value_t = 1.0, value_parser = share, allow_negative_numbers = true)]
    top_p: f64,
    /// Seed of the draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn temperature(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|t: &f64| *t >= 0.0 && t.is_finite());
    number.ok_or_else(|| "a temperature is a finite number from 0, such as 0.7".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|p: &f64| *p > 0.0 && *p <= 1.0);
    number.ok_or_else(|| "a probability above 0 and at most 1, such as 0.9".to_owned())
}

/// Writes the response and tells how fast.
pub fn command(args: &Args) -> Result<(), Failure> {
    let engine = args.device.engine()?;
    let mut files = args.model.open()?;
    let prompt = prompt(args, &files).map_err(failure)?;
    let max_new_tokens = new_tokens(args.max_new_tokens, prompt.len(), files.config.context);
    let settings = SampleSettings {
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        max_new_tokens,
        end_tokens: files.config.end_tokens.clone(),
    };
    settings.fit(0, prompt.len(), files.config.context).map_err(failure)?;
    let load = Load { tokens: prompt.len(), cached: prompt.len() + max_new_tokens };
    let needed = memory(&files.config, Work::Inference, load);
    let remedy = "fewer new tokens, a shorter prompt, or a smaller model";
    require_memory(needed, args.device.available_memory(), remedy).map_err(failure)?;
    let tokenizer = files.tokenizer.clone();
    let decoder = args.model.load(&mut files, engine)?;
    let mut pace = Pace::new();
    let mut spoken = Spoken::new(tokenizer.stream(Special::Hidden));
    let draws = Draws::new(Streams::new(args.seed), Purpose::Sample, 0);
    let hear = &mut |_, token| {
        pace.add(1);
        spoken.push(token)
    };
    decoder.generate_while(&[prompt], 1, &settings, &draws, hear).map_err(failure)?;
    spoken.finish()?;
    eprintln!("{pace}");
    Ok(())
}

/// The tokens of the prompt.
fn prompt(args: &Args, files: &ModelFiles) -> Result<Tokens, LlmError> {
    let prompt = args.system.before(Prompt::Text(args.prompt.clone()));
    let template = files.chat_template.as_ref().filter(|_| !args.raw);
    Ok(prompt.tokens(template, &files.tokenizer)?.into())
}

/// Text on its way to standard output.
struct Spoken<'a> {
    stream: TextStream<'a>,
    /// Why the last piece was not written.
    fault: Option<Failure>,
}

impl<'a> Spoken<'a> {
    fn new(stream: TextStream<'a>) -> Self {
        Spoken { stream, fault: None }
    }

    /// Writes what a token completes; breaks off when nobody reads it or an interrupt came.
    fn push(&mut self, token: u32) -> ControlFlow<()> {
        let text = self.stream.push(token).map_err(failure);
        let written = text.and_then(|text| write(&text)).and_then(|()| {
            let stop = interrupts("stopping after this token; interrupt again to stop at once");
            if stop.load(Ordering::Relaxed) { Err(Failure::Abandoned) } else { Ok(()) }
        });
        self.fault = written.err();
        if self.fault.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Writes what was held back and ends the line.
    fn finish(self) -> Result<(), Failure> {
        match self.fault {
            Some(Failure::Abandoned) => write("\n").and(Err(Failure::Abandoned)),
            Some(fault) => Err(fault),
            None => write(&(self.stream.finish().map_err(failure)? + "\n")),
        }
    }
}

/// Writes to standard output at once.
fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::work)
}
