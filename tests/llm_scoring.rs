//! Reward models: the number that the head reads, its gradient, and a model from comparisons to its use.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
#[path = "llm_support/golden.rs"]
mod golden;
#[path = "llm_support/heads.rs"]
mod heads;
mod llm_fixture;

use command::{modeseek, run};
use heads::{TOLD, are_differences, gradients, language_model, telling};
use llm_fixture::write_small_model;
use modeseek::learner::Task;
use modeseek::llm::task::{Gold, PromptsTask};
use modeseek::llm::{
    Decoder, Engine, Examples, Kernels, Output, ScoringModel, Sequences, Tokens, Training,
};
use modeseek::numerics::Threads;
use modeseek::policy::Policy;
use modeseek::problem::LengthReward;
use std::fs;
use std::path::{Path, PathBuf};

fn host() -> Engine {
    Engine::host(Kernels::Fused, Threads::One)
}

/// Three prompts with two responses each, of different lengths.
fn batch() -> Sequences {
    let mut batch = Sequences::default();
    let tokens = |list: &[&[u32]]| list.iter().map(|y| Tokens::from(*y)).collect::<Vec<_>>();
    batch.push([3, 17, 42].into(), tokens(&[&[1, 2, 3, 4], &[9]]));
    batch.push([8].into(), tokens(&[&[7, 7], &[30, 21, 4]]));
    batch.push([1; 20].into(), tokens(&[&[6, 5, 4, 3, 2], &[12, 13]]));
    batch
}

fn scoring(name: &str, kernels: Kernels) -> ScoringModel {
    telling(name, kernels, Output::Scores)
}

/// Every response of the batch with one more token.
fn continued(token: u32) -> Sequences {
    let (batch, mut longer) = (batch(), Sequences::default());
    for (p, prompt) in batch.prompts().iter().enumerate() {
        let own = &batch.responses()[batch.range(p)];
        let add = |y: &Tokens| -> Tokens { y.iter().copied().chain([token]).collect() };
        longer.push(prompt.clone(), own.iter().map(add));
    }
    longer
}

/// h·(w_a − w_b) is the difference of two logits, and so that of the log-probabilities that the language model
/// gives to a and to b after the response.
#[test]
fn a_score_is_read_off_the_last_token() {
    for name in ["llama", "gpt-neox-parallel"] {
        let scores = scoring(name, Kernels::Fused).log_probs(&batch()).expect("scores");
        assert_eq!((scores.responses(), scores.values().len()), (6, 6));
        let other = scoring(name, Kernels::Stock).log_probs(&batch()).expect("scores");
        let model = language_model(name);
        let last = TOLD.map(|token| {
            let log_pi = model.log_probs(&continued(token)).expect("log-probabilities");
            (0..6).map(|i| *log_pi.response(i).last().expect("a token")).collect::<Vec<f64>>()
        });
        for (i, (a, b)) in last[0].iter().zip(&last[1]).enumerate() {
            let wanted = a - b;
            for score in [scores.values()[i], other.values()[i]] {
                assert!((score - wanted).abs() < 2e-5, "{name}: {score} {wanted}");
            }
        }
    }
}

/// The scores are differences of log-probabilities, so that their gradients are too, but for the matrices that
/// embed and predict. The score is linear in the head: its gradient there is an exact difference.
#[test]
fn gradients_of_scores_are_those_of_the_logits_they_tell_apart() {
    let c = [0.7, -1.1, 0.4, 0.9, -0.3, 1.3];
    let name = "gpt-neox-parallel";
    let mut model = scoring(name, Kernels::Fused);
    let found = gradients(&mut model, &batch(), &c);
    are_differences(&found, &mut language_model(name), continued, &c);
    let sum = |model: &ScoringModel| {
        let scores = model.log_probs(&batch()).expect("scores");
        scores.values().iter().zip(&c).map(|(s, c)| s * c).sum::<f64>()
    };
    let before = sum(&model);
    let head = model.decoder().readout().expect("a head").value.clone();
    let step: Vec<f32> = (0..head.len()).map(|i| 0.5 * (i as f32).sin()).collect();
    let moved = head.iter().zip(&step).map(|(w, d)| w + d).collect();
    model.decoder_mut().add_readout(moved, Training::Trained);
    let gradient = &found[Decoder::READOUT];
    let wanted: f64 = gradient.iter().zip(&step).map(|(g, d)| f64::from(g * d)).sum();
    assert!((sum(&model) - before - wanted).abs() < 1e-4, "{} {wanted}", sum(&model) - before);
}

/// Methods see the proxy, data and measurements the gold reward.
#[test]
fn a_proxy_stands_before_the_true_reward() {
    let name = "llama";
    let task = PromptsTask {
        train: vec![[3].into()],
        test: Vec::new(),
        examples: Examples::default(),
        reward: Some(LengthReward::Min {}),
        gold: None,
        proxy: Some(scoring(name, Kernels::Fused)),
        reference: language_model(name),
        cache: None,
        texts: None,
    };
    let (prompt, responses): (Tokens, [Tokens; 2]) = ([3].into(), [[1, 4, 9].into(), [8].into()]);
    let scores = scoring(name, Kernels::Fused).scores(&prompt, &responses).expect("scores");
    assert_eq!(task.rewards(&prompt, &responses).expect("rewards"), scores);
    assert_eq!(task.gold_rewards(&prompt, &responses).expect("rewards"), [-3.0, -1.0]);
    assert!(task.has_reward_model());
    let gold =
        PromptsTask { gold: task.proxy.map(|own| Gold::Model(Box::new(own))), proxy: None, ..task };
    assert_eq!(gold.gold_rewards(&prompt, &responses).expect("rewards"), scores);
    assert_eq!(gold.rewards(&prompt, &responses).expect("rewards"), scores);
}

const SCENARIO: &str = r#"id = "judge"
title = "A tiny reward model"
[problem.prompts]
test = 3
[policy.reward-model]
model = "model"
[policy.reward-model.lora]
rank = 2
[schedule]
data = "offline"
samples_per_round = 12
responses_per_prompt = 2
minibatch = 12
steps = 60
[data.preferences]
jsonl = "pairs.jsonl"
[measure]
every = 20
metrics = ["accuracy", "log_loss", "calibration_error"]
[optimizer.adam]
learning_rate = 0.02
[seeds]
count = 1
[[method]]
name = "bradley-terry"
objective.dpo = { beta = 1.0 }
"#;

/// Responses with an `a` at their end are preferred to those with a `b`.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    write_small_model(&place.path().join("model"));
    let words = ["x", "12", "th", "in", "o", "u"];
    let row = |i: usize| {
        let word = words[i % words.len()];
        format!(r#"{{"prompt": "the {i}", "chosen": "{word} a", "rejected": "{word} b"}}"#) + "\n"
    };
    fs::write(place.path().join("pairs.jsonl"), (0..18).map(row).collect::<String>())
        .expect("written");
    fs::write(place.path().join("judge.toml"), SCENARIO).expect("written");
    place
}

fn trained(place: &Path, id: &str) -> PathBuf {
    let cells = fs::read_dir(place.join("runs").join(id).join("cells")).expect("cells");
    let cell = cells.flatten().next().expect("a cell").path();
    cell.strip_prefix(place).expect("below").join("0/model")
}

/// The scenario of a policy that learns on-policy, with these rewards.
fn pupil(rewards: &str) -> String {
    SCENARIO
        .replace("\"judge\"", "\"pupil\"")
        .replace("test = 3", &format!("test = 8\njsonl = \"pairs.jsonl\"\n{rewards}"))
        .replace("policy.reward-model", "policy.language-model")
        .replace("[data.preferences]\njsonl = \"pairs.jsonl\"\n", "")
        .replace("\"offline\"", "\"on-policy\"")
        .replace("model = \"model\"", "model = \"model\"\nmax_new_tokens = 4")
        .replace(
            "[\"accuracy\", \"log_loss\", \"calibration_error\"]",
            "[\"gold_reward\", \"proxy_reward\"]",
        )
        .replace("objective.dpo = { beta = 1.0 }", "objective.best-of-n = {}")
        .replace("= 12", "= 48")
        .replace("responses_per_prompt = 2", "responses_per_prompt = 4")
        .replace("0.02", "0.01")
}

/// The last value of a metric.
fn last(place: &Path, id: &str, metric: &str) -> f64 {
    let text = fs::read_to_string(place.join("runs").join(id).join("metrics.csv")).expect("there");
    let name = format!(",{metric},");
    let line = text.lines().rfind(|line| line.contains(&name)).expect(metric);
    line.rsplit(',').next().and_then(|value| value.parse().ok()).expect("a number")
}

/// Trained from comparisons, it tells unseen ones right; its folder is a PEFT adapter with a head, by which
/// responses are compared and a policy is trained, and which writes no text.
#[test]
fn a_reward_model_is_trained_kept_and_used() {
    let place = place();
    let place = place.path();
    run(place, &["run", "judge.toml"]);
    assert_eq!(last(place, "judge", "accuracy"), 1.0);
    assert!(last(place, "judge", "log_loss") < 0.3);
    let folder = trained(place, "judge");
    let written: serde_json::Value = serde_json::from_str(
        &fs::read_to_string(place.join(&folder).join("adapter_config.json")).expect("there"),
    )
    .expect("JSON");
    assert_eq!(written["task_type"], "SEQ_CLS");
    assert_eq!(written["modules_to_save"], serde_json::json!(["score"]));
    let plain = place.join("model");
    let refused = |folder: &Path| {
        let error = ScoringModel::open(folder, place, &host()).map(drop).expect_err("no head");
        assert!(
            error.to_string().contains("is no reward model; it has no `score.weight`"),
            "{error}"
        );
    };
    refused(&plain);

    let folder = folder.to_str().expect("text");
    fs::write(place.join("prompts.jsonl"), "{\"prompt\": \"the\"}\n{\"prompt\": \"x\"}\n")
        .expect("written");
    let reward = format!("model={folder}");
    let asked = ["prompts.jsonl", "--model", "model", "--max-new-tokens", "4", "--test", "0"];
    run(place, &[&["data", "build"], &asked[..], &["--out", "data", "--reward", &reward]].concat());
    let rows = fs::read_to_string(place.join("data/train.jsonl")).expect("there");
    let row: serde_json::Value =
        serde_json::from_str(rows.lines().next().expect("a row")).expect("JSON");
    assert!(row["chosen_reward"].as_f64() > row["rejected_reward"].as_f64());

    let policy = pupil(&format!("reward.min = {{}}\nproxy_model = \"{folder}\""));
    fs::write(place.join("pupil.toml"), policy).expect("written");
    run(place, &["run", "pupil.toml"]);
    // Both rewards are measured: what the method sees, and minus the tokens.
    let (proxy, gold) = (last(place, "pupil", "proxy_reward"), last(place, "pupil", "gold_reward"));
    assert!(proxy.abs() < 8.0 && (-4.0..=0.0).contains(&gold), "{proxy} {gold}");
    refused(&place.join(trained(place, "pupil")));

    let refused = modeseek(
        place,
        &[
            "llm",
            "generate",
            "--prompt",
            "the",
            "--max-new-tokens",
            "4",
            "--model",
            "model",
            "--adapter",
            folder,
        ],
    );
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("the adapter makes a reward model"), "{said}");
}

/// Trained whole, without adapters, a reward model tells unseen comparisons right and judges in the true reward's place.
#[test]
fn a_whole_reward_model_judges_what_a_policy_answers() {
    let place = place();
    let place = place.path();
    let whole = SCENARIO.replace("[policy.reward-model.lora]\nrank = 2\n", "");
    fs::write(place.join("judge.toml"), whole).expect("written");
    run(place, &["run", "judge.toml"]);
    assert_eq!(last(place, "judge", "accuracy"), 1.0);
    let folder = trained(place, "judge");
    assert!(place.join(&folder).join("model.safetensors").is_file());
    let policy = pupil(&format!("gold_model = \"{}\"", folder.display()));
    let policy = policy.replace("[\"gold_reward\", \"proxy_reward\"]", "[\"gold_reward\"]");
    fs::write(place.join("pupil.toml"), policy).expect("written");
    run(place, &["run", "pupil.toml"]);
    let kept = place.join(trained(place, "pupil")).with_file_name("completions.jsonl");
    let rows: Vec<serde_json::Value> = fs::read_to_string(kept)
        .expect("answers")
        .lines()
        .map(|row| serde_json::from_str(row).expect("JSON"))
        .collect();
    let rewards: Vec<f64> =
        rows.iter().map(|row| row["gold_reward"].as_f64().expect("a number")).collect();
    let mean = rewards.iter().sum::<f64>() / rewards.len() as f64;
    assert!((mean - last(place, "pupil", "gold_reward")).abs() < 1e-9);
    // They are its scores, not minus the tokens, which scenarios without a judge have.
    let tokens = rows.iter().map(|row| row["tokens"].as_f64().expect("a number"));
    assert!(rewards.iter().zip(tokens).any(|(reward, tokens)| *reward != -tokens));
    assert!(rewards.windows(2).any(|two| two[0] != two[1]), "{rewards:?}");
}

/// A tiny model in the place of SmolLM2: one command trains the judge and r_φ on the same rows and test prompts, and then
/// what they judge; a model that is given is not trained; failures of input come first.
#[test]
fn reward_models_that_a_scenario_awaits_are_trained_first() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    write_small_model(&place.join("models/smollm2-135m"));
    let row = |i: usize| {
        format!("{{\"prompt\": \"the {i}\", \"chosen\": \"x\", \"rejected\": \"th 12\"}}\n")
    };
    fs::write(place.join("pairs.jsonl"), (0..40).map(row).collect::<String>()).expect("written");
    let asked =
        ["reproduce", "preferences", "--quick", "--set", "data.preferences.jsonl=pairs.jsonl"];
    let short = [
        "--set",
        "data.preferences.max_response_tokens=6",
        "--set",
        "policy.language-model.max_new_tokens=6",
        "--set",
        "problem.prompts.test=4",
    ];
    let refused = modeseek(place, &["reproduce", "preferences"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("preferences: a run needs a file of comparisons"), "{said}");
    let swept = ["--set", "data.preferences.max_response_tokens=5,6"];
    let refused = modeseek(place, &[&asked[..], &short[2..], &swept].concat());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(
        said.contains("takes one model of `judges`") && said.contains("matches 2 cells"),
        "{said}"
    );

    let output = modeseek(place, &[&asked[..], &short].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let resolved = |id: &str| {
        let runs = fs::read_dir(place.join("quick/runs")).expect("runs").flatten();
        let mut of_id = runs.filter(|run| run.file_name().to_string_lossy().starts_with(id));
        let text = of_id.find_map(|run| fs::read_to_string(run.path().join("resolved.toml")).ok());
        toml::from_str::<toml::Table>(&text.expect("a finished run")).expect("TOML")
    };
    let (judges, policies) = (resolved("judges+"), resolved("preferences+"));
    let prompts = |cell: &toml::Value| cell["experiment"]["problem"]["prompts"].clone();
    for (method, key) in [("judge", "gold_model"), ("r_φ", "proxy_model")] {
        let cells = judges["cells"].as_array().expect("cells");
        let cell = cells.iter().find(|cell| cell["method"].as_str() == Some(method)).expect("one");
        let name = cell["name"].as_str().expect("a name");
        for policy in policies["cells"].as_array().expect("cells") {
            let model = prompts(policy)[key].as_str().expect("a folder").to_owned();
            assert!(model.contains(&format!("/cells/{name}/0/model")), "{key}: {model}");
            assert_eq!(prompts(policy)["test"], prompts(cell)["test"]);
        }
    }
    let drawn = |figure: &str| {
        let files = fs::read_dir(place.join("quick/figures")).expect("figures").flatten();
        files.filter(|file| file.file_name().to_string_lossy().starts_with(figure)).count()
    };
    // As SVG, PNG and CSV.
    assert_eq!([drawn("fig-judges"), drawn("fig17-smollm2")], [3, 3]);
    let page =
        fs::read_to_string(place.join("quick/figures/report-preferences.html")).expect("a page");
    let again = "modeseek reproduce judges --set data.preferences.jsonl=pairs.jsonl";
    assert!(page.contains(again), "the report names {again}");
}
