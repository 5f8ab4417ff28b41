//! `modeseek llm merge --model MODEL --adapter DIR --out DIR`: a model as other tools read it.

use super::{Failure, ModelArgs, failure, say};
use crate::cli::memory::available_memory;
use crate::llm::{Engine, Kernels, Load, Work, memory, parameters, require_absent, require_memory};
use crate::numerics::Threads;
use std::path::PathBuf;

/// Write a model, with its adapter merged into it, as a Hugging Face folder.
///
/// Weights are written in single precision, with tokenizer, chat template and configuration as transformers
/// reads them. Without --adapter a model is converted as it is, such as a GGUF file.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// The new folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Merges and writes.
pub fn command(args: &Args) -> Result<(), Failure> {
    require_absent(&args.out).map_err(failure)?;
    let mut files = args.model.open()?;
    let needed = memory(&files.config, Work::Inference, Load { tokens: 0, cached: 0 });
    require_memory(needed, available_memory(), "a smaller model").map_err(failure)?;
    let engine = Engine::host(Kernels::Fused, Threads::Pool);
    let mut decoder = args.model.load(&mut files, engine)?;
    decoder.merge_adapters();
    decoder.export(&files, &args.out).map_err(failure)?;
    let bytes = 4 * parameters(&files.config);
    say(&format!("{}: {:.2} GB, single precision", args.out.display(), bytes as f64 / 1e9))
}
