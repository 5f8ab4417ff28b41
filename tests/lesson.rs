//! The shipped lessons: their class, their answers and what is handed out.

#[path = "support/command.rs"]
mod command;

use command::modeseek;
use modeseek::calculator::calculate;
use modeseek::lesson::{Answer, answers, worksheet};
use modeseek::results::Run;
use modeseek::scenario::{AnswerSpec, LessonSpec, Scenario, Source, Tier, Verdict, shipped};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const WORKSHEET: &str = include_str!("../scenarios/lessons/worksheet.md");
const KEY: &str = include_str!("../scenarios/lessons/key.md");
const README: &str = include_str!("../scenarios/lessons/README.md");

/// Standard output of a command that succeeds.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = modeseek(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Every shipped scenario.
fn all() -> Vec<Scenario> {
    let load = |id: &str| Scenario::load(&Source::Shipped(id.into()), &[], None);
    shipped().iter().map(|file| load(file.id()).unwrap_or_else(|e| panic!("{e}"))).collect()
}

/// The lessons in the order of the class.
fn lessons() -> Vec<Scenario> {
    let mut lessons: Vec<Scenario> = all().into_iter().filter(|s| s.lesson.is_some()).collect();
    lessons.sort_by_key(|scenario| spec(scenario).number);
    lessons
}

fn spec(scenario: &Scenario) -> &LessonSpec {
    scenario.lesson.as_ref().expect("a lesson")
}

#[test]
fn the_class_is_in_order_and_takes_about_two_hours() {
    let lessons = lessons();
    let numbers: Vec<u32> = lessons.iter().map(|scenario| spec(scenario).number).collect();
    assert_eq!(numbers, (1..=lessons.len() as u32).collect::<Vec<_>>());
    assert!((9..=12).contains(&lessons.len()), "{} lessons", lessons.len());
    let minutes: u32 = lessons.iter().map(|scenario| spec(scenario).minutes).sum();
    assert!((110..=130).contains(&minutes), "{minutes} minutes");
    for scenario in &lessons {
        let LessonSpec { number, minutes, .. } = spec(scenario);
        let file = format!("({}.toml)", scenario.id);
        let row = README.lines().find(|line| line.contains(&file));
        assert!(
            row.is_some_and(|row| row.starts_with(&format!("| {number} | {minutes} |"))),
            "{file}"
        );
    }
}

#[test]
fn a_lesson_says_what_to_see_and_every_prediction_says_why() {
    for scenario in all() {
        assert_eq!(scenario.tier == Tier::Lesson, scenario.lesson.is_some(), "{}", scenario.id);
        let Some(lesson) = &scenario.lesson else { continue };
        assert!(scenario.see.is_some() && scenario.question.is_some(), "{}", scenario.id);
        assert!(scenario.warnings.is_empty(), "{}: {:?}", scenario.id, scenario.warnings);
        assert!(lesson.predictions.len() >= 3, "{}", scenario.id);
        for item in &lesson.predictions {
            assert!(
                item.because.len() > 20 && item.ask.len() > 10,
                "{}: {}",
                scenario.id,
                item.ask
            );
        }
    }
}

/// Where a finding does not hold, its cause is told.
#[test]
fn every_claim_that_does_not_hold_has_its_cause() {
    let absent =
        |s: &Scenario| s.claims.clone().into_iter().filter(|c| c.expected != Verdict::Holds);
    for scenario in all() {
        for claim in absent(&scenario) {
            let why = claim.why.unwrap_or_default();
            assert!(why.len() > 20, "claim {} of {} has no cause", claim.id, scenario.id);
        }
    }
}

/// Every method of the calculator is asked for, and each answer is the number that the command prints.
#[test]
fn what_is_calculated_by_hand_is_what_the_command_prints() {
    let folder = tempfile::tempdir().expect("a folder");
    let lessons = lessons();
    let (mut methods, mut asked) = (BTreeSet::new(), 0);
    for scenario in &lessons {
        let lesson = spec(scenario);
        for table in &lesson.tables {
            fs::write(folder.path().join(format!("{}.csv", table.name)), &table.csv)
                .expect("written");
        }
        for item in &lesson.predictions {
            let AnswerSpec::ByHand(by_hand) = &item.answer else { continue };
            let file = format!("{}.csv", by_hand.table);
            let mut arguments = vec!["loss", &by_hand.method, &file];
            by_hand.set.iter().for_each(|set| arguments.extend(["--set", set]));
            let printed = said(folder.path(), &arguments);
            let mut reader = csv::Reader::from_reader(printed.as_bytes());
            let header = reader.headers().expect("a header").clone();
            let column = header.iter().position(|name| name == by_hand.column).expect("a column");
            let row = reader.records().nth(by_hand.row - 1).expect("a row").expect("read");
            let printed: f64 = row[column].parse().expect("a number");
            let csv = &lesson.table(&by_hand.table).expect("a table").csv;
            let own = calculate(&by_hand.method, csv, &by_hand.set).expect("calculated");
            let place = own.columns.iter().position(|name| *name == by_hand.column).expect("there");
            assert_eq!(own.rows[by_hand.row - 1][place], printed, "{}", item.ask);
            // The committed key has it, and the command to calculate it again.
            let set: String = by_hand.set.iter().map(|set| format!(" --set {set}")).collect();
            let command = format!("`modeseek loss {} {file}{set}`", by_hand.method);
            assert!(KEY.contains(&command), "{command}");
            methods.insert(by_hand.method.clone());
            asked += 1;
        }
    }
    let every = ["best-of-n", "dpo", "hinge", "ipo", "pref-ft", "ppo", "reinforce", "rloo", "rwr"];
    let every = every.into_iter().chain(["unlikelihood"]).map(str::to_owned);
    assert_eq!(methods, every.collect());
    assert_eq!(asked, 15);
}

/// `h` of A over B is 1.0, of A over C 1.2, of B over C 0.2: values from the definitions.
#[test]
fn the_answers_by_hand_are_those_of_the_definitions() {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let expected = [
        -sigmoid(1.0).ln(),
        sigmoid(-0.2),
        2.0 * (1.0 - 2.0),
        2.0 * (1.2 - 1.0),
        0.0,
        1.0 - 0.2,
        0.0,
        0.0,
        -1.0,
        -(2.0f64.exp()),
        -1.4,
        1.5,
        0.0,
        (0.1f64).exp(),
        -0.7,
    ];
    let first = lessons().remove(0);
    let items = spec(&first).predictions.iter().filter_map(|item| match &item.answer {
        AnswerSpec::ByHand(by_hand) => Some(by_hand),
        _ => None,
    });
    for (by_hand, expected) in items.zip(expected) {
        let csv = &spec(&first).table(&by_hand.table).expect("a table").csv;
        let own = calculate(&by_hand.method, csv, &by_hand.set).expect("calculated");
        let place = own.columns.iter().position(|name| *name == by_hand.column).expect("there");
        let found = own.rows[by_hand.row - 1][place];
        assert!((found - expected).abs() < 1e-12, "{by_hand:?}: {found} and {expected}");
    }
}

/// The last value of a metric of the cells that a predicate wants, mean over seeds, from the CSV.
fn mean_of_last(folder: &Path, metric: &str, wanted: impl Fn(&csv::StringRecord) -> bool) -> f64 {
    let read = |name: &str| csv::Reader::from_path(folder.join(name)).expect("opened");
    let cells: Vec<String> = read("cells.csv")
        .records()
        .map(|row| row.expect("a row"))
        .filter(|row| wanted(row))
        .map(|row| row[0].to_owned())
        .collect();
    assert_eq!(cells.len(), 1);
    let mut last = std::collections::BTreeMap::new();
    for row in read("metrics.csv").records().map(|row| row.expect("a row")) {
        if row[0] == cells[0] && &row[6] == metric {
            last.insert(row[2].to_owned(), row[7].parse::<f64>().expect("a number"));
        }
    }
    last.values().sum::<f64>() / last.len() as f64
}

#[test]
fn a_lesson_runs_from_prediction_to_score_and_its_answers_are_those_of_the_csv() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    // Of 0.129 ± 0.06, 0.2 lies within two tolerances: half a mark.
    let predict = ["--predict", "1=c", "--predict", "2=0.2", "--predict", "3=holds"];
    let text = said(path, &[&["lesson", "6"][..], &predict].concat());
    assert!(text.contains("Lesson 6 (10 minutes): Per step or per query?"), "{text}");
    assert!(text.contains("you   c) T = 8   ✓ full mark"), "{text}");
    assert!(text.contains("you   0.2 reward   ½ near"), "{text}");
    assert!(text.contains("you   holds   ✗ no mark"), "{text}");
    assert!(text.contains("Score: 1.5 of 3 (1 without a mark)"), "{text}");
    let id = "lesson-per-step-or-per-query";
    for ending in ["svg", "png", "csv"] {
        let figure = format!("figures/{id}.{ending}");
        assert!(path.join(&figure).is_file() && text.contains(&figure), "{figure}: {text}");
    }
    let runs = path.join("runs").join(id);
    let scenario = Scenario::load(&Source::Shipped(id.into()), &[], None).expect("shipped");
    let lesson = spec(&scenario).clone();
    let run = Run::open_resolved(&runs, scenario).expect("finished");
    let found = answers(&run, &lesson).expect("answered");
    let of_passes = |passes: &'static str| {
        move |row: &csv::StringRecord| &row[1] == "best-of-n, 1000 queries" && &row[2] == passes
    };
    let Answer::Choice(candidates) = &found[0] else { panic!("{:?}", found[0]) };
    for (candidate, passes) in candidates.iter().zip(["1", "2", "8", "32", "64"]) {
        let own = mean_of_last(&runs, "gold_reward", of_passes(passes));
        assert!((candidate.value - own).abs() < 1e-12, "T = {passes}: {} {own}", candidate.value);
        assert_eq!(candidate.right, passes == "8");
    }
    let Answer::Number { value, .. } = found[1] else { panic!("{:?}", found[1]) };
    assert!((value - mean_of_last(&runs, "gold_reward", of_passes("1"))).abs() < 1e-12);
}

#[test]
fn without_a_terminal_and_predictions_it_says_how_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = said(folder.path(), &["lesson", "2"]);
    assert!(text.contains("predict with --predict 1=VALUE"), "{text}");
    assert!(text.contains("a) forward KL   b) reverse KL"), "{text}");
    assert!(text.contains("No score: nothing was predicted."), "{text}");
    assert!(text.contains("runs  b) reverse KL"), "{text}");
}

#[test]
fn the_list_names_every_lesson_and_how_to_begin() {
    let text = said(Path::new("."), &["lesson"]);
    for scenario in lessons() {
        assert!(text.contains(&scenario.id), "{text}");
        assert!(text.contains(scenario.question.as_deref().expect("a question")), "{text}");
    }
    assert!(text.contains("11 lessons, 120 minutes. Begin with `modeseek lesson 1`"), "{text}");
}

#[test]
fn the_wall_shows_every_finding_that_did_not_appear() {
    let text = said(Path::new("."), &["lesson", "wall", "--runs", "no-runs"]);
    let mut count = 0;
    for scenario in all().iter().filter(|scenario| scenario.tier != Tier::Lesson) {
        for claim in &scenario.claims {
            let brick = format!("- **{}** {}: *{}*", claim.id, claim.says, claim.expected);
            assert_eq!(text.contains(&brick), claim.expected != Verdict::Holds, "{brick}");
            count += usize::from(claim.expected != Verdict::Holds);
        }
    }
    assert!(count > 50 && text.contains(&format!("{count} of ")), "{count}");
    assert!(!text.contains("not explained"));
}

/// The words of a text, with numbers apart from what stands around them.
fn words(text: &str) -> Vec<String> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == '−';
    let mut words: Vec<String> = Vec::new();
    let mut last = None;
    for c in text.chars() {
        let kind = is_number(c);
        match words.last_mut() {
            Some(word) if last == Some(kind) => word.push(c),
            _ => words.push(c.to_string()),
        }
        last = Some(kind);
    }
    words
}

/// Numbers agree to two units of the third digit: other processors round elsewhere.
fn alike(a: &str, b: &str) -> bool {
    let number = |text: &str| text.replace('−', "-").trim_end_matches('.').parse::<f64>().ok();
    match (number(a), number(b)) {
        (Some(x), Some(y)) => (x - y).abs() <= 0.02 * x.abs().max(y.abs()),
        _ => a == b,
    }
}

#[test]
fn worksheet_and_key_are_those_that_the_program_writes() {
    for (own, committed) in worksheet(&lessons()).lines().zip(WORKSHEET.lines()) {
        assert_eq!(own, committed, "modeseek lesson --worksheet FILE writes it");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let text = said(folder.path(), &["lesson", "--worksheet", "w.md", "--key", "k.md"]);
    assert_eq!(text, "wrote w.md\nwrote k.md\n");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("written");
    assert!(read("w.md") == WORKSHEET, "the worksheet ends elsewhere");
    let (own, committed) = (read("k.md"), words(KEY));
    let own = words(&own);
    assert_eq!(own.len(), committed.len(), "modeseek lesson --key FILE writes it");
    for (own, committed) in own.iter().zip(&committed) {
        assert!(alike(own, committed), "{own} is not the committed {committed}");
    }
}
