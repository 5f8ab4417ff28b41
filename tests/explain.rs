//! `modeseek explain`: everything that can be met is explained, by what the code itself says.

use modeseek::glossary::{Entry, Kind, entries, find, terms};
use modeseek::learner::METRICS;
use modeseek::objective::TABLE_1;
use modeseek::scenario::{Scenario, Source, shipped};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

fn text(term: &str) -> String {
    let found = find(term).unwrap_or_else(|error| panic!("{error}"));
    found.iter().map(Entry::to_string).collect::<Vec<_>>().join("\n")
}

/// The lines of an explanation without their line breaks.
fn flat(term: &str) -> String {
    text(term).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The dotted path of every leaf of a resolved experiment.
fn leaves(prefix: &str, value: &toml::Value, paths: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) if !table.is_empty() => {
            for (key, inner) in table {
                let dot = if prefix.is_empty() { "" } else { "." };
                leaves(&format!("{prefix}{dot}{key}"), inner, paths);
            }
        }
        _ => {
            paths.insert(prefix.to_owned());
        }
    }
}

#[test]
fn every_metric_is_explained_with_its_unit_formula_and_place() {
    for name in METRICS {
        let found = flat(name);
        assert!(found.contains(&format!("{name}: a metric")), "{found}");
        for part in [" What ", " Formula ", " Unit ", " See ", " Source "] {
            assert!(found.contains(part), "{name} lacks {part}: {found}");
        }
    }
}

/// Keys that only name, describe or place something, and tables whose keys are explained one by one.
const SAY_ALL_THEMSELVES: [&str; 44] = [
    "id",
    "title",
    "figure",
    "tier",
    "tags",
    "question",
    "see",
    "expected_seconds",
    "published",
    "problem",
    "policy",
    "objective",
    "schedule",
    "data",
    "pairs",
    "optimizer",
    "measure",
    "claim.id",
    "claim.says",
    "claim.why",
    "published.id",
    "published.says",
    "published.source",
    "published.why",
    "factor.name",
    "panel.title",
    "panel.methods",
    "panel.factors",
    "panel.claim",
    "panel.steps",
    "panel.log_x",
    "panel.log_y",
    "panel.x_label",
    "panel.y_label",
    "panel.x_range",
    "panel.y_range",
    "panel.marks",
    "panel.points",
    "panel.marks.value",
    "panel.marks.label",
    "panel.marks.axis",
    "panel.points.x",
    "panel.points.y",
    "panel.points.label",
];

#[test]
fn every_term_says_how_it_is_read_and_what_going_wrong_looks_like() {
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    let mut count = 0;
    for entry in entries() {
        let wanted = matches!(entry.kind, Kind::Metric | Kind::Objective | Kind::Key | Kind::Word);
        if !wanted || SAY_ALL_THEMSELVES.contains(&entry.name.as_str()) {
            continue;
        }
        // What is written once for a type is read at each place where the type stands.
        let leaf = entry.name.rsplit('.').next().unwrap_or(&entry.name).to_owned();
        for label in ["Read", "Wrong"] {
            let text = entry.text(label).unwrap_or("");
            assert!(text.chars().count() >= 40, "{} lacks {label}: `{text}`", entry.name);
            assert!(text.ends_with(['.', ')', '?']), "{} ends in the middle: `{text}`", entry.name);
            let owner = told.entry(text.to_owned()).or_insert_with(|| leaf.clone());
            assert_eq!(*owner, leaf, "{} says what another says: {text}", entry.name);
        }
        count += 1;
    }
    assert!(count > 200, "{count}");
}

#[test]
fn claims_scenarios_and_figures_are_terms() {
    let claim = flat("4.4");
    for part in [
        "4.4: a claim",
        "What The loss from stale data is milder on R2 than on R1",
        "Compared mean gold_reward over the run",
        "better: schedule.samples_per_round = 100 worse: schedule.samples_per_round = 6400",
        "second pair, both: optimizer.adam.learning_rate = 0.1, problem.bumps.reward = R2",
        "[(better − worse) − (better − worse, second pair)]",
        "Margin ±0.02 reward units",
        "Expected holds: The interval lies above the margin.",
        "Figure fig04 Scenario bandit-batch-size",
        "See modeseek claims bandit-batch-size",
    ] {
        assert!(claim.contains(part), "lacks {part}: {claim}");
    }
    let speed = flat("claim L11.4");
    assert!(speed.contains("(worse − better)") && speed.contains("±100 queries"), "{speed}");
    assert!(flat("L11.3").contains("Expected reversed: The interval lies below −margin. Why Per"));
    let scenario = flat("fig04");
    assert_eq!(scenario, flat("bandit-batch-size"));
    for part in [
        "bandit-batch-size: a scenario (also: fig04)",
        "Methods best-of-n",
        "schedule.samples_per_round = [100, 400, 1600, 6400]",
        "Claims 4.1–4.4",
    ] {
        assert!(scenario.contains(part), "lacks {part}: {scenario}");
    }
    let of = |kind: Kind| entries().iter().filter(|entry| entry.kind == kind).count();
    assert_eq!(of(Kind::Scenario), shipped().len());
    assert!(of(Kind::Claim) > 150);
}

#[test]
fn slips_in_claims_scenarios_and_figures_are_met_with_a_proposal() {
    for (slip, meant) in
        [("L199.2", "L19.2"), ("fig004", "fig04"), ("bandit-batchsize", "bandit-batch-size")]
    {
        let unknown = find(slip).expect_err("no term");
        assert_eq!(unknown.close.as_deref(), Some(meant), "{slip}");
    }
}

#[test]
fn every_row_of_table_1_is_explained_as_it_stands() {
    for row in &TABLE_1 {
        let yes = |holds: bool| if holds { "yes" } else { "no" };
        let line = format!(
            "{}: on-policy {}, sample reuse {}, negative gradient {}",
            row.approach,
            yes(row.on_policy),
            row.reuse.map_or("–", yes),
            yes(row.negative_gradient)
        );
        for term in row.approach.split([',', '(', ')']).chain([row.objective]) {
            if term.trim().is_empty() {
                continue;
            }
            let found = flat(term);
            assert!(found.contains(&line), "{term} lacks {line}: {found}");
            for part in [" Formula ", " Gradient ", " Unit ", " Set ", " Source arXiv"] {
                assert!(found.contains(part), "{term} lacks {part}: {found}");
            }
        }
    }
}

#[test]
fn every_key_of_the_shipped_scenarios_is_explained() {
    let mut paths = BTreeSet::new();
    for file in shipped() {
        let scenario = Scenario::load(&Source::Shipped(file.id().into()), &[], None)
            .unwrap_or_else(|error| panic!("{error}"));
        paths.extend(scenario.sweep.iter().map(|(key, _)| key.clone()));
        for cell in &scenario.cells {
            let table = toml::Value::try_from(&cell.experiment).expect("written");
            leaves("", &table, &mut paths);
        }
    }
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        let found = text(&path);
        let leaf = path.rsplit('.').next().unwrap_or(&path);
        assert!(found.contains(leaf), "{path}: {found}");
        assert!(text(leaf).contains("  What  "), "{leaf}");
    }
}

/// Keys that shipped scenarios may leave out, and those outside of experiments.
#[test]
fn every_other_key_is_explained_too() {
    for path in [
        "schedule.gradient_clip",
        "schedule.warmup_steps",
        "data.preferences.csv",
        "objective.dpo.label_smoothing",
        "objective.ipo.tau",
        "objective.rwr.normalise",
        "objective.ppo.ratio_clip",
        "objective.unlikelihood.pushed",
        "objective.hinge.beta",
        "objective.reinforce.baseline",
        "problem.two-modes.peaks",
        "problem.table.rewards.csv",
        "policy.unimodal.mean",
        "policy.mlp.fit.states",
        "optimizer.sgd.momentum",
        "measure.distribution",
        "pairs.ties",
        "seeds.first",
        "claim.steps_to",
        "claim.where",
        "panel.y_range",
        "panel.methods",
        "panel.points",
        "panel.points.label",
        "panel.marks.value",
        "panel.statistic",
        "panel.area",
        "panel.factors",
        "panel.claim",
        "factor.name",
        "factor.high",
        "factor.low",
        "tier",
        "expected_seconds",
        "measure",
        "problem",
    ] {
        assert!(text(path).starts_with(&format!("{path}: a key")), "{}", text(path));
    }
}

#[test]
fn shipped_scenarios_that_show_a_term_are_named() {
    for (term, how) in [
        ("schedule.samples_per_round", "Shipped swept by bandit-batch-size"),
        ("best-of-n", "Shipped used by bandit-atlas, bandit-batch-size"),
        ("gold_reward", "Shipped shown or judged by bandit-atlas, bandit-batch-size"),
    ] {
        assert!(flat(term).contains(how), "{term}: {}", flat(term));
    }
}

#[test]
fn formulas_and_defaults_are_those_of_the_code() {
    let has = |term: &str, parts: &[&str]| {
        let found = flat(term);
        for part in parts {
            assert!(found.contains(part), "{term} lacks {part}: {found}");
        }
    };
    has(
        "dpo",
        &["ℓ = −(1 − ε)·log σ(βh) − ε·log σ(−βh)", "arXiv 2305.18290, eq. 7", "modeseek loss dpo"],
    );
    has("IPO", &["ℓ = (h − m)², m = 1/(2τ)", "c(y_w) = 2·(h − m)", "arXiv 2310.12036", "nats²"]);
    has("hinge", &["ℓ = max(0, 1 − βh)"]);
    has("rwr", &["ℓ = −min(exp(r/temperature), clip) · log π(y)"]);
    has("ppo", &["clip(ρ_t, 1 − ε, 1 + ε)", "π(y_t)/π_old(y_t)"]);
    has("best of n", &["ℓ = −log π(argmax_y r(y))"]);
    has("label_smoothing", &["Default 0.0", "The assumed share of flipped labels"]);
    has(
        "objective.dpo.beta",
        &["Default 0.1", "a finite number above zero", "--set objective.dpo.beta=VALUE"],
    );
    has("tau", &["target_margin = 1/(2·tau)", "none: it may be left out"]);
    has("weight_clip", &["Default 20.0"]);
    has("ratio_clip", &["Default 0.2", "a number above zero, or \"none\""]);
    has(
        "learning_rate",
        &["none: it must be given", "above 0", "a metric", "policy.mlp.fit.learning_rate"],
    );
    has("data.prompts", &["Default \"fresh\"", "a number of prompts or \"fresh\""]);
}

#[test]
fn the_papers_symbols_lead_to_their_keys() {
    for (symbol, key) in [
        ("B", "schedule.samples_per_round"),
        ("c", "schedule.responses_per_prompt"),
        ("M", "schedule.minibatch"),
        ("t", "schedule.passes"),
        ("β", "objective.dpo.beta"),
        ("τ", "objective.ipo.tau"),
        ("lr", "optimizer.adam.learning_rate"),
    ] {
        assert!(text(symbol).contains(&format!("{key}: a key")), "{symbol}");
    }
}

#[test]
fn the_words_of_the_paper_are_explained() {
    for word in [
        "on-policy",
        "Offline",
        "staleness",
        "queries",
        "negative_gradient",
        "round",
        "step",
        "mode seeking",
        "mode-covering",
        "forward kl",
        "reverse-KL",
        "holds",
        "reversed",
        "no difference",
        "inconclusive",
        "margin",
        "holm",
        "interaction",
        "main effect",
        "multiverse",
        "IQM",
        "probability of improvement",
        "implicit reward",
        "cell",
        "seed",
        "ordinal",
        "cardinal",
        "policy gradient",
        "contrastive",
        "RLOO",
        "SLiC",
        "ReST",
    ] {
        assert!(text(word).contains("  What  "), "{word}");
    }
    assert!(flat("reversed").contains("reversed: The interval lies below −margin."));
    // The value of a key leads to the key.
    assert!(text("leave-one-out").contains("objective.reinforce.baseline: a key"));
    assert!(text("R1").contains("Peak 70, width 10"));
    assert!(text("median").contains("panel.statistic: a key"));
    assert!(text("verdicts").contains("panel.kind: a key"));
    assert!(flat("data/0").contains("data/ARM: a metric"));
}

#[test]
fn the_list_names_every_term_once_by_kind() {
    let list = terms();
    let flat = list.split_whitespace().collect::<Vec<_>>().join(" ");
    for entry in entries().iter().filter(|entry| entry.kind != Kind::Claim) {
        let name = &entry.name;
        let ends = [", ", " (", " Objectives", " Keys", " Words", " Claims", " Scenarios"];
        let listed = ends.iter().any(|end| flat.contains(&format!(" {name}{end}")));
        assert!(listed || flat.ends_with(name), "{name} is not listed");
    }
    assert!(
        flat.contains("Claims A.1–A.4 (bandit-atlas); 4.1–4.4 (bandit-batch-size); "),
        "{flat}"
    );
    assert!(list.lines().all(|line| line.chars().count() <= 96), "{list}");
}

#[test]
fn entries_are_written_as_json() {
    let found = find("gold_reward").expect("a term");
    let json = serde_json::to_value(&found[0]).expect("written");
    assert_eq!((&json["kind"], &json["name"]), (&"metric".into(), &"gold_reward".into()));
    assert_eq!(json["paragraphs"][1]["label"], "Formula");
    assert!(json["paragraphs"][1]["text"].as_str().is_some_and(|text| text.contains("Σ_a")));
}

fn modeseek(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modeseek"));
    let output = command.arg("explain").args(arguments).output().expect("started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_command_prints_explains_and_refuses() {
    assert!(modeseek(&["negative", "gradient"]).1.starts_with("negative gradient: a word"));
    assert_eq!(modeseek(&["b"]).1.trim_end(), text("B").trim_end());
    assert!(modeseek(&[]).1.contains("Objectives and methods\n"));
    let (code, out, error) = modeseek(&["gold_rewards"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        error.contains("did you mean: `gold_reward`?") && error.contains("allowed: "),
        "{error}"
    );
    let (code, _, error) = modeseek(&["zzzz"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("`modeseek explain` lists them all"), "{error}");
    // What TRL calls it; a word that is only somewhat alike is not meant.
    assert!(modeseek(&["max_grad_norm"]).2.contains("`gradient_clip`?"));
    assert!(!modeseek(&["weight_decay"]).2.contains("did you mean"));
    assert_eq!(modeseek(&[""]).0, Some(2));
    assert!(modeseek(&["--help"]).1.contains("modeseek explain negative gradient"));
}

#[test]
fn every_term_that_a_message_refers_to_is_explained() {
    let snapshots = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let mut referred = 0;
    for file in std::fs::read_dir(snapshots).expect("snapshots") {
        let messages = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        for rest in messages.split("`modeseek explain ").skip(1) {
            let term = rest.split('`').next().unwrap_or(rest);
            assert!(text(term).starts_with(&format!("{term}: a key")), "{term}");
            referred += 1;
        }
    }
    assert!(referred >= 10, "{referred}");
}

/// A paragraph that is told twice contradicts itself sooner or later.
#[test]
fn no_entry_has_two_paragraphs_of_one_label() {
    for entry in modeseek::glossary::entries() {
        for (i, paragraph) in entry.paragraphs.iter().enumerate() {
            let once = entry.paragraphs[..i].iter().all(|other| other.label != paragraph.label);
            assert!(once, "{}: {} twice", entry.name, paragraph.label);
        }
    }
}
