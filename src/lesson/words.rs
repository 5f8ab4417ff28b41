//! Questions, predictions and answers in words.

use super::answer::{Answer, Candidate};
use super::prediction::{Prediction, letter};
use crate::figure::number;
use crate::scenario::{AnswerSpec, ClaimSpec, PredictSpec, Verdict};

/// What is to be given in answer to a question, as a line; `claims` are those of the scenario.
pub fn asked(item: &PredictSpec, claims: &[ClaimSpec]) -> String {
    match &item.answer {
        AnswerSpec::Number(spec) => format!("a number ({})", spec.unit),
        AnswerSpec::Choice(spec) => {
            let labels = spec.candidates.iter().enumerate();
            let labels = labels.map(|(k, one)| format!("{}) {}", letter(k), one.label));
            labels.collect::<Vec<_>>().join("   ")
        }
        AnswerSpec::Verdict(spec) => {
            let claim = claims.iter().find(|claim| claim.id == spec.claim);
            let says = claim.map_or("", |claim| claim.says.as_str());
            format!("“{says}”: holds, reversed or no difference")
        }
        AnswerSpec::ByHand(spec) => {
            let set: String = spec.set.iter().map(|set| format!(", {}", equation(set))).collect();
            let column = spec.column.replace("coefficient_", "coefficient on the ");
            format!("{}{set}: {column}, row {} of table {}", spec.method, spec.row, spec.table)
        }
    }
}

/// `beta=0.5` with spaces.
fn equation(set: &str) -> String {
    set.split('=').map(str::trim).collect::<Vec<_>>().join(" = ")
}

/// A prediction as the student would write it.
pub fn prediction_in_words(item: &PredictSpec, prediction: &Prediction) -> String {
    match (&item.answer, prediction) {
        (AnswerSpec::Choice(spec), Prediction::Choice(place)) => {
            let label = spec.candidates.get(*place).map_or("", |one| one.label.as_str());
            format!("{}) {label}", letter(*place))
        }
        (AnswerSpec::Number(spec), Prediction::Number(value)) => {
            format!("{} {}", number(*value), spec.unit)
        }
        (_, Prediction::Number(value)) => number(*value),
        (_, Prediction::Verdict(verdict)) => verdict.to_string(),
        (_, Prediction::Choice(place)) => letter(*place).to_string(),
    }
}

/// An answer with its interval or with what there was to choose from.
pub fn answer_in_words(answer: &Answer) -> String {
    match answer {
        Answer::Number { value, interval, unit, censored, .. } => {
            let interval = interval.map_or(String::new(), |[low, high]| {
                format!(" [{}, {}]", number(low), number(high))
            });
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            format!("{}{interval}{unit}{}", number(*value), never(*censored))
        }
        Answer::Choice(candidates) => {
            let right = |k: usize, one: &Candidate| format!("{}) {}", letter(k), one.label);
            let all = || candidates.iter().enumerate();
            let best: Vec<String> =
                all().filter(|(_, one)| one.right).map(|(k, one)| right(k, one)).collect();
            let each: Vec<String> = all().map(|(k, one)| measured(k, one)).collect();
            format!("{} ({})", best.join(" and "), each.join(", "))
        }
        Answer::Verdict(finding) => {
            let verdict = finding.verdict.unwrap_or(Verdict::Inconclusive);
            format!("{verdict}: {}", finding.effect_words())
        }
    }
}

/// The number of a candidate.
fn measured(place: usize, candidate: &Candidate) -> String {
    format!("{} {}{}", letter(place), number(candidate.value), never(candidate.censored))
}

fn never(runs: usize) -> String {
    match runs {
        0 => String::new(),
        1 => " (1 run never got there)".to_owned(),
        runs => format!(" ({runs} runs never got there)"),
    }
}
