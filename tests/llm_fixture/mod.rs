//! Tiny models as a Hugging Face folder and as a GGUF file with the same weights.
#![allow(dead_code)] // every test uses a part

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use modeseek::llm::{Decoder, Engine, Kernels, LlmError, ModelFiles, Training, WeightSource};
use modeseek::numerics::Threads;
use modeseek::stream::{Purpose, Streams};
use rand::Rng;
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// Width, heads of queries, of keys, head width, width of the network.
pub const WIDTH: usize = 8;
pub const HEADS: usize = 2;
pub const HEAD: usize = 4;
pub const INNER: usize = 12;
pub const CONTEXT: usize = 32;

/// A weight: its Hugging Face name, its name in a GGUF file, its shape, and how llama.cpp's converter
/// orders its rows.
pub struct Weight(pub &'static str, pub &'static str, pub &'static [usize], pub Rows);

/// How a converter orders rows.
#[derive(Clone, Copy, PartialEq)]
pub enum Rows {
    Same,
    Permuted,
    Split,
}

use Rows::{Permuted, Same, Split};

/// Llama with one block, one head of keys, tied.
pub const LLAMA: &[Weight] = &[
    Weight("model.embed_tokens.weight", "token_embd.weight", &[262, 8], Same),
    Weight("model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight", &[8, 8], Permuted),
    Weight("model.layers.0.self_attn.k_proj.weight", "blk.0.attn_k.weight", &[4, 8], Permuted),
    Weight("model.layers.0.self_attn.v_proj.weight", "blk.0.attn_v.weight", &[4, 8], Same),
    Weight("model.layers.0.self_attn.o_proj.weight", "blk.0.attn_output.weight", &[8, 8], Same),
    Weight("model.layers.0.mlp.gate_proj.weight", "blk.0.ffn_gate.weight", &[12, 8], Same),
    Weight("model.layers.0.mlp.up_proj.weight", "blk.0.ffn_up.weight", &[12, 8], Same),
    Weight("model.layers.0.mlp.down_proj.weight", "blk.0.ffn_down.weight", &[8, 12], Same),
    Weight("model.layers.0.input_layernorm.weight", "blk.0.attn_norm.weight", &[8], Same),
    Weight("model.layers.0.post_attention_layernorm.weight", "blk.0.ffn_norm.weight", &[8], Same),
    Weight("model.norm.weight", "output_norm.weight", &[8], Same),
];

/// Qwen2 with one block, untied: biases, and rows that stay where they are.
pub const QWEN2: &[Weight] = &[
    Weight("model.embed_tokens.weight", "token_embd.weight", &[262, 8], Same),
    Weight("model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight", &[8, 8], Same),
    Weight("model.layers.0.self_attn.q_proj.bias", "blk.0.attn_q.bias", &[8], Same),
    Weight("model.layers.0.self_attn.k_proj.weight", "blk.0.attn_k.weight", &[4, 8], Same),
    Weight("model.layers.0.self_attn.k_proj.bias", "blk.0.attn_k.bias", &[4], Same),
    Weight("model.layers.0.self_attn.v_proj.weight", "blk.0.attn_v.weight", &[4, 8], Same),
    Weight("model.layers.0.self_attn.v_proj.bias", "blk.0.attn_v.bias", &[4], Same),
    Weight("model.layers.0.self_attn.o_proj.weight", "blk.0.attn_output.weight", &[8, 8], Same),
    Weight("model.layers.0.mlp.gate_proj.weight", "blk.0.ffn_gate.weight", &[12, 8], Same),
    Weight("model.layers.0.mlp.up_proj.weight", "blk.0.ffn_up.weight", &[12, 8], Same),
    Weight("model.layers.0.mlp.down_proj.weight", "blk.0.ffn_down.weight", &[8, 12], Same),
    Weight("model.layers.0.input_layernorm.weight", "blk.0.attn_norm.weight", &[8], Same),
    Weight("model.layers.0.post_attention_layernorm.weight", "blk.0.ffn_norm.weight", &[8], Same),
    Weight("model.norm.weight", "output_norm.weight", &[8], Same),
    Weight("lm_head.weight", "output.weight", &[262, 8], Same),
];

/// GPT-NeoX with one block.
pub const NEOX: &[Weight] = &[
    Weight("gpt_neox.embed_in.weight", "token_embd.weight", &[262, 8], Same),
    Weight(
        "gpt_neox.layers.0.attention.query_key_value.weight",
        "blk.0.attn_qkv.weight",
        &[24, 8],
        Split,
    ),
    Weight("gpt_neox.layers.0.attention.query_key_value.bias", "blk.0.attn_qkv.bias", &[24], Split),
    Weight("gpt_neox.layers.0.attention.dense.weight", "blk.0.attn_output.weight", &[8, 8], Same),
    Weight("gpt_neox.layers.0.attention.dense.bias", "blk.0.attn_output.bias", &[8], Same),
    Weight("gpt_neox.layers.0.mlp.dense_h_to_4h.weight", "blk.0.ffn_up.weight", &[12, 8], Same),
    Weight("gpt_neox.layers.0.mlp.dense_h_to_4h.bias", "blk.0.ffn_up.bias", &[12], Same),
    Weight("gpt_neox.layers.0.mlp.dense_4h_to_h.weight", "blk.0.ffn_down.weight", &[8, 12], Same),
    Weight("gpt_neox.layers.0.mlp.dense_4h_to_h.bias", "blk.0.ffn_down.bias", &[8], Same),
    Weight("gpt_neox.layers.0.input_layernorm.weight", "blk.0.attn_norm.weight", &[8], Same),
    Weight("gpt_neox.layers.0.input_layernorm.bias", "blk.0.attn_norm.bias", &[8], Same),
    Weight(
        "gpt_neox.layers.0.post_attention_layernorm.weight",
        "blk.0.ffn_norm.weight",
        &[8],
        Same,
    ),
    Weight("gpt_neox.layers.0.post_attention_layernorm.bias", "blk.0.ffn_norm.bias", &[8], Same),
    Weight("gpt_neox.final_layer_norm.weight", "output_norm.weight", &[8], Same),
    Weight("gpt_neox.final_layer_norm.bias", "output_norm.bias", &[8], Same),
    Weight("embed_out.weight", "output.weight", &[262, 8], Same),
];

/// The numbers of a weight, different for each: whole ones that every format holds exactly.
pub fn values(weight: &Weight) -> Vec<f32> {
    let start: usize = weight.0.bytes().map(usize::from).sum();
    (0..weight.2.iter().product()).map(|k| ((start + 7 * k) % 251) as f32).collect()
}

/// llama.cpp's order: `permute` of LlamaModel and `modify_tensors` of GPTNeoXModel, index by index.
fn converted(weight: &Weight) -> Vec<f32> {
    let value = values(weight);
    let rows = weight.2[0];
    let width = value.len() / rows;
    let mut stored = vec![0.0; value.len()];
    let mut put = |to: usize, from: usize| {
        stored[to * width..][..width].copy_from_slice(&value[from * width..][..width]);
    };
    match weight.3 {
        Same => (0..rows).for_each(|row| put(row, row)),
        Permuted => {
            for head in 0..rows / HEAD {
                for (half, i) in (0..2).flat_map(|half| (0..HEAD / 2).map(move |i| (half, i))) {
                    put(head * HEAD + 2 * i + half, head * HEAD + half * (HEAD / 2) + i);
                }
            }
        }
        Split => {
            for (head, part) in (0..HEADS).flat_map(|h| (0..3).map(move |part| (h, part))) {
                for i in 0..HEAD {
                    put((part * HEADS + head) * HEAD + i, (head * 3 + part) * HEAD + i);
                }
            }
        }
    }
    stored
}

/// The tokens: two special ones, GPT-2's 256 letters for bytes, four merged ones.
pub fn tokens() -> Vec<String> {
    let printable = |b: &u32| matches!(b, 33..=126 | 161..=172 | 174..=255);
    let mut other = 255;
    let letter = |byte: u32| {
        let code = if printable(&byte) {
            byte
        } else {
            other += 1;
            other
        };
        char::from_u32(code).expect("a letter").to_string()
    };
    let special = ["<|start|>", "<|end|>"].map(str::to_owned);
    let merged = ["th", "the", "Ġt", "12"].map(str::to_owned);
    special.into_iter().chain((0..256).map(letter)).chain(merged).collect()
}

const MERGES: [&str; 4] = ["t h", "th e", "Ġ t", "1 2"];

pub const TEMPLATE: &str = "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n\
    {% endfor %}{% if add_generation_prompt %}<|start|>assistant\n{% endif %}";

/// A tokenizer.json whose text is cut as SmolLM2's.
fn tokenizer_json() -> serde_json::Value {
    let vocabulary: serde_json::Map<String, serde_json::Value> =
        tokens().into_iter().enumerate().map(|(id, token)| (token, id.into())).collect();
    let added = |id: usize, content: &str| {
        json!({ "id": id, "content": content, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true })
    };
    let bytes = json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true });
    json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null,
        "post_processor": null,
        "added_tokens": [added(0, "<|start|>"), added(1, "<|end|>")],
        "pre_tokenizer": { "type": "Sequence",
            "pretokenizers": [{ "type": "Digits", "individual_digits": true }, bytes.clone()] },
        "decoder": bytes,
        "model": { "type": "BPE", "vocab": vocabulary, "merges": MERGES },
    })
}

/// Writes a folder: its config.json as given, weights of a kind, tokenizer, template.
pub fn write_folder(folder: &Path, config: &serde_json::Value, weights: &[Weight], dtype: DType) {
    fs::create_dir_all(folder).expect("a folder");
    let tensor = |weight: &Weight| {
        let tensor = Tensor::from_vec(values(weight), weight.2, &Device::Cpu).expect("a tensor");
        (weight.0.to_owned(), tensor.to_dtype(dtype).expect("converted"))
    };
    let tensors: HashMap<String, Tensor> = weights.iter().map(tensor).collect();
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors")).expect("saved");
    let write = |name: &str, value: &serde_json::Value| {
        fs::write(folder.join(name), serde_json::to_string_pretty(value).expect("JSON"))
            .expect(name);
    };
    write("config.json", config);
    write("generation_config.json", &json!({ "eos_token_id": 1 }));
    write("tokenizer.json", &tokenizer_json());
    let token = json!({ "content": "<|end|>", "lstrip": false });
    let names = json!({ "bos_token": "<|start|>", "eos_token": token, "chat_template": TEMPLATE });
    write("tokenizer_config.json", &names);
}

/// Metadata of an architecture and its tokenizer, to which a case may add.
pub fn metadata(architecture: &str) -> Vec<(String, Value)> {
    let texts = |all: Vec<String>| Value::Array(all.into_iter().map(Value::String).collect());
    let kinds = (0..tokens().len()).map(|id| Value::I32(if id < 2 { 3 } else { 1 })).collect();
    let key = |name: &str| format!("{architecture}.{name}");
    let number = |n: usize| Value::U32(u32::try_from(n).expect("small"));
    let norm =
        if architecture == "gptneox" { "layer_norm_epsilon" } else { "layer_norm_rms_epsilon" };
    vec![
        ("general.architecture".to_owned(), Value::String(architecture.to_owned())),
        (key("block_count"), number(1)),
        (key("embedding_length"), number(WIDTH)),
        (key("feed_forward_length"), number(INNER)),
        (key("attention.head_count"), number(HEADS)),
        (key("context_length"), number(CONTEXT)),
        (key(&format!("attention.{norm}")), Value::F32(1e-5)),
        ("tokenizer.ggml.model".to_owned(), Value::String("gpt2".to_owned())),
        ("tokenizer.ggml.pre".to_owned(), Value::String("smollm".to_owned())),
        ("tokenizer.ggml.tokens".to_owned(), texts(tokens())),
        ("tokenizer.ggml.token_type".to_owned(), Value::Array(kinds)),
        ("tokenizer.ggml.merges".to_owned(), texts(MERGES.map(str::to_owned).to_vec())),
        ("tokenizer.ggml.bos_token_id".to_owned(), Value::U32(0)),
        ("tokenizer.ggml.eos_token_id".to_owned(), Value::U32(1)),
        ("tokenizer.chat_template".to_owned(), Value::String(TEMPLATE.to_owned())),
    ]
}

/// Writes a GGUF file as llama.cpp's converter would.
pub fn write_gguf(path: &Path, metadata: &[(String, Value)], weights: &[Weight]) {
    write_gguf_with(path, metadata, weights, None);
}

/// The same, with one more tensor.
pub fn write_gguf_with(
    path: &Path,
    metadata: &[(String, Value)],
    weights: &[Weight],
    more: Option<(&str, Tensor)>,
) {
    let store = |tensor: &Tensor| QTensor::quantize(tensor, GgmlDType::F32).expect("stored");
    let tensor = |weight: &Weight| {
        let tensor = Tensor::from_vec(converted(weight), weight.2, &Device::Cpu).expect("a tensor");
        (weight.1, store(&tensor))
    };
    let mut tensors: Vec<(&str, QTensor)> = weights.iter().map(tensor).collect();
    tensors.extend(more.map(|(name, tensor)| (name, store(&tensor))));
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, t)| (*name, t)).collect();
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, v)| (key.as_str(), v)).collect();
    let mut file = fs::File::create(path).expect("a file");
    gguf_file::write(&mut file, &metadata, &tensors).expect("written");
}

/// config.json of the Llama above.
pub fn llama_config() -> serde_json::Value {
    json!({
        "model_type": "llama", "vocab_size": 262, "hidden_size": WIDTH, "intermediate_size": INNER,
        "num_hidden_layers": 1, "num_attention_heads": HEADS, "num_key_value_heads": 1,
        "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-5, "rope_theta": 500.0,
        "hidden_act": "silu", "tie_word_embeddings": true, "eos_token_id": 0,
    })
}

/// What the metadata of the Llama above add.
pub fn llama_metadata() -> Vec<(String, Value)> {
    let mut all = metadata("llama");
    all.push(("llama.attention.head_count_kv".to_owned(), Value::U32(1)));
    all.push(("llama.rope.freq_base".to_owned(), Value::F32(500.0)));
    all
}

/// Weights of a model that has learned nothing: every token is about as likely as another.
struct SmallWeights(u64);

impl WeightSource for SmallWeights {
    fn take(&mut self, _: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        self.0 += 1;
        let mut rng = Streams::new(0).at(Purpose::Init, self.0);
        let count = shape.iter().product();
        Ok(match shape.len() {
            1 => vec![1.0; count],
            _ => (0..count).map(|_| rng.random_range(-0.2f32..0.2)).collect(),
        })
    }
}

/// Writes a tiny Llama that has learned nothing, as a Hugging Face folder.
pub fn write_small_model(folder: &Path) {
    let place = tempfile::tempdir().expect("a folder");
    let described = place.path().join("described");
    write_folder(&described, &llama_config(), LLAMA, DType::F32);
    let files = ModelFiles::open(&described).expect("a model");
    let engine = Engine::host(Kernels::Fused, Threads::One);
    let config = files.config.clone();
    let decoder = Decoder::load(config, engine, &mut SmallWeights(0), Training::Frozen);
    decoder.expect("a decoder").export(&files, folder).expect("written");
}
