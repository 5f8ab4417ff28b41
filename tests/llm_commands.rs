//! `modeseek llm score` and `generate` on a tiny model, with and without an adapter.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
mod llm_fixture;

use candle_core::DType;
use command::modeseek;
use llm_fixture::{LLAMA, llama_config, write_folder};
use modeseek::learner::Stop;
use modeseek::llm::{
    Decoder, Engine, Kernels, LanguagePlace, LanguageRun, LoraSpec, ModelFiles, Packed, Sequences,
    Training,
};
use modeseek::numerics::Threads;
use modeseek::stream::Streams;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

const ROWS: [&str; 3] = [
    r#"{"id": 7, "prompt": "the", "response": "12 th", "note": "a, \"b\""}"#,
    r#"{"response":"", "messages":[{"role":"user","content":"x"}], "sum_log_prob": null}"#,
    r#"  {"prompt": "x", "response": "é", "weight": 1.50}  "#,
];

/// A folder with a model, an adapter on its queries, and rows; the decoder with the adapter.
fn place() -> (tempfile::TempDir, ModelFiles, Decoder) {
    let place = tempfile::tempdir().expect("a folder");
    write_folder(&place.path().join("model"), &llama_config(), LLAMA, DType::F32);
    fs::write(place.path().join("rows.jsonl"), ROWS.join("\n\n")).expect("written");
    let mut files = ModelFiles::open(&place.path().join("model")).expect("a model");
    let engine = Engine::host(Kernels::Fused, Threads::One);
    let config = files.config.clone();
    let decoder = Decoder::load(config, engine, &mut *files.weights, Training::Frozen);
    let mut decoder = decoder.expect("a decoder");
    let spec = LoraSpec { rank: 2, alpha: 0.5, targets: vec!["v_proj".to_owned()] };
    decoder.add_adapters(&spec, Streams::new(0)).expect("adapters");
    for weight in decoder.weights_mut().into_iter().filter(|w| w.name.contains("lora_B")) {
        Arc::get_mut(weight).expect("unshared").parts_mut().0.fill(400.0);
    }
    decoder.save_adapters(&place.path().join("adapter"), "model").expect("saved");
    (place, files, decoder)
}

fn run(place: &Path, arguments: &[&str], more: &[&str]) -> (String, String) {
    let Output { status, stdout, stderr } = modeseek(place, &[arguments, more].concat());
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (out, said) = (text(stdout), text(stderr));
    assert!(status.success(), "{said}");
    (out, said)
}

#[test]
fn rows_are_written_as_they_were_with_their_scores() {
    let (place, files, decoder) = place();
    let score = ["llm", "score", "--model", "model", "rows.jsonl"];
    let (plain, said) = run(place.path(), &score, &[]);
    assert!(said.starts_with("3 rows, ") && said.contains(" tokens/s"), "{said}");
    let (with, _) = run(place.path(), &score, &["--adapter", "adapter", "--rows-at-once", "1"]);
    let (none, _) = run(place.path(), &score, &["--out", "new/scored.jsonl"]);
    assert_eq!(none, "");
    let file = fs::read_to_string(place.path().join("new/scored.jsonl")).expect("written");
    assert_eq!(file, plain);
    let lines: Vec<&str> = with.lines().collect();
    assert!(lines[0].starts_with(ROWS[0].strip_suffix('}').expect("an object")), "{}", lines[0]);
    assert!(lines[1].starts_with(r#"{"response":"", "messages":[{"role""#), "{}", lines[1]);
    assert!(lines[2].starts_with(r#"{"prompt": "x", "response": "é", "weight": 1.50, "#));
    assert_eq!(lines.len(), 3);
    for (line, unadapted) in lines.iter().zip(plain.lines()) {
        let row: Value = serde_json::from_str(line).expect("JSON");
        let numbers =
            |key: &str| -> Vec<u32> { serde_json::from_value(row[key].clone()).expect("numbers") };
        let (prompt, response) = (numbers("prompt_ids"), numbers("response_ids"));
        assert_eq!(response.last(), files.config.end_tokens.first());
        let mut batch = Sequences::default();
        batch.push(prompt.into(), [response.into()]);
        let own = decoder.log_probs(&Packed::new(&batch, 0..1)).expect("log-probabilities");
        let found: Vec<f32> = serde_json::from_value(row["token_log_probs"].clone()).expect("f32");
        assert_eq!(found.len(), own.len());
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-4 * b.abs().max(1.0);
        assert!(found.iter().zip(&own).all(near), "{found:?} {own:?}");
        let sum: f64 = own.iter().map(|lp| f64::from(*lp)).sum();
        let written = row["sum_log_prob"].as_f64().expect("a number");
        assert!((written - sum).abs() <= 1e-4 * sum.abs().max(1.0), "{written} {sum}");
        assert_ne!(line, &unadapted, "the adapter does something");
    }
}

#[test]
fn a_seed_draws_the_same_response_again() {
    let (place, ..) = place();
    let generate = ["llm", "generate", "--model", "model", "--prompt", "the", "--raw"];
    let settings = ["--max-new-tokens", "9", "--temperature", "5000"];
    let draw = |more: &[&str]| run(place.path(), &generate, &[&settings[..], more].concat());
    let (first, said) = draw(&["--seed", "3"]);
    assert!(first.ends_with('\n') && said.contains(" tokens in "), "{first} {said}");
    assert_eq!(draw(&["--seed", "3"]).0, first);
    // Nothing said, it gets what the context leaves.
    run(place.path(), &generate, &[]);
    assert_ne!(draw(&["--seed", "4"]).0, first);
    let refused = |more: &[&str]| modeseek(place.path(), &[&generate[..], more].concat()).status;
    for more in [["--system", "x"], ["--temperature", "-1"], ["--top-p", "0"], ["--top-p", "NaN"]] {
        assert_eq!(refused(&more).code(), Some(2), "{more:?}");
    }
}

/// A run of one step on the tiny model, on a machine with so many bytes of memory.
fn trained(place: &Path, policy: &str, available_memory: Option<u64>) -> Result<(), Stop> {
    fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
        toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }
    let model = place.join("model").display().to_string();
    let rows = place.join("prompts.jsonl");
    fs::write(&rows, "{\"prompt\": \"a\"}\n").expect("written");
    let run = LanguageRun {
        problem: &read(&format!(
            "[prompts]\njsonl = {rows:?}\nreward = {{ min = {{}} }}\ntest = 0"
        )),
        policy: &read(&format!(
            "[language-model]\nmodel = {model:?}\nmax_new_tokens = 4\n{policy}"
        )),
        objective: &read("[best-of-n]"),
        schedule: &read(
            "samples_per_round = 4\nresponses_per_prompt = 4\nminibatch = 4\nsteps = 1",
        ),
        data: &read("prompts = 1"),
        pairs: &read(""),
        optimizer: &read("[adam]\nlearning_rate = 0.0001"),
        measure: &read("every = 1\nstates = 2\npairs = 2"),
    };
    let engine = Engine::host(Kernels::Fused, Threads::One);
    let (models, fits) = ("models".into(), Default::default());
    let place = LanguagePlace { engine, models, fits, available_memory, shell: None };
    run.train_kept(0, &place, &mut ()).map(drop)
}

/// 0.1 GB is what the program itself takes in the estimate.
#[test]
fn a_run_that_does_not_fit_into_memory_is_refused_with_what_would() {
    let (place, ..) = place();
    for policy in ["", "lora = {}"] {
        let error =
            trained(place.path(), policy, Some(50_000_000)).expect_err("refused").to_string();
        assert!(
            error.contains("no free memory for the batch: about 0.10 GB are needed"),
            "{error}"
        );
        assert!(error.contains("allowed: 0.05 GB, which are free now"), "{error}");
        assert!(error.contains("activations = \"recomputed\", or train adapters"), "{error}");
        for available in [None, Some(200_000_000)] {
            let error = trained(place.path(), policy, available).err().map(|stop| stop.to_string());
            assert!(error.is_none_or(|error| !error.contains("memory")));
        }
    }
}
