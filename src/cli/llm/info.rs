//! `modeseek llm info MODEL`: what a model is and what it needs.

use super::{Failure, MODELS, failure, say};
use crate::llm::{
    Activations, Config, Load, LoraSpec, ModelFiles, Work, adapter_parameters, find_model, memory,
    parameters,
};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The batch whose memory is told: eight sequences of 64 tokens.
const ROWS: usize = 8;
const LENGTH: usize = 64;
/// The adapters whose memory is told.
const RANK: usize = 8;

/// Architecture, parameters and memory need of a model; loads no weight.
///
/// Memory is estimated in single precision for 8 sequences of 64 tokens. Inference: 4 bytes a parameter,
/// and the logits of some tokens. A full step: 20 bytes a parameter (value, gradient, Adam's two moments, and π_ref)
/// and activations. A LoRA step: 4 bytes a parameter, 16 for each of the adapters' (rank 8 on queries and
/// values), and activations.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A Hugging Face folder, a .gguf file, or the name of a fetched model
    model: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Folder of fetched models
    #[arg(long, value_name = "DIR", default_value = MODELS)]
    models: PathBuf,
}

/// What is told of a model.
#[derive(Serialize)]
struct Info {
    path: String,
    parameters: usize,
    stored_as: String,
    chat_template: bool,
    memory: Memory,
    config: Config,
}

/// Bytes.
#[derive(Serialize)]
struct Memory {
    inference: usize,
    lora_step: usize,
    full_step: usize,
}

/// Prints it.
pub fn command(args: &Args) -> Result<(), Failure> {
    let path = find_model(&args.model, &args.models).map_err(failure)?;
    let files = ModelFiles::open(&path).map_err(failure)?;
    let info = info(&path, files);
    if args.json {
        return say(&serde_json::to_string_pretty(&info).map_err(Failure::work)?);
    }
    say(&text(&info))
}

fn info(path: &Path, files: ModelFiles) -> Info {
    let targets = match files.config.architecture.is_joint() {
        true => vec!["query_key_value".to_owned()],
        false => LoraSpec::default().targets,
    };
    let spec = LoraSpec { rank: RANK, targets, ..LoraSpec::default() };
    let adapters = adapter_parameters(&files.config, &spec);
    let activations = Activations::Kept;
    let need = |work| memory(&files.config, work, Load { tokens: ROWS * LENGTH, cached: 0 });
    Info {
        path: path.display().to_string(),
        parameters: parameters(&files.config),
        memory: Memory {
            inference: need(Work::Inference),
            lora_step: need(Work::LoraStep { adapters, activations }),
            full_step: need(Work::FullStep { activations }),
        },
        stored_as: files.stored_as,
        chat_template: files.chat_template.is_some(),
        config: files.config,
    }
}

fn text(info: &Info) -> String {
    let config = &info.config;
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let architecture = serde_json::to_value(config.architecture).map(word).unwrap_or_default();
    let ends: Vec<String> = config.end_tokens.iter().map(u32::to_string).collect();
    let yes = |truth| if truth { "yes" } else { "no" };
    let rows = [
        ("model", info.path.clone()),
        ("architecture", architecture),
        ("parameters", thousands(info.parameters)),
        ("stored as", info.stored_as.clone()),
        ("layers", config.layers.to_string()),
        ("width", format!("{}, {} in each block's network", config.width, config.mlp_width)),
        ("heads", heads(config)),
        ("vocabulary", thousands(config.vocabulary)),
        ("context", format!("{} tokens", thousands(config.context))),
        ("tied", format!("{} (whether the output shares the embedding)", yes(config.tied))),
        ("end tokens", if ends.is_empty() { "none".to_owned() } else { ends.join(", ") }),
        ("chat template", yes(info.chat_template).to_owned()),
        ("memory", format!("in single precision, {ROWS} × {LENGTH} tokens, estimated")),
        ("  inference", gigabytes(info.memory.inference)),
        (
            "  LoRA step",
            format!("{} (rank {RANK}, queries and values)", gigabytes(info.memory.lora_step)),
        ),
        ("  full step", gigabytes(info.memory.full_step)),
    ];
    rows.iter().map(|(name, value)| format!("{name:<14} {value}\n")).collect()
}

fn heads(config: &Config) -> String {
    let Config { heads, kv_heads, head_width, .. } = config;
    format!("{heads} of queries, {kv_heads} of keys and values, each {head_width} wide")
}

fn gigabytes(bytes: usize) -> String {
    format!("{:.2} GB", bytes as f64 / 1e9)
}

/// 134,515,008.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(|group| String::from_utf8_lossy(group)).collect::<Vec<_>>().join(",")
}
