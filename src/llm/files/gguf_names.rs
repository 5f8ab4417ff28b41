//! Hugging Face's names and orders of rows, as llama.cpp's converter stores them.

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

/// In which order a GGUF file keeps the rows of a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As Hugging Face does.
    Same,
    /// Rows of each head in pairs that are rotated together: `[head][half a head][2]` where Hugging
    /// Face has `[head][2][half a head]`.
    Pairs,
    /// All queries, all keys, all values: `[3][head][row]` where Hugging Face has `[head][3][row]`.
    Blocks,
}

/// In which order a GGUF file keeps the rows of a weight: llama.cpp's converter permutes queries and
/// keys of Llama and unties GPT-NeoX's, and leaves Qwen's alone.
pub fn order_of(name: &str, config: &Config) -> Order {
    let is_in = |parts: [&str; 2]| parts.iter().any(|part| name.contains(part));
    match config.architecture {
        Architecture::Llama if is_in([".q_proj.", ".k_proj."]) => Order::Pairs,
        Architecture::GptNeoX if name.contains(".query_key_value.") => Order::Blocks,
        _ => Order::Same,
    }
}

/// The rows of a weight of `rows` rows in Hugging Face's order; heads have `head_width` rows each.
pub fn restore(value: &[f32], order: Order, rows: usize, head_width: usize) -> Vec<f32> {
    let half = head_width / 2;
    let heads = rows / (3 * head_width);
    let stored_at = |row: usize| {
        let (head, within) = (row / head_width, row % head_width);
        match order {
            Order::Same => row,
            Order::Pairs => head * head_width + within % half * 2 + within / half,
            Order::Blocks => (head % 3 * heads + head / 3) * head_width + within,
        }
    };
    let width = value.len() / rows;
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
        assert_eq!(restore(&stored, Order::Pairs, 8, 4), [0., 1., 2., 3., 4., 5., 6., 7.]);
    }

    /// `GPTNeoXModel.modify_tensors`: of (heads 2, 3, width 2) all queries, then all keys, all values.
    #[test]
    fn queries_keys_and_values_stand_together_again() {
        let stored = [0., 1., 6., 7., 2., 3., 8., 9., 4., 5., 10., 11.];
        let restored = restore(&stored, Order::Blocks, 12, 2);
        assert_eq!(restored, (0..12).map(|x| x as f32).collect::<Vec<_>>());
    }
}
