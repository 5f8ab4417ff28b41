//! Every class of message about a scenario, word for word.
//!
//! The messages stand in `tests/snapshots/scenario_errors.txt`; after a wanted change, run the test
//! once with `MODESEEK_BLESS=1` and read the diff.

use modeseek::scenario::{Scenario, Source, find, shipped};
use std::path::Path;

/// A small scenario that each case spoils in one place.
const SCENARIO: &str = r#"id = "small"
title = "A small scenario"
[problem.bumps]
reward = "R1"
[policy.tabular]
[schedule]
samples_per_round = 100
minibatch = 100
passes = 1
steps = 64
[data]
prompts = "fresh"
[optimizer.adam]
learning_rate = 0.1
[[method]]
name = "best-of-n"
objective.best-of-n = {}
[[method]]
name = "on-policy ipo"
objective.ipo = { target_margin = 10.0 }
[sweep]
"problem.bumps.reward" = ["R1", "R2"]
[[when]]
where = { "problem.bumps.reward" = "R2" }
optimizer.adam.learning_rate = 0.03
[[claim]]
id = "1"
says = "Something"
expected = "holds"
metric = "gold_reward"
better = { method = "best-of-n" }
worse = { method = "on-policy ipo" }
where = { "problem.bumps.reward" = "R1" }
margin = 0.02
across = ["problem.bumps.reward", "steps"]
[[panel]]
title = "R1"
kind = "curves"
y = "gold_reward"
[[factor]]
name = "negative gradient"
high = { method = "on-policy ipo" }
low = { method = "best-of-n" }
[[published]]
id = "theirs"
says = "It ends at 0.9"
source = "another program, 1 seed"
metric = "gold_reward"
cell = { method = "best-of-n", "problem.bumps.reward" = "R2" }
values = [0.9]
"#;

/// Name, what is replaced, by what, and the `--set` argument (or none).
type Case = (&'static str, &'static str, &'static str, &'static str);

/// Syntax, keys, types and words.
const KEYS: &[Case] = &[
    ("syntax", "steps = 64", "steps = = 64", ""),
    ("a key twice", "steps = 64", "steps = 64\nsteps = 32", ""),
    ("unknown key at the top", "[data]", "[daat]", ""),
    ("unknown key", "passes = 1", "pases = 1", ""),
    ("unknown key of a method", "objective.best-of-n", "objectiv.best-of-n", ""),
    ("unknown choice", "objective.best-of-n", "objective.best-of-m", ""),
    ("key of an empty table", "best-of-n = {}", "best-of-n = { draws = 3 }", ""),
    ("unknown key in braces", "{ target_margin = 10.0 }", "{ targt_margin = 10.0 }", ""),
    ("unknown word", "reward = \"R1\"\n[policy", "reward = \"R3\"\n[policy", ""),
    ("missing key", "steps = 64\n", "", ""),
    ("missing choice", "objective.best-of-n = {}\n", "", ""),
    ("empty choice", "objective.best-of-n = {}", "objective = {}", ""),
    ("choice as a word", "objective.best-of-n = {}", "objective = \"best-of-n\"", ""),
    ("two choices", "best-of-n = {}\n", "best-of-n = {}\nobjective.hinge = {}\n", ""),
    ("string for a count", "passes = 1", "passes = \"one\"", ""),
    ("negative count", "passes = 1", "passes = -1", ""),
    ("fraction for a count", "passes = 1", "passes = 1.5", ""),
    ("one of two types", "prompts = \"fresh\"", "prompts = \"frsh\"", ""),
    ("a tab before the key", "passes = 1", "\tpasses = true", ""),
    ("no method", "[[method]]", "[[methods]]", ""),
    ("method without a name", "name = \"best-of-n\"\n", "", ""),
    ("two methods of one name", "name = \"best-of-n\"", "name = \"on-policy ipo\"", ""),
    ("capital letters in the id", "id = \"small\"", "id = \"Small\"", ""),
    ("unknown tier", "title =", "tier = \"bandits\"\ntitle =", ""),
];

/// What types cannot say.
const MEANING: &[Case] = &[
    ("not a number", "learning_rate = 0.1", "learning_rate = nan", ""),
    ("learning rate of zero", "learning_rate = 0.1", "learning_rate = 0", ""),
    ("minibatch is no part of a round", "minibatch = 100", "minibatch = 70", ""),
    ("prompts are cut", "minibatch = 100", "minibatch = 100\nresponses_per_prompt = 30", ""),
    ("no passes", "passes = 1", "passes = 0", ""),
    ("one response", "passes = 1", "passes = 1\nresponses_per_prompt = 1", ""),
    ("pairs of one response", "best-of-n = {}", "dpo = {}\nschedule.responses_per_prompt = 1", ""),
    (
        "leave one out of one",
        "best-of-n = {}",
        "reinforce.baseline = \"leave-one-out\"\nschedule.responses_per_prompt = 1",
        "",
    ),
    ("a group of one", "best-of-n = {}", "grpo = {}\nschedule.responses_per_prompt = 1", ""),
    (
        "weights within a prompt of one",
        "best-of-n = {}",
        "rwr.normalise = true\nschedule.responses_per_prompt = 1",
        "",
    ),
    (
        "a weight that would change its sign",
        "best-of-n = {}",
        "ppo.kl = { target = 2.0, horizon = 20.0 }",
        "",
    ),
    (
        "data of a bump without a width",
        "reward = \"R1\"\n[policy",
        "reward = \"R1\"\ndata.gaussian = { mean = 20.0, width = 0.0 }\n[policy",
        "",
    ),
    (
        "expectations over fresh data",
        "passes = 1",
        "passes = 1\ndata = \"offline\"\nexpectation = \"exact\"",
        "",
    ),
    ("offline without a pool", "passes = 1", "passes = 1\ndata = \"offline\"", ""),
    (
        "a round larger than the data",
        "best-of-n = {}",
        "best-of-n = {}\nschedule.data = \"offline\"\ndata.prompts = 5",
        "",
    ),
    ("a divergence of samples", "objective.best-of-n", "objective.forward-kl", ""),
    (
        "offline entropy bonus",
        "best-of-n = {}",
        "ppo.entropy_bonus = 0.1\nschedule.data = \"offline\"\ndata.prompts = 50",
        "",
    ),
    ("a critic of arms", "best-of-n = {}", "ppo.critic = {}", ""),
    ("label smoothing", "best-of-n = {}", "dpo.label_smoothing = 0.5", ""),
    ("neither tau nor margin", "{ target_margin = 10.0 }", "{}", ""),
    ("no optimum", "best-of-n = {}", "dpo = {}\nschedule.expectation = \"fixed-point\"", ""),
    ("reward gap below zero", "[data]", "[pairs]\nreward_gap = -0.1\n[data]", ""),
    ("measured twice", "[data]", "[measure]\nevery = 4\npoints = 10\n[data]", ""),
    ("unknown metric measured", "[data]", "[measure]\nmetrics = [\"loss\", \"los\"]\n[data]", ""),
    ("no seeds", "[data]", "[seeds]\ncount = 0\n[data]", ""),
    (
        "a missing file",
        "[data]",
        "[problem.table]\nrewards = { csv = \"none.csv\", column = \"r\" }\nreference = \"uniform\"\n[data]",
        "",
    ),
];

/// Sweeps, conditions, claims and panels.
const FINDINGS: &[Case] = &[
    (
        "swept key that no method has",
        "[\"R1\", \"R2\"]",
        "[\"R1\", \"R2\"]\n\"schedule.pases\" = [1]",
        "",
    ),
    ("sweep without a list", "[\"R1\", \"R2\"]", "\"R1\"", ""),
    ("sweep without values", "[\"R1\", \"R2\"]", "[]", ""),
    ("unknown word in a sweep", "[\"R1\", \"R2\"]", "[\"R1\", \"R2\", \"R4\"]", ""),
    ("condition on a key", "where = { \"problem.bumps.reward\"", "where = { \"problem.bump\"", ""),
    ("condition on a value", "reward\" = \"R2\" }", "reward\" = \"R9\" }", ""),
    ("no condition", "where = { \"problem.bumps.reward\" = \"R2\" }\n", "", ""),
    ("unknown key of a claim", "margin = 0.02", "margn = 0.02", ""),
    ("unknown metric of a claim", "metric = \"gold_reward\"", "metric = \"gold_rewards\"", ""),
    ("unknown verdict", "expected = \"holds\"", "expected = \"hold\"", ""),
    (
        "unknown method of a claim",
        "better = { method = \"best-of-n\"",
        "better = { method = \"best\"",
        "",
    ),
    ("unknown value of a claim", "reward\" = \"R1\" }", "reward\" = \"R7\" }", ""),
    ("margin below zero", "margin = 0.02", "margin = -0.02", ""),
    ("two ways to compare", "margin = 0.02", "margin = 0.02\narea = true\nat_step = 5", ""),
    (
        "a claim of several cells",
        "where = { \"problem.bumps.reward\" = \"R1\" }\nmargin",
        "margin",
        "",
    ),
    (
        "a claim on a list of values",
        "worse = { method = \"on-policy ipo\" }",
        "worse = { method = \"best-of-n\", \"problem.bumps.reward\" = [] }",
        "",
    ),
    (
        "a claim at a step that one of its cells does not measure",
        "where = { \"problem.bumps.reward\" = \"R2\" }\noptimizer.adam.learning_rate = 0.03\n[[claim]]",
        "where = { method = \"best-of-n\" }\nschedule.steps = 32\n[[claim]]\nat_step = 64",
        "",
    ),
    (
        "a claim on a metric that one of its cells does not measure",
        "objective.best-of-n = {}",
        "objective.best-of-n = {}\nmeasure.metrics = [\"loss\"]",
        "",
    ),
    (
        "a claim across what it compares",
        "worse = { method = \"on-policy ipo\" }",
        "worse = { method = \"on-policy ipo\", \"problem.bumps.reward\" = \"R2\" }",
        "",
    ),
    (
        "published numbers of several cells",
        "cell = { method = \"best-of-n\", \"problem.bumps.reward\" = \"R2\" }",
        "cell = { method = \"best-of-n\" }",
        "",
    ),
    ("unknown kind of panel", "kind = \"curves\"", "kind = \"curve\"", ""),
    ("unknown metric of a panel", "y = \"gold_reward\"", "y = \"gold\"", ""),
    ("unknown metric in a list", "y = \"gold_reward\"", "y = [\"loss\", \"gold\"]", ""),
    ("unknown lines of a panel", "y = \"gold", "lines = \"passes\"\ny = \"gold", ""),
    (
        "unknown method of a factor",
        "high = { method = \"on-policy ipo\"",
        "high = { method = [\"onpolicy ipo\"]",
        "",
    ),
    ("unknown key of a factor", "low = { method", "low = { methods", ""),
    ("a level of every cell", "low = { method = \"best-of-n\" }", "low = {}", ""),
    (
        "two factors of one name",
        "[[factor]]",
        "[[factor]]\nname = \"negative gradient\"\nhigh = {}\nlow = {}\n[[factor]]",
        "",
    ),
    (
        "unknown factor of a panel",
        "kind = \"curves\"",
        "kind = \"effects\"\nfactors = [\"negative\"]",
        "",
    ),
    ("effects without factors", "kind = \"curves\"", "kind = \"effects\"", ""),
    ("a mean over the run of curves", "kind = \"curves\"", "area = true", ""),
    ("verdicts without a claim", "kind = \"curves\"", "kind = \"verdicts\"", ""),
    ("verdicts on an unknown claim", "kind = \"curves\"", "kind = \"verdicts\"\nclaim = \"4\"", ""),
    (
        "verdicts over a key that is not counted",
        "kind = \"curves\"",
        "kind = \"verdicts\"\nclaim = \"1\"\nx = \"step\"",
        "",
    ),
    (
        "verdicts over one key",
        "kind = \"curves\"\ny = \"gold_reward\"",
        "kind = \"verdicts\"\nclaim = \"1\"\nx = \"steps\"\ny = \"steps\"",
        "",
    ),
    ("a claim of curves", "kind = \"curves\"", "claim = \"1\"", ""),
    ("a least lead below zero", "kind = \"curves\"", "least_lead = -1.0", ""),
    ("unknown statistic", "kind = \"curves\"", "statistic = \"mode\"", ""),
    ("medians of a density", "kind = \"curves\"", "kind = \"density\"\nstatistic = \"median\"", ""),
    (
        "a point without a place",
        "y = \"gold_reward\"",
        "y = \"gold_reward\"\npoints = [{ x = inf, y = 0.5, label = \"here\" }]",
        "",
    ),
    (
        "a point without a label",
        "y = \"gold_reward\"",
        "y = \"gold_reward\"\npoints = [{ x = 1, y = 0.5 }]",
        "",
    ),
    (
        "a mark without a place",
        "y = \"gold",
        "marks = [{ value = nan, label = \"\" }]\ny = \"gold",
        "",
    ),
    ("sweep panel over steps", "kind = \"curves\"", "kind = \"sweep\"", ""),
    ("unknown key of published numbers", "values = [0.9]", "value = [0.9]", ""),
    (
        "unknown value of a published cell",
        "reward\" = \"R2\" }\nvalues",
        "reward\" = \"R9\" }\nvalues",
        "",
    ),
    ("published twice over", "values = [0.9]", "values = [0.9]\nrange = [0.8, 0.9]", ""),
    ("nothing published", "values = [0.9]", "", ""),
    ("a published range in no order", "values = [0.9]", "range = [0.9, 0.8]", ""),
    (
        "published numbers read in two ways",
        "values = [0.9]",
        "values = [3]\nsteps_to = 0.9\nat_step = 5",
        "",
    ),
    (
        "two published numbers of one name",
        "[[published]]",
        "[[published]]\nid = \"theirs\"\nsays = \"\"\nsource = \"\"\nmetric = \"loss\"\ncell = {}\nvalues = [1]\n[[published]]",
        "",
    ),
];

/// The command line.
const SET: &[Case] = &[
    ("set without a value", "", "", "schedule.passes"),
    ("set with an empty value", "", "", "schedule.passes=1,"),
    ("set of an unknown key", "", "", "schedule.pases=1"),
    ("set of the wrong type", "", "", "schedule.passes=1,x"),
    ("set of a title", "", "", "title=x"),
    ("set for an unknown method", "", "", "method.on-policy-ipo.schedule.passes=4"),
    ("set of a list for one method", "", "", "method.best-of-n.schedule.passes=1,4"),
    ("set of an unknown key for one method", "", "", "method.best-of-n.schedule.pases=4"),
    ("set to no seeds", "", "", "seeds.count=0"),
    ("set of a sweep that does not fit", "", "", "schedule.minibatch=100,60"),
];

/// The message for one case.
fn message((name, from, to, set): &Case) -> String {
    assert!(SCENARIO.contains(from), "{name}: {from} is not in the scenario");
    let text = match *name {
        "effects without factors" => {
            let (head, tail) = SCENARIO.split_once("[[factor]]").expect("factors");
            let rest = tail.split_once("[[published]]").expect("published numbers").1;
            format!("{head}[[published]]{rest}").replacen(from, to, 1)
        }
        "no method" => SCENARIO.split("[[method]]").next().expect("a head").to_owned(),
        "a missing file" => {
            SCENARIO.replacen("[problem.bumps]\nreward = \"R1\"\n", "", 1).replacen(from, to, 1)
        }
        _ => SCENARIO.replacen(from, to, 1),
    };
    let text = match *name {
        "a missing file" => text.split("[sweep]").next().expect("a head").to_owned(),
        _ => text,
    };
    let set: Vec<String> =
        Some(*set).filter(|set| !set.is_empty()).map(str::to_owned).into_iter().collect();
    match Scenario::parse("small.toml", &text, Some(Path::new("folder")), &set, None) {
        Err(error) => format!("# {name}\n{error}\n"),
        Ok(_) => format!("# {name}\nno error\n"),
    }
}

#[test]
fn every_message_reads_as_written_down() {
    let cases = [KEYS, MEANING, FINDINGS, SET].concat();
    let found: Vec<String> = cases.iter().map(message).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/scenario_errors.txt");
    if std::env::var_os("MODESEEK_BLESS").is_some() {
        std::fs::write(&path, found.join("\n")).expect("written");
        return;
    }
    let wanted = std::fs::read_to_string(&path).expect("snapshots");
    let wanted: Vec<&str> = wanted.split("\n\n").collect();
    assert_eq!(wanted.len(), found.len(), "run with MODESEEK_BLESS=1 after adding a case");
    for (wanted, found) in wanted.iter().zip(&found) {
        assert_eq!(wanted.trim_end(), found.trim_end(), "\nfound:\n{found}");
    }
}

#[test]
fn the_small_scenario_itself_has_no_fault() {
    let scenario = Scenario::parse("small.toml", SCENARIO, None, &[], None).expect("valid");
    assert_eq!(scenario.cells.len(), 4);
    assert!(scenario.warnings.is_empty(), "{:?}", scenario.warnings);
}

#[test]
fn unknown_ids_and_missing_files_say_what_there_is() {
    let load = |typed: &str| {
        Scenario::load(&Source::of(typed), &[], None).expect_err("refused").to_string()
    };
    assert_eq!(
        load("bandit-batch-sizes"),
        "error: no shipped scenario has the id or figure `bandit-batch-sizes`\n   \
         did you mean: `bandit-batch-size`?\n   \
         help: `modeseek list` shows both; a path of your own ends in `.toml`"
    );
    assert!(load("fig4").contains("did you mean: `fig04`?"), "{}", load("fig4"));
    let missing = load("none.toml");
    assert!(missing.starts_with("error: none.toml cannot be read: "), "{missing}");
    assert!(missing.contains("a shipped scenario is named by its id alone"), "{missing}");
}

#[test]
fn a_shipped_scenario_is_found_by_its_id_and_by_the_name_of_its_figure() {
    for file in shipped() {
        let of = |name: &str| find(name).expect("found").id();
        assert_eq!(of(file.id()), file.id());
        let written = Scenario::parse(file.path, file.text, None, &[], None).expect("parses");
        assert_eq!(file.figure(), written.figure.as_deref(), "{}", file.id());
        assert_eq!(file.also().collect::<Vec<_>>(), written.also, "{}", file.id());
        for figure in file.figure().into_iter().chain(file.also()) {
            assert_eq!(of(figure), file.id());
        }
    }
}

#[test]
fn shipped_scenarios_may_not_name_files() {
    let text = SCENARIO.replacen("prompts = \"fresh\"", "preferences = { csv = \"pairs.csv\" }", 1);
    let text = text.replacen("passes = 1", "passes = 1\ndata = \"offline\"", 1);
    let error = Scenario::parse("shipped.toml", &text, None, &[], None).expect_err("refused");
    assert!(error.to_string().contains("a shipped scenario cannot name a file"), "{error}");
}
