//! One lesson on the terminal.

use super::super::figure::{draw_run, figure_name, findings_of, open, write_drawn};
use super::super::options::{folder_of, writable};
use super::super::run::{compute, fail_if_any};
use super::super::{Failure, say};
use super::{Args, question};
use crate::figure::FigureOptions;
use crate::glossary::wrapped;
use crate::lesson::{
    Answer, Mark, Prediction, Score, answer_in_words, answers, asked, mark, prediction_in_words,
    predictions,
};
use crate::runner::Host;
use crate::scenario::{LessonSpec, PredictSpec, Scenario};
use std::io::{BufRead, IsTerminal, Write};

/// Shows the question, takes predictions, runs, and compares.
pub(super) fn teach(scenario: &Scenario, args: &Args) -> Result<(), Failure> {
    let Some(lesson) = &scenario.lesson else { return Ok(()) };
    let mut predicted = predictions(&args.predict, lesson).map_err(Failure::input)?;
    writable(&args.out, "--out")?;
    writable(folder_of(scenario, &args.runs).root(), "--runs")?;
    introduce(scenario, lesson)?;
    if args.predict.is_empty() {
        predicted = match std::io::stdin().is_terminal() {
            true => ask(scenario, lesson, &mut std::io::stdin().lock())?,
            false => {
                questions(scenario, lesson)?;
                vec![None; lesson.predictions.len()]
            }
        };
    }
    let outcome = compute(scenario, &args.runs, (&args.work, &Host::default()), None)?;
    fail_if_any(&outcome.failed)?;
    let run = open(scenario.clone(), &args.runs)?;
    let found = answers(&run, lesson).map_err(Failure::work)?;
    let drawn = draw_run(&run, &findings_of(&run)?, &FigureOptions::default())?;
    let files = write_drawn(&drawn, &figure_name(scenario), &args.out)?;
    compare(lesson, &found, &predicted)?;
    if let Some(see) = &scenario.see {
        say(&format!("\nThe figure\n{}", wrapped(see, 2)))?;
    }
    files.iter().try_for_each(|file| say(&format!("  {}", file.display())))
}

/// The question, and what is to be known before predicting.
fn introduce(scenario: &Scenario, lesson: &LessonSpec) -> Result<(), Failure> {
    let LessonSpec { number, minutes, .. } = lesson;
    say(&format!("Lesson {number} ({minutes} minutes): {}\n", question(scenario)))?;
    say(&wrapped(lesson.introduction.trim(), 2))?;
    for table in &lesson.tables {
        let (name, says) = (&table.name, &table.says);
        say(&format!("\n  {name}.csv: {says}"))?;
        table.csv.trim().lines().try_for_each(|line| say(&format!("    {line}")))?;
    }
    say("")
}

/// A question with what may be given in answer.
fn put(scenario: &Scenario, number: usize, item: &PredictSpec) -> Result<(), Failure> {
    let ask = wrapped(&format!("{number}. {}", item.ask), 2);
    say(&format!("{ask}\n{}", wrapped(&asked(item, &scenario.claims), 5)))
}

/// The questions, and how to predict where nobody can be asked.
fn questions(scenario: &Scenario, lesson: &LessonSpec) -> Result<(), Failure> {
    for (k, item) in lesson.predictions.iter().enumerate() {
        put(scenario, k + 1, item)?;
    }
    say("\nThis is no terminal, so nothing is asked: predict with --predict 1=VALUE, --predict \
         2=VALUE, …; it goes on without a score.")
}

/// Asks every question until the prediction can be taken; an empty line skips one.
fn ask(
    scenario: &Scenario,
    lesson: &LessonSpec,
    input: &mut dyn BufRead,
) -> Result<Vec<Option<Prediction>>, Failure> {
    let mut predicted = Vec::new();
    say("Predict; enter alone skips a question.\n")?;
    for (k, item) in lesson.predictions.iter().enumerate() {
        put(scenario, k + 1, item)?;
        predicted.push(loop {
            print!("     > ");
            std::io::stdout().flush().map_err(Failure::work)?;
            let mut line = String::new();
            let end = input.read_line(&mut line).map_err(Failure::work)? == 0;
            if end || line.trim().is_empty() {
                break None;
            }
            match Prediction::parse(&line, k + 1, item) {
                Ok(prediction) => break Some(prediction),
                Err(error) => say(&format!("     {error}"))?,
            }
        });
    }
    say("")?;
    Ok(predicted)
}

/// Answers beside predictions, the reasons, and the score.
fn compare(
    lesson: &LessonSpec,
    found: &[Answer],
    predicted: &[Option<Prediction>],
) -> Result<(), Failure> {
    let mut marks = Vec::new();
    for ((k, item), (answer, prediction)) in
        lesson.predictions.iter().enumerate().zip(found.iter().zip(predicted))
    {
        let given = prediction.as_ref().and_then(|prediction| mark(answer, prediction));
        marks.push(given);
        let you = prediction.as_ref().map_or("–".to_owned(), |p| prediction_in_words(item, p));
        say(&format!("\n{}", wrapped(&format!("{}. {}", k + 1, item.ask), 0)))?;
        say(&format!("  you   {you}{}", given.map_or("", mark_in_words)))?;
        say(&format!("  runs  {}", answer_in_words(answer)))?;
        say(&wrapped(&item.because, 8))?;
    }
    let score = Score::of(&marks);
    match score.marked {
        0 => say("\nNo score: nothing was predicted."),
        marked => say(&format!(
            "\nScore: {} of {marked}{}",
            score.points,
            if score.unmarked > 0 {
                format!(" ({} without a mark)", score.unmarked)
            } else {
                String::new()
            }
        )),
    }
}

fn mark_in_words(mark: Mark) -> &'static str {
    match mark {
        Mark::Full => "   ✓ full mark",
        Mark::Half => "   ½ near",
        Mark::Miss => "   ✗ no mark",
    }
}
