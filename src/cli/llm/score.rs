//! `modeseek llm score --model MODEL FILE`: log-probabilities of responses.

use super::{DeviceArgs, Failure, ModelArgs, Pace, SystemArgs, failure, say};
use crate::cli::interrupt::interrupts;
use crate::cli::options::{writable_file, write_file};
use crate::llm::{Decoder, Load, ResponseRow, Work, memory, pieces, require_memory};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Log-probabilities that a model gives to the responses of a JSONL file.
///
/// Each line is an object with `prompt` (a text) or `messages` (a list of `role` and `content`), and
/// `response`. It is written as it was, with `prompt_ids`, `response_ids`, `token_log_probs` (nats, one for each
/// token of the response, the end token among them unless the row says `"response_cut": true`) and their sum
/// `sum_log_prob`. Prompts are written by
/// the model's chat template if it has one. All lines are checked before the model is loaded.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Rows with `prompt` or `messages`, and `response`, one JSON object a line
    file: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    system: SystemArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Write the rows into this file, whole or not at all [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Tokens that go through the model together; a longer row goes alone
    #[arg(long, value_name = "N", default_value_t = 512)]
    rows_at_once: usize,
}

/// Scores every row and tells how fast.
pub fn command(args: &Args) -> Result<(), Failure> {
    let engine = args.device.engine()?;
    let mut files = args.model.open()?;
    let rows = ResponseRow::read_all(&args.file, &files, |prompt| args.system.before(prompt));
    let rows = rows.map_err(failure)?;
    args.out.as_ref().map_or(Ok(()), |out| writable_file(out, "--out"))?;
    let rows_in_all = rows.iter().map(ResponseRow::tokens).sum::<usize>();
    let longest = rows.iter().map(ResponseRow::tokens).max().unwrap_or(0);
    let tokens = rows_in_all.min(longest.max(args.rows_at_once));
    let needed = memory(&files.config, Work::Inference, Load { tokens, cached: 0 });
    let remedy = "fewer tokens at once with --rows-at-once, or a smaller model";
    require_memory(needed, args.device.available_memory(), remedy).map_err(failure)?;
    let decoder = args.model.load(&mut files, engine)?;
    let mut pace = Pace::new();
    let mut written = String::new();
    score(&decoder, &rows, args.rows_at_once, &mut |lines, tokens| {
        pace.add(tokens);
        if args.out.is_none() {
            return say(lines);
        }
        written += lines;
        Ok(())
    })?;
    if let Some(out) = &args.out {
        write_file(out, written.as_bytes())?;
    }
    eprintln!("{} rows, {pace}", rows.len());
    Ok(())
}

/// Hands on the lines of each pass and the number of its tokens.
fn score(
    decoder: &Decoder,
    rows: &[ResponseRow],
    rows_at_once: usize,
    hear: &mut dyn FnMut(&str, usize) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let stop = interrupts("stopping after this pass; interrupt again to stop at once");
    for piece in pieces(rows.iter().map(ResponseRow::tokens), rows_at_once) {
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Abandoned);
        }
        let rows = &rows[piece];
        let packed = ResponseRow::packed(rows);
        let log_probs = decoder.log_probs(&packed).map_err(failure)?;
        let own = packed.offsets.windows(2).map(|range| &log_probs[range[0]..range[1]]);
        let lines = rows.iter().zip(own).map(|(row, own)| row.scored(own) + "\n");
        hear(&lines.collect::<String>(), packed.tokens.len())?;
    }
    Ok(())
}
