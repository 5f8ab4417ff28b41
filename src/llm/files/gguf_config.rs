//! From a GGUF file's metadata to what fixes a decoder.

use super::faults::{fault, unknown_word};
use super::gguf::Gguf;
use super::hf_config::fits;
use crate::llm::{
    Activation, Architecture, Config, LlmError, Norm, Positions, Residual, RopeScaling,
};
use std::f64::consts::TAU;

/// The architectures that are known.
const ARCHITECTURES: [&str; 4] = ["llama", "qwen2", "qwen3", "gptneox"];
/// The ways to stretch a context that are known.
const ROPE_TYPES: [&str; 2] = ["none", "linear"];
/// Llama 3.1's and 3.2's scaling but for its factor: low and high frequency factor, context before. A GGUF
/// file keeps only what follows from them.
const LLAMA3: (f64, f64, usize) = (1.0, 4.0, 8192);
/// The tensor that keeps it.
const ROPE_FACTORS: &str = "rope_freqs.weight";

/// Metadata below one architecture's name.
struct Keys<'a> {
    file: &'a Gguf,
    prefix: &'a str,
}

impl Keys<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    fn whole(&self, name: &str) -> Result<usize, LlmError> {
        let key = self.key(name);
        self.file.required(&key, self.file.whole(&key)?)
    }

    fn whole_or(&self, name: &str, default: usize) -> Result<usize, LlmError> {
        Ok(self.file.whole(&self.key(name))?.unwrap_or(default))
    }

    fn number(&self, name: &str) -> Result<f64, LlmError> {
        let key = self.key(name);
        self.file.required(&key, self.file.number(&key)?)
    }
}

/// Reads the metadata; end tokens are left to the tokenizer's.
pub fn config_of(file: &mut Gguf) -> Result<Config, LlmError> {
    let given =
        file.required("general.architecture", file.text("general.architecture")?)?.to_owned();
    let architecture = match given.as_str() {
        "llama" => Architecture::Llama,
        "qwen2" => Architecture::Qwen2,
        "qwen3" => Architecture::Qwen3,
        "gptneox" => Architecture::GptNeoX,
        other => return Err(unknown_word(file.path(), "the architecture", other, &ARCHITECTURES)),
    };
    let factors = match file.shape(ROPE_FACTORS) {
        Some(_) => file.tensor(ROPE_FACTORS)?,
        None => Vec::new(),
    };
    let keys = Keys { file, prefix: &given };
    let config = read(&keys, architecture, &factors)?;
    fits(file.path(), &config)?;
    Ok(config)
}

fn read(keys: &Keys<'_>, architecture: Architecture, factors: &[f32]) -> Result<Config, LlmError> {
    let is_neox = architecture == Architecture::GptNeoX;
    let (heads, width) = (keys.whole("attention.head_count")?, keys.whole("embedding_length")?);
    let head_width = keys.whole_or("attention.key_length", width / heads.max(1))?;
    let tokens = keys.file.list("tokenizer.ggml.tokens")?;
    let has = |name: &str| keys.file.shape(name).is_some();
    let vocabulary = match keys.file.shape("token_embd.weight") {
        Some(shape) => shape[0],
        None => keys.file.required("tokenizer.ggml.tokens", tokens)?.len(),
    };
    Ok(Config {
        architecture,
        vocabulary,
        width,
        layers: keys.whole("block_count")?,
        heads,
        kv_heads: keys.whole_or("attention.head_count_kv", heads)?,
        head_width,
        mlp_width: keys.whole("feed_forward_length")?,
        context: keys.whole("context_length")?,
        norm: if is_neox {
            Norm::Layer { epsilon: keys.number("attention.layer_norm_epsilon")? }
        } else {
            Norm::Rms { epsilon: keys.number("attention.layer_norm_rms_epsilon")? }
        },
        positions: positions(keys, head_width, factors)?,
        activation: if is_neox { Activation::Gelu } else { Activation::SwiGlu },
        residual: match keys.file.truth(&keys.key("use_parallel_residual"))? {
            None | Some(true) if is_neox => Residual::Parallel,
            _ => Residual::Sequential,
        },
        tied: !has("output.weight"),
        qkv_bias: has("blk.0.attn_q.bias") || has("blk.0.attn_qkv.bias"),
        projection_bias: has("blk.0.attn_output.bias"),
        end_tokens: Vec::new(),
    })
}

/// What is rotated and how.
fn positions(keys: &Keys<'_>, head_width: usize, factors: &[f32]) -> Result<Positions, LlmError> {
    let width = keys.whole_or("rope.dimension_count", head_width)?;
    let theta = keys.file.number(&keys.key("rope.freq_base"))?.unwrap_or(10_000.0);
    let scaling = match keys.file.text(&keys.key("rope.scaling.type"))?.unwrap_or("none") {
        "none" if factors.is_empty() => RopeScaling::None,
        "none" => llama3(keys.file, theta, width, factors)?,
        "linear" => RopeScaling::Linear { factor: keys.number("rope.scaling.factor")? },
        other => {
            return Err(unknown_word(
                keys.file.path(),
                "the rope.scaling.type",
                other,
                &ROPE_TYPES,
            ));
        }
    };
    Ok(Positions::Rotary { theta, width, scaling })
}

/// Llama 3.1's scaling, if `factors` (one for each frequency) are those that it gives.
fn llama3(file: &Gguf, theta: f64, width: usize, factors: &[f32]) -> Result<RopeScaling, LlmError> {
    let (low, high, context) = LLAMA3;
    let factor = factors.iter().copied().fold(1.0_f32, f32::max).to_string().parse().unwrap_or(1.0);
    let expected = (0..width / 2).map(|k| {
        let turns = context as f64 / (TAU * theta.powf(2.0 * k as f64 / width as f64));
        let kept = ((turns - low) / (high - low)).clamp(0.0, 1.0);
        1.0 / ((1.0 - kept) / factor + kept)
    });
    let is_near = |(wanted, found): (f64, &f32)| (wanted / f64::from(*found) - 1.0).abs() < 1e-3;
    if factors.len() != width / 2 || !expected.zip(factors).all(is_near) {
        return Err(fault(
            file.path(),
            format!("`{ROPE_FACTORS}` scales frequencies in a way that is not Llama 3.1's"),
            format!("low_freq_factor {low}, high_freq_factor {high}, original context {context}"),
            "use the Hugging Face folder of the model",
        ));
    }
    Ok(RopeScaling::Llama3 {
        factor,
        low_frequency_factor: low,
        high_frequency_factor: high,
        original_context: context,
    })
}
