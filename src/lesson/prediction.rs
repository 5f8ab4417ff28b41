//! What a student says beforehand.

use crate::scenario::{AnswerSpec, LessonSpec, PredictSpec, Verdict};
use crate::wording::did_you_mean;

/// One prediction, of the kind that its answer has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prediction {
    /// A finite number, in the unit that was asked for.
    Number(f64),
    /// The place of a candidate, from 0.
    Choice(usize),
    /// A verdict other than `inconclusive`.
    Verdict(Verdict),
}

/// A prediction that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PredictionError {
    /// It is no `NUMBER=VALUE`.
    #[error("--predict {0}: write the number of a question and what you predict, such as 1=0.4")]
    Form(String),
    /// There is no such question.
    #[error("--predict {given}: the lesson has no question of that number; it has 1 to {count}")]
    NoQuestion {
        /// What was given.
        given: String,
        /// How many questions there are.
        count: usize,
    },
    /// A question is answered twice.
    #[error("question {0} is predicted twice; give one prediction")]
    Twice(usize),
    /// The value is not one that the question allows.
    #[error("question {number} cannot be predicted as `{given}`; allowed: {allowed}{hint}")]
    Value {
        /// The question, from 1.
        number: usize,
        /// What was given.
        given: String,
        /// What is allowed.
        allowed: String,
        /// "; did you mean …?" or nothing.
        hint: String,
    },
}

/// The verdicts that can be predicted; `inconclusive` says that the runs decide nothing.
const VERDICTS: [Verdict; 3] = [Verdict::Holds, Verdict::Reversed, Verdict::NoDifference];

impl Prediction {
    /// Reads a prediction of the question `number` (from 1).
    ///
    /// Numbers may be written with a comma in place of the point; candidates by their letter or
    /// label; verdicts by their words.
    pub fn parse(given: &str, number: usize, item: &PredictSpec) -> Result<Self, PredictionError> {
        let given = given.trim();
        let found = match &item.answer {
            AnswerSpec::Number(_) | AnswerSpec::ByHand(_) => parse_number(given),
            AnswerSpec::Choice(choice) => {
                let labels = choice.candidates.iter().map(|candidate| candidate.label.as_str());
                let place = |(k, label): (usize, &str)| {
                    let letter = letter(k).to_string();
                    [letter.as_str(), label].iter().any(|name| name.eq_ignore_ascii_case(given))
                };
                labels.enumerate().position(place).map(Prediction::Choice)
            }
            AnswerSpec::Verdict(_) => {
                let words = given.replace('-', " ").to_lowercase();
                let verdict = VERDICTS.into_iter().find(|verdict| verdict.to_string() == words);
                verdict.map(Prediction::Verdict)
            }
        };
        found.ok_or_else(|| refusal(given, number, item))
    }
}

/// A finite number with a point or a comma, and with either minus sign.
fn parse_number(given: &str) -> Option<Prediction> {
    let plain = given.replace(',', ".").replace('−', "-");
    plain.parse().ok().filter(|x: &f64| x.is_finite()).map(Prediction::Number)
}

/// The letter of a candidate.
pub(super) fn letter(place: usize) -> char {
    char::from(b'a' + place as u8)
}

/// What is wrong with a value.
fn refusal(given: &str, number: usize, item: &PredictSpec) -> PredictionError {
    let words: Vec<String> = match &item.answer {
        AnswerSpec::Number(_) | AnswerSpec::ByHand(_) => Vec::new(),
        AnswerSpec::Choice(choice) => {
            choice.candidates.iter().map(|candidate| candidate.label.clone()).collect()
        }
        AnswerSpec::Verdict(_) => VERDICTS.map(|verdict| verdict.to_string()).to_vec(),
    };
    let allowed = match &item.answer {
        AnswerSpec::Number(spec) => format!("a finite number, in {}", spec.unit),
        AnswerSpec::ByHand(_) => "a finite number".to_owned(),
        AnswerSpec::Choice(_) => {
            let named =
                words.iter().enumerate().map(|(k, label)| format!("{} ({label})", letter(k)));
            named.collect::<Vec<_>>().join(", ")
        }
        AnswerSpec::Verdict(_) => words.join(", "),
    };
    let close = did_you_mean(given, words.iter().map(String::as_str));
    let hint = close.map_or(String::new(), |word| format!("; did you mean `{word}`?"));
    PredictionError::Value { number, given: given.to_owned(), allowed, hint }
}

/// Reads arguments such as `1=0.4` and `2=b`: one prediction or none for each question.
pub fn predictions(
    arguments: &[String],
    lesson: &LessonSpec,
) -> Result<Vec<Option<Prediction>>, PredictionError> {
    let items = &lesson.predictions;
    let mut found = vec![None; items.len()];
    for argument in arguments {
        let form = || PredictionError::Form(argument.clone());
        let (question, value) = argument.split_once('=').ok_or_else(form)?;
        let number: usize = question.trim().parse().map_err(|_| form())?;
        let none = || PredictionError::NoQuestion { given: argument.clone(), count: items.len() };
        let item = number.checked_sub(1).and_then(|place| items.get(place)).ok_or_else(none)?;
        let prediction = Prediction::parse(value, number, item)?;
        if found[number - 1].replace(prediction).is_some() {
            return Err(PredictionError::Twice(number));
        }
    }
    Ok(found)
}
