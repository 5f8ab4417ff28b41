//! `modeseek demo`: the [laboratory](crate::laboratory) in the terminal.
//!
//! With `--html FILE` it is written as a [page](crate::page) instead.
//!
//! [`state`] is what a key changes and [`view`] what is seen of it, both without clock and
//! terminal; [`terminal`] has these two. [`frames`] writes the same films as plain text.

mod bars;
mod curves;
mod frames;
mod help;
mod keys;
mod knobs;
mod look;
mod panel;
mod reel;
mod state;
mod terminal;
mod view;

use super::options::{one_of, writable_file, write_file};
use super::{Failure, say};
use crate::laboratory::{PRESETS, Settings};
use crate::page::page;
use look::Ink;
use state::State;
use std::io::IsTerminal;
use std::path::PathBuf;

/// How many steps the plain frames show where nothing else is asked for.
const FRAMES: usize = 6;

/// Policies that move step by step, methods side by side, live in the terminal.
///
/// Each policy is a histogram over a hundred arms, beside π_ref and the reward. In a terminal: space
/// pauses, the arrows step, tab takes the next preset, and keys change the reward, the data, the
/// policy, β, B, T, the learning rate and the methods; `?` explains what is seen. Changed settings keep the step, so that settings are compared at the same step. Without a
/// terminal, or with --frames, the same runs are written as text.
#[derive(clap::Args, Debug)]
#[command(after_long_help = after_help())]
pub struct Args {
    /// What differs from the first settings, as the key c shows it: KEY=VALUE&KEY=VALUE
    #[arg(value_name = "SETTINGS")]
    settings: Option<String>,
    /// Begin with a preset, by its name or its number
    #[arg(long, value_name = "NAME|N", conflicts_with = "settings")]
    preset: Option<String>,
    /// Write K steps as text, spaced evenly in the logarithm of the step
    #[arg(long, value_name = "K", value_parser = number_of_frames)]
    frames: Option<usize>,
    /// Write the laboratory as one page that needs no network, opened at these settings
    #[arg(long, value_name = "FILE", conflicts_with = "frames")]
    html: Option<PathBuf>,
}

/// Examples, and the presets by number.
fn after_help() -> String {
    let presets = PRESETS.iter().enumerate();
    let presets: String = presets.map(|(k, p)| format!("\n  {}  {}", k + 1, p.name)).collect();
    format!(
        "Examples:\n  \
         modeseek demo                                          the first preset\n  \
         modeseek demo --preset 4                               cover or seek, with one bump\n  \
         modeseek demo \"reward=far&data=offline&methods=dpo,ipo\"\n  \
         modeseek demo \"beta=0.5&steps=100\" --frames 4          as text\n  \
         modeseek demo --html laboratory.html                   for a browser\n\n\
         SETTINGS: reward, policy, data, beta, b, t, lr, steps, seed, methods\n\n\
         Presets:{presets}"
    )
}

/// K.
fn number_of_frames(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|k| (1..=601).contains(k));
    number.ok_or_else(|| "frames are a whole number from 1 to 601, such as 6".to_owned())
}

/// Shows the laboratory on a screen, or writes it as text where there is none.
pub(super) fn command(args: &Args) -> Result<(), Failure> {
    let (settings, preset) = beginning(args)?;
    if let Some(file) = &args.html {
        writable_file(file, "--html")?;
        let page = page(&settings).map_err(Failure::work)?;
        let file = write_file(file, page.as_bytes())?;
        return say(&format!("open {} in a browser", file.display()));
    }
    let asked = args.frames.or_else(|| (!has_screen()).then_some(FRAMES));
    match asked {
        Some(count) => say(&frames::frames(&settings, count).map_err(Failure::work)?),
        None => terminal::play(State::new(settings, preset), ink()),
    }
}

/// The settings to begin with, and the preset that they are.
fn beginning(args: &Args) -> Result<(Settings, Option<usize>), Failure> {
    let preset = match (&args.preset, &args.settings) {
        (Some(given), _) => Some(preset(given)?),
        (None, None) => Some(0),
        (None, Some(_)) => None,
    };
    let query = preset.map_or(args.settings.as_deref().unwrap_or(""), |k| PRESETS[k].query);
    Ok((Settings::from_query(query).map_err(Failure::input)?, preset))
}

/// The place of a preset that is named or numbered.
fn preset(given: &str) -> Result<usize, Failure> {
    let given = given.trim_matches('"');
    let is_asked = |name: &str, number: usize| {
        name.to_lowercase() == given.to_lowercase() || number.to_string() == given
    };
    let place = (0..PRESETS.len()).find(|k| is_asked(PRESETS[*k].name, k + 1));
    let quoted = PRESETS.iter().map(|preset| format!("\"{}\"", preset.name));
    let names: Vec<String> = (1..=PRESETS.len()).map(|k| k.to_string()).chain(quoted).collect();
    place.map_or_else(|| one_of("preset", given, &names).map(|()| 0), Ok)
}

/// Whether standard output is a terminal that can move its cursor.
fn has_screen() -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    std::io::stdout().is_terminal() && (cfg!(windows) || !is_dumb)
}

/// The colours that the terminal says it has, unless <https://no-color.org> asks for none.
fn ink() -> Ink {
    let variable = |name| std::env::var(name).unwrap_or_default();
    match variable("COLORTERM").as_str() {
        _ if !variable("NO_COLOR").is_empty() => Ink::Plain,
        "truecolor" | "24bit" => Ink::Exact,
        _ => Ink::Nearest,
    }
}
