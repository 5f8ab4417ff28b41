//! What predictions are worth, and what is refused as one: numbers by hand.

mod results_fixture;

use modeseek::lesson::{
    Answer, Candidate, Mark, Prediction, PredictionError, Score, answer, mark, predictions,
};
use modeseek::results::Run;
use modeseek::scenario::{
    AnswerSpec, Best, CandidateSpec, ChoiceSpec, LessonSpec, MeasuredSpec, NumberSpec, PredictSpec,
    Verdict, VerdictSpec,
};
use results_fixture as fixture;

fn number(value: f64, tolerance: f64) -> Answer {
    Answer::Number { value, interval: None, unit: "steps".into(), tolerance, censored: 0 }
}

/// 10 ± 2: full from 8 to 12, half from 4 to 16, ends included.
#[test]
fn a_number_has_a_full_mark_within_the_tolerance_and_half_within_three_times() {
    for (predicted, expected) in [
        (10.0, Mark::Full),
        (12.0, Mark::Full),
        (8.0, Mark::Full),
        (12.01, Mark::Half),
        (7.99, Mark::Half),
        (16.0, Mark::Half),
        (4.0, Mark::Half),
        (16.01, Mark::Miss),
        (3.99, Mark::Miss),
        (-10.0, Mark::Miss),
    ] {
        let found = mark(&number(10.0, 2.0), &Prediction::Number(predicted));
        assert_eq!(found, Some(expected), "{predicted}");
    }
    // 0.4 − 0.3 is a little above 0.1 in binary: the end still counts.
    assert_eq!(mark(&number(0.3, 0.1), &Prediction::Number(0.4)), Some(Mark::Full));
}

#[test]
fn marks_add_up_and_what_has_none_does_not_count() {
    let marks = [Some(Mark::Full), None, Some(Mark::Half), Some(Mark::Miss), Some(Mark::Half)];
    assert_eq!(Score::of(&marks), Score { points: 2.0, marked: 4, unmarked: 1 });
    assert_eq!(Score::of(&[None]), Score { points: 0.0, marked: 0, unmarked: 1 });
}

/// Cells a, b, c end at 1.0, 3.0 and 2.9 on average over two seeds.
fn run() -> Run {
    let cells = ["a", "b", "c"].map(|name| fixture::cell(name, &[], 8));
    let ends = [("a", [0.5, 1.5]), ("b", [2.0, 4.0]), ("c", [2.9, 2.9])];
    let series = |[x, y]: [f64; 2]| fixture::series(&[0, 8], &[vec![0.0, x], vec![0.0, y]]);
    let found = ends.into_iter().map(|(cell, ends)| (cell, series(ends))).collect();
    fixture::run(fixture::scenario(cells.to_vec(), 2), "gold_reward", found)
}

fn of(metric: &str) -> MeasuredSpec {
    toml::from_str(&format!("metric = '{metric}'")).expect("valid")
}

fn selector(method: &str) -> modeseek::scenario::Selector {
    toml::from_str(&format!("method = '{method}'")).expect("valid")
}

fn item(answer: AnswerSpec) -> PredictSpec {
    PredictSpec { ask: "?".into(), answer, because: "!".into(), reveals: None }
}

fn choice(best: Best, margin: f64) -> AnswerSpec {
    let candidate =
        |name: &str| CandidateSpec { label: format!("cell {name}"), cell: selector(name) };
    let candidates = ["a", "b", "c"].map(candidate).to_vec();
    AnswerSpec::Choice(ChoiceSpec { of: of("gold_reward"), best, margin, candidates })
}

fn lesson(predictions: Vec<PredictSpec>) -> LessonSpec {
    let (number, minutes, introduction) = (1, 10, String::new());
    LessonSpec { number, minutes, introduction, tables: Vec::new(), predictions }
}

fn right(spec: &AnswerSpec) -> Vec<bool> {
    match answer(&run(), &lesson(Vec::new()), spec).expect("answered") {
        Answer::Choice(candidates) => candidates.iter().map(|one: &Candidate| one.right).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_choice_is_right_for_the_best_and_for_those_within_the_margin() {
    assert_eq!(right(&choice(Best::Highest, 0.05)), [false, true, false]);
    assert_eq!(right(&choice(Best::Highest, 0.15)), [false, true, true]);
    assert_eq!(right(&choice(Best::Lowest, 0.15)), [true, false, false]);
    let found = answer(&run(), &lesson(Vec::new()), &choice(Best::Highest, 0.15)).expect("found");
    let marks = [0, 1, 2].map(|place| mark(&found, &Prediction::Choice(place)));
    assert_eq!(marks, [Some(Mark::Miss), Some(Mark::Full), Some(Mark::Full)]);
}

#[test]
fn a_number_is_the_mean_over_seeds_of_the_one_cell() {
    let spec = NumberSpec {
        of: of("gold_reward"),
        cell: selector("b"),
        unit: "reward".into(),
        tolerance: 0.1,
    };
    let found = answer(&run(), &lesson(Vec::new()), &AnswerSpec::Number(spec)).expect("found");
    let Answer::Number { value, interval: Some([low, high]), .. } = found else {
        panic!("{found:?}")
    };
    // Two seeds, 2 and 4: resampled means are 2, 3 or 4.
    assert_eq!((value, low, high), (3.0, 2.0, 4.0));
}

/// Five seeds with differences of 1: holds at margin 0.5, is inconclusive at margin 1.
#[test]
fn a_verdict_is_right_or_wrong_and_an_inconclusive_one_gives_no_mark() {
    let cells = ["a", "b"].map(|name| fixture::cell(name, &[], 8));
    let flat = |height: f64| fixture::series(&[0, 8], &vec![vec![0.0, height]; 5]);
    let mut scenario = fixture::scenario(cells.to_vec(), 5);
    scenario.claims = vec![fixture::claim(""), fixture::claim("margin = 1.0\nid = '2'")];
    let run = fixture::run(scenario, "gold_reward", vec![("a", flat(2.0)), ("b", flat(1.0))]);
    let marks = |claim: &str| {
        let spec = AnswerSpec::Verdict(VerdictSpec { claim: claim.into() });
        let found = answer(&run, &lesson(Vec::new()), &spec).expect("judged");
        [Verdict::Holds, Verdict::Reversed, Verdict::NoDifference]
            .map(|verdict| mark(&found, &Prediction::Verdict(verdict)))
    };
    assert_eq!(marks("1"), [Some(Mark::Full), Some(Mark::Miss), Some(Mark::Miss)]);
    // An effect of exactly the margin lies within it: no difference.
    assert_eq!(marks("2"), [Some(Mark::Miss), Some(Mark::Miss), Some(Mark::Full)]);
    let wavering = |sign: f64| {
        let rows: Vec<Vec<f64>> =
            [1.0, -1.0, 2.0, -2.0, 0.5].iter().map(|x| vec![0.0, sign * x]).collect();
        fixture::series(&[0, 8], &rows)
    };
    let mut scenario = fixture::scenario(cells.to_vec(), 5);
    scenario.claims = vec![fixture::claim("")];
    let found = vec![("a", wavering(1.0)), ("b", wavering(-1.0))];
    let run = fixture::run(scenario, "gold_reward", found);
    let spec = AnswerSpec::Verdict(VerdictSpec { claim: "1".into() });
    let found = answer(&run, &lesson(Vec::new()), &spec).expect("judged");
    assert_eq!(mark(&found, &Prediction::Verdict(Verdict::Holds)), None, "{found:?}");
}

fn arguments(given: &[&str]) -> Result<Vec<Option<Prediction>>, PredictionError> {
    let number = AnswerSpec::Number(NumberSpec {
        of: of("gold_reward"),
        cell: selector("a"),
        unit: "steps".into(),
        tolerance: 1.0,
    });
    let verdict = AnswerSpec::Verdict(VerdictSpec { claim: "1".into() });
    let items = vec![item(number), item(choice(Best::Highest, 0.0)), item(verdict)];
    predictions(&given.iter().map(|text| text.to_string()).collect::<Vec<_>>(), &lesson(items))
}

#[test]
fn predictions_are_read_in_any_order_and_by_letter_label_or_word() {
    let (choice, verdict) = (Prediction::Choice, Prediction::Verdict);
    assert_eq!(arguments(&[]), Ok(vec![None; 3]));
    for (given, place, expected) in [
        ("1=0.4", 0, Prediction::Number(0.4)),
        ("1= −3,5 ", 0, Prediction::Number(-3.5)),
        ("2=b", 1, choice(1)),
        ("2=C", 1, choice(2)),
        ("2=Cell A", 1, choice(0)),
        ("3=no difference", 2, verdict(Verdict::NoDifference)),
        ("3=no-difference", 2, verdict(Verdict::NoDifference)),
        ("3=Holds", 2, verdict(Verdict::Holds)),
    ] {
        let found = arguments(&[given]).unwrap_or_else(|error| panic!("{given}: {error}"));
        assert_eq!(found[place], Some(expected), "{given}");
    }
    assert_eq!(arguments(&["3=holds", "1=2"]).expect("both").iter().flatten().count(), 2);
}

#[test]
fn what_is_no_prediction_is_refused_with_what_is_allowed() {
    for (given, message) in [
        (
            &["0.4"][..],
            "--predict 0.4: write the number of a question and what you predict, such as 1=0.4",
        ),
        (
            &["x=1"],
            "--predict x=1: write the number of a question and what you predict, such as 1=0.4",
        ),
        (&["4=1"], "--predict 4=1: the lesson has no question of that number; it has 1 to 3"),
        (&["0=1"], "--predict 0=1: the lesson has no question of that number; it has 1 to 3"),
        (&["1=1", "1=2"], "question 1 is predicted twice; give one prediction"),
        (
            &["1=many"],
            "question 1 cannot be predicted as `many`; allowed: a finite number, in steps",
        ),
        (&["1=inf"], "question 1 cannot be predicted as `inf`; allowed: a finite number, in steps"),
        (
            &["2=d"],
            "question 2 cannot be predicted as `d`; allowed: a (cell a), b (cell b), c (cell c)",
        ),
        (
            &["3=hold"],
            "question 3 cannot be predicted as `hold`; allowed: holds, reversed, no difference; did \
             you mean `holds`?",
        ),
        (
            &["3=inconclusive"],
            "question 3 cannot be predicted as `inconclusive`; allowed: holds, reversed, no difference",
        ),
    ] {
        assert_eq!(arguments(given).expect_err("refused").to_string(), message);
    }
}
