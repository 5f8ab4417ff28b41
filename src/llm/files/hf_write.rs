//! config.json as transformers reads it.

use super::faults::fault;
use crate::llm::{
    Activation, Architecture, Config, LlmError, Norm, Positions, Residual, RopeScaling,
};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The content of config.json, but for special tokens; `path` is where it will stand.
///
/// Refused: GPT-nano, which transformers does not know.
pub fn config_json(path: &Path, config: &Config) -> Result<Map<String, Value>, LlmError> {
    let (kind, class) = match config.architecture {
        Architecture::Llama => ("llama", "LlamaForCausalLM"),
        Architecture::Qwen2 => ("qwen2", "Qwen2ForCausalLM"),
        Architecture::Qwen3 => ("qwen3", "Qwen3ForCausalLM"),
        Architecture::GptNeoX => ("gpt_neox", "GPTNeoXForCausalLM"),
        Architecture::Nano => {
            let allowed = "Llama, Qwen2, Qwen3, GPT-NeoX";
            return Err(fault(path, "GPT-nano has no config.json", allowed, "use one of these"));
        }
    };
    let mut keys = object(json!({
        "architectures": [class], "model_type": kind, "torch_dtype": "float32",
        "vocab_size": config.vocabulary, "hidden_size": config.width,
        "intermediate_size": config.mlp_width, "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads, "max_position_embeddings": config.context,
        "hidden_act": activation(config.activation), "attention_bias": config.qkv_bias,
        "tie_word_embeddings": config.tied, "use_cache": true,
    }));
    let Positions::Rotary { theta, width, scaling } = config.positions else { return Ok(keys) };
    keys.extend(object(match config.norm {
        Norm::Rms { epsilon } => json!({ "rms_norm_eps": epsilon }),
        Norm::Layer { epsilon } => json!({ "layer_norm_eps": epsilon }),
    }));
    keys.extend(object(match config.architecture {
        Architecture::GptNeoX => json!({
            "rotary_pct": part_of(config.head_width, width), "rotary_emb_base": theta,
            "use_parallel_residual": config.residual == Residual::Parallel,
        }),
        _ => json!({
            "num_key_value_heads": config.kv_heads, "head_dim": config.head_width,
            "rope_theta": theta, "mlp_bias": config.projection_bias, "use_sliding_window": false,
        }),
    }));
    keys.insert("rope_scaling".to_owned(), rope_scaling(scaling));
    Ok(keys)
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn activation(activation: Activation) -> &'static str {
    match activation {
        Activation::SwiGlu => "silu",
        Activation::Gelu => "gelu",
        Activation::GeluTanh => "gelu_pytorch_tanh",
    }
}

/// The share of `whole` that is cut down to `part` again.
fn part_of(whole: usize, part: usize) -> f64 {
    let share = part as f64 / whole as f64;
    if (whole as f64 * share) as usize == part { share } else { share.next_up() }
}

fn rope_scaling(scaling: RopeScaling) -> Value {
    match scaling {
        RopeScaling::None => Value::Null,
        RopeScaling::Linear { factor } => json!({ "rope_type": "linear", "factor": factor }),
        RopeScaling::Llama3 {
            factor,
            low_frequency_factor,
            high_frequency_factor,
            original_context,
        } => json!({
            "rope_type": "llama3", "factor": factor, "low_freq_factor": low_frequency_factor,
            "high_freq_factor": high_frequency_factor,
            "original_max_position_embeddings": original_context,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rotated_part_of_a_head_survives_its_share() {
        for whole in 2..300 {
            for part in (2..=whole).step_by(2) {
                assert_eq!((whole as f64 * part_of(whole, part)) as usize, part, "{part}/{whole}");
            }
        }
    }
}
