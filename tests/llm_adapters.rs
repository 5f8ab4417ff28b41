//! Adapters in PEFT's files, and models merged with them.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
#[path = "llm_support/golden.rs"]
mod golden;
mod llm_fixture;

use candle_core::DType;
use command::modeseek;
use golden::{Golden, formula};
use modeseek::llm::{
    Architecture, Config, Decoder, Engine, Kernels, LoraSpec, ModelFiles, Packed, Sequences,
    Training, joint, weights_of,
};
use modeseek::numerics::Threads;
use modeseek::stream::Streams;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every family, with and without a shared head, with every scaling.
const MODELS: [&str; 8] = [
    "llama",
    "llama-tied",
    "llama-rope-llama3",
    "llama-rope-linear",
    "qwen2",
    "qwen3",
    "gpt-neox-parallel",
    "gpt-neox-sequential",
];
/// Errors of single precision (nats).
const LOG_PROB: f32 = 2e-5;

type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;

fn write_tensors(path: &Path, tensors: &Tensors) {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, value)| value.iter().flat_map(|x| x.to_le_bytes()).collect())
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor");
        (name.clone(), view)
    });
    safetensors::serialize_to_file(views, None, path).expect("written");
}

fn decoder(config: Config) -> Decoder {
    let engine = Engine::host(Kernels::Fused, Threads::One);
    Decoder::load(config, engine, &mut golden::Formula, Training::Frozen).expect("a decoder")
}

/// Adapters on attention and on the network, of another alpha than rank, with B as the formula has it.
fn adapted(name: &str) -> Decoder {
    let config = Golden::read().decoders[name].config(name);
    let targets: &[&str] = match config.architecture {
        Architecture::GptNeoX => &["query_key_value", "dense_4h_to_h"],
        _ => &["q_proj", "v_proj", "down_proj"],
    };
    let targets = targets.iter().map(|target| (*target).to_owned()).collect();
    let mut decoder = decoder(config);
    let spec = LoraSpec { rank: 3, alpha: 7.5, targets };
    decoder.add_adapters(&spec, Streams::new(1)).expect("adapters");
    for weight in decoder.weights_mut().into_iter().filter(|w| w.name.contains("lora_B")) {
        let weight = Arc::get_mut(weight).expect("no pass is under way");
        let numbers = formula(&weight.name, &weight.shape);
        weight.parts_mut().0.copy_from_slice(&numbers);
    }
    decoder
}

/// Twelve tokens as a prompt of three and a response.
fn log_probs(decoder: &Decoder) -> Vec<f32> {
    let tokens = [5, 9, 33, 4, 8, 15, 16, 23, 42, 1, 60, 7];
    let mut batch = Sequences::default();
    batch.push(tokens[..3].into(), [tokens[3..].into()]);
    decoder.log_probs(&Packed::new(&batch, 0..1)).expect("log-probabilities")
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn adapters_come_back_bit_by_bit() {
    for name in MODELS {
        let place = tempfile::tempdir().expect("a folder");
        let written = adapted(name);
        for _ in 0..2 {
            written.save_adapters(place.path(), "some/model").expect("saved, and replaced");
        }
        let mut read = decoder(written.config().clone());
        let before = log_probs(&read);
        read.load_adapters(place.path()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let numbers = |decoder: &Decoder| -> Vec<(String, Vec<f32>)> {
            decoder.weights().iter().map(|w| (w.name.clone(), w.value.clone())).collect()
        };
        assert!(numbers(&read) == numbers(&written), "{name}");
        assert_eq!(log_probs(&read), log_probs(&written), "{name}");
        assert!(largest_difference(&before, &log_probs(&read)) > 0.01, "{name}: they do something");
        let config =
            fs::read_to_string(place.path().join("adapter_config.json")).expect("settings");
        let config: Value = serde_json::from_str(&config).expect("JSON");
        assert_eq!((&config["r"], &config["lora_alpha"]), (&json!(3), &json!(7.5)));
        assert_eq!(config["base_model_name_or_path"], "some/model");
        assert_eq!(
            fs::read_dir(place.path()).expect("a folder").count(),
            2,
            "nothing half-written"
        );
    }
}

/// Files as PEFT 0.21.2 writes them, with the numbers that it computes with them (alpha 8, rank 3).
#[test]
fn an_adapter_of_peft_gives_pefts_numbers() {
    let golden = Golden::read();
    let config = golden.decoders["llama"].config("llama");
    let place = tempfile::tempdir().expect("a folder");
    let settings = golden.lora.config.to_string();
    fs::write(place.path().join("adapter_config.json"), settings).expect("written");
    let mut tensors = Tensors::new();
    for layer in 0..config.layers {
        for (module, out) in [("q_proj", 32), ("v_proj", 16)] {
            let module = format!("base_model.model.model.layers.{layer}.self_attn.{module}");
            for (matrix, shape) in [("A", [3, 32]), ("B", [out, 3])] {
                let name = format!("{module}.lora_{matrix}.weight");
                let numbers = formula(&name, &shape);
                tensors.push((name, shape.to_vec(), numbers));
            }
        }
    }
    write_tensors(&place.path().join("adapter_model.safetensors"), &tensors);
    let mut decoder = decoder(config);
    decoder.load_adapters(place.path()).unwrap_or_else(|error| panic!("{error}"));
    for sequence in &golden.lora.sequences {
        let mut batch = Sequences::default();
        batch.push(sequence.tokens[..1].into(), [sequence.tokens[1..].into()]);
        let found = decoder.log_probs(&Packed::new(&batch, 0..1)).expect("log-probabilities");
        let wanted: Vec<f32> = sequence.log_probs.iter().map(|lp| *lp as f32).collect();
        assert!(largest_difference(&found, &wanted) < LOG_PROB, "{found:?} {wanted:?}");
    }
}

/// GPT-NeoX's files keep queries, keys and values head by head, and so B of adapters on them.
#[test]
fn joint_matrices_of_adapters_stand_head_by_head_in_files() {
    let decoder = adapted("gpt-neox-parallel");
    let place = tempfile::tempdir().expect("a folder");
    decoder.save_adapters(place.path(), "").expect("saved");
    let bytes = fs::read(place.path().join("adapter_model.safetensors")).expect("read");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let name = "base_model.model.gpt_neox.layers.1.attention.query_key_value.lora_B.weight";
    let stored = file.tensor(name).expect("a tensor").data().to_vec();
    let stored: Vec<f32> =
        stored.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let own = formula(name, &[96, 3]);
    assert_eq!(stored, joint::reordered(decoder.config(), &own, joint::Order::ByHead));
    assert_ne!(stored, own);
}

/// The message to an adapter that was spoilt.
fn refusal(spoil: impl FnOnce(&mut Value, &mut Tensors)) -> String {
    let place = tempfile::tempdir().expect("a folder");
    let written = adapted("llama");
    written.save_adapters(place.path(), "some/model").expect("saved");
    let path = place.path().join("adapter_config.json");
    let text = fs::read_to_string(&path).expect("settings");
    let mut settings: Value = serde_json::from_str(&text).expect("JSON");
    let adapters = written.weights().into_iter().filter(|w| w.name.contains("lora_"));
    let mut tensors =
        adapters.map(|w| (w.name.clone(), w.shape.clone(), w.value.clone())).collect();
    spoil(&mut settings, &mut tensors);
    fs::write(&path, settings.to_string()).expect("written");
    write_tensors(&place.path().join("adapter_model.safetensors"), &tensors);
    let error = decoder(written.config().clone()).load_adapters(place.path());
    error.expect_err("refused").to_string()
}

#[test]
fn adapters_that_do_not_fit_are_refused_with_a_remedy() {
    let set = |key: &str, value: Value| refusal(|settings, _| settings[key] = value);
    for (error, said) in [
        (set("use_dora", json!(true)), "`use_dora` is true: such adapters are not computed here"),
        (set("use_rslora", json!(true)), "merge_and_unload()"),
        (set("rank_pattern", json!({ "q_proj": 4 })), "`rank_pattern` is {\"q_proj\":4}"),
        (set("modules_to_save", json!(["lm_head"])), "`modules_to_save` is [\"lm_head\"]"),
        (set("bias", json!("all")), "`bias` is `all`"),
        (set("init_lora_weights", json!("pissa")), "`init_lora_weights` is `pissa`"),
        (set("target_modules", json!(".*_proj")), "`target_modules` is the expression `.*_proj`"),
        (set("target_modules", json!(["q_prj"])), "did you mean `q_proj`?"),
        (
            set("target_modules", json!(["q_proj", "v_proj"])),
            "down_proj.lora_A.weight` belongs to no",
        ),
        (set("task_type", json!("SEQ_CLS")), "`modules_to_save` is null"),
        (set("modules_to_save", json!(["score"])), "`modules_to_save` is [\"score\"]"),
        (set("task_type", json!("TOKEN_CLS")), "task_type `TOKEN_CLS` is unknown"),
        (set("peft_type", json!("LOHA")), "peft_type `LOHA` is unknown"),
        (set("r", json!(4)), "has shape [3, 48]\n  allowed: shape [4, 48]"),
        (set("r", json!(0)), "a LoRA of rank 0"),
        (refusal(|_, tensors| drop(tensors.pop())), "use the adapter with the model that it was"),
        (
            refusal(|_, tensors| tensors[0].0 += "s"),
            "is missing\n  allowed: near names in the file",
        ),
    ] {
        assert!(error.contains(said) && error.contains("help: "), "{error}");
    }
    let nothing = tempfile::tempdir().expect("a folder");
    let config = Golden::read().decoders["llama"].config("llama");
    let error = decoder(config.clone()).load_adapters(nothing.path()).expect_err("refused");
    assert!(error.to_string().contains("adapter_config.json: there is no such file"), "{error}");
    let error = decoder(config).save_adapters(nothing.path(), "").expect_err("refused");
    assert!(error.to_string().contains("there are no adapters"), "{error}");
}

/// A folder of a golden model with 262 tokens, those of the fixture's tokenizer.
fn folder(place: &Path, name: &str) -> PathBuf {
    let folder = place.join("base");
    let mut config = Golden::read().decoders[name].config.clone();
    config["vocab_size"] = json!(262);
    config["torch_dtype"] = json!("bfloat16");
    llm_fixture::write_folder(&folder, &config, &[], DType::F32);
    let config = Config::read(&folder.join("config.json")).expect("a configuration");
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let numbers = formula(&name, &shape);
        (name, shape, numbers)
    };
    let tensors = weights_of(&config).into_iter().map(tensor).collect();
    write_tensors(&folder.join("model.safetensors"), &tensors);
    folder
}

fn load(path: &Path) -> (ModelFiles, Decoder) {
    let mut files = ModelFiles::open(path).unwrap_or_else(|error| panic!("{error}"));
    let engine = Engine::host(Kernels::Fused, Threads::One);
    let (config, weights) = (files.config.clone(), &mut *files.weights);
    let decoder = Decoder::load(config, engine, weights, Training::Frozen).expect("a decoder");
    (files, decoder)
}

#[test]
fn a_merged_model_is_the_model_with_its_adapter() {
    for name in MODELS {
        let place = tempfile::tempdir().expect("a folder");
        let base = folder(place.path(), name);
        adapted(name).save_adapters(&place.path().join("adapter"), "base").expect("saved");
        let (files, mut unmerged) = load(&base);
        unmerged.load_adapters(&place.path().join("adapter")).expect("loaded");
        let arguments = ["llm", "merge", "--model", "base", "--adapter", "adapter", "--out", "new"];
        let output = modeseek(place.path(), &arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{name}: {said}");
        let (found, merged) = load(&place.path().join("new"));
        assert_eq!(found.config, files.config, "{name}");
        assert_eq!(found.stored_as, "F32");
        let difference = largest_difference(&log_probs(&unmerged), &log_probs(&merged));
        assert!(difference < LOG_PROB, "{name}: {difference}");
        let read = |folder: &str, file: &str| fs::read(place.path().join(folder).join(file));
        for file in ["tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
            let (copy, own) =
                (read("new", file).expect("copied"), read("base", file).expect("own"));
            assert!(copy == own, "{name}: {file}");
        }
        let config = String::from_utf8(read("new", "config.json").expect("copied")).expect("text");
        assert!(config.contains("\"torch_dtype\": \"float32\""), "{config}");
        assert_eq!(
            fs::read_dir(place.path()).expect("a folder").count(),
            3,
            "nothing half-written"
        );
        let again = modeseek(place.path(), &arguments);
        assert_eq!(again.status.code(), Some(2));
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(said.contains("new: there is something at this place"), "{said}");
    }
}

/// transformers 5 may write GPT-NeoX's head as `lm_head.weight`.
#[test]
fn the_head_of_gpt_neox_has_two_names() {
    let place = tempfile::tempdir().expect("a folder");
    let base = folder(place.path(), "gpt-neox-parallel");
    let published = log_probs(&load(&base).1);
    let config = Config::read(&base.join("config.json")).expect("a configuration");
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let numbers = formula(&name, &shape);
        (name.replace("embed_out", "lm_head"), shape, numbers)
    };
    let tensors = weights_of(&config).into_iter().map(tensor).collect();
    write_tensors(&base.join("model.safetensors"), &tensors);
    assert_eq!(log_probs(&load(&base).1), published);
}
