//! Whether a lesson asks for what the scenario can answer.

use super::check::{Fault, need};
use super::check_findings::compared;
use super::lesson::{
    AnswerSpec, ByHandSpec, ChoiceSpec, LessonSpec, MeasuredSpec, NumberSpec, PredictSpec,
};
use super::selector::Selector;
use super::vocabulary::{Vocabulary, suggest};
use crate::calculator::{LossError, calculate};

/// What the answers of a lesson may come from.
pub(super) struct Ground<'a> {
    /// Metrics, methods, settings and claims.
    pub known: &'a Vocabulary<'a>,
    /// The lesson itself.
    pub lesson: &'a LessonSpec,
}

/// Checks everything of a lesson but its predictions; `question` is the scenario's.
pub(super) fn lesson(spec: &LessonSpec, question: Option<&str>) -> Result<(), Fault> {
    for (key, value) in [("number", spec.number), ("minutes", spec.minutes)] {
        need(value >= 1, || {
            Fault::new(format!("lesson.{key}"), format!("`lesson.{key}` cannot be 0"))
                .note("allowed", "1 or more")
        })?;
    }
    need(question.is_some(), || {
        Fault::new("lesson", "a lesson asks a question, and the scenario has none")
            .note("help", "write `question = \"…\"` at the top of the file")
    })?;
    for (index, table) in spec.tables.iter().enumerate() {
        need(spec.tables[..index].iter().all(|other| other.name != table.name), || {
            let message = format!("two tables have the name \"{}\"", table.name);
            Fault::new(format!("lesson.table.{index}.name"), message).note("help", "rename one")
        })?;
    }
    need(!spec.predictions.is_empty(), || {
        Fault::new("lesson", "nothing is to be predicted")
            .note("help", "write a block `[[lesson.predict]]` with `ask`, `answer` and `because`")
    })
}

/// Checks the prediction written at the key `at`.
pub(super) fn prediction(at: &str, spec: &PredictSpec, ground: &Ground<'_>) -> Result<(), Fault> {
    let at = format!("{at}.answer");
    match &spec.answer {
        AnswerSpec::Number(number) => ground.number(&format!("{at}.number"), number),
        AnswerSpec::Choice(choice) => ground.choice(&format!("{at}.choice"), choice),
        AnswerSpec::Verdict(verdict) => {
            let place = format!("{at}.verdict.claim");
            ground.known.claim_of(&place, &verdict.claim).map(drop)
        }
        AnswerSpec::ByHand(by_hand) => ground.by_hand(&format!("{at}.by-hand"), by_hand),
    }
}

/// A tolerance that some prediction can meet.
fn tolerance(at: &str, tolerance: f64) -> Result<(), Fault> {
    need(tolerance > 0.0 && tolerance.is_finite(), || {
        Fault::new(format!("{at}.tolerance"), format!("`tolerance` cannot be {tolerance}"))
            .note("allowed", "a finite number above 0, in the unit of the answer")
    })
}

impl Ground<'_> {
    fn measured(&self, at: &str, spec: &MeasuredSpec) -> Result<(), Fault> {
        self.known.metric(&format!("{at}.of.metric"), &spec.metric)?;
        compared(&format!("{at}.of"), "a prediction", spec.reading())
    }

    /// The one cell of a selector, which is measured.
    fn cell(&self, at: &str, selector: &Selector, of: &MeasuredSpec) -> Result<(), Fault> {
        let cell = self.known.one_cell(&format!("{at}.cell"), selector)?;
        self.known.measured_by(&format!("{at}.of"), &[cell], (&of.metric, of.at_step))
    }

    fn number(&self, at: &str, spec: &NumberSpec) -> Result<(), Fault> {
        self.measured(at, &spec.of)?;
        self.cell(at, &spec.cell, &spec.of)?;
        tolerance(at, spec.tolerance)
    }

    fn choice(&self, at: &str, spec: &ChoiceSpec) -> Result<(), Fault> {
        self.measured(at, &spec.of)?;
        need(spec.margin >= 0.0 && spec.margin.is_finite(), || {
            Fault::new(format!("{at}.margin"), format!("`margin` cannot be {}", spec.margin))
                .note("allowed", "0 or a finite number above")
        })?;
        need((2..=26).contains(&spec.candidates.len()), || {
            let count = spec.candidates.len();
            Fault::new(format!("{at}.candidates"), format!("there cannot be {count} candidates"))
                .note("allowed", "2 to 26: they are called a, b, c, …")
        })?;
        for (index, candidate) in spec.candidates.iter().enumerate() {
            let at = format!("{at}.candidates.{index}");
            let earlier = spec.candidates[..index].iter();
            need(earlier.clone().all(|other| other.label != candidate.label), || {
                let message = format!("two candidates have the label \"{}\"", candidate.label);
                Fault::new(format!("{at}.label"), message).note("help", "name them apart")
            })?;
            self.cell(&at, &candidate.cell, &spec.of)?;
        }
        Ok(())
    }

    fn by_hand(&self, at: &str, spec: &ByHandSpec) -> Result<(), Fault> {
        tolerance(at, spec.tolerance)?;
        let names: Vec<&str> = self.lesson.tables.iter().map(|table| table.name.as_str()).collect();
        let table = self.lesson.table(&spec.table).ok_or_else(|| {
            let message = format!("no table of the lesson is called \"{}\"", spec.table);
            suggest(Fault::new(format!("{at}.table"), message), &spec.table, &names)
        })?;
        let calculated = calculate(&spec.method, &table.csv, &spec.set)
            .map_err(|error| refused(at, &spec.table, &error))?;
        let count = calculated.rows.len();
        need((1..=count).contains(&spec.row), || {
            let message = format!("table \"{}\" has no row {}", spec.table, spec.row);
            Fault::new(format!("{at}.row"), message).note("allowed", format!("1 to {count}"))
        })?;
        need(calculated.columns.contains(&spec.column.as_str()), || {
            let message = format!("`{}` calculates no `{}`", spec.method, spec.column);
            suggest(Fault::new(format!("{at}.column"), message), &spec.column, calculated.columns)
        })
    }
}

/// What the calculator says of a method, its parameters or a table.
fn refused(at: &str, table: &str, error: &LossError) -> Fault {
    let key = match error {
        LossError::UnknownMethod { .. } => "method",
        error if error.is_in_file() => "table",
        _ => "set",
    };
    let of = if key == "table" { format!("table \"{table}\", ") } else { String::new() };
    Fault::new(format!("{at}.{key}"), format!("{of}{error}"))
        .note("help", "`modeseek loss` reads the same table in the same way")
}
