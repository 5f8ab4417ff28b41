//! The teacher's key.

use super::answer::{Answer, AnswerError, answers};
use super::score::HALF_WITHIN;
use super::words::{answer_in_words, asked};
use crate::figure::number;
use crate::results::Run;
use crate::scenario::{AnswerSpec, ByHandSpec, LessonSpec, PredictSpec};

/// The key to some lessons in Markdown, from their finished runs; lessons in the order given.
pub fn key(lessons: &[Run]) -> Result<String, AnswerError> {
    let mut text = String::from(
        "# Teacher's key\n\nEvery answer is read off the runs: means over seeds with the 95 % \
         bootstrap interval in brackets, or what `modeseek loss` calculates. A full mark is given \
         within the tolerance, half a mark within three times of it.\n",
    );
    for run in lessons {
        if let Some(spec) = &run.scenario.lesson {
            text.push_str(&lesson(run, spec)?);
        }
    }
    Ok(text)
}

/// One lesson.
fn lesson(run: &Run, spec: &LessonSpec) -> Result<String, AnswerError> {
    let scenario = &run.scenario;
    let question = scenario.question.as_deref().unwrap_or(&scenario.title);
    let (n, minutes, id) = (spec.number, spec.minutes, &scenario.id);
    let mut text = format!("\n## {n}. {question}\n\n{minutes} minutes · `{id}`\n");
    if let Some(see) = &scenario.see {
        text.push_str(&format!("\nWhat the figure shows: {see}\n"));
    }
    for (k, (item, found)) in spec.predictions.iter().zip(answers(run, spec)?).enumerate() {
        text.push_str(&format!("\n**{n}.{}** {}\n\n", k + 1, item.ask));
        if !matches!(item.answer, AnswerSpec::Choice(_)) {
            text.push_str(&format!("- Asked: {}.\n", asked(item, &scenario.claims)));
        }
        text.push_str(&format!("- Answer: **{}**.\n", answer_in_words(&found)));
        text.push_str(&marking(item, &found));
        text.push_str(&format!("- Because: {}\n", item.because));
        if let Some(reveals) = &item.reveals {
            text.push_str(&format!("- A wrong answer reveals: {reveals}\n"));
        }
    }
    Ok(text)
}

/// How a prediction is marked, and how to calculate it again.
fn marking(item: &PredictSpec, found: &Answer) -> String {
    let tolerance = match found {
        Answer::Number { tolerance, unit, .. } => {
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            let (full, half) = (number(*tolerance), number(HALF_WITHIN * tolerance));
            format!("- Marks: full within ±{full}{unit}, half within ±{half}{unit}.\n")
        }
        Answer::Choice(_) | Answer::Verdict(_) => String::new(),
    };
    match &item.answer {
        AnswerSpec::ByHand(spec) => format!("{tolerance}- Command: `{}`\n", command(spec)),
        AnswerSpec::Choice(spec) => {
            let of = spec.of.reading().words(&spec.of.metric);
            format!("{tolerance}- Compared: {of}; within {} of the best is right.\n", spec.margin)
        }
        AnswerSpec::Number(spec) => {
            format!("{tolerance}- Read: {}.\n", spec.of.reading().words(&spec.of.metric))
        }
        AnswerSpec::Verdict(_) => tolerance,
    }
}

/// The command that calculates a number again.
fn command(spec: &ByHandSpec) -> String {
    let set: String = spec.set.iter().map(|set| format!(" --set {set}")).collect();
    format!("modeseek loss {} {}.csv{set}", spec.method, spec.table)
}
