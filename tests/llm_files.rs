//! Opening models: a Hugging Face folder and a GGUF file of the same weights are the same model.
#![cfg(feature = "llm")]

mod llm_fixture;

use candle_core::quantized::gguf_file::Value;
use candle_core::{DType, Device, Tensor};
use llm_fixture::{
    LLAMA, NEOX, QWEN2, Weight, llama_config, llama_metadata, metadata, values, write_folder,
    write_gguf, write_gguf_with,
};
use modeseek::llm::{
    Activation, ChatTemplate, Decoder, Engine, FittedWeights, Kernels, Message, ModelFiles, Norm,
    Positions, Prompt, Residual, RopeScaling, Special, Training, WeightSource, parameters,
};
use modeseek::numerics::Threads;
use serde_json::json;
use std::path::Path;

fn open(path: &Path) -> ModelFiles {
    ModelFiles::open(path).unwrap_or_else(|error| panic!("{error}"))
}

/// Every weight of a model has the numbers that were written.
fn has_its_weights(files: &mut ModelFiles, weights: &[Weight]) {
    for weight in weights {
        let found = files.weights.take(weight.0, weight.2).expect(weight.0);
        assert_eq!(found, values(weight), "{}", weight.0);
    }
}

/// A model as it comes back from the folder that it is written into.
fn exported(files: &mut ModelFiles, folder: &Path) -> ModelFiles {
    let engine = Engine::host(Kernels::Fused, Threads::One);
    let config = files.config.clone();
    let decoder = Decoder::load(config, engine, &mut *files.weights, Training::Frozen);
    decoder.expect("a decoder").export(files, folder).unwrap_or_else(|error| panic!("{error}"));
    open(folder)
}

/// Opens a folder and a GGUF file and holds them against each other, and both against the folder that is
/// written of the file.
fn both(
    config: &serde_json::Value,
    metadata: &[(String, Value)],
    weights: &[Weight],
) -> ModelFiles {
    let place = tempfile::tempdir().expect("a folder");
    let (folder, file) = (place.path().join("hf"), place.path().join("model.gguf"));
    write_folder(&folder, config, weights, DType::F32);
    write_gguf(&file, metadata, weights);
    let (mut folder, mut file) = (open(&folder), open(&file));
    assert_eq!(folder.config, file.config);
    has_its_weights(&mut folder, weights);
    has_its_weights(&mut file, weights);
    let mut written = exported(&mut file, &place.path().join("written"));
    assert_eq!(written.config, file.config);
    has_its_weights(&mut written, weights);
    let source = |files: &ModelFiles| files.chat_template.as_ref().map(ChatTemplate::source);
    assert_eq!(source(&written), source(&file));
    for text in ["the 12 things", " the", "naïve 1223\n\n  x", "<|start|>the<|end|>", "日本"] {
        let ids = folder.tokenizer.encode(text).expect("tokens");
        assert_eq!(ids, file.tokenizer.encode(text).expect("tokens"), "{text}");
        assert_eq!(ids, written.tokenizer.encode(text).expect("tokens"), "{text}");
        assert_eq!(folder.tokenizer.decode(&ids, Special::Shown).expect("a text"), text);
    }
    let ask = Prompt::Text("Why?".to_owned());
    let tokens = |files: &ModelFiles| ask.tokens(files.chat_template.as_ref(), &files.tokenizer);
    assert_eq!(tokens(&folder).expect("tokens"), tokens(&file).expect("tokens"));
    file
}

#[test]
fn llama_is_the_same_from_a_folder_and_from_gguf() {
    let files = both(&llama_config(), &llama_metadata(), LLAMA);
    let config = &files.config;
    assert_eq!((config.heads, config.kv_heads, config.head_width, config.layers), (2, 1, 4, 1));
    assert_eq!(config.norm, Norm::Rms { epsilon: 1e-5 });
    let positions = Positions::Rotary { theta: 500.0, width: 4, scaling: RopeScaling::None };
    assert_eq!((config.positions, config.tied, config.qkv_bias), (positions, true, false));
    assert_eq!(config.end_tokens, [1]);
    // 262·8 + (8·8 + 4·8 + 4·8 + 8·8) + 3·12·8 + 3·8
    assert_eq!(parameters(config), 2096 + 192 + 288 + 24);
}

#[test]
fn qwen2_has_biases_and_rows_as_they_are() {
    let mut config = llama_config();
    config["model_type"] = json!("qwen2");
    config["tie_word_embeddings"] = json!(false);
    let mut keys = metadata("qwen2");
    keys.push(("qwen2.attention.head_count_kv".to_owned(), Value::U32(1)));
    keys.push(("qwen2.rope.freq_base".to_owned(), Value::F32(500.0)));
    let files = both(&config, &keys, QWEN2);
    assert!(files.config.qkv_bias && !files.config.projection_bias && !files.config.tied);
}

fn neox_config() -> serde_json::Value {
    json!({
        "model_type": "gpt_neox", "vocab_size": 262, "hidden_size": 8, "intermediate_size": 12,
        "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 32,
        "layer_norm_eps": 1e-5, "rotary_pct": 0.5, "rotary_emb_base": 10000, "hidden_act": "gelu",
        "use_parallel_residual": true, "tie_word_embeddings": false,
    })
}

#[test]
fn gpt_neox_gets_its_queries_keys_and_values_back_head_by_head() {
    let config = neox_config();
    let mut keys = metadata("gptneox");
    keys.push(("gptneox.rope.dimension_count".to_owned(), Value::U32(2)));
    keys.push(("gptneox.use_parallel_residual".to_owned(), Value::Bool(true)));
    let files = both(&config, &keys, NEOX);
    let config = &files.config;
    assert_eq!((config.activation, config.residual), (Activation::Gelu, Residual::Parallel));
    assert_eq!(config.norm, Norm::Layer { epsilon: 1e-5 });
    assert!(matches!(config.positions, Positions::Rotary { width: 2, .. }));
    assert!(config.qkv_bias && config.projection_bias);
}

/// A network that is made again from the weights of another is that network, though files have their own order.
#[test]
fn gpt_neox_is_made_again_from_its_weights() {
    let place = tempfile::tempdir().expect("a folder");
    write_folder(place.path(), &neox_config(), NEOX, DType::F32);
    let mut files = open(place.path());
    let (config, engine) = (files.config.clone(), Engine::host(Kernels::Fused, Threads::One));
    let load = |source: &mut dyn WeightSource| {
        Decoder::load(config.clone(), engine.clone(), source, Training::Frozen).expect("a decoder")
    };
    let first = load(&mut *files.weights);
    let again = load(&mut FittedWeights::of(&first));
    for (one, other) in first.weights().iter().zip(again.weights()) {
        assert_eq!((&one.name, &one.value), (&other.name, &other.value));
    }
}

/// Whole numbers up to 250 are exact in every format, so that nothing may be lost.
#[test]
fn half_precision_becomes_single_precision() {
    for (dtype, name) in [(DType::F16, "F16"), (DType::BF16, "BF16")] {
        let place = tempfile::tempdir().expect("a folder");
        write_folder(place.path(), &llama_config(), LLAMA, dtype);
        let mut files = open(place.path());
        assert_eq!(files.stored_as, name);
        has_its_weights(&mut files, LLAMA);
    }
}

#[test]
fn shards_are_one_model_with_an_identity_of_its_own() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    write_folder(folder, &llama_config(), &LLAMA[..6], DType::F32);
    let path = |name: &str| folder.join(name);
    std::fs::rename(path("model.safetensors"), path("model-1.safetensors")).expect("renamed");
    write_folder(folder, &llama_config(), &LLAMA[6..], DType::F32);
    std::fs::rename(path("model.safetensors"), path("model-2.safetensors")).expect("renamed");
    let shard = |k: usize| format!("model-{}.safetensors", if k < 6 { 1 } else { 2 });
    let map: serde_json::Map<_, _> =
        LLAMA.iter().enumerate().map(|(k, w)| (w.0.to_owned(), shard(k).into())).collect();
    let index = json!({ "weight_map": map }).to_string();
    std::fs::write(path("model.safetensors.index.json"), index).expect("written");
    let mut files = open(folder);
    has_its_weights(&mut files, LLAMA);
    assert_eq!(files.weight_files.len(), 2);
    let identity = files.identity().expect("a hash");
    let mut bytes = std::fs::read(path("model-2.safetensors")).expect("read");
    *bytes.last_mut().expect("a byte") ^= 1;
    std::fs::write(path("model-2.safetensors"), bytes).expect("written");
    assert_ne!(open(folder).identity().expect("a hash"), identity);
}

/// Llama 3.1's factors by transformers' formula: 8 at wavelengths above 8192, 1 below 2048. Of the base
/// 4,000,000 and width 4 the frequencies are 1 and 1/2000, a wavelength of 12,566.
#[test]
fn the_scaling_of_llama_3_is_read_off_its_factors() {
    let mut config = llama_config();
    config["rope_theta"] = json!(4e6);
    config["rope_scaling"] = json!({ "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 8192 });
    let mut keys = llama_metadata();
    keys.last_mut().expect("rope.freq_base").1 = Value::F32(4e6);
    let place = tempfile::tempdir().expect("a folder");
    let (folder, file) = (place.path().join("hf"), place.path().join("model.gguf"));
    write_folder(&folder, &config, LLAMA, DType::F32);
    let write = |factors: [f32; 2]| {
        let tensor = Tensor::from_slice(&factors, &[2], &Device::Cpu).expect("a tensor");
        write_gguf_with(&file, &keys, LLAMA, Some(("rope_freqs.weight", tensor)));
    };
    let scaling = RopeScaling::Llama3 {
        factor: 8.0,
        low_frequency_factor: 1.0,
        high_frequency_factor: 4.0,
        original_context: 8192,
    };
    write([1.0, 8.0]);
    for found in [open(&folder), open(&file)] {
        let wanted = Positions::Rotary { theta: 4e6, width: 4, scaling };
        assert_eq!(found.config.positions, wanted);
    }
    write([2.0, 8.0]);
    let error = ModelFiles::open(&file).err().expect("other factors").to_string();
    assert!(error.contains("`rope_freqs.weight` scales frequencies"), "{error}");
}

#[test]
fn transformers_5_writes_its_rope_parameters_in_one_object() {
    let place = tempfile::tempdir().expect("a folder");
    let mut config = llama_config();
    config.as_object_mut().expect("an object").remove("rope_theta");
    config["rope_parameters"] =
        json!({ "rope_type": "linear", "factor": 4.0, "rope_theta": 700.0 });
    write_folder(place.path(), &config, LLAMA, DType::F32);
    let scaling = RopeScaling::Linear { factor: 4.0 };
    let wanted = Positions::Rotary { theta: 700.0, width: 4, scaling };
    assert_eq!(open(place.path()).config.positions, wanted);
}

#[test]
fn end_tokens_come_from_the_generation_config_then_the_config_then_the_tokenizer() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let mut config = llama_config();
    write_folder(folder, &config, LLAMA, DType::F32);
    let ends = || open(folder).config.end_tokens;
    let generation = folder.join("generation_config.json");
    std::fs::write(&generation, r#"{"eos_token_id": [0, 5, 1]}"#).expect("written");
    assert_eq!(ends(), [1, 0, 5], "the tokenizer's own end stands first");
    std::fs::remove_file(&generation).expect("removed");
    assert_eq!(ends(), [0]);
    config.as_object_mut().expect("an object").remove("eos_token_id");
    std::fs::write(folder.join("config.json"), config.to_string()).expect("written");
    assert_eq!(ends(), [1]);
    std::fs::write(folder.join("tokenizer_config.json"), "{}").expect("written");
    assert_eq!(ends(), [0; 0]);
    let error = open(folder).require_end_token().expect_err("none").to_string();
    assert!(error.contains("a tokenizer without an end token"), "{error}");
}

#[test]
fn a_template_beside_the_tokenizer_comes_first() {
    let place = tempfile::tempdir().expect("a folder");
    write_folder(place.path(), &llama_config(), LLAMA, DType::F32);
    let template = "{{ bos_token }}{{ messages[0].content.strip() }}{{ eos_token }}";
    std::fs::write(place.path().join("chat_template.jinja"), template).expect("written");
    let files = open(place.path());
    let messages = [Message { role: "user".to_owned(), content: " the ".to_owned() }];
    let template = files.chat_template.as_ref().expect("a template");
    assert_eq!(template.render(&messages).expect("a text"), "<|start|>the<|end|>");
    let ids = Prompt::Chat(messages.to_vec()).tokens(Some(template), &files.tokenizer);
    assert_eq!(ids.expect("tokens"), [0, 259, 1]);
}

#[test]
fn a_model_without_a_template_takes_plain_text_after_its_first_token() {
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("model.gguf");
    let mut keys = llama_metadata();
    keys.retain(|(key, _)| key != "tokenizer.chat_template");
    keys.push(("tokenizer.ggml.add_bos_token".to_owned(), Value::Bool(true)));
    keys.push(("tokenizer.ggml.add_space_prefix".to_owned(), Value::Bool(true)));
    write_gguf(&file, &keys, LLAMA);
    let mut file = open(&file);
    let written = exported(&mut file, &place.path().join("written"));
    let text = Prompt::Text("the".to_owned());
    // `<|start|>`, then `Ġt`, `h`, `e`: the space before is added, and `t h` merges before `Ġ t`, so
    // that ` the` is `Ġ`, `the`.
    for files in [file, written] {
        assert!(files.chat_template.is_none());
        assert_eq!(text.tokens(None, &files.tokenizer).expect("tokens"), [0, 2 + 32, 259]);
    }
}

#[test]
fn streamed_text_holds_a_character_back_until_it_is_whole() {
    let place = tempfile::tempdir().expect("a folder");
    write_folder(place.path(), &llama_config(), LLAMA, DType::F32);
    let tokenizer = open(place.path()).tokenizer;
    let ids = tokenizer.encode("é日x").expect("tokens");
    assert_eq!(ids.len(), 2 + 3 + 1);
    let mut stream = tokenizer.stream(Special::Hidden);
    let pieces: Vec<String> = ids.iter().map(|id| stream.push(*id).expect("text")).collect();
    assert_eq!(pieces, ["", "é", "", "", "日", "x"]);
    assert_eq!(stream.finish().expect("text"), "");
    let mut stream = tokenizer.stream(Special::Hidden);
    assert_eq!(stream.push(ids[0]).expect("text"), "");
    assert_eq!(stream.finish().expect("text"), "\u{fffd}");
}

/// A trainer left a truncation to two tokens and a padding to nine in the file: neither is used, and what is
/// written has none.
#[test]
fn a_stored_truncation_or_padding_changes_no_text() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("model");
    write_folder(&folder, &llama_config(), LLAMA, DType::F32);
    let plain = open(&folder).tokenizer;
    let path = folder.join("tokenizer.json");
    let read = |path: &Path| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(path).expect("read")).expect("JSON")
    };
    let mut stored = read(&path);
    stored["truncation"] = json!({ "direction": "Right", "max_length": 2,
        "strategy": "LongestFirst", "stride": 0 });
    stored["padding"] = json!({ "strategy": { "Fixed": 9 }, "direction": "Right",
        "pad_to_multiple_of": null, "pad_id": 1, "pad_type_id": 0, "pad_token": "<|end|>" });
    std::fs::write(&path, stored.to_string()).expect("written");
    let mut files = open(&folder);
    let written = exported(&mut files, &place.path().join("written"));
    for text in ["x", "the 12 things are long"] {
        let wanted = plain.encode(text).expect("tokens");
        for tokenizer in [&files.tokenizer, &written.tokenizer] {
            assert_eq!(tokenizer.encode(text).expect("tokens"), wanted, "{text}");
            assert_eq!(tokenizer.encode_beginning(text).expect("tokens"), wanted, "{text}");
            assert_eq!(tokenizer.to_json().expect("JSON"), plain.to_json().expect("JSON"));
        }
    }
    let written = read(&place.path().join("written/tokenizer.json"));
    assert!(written["truncation"].is_null() && written["padding"].is_null());
}

/// transformers reads a score at the last token that is not the pad token: of a response that ends with an end token,
/// filled up or not, that is the end token. A language model keeps its pad token.
#[test]
fn an_exported_reward_model_is_read_at_its_end_token() {
    for (ends, own, pad) in
        [(json!(1), json!(1), 0), (json!([0, 1]), json!(1), 2), (json!(1), json!(7), 7)]
    {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("model");
        let mut config = llama_config();
        config["pad_token_id"] = own.clone();
        write_folder(&folder, &config, LLAMA, DType::F32);
        let generation = json!({ "eos_token_id": ends }).to_string();
        std::fs::write(folder.join("generation_config.json"), generation).expect("written");
        let mut files = open(&folder);
        let end = files.require_end_token().expect("an end token");
        let read = |name: &str, file: &str| -> serde_json::Value {
            let path = place.path().join(name).join(file);
            serde_json::from_slice(&std::fs::read(path).expect("read")).expect("JSON")
        };
        exported(&mut files, &place.path().join("plain"));
        assert_eq!(read("plain", "config.json")["pad_token_id"], own);
        assert!(read("plain", "tokenizer_config.json")["pad_token"].is_null());
        let engine = Engine::host(Kernels::Fused, Threads::One);
        let config = files.config.clone();
        let decoder = Decoder::load(config, engine, &mut *files.weights, Training::Frozen);
        let mut decoder = decoder.expect("a decoder");
        decoder.add_readout(vec![1.0; decoder.config().width], Training::Frozen);
        decoder.export(&files, &place.path().join("judge")).expect("written");
        assert_eq!(read("judge", "config.json")["pad_token_id"], json!(pad));
        let name = files.tokenizer.spelled(pad).expect("a token");
        assert_eq!(read("judge", "tokenizer_config.json")["pad_token"], json!(name));
        for filled in [vec![5, 9, end], vec![5, 9, end, pad, pad]] {
            assert_eq!(filled.iter().rposition(|token| *token != pad), Some(2));
        }
    }
}
