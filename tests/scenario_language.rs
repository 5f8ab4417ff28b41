//! Scenarios with language models: what they may ask for, and what is said when they may not.
//!
//! The messages stand in `tests/snapshots/scenario_language.txt`; after a wanted change, run the test
//! once with `MODESEEK_BLESS=1` and read the diff.

#[path = "support/messages.rs"]
#[allow(dead_code)] // commands have messages of their own
mod messages;

use modeseek::learner::{DataSource, Prompts};
use modeseek::problem::ProblemSpec;
use modeseek::scenario::{Scenario, Source, shipped};

const SCENARIO: &str = r#"id = "small"
title = "A small scenario"
[problem.tokens]
reward = "R1"
[policy.nano.fit]
states = 10
[schedule]
samples_per_round = 20
responses_per_prompt = 4
minibatch = 20
steps = 4
[data]
prompts = "fresh"
[measure]
metrics = ["gold_reward", "kl"]
[optimizer.adam]
learning_rate = 0.001
[[method]]
name = "best-of-n"
objective.best-of-n = {}
"#;

/// What is in the place of the tokens and GPT-nano.
const PROMPTS: &str = r#"[problem.prompts]
jsonl = "prompts.jsonl"
reward = { min = {} }
test = 1
[policy.language-model]
model = "smollm2-135m"
max_new_tokens = 8
[policy.language-model.lora]
rank = 8
"#;

/// Three rows, as users have them: a text, a chat, and a preference.
const ROWS: &str = "{\"prompt\": \"Say hello.\"}\n\
    {\"prompt\": [{\"role\": \"user\", \"content\": \"Count to 3.\"}], \"id\": 7}\n\
    {\"prompt\": \"Why?\", \"chosen\": \"So.\", \"rejected\": \"No.\"}\n";

/// Name, what is replaced, by what.
type Case = (&'static str, &'static str, &'static str);

const TOKENS: &[Case] = &[
    ("tokens on a table", "[policy.nano.fit]\nstates = 10", "[policy.tabular]"),
    ("arms for GPT-nano", "[problem.tokens]", "[problem.bumps]"),
    ("no token", "reward = \"R1\"", "reward = \"R1\"\nlength = 0"),
    ("a fit of nothing", "states = 10", "states = 0"),
    ("a fit that stands still", "states = 10", "learning_rate = 0.0"),
    ("a sum over all responses", "objective.best-of-n", "objective.forward-kl"),
    ("exact expectations", "steps = 4", "steps = 4\nexpectation = \"exact\""),
    ("an exact divergence", "\"kl\"", "\"reverse_kl_ref\""),
    ("lengths that never differ", "\"kl\"", "\"completions/mean_length\""),
    ("the whole distribution", "[optimizer", "distribution = true\n[optimizer"),
    (
        "a critic beside a baseline",
        "objective.best-of-n = {}",
        "objective.ppo = { critic = {}, baseline = \"none\" }",
    ),
    (
        "more than everything of what comes later",
        "objective.best-of-n = {}",
        "objective.ppo = { critic = { gae_lambda = 1.5 } }",
    ),
    (
        "a learned reward",
        "[optimizer",
        "[reward_model]\nclass = \"quadratic\"\npairs = 9\n[optimizer",
    ),
    ("unknown key of the fit", "states = 10", "state = 10"),
];

const FILES: &[Case] = &[
    ("no file of that name", "prompts.jsonl", "prompt.jsonl"),
    ("prompts for GPT-nano", "[policy.language-model.lora]\nrank = 8\n", "[policy.nano]\n"),
    ("no prompt left to train on", "test = 1", "test = 3"),
    ("no prompt to measure on", "test = 1", "test = 0"),
    ("more prompts than there are", "prompts = \"fresh\"", "prompts = 5"),
    ("a peak below zero", "{ min = {} }", "{ mode = { peak = -1.0 } }"),
    ("no model", "\"smollm2-135m\"", "\" \""),
    ("no new token", "max_new_tokens = 8", "max_new_tokens = 0"),
    ("temperature of zero", "max_new_tokens = 8", "temperature = 0.0"),
    ("top_p above one", "max_new_tokens = 8", "top_p = 1.5"),
    ("rank of zero", "rank = 8", "rank = 0"),
    ("no target", "rank = 8", "targets = []"),
];

/// Rows that are no prompts: name and the file's second line.
const LINES: &[(&str, &str)] = &[
    ("a broken line", "{\"prompt\": \"Say hel"),
    ("a line without a prompt", "{\"question\": \"Why?\"}"),
    ("a prompt that is a number", "{\"prompt\": 7}"),
    ("an empty prompt", "{\"prompt\": \"\"}"),
    ("a chat without a message", "{\"prompt\": []}"),
];

/// What is wrong with comparisons: replaced in [`with_comparisons`].
const COMPARISONS: &[Case] = &[
    ("comparisons of arms", "preferences.jsonl", "preferences.csv"),
    ("three responses to a comparison", "responses_per_prompt = 2", "responses_per_prompt = 4"),
    ("no reward for an objective of rewards", "objective.dpo", "objective.rwr"),
    ("no reward on-policy", "data = \"offline\"", "data = \"on-policy\""),
    ("no reward to be measured", "\"accuracy\"", "\"gold_reward\""),
    (
        "responses without a token",
        "preferences.jsonl",
        "preferences.max_response_tokens = 0\npreferences.jsonl",
    ),
];

/// What is wrong with demonstrations: replaced in [`with_demonstrations`].
const DEMONSTRATIONS: &[Case] = &[
    ("an objective that compares", "objective.sft", "objective.dpo"),
    ("two demonstrations to a prompt", "responses_per_prompt = 1", "responses_per_prompt = 2"),
    ("its own samples to imitate", "data = \"offline\"", "data = \"on-policy\""),
    ("comparisons to imitate", "demonstrations.jsonl", "preferences.jsonl"),
    ("nothing to imitate", "demonstrations.jsonl = \"pairs.jsonl\"", "prompts = 20"),
    (
        "demonstrations without a token",
        "demonstrations.jsonl",
        "demonstrations.max_response_tokens = 0\ndemonstrations.jsonl",
    ),
    ("a reward for who reads none", "test = 1", "test = 1\nlearned = {}"),
    ("no reward to be measured of demonstrations", "\"eval_loss\"", "\"gold_reward\""),
];

/// What is wrong with a reward model: replaced in [`with_scoring`].
const SCORING: &[Case] = &[
    ("a reward model of rewards", "objective.dpo", "objective.rwr"),
    ("a reward model that draws", "data = \"offline\"", "data = \"on-policy\""),
    ("a length of scores", "\"accuracy\"", "\"kl\""),
    ("a learned reward for a reward model", "test = 1", "test = 1\nproxy_model = \"\""),
    ("a reward model over arms", "[problem.prompts]\ntest = 1", "[problem.bumps]\nreward = \"R1\""),
];

/// What is wrong with rewards of models: replaced in [`with_prompts`].
const MODELS: &[Case] = &[
    ("two true rewards", "test = 1", "test = 1\ngold_model = \"\""),
    ("no learned reward to be measured", "\"kl\"", "\"proxy_reward\""),
    ("no folder of that name", "test = 1", "test = 1\nproxy_model = \"nowhere\""),
    ("two learned rewards", "test = 1", "test = 1\nproxy_model = \"\"\nlearned = {}"),
    ("a reward learned in no step", "test = 1", "test = 1\nlearned = { steps = 0 }"),
    ("another order", "test = 1", "test = 1\norder = \"random\""),
];

/// Comparisons that cannot be used: name and the file's second line.
const PAIRS: &[(&str, &str)] = &[
    ("no rejected response", "{\"prompt\": \"Why?\", \"chosen\": \"So.\"}"),
    ("an empty response", "{\"prompt\": \"Why?\", \"chosen\": \"So.\", \"rejected\": \"\"}"),
    ("equal responses", "{\"prompt\": \"Why?\", \"chosen\": \"So.\", \"rejected\": \"So.\"}"),
];

const PAIR: &str = r#"{"prompt": "Who?", "chosen": "You.", "rejected": "I."}"#;

/// Comparisons of two prompts.
fn pairs() -> String {
    [PAIR, &PAIR.replace("Who", "What")].join("\n")
}

/// Comparisons are all that there is: no reward, no file of prompts.
fn with_comparisons() -> String {
    let changes = [
        ("jsonl = \"prompts.jsonl\"\nreward = { min = {} }\n", ""),
        ("samples_per_round = 20\n", "data = \"offline\"\nsamples_per_round = 20\n"),
        ("responses_per_prompt = 4", "responses_per_prompt = 2"),
        ("prompts = \"fresh\"", "preferences.jsonl = \"pairs.jsonl\""),
        ("\"gold_reward\"", "\"accuracy\""),
        ("objective.best-of-n", "objective.dpo"),
    ];
    changes.iter().fold(with_prompts(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// What the comparisons chose, to be imitated.
fn with_demonstrations() -> String {
    let changes = [
        ("responses_per_prompt = 2", "responses_per_prompt = 1"),
        ("preferences.jsonl", "demonstrations.jsonl"),
        ("\"accuracy\"", "\"eval_loss\""),
        ("objective.dpo", "objective.sft"),
    ];
    changes.iter().fold(with_comparisons(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// A reward model on the comparisons.
fn with_scoring() -> String {
    let text = with_comparisons().replace("policy.language-model", "policy.reward-model");
    text.replacen("[\"accuracy\", \"kl\"]", "[\"accuracy\", \"log_loss\"]", 1)
}

fn with_prompts() -> String {
    let (head, tail) = SCENARIO.split_once("[problem.tokens]").expect("a problem");
    let (_, tail) = tail.split_once("[schedule]").expect("a schedule");
    format!("{head}{PROMPTS}[schedule]{tail}")
}

/// Reads a scenario beside a file of prompts.
fn parse(text: &str, rows: &str, set: &[&str]) -> Result<Scenario, String> {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["prompts.jsonl", "pairs.jsonl"] {
        std::fs::write(folder.path().join(name), rows).expect("written");
    }
    let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
    let found = Scenario::parse("small.toml", text, Some(folder.path()), &set, None);
    let place = folder.path().display().to_string();
    found.map_err(|error| error.to_string().replace(&place, "FOLDER"))
}

fn refused((text, rows): (&str, &str), (name, from, to): &Case) -> String {
    assert!(text.contains(from), "{name}: {from} is not in the scenario");
    match parse(&text.replacen(from, to, 1), rows, &[]) {
        Err(error) => format!("# {name}\n{error}\n"),
        Ok(_) => panic!("{name} is not refused"),
    }
}

#[test]
fn every_message_reads_as_written_down() {
    let prompts = with_prompts();
    let refuse = |text, rows| move |case| refused((text, rows), case);
    let mut found: Vec<String> = TOKENS.iter().map(refuse(SCENARIO, ROWS)).collect();
    found.extend(FILES.iter().map(refuse(&prompts, ROWS)));
    for (name, line) in LINES {
        let rows = ROWS.replacen("{\"prompt\": [", &format!("{line}\n{{\"prompt\": ["), 1);
        match parse(&prompts, &rows, &[]) {
            Err(error) => found.push(format!("# {name}\n{error}\n")),
            Ok(_) => panic!("{name} is not refused"),
        }
    }
    let comparisons = with_comparisons();
    let pairs = pairs();
    found.extend(COMPARISONS.iter().map(refuse(&comparisons, &pairs)));
    let demonstrations = with_demonstrations();
    found.extend(DEMONSTRATIONS.iter().map(refuse(&demonstrations, &pairs)));
    let scoring = with_scoring();
    found.extend(SCORING.iter().map(refuse(&scoring, &pairs)));
    found.extend(MODELS.iter().map(refuse(&prompts, ROWS)));
    for (name, line) in PAIRS {
        match parse(&comparisons, &format!("{PAIR}\n{line}"), &[]) {
            Err(error) => found.push(format!("# {name}\n{error}\n")),
            Ok(_) => panic!("{name} is not refused"),
        }
    }
    messages::compare("scenario_language.txt", &found);
}

#[test]
fn the_small_scenarios_themselves_have_no_fault() {
    let pairs = pairs();
    let texts = [
        (SCENARIO.to_owned(), ROWS),
        (with_prompts(), ROWS),
        (with_comparisons(), &pairs),
        (with_scoring(), &pairs),
        (with_demonstrations(), &pairs),
    ];
    for (text, rows) in texts {
        let scenario = parse(&text, rows, &[]).expect("valid");
        assert!(scenario.ready().is_ok());
        assert!(scenario.warnings.iter().all(|w| w.contains("seeds")), "{:?}", scenario.warnings);
    }
}

/// A shipped scenario names no file, so that a run asks for one.
#[test]
fn prompts_without_a_file_are_checked_but_not_run() {
    let text = with_prompts().replacen("jsonl = \"prompts.jsonl\"\n", "", 1);
    let scenario = parse(&text, ROWS, &[]).expect("valid");
    let error = scenario.ready().expect_err("not ready").to_string();
    assert!(error.contains("--set problem.prompts.jsonl=FILE"), "{error}");
    let (named, unnamed) = ("preferences.jsonl = \"pairs.jsonl\"", "preferences.empty = \"skip\"");
    let text = with_comparisons().replacen(named, unnamed, 1);
    let error = parse(&text, &pairs(), &[]).expect("valid").ready().expect_err("not ready");
    assert!(error.to_string().contains("--set data.preferences.jsonl=FILE"), "{error}");
    let text = with_demonstrations();
    let text = text.replacen("jsonl = \"pairs.jsonl\"", "empty = \"skip\"", 1);
    let error = parse(&text, &pairs(), &[]).expect("valid").ready().expect_err("not ready");
    assert!(error.to_string().contains("--set data.demonstrations.jsonl=FILE"), "{error}");
    let text = with_prompts().replacen("test = 1", "test = 1\nproxy_model = \"\"", 1);
    let error = parse(&text, ROWS, &[]).expect("valid").ready().expect_err("not ready");
    assert!(error.to_string().contains("--set problem.prompts.proxy_model=DIR"), "{error}");
    // The model nano knows the prompts that the program makes.
    let nano = with_prompts().replacen("jsonl = \"prompts.jsonl\"\n", "", 1);
    let nano = parse(&nano.replace("smollm2-135m", "nano"), ROWS, &[]).expect("valid");
    assert!(nano.ready().is_ok());
}

/// Of answers that are looked at it is said if their divergence is not measured.
#[test]
fn a_run_that_nobody_holds_against_the_reference_is_told() {
    let said = |metrics: &str| {
        let text = with_prompts().replacen("[\"gold_reward\", \"kl\"]", metrics, 1);
        let warnings = parse(&text, ROWS, &[]).expect("valid").warnings;
        warnings.iter().any(|warning| warning.contains("measure.metrics has no `kl`"))
    };
    assert!(said("[\"gold_reward\"]") && said("[\"completions/mean_length\"]"));
    assert!(!said("[\"gold_reward\", \"kl\"]") && !said("[\"loss\"]") && !said("[]"));
}

/// What runs first is shipped and has the methods whose models are taken; a model that is given is not awaited.
#[test]
fn models_of_another_scenario_are_awaited_until_they_are_given() {
    let mut found = 0;
    for file in shipped() {
        let scenario = Scenario::parse(file.path, file.text, None, &[], None).expect("shipped");
        let Some(first) = &scenario.first else { continue };
        found += 1;
        let before = Scenario::load(&Source::Shipped(first.scenario.clone()), &[], None);
        let methods = before.expect("shipped").methods;
        assert!(first.models.values().all(|method| methods.contains(method)), "{}", file.path);
        assert_eq!(
            scenario.awaited(),
            ["problem.prompts.gold_model", "problem.prompts.proxy_model"]
        );
        let mut given = scenario.clone();
        for cell in &mut given.cells {
            let ProblemSpec::Prompts(spec) = &mut cell.experiment.problem else {
                panic!("prompts")
            };
            spec.gold_model = Some("model".into());
        }
        assert_eq!(given.awaited(), ["problem.prompts.proxy_model"]);
        let error = scenario.ready_but_for(&scenario.awaited()).expect_err("no comparisons");
        assert!(error.to_string().contains("--set data.preferences.jsonl=FILE"), "{error}");
    }
    assert_eq!(found, 3);
    for (written, message) in [
        ("scenario = \"judge\"\nmodels = {}", "no shipped scenario has the id \"judge\""),
        (
            "scenario = \"judges\"\nmodels = { \"problem.prompts.jsonl\" = \"judge\" }",
            "`problem.prompts.jsonl` takes no trained model",
        ),
    ] {
        let text = format!("{}[first]\n{written}\n", with_prompts());
        let error = parse(&text, ROWS, &[]).expect_err("refused").to_string();
        assert!(error.contains(message), "{error}");
    }
}

/// The file's content names the cell, its name does not; other weights of a sampler are warned of.
#[test]
fn cells_are_named_by_what_the_file_holds() {
    let id = |rows: &str| parse(&with_prompts(), rows, &[]).expect("valid").cells[0].name.clone();
    assert_eq!(id(ROWS), id(ROWS));
    assert_ne!(id(ROWS), id(&ROWS.replace("hello", "goodbye")));
    let cooler = parse(&with_prompts(), ROWS, &["policy.language-model.temperature=0.7"]);
    let warnings = cooler.expect("valid").warnings.join("\n");
    assert!(warnings.contains("off-policy samples"), "{warnings}");
}

/// A learning rate that still rises when the run ends is said to do so.
#[test]
fn a_warm_up_as_long_as_the_run_is_warned_of() {
    let warned = |steps: u64| {
        let set = [format!("schedule.warmup_steps={steps}"), "schedule.steps=8".to_owned()];
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        let warnings = parse(&with_prompts(), ROWS, &set).expect("valid").warnings;
        warnings.iter().any(|warning| warning.contains("the learning rate is never reached"))
    };
    assert_eq!([0, 7, 8, 9].map(warned), [false, false, true, true]);
}

/// Twenty seeds are for bandits: of models from files they are said to be many.
#[test]
fn as_many_seeds_as_bandits_have_are_warned_of() {
    let many = |text: &str, set: &[&str]| {
        let warnings = parse(text, ROWS, set).expect("valid").warnings;
        warnings.iter().any(|warning| warning.contains("20 seeds train 20 models from files"))
    };
    assert!(many(&with_prompts(), &[]));
    assert!(!many(&with_prompts(), &["seeds.count=2"]));
    assert!(!many(SCENARIO, &[]));
}

/// The twins of figure 12 read as many responses as the on-policy runs draw: 1000 prompts × 10.
#[test]
fn offline_and_on_policy_runs_of_tokens_cost_the_same_queries() {
    let load = |id: &str| Scenario::load(&Source::of(id), &[], None).expect("shipped");
    for cell in load("tokens-complementarity").cells {
        let (schedule, data) = (&cell.experiment.schedule, &cell.experiment.data);
        let queries = match (schedule.data, data.prompts) {
            (DataSource::Offline, Prompts::Pool(n)) => n * schedule.responses_per_prompt,
            _ => schedule.steps as usize * schedule.minibatch / schedule.passes,
        };
        assert_eq!(queries, 10_000, "{}", cell.method);
    }
}
