//! Names and shapes of all weights of a decoder, so that files are checked before they are loaded.

use crate::llm::{Activation, Architecture, Config, Norm};

/// A list of names and shapes that grows.
struct Inventory {
    weights: Vec<(String, Vec<usize>)>,
}

impl Inventory {
    fn add(&mut self, name: String, shape: &[usize]) {
        self.weights.push((name, shape.to_vec()));
    }

    /// A projection `[out, in]`, with or without its bias.
    fn linear(&mut self, name: &str, shape: [usize; 2], bias: bool) {
        self.add(format!("{name}.weight"), &shape);
        if bias {
            self.add(format!("{name}.bias"), &shape[..1]);
        }
    }

    fn norm(&mut self, name: &str, width: usize, norm: Norm) {
        self.add(format!("{name}.weight"), &[width]);
        if matches!(norm, Norm::Layer { .. }) {
            self.add(format!("{name}.bias"), &[width]);
        }
    }
}

/// The Hugging Face name and the shape of every weight of a Llama, Qwen or GPT-NeoX decoder; of
/// GPT-nano, which is made and not read, none.
pub fn weights_of(config: &Config) -> Vec<(String, Vec<usize>)> {
    let mut list = Inventory { weights: Vec::new() };
    let matrix = [config.vocabulary, config.width];
    let (embedding, blocks, norm, head) = match config.architecture {
        Architecture::Nano => return list.weights,
        Architecture::GptNeoX => {
            ("gpt_neox.embed_in", "gpt_neox.layers", "gpt_neox.final_layer_norm", "embed_out")
        }
        _ => ("model.embed_tokens", "model.layers", "model.norm", "lm_head"),
    };
    list.linear(embedding, matrix, false);
    for layer in 0..config.layers {
        let block = format!("{blocks}.{layer}");
        match config.architecture {
            Architecture::GptNeoX => neox_block(&mut list, config, &block),
            _ => llama_block(&mut list, config, &block),
        }
    }
    list.norm(norm, config.width, config.norm);
    if !config.tied {
        list.linear(head, matrix, false);
    }
    list.weights
}

/// A block of Llama or Qwen.
fn llama_block(list: &mut Inventory, config: &Config, block: &str) {
    let (width, inner) = (config.width, config.mlp_width);
    let queries = config.heads * config.head_width;
    let keys = config.kv_heads * config.head_width;
    let attention = format!("{block}.self_attn");
    list.linear(&format!("{attention}.q_proj"), [queries, width], config.qkv_bias);
    list.linear(&format!("{attention}.k_proj"), [keys, width], config.qkv_bias);
    list.linear(&format!("{attention}.v_proj"), [keys, width], config.qkv_bias);
    list.linear(&format!("{attention}.o_proj"), [width, queries], config.projection_bias);
    if config.architecture == Architecture::Qwen3 {
        list.norm(&format!("{attention}.q_norm"), config.head_width, config.norm);
        list.norm(&format!("{attention}.k_norm"), config.head_width, config.norm);
    }
    if config.activation == Activation::SwiGlu {
        list.linear(&format!("{block}.mlp.gate_proj"), [inner, width], config.projection_bias);
    }
    list.linear(&format!("{block}.mlp.up_proj"), [inner, width], config.projection_bias);
    list.linear(&format!("{block}.mlp.down_proj"), [width, inner], config.projection_bias);
    list.norm(&format!("{block}.input_layernorm"), width, config.norm);
    list.norm(&format!("{block}.post_attention_layernorm"), width, config.norm);
}

/// A block of GPT-NeoX.
fn neox_block(list: &mut Inventory, config: &Config, block: &str) {
    let (width, inner) = (config.width, config.mlp_width);
    let queries = config.heads * config.head_width;
    let attention = format!("{block}.attention");
    list.linear(&format!("{attention}.query_key_value"), [3 * queries, width], config.qkv_bias);
    list.linear(&format!("{attention}.dense"), [width, queries], config.projection_bias);
    list.linear(&format!("{block}.mlp.dense_h_to_4h"), [inner, width], config.projection_bias);
    list.linear(&format!("{block}.mlp.dense_4h_to_h"), [width, inner], config.projection_bias);
    list.norm(&format!("{block}.input_layernorm"), width, config.norm);
    list.norm(&format!("{block}.post_attention_layernorm"), width, config.norm);
}
