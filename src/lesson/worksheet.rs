//! The student's sheet.

use super::prediction::letter;
use super::words::asked;
use crate::scenario::{AnswerSpec, ClaimSpec, LessonSpec, PredictSpec, Scenario};

/// The sheet of some lessons in Markdown, with blanks; lessons in the order given.
pub fn worksheet(lessons: &[Scenario]) -> String {
    let with_spec = || lessons.iter().filter_map(|s| Some((s, s.lesson.as_ref()?)));
    let minutes: u32 = with_spec().map(|(_, spec)| spec.minutes).sum();
    let mut text = format!(
        "# Worksheet\n\nName: ____________________\n\n{} lessons, {minutes} minutes. Predict first, \
         in writing, and only then run. A number has a full mark within the tolerance of the \
         teacher's key and half a mark within three times of it; a choice and a verdict have a full \
         mark or none.\n",
        lessons.len()
    );
    for (scenario, spec) in with_spec() {
        text.push_str(&lesson(scenario, spec));
    }
    text.push_str("\nPoints in all: ______\n");
    text
}

/// One lesson.
fn lesson(scenario: &Scenario, spec: &LessonSpec) -> String {
    let LessonSpec { number, minutes, .. } = spec;
    let question = scenario.question.as_deref().unwrap_or(&scenario.title);
    let mut text = format!(
        "\n## {number}. {question}\n\n{minutes} minutes · `modeseek lesson {number}`\n\n{}\n",
        spec.introduction.trim()
    );
    for table in &spec.tables {
        let (name, says, csv) = (&table.name, &table.says, table.csv.trim());
        text.push_str(&format!("\nTable {name}: {says} (`{name}.csv`)\n\n```csv\n{csv}\n```\n"));
    }
    for (k, item) in spec.predictions.iter().enumerate() {
        text.push_str(&format!("\n**{number}.{}** {}\n\n", k + 1, item.ask));
        text.push_str(&blanks(item, &scenario.claims));
    }
    text
}

/// Where the prediction and what comes out are written.
fn blanks(item: &PredictSpec, claims: &[ClaimSpec]) -> String {
    match &item.answer {
        AnswerSpec::Choice(choice) => {
            let row = |(k, one): (usize, &crate::scenario::CandidateSpec)| {
                format!("| {}) {} | ☐ | |\n", letter(k), one.label)
            };
            let rows: String = choice.candidates.iter().enumerate().map(row).collect();
            let of = choice.of.reading().words(&choice.of.metric);
            format!("| | my choice | {of}, as it came out |\n|---|---|---|\n{rows}")
        }
        AnswerSpec::Verdict(_) => {
            let says = asked(item, claims);
            format!(
                "{says}\n\n| holds | reversed | no difference | as it came out |\n\
                 |---|---|---|---|\n| ☐ | ☐ | ☐ | |\n"
            )
        }
        AnswerSpec::Number(_) | AnswerSpec::ByHand(_) => {
            let what = asked(item, claims);
            format!("| | I say | as it came out |\n|---|---|---|\n| {what} | | |\n")
        }
    }
}
