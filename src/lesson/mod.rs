//! Lessons: predictions, the answers that the runs give, and what a prediction is worth.
//!
//! A lesson is a scenario with a [`LessonSpec`](crate::scenario::LessonSpec). No answer is written
//! there: numbers, choices and verdicts are read off finished runs, and what is calculated by hand
//! is calculated by the [calculator](crate::calculator).

mod answer;
mod key;
mod prediction;
mod score;
mod wall;
mod words;
mod worksheet;

pub use answer::{Answer, AnswerError, Candidate, answer, answers};
pub use key::key;
pub use prediction::{Prediction, PredictionError, predictions};
pub use score::{Mark, Score, mark};
pub use wall::{Absent, wall};
pub use words::{answer_in_words, asked, prediction_in_words};
pub use worksheet::worksheet;
