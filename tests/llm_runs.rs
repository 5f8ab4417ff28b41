//! `modeseek run` trains a tiny model of files: what is left behind, and going on after an interrupt.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
mod llm_fixture;
#[path = "llm_support/tiny.rs"]
mod tiny;

use command::{modeseek, run};
use modeseek::llm::ModelFiles;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};
use tiny::{place, seed_folder};

fn metrics(place: &Path) -> String {
    fs::read_to_string(place.join("runs/tiny/metrics.csv")).expect("metrics")
}

/// A metric's values of the only run, step by step.
fn series(place: &Path, metric: &str) -> Vec<f64> {
    let (all, name) = (metrics(place), format!(",{metric},"));
    let rows = all.lines().filter(|line| line.contains(&name));
    let value = |row: &str| row.rsplit(',').next().and_then(|value| value.parse().ok());
    rows.map(|row| value(row).expect("a number")).collect()
}

#[test]
fn a_run_leaves_an_adapter_that_score_and_merge_read() {
    let place = place(&[]);
    let place = place.path();
    run(place, &["run", "tiny.toml"]);
    // Four metrics at four steps, and the prompts that teach nothing in three, which are for warnings.
    assert_eq!(metrics(place).lines().count(), 1 + 4 * 4 + 3);
    assert!(!seed_folder(place).join("checkpoint").exists());
    let adapter = seed_folder(place).join("model");
    let adapter = adapter.to_str().expect("text");
    fs::write(place.join("rows.jsonl"), "{\"prompt\": \"the\", \"response\": \"12 th\"}\n")
        .expect("written");
    let score = ["llm", "score", "rows.jsonl", "--model"];
    let base = run(place, &[&score[..], &["model"]].concat());
    let trained = run(place, &[&score[..], &["model", "--adapter", adapter]].concat());
    assert_ne!(base, trained);
    run(place, &["llm", "merge", "--model", "model", "--adapter", adapter, "--out", "merged"]);
    let merged = run(place, &[&score[..], &["merged"]].concat());
    let sum = |text: &str| -> f64 {
        let row: serde_json::Value = serde_json::from_str(text).expect("JSON");
        row["sum_log_prob"].as_f64().expect("a number")
    };
    assert!((sum(&merged) - sum(&trained)).abs() < 1e-3 * sum(&trained).abs());
    run(place, &["llm", "export", "--model", "model", "--adapter", adapter, "--out", "exported"]);
    let weights = |folder: &str| fs::read(place.join(folder).join("model.safetensors"));
    assert!(weights("exported").expect("there") == weights("merged").expect("there"));
    compare_with_itself(place, adapter);
    merged_runs_keep_what_stands_beside_the_metrics(place);
}

/// One folder merged alone is the same folder: metrics, answers and adapter.
fn merged_runs_keep_what_stands_beside_the_metrics(place: &Path) {
    run(place, &["merge", "runs/tiny", "--out", "runs/whole"]);
    let from = seed_folder(place);
    let cell = from.strip_prefix(place.join("runs/tiny")).expect("below the run");
    for file in ["metrics.csv", "completions.jsonl", "model/adapter_model.safetensors"] {
        let read = |folder: &Path| fs::read(folder.join(file)).expect("a file");
        assert!(read(&from) == read(&place.join("runs/whole").join(cell)), "{file}");
    }
}

/// A model with its adapter against itself without: a row for each prompt and side, the same bytes each time.
fn compare_with_itself(place: &Path, adapter: &str) {
    let eval = ["llm", "eval", "prompts.jsonl", "--model", "model", "--reward", "min"];
    let short = ["--max-new-tokens", "6"];
    let answers = |out: &str| {
        let more = ["--adapter", adapter, "--out", out];
        let table = run(place, &[&eval[..], &short[..], &more[..]].concat());
        (table, fs::read_to_string(place.join(out)).expect("written"))
    };
    let (table, rows) = answers("a.jsonl");
    assert_eq!((table.clone(), rows.clone()), answers("b.jsonl"));
    assert!(table.contains("4 prompts, one response each") && table.contains("A wins"), "{table}");
    let rows: Vec<serde_json::Value> =
        rows.lines().map(|row| serde_json::from_str(row).expect("JSON")).collect();
    assert_eq!(rows.len(), 8);
    for row in &rows {
        let number = |name: &str| row[name].as_f64().expect("a number");
        assert_eq!(number("reward"), -number("tokens"));
        assert!(number("log_ratio").is_finite());
    }
    // The merged model against the base is the adapter against it: the same answers of the same length.
    let merged = ["llm", "eval", "prompts.jsonl", "--model", "merged", "--against", "model"];
    run(place, &[&merged[..], &["--reward", "min", "--out", "c.jsonl"], &short[..]].concat());
    let merged = fs::read_to_string(place.join("c.jsonl")).expect("written");
    assert_eq!(merged.lines().count(), rows.len());
    for (row, line) in rows.iter().zip(merged.lines()) {
        let own: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!((&own["response"], &own["reward"]), (&row["response"], &row["reward"]));
    }
    let same = modeseek(place, &eval);
    let said = String::from_utf8_lossy(&same.stderr);
    assert_eq!(same.status.code(), Some(2), "{said}");
    assert!(said.contains("both sides are model"), "{said}");
}

/// What the trained model answers is kept; that hardly an answer has an end is said at once, when the run is done,
/// and in the report, which shows the answers.
#[test]
fn answers_are_kept_and_what_is_wrong_is_said() {
    let place = place(&[]);
    let place = place.path();
    let output = modeseek(place, &["run", "tiny.toml"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let warning = "of the answers were cut without an end token";
    assert_eq!(said.matches(warning).count(), 2, "{said}");
    assert!(said.contains("warning: on-policy best-of-n, seed 0, step 0: "), "{said}");
    assert!(said.contains("on-policy best-of-n`, seed 0: its model is runs/tiny/cells/"), "{said}");
    let text = fs::read_to_string(seed_folder(place).join("completions.jsonl")).expect("answers");
    let rows: Vec<serde_json::Value> =
        text.lines().map(|row| serde_json::from_str(row).expect("JSON")).collect();
    assert_eq!(rows.len(), 2);
    let mean = |name: &str| {
        rows.iter().map(|row| row[name].as_f64().expect("a number")).sum::<f64>() / 2.0
    };
    let last = |metric: &str| *series(place, metric).last().expect("a row");
    // The answers are those that the last measurement was made of.
    assert_eq!(mean("gold_reward"), last("gold_reward"));
    assert_eq!(mean("tokens"), last("completions/mean_length"));
    assert!((mean("log_ratio") - last("kl")).abs() < 1e-12);
    assert!(rows.iter().all(|row| row["step"] == 6 && row["prompt"].is_string()), "{text}");
    run(place, &["report", "tiny.toml", "--out", "report.html"]);
    let page = fs::read_to_string(place.join("report.html")).expect("a page");
    assert!(page.contains(warning) && page.contains("What the trained models answered"));
}

/// Runs that go wrong on purpose, each with what is said of it: weights that one response carries, and passes until
/// the ratio has left its clip.
#[test]
fn a_run_that_goes_wrong_says_how() {
    let by_text = "gold_command = \"LC_ALL=C awk '{ print -length($0) }'\"";
    let common = [("reward = { min = {} }", by_text)];
    let cases: [(&[(&str, &str)], &str); 2] = [
        (
            &[
                ("objective.best-of-n = {}", "objective.rwr = { temperature = 0.1 }"),
                ("samples_per_round = 8", "samples_per_round = 32"),
                ("minibatch = 8", "minibatch = 32"),
            ],
            "the weights are worth 3 % of the responses: a few decide",
        ),
        (
            &[(
                "objective.best-of-n = {}",
                "objective.ppo = { ratio_clip = 0.001 }\nschedule.passes = 6",
            )],
            " % of the tokens lie outside the clip",
        ),
    ];
    for (changes, told) in cases {
        let place = place(&[&common[..], changes].concat());
        let output = modeseek(place.path(), &["run", "tiny.toml"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains(told), "{told}: {said}");
    }
}

#[test]
fn a_run_that_trains_all_weights_leaves_a_model() {
    let place = place(&[("[policy.language-model.lora]\nrank = 2\n", "")]);
    run(place.path(), &["run", "tiny.toml"]);
    let take = |folder: &Path| {
        let mut files = ModelFiles::open(folder).unwrap_or_else(|error| panic!("{error}"));
        files.weights.take("model.norm.weight", &[files.config.width]).expect("a weight")
    };
    let trained = take(&seed_folder(place.path()).join("model"));
    assert_ne!(trained, take(&place.path().join("model")));
    assert!(trained.iter().all(|x| x.is_finite()));
}

/// r_φ is learned from π_ref's own responses before the first step, which is told: methods see it, measurements see
/// both, and the same command gives the same numbers. At temperature 2 its scores have the reward's units.
#[test]
fn a_reward_is_learned_before_the_first_step() {
    let learned = "test = 2\nlearned = { prompts = 2, steps = 80, learning_rate = 0.02 }";
    let place = place(&[
        ("test = 2", learned),
        ("\"kl\"", "\"proxy_reward\""),
        ("reward = { min = {} }", "reward = { skew = { mean = 2.0 } }"),
        ("[optimizer.adam]", "[pairs.labels.bradley-terry]\ntemperature = 2.0\n[optimizer.adam]"),
        ("on-policy best-of-n", "reinforce"),
        ("objective.best-of-n = {}", "objective.reinforce = { standardise = true }"),
        ("steps = 6", "steps = 12"),
    ]);
    let place = place.path();
    let output = modeseek(place, &["run", "tiny.toml"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("reinforce, its reward model, seed 0: step 80/80"), "{said}");
    let first = metrics(place);
    let (proxy, gold) = (series(place, "proxy_reward"), series(place, "gold_reward"));
    assert_eq!((proxy.len(), gold.len()), (7, 7));
    assert!(proxy.iter().zip(&gold).all(|(p, g)| p.is_finite() && p != g), "{proxy:?} {gold:?}");
    fs::remove_dir_all(place.join("runs")).expect("removed");
    run(place, &["run", "tiny.toml"]);
    assert_eq!(metrics(place), first);
}

/// A learning rate beyond single precision stops its own run, with step and sample; the other method's goes on.
#[test]
fn numbers_that_are_not_finite_stop_their_run_alone() {
    let wild = "objective.best-of-n = {}\n[[method]]\nname = \"wild\"\nobjective.best-of-n = {}\n\
                optimizer.adam.learning_rate = 1e39";
    let place = place(&[("objective.best-of-n = {}", wild)]);
    let place = place.path();
    let output = modeseek(place, &["run", "tiny.toml"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let fault = said.lines().find(|line| line.contains("wild (")).expect("the run that failed");
    assert!(fault.contains("NaN at step 1, sample 0"), "{fault}");
    assert_eq!(series(place, "gold_reward").len(), 4);
    assert!(!metrics(place).contains(",wild,"));
}

/// Clipping binds nowhere where every round is one step (T = 1, M = B): PPO without a critic goes REINFORCE's way.
#[test]
fn ppo_of_one_step_a_round_is_reinforce() {
    let way = |objective: &str| {
        let place = place(&[
            ("objective.best-of-n = {}", objective),
            ("\"gold_reward\"", "\"gold_reward\", \"loss\", \"grad_norm\""),
        ]);
        run(place.path(), &["run", "tiny.toml"]);
        ["kl", "gold_reward", "grad_norm"].map(|metric| series(place.path(), metric))
    };
    let ppo = way("objective.ppo = { ratio_clip = 0.2, baseline = \"batch-mean\" }");
    let reinforce = way("objective.reinforce = { baseline = \"batch-mean\" }");
    assert!(ppo[0].last().expect("measured") > &0.01, "{ppo:?}");
    // At steps 0, 2, 4 and 6; the gradient's norm at all but the first.
    assert_eq!(ppo.each_ref().map(Vec::len), [4, 4, 3]);
    assert_eq!(reinforce.each_ref().map(Vec::len), [4, 4, 3]);
    for (a, b) in ppo.iter().flatten().zip(reinforce.iter().flatten()) {
        assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{ppo:?} {reinforce:?}");
    }
}

/// A run that hardly learns answers as π_ref does. What a trained run answered, held against those answers one by
/// one, gives the win rate that it measured; before it learned it was a half.
#[test]
fn the_win_rate_is_that_of_answers_against_those_of_the_reference() {
    let measured = ("\"kl\"", "\"win_rate\", \"win_rate/low\", \"win_rate/high\"");
    let rewards_and_rates = |rate: &str| {
        let rate = ("learning_rate = 0.05", rate);
        let mut changes = COMPARED.to_vec();
        let rewarded = "test = 3\nreward = { min = {} }";
        changes[0] = ("jsonl = \"prompts.jsonl\"\nreward = { min = {} }\ntest = 2", rewarded);
        changes[3] = measured;
        changes[4] = ("every = 2", "every = 20");
        changes[7] = ("objective.best-of-n = {}", "objective.pref-ft = {}");
        let whole = ("[policy.language-model.lora]\nrank = 2\n", "");
        let place = place(&[&changes[..], &[rate, whole]].concat());
        fs::write(place.path().join("pairs.jsonl"), comparisons("12", "the x the"))
            .expect("written");
        run(place.path(), &["run", "tiny.toml"]);
        let text = fs::read_to_string(seed_folder(place.path()).join("completions.jsonl"));
        let reward = |row: &str| {
            let row: serde_json::Value = serde_json::from_str(row).expect("JSON");
            row["gold_reward"].as_f64().expect("a number")
        };
        let rewards: Vec<f64> = text.expect("answers").lines().map(reward).collect();
        (
            rewards,
            ["win_rate", "win_rate/low", "win_rate/high"]
                .map(|metric| series(place.path(), metric)),
        )
    };
    let (before, [standing, ..]) = rewards_and_rates("learning_rate = 1e-12");
    assert_eq!(standing, [0.5; 2]);
    let (after, [rate, low, high]) = rewards_and_rates("learning_rate = 0.05");
    let won = |(a, b): (&f64, &f64)| if a == b { 0.5 } else { f64::from(u8::from(a > b)) };
    let share = after.iter().zip(&before).map(won).sum::<f64>() / 3.0;
    assert_ne!(share, 0.5, "{after:?} {before:?}");
    assert_eq!((rate[0], rate[1]), (0.5, share));
    assert!(low.iter().zip(&rate).zip(&high).all(|((low, rate), high)| low < rate && rate <= high));
}

/// The scenario with comparisons of a file in place of a reward.
const COMPARED: &[(&str, &str)] = &[
    ("jsonl = \"prompts.jsonl\"\nreward = { min = {} }\ntest = 2", "test = 2"),
    (
        "samples_per_round = 8\nresponses_per_prompt = 4",
        "data = \"offline\"\nsamples_per_round = 8\nresponses_per_prompt = 2",
    ),
    ("prompts = \"fresh\"", "preferences = { jsonl = \"pairs.jsonl\", empty = \"skip\" }"),
    (
        "[\"gold_reward\", \"kl\", \"completions/mean_length\", \"completions/clipped_ratio\"]",
        "[\"loss\", \"accuracy\", \"margin\", \"staleness/max\", \"rewards/margins\", \"rewards/accuracies\"]",
    ),
    ("every = 2", "every = 1"),
    ("steps = 6", "steps = 20"),
    ("on-policy best-of-n", "offline dpo"),
    ("objective.best-of-n = {}", "objective.dpo = { beta = 0.5 }"),
];

/// `chosen` against `rejected` for six prompts, an empty row, and one prompt twice.
fn comparisons(chosen: &str, rejected: &str) -> String {
    let row = |prompt: &str, rejected: &str| {
        format!(
            "{{\"prompt\": \"{prompt}\", \"chosen\": \"{chosen}\", \"rejected\": \"{rejected}\"}}\n"
        )
    };
    let prompts = ["the", "12", "the", "x the", "th", "21", "2 the"];
    let rows: String = prompts.iter().map(|prompt| row(prompt, rejected)).collect();
    rows + &row("the", "")
}

/// Comparisons that all prefer one word teach it for prompts that were kept apart; the first loss is ln 2,
/// where π is π_ref; the last two of the six prompts are measured and never trained on.
#[test]
fn comparisons_of_a_file_are_learned_without_a_reward() {
    let place = place(COMPARED);
    fs::write(place.path().join("pairs.jsonl"), comparisons("12", "the")).expect("written");
    let output = modeseek(place.path(), &["run", "tiny.toml"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let left_out = "1 rows with an empty response are left out; 1 rows repeat an earlier one";
    let manifest = fs::read_to_string(place.path().join("runs/tiny/manifest.toml"));
    let manifest = manifest.expect("a manifest");
    assert!(said.contains(left_out) && manifest.contains(left_out), "{said}{manifest}");
    let told = run(place.path(), &["tensorboard", "tiny.toml"]);
    assert_eq!(told, "tiny: 1 runs below tensorboard\n");
    let events =
        place.path().join("tensorboard/tiny/offline dpo seed 0/events.out.tfevents.modeseek");
    assert!(fs::metadata(events).expect("events").len() > 1000);
    let all = metrics(place.path());
    let rows: Vec<Vec<&str>> = all.lines().map(|line| line.split(',').collect()).collect();
    let of = |metric: &str, step: &str| -> f64 {
        let row = rows.iter().find(|row| row[6] == metric && row[3] == step);
        row.unwrap_or_else(|| panic!("{metric} at {step}"))[7].parse().expect("a number")
    };
    assert!((of("loss", "1") - std::f64::consts::LN_2).abs() < 1e-6, "{}", of("loss", "1"));
    assert_eq!(of("accuracy", "0"), 0.5);
    assert!(of("margin", "0").abs() < 1e-5);
    assert_eq!(of("accuracy", "20"), 1.0);
    assert!(of("margin", "20") > 1.0 && of("loss", "20") < 0.5, "{}", of("margin", "20"));
    // β = 0.5; the log-ratios are for warnings and were not asked for.
    assert_eq!(of("rewards/margins", "20"), 0.5 * of("margin", "20"));
    assert_eq!(of("rewards/accuracies", "20"), 1.0);
    assert!(of("log_ratio/chosen", "20").is_finite());
    // Two responses a row, five rows on four prompts: queries count what is trained on.
    let last = rows.iter().rfind(|row| row[3] == "20").expect("a row");
    assert_eq!(last[5], "10");
}

/// The scenario with some of the changes of [`COMPARED`] replaced by others.
fn like_compared(others: &[(&'static str, &'static str)]) -> tempfile::TempDir {
    let to = |from: &str| others.iter().find(|(other, _)| from.starts_with(other));
    let changes = COMPARED.iter().map(|(from, own)| (*from, to(from).map_or(*own, |(_, to)| *to)));
    place(&changes.chain([("minibatch = 8", "minibatch = 4")]).collect::<Vec<_>>())
}

/// `eval_loss` at a step.
fn eval_loss(place: &Path, step: &str) -> f64 {
    let all = metrics(place);
    let mut rows = all.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let row = rows.find(|row| row[6] == "eval_loss" && row[3] == step).expect("a row");
    row[7].parse().expect("a number")
}

/// Demonstrations in three shapes are imitated, and carry over to the last two of the six prompts, which are never
/// trained on. Their loss at step 0 is −log π of the same responses as comparisons have it, a token: of each the end
/// token counts too, as `llm score` counts it.
#[test]
fn demonstrations_are_imitated() {
    let demonstrated = like_compared(&[
        ("prompts = ", "demonstrations = { jsonl = \"texts.jsonl\" }"),
        ("samples_per", "data = \"offline\"\nsamples_per_round = 4\nresponses_per_prompt = 1"),
        ("[\"gold_reward", "[\"loss\", \"eval_loss\"]"),
        ("on-policy", "sft"),
        ("objective", "objective.sft = {}"),
    ]);
    let demonstrated = demonstrated.path();
    let row = |prompt: &str, name: &str| {
        format!("{{\"prompt\": \"{prompt}\", \"{name}\": \"12 the\"}}\n")
    };
    let compared = |prompt: &str| row(prompt, "chosen").replace('}', ", \"rejected\": \"x\"}");
    let held_out = ["21", "2 the"];
    let first = ["the", "12", "x the"].map(|prompt| row(prompt, "completion")).concat();
    let last = held_out.map(|prompt| row(prompt, "response")).concat();
    fs::write(demonstrated.join("texts.jsonl"), first + &compared("th") + &last).expect("written");
    let checked = run(demonstrated, &["data", "check", "texts.jsonl"]);
    assert!(checked.contains("1 comparisons, 5 demonstrations, 0 prompts alone"), "{checked}");
    run(demonstrated, &["run", "tiny.toml"]);
    let twin = like_compared(&[
        ("prompts = ", "preferences = { jsonl = \"pairs.jsonl\" }"),
        ("[\"gold_reward", "[\"eval_loss\", \"logps/chosen\"]"),
    ]);
    let twin = twin.path();
    let rows = ["the", "12", "x the", "th"].iter().chain(&held_out).map(|p| compared(p));
    fs::write(twin.join("pairs.jsonl"), rows.collect::<String>()).expect("written");
    fs::write(twin.join("said.jsonl"), row("21", "response")).expect("written");
    run(twin, &["run", "tiny.toml"]);
    let scored = run(twin, &["llm", "score", "said.jsonl", "--model", "model"]);
    let scored: serde_json::Value = serde_json::from_str(&scored).expect("JSON");
    let tokens = scored["response_ids"].as_array().expect("ids").len();
    let all = metrics(twin);
    let first = all.lines().find(|line| line.contains(",logps/chosen,")).expect("a row");
    let log_pi: f64 = first.rsplit(',').next().expect("a value").parse().expect("a number");
    let before = eval_loss(demonstrated, "0");
    assert!((before - eval_loss(twin, "0")).abs() < 1e-6);
    assert!((before + log_pi / tokens as f64).abs() < 1e-5, "{before} {log_pi} {tokens}");
    assert!(eval_loss(demonstrated, "20") < before - 0.4, "{before}");
}

/// π_ref reads the two of five rows that the only step learns from, and what it read is kept for other runs.
#[test]
fn the_reference_reads_rows_that_are_learned_from() {
    let two = "data = \"offline\"\nsamples_per_round = 4\nresponses_per_prompt = 2";
    let place = like_compared(&[("samples_per_round", two), ("steps = 6", "steps = 1")]);
    fs::write(place.path().join("pairs.jsonl"), comparisons("12", "the")).expect("written");
    let kept = || -> Vec<(PathBuf, SystemTime)> {
        let models = fs::read_dir(place.path().join("models/.reference")).expect("models");
        let files = models.flatten().flat_map(|model| fs::read_dir(model.path()).expect("rows"));
        let file = |file: fs::DirEntry| {
            (file.path(), file.metadata().and_then(|of| of.modified()).expect("a time"))
        };
        let mut files: Vec<_> = files.flatten().map(file).collect();
        files.sort();
        files
    };
    run(place.path(), &["run", "tiny.toml"]);
    let (first, read) = (metrics(place.path()), kept());
    assert_eq!(read.len(), 2);
    run(place.path(), &["run", "tiny.toml", "--fresh"]);
    assert_eq!((metrics(place.path()), kept()), (first, read));
}

/// The same comparisons the other way round teach the opposite.
#[test]
fn swapped_comparisons_are_learned_the_other_way() {
    let place = place(COMPARED);
    let rows = comparisons("12", "the");
    fs::write(place.path().join("pairs.jsonl"), &rows).expect("written");
    let mixed =
        rows.replace("chosen", "new").replace("rejected", "chosen").replace("new", "rejected");
    let mixed: String = mixed
        .lines()
        .filter(|line| !line.contains("\"chosen\": \"\""))
        .collect::<Vec<_>>()
        .join("\n");
    // The two prompts that are measured keep the first order.
    let kept = rows.lines().skip(5).take(2).collect::<Vec<_>>().join("\n");
    let mixed: String = mixed.lines().take(5).chain(kept.lines()).collect::<Vec<_>>().join("\n");
    fs::write(place.path().join("pairs.jsonl"), mixed).expect("written");
    run(place.path(), &["run", "tiny.toml"]);
    let all = metrics(place.path());
    let last = all.lines().rfind(|line| line.contains(",accuracy,")).expect("a row");
    assert!(last.ends_with(",0") || last.ends_with(",0.0"), "{last}");
}

/// A model or prompts that cannot be used are refused before anything is computed or overwritten.
#[test]
fn what_cannot_be_used_is_refused_before_work() {
    let cases = [
        (("model = \"model\"", "model = \"nowhere\""), "there is no model `nowhere`"),
        (("model = \"model\"", "model = \"me/mine\""), "hf download me/mine --local-dir mine"),
        (("max_new_tokens = 6", "max_new_tokens = 6000"), "is to be answered by 6000"),
        (("rank = 2", "rank = 2\ntargets = [\"q_poj\"]"), "did you mean `q_proj`?"),
        (("samples_per_round = 8", "samples_per_round = 9"), "`schedule."),
    ];
    for (change, message) in cases {
        let place = place(&[change]);
        let output = modeseek(place.path(), &["run", "tiny.toml"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(message), "{said}");
        assert!(!place.path().join("runs/tiny/cells").exists(), "{message}");
    }
}

/// Interrupted, the program finishes the step, writes the checkpoint and exits 130; started again it
/// goes on to the same bytes.
#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_to_the_same_bytes() {
    goes_on_to_the_same_bytes(&[("steps = 6", "steps = 4000"), ("every = 2", "every = 400")]);
}

/// The same of a critic, within a round of two minibatches.
#[cfg(unix)]
#[test]
fn an_interrupted_critic_goes_on_to_the_same_bytes() {
    goes_on_to_the_same_bytes(&[
        ("steps = 6", "steps = 2001"),
        ("every = 2", "every = 100"),
        ("samples_per_round = 8", "samples_per_round = 16"),
        ("objective.best-of-n = {}", "objective.ppo = { critic = { value_clip = 0.2 } }"),
        ("\"gold_reward\"", "\"gold_reward\", \"critic_loss\""),
    ]);
}

#[cfg(unix)]
fn goes_on_to_the_same_bytes(changes: &[(&str, &str)]) {
    let whole = place(changes);
    run(whole.path(), &["run", "tiny.toml"]);
    let cut = place(changes);
    interrupt_saved(cut.path());
    run(cut.path(), &["run", "tiny.toml"]);
    same_results(cut.path(), whole.path());
}

/// A run is interrupted while its reward model learns: it stops there, long before its own first step.
#[cfg(unix)]
#[test]
fn a_reward_model_that_learns_is_interrupted_at_once() {
    let learned = "test = 2\nlearned = { prompts = 2, steps = 1000000 }";
    let place = place(&[("test = 2", learned)]);
    let begun = Instant::now();
    interrupt(place.path());
    // A million steps would take far longer.
    assert!(begun.elapsed() < Duration::from_secs(60));
    let cells = fs::read_dir(place.path().join("runs/tiny/cells"));
    assert!(cells.is_err() || cells.is_ok_and(|mut cells| cells.next().is_none()));
}

/// Metrics and adapters.
#[cfg(unix)]
fn same_results(one: &Path, other: &Path) {
    assert_eq!(metrics(one), metrics(other));
    let weights = |place: &Path| {
        fs::read(seed_folder(place).join("model/adapter_model.safetensors")).expect("an adapter")
    };
    assert_eq!(weights(one), weights(other));
}

/// A disk that takes no more than some bytes a file: the run stops and says what it could not write, its checkpoint is
/// whole, and it goes on from there once there is room.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint_whole() {
    let changes = [("steps = 6", "steps = 4000"), ("every = 2", "every = 400")];
    let (whole, full) = (place(&changes), place(&changes));
    run(whole.path(), &["run", "tiny.toml"]);
    interrupt_saved(full.path());
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" run tiny.toml";
    let mut shell = Command::new("sh");
    let shell = shell.current_dir(full.path()).args(["-c", script]);
    let stopped = shell.arg(env!("CARGO_BIN_EXE_modeseek")).output().expect("started");
    let said = String::from_utf8_lossy(&stopped.stderr);
    assert_eq!(stopped.status.code(), Some(1), "{said}");
    assert!(said.contains("File too large"), "{said}");
    let saved = fs::read_dir(seed_folder(full.path()).join("checkpoint")).expect("a checkpoint");
    assert_eq!(saved.count(), 1);
    run(full.path(), &["run", "tiny.toml"]);
    same_results(full.path(), whole.path());
}

/// A run that is begun, interrupted, and has saved what it did.
#[cfg(unix)]
fn interrupt_saved(cut: &Path) {
    interrupt(cut);
    let saved = fs::read_dir(seed_folder(cut).join("checkpoint")).expect("a checkpoint");
    assert_eq!(saved.count(), 1);
    assert!(seed_folder(cut).join("model/adapter_model.safetensors").exists());
}

/// A run that is begun and interrupted.
#[cfg(unix)]
fn interrupt(cut: &Path) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_modeseek"))
        .current_dir(cut)
        .args(["run", "tiny.toml"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    // The resolved scenario is written when all is ready to train.
    let begun = Instant::now();
    while !cut.join("runs/tiny/resolved.toml").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the run does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("sent").success());
    let status = child.wait().expect("an end");
    assert_eq!(status.code(), Some(130));
}
