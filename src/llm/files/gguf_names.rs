//! Hugging Face's names and orders of rows, as llama.cpp's converter stores them.

use crate::llm::joint::{Order, reordered, stands_by_head};
use crate::llm::{Architecture, Config};

/// Names outside of blocks, without their `.weight` or `.bias`.
const WHOLE: [(&str, &str); 6] = [
    ("model.embed_tokens", "token_embd"),
    ("model.norm", "output_norm"),
    ("lm_head", "output"),
    ("gpt_neox.embed_in", "token_embd"),
    ("gpt_neox.final_layer_norm", "output_norm"),
    ("embed_out", "output"),
];

/// Names inside a block.
const BLOCK: [(&str, &str); 15] = [
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
    ("input_layernorm", "attn_norm"),
    ("post_attention_layernorm", "ffn_norm"),
    ("attention.query_key_value", "attn_qkv"),
    ("attention.dense", "attn_output"),
    ("mlp.dense_h_to_4h", "ffn_up"),
    ("mlp.dense_4h_to_h", "ffn_down"),
];

/// The name in a GGUF file of the weight of a Hugging Face name, if it has one.
pub fn gguf_name(name: &str) -> Option<String> {
    let (stem, kind) = name.rsplit_once('.')?;
    let find = |table: &[(&str, &'static str)], stem: &str| {
        table.iter().find(|(theirs, _)| *theirs == stem).map(|(_, ours)| *ours)
    };
    if let Some(whole) = find(&WHOLE, stem) {
        return Some(format!("{whole}.{kind}"));
    }
    let inner = ["model.layers.", "gpt_neox.layers."].iter().find_map(|p| stem.strip_prefix(p))?;
    let (layer, part) = inner.split_once('.')?;
    Some(format!("blk.{layer}.{}.{kind}", find(&BLOCK, part)?))
}

/// The rows of a weight in Hugging Face's order: llama.cpp's converter permutes queries and keys of Llama and
/// unties GPT-NeoX's queries, keys and values, and leaves Qwen's alone.
pub fn restore(value: Vec<f32>, name: &str, rows: usize, config: &Config) -> Vec<f32> {
    let is_permuted = [".q_proj.", ".k_proj."].iter().any(|part| name.contains(part));
    match config.architecture {
        Architecture::Llama if is_permuted => unpaired(&value, rows, config.head_width),
        _ if stands_by_head(config, name) => reordered(config, &value, Order::ByHead),
        _ => value,
    }
}

/// Rows of each head that stand in pairs which are rotated together, `[head][half a head][2]`, as Hugging
/// Face has them: `[head][2][half a head]`.
fn unpaired(value: &[f32], rows: usize, head_width: usize) -> Vec<f32> {
    let (width, half) = (value.len() / rows, head_width / 2);
    let stored_at = |row: usize| {
        let (head, within) = (row / head_width, row % head_width);
        head * head_width + within % half * 2 + within / half
    };
    (0..rows).flat_map(|row| &value[stored_at(row) * width..][..width]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_converter() {
        let name = |name| gguf_name(name).expect("a name");
        assert_eq!(name("model.embed_tokens.weight"), "token_embd.weight");
        assert_eq!(name("model.layers.12.self_attn.q_proj.bias"), "blk.12.attn_q.bias");
        assert_eq!(name("gpt_neox.layers.0.attention.dense.weight"), "blk.0.attn_output.weight");
        assert_eq!(name("embed_out.weight"), "output.weight");
        assert_eq!(gguf_name("model.layers.0.self_attn.rotary_emb.inv_freq"), None);
    }

    /// `LlamaModel.permute` of llama.cpp's converter, by hand: two heads of width 4, one number a row;
    /// reshape (2, 2, 2), swap the last two.
    #[test]
    fn rotated_pairs_come_apart_again() {
        let stored = [0., 2., 1., 3., 4., 6., 5., 7.];
        assert_eq!(unpaired(&stored, 8, 4), [0., 1., 2., 3., 4., 5., 6., 7.]);
    }
}
