//! How each family names its weights: the names of Hugging Face checkpoints.

use super::Architecture;

/// A part of a block that has weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The normalisation before attention.
    AttentionNorm,
    /// The normalisation before the network.
    MlpNorm,
    /// Queries.
    Query,
    /// Keys.
    Key,
    /// Values.
    Value,
    /// Queries, keys and values in one.
    Joint,
    /// The output of attention.
    Out,
    /// The gate of the network.
    Gate,
    /// The network's way up.
    Up,
    /// The network's way down.
    Down,
    /// The normalisation of each head's queries.
    QueryNorm,
    /// The normalisation of each head's keys.
    KeyNorm,
}

impl Architecture {
    /// The module of a part of a block, without `.weight`.
    pub fn module(self, layer: usize, part: Part) -> String {
        let (prefix, name) = match self {
            Architecture::GptNeoX => ("gpt_neox.layers", neox(part)),
            Architecture::Nano => ("blocks", nano(part)),
            Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 => {
                ("model.layers", llama(part))
            }
        };
        format!("{prefix}.{layer}.{name}")
    }

    /// The modules of embedding, last normalisation and head.
    pub fn ends(self) -> [&'static str; 3] {
        match self {
            Architecture::GptNeoX => {
                ["gpt_neox.embed_in", "gpt_neox.final_layer_norm", "embed_out"]
            }
            Architecture::Nano => ["wte", "ln_f", "head"],
            Architecture::Llama | Architecture::Qwen2 | Architecture::Qwen3 => {
                ["model.embed_tokens", "model.norm", "lm_head"]
            }
        }
    }

    /// Whether queries, keys and values are one projection.
    pub fn is_joint(self) -> bool {
        matches!(self, Architecture::GptNeoX | Architecture::Nano)
    }
}

fn llama(part: Part) -> &'static str {
    match part {
        Part::AttentionNorm => "input_layernorm",
        Part::MlpNorm => "post_attention_layernorm",
        Part::Query => "self_attn.q_proj",
        Part::Key => "self_attn.k_proj",
        Part::Value => "self_attn.v_proj",
        Part::Joint => "self_attn.qkv_proj",
        Part::Out => "self_attn.o_proj",
        Part::Gate => "mlp.gate_proj",
        Part::Up => "mlp.up_proj",
        Part::Down => "mlp.down_proj",
        Part::QueryNorm => "self_attn.q_norm",
        Part::KeyNorm => "self_attn.k_norm",
    }
}

fn neox(part: Part) -> &'static str {
    match part {
        Part::Joint => "attention.query_key_value",
        Part::Out => "attention.dense",
        Part::Up => "mlp.dense_h_to_4h",
        Part::Down => "mlp.dense_4h_to_h",
        other => llama(other),
    }
}

fn nano(part: Part) -> &'static str {
    match part {
        Part::AttentionNorm => "ln_1",
        Part::MlpNorm => "ln_2",
        Part::Joint => "attention.qkv",
        Part::Out => "attention.out",
        Part::Up => "mlp.up",
        Part::Down => "mlp.down",
        other => llama(other),
    }
}
