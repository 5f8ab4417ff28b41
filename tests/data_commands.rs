//! `modeseek data`: files are checked line by line, and built from a model's own responses.
#![cfg(feature = "llm")]

#[path = "support/command.rs"]
mod command;
mod llm_fixture;

use command::modeseek;
use llm_fixture::write_small_model;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

/// A folder with a tiny model and ten prompts.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    write_small_model(&place.path().join("model"));
    let prompt = |i: usize| format!("{{\"prompt\": \"the {i}\"}}\n");
    let prompts: String = (0..10).map(prompt).collect();
    fs::write(place.path().join("prompts.jsonl"), prompts).expect("written");
    place
}

fn build(place: &Path, out: &str, reward: &str, more: &[&str]) -> Output {
    let fixed = ["data", "build", "prompts.jsonl", "--model", "model", "--max-new-tokens", "8"];
    let asked = ["--out", out, "--reward", reward];
    modeseek(place, &[&fixed[..], &asked[..], more].concat())
}

fn rows(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Shares of a line add up to a hundred; two files of one name are refused before a folder is made.
#[test]
fn lengths_are_drawn_once_each() {
    let place = place();
    let place = place.path();
    let pair = |n: usize| {
        format!("{{\"prompt\": \"p\", \"chosen\": \"{}\", \"rejected\": \"b\"}}\n", "a ".repeat(n))
    };
    fs::write(place.join("pairs.jsonl"), (1..5).map(pair).collect::<String>()).expect("written");
    let drawn = || {
        let asked = ["data", "check", "pairs.jsonl", "--model", "model", "--figures", "drawn"];
        let output = modeseek(place, &asked);
        assert!(output.status.success(), "{}", said(&output));
        ["svg", "png", "csv"].map(|ending| {
            fs::read(place.join(format!("drawn/pairs-lengths.{ending}"))).expect("a figure")
        })
    };
    let first = drawn();
    assert_eq!(first, drawn());
    let mut shares: BTreeMap<String, f64> = BTreeMap::new();
    // Every bar has two corners.
    for line in String::from_utf8_lossy(&first[2]).lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let share: f64 = cells[3].parse().expect("a share");
        *shares.entry(format!("{} {}", cells[0], cells[1])).or_default() += share / 2.0;
    }
    let names: Vec<&str> = shares.keys().map(String::as_str).collect();
    let wanted = ["a prompt", "b chosen", "b rejected", "c prompt", "d chosen", "d rejected"];
    assert_eq!(names, wanted, "words, then tokens");
    assert!(shares.values().all(|sum| (sum - 100.0).abs() < 1e-9), "{shares:?}");
    fs::create_dir(place.join("b")).expect("a folder");
    fs::copy(place.join("pairs.jsonl"), place.join("b/pairs.jsonl")).expect("copied");
    let asked = ["data", "check", "pairs.jsonl", "b/pairs.jsonl", "--figures", "new"];
    let output = modeseek(place, &asked);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("would both be drawn as pairs-lengths"), "{}", said(&output));
    assert!(!place.join("new").exists());
}

/// The tiny model hardly ever ends by itself, so that Skew Length's cuts part its responses. Rewards are minus the
/// tokens, the chosen response is the shorter one, no prompt is on both sides, and what was written is what
/// training reads.
#[test]
fn built_comparisons_are_right_parted_and_ready_to_train_on() {
    let place = place();
    let place = place.path();
    let output = build(place, "data", "skew=3", &["--test", "0.3"]);
    assert!(output.status.success(), "{}", said(&output));
    let sides = ["train", "test"].map(|name| rows(&place.join(format!("data/{name}.jsonl"))));
    let prompts = sides.each_ref().map(|rows| {
        rows.iter().map(|row| row["prompt"].as_str().expect("text").to_owned()).collect()
    });
    let [train, test]: [BTreeSet<String>; 2] = prompts;
    assert!(train.is_disjoint(&test) && !test.is_empty(), "{train:?} {test:?}");
    for row in sides.iter().flatten() {
        let number = |name: &str| row[name].as_f64().expect("a number");
        assert_eq!(number("chosen_reward"), -number("chosen_tokens"));
        assert!(number("chosen_tokens") < number("rejected_tokens"));
        assert_ne!(row["chosen"], row["rejected"]);
    }
    let checked = modeseek(place, &["data", "check", "data/train.jsonl", "data/test.jsonl"]);
    assert!(checked.status.success(), "{}", said(&checked));
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(place.join("data/manifest.toml")).expect("told"))
            .expect("TOML");
    let number = |table: &str, name: &str| manifest[table][name].as_integer().expect(name);
    assert_eq!(number("responses", "count"), 40);
    let (shortened, cut) =
        (number("responses", "shortened"), number("responses", "cut_at_max_new_tokens"));
    let kept = fs::read_to_string(place.join("data/responses.jsonl")).expect("kept");
    let own = kept.matches(r#""ending":"own""#).count() as i64;
    assert!(shortened > 20 && cut > 0 && shortened + cut + own == 40, "{shortened} {cut} {own}");
    assert_eq!(number("comparisons", "train_rows"), sides[0].len() as i64);
    assert_eq!(number("comparisons", "test_prompts"), 3);
    let left_out =
        number("comparisons", "ties_left_out") + number("comparisons", "same_texts_left_out");
    assert_eq!(sides.iter().map(Vec::len).sum::<usize>() as i64 + left_out, 60);
    let weights = manifest["sampling"]["weights"].as_str().expect("text");
    assert_eq!(weights.len(), 64, "{weights}");
}

/// Wrong labels turn some of the same comparisons round; of best and worst there is one row a prompt, by the rewards
/// of its own responses.
#[test]
fn labels_and_pairs_are_as_asked() {
    let place = place();
    let place = place.path();
    let reward = ["--test", "0"];
    let built = |out: &str, more: &[&str]| {
        let output = build(place, out, "skew=3", &[&reward[..], more].concat());
        assert!(output.status.success(), "{}", said(&output));
        rows(&place.join(out).join("train.jsonl"))
    };
    let (exact, flipped) = (built("exact", &[]), built("flipped", &["--labels", "flipped=0.3"]));
    assert_eq!(exact.len(), flipped.len());
    let turned = exact.iter().zip(&flipped).filter(|(right, own)| {
        let sides = |row: &Value| (row["chosen"].clone(), row["rejected"].clone());
        let (chosen, rejected) = sides(right);
        let is_turned = sides(own) == (rejected, chosen);
        assert!(is_turned || sides(own) == sides(right), "{own}");
        assert_eq!(own["prompt"], right["prompt"]);
        is_turned
    });
    // Of n comparisons some 0.3 n are turned, give or take three standard deviations of √(0.21 n).
    let (turned, n) = (turned.count() as f64, exact.len() as f64);
    assert!((turned - 0.3 * n).abs() < 3.0 * (0.21 * n).sqrt(), "{turned} of {n}");

    let extremes = built("extremes", &["--pairs", "best-versus-worst"]);
    let number = |row: &Value, name: &str| row[name].as_f64().expect("a number");
    for row in &extremes {
        let own = exact.iter().filter(|other| other["prompt"] == row["prompt"]);
        let best = own.clone().map(|other| number(other, "chosen_reward")).fold(f64::MIN, f64::max);
        let worst = own.map(|other| number(other, "rejected_reward")).fold(f64::MAX, f64::min);
        assert_eq!((number(row, "chosen_reward"), number(row, "rejected_reward")), (best, worst));
    }
    let prompts = |rows: &[Value]| -> BTreeSet<String> {
        rows.iter().map(|row| row["prompt"].to_string()).collect()
    };
    assert_eq!(prompts(&extremes), prompts(&exact));
    assert_eq!(extremes.len(), prompts(&exact).len());
}

/// Rows say which of their responses were cut at the limit, as responses.jsonl has it, and how many is said.
#[test]
fn rows_say_which_responses_were_cut() {
    let place = place();
    let place = place.path();
    // A system message needs more room than the tiny model has.
    let config = place.join("model/config.json");
    let mut keys: Value = serde_json::from_slice(&fs::read(&config).expect("there")).expect("JSON");
    keys["max_position_embeddings"] = 64.into();
    fs::write(config, keys.to_string()).expect("written");
    let output = build(place, "data", "skew=3", &["--system", "be"]);
    assert!(output.status.success(), "{}", said(&output));
    let kept = rows(&place.join("data/responses.jsonl"));
    let cut = |prompt: &Value, text: &Value| {
        let group = kept.iter().find(|group| group["prompt"] == *prompt).expect("a group");
        let own = group["responses"].as_array().expect("responses").iter();
        let endings = own.filter(|y| y["text"] == *text).map(|y| y["ending"] == "limit");
        endings.collect::<Vec<bool>>()
    };
    let (mut counts, mut all) = ([0, 0], 0);
    for row in
        ["train", "test"].map(|name| rows(&place.join(format!("data/{name}.jsonl")))).concat()
    {
        assert_eq!(row["prompt"][0], serde_json::json!({ "role": "system", "content": "be" }));
        all += 1;
        for (side, count) in ["chosen", "rejected"].into_iter().zip(&mut counts) {
            let flag = &row[format!("{side}_cut")];
            assert!(flag.is_null() || *flag == true, "{row}");
            assert!(cut(&row["prompt"], &row[side]).contains(&(*flag == true)), "{row}");
            *count += usize::from(*flag == true);
        }
    }
    assert!(counts[1] > 0, "{counts:?}");
    let told = format!("of {all} rows have a response that was cut at --max-new-tokens");
    let sides = format!("({} chosen, {} rejected)", counts[0], counts[1]);
    assert!(said(&output).contains(&told) && said(&output).contains(&sides), "{}", said(&output));
}

#[test]
fn the_same_command_builds_the_same_bytes_and_another_seed_others() {
    let place = place();
    let place = place.path();
    let content = |out: &str, more: &[&str]| {
        let output = build(place, out, "skew=3", more);
        assert!(output.status.success(), "{}", said(&output));
        fs::read(place.join(out).join("train.jsonl")).expect("written")
    };
    let first = content("a", &[]);
    assert_eq!(first, content("b", &[]));
    assert_ne!(first, content("c", &["--seed", "1"]));
}

/// A reward's command that fails loses nothing: the responses are kept, and the next one goes on from them.
#[test]
fn a_command_scores_responses_and_its_faults_lose_nothing() {
    let place = place();
    let place = place.path();
    for (line, fault) in [
        ("echo 1", "wrote 1 lines for 40 rows"),
        ("awk '{print \"NaN\"}'", "wrote `NaN` for row 1"),
        ("cat > /dev/null; exit 3", "failed: exit status: 3"),
        ("sleep 60", "took longer than 1 s"),
        // What it leaves behind holds its output open.
        ("awk '{print NR}'; sleep 60 &", "took longer than 1 s"),
    ] {
        let reward = format!("command={line}");
        let output = build(place, "data", &reward, &["--limit-seconds", "1"]);
        assert_eq!(output.status.code(), Some(1), "{line}: {}", said(&output));
        assert!(said(&output).contains(fault), "{line}: {}", said(&output));
        assert!(place.join("data/responses.jsonl").exists());
        assert!(!place.join("data/train.jsonl").exists());
    }
    let output = build(place, "data", "command=awk '{print NR}'", &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("10 prompts answered before"), "{}", said(&output));
    let train = rows(&place.join("data/train.jsonl"));
    assert!(
        train.iter().all(|row| row["chosen_reward"].as_f64() > row["rejected_reward"].as_f64())
    );
    let again = build(place, "data", "min", &[]);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("holds a finished build already"), "{}", said(&again));
}

/// Five prompts are answered and the sixth is half written when the build is cut off: the rest is drawn as
/// if nothing had happened.
#[test]
fn sampling_goes_on_where_it_was_cut_off() {
    let place = place();
    let place = place.path();
    let content = |out: &str, name: &str| fs::read(place.join(out).join(name)).expect("there");
    let output = build(place, "whole", "skew=3", &[]);
    assert!(output.status.success(), "{}", said(&output));
    let whole = content("whole", "responses.jsonl");
    let lines = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let sixth = lines.map(|(end, _)| end).nth(5).expect("a sixth line");
    fs::create_dir(place.join("cut")).expect("made");
    fs::write(place.join("cut/responses.jsonl"), &whole[..sixth + 30]).expect("written");
    let output = build(place, "cut", "skew=3", &[]);
    assert!(said(&output).contains("5 prompts answered before"), "{}", said(&output));
    for name in ["responses.jsonl", "train.jsonl", "test.jsonl"] {
        assert_eq!(content("cut", name), content("whole", name), "{name}");
    }
}

/// Nothing of these is begun, and what was there stays.
#[test]
fn other_settings_models_and_folders_are_refused_before_any_work() {
    let place = place();
    let place = place.path();
    let failed = build(place, "data", "command=false", &[]);
    assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
    let before = fs::read(place.join("data/responses.jsonl")).expect("kept");
    fs::create_dir(place.join("full")).expect("made");
    fs::write(place.join("full/notes.txt"), "mine").expect("written");
    for (out, more, fault) in [
        ("data", ["--seed", "1"], "seed is 0 there and 1 here"),
        ("data", ["--responses", "5"], "responses is 4 there and 5 here"),
        ("data", ["--adapter", "none"], "there is no such file"),
        ("full", ["--seed", "1"], "holds other files, notes.txt among them"),
        ("new", ["--test", "0.99"], "leaves none to train on"),
        ("new", ["--labels", "exact=1"], "exact, bradley-terry=TEMPERATURE"),
        ("new", ["--temperature", "0"], "--temperature 0: a number above 0"),
    ] {
        let output = build(place, out, "min", &more);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {}", said(&output));
        assert!(said(&output).contains(fault), "{more:?}: {}", said(&output));
    }
    assert_eq!(fs::read(place.join("data/responses.jsonl")).expect("kept"), before);
    assert!(!place.join("new").exists());
    // The same name with other weights is another model.
    let weights = place.join("model/model.safetensors");
    let mut content = fs::read(&weights).expect("there");
    *content.last_mut().expect("a byte") ^= 1;
    fs::write(&weights, content).expect("written");
    let output = build(place, "data", "min", &[]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("weights is"), "{}", said(&output));
}

/// An interrupt ends the command of the reward too, and tells so by the exit code.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_reward_s_command() {
    use std::process::{Command, Stdio};
    let place = place();
    let place = place.path();
    let asked = ["data", "build", "prompts.jsonl", "--model", "model", "--max-new-tokens", "8"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_modeseek"))
        .args(asked)
        .args(["--out", "data", "--reward", "command=touch begun; sleep 60"])
        .current_dir(place)
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    while !place.join("begun").exists() {
        assert!(child.try_wait().expect("a child").is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let interrupt = ["-s", "INT", &child.id().to_string()].map(str::to_owned);
    assert!(Command::new("kill").args(interrupt).status().expect("sent").success());
    assert_eq!(child.wait().expect("ended").code(), Some(130));
    assert!(!place.join("data/train.jsonl").exists());
}

/// A model's context and its template decide about rows too; a file that is not there does not hide the next.
#[test]
fn rows_are_read_as_a_model_reads_them() {
    let place = place();
    let place = place.path();
    let long = "the ".repeat(200);
    let rows = [
        r#"{"prompt": "the", "chosen": "of", "rejected": "in a"}"#.to_owned(),
        format!(r#"{{"prompt": "the", "chosen": "{long}", "rejected": "in"}}"#),
    ];
    fs::write(place.join("pairs.jsonl"), rows.join("\n")).expect("written");
    let text = format!(r#"{{"prompt": "the", "completion": "{long}"}}"#);
    fs::write(place.join("texts.jsonl"), text).expect("written");
    let files = ["none.jsonl", "pairs.jsonl", "texts.jsonl"];
    let output = modeseek(place, &[&["data", "check"], &files[..], &["--model", "model"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stdout);
    // Each names the key of its own kind of rows.
    for (line, key) in [("line 2: has ", "preferences"), ("line 1: has ", "demonstrations")] {
        let fault = told.lines().find(|told| told.contains(line)).expect(line);
        // `the` is a token, and the template writes 19 more.
        let remedy = format!(
            "the model reads 32; shorten it, set data.{key}.max_response_tokens to at most 12, or take a model with a \
             longer context"
        );
        assert!(fault.ends_with(&remedy), "{fault}");
    }
    // A prompt of three letters and what the template adds.
    assert!(told.contains("0 to 20 tokens"), "{told}");
    let faults = said(&output);
    assert!(faults.contains("none.jsonl: cannot be read"), "{faults}");
    assert!(faults.contains("2 lines cannot be used"), "{faults}");
}

#[test]
fn a_file_with_faults_is_refused_after_all_of_them_are_told() {
    let place = place();
    let good = r#"{"prompt": "q", "chosen": "yes", "rejected": "no"}"#;
    let lines = [good, "{", good, r#"{"prompt": "q", "chosen": "a", "rejected": "a"}"#];
    fs::write(place.path().join("pairs.jsonl"), lines.join("\n")).expect("written");
    let output = modeseek(place.path(), &["data", "check", "pairs.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stdout);
    for part in ["line 2: is not a JSON object", "line 4: `chosen` and `rejected` are the same"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(
        told.contains("1 rows repeat an earlier row exactly and count twice: lines 3"),
        "{told}"
    );
    assert!(said(&output).contains("2 lines cannot be used"), "{}", said(&output));
}

/// Answers whose reward's command fails stand beside `--out`, without rewards; what was there stays.
#[test]
fn answers_that_cannot_be_scored_are_kept() {
    let place = place();
    let place = place.path();
    let eval = ["llm", "eval", "prompts.jsonl", "--model", "model", "--max-new-tokens", "8"];
    let asked =
        ["--best-of", "2", "--reward", "command=cat > /dev/null; exit 3", "--out", "answers.jsonl"];
    fs::write(place.join("answers.jsonl"), "mine").expect("written");
    let output = modeseek(place, &[&eval[..], &asked[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("the answers are in answers.unscored.jsonl, without rewards"));
    assert_eq!(fs::read_to_string(place.join("answers.jsonl")).expect("there"), "mine");
    let rows = rows(&place.join("answers.unscored.jsonl"));
    // Ten prompts, answered twice by one side and once by the other.
    assert_eq!(rows.len(), 30);
    assert!(rows.iter().all(|row| row["reward"].is_null() && row["response"].is_string()));
}

/// Best-of-N at inference: of the same four answers `llm eval --best-of 4` keeps the one that no comparison of
/// `data build` ranks behind another.
#[test]
fn the_best_of_some_answers_is_kept() {
    let place = place();
    let place = place.path();
    let scorer = "command=awk '{print length($0) % 7}'";
    let built = build(place, "data", scorer, &["--responses", "4"]);
    assert!(built.status.success(), "{}", said(&built));
    let mut best: BTreeMap<String, f64> = BTreeMap::new();
    for row in
        ["train", "test"].map(|name| rows(&place.join(format!("data/{name}.jsonl")))).concat()
    {
        let (prompt, reward) = (row["prompt"].as_str(), row["chosen_reward"].as_f64());
        let (prompt, reward) = (prompt.expect("text").to_owned(), reward.expect("a number"));
        best.entry(prompt).and_modify(|b| *b = b.max(reward)).or_insert(reward);
    }
    let fixed = ["llm", "eval", "prompts.jsonl", "--model", "model", "--max-new-tokens", "8"];
    let asked = ["--reward", scorer, "--best-of", "4", "--out", "answers.jsonl"];
    let eval = modeseek(place, &[&fixed[..], &asked[..]].concat());
    assert!(eval.status.success(), "{}", said(&eval));
    // log 4 − 3/4
    let table = String::from_utf8_lossy(&eval.stdout).into_owned();
    assert!(table.contains("the best of 4 answers: at most 0.636 nats away"), "{table}");
    let answers = rows(&place.join("answers.jsonl"));
    let mut compared = 0;
    for row in answers.chunks(2).map(|sides| &sides[0]) {
        let Some(best) = best.get(row["prompt"].as_str().expect("text")) else { continue };
        assert_eq!(row["reward"].as_f64(), Some(*best), "{row}");
        assert!(row["log_ratio"].is_null());
        compared += 1;
    }
    assert!(compared > 5, "{compared}");
}
