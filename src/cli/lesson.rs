//! `modeseek lesson [ID]`: predict, run, compare.

mod class;
mod handout;

use super::options::shipped_where;
use super::run::WorkArgs;
use super::{Failure, say};
use crate::scenario::{Diagnostic, LessonSpec, Scenario, Source, find};
use anyhow::anyhow;
use std::path::PathBuf;

/// Predict what comes out, run, and compare: a class of two hours.
///
/// Without ID the lessons are listed. With one its question is shown, predictions are asked for on a
/// terminal (enter skips a question), the scenario is run like `modeseek run`, its figure is drawn,
/// and every answer is read off the runs and stands beside the prediction, with the reason and the
/// score. `modeseek lesson wall` shows the findings that did not appear, each with its cause.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "Examples:\n  \
    modeseek lesson                             the lessons in order\n  \
    modeseek lesson 1                           the first one\n  \
    modeseek lesson 2 --predict 1=b --predict 2=holds\n  \
    modeseek lesson --worksheet sheet.md        what students fill in\n  \
    modeseek lesson --key key.md                the answers, after running what is unfinished\n  \
    modeseek lesson wall --runs runs            effects stand there for finished runs")]
pub struct Args {
    /// The number or the id of a lesson, a file of your own, or `wall`; none: list the lessons
    #[arg(value_name = "ID")]
    lesson: Option<String>,
    /// Predict question N: a number, a letter, or holds, reversed or no-difference; may be repeated
    #[arg(long = "predict", value_name = "N=VALUE", requires = "lesson")]
    predict: Vec<String>,
    /// Write the student's sheet of all lessons
    #[arg(long, value_name = "FILE.md", conflicts_with = "lesson")]
    worksheet: Option<PathBuf>,
    /// Write the teacher's key to all lessons; runs what is unfinished
    #[arg(long, value_name = "FILE.md", conflicts_with = "lesson")]
    key: Option<PathBuf>,
    #[command(flatten)]
    work: WorkArgs,
    /// Folder of all run folders
    #[arg(long, default_value = "runs")]
    runs: PathBuf,
    /// Folder of the figures
    #[arg(long, default_value = "figures")]
    out: PathBuf,
}

/// Lists, teaches or writes what is handed out.
pub fn lesson(args: &Args) -> Result<(), Failure> {
    match (&args.lesson, &args.worksheet, &args.key) {
        (Some(name), ..) if name == "wall" => match args.predict.is_empty() {
            true => handout::wall(&args.runs),
            false => Err(Failure::input(anyhow!(
                "the wall takes no predictions; leave --predict out, or name a lesson"
            ))),
        },
        (Some(name), ..) => class::teach(&chosen(name)?, args),
        (None, None, None) => list(),
        (None, ..) => handout::write(args),
    }
}

/// The shipped lessons in the order of the class.
fn shipped_lessons() -> Result<Vec<Scenario>, Failure> {
    let mut lessons = shipped_where(|scenario| scenario.lesson.is_some())?;
    lessons.sort_by_key(|scenario| scenario.lesson.as_ref().map(|lesson| lesson.number));
    Ok(lessons)
}

/// The lesson that was typed: a number, an id or a file.
fn chosen(typed: &str) -> Result<Scenario, Failure> {
    if matches!(Source::of(typed), Source::File(_)) || find(typed).is_ok() {
        let scenario = Scenario::load(&Source::of(typed), &[], None).map_err(Failure::input)?;
        return match scenario.lesson {
            Some(_) => Ok(scenario),
            None => Err(no_lesson(&format!("{typed} is a scenario, but no lesson"), typed)?),
        };
    }
    let has_number =
        |s: &Scenario| s.lesson.as_ref().is_some_and(|l| typed == l.number.to_string());
    match shipped_lessons()?.into_iter().find(has_number) {
        Some(scenario) => Ok(scenario),
        None => Err(no_lesson(&format!("there is no lesson `{typed}`"), typed)?),
    }
}

/// Says which lessons there are.
fn no_lesson(message: &str, typed: &str) -> Result<Failure, Failure> {
    let lessons = shipped_lessons()?;
    let ids = || lessons.iter().map(|scenario| scenario.id.as_str());
    let diagnostic = Diagnostic::new(message)
        .note(
            "allowed",
            format!("1 to {}, {}, wall", lessons.len(), ids().collect::<Vec<_>>().join(", ")),
        )
        .suggest(typed, ids().chain(["wall"]))
        .note("help", "a file of your own needs a table `[lesson]`");
    Ok(Failure::input(anyhow!("{diagnostic}")))
}

/// Prints the lessons with their minutes and questions.
fn list() -> Result<(), Failure> {
    let lessons = shipped_lessons()?;
    let spec = |s: &Scenario| s.lesson.clone();
    let minutes: u32 = lessons.iter().filter_map(spec).map(|lesson| lesson.minutes).sum();
    say("  #  minutes  lesson")?;
    for scenario in &lessons {
        let Some(LessonSpec { number, minutes, .. }) = spec(scenario) else { continue };
        say(&format!("{number:>3}  {minutes:>7}  {}", question(scenario)))?;
        say(&format!("              {}", scenario.id))?;
    }
    say(&format!(
        "\n{} lessons, {minutes} minutes. Begin with `modeseek lesson 1`; `modeseek lesson \
         --worksheet FILE.md` writes the\nstudent's sheet, `--key FILE.md` the teacher's key, \
         `modeseek lesson wall` shows what did not appear.",
        lessons.len()
    ))
}

/// What a lesson asks.
fn question(scenario: &Scenario) -> &str {
    scenario.question.as_deref().unwrap_or(&scenario.title)
}
