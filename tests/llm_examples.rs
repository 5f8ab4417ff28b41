//! Rows of data files as a model reads them: where responses end, what fits a context, and the system message.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
mod llm_fixture;

use candle_core::DType;
use command::{modeseek, run};
use llm_fixture::{LLAMA, llama_config, write_folder, write_small_model};
use modeseek::learner::{Example, ExampleFile};
use modeseek::llm::{
    Engine, Examples, Kernels, LlmError, ModelFiles, Prompt, ReferenceCache, Tokens,
};
use modeseek::numerics::Threads;
use modeseek::problem::{EmptyResponses, ExampleKind};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The end token of the tiny model, and what it reads at most.
const END: u32 = 1;
const CONTEXT: usize = 32;

fn model(place: &Path) -> ModelFiles {
    write_folder(&place.join("model"), &llama_config(), LLAMA, DType::F32);
    ModelFiles::open(&place.join("model")).expect("a model")
}

/// What is read of rows, all of them trained on.
fn read(
    files: &ModelFiles,
    (kind, max_response_tokens): (ExampleKind, Option<usize>),
    rows: &[Value],
) -> Result<Examples, LlmError> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(file.path(), lines).expect("written");
    let prompts: Vec<Prompt> = rows
        .iter()
        .map(|row| Prompt::Text(row["prompt"].as_str().expect("a text").to_owned()))
        .collect();
    let tokens = |p: &Prompt| p.tokens(files.chat_template.as_ref(), &files.tokenizer);
    let tokens: Vec<Tokens> = prompts.iter().map(|p| tokens(p).expect("tokens").into()).collect();
    let (jsonl, empty) = (Some(file.path()), EmptyResponses::Refuse);
    let file = ExampleFile { kind, jsonl, empty, max_response_tokens };
    Examples::read(&file, ((&prompts, &tokens), (&[], &[])), files)
}

const COMPARED: (ExampleKind, Option<usize>) = (ExampleKind::Comparison, None);

/// Whether each response of an example ends with the end token.
fn closed(example: &Example<Tokens>) -> Vec<bool> {
    let responses = std::iter::once(&example.chosen).chain(&example.rejected);
    responses.map(|y| y.last() == Some(&END)).collect()
}

#[test]
fn no_end_is_learned_after_a_response_that_was_cut() {
    let place = tempfile::tempdir().expect("a folder");
    let files = model(place.path());
    let row = |marks: Value| {
        let mut row = json!({ "prompt": "x", "chosen": "ab", "rejected": "c" });
        row.as_object_mut().expect("a row").extend(marks.as_object().expect("marks").clone());
        row
    };
    for (marks, wanted) in [
        (json!({}), [true, true]),
        (json!({ "chosen_cut": false, "rejected_cut": null }), [true, true]),
        (json!({ "chosen_cut": true }), [false, true]),
        (json!({ "rejected_cut": true }), [true, false]),
        (json!({ "chosen_cut": true, "rejected_cut": true }), [false, false]),
    ] {
        let found = read(&files, COMPARED, &[row(marks.clone())]).expect("read").train;
        assert_eq!(closed(&found[0]), wanted, "{marks}");
        let said = files.tokenizer.encode("ab").expect("tokens");
        assert_eq!(found[0].chosen[..said.len()], said, "{marks}");
    }
    let kind = (ExampleKind::Demonstration, None);
    for (name, is_cut) in [("completion", true), ("response", true), ("response", false)] {
        let row = json!({ "prompt": "x", name: "ab", format!("{name}_cut"): is_cut });
        let found = read(&files, kind, &[row]).expect("read").train;
        assert_eq!(closed(&found[0]), [!is_cut], "{name}");
    }
    let error = read(&files, COMPARED, &[row(json!({ "chosen_cut": 1 }))]).expect_err("no flag");
    assert!(error.to_string().contains("line 1: its `chosen_cut` is 1, neither true"), "{error}");
}

/// The template writes 19 tokens around a prompt: both rows have 32 tokens, the longest prompt with the longest
/// response would have 39.
#[test]
fn each_row_is_held_against_the_context_with_its_own_responses() {
    let place = tempfile::tempdir().expect("a folder");
    let files = model(place.path());
    let row = |prompt: usize, chosen: usize| json!({ "prompt": "x".repeat(prompt), "chosen": "y".repeat(chosen), "rejected": "z" });
    let rows = [row(1, CONTEXT - 20 - 1), row(8, CONTEXT - 27 - 1)];
    let examples = read(&files, COMPARED, &rows).expect("they fit");
    let prompts: Vec<Tokens> = [20, 27].map(|n| vec![0; n].into()).to_vec();
    // Of both responses: 20 + 12 + 2 and 27 + 5 + 2.
    assert_eq!(examples.longest(&prompts, &[]), (CONTEXT, CONTEXT + 2));
    let longer = [row(1, 2), row(8, CONTEXT - 27)];
    let error = read(&files, COMPARED, &longer).expect_err("too long").to_string();
    assert!(error.contains(":2: its prompt has 27 tokens and its longest response 6"), "{error}");
    let remedy =
        "shorten it, set data.preferences.max_response_tokens to at most 5, or take a model";
    assert!(error.contains(remedy), "{error}");
    read(&files, (ExampleKind::Comparison, Some(5)), &longer).expect("the remedy holds");
    let error = read(&files, COMPARED, &[row(13, 1)]).expect_err("no room").to_string();
    assert!(error.contains("help: shorten it, or take a model with a longer context"), "{error}");
}

const SCENARIO: &str = r#"id = "tiny"
title = "A tiny model"
[problem.prompts]
test = 1
[policy.language-model]
model = "model"
max_new_tokens = 8
[policy.language-model.lora]
rank = 2
[schedule]
data = "offline"
samples_per_round = 4
responses_per_prompt = 2
minibatch = 4
steps = 1
[data.preferences]
jsonl = "pairs.jsonl"
[measure]
every = 1
metrics = ["loss"]
[optimizer.adam]
learning_rate = 0.05
[seeds]
count = 1
[[method]]
name = "dpo"
objective.dpo = { beta = 0.5 }
"#;

/// What a run refuses, `check` and `data check` foresee; prompts that are not answered need no room for an answer.
#[test]
fn what_does_not_fit_is_foreseen() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    write_small_model(&place.join("model"));
    fs::write(place.join("tiny.toml"), SCENARIO).expect("written");
    let write = |longest: usize| {
        let row = |prompt: &str, y: usize| {
            let row = json!({ "prompt": prompt, "chosen": "y".repeat(y), "rejected": "z" });
            format!("{row}\n")
        };
        let rows = [row("x", 11), row("xxxxxxxx", longest), row("th", 2)];
        fs::write(place.join("pairs.jsonl"), rows.concat()).expect("written");
    };
    let checked = ["data", "check", "pairs.jsonl", "--model", "model"];
    write(4);
    run(place, &checked);
    run(place, &["check", "tiny.toml"]);
    run(place, &["run", "tiny.toml"]);
    write(5);
    for (asked, fault) in [
        (&checked[..], "1 line cannot be used"),
        (&["check", "tiny.toml"], "pairs.jsonl:2: its prompt has 27 tokens"),
        (&["run", "tiny.toml"], "pairs.jsonl:2: its prompt has 27 tokens"),
    ] {
        let output = modeseek(place, asked);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(fault), "{said}");
    }
}

/// Tables with a column for every shape of a row leave those of other shapes null.
#[test]
fn null_columns_are_absent() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    write_small_model(&place.join("model"));
    let asked = json!([{ "role": "user", "content": "x" }]);
    let said = json!([{ "role": "user", "content": "x" }, { "role": "assistant", "content": "y" }]);
    let rows = [
        json!({ "prompt": null, "messages": said, "completion": null, "chosen": null }),
        json!({ "prompt": "x", "messages": null, "completion": "y", "label": null }),
        json!({ "prompt": null, "messages": asked, "response": "y", "rejected": null }),
    ];
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(place.join("texts.jsonl"), lines).expect("written");
    let told = run(place, &["data", "check", "texts.jsonl"]);
    assert!(told.contains("3 rows that can be used, demonstrations"), "{told}");
    fs::write(place.join("rows.jsonl"), format!("{}\n", rows[2])).expect("written");
    run(place, &["llm", "score", "rows.jsonl", "--model", "model"]);
}

/// Scores of a row that was cut are those of the whole one without its last token; a system message is that of the
/// row, where it has one.
#[test]
fn scores_know_cut_responses_and_the_system_message() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    let mut config = llama_config();
    config["max_position_embeddings"] = json!(64);
    write_folder(&place.join("model"), &config, LLAMA, DType::F32);
    let files = ModelFiles::open(&place.join("model")).expect("a model");
    let said = |system: &str| json!([{ "role": "system", "content": system }, { "role": "user", "content": "x" }]);
    let rows = [
        json!({ "prompt": "x", "response": "yz" }),
        json!({ "prompt": "x", "response": "yz", "response_cut": true }),
        json!({ "prompt": said("b"), "response": "y" }),
    ];
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(place.join("rows.jsonl"), lines).expect("written");
    let scored = |more: &[&str]| -> Vec<Value> {
        let asked = ["llm", "score", "rows.jsonl", "--model", "model"];
        let text = run(place, &[&asked[..], more].concat());
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let plain = scored(&[]);
    let ids = |row: &Value| row["response_ids"].as_array().expect("ids").len();
    assert_eq!((ids(&plain[0]), ids(&plain[1])), (3, 2));
    let log_probs = |row: &Value| row["token_log_probs"].as_array().expect("numbers").clone();
    assert_eq!(log_probs(&plain[0])[..2], log_probs(&plain[1])[..]);
    let told = scored(&["--system", "a"]);
    let tokens = |messages: Value| {
        let prompt: Prompt = serde_json::from_value(messages).expect("a prompt");
        json!(prompt.tokens(files.chat_template.as_ref(), &files.tokenizer).expect("tokens"))
    };
    assert_eq!(told[0]["prompt_ids"], tokens(said("a")));
    assert_eq!(told[2]["prompt_ids"], tokens(said("b")));
    assert_eq!(told[0]["prompt"], "x", "rows are written as they were");
}

/// Of one row the numbers are kept for one configuration of the weights.
#[test]
fn what_the_reference_read_is_kept_for_its_configuration() {
    let place = tempfile::tempdir().expect("a folder");
    let engine = Engine::host(Kernels::Fused, Threads::One);
    let mut computed = 0;
    for (theta, epsilon) in [(500.0, 1e-5), (500.0, 1e-5), (700.0, 1e-5), (500.0, 1e-6)] {
        let mut config = llama_config();
        config["rope_theta"] = json!(theta);
        config["rms_norm_eps"] = json!(epsilon);
        write_folder(&place.path().join("model"), &config, LLAMA, DType::F32);
        let files = ModelFiles::open(&place.path().join("model")).expect("a model");
        let cache = ReferenceCache::new(place.path(), &files, &engine).expect("a cache");
        let row: (&Tokens, &[Tokens]) = (&[3].into(), &[[4, 5].into()]);
        let found = cache.get(row, || {
            computed += 1;
            Ok::<_, LlmError>(vec![-1.0])
        });
        assert_eq!(found.expect("numbers"), [-1.0]);
    }
    assert_eq!(computed, 3, "the second time it was there");
}
