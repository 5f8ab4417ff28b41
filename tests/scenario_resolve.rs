//! From layers of keys to cells: precedence, sweeps, conditions, names and round trips.

use modeseek::learner::OptimizerSpec;
use modeseek::objective::ObjectiveSpec;
use modeseek::scenario::{Cell, Scenario, Source, shipped};
use std::path::Path;

/// Two methods, of which the second overrides the optimizer's kind.
const SCENARIO: &str = r#"
id = "small"
title = "A small scenario"
[problem.bumps]
reward = "R1"
[policy.tabular]
[schedule]
steps = 64
[optimizer.adam]
learning_rate = 0.1
[[method]]
name = "rwr"
objective.rwr = {}
[[method]]
name = "ipo"
objective.ipo = { target_margin = 10 }
optimizer.sgd = { learning_rate = 3 }
schedule.passes = 2
"#;

fn resolve_with(text: &str, set: &[&str]) -> Scenario {
    let set: Vec<String> = set.iter().map(|argument| (*argument).to_owned()).collect();
    Scenario::parse("small.toml", text, None, &set, None).unwrap_or_else(|error| panic!("{error}"))
}

fn resolve(extra: &str, set: &[&str]) -> Scenario {
    resolve_with(&format!("{SCENARIO}{extra}"), set)
}

fn passes(scenario: &Scenario) -> Vec<(String, usize)> {
    let of = |cell: &Cell| (cell.method.clone(), cell.experiment.schedule.passes);
    scenario.cells.iter().map(of).collect()
}

fn rate(cell: &Cell) -> f64 {
    match &cell.experiment.optimizer {
        OptimizerSpec::Adam(adam) => adam.learning_rate,
        OptimizerSpec::Sgd(sgd) => sgd.learning_rate,
    }
}

#[test]
fn methods_override_the_file_sweeps_the_methods_and_set_the_sweeps() {
    let of = |pairs: &[(&str, usize)]| {
        pairs.iter().map(|(name, passes)| ((*name).to_owned(), *passes)).collect::<Vec<_>>()
    };
    let sweep = "[sweep]\n\"schedule.passes\" = [3, 4]\n";
    assert_eq!(passes(&resolve("", &[])), of(&[("rwr", 1), ("ipo", 2)]));
    assert_eq!(passes(&resolve(sweep, &[])), of(&[("rwr", 3), ("rwr", 4), ("ipo", 3), ("ipo", 4)]));
    assert_eq!(passes(&resolve(sweep, &["schedule.passes=5"])), of(&[("rwr", 5), ("ipo", 5)]));
    assert_eq!(
        passes(&resolve(sweep, &["schedule.passes=5,6", "method.ipo.schedule.passes=7"])),
        of(&[("rwr", 5), ("rwr", 6), ("ipo", 7)])
    );
}

#[test]
fn another_choice_replaces_and_the_same_choice_merges() {
    let scenario = resolve("", &[]);
    assert!(matches!(scenario.cells[0].experiment.optimizer, OptimizerSpec::Adam(_)));
    assert!(matches!(scenario.cells[1].experiment.optimizer, OptimizerSpec::Sgd(_)));
    let text =
        SCENARIO.replace("optimizer.sgd = { learning_rate = 3 }", "optimizer.adam.beta1 = 0.5");
    let OptimizerSpec::Adam(adam) = resolve_with(&text, &[]).cells[1].experiment.optimizer.clone()
    else {
        panic!("adam");
    };
    assert_eq!((adam.learning_rate, adam.beta1), (0.1, 0.5));
}

#[test]
fn a_swept_key_applies_to_the_methods_that_have_it() {
    let scenario = resolve("[sweep]\n\"optimizer.adam.learning_rate\" = [0.1, 0.3]\n", &[]);
    let found: Vec<(&str, f64)> =
        scenario.cells.iter().map(|cell| (cell.method.as_str(), rate(cell))).collect();
    assert_eq!(found, [("rwr", 0.1), ("rwr", 0.3), ("ipo", 3.0)]);
    assert!(scenario.cells[2].settings.is_empty());
    // Keys without a default count as had by every method that could have them.
    let clipped = resolve("", &["schedule.gradient_clip=1,2"]);
    assert_eq!(clipped.cells.len(), 4);
    // But a key of another choice does not make a method take that choice.
    assert_eq!(resolve("", &["objective.rwr.temperature=1,2"]).cells.len(), 3);
}

#[test]
fn later_keys_of_a_sweep_turn_fastest() {
    let sweep =
        "[sweep]\n\"problem.bumps.reward\" = [\"R1\", \"R2\"]\n\"schedule.passes\" = [1, 2]\n";
    let scenario = resolve(sweep, &["method.ipo.schedule.passes=1"]);
    let settings = |cell: &Cell| cell.settings.values().cloned().collect::<Vec<_>>().join(" ");
    let found: Vec<String> = scenario.cells.iter().map(settings).collect();
    assert_eq!(found, ["R1 1", "R1 2", "R2 1", "R2 2", "R1 1", "R2 1"]);
    assert_eq!(scenario.sweep[0], ("problem.bumps.reward".into(), vec!["R1".into(), "R2".into()]));
}

#[test]
fn values_may_be_lists_and_tables_and_keys_need_no_quotes() {
    let text = SCENARIO.replace(
        "[problem.bumps]\nreward = \"R1\"",
        "[problem.two-modes]\npeaks = [20, 70]\nmasses = [1, 1]\nwidths = [5, 5]",
    );
    let text = format!("{text}[sweep]\nproblem.two-modes.masses = [[1, 1], [1, 3]]\n");
    let scenario = resolve_with(&text, &[]);
    assert_eq!(scenario.cells[1].settings["problem.two-modes.masses"], "[1, 3]");
    assert_eq!(resolve_with(&text, &["problem.two-modes.masses=[1,1],[1,2],[1,3]"]).cells.len(), 6);
    let references = "[sweep]\n\"problem.bumps.reference\" = [\"binned-cauchy\", \"uniform\"]\n";
    assert_eq!(resolve(references, &[]).cells.len(), 4);
}

#[test]
fn conditions_lie_between_methods_and_sweeps() {
    let extra = "[sweep]\n\"problem.bumps.reward\" = [\"R1\", \"R2\"]\n\
        [[when]]\nwhere = { \"problem.bumps.reward\" = \"R2\", method = [\"ipo\"] }\n\
        optimizer.sgd.learning_rate = 9\nschedule.passes = 8\n";
    let scenario = resolve(extra, &[]);
    let found: Vec<(f64, usize)> =
        scenario.cells.iter().map(|c| (rate(c), c.experiment.schedule.passes)).collect();
    assert_eq!(found, [(0.1, 1), (0.1, 1), (3.0, 2), (9.0, 8)]);
    let swept = extra.replace("[[when]]", "\"schedule.passes\" = [5]\n[[when]]");
    assert!(resolve(&swept, &[]).cells.iter().all(|cell| cell.experiment.schedule.passes == 5));
    assert_eq!(rate(&resolve(extra, &["method.ipo.optimizer.sgd.learning_rate=2"]).cells[3]), 2.0);
}

#[test]
fn a_required_key_may_be_given_by_sweeps_conditions_or_set_alone() {
    let text = SCENARIO.replace("steps = 64\n", "");
    assert_eq!(
        resolve_with(&format!("{text}[sweep]\n\"schedule.steps\" = [1, 2]\n"), &[]).cells.len(),
        4
    );
    assert_eq!(resolve_with(&text, &["schedule.steps=7"]).cells[0].experiment.schedule.steps, 7);
    let when = "[[when]]\nwhere = { method = [\"rwr\", \"ipo\"] }\nschedule.steps = 9\n";
    assert_eq!(resolve_with(&format!("{text}{when}"), &[]).cells[1].experiment.schedule.steps, 9);
}

#[test]
fn equal_experiments_run_once_and_a_warning_says_so() {
    let scenario = resolve("[[method]]\nname = \"again\"\nobjective.rwr.temperature = 1\n", &[]);
    assert_eq!(scenario.cells.len(), 2);
    assert!(scenario.warnings[0].contains("method `again` is the same experiment as method `rwr`"));
    let twice = resolve("[sweep]\n\"objective.rwr.temperature\" = [1, 1.0]\n", &[]);
    assert_eq!(twice.cells.len(), 2);
}

#[test]
fn names_of_cells_depend_on_content_alone() {
    let name = |scenario: Scenario| scenario.cells[0].name.clone();
    // Pinned: a change here makes every finished run start over.
    assert_eq!(name(resolve("", &[])), "78766843e61cc0b1");
    let renamed = SCENARIO.replace("name = \"rwr\"", "name = \"other\"").replace("small", "large");
    let spelled = renamed.replace("learning_rate = 0.1", "beta1 = 0.9\nlearning_rate = 1e-1");
    assert_eq!(name(resolve_with(&spelled, &["seeds.count=3"])), name(resolve("", &[])));
    assert_ne!(name(resolve("", &["schedule.passes=2"])), name(resolve("", &[])));
}

#[test]
fn names_of_cells_depend_on_what_csv_files_hold_but_not_on_where_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = SCENARIO.replace(
        "[problem.bumps]\nreward = \"R1\"",
        "[problem.table]\nrewards = { csv = \"r.csv\", column = \"reward\" }\nreference = \"uniform\"",
    );
    let path = folder.path().join("my.toml");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    let load = || Scenario::load(&Source::File(path.clone()), &[], None);
    write("my.toml", &text);
    write("r.csv", "arm,reward\n0,1\n1,0\n");
    let first = load().unwrap_or_else(|error| panic!("{error}"));
    write("other.csv", "arm,reward\n0,1\n1,0\n");
    write("my.toml", &text.replace("r.csv", "other.csv"));
    assert_eq!(load().expect("valid").cells[0].name, first.cells[0].name);
    write("other.csv", "arm,reward\n0,1\n1,0.5\n");
    assert_ne!(load().expect("valid").cells[0].name, first.cells[0].name);
    write("other.csv", "arm,reward\n0,one\n1,0\n");
    let message = load().expect_err("refused").to_string();
    assert!(message.contains("line 2") && message.contains("my.toml:"), "{message}");
}

#[test]
fn seeds_come_from_the_file_set_or_the_option_and_change_no_cell() {
    let extra = "[seeds]\nfirst = 5\ncount = 10\n";
    let text = SCENARIO.replace("[optimizer.adam]", &format!("{extra}[optimizer.adam]"));
    assert_eq!(resolve_with(&text, &[]).seeds.range(), 5..15);
    assert_eq!(resolve_with(&text, &["seeds.first=1", "seeds.count=6"]).seeds.range(), 1..7);
    let scenario = Scenario::parse("small.toml", &text, None, &[], Some(2..9)).expect("valid");
    assert_eq!(scenario.seeds.range(), 2..9);
    assert_eq!(resolve("", &[]).seeds.range(), 0..20);
}

#[test]
fn run_folders_are_named_by_id_and_set_arguments() {
    assert_eq!(resolve("", &[]).run_folder_name(), "small");
    let set = resolve("", &["schedule.passes=4"]).run_folder_name();
    assert_eq!(set.len(), "small+".len() + 8);
    assert_ne!(set, resolve("", &["schedule.passes=5"]).run_folder_name());
}

#[test]
fn set_may_take_the_cells_of_a_claim_away() {
    let extra = "[sweep]\n\"schedule.passes\" = [1, 4]\n[[claim]]\nid = \"1\"\nsays = \"x\"\n\
        expected = \"holds\"\nmetric = \"gold_reward\"\nbetter = { \"schedule.passes\" = 1 }\n\
        worse = { \"schedule.passes\" = 4 }\nwhere = { method = \"rwr\" }\nmargin = 0.0\n";
    assert_eq!(resolve(extra, &[]).claims.len(), 1);
    // Its cells are gone, or each of its sides is now two.
    for set in ["schedule.passes=2", "optimizer.adam.learning_rate=0.1,0.3"] {
        let scenario = resolve(extra, &[set]);
        assert!(scenario.claims.is_empty(), "{set}");
        let warned = |warning: &String| warning.contains("claim 1 is left out");
        assert!(scenario.warnings.iter().any(warned), "{set}: {:?}", scenario.warnings);
    }
}

#[test]
fn cut_rounds_and_few_seeds_are_warned_of() {
    let set = ["schedule.samples_per_round=300", "seeds.count=4"];
    let warnings = resolve("", &set).warnings;
    assert!(warnings[0].contains("64 steps") && warnings[0].contains("B/M = 3"), "{warnings:?}");
    assert!(warnings[1].contains("4 seeds are fewer than 5"), "{warnings:?}");
}

#[test]
fn every_shipped_scenario_resolves_and_survives_being_written_and_read() {
    assert!(!shipped().is_empty());
    for file in shipped() {
        let scenario = Scenario::load(&Source::Shipped(file.id().into()), &[], None)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(scenario.id, file.id(), "a file is named by its id");
        let mut doubts = scenario.warnings.iter().filter(|text| !text.contains("fewer than 5"));
        assert_eq!(doubts.next(), None, "{}", file.path);
        let written = toml::to_string(&scenario).expect("written");
        let read: Scenario = toml::from_str(&written).expect("read");
        assert_eq!(read, Scenario { warnings: Vec::new(), ..scenario }, "{}", file.path);
    }
}

/// A quick look takes a quarter of the steps, and its panels show steps that every run measures.
#[test]
fn panels_of_a_quick_look_show_measured_steps() {
    let mut looked_at = 0;
    for file in shipped() {
        let whole = Scenario::load(&Source::Shipped(file.id().into()), &[], None).expect("shipped");
        let quick = whole.shortened(3, 4);
        for step in
            quick.panels.iter().flat_map(|panel| panel.steps.iter().copied().chain(panel.at_step))
        {
            let measured = |cell: &Cell| cell.moments().contain(step);
            assert!(quick.cells.iter().all(measured), "{}: step {step}", file.path);
            looked_at += 1;
        }
    }
    assert!(looked_at > 20, "{looked_at} panels");
}

/// Measured at 0, 4, 8 and 10.
#[test]
fn a_step_that_is_not_measured_is_refused_with_its_neighbours() {
    let text = |at: u64| {
        let text = SCENARIO.replace("steps = 64", "steps = 10");
        let panel =
            "title = \"a\"\nkind = \"frontier\"\nx = \"reverse_kl_ref\"\ny = \"gold_reward\"";
        format!("{text}[measure]\nevery = 4\n[[panel]]\n{panel}\nat_step = {at}\n")
    };
    let parse = |at| Scenario::parse("mine.toml", &text(at), None, &[], None);
    assert!(parse(8).is_ok(), "{}", parse(8).expect_err("refused"));
    let error = parse(6).expect_err("refused").to_string();
    assert!(error.contains("no cell is measured at step 6"), "{error}");
    assert!(error.contains("nearest: 4 and 8"), "{error}");
}

#[test]
fn a_claim_compares_with_one_thing() {
    let parse = |lines: &str| {
        let claim = "[[claim]]\nid = \"1\"\nsays = \"so\"\nexpected = \"holds\"\n\
                     metric = \"gold_reward\"\nmargin = 0.1\nbetter = { method = \"rwr\" }\n";
        Scenario::parse("mine.toml", &format!("{SCENARIO}{claim}{lines}\n"), None, &[], None)
    };
    for lines in ["worse = { method = \"ipo\" }", "above = 0.5", "below = 0"] {
        assert!(parse(lines).is_ok(), "{lines}: {}", parse(lines).expect_err("refused"));
    }
    for (lines, said) in [
        ("", "given: nothing"),
        ("above = 0.5\nbelow = 0.7", "with one thing"),
        ("above = 0.5\nworse = { method = \"ipo\" }", "with one thing"),
        ("above = 0.5\nminus_better = { method = \"ipo\" }", "with one thing"),
        ("below = inf", "must be finite"),
    ] {
        let error = parse(lines).expect_err("refused").to_string();
        assert!(error.contains(said), "{lines}: {error}");
    }
}

#[test]
fn every_kind_of_policy_survives_being_written_and_read() {
    for policy in ["mlp", "unimodal]\nmean = 20\nwidth = 10\n[data", "tabular"] {
        let text = SCENARIO.replace("policy.tabular", &format!("policy.{policy}"));
        let scenario = resolve_with(&text, &[]);
        let written = toml::to_string(&scenario).expect("written");
        assert_eq!(toml::from_str::<Scenario>(&written).expect("read"), scenario);
    }
}

#[test]
fn a_path_is_known_by_its_ending_or_a_separator() {
    assert_eq!(Source::of("my.toml"), Source::File(Path::new("my.toml").into()));
    assert_eq!(Source::of("sub/my"), Source::File(Path::new("sub/my").into()));
    assert_eq!(Source::of("bandit-batch-size"), Source::Shipped("bandit-batch-size".into()));
}

#[test]
fn numbers_may_be_written_without_a_point() {
    let ObjectiveSpec::Ipo(ipo) = &resolve("", &[]).cells[1].experiment.objective else {
        panic!("ipo");
    };
    assert_eq!(ipo.target_margin, Some(10.0));
}
