//! What the runs answer.

use crate::calculator::{LossError, calculate};
use crate::results::{ClaimError, Finding, Reach, Run, judge, mean_interval, readings};
use crate::scenario::{
    AnswerSpec, Best, ByHandSpec, ChoiceSpec, LessonSpec, MeasuredSpec, NumberSpec, Selector,
};
use crate::stream::Streams;

/// The answer to one question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A number.
    Number {
        /// The mean over seeds, or what was calculated.
        value: f64,
        /// The 95 % interval of the mean; none where nothing is random.
        interval: Option<[f64; 2]>,
        /// Its unit; empty for a calculated number.
        unit: String,
        /// The distance within which a prediction gets a full mark (same unit).
        tolerance: f64,
        /// How many runs never reached the level that was asked for; they count with their length.
        censored: usize,
    },
    /// Some numbers of which the best was asked for.
    Choice(Vec<Candidate>),
    /// A finding with its verdict.
    Verdict(Box<Finding>),
}

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// What it is called.
    pub label: String,
    /// The mean over seeds.
    pub value: f64,
    /// How many runs never reached the level that was asked for.
    pub censored: usize,
    /// Whether it is the best, or within the margin of it.
    pub right: bool,
}

/// A question that cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The runs cannot tell.
    #[error(transparent)]
    Runs(#[from] ClaimError),
    /// The calculator refuses.
    #[error(transparent)]
    Calculation(#[from] LossError),
    /// A verdict on a claim that the scenario does not have.
    #[error("claim {0} is not one of the scenario; `--set` may have taken its cells away")]
    NoClaim(String),
}

/// Answers every question of a lesson, in order.
pub fn answers(run: &Run, lesson: &LessonSpec) -> Result<Vec<Answer>, AnswerError> {
    lesson.predictions.iter().map(|item| answer(run, lesson, &item.answer)).collect()
}

/// Answers one question.
pub fn answer(run: &Run, lesson: &LessonSpec, spec: &AnswerSpec) -> Result<Answer, AnswerError> {
    match spec {
        AnswerSpec::Number(spec) => number(run, spec),
        AnswerSpec::Choice(spec) => choice(run, spec),
        AnswerSpec::Verdict(spec) => {
            let claim = run.scenario.claims.iter().find(|claim| claim.id == spec.claim);
            let claim = claim.ok_or_else(|| AnswerError::NoClaim(spec.claim.clone()))?;
            Ok(Answer::Verdict(Box::new(judge(run, claim)?)))
        }
        AnswerSpec::ByHand(spec) => by_hand(lesson, spec),
    }
}

/// What is read off each run of a cell, and how many runs never got there.
fn read(run: &Run, of: &MeasuredSpec, cell: &Selector) -> Result<(Vec<f64>, usize), ClaimError> {
    let reached = readings(run, "prediction", (&of.metric, of.reading()), cell)?;
    let censored = reached.iter().filter(|reach| reach.censored).count();
    Ok((reached.iter().map(|reach: &Reach| reach.at).collect(), censored))
}

fn number(run: &Run, spec: &NumberSpec) -> Result<Answer, AnswerError> {
    let (values, censored) = read(run, &spec.of, &spec.cell)?;
    let estimate = mean_interval(&values, Streams::new(0));
    let varies = values.iter().any(|value| *value != values[0]);
    Ok(Answer::Number {
        value: estimate.mean,
        interval: varies.then_some([estimate.low, estimate.high]),
        unit: spec.unit.clone(),
        tolerance: spec.tolerance,
        censored,
    })
}

fn choice(run: &Run, spec: &ChoiceSpec) -> Result<Answer, AnswerError> {
    let mut candidates = Vec::new();
    for candidate in &spec.candidates {
        let (values, censored) = read(run, &spec.of, &candidate.cell)?;
        let value = values.iter().sum::<f64>() / values.len() as f64;
        let label = candidate.label.clone();
        candidates.push(Candidate { label, value, censored, right: false });
    }
    let height = |value: f64| match spec.best {
        Best::Highest => value,
        Best::Lowest => -value,
    };
    let best = candidates.iter().map(|c| height(c.value)).fold(f64::NEG_INFINITY, f64::max);
    for candidate in &mut candidates {
        candidate.right = best - height(candidate.value) <= spec.margin;
    }
    Ok(Answer::Choice(candidates))
}

fn by_hand(lesson: &LessonSpec, spec: &ByHandSpec) -> Result<Answer, AnswerError> {
    let csv = lesson.table(&spec.table).map_or("", |table| table.csv.as_str());
    let calculated = calculate(&spec.method, csv, &spec.set)?;
    let column = calculated.columns.iter().position(|name| *name == spec.column);
    let row = spec.row.checked_sub(1).and_then(|row| calculated.rows.get(row));
    // Loading the scenario has seen to it that there is such a number.
    let value = row.zip(column).map_or(f64::NAN, |(row, column)| row[column]);
    let (unit, tolerance) = (String::new(), spec.tolerance);
    Ok(Answer::Number { value, interval: None, unit, tolerance, censored: 0 })
}
