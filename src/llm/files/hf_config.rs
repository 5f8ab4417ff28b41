//! From config.json to what fixes a decoder.

use super::end::Ids;
use super::faults::{fault, unknown_word};
use super::folder::parse_json;
use crate::llm::{
    Activation, Architecture, Config, LlmError, Norm, Positions, Residual, RopeScaling,
};
use serde::Deserialize;
use std::path::Path;

/// The model types that are known.
const MODEL_TYPES: [&str; 4] = ["llama", "qwen2", "qwen3", "gpt_neox"];
/// The ways to stretch a context that are known.
const ROPE_TYPES: [&str; 3] = ["default", "linear", "llama3"];
/// The activations that are known, by family.
const GATED: [&str; 2] = ["silu", "swish"];
const GELU: [&str; 4] = ["gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh"];

/// A config and what else stood beside it.
pub struct Written {
    /// What fixes the decoder, still without its end tokens.
    pub config: Config,
    /// The end tokens named in config.json.
    pub eos_token_id: Option<Ids>,
}

#[derive(Deserialize)]
struct Kind {
    model_type: Option<String>,
}

/// The keys of config.json that matter. (candle-transformers' own types of this kind do not know linear
/// scaling, a head width of its own, biases or a window of `null`.)
#[derive(Deserialize)]
struct Keys {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: usize,
    rms_norm_eps: Option<f64>,
    layer_norm_eps: Option<f64>,
    rope_theta: Option<f64>,
    rotary_emb_base: Option<f64>,
    rotary_pct: Option<f64>,
    rope_scaling: Option<Rope>,
    rope_parameters: Option<Rope>,
    hidden_act: Option<String>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    tie_word_embeddings: Option<bool>,
    use_parallel_residual: Option<bool>,
    use_sliding_window: Option<bool>,
    quantization_config: Option<serde_json::Value>,
    eos_token_id: Option<Ids>,
}

/// `rope_scaling`, or `rope_parameters` as transformers 5 writes it.
#[derive(Default, Deserialize)]
struct Rope {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    rope_theta: Option<f64>,
    partial_rotary_factor: Option<f64>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<usize>,
}

/// Reads a config.json.
pub fn config_of(path: &Path) -> Result<Written, LlmError> {
    let text = std::fs::read_to_string(path).map_err(|error| LlmError::file(path, error))?;
    let kind: Kind = parse_json(path, &text)?;
    let architecture = match kind.model_type.as_deref() {
        Some("llama") => Architecture::Llama,
        Some("qwen2") => Architecture::Qwen2,
        Some("qwen3") => Architecture::Qwen3,
        Some("gpt_neox") => Architecture::GptNeoX,
        other => return Err(unknown_word(path, "model_type", other.unwrap_or(""), &MODEL_TYPES)),
    };
    let keys: Keys = parse_json(path, &text)?;
    refuse_the_unsupported(path, &keys)?;
    let (qkv_bias, projection_bias) = biases(path, architecture, &keys)?;
    let is_neox = architecture == Architecture::GptNeoX;
    let head_width = head_width(architecture, &keys);
    let config = Config {
        architecture,
        vocabulary: keys.vocab_size,
        width: keys.hidden_size,
        layers: keys.num_hidden_layers,
        heads: keys.num_attention_heads,
        kv_heads: keys.num_key_value_heads.filter(|_| !is_neox).unwrap_or(keys.num_attention_heads),
        head_width,
        mlp_width: keys.intermediate_size,
        context: keys.max_position_embeddings,
        norm: norm(architecture, &keys),
        positions: positions(path, is_neox, head_width, &keys)?,
        activation: activation(path, is_neox, &keys)?,
        residual: match keys.use_parallel_residual {
            None | Some(true) if is_neox => Residual::Parallel,
            _ => Residual::Sequential,
        },
        tied: keys.tie_word_embeddings.unwrap_or(false),
        qkv_bias,
        projection_bias,
        end_tokens: Vec::new(),
    };
    fits(path, &config)?;
    Ok(Written { config, eos_token_id: keys.eos_token_id })
}

/// Refuses what no decoder here computes.
fn refuse_the_unsupported(path: &Path, keys: &Keys) -> Result<(), LlmError> {
    if keys.use_sliding_window == Some(true) {
        return Err(fault(
            path,
            "`use_sliding_window` is true: attention within a window is not computed here",
            "`use_sliding_window`: false",
            "use a model without a window",
        ));
    }
    if keys.quantization_config.is_some() {
        return Err(fault(
            path,
            "`quantization_config` is there: its weights are quantised in a way that is not read here",
            "weights as F32, F16 or BF16",
            "use the unquantised model, or a GGUF file of it",
        ));
    }
    Ok(())
}

/// Whether queries, keys and values have biases, and whether all other projections have.
fn biases(path: &Path, architecture: Architecture, keys: &Keys) -> Result<(bool, bool), LlmError> {
    let attention = keys.attention_bias;
    let mlp = keys.mlp_bias.unwrap_or(false);
    match (architecture, attention.unwrap_or(false)) {
        (Architecture::Qwen2, _) => Ok((true, false)),
        (Architecture::GptNeoX, _) if attention != Some(false) => Ok((true, true)),
        (Architecture::Llama, bias) if bias == mlp => Ok((bias, bias)),
        (Architecture::Qwen3, false) => Ok((false, false)),
        (_, bias) => Err(fault(
            path,
            format!("`attention_bias` is {bias} and `mlp_bias` is {mlp}"),
            "both alike for llama, no biases for qwen3, `attention_bias` for gpt_neox",
            "use a model whose projections all have a bias or none has",
        )),
    }
}

/// The width of a head: its own key, else what the family takes.
fn head_width(architecture: Architecture, keys: &Keys) -> usize {
    // transformers' default for qwen3.
    const QWEN3: usize = 128;
    match (architecture, keys.head_dim) {
        (Architecture::GptNeoX, _) | (_, None) if architecture != Architecture::Qwen3 => {
            keys.hidden_size / keys.num_attention_heads.max(1)
        }
        (_, width) => width.unwrap_or(QWEN3),
    }
}

/// The normalisation; where no ε is written, transformers' default.
fn norm(architecture: Architecture, keys: &Keys) -> Norm {
    match architecture {
        Architecture::GptNeoX => Norm::Layer { epsilon: keys.layer_norm_eps.unwrap_or(1e-5) },
        _ => Norm::Rms { epsilon: keys.rms_norm_eps.unwrap_or(1e-6) },
    }
}

/// What is rotated and how.
fn positions(
    path: &Path,
    is_neox: bool,
    head_width: usize,
    keys: &Keys,
) -> Result<Positions, LlmError> {
    let none = Rope::default();
    let rope = keys.rope_parameters.as_ref().or(keys.rope_scaling.as_ref()).unwrap_or(&none);
    let theta = rope.rope_theta.or(keys.rope_theta).or(keys.rotary_emb_base).unwrap_or(10_000.0);
    let share = rope.partial_rotary_factor.or(keys.rotary_pct).unwrap_or(0.25);
    let width = if is_neox { (head_width as f64 * share) as usize } else { head_width };
    Ok(Positions::Rotary { theta, width, scaling: scaling(path, rope)? })
}

/// How a long context stretches frequencies.
fn scaling(path: &Path, rope: &Rope) -> Result<RopeScaling, LlmError> {
    let needed = |key: &str, value: Option<f64>| {
        let missing = || {
            let found = format!("`rope_scaling` lacks `{key}`, or it is not above zero");
            fault(path, found, "a number above zero", "fetch the model's own config.json")
        };
        value.filter(|x| x.is_finite() && *x > 0.0).ok_or_else(missing)
    };
    match rope.rope_type.as_deref().unwrap_or("default") {
        "default" => Ok(RopeScaling::None),
        "linear" => Ok(RopeScaling::Linear { factor: needed("factor", rope.factor)? }),
        "llama3" => {
            let context = rope.original_max_position_embeddings;
            let key = "original_max_position_embeddings";
            needed(key, context.map(|tokens| tokens as f64))?;
            Ok(RopeScaling::Llama3 {
                factor: needed("factor", rope.factor)?,
                low_frequency_factor: needed("low_freq_factor", rope.low_freq_factor)?,
                high_frequency_factor: needed("high_freq_factor", rope.high_freq_factor)?,
                original_context: context.unwrap_or(0),
            })
        }
        other => Err(unknown_word(path, "the rope_type", other, &ROPE_TYPES)),
    }
}

/// The activation of the family.
fn activation(path: &Path, is_neox: bool, keys: &Keys) -> Result<Activation, LlmError> {
    let (known, default): (&[&str], _) = if is_neox { (&GELU, "gelu") } else { (&GATED, "silu") };
    let given = keys.hidden_act.as_deref().unwrap_or(default);
    if !known.contains(&given) {
        return Err(unknown_word(path, "hidden_act", given, known));
    }
    Ok(match given {
        "gelu" => Activation::Gelu,
        _ if is_neox => Activation::GeluTanh,
        _ => Activation::SwiGlu,
    })
}

/// Refuses numbers that no decoder can have.
pub fn fits(path: &Path, config: &Config) -> Result<(), LlmError> {
    let sizes = [
        ("the vocabulary", config.vocabulary),
        ("the width", config.width),
        ("the number of layers", config.layers),
        ("the number of heads", config.heads),
        ("the number of heads of keys", config.kv_heads),
        ("the width of a head", config.head_width),
        ("the width of the network", config.mlp_width),
        ("the context", config.context),
    ];
    let refuse = |found: String, allowed: &str| {
        Err(fault(path, found, allowed, "fetch the model's own configuration"))
    };
    if let Some((what, _)) = sizes.iter().find(|(_, size)| *size == 0) {
        return refuse(format!("{what} is 0"), "1 or more");
    }
    if !config.heads.is_multiple_of(config.kv_heads) {
        let found = format!("{} heads share {} heads of keys", config.heads, config.kv_heads);
        return refuse(found, "a number of heads that the heads of keys divide");
    }
    match config.positions {
        Positions::Rotary { width, theta, .. }
            if width == 0
                || width % 2 == 1
                || width > config.head_width
                || !(theta.is_finite() && theta > 0.0) =>
        {
            let found = format!("{width} of {} are rotated, base {theta}", config.head_width);
            refuse(found, "an even part of each head, from 2, and a base above zero")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::parameters;

    /// Keys of each model's config.json and the number of its parameters as published: SmolLM2's,
    /// TinyLlama's and Qwen's by their safetensors (Qwen3's counts its shared matrix once), Pythia's by
    /// its paper (arXiv 2304.01373, 18,915,328 without both embeddings).
    #[test]
    fn parameters_are_those_that_were_published() {
        let table = [
            ("llama", [49_152, 576, 1_536, 30, 9, 3], r#""tie_word_embeddings":true"#, 134_515_008),
            ("llama", [32_000, 2_048, 5_632, 22, 32, 4], r#""head_dim":64"#, 1_100_048_384),
            (
                "qwen2",
                [151_936, 896, 4_864, 24, 14, 2],
                r#""tie_word_embeddings":true"#,
                494_032_768,
            ),
            (
                "qwen3",
                [151_936, 1_024, 3_072, 28, 16, 8],
                r#""tie_word_embeddings":true"#,
                596_049_920,
            ),
            ("gpt_neox", [50_304, 512, 2_048, 6, 8, 8], r#""rotary_pct":0.25"#, 70_426_624),
        ];
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        for (kind, [vocabulary, width, inner, layers, heads, kv_heads], more, published) in table {
            let text = format!(
                r#"{{"model_type":"{kind}","vocab_size":{vocabulary},"hidden_size":{width},
                "intermediate_size":{inner},"num_hidden_layers":{layers},{more},
                "num_attention_heads":{heads},"num_key_value_heads":{kv_heads},
                "max_position_embeddings":2048}}"#
            );
            std::fs::write(&path, text).expect("written");
            let config = config_of(&path).unwrap_or_else(|error| panic!("{error}")).config;
            assert_eq!(parameters(&config), published, "{kind} {width}");
        }
    }
}
