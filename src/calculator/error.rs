//! What can be wrong with the input of the calculator.

use crate::objective::ObjectiveError;
use crate::wording::did_you_mean;
use std::path::PathBuf;

/// An error of the calculator; all but [`Write`](LossError::Write) are errors of the input.
#[derive(Debug, thiserror::Error)]
pub enum LossError {
    /// A method that does not exist.
    #[error("there is no method `{given}`{hint}; methods are {allowed}")]
    UnknownMethod {
        /// What was given.
        given: String,
        /// " (did you mean …?)" or nothing.
        hint: String,
        /// Every method.
        allowed: String,
    },
    /// A `--set` that is not `key=value`.
    #[error("--set {given}: write key=value, for example --set {example}")]
    MalformedSet {
        /// What was given.
        given: String,
        /// One that would do.
        example: String,
    },
    /// A `--set` of a key that the method does not have.
    #[error("--set {given}: `{method}` has no parameter of that name{hint}; it has {allowed}")]
    UnknownParameter {
        /// The key given.
        given: String,
        /// The method.
        method: &'static str,
        /// " (did you mean …?)" or nothing.
        hint: String,
        /// The parameters of the method.
        allowed: String,
    },
    /// A key that was set twice.
    #[error("--set {key} is given twice; give it once")]
    SetTwice {
        /// The key.
        key: String,
    },
    /// A value of `--set` that cannot be read.
    #[error("--set {key}={given}: {allowed} is needed")]
    SetValue {
        /// The key.
        key: String,
        /// The value given.
        given: String,
        /// What is allowed.
        allowed: String,
    },
    /// The file could not be read as text.
    #[error("{}: {source}; give a CSV file in UTF-8", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A column that the method needs.
    #[error("line {line}: the header has no column {needed}{hint}; it has {present}")]
    MissingColumn {
        /// The line of the header.
        line: u64,
        /// The column that is missing, or its alternatives.
        needed: String,
        /// " (did you mean …?)" or nothing.
        hint: String,
        /// The columns there are.
        present: String,
    },
    /// A column that is read and stands twice.
    #[error("line {line}: the header has the column `{column}` more than once; rename all but one")]
    DuplicateColumn {
        /// The line of the header.
        line: u64,
        /// The column.
        column: String,
    },
    /// A row that is longer or shorter than the header.
    #[error("line {line}: {given} cells were given, the header has {expected}")]
    Ragged {
        /// The line.
        line: u64,
        /// The cells of the row.
        given: usize,
        /// The columns of the header.
        expected: usize,
    },
    /// A cell that is needed and empty.
    #[error("line {line}: the cell of `{column}` is empty; every row needs one")]
    EmptyCell {
        /// The line.
        line: u64,
        /// The column.
        column: String,
    },
    /// A cell that cannot be read.
    #[error("line {line}: `{column}` is `{given}`; {allowed} is needed")]
    Cell {
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// What was given.
        given: String,
        /// What is allowed.
        allowed: String,
    },
    /// A parameter from `--set` or missing altogether.
    #[error(transparent)]
    Parameter(#[from] ObjectiveError),
    /// A parameter from a column.
    #[error("line {line}: {source}")]
    ParameterOnLine {
        /// The line.
        line: u64,
        /// What is wrong with it.
        source: ObjectiveError,
    },
    /// Rows of one prompt with different parameters.
    #[error("line {line}: prompt `{prompt}` has other parameters on line {first}; make them equal")]
    Disagreement {
        /// The line.
        line: u64,
        /// The prompt.
        prompt: String,
        /// The first line of the prompt.
        first: u64,
    },
    /// A prompt with a single response, from which none can be left out.
    #[error("line {line}: prompt `{prompt}` has one row; rloo needs two rows of a prompt or more")]
    LonelyPrompt {
        /// The line.
        line: u64,
        /// The prompt.
        prompt: String,
    },
    /// The output could not be written.
    #[error("the output could not be written: {0}")]
    Write(#[from] std::io::Error),
}

impl LossError {
    /// Whether the fault is one of a line of the file.
    pub fn is_in_file(&self) -> bool {
        use LossError::{
            Cell, Disagreement, DuplicateColumn, EmptyCell, LonelyPrompt, MissingColumn,
            ParameterOnLine, Ragged,
        };
        matches!(
            self,
            Cell { .. }
                | Disagreement { .. }
                | DuplicateColumn { .. }
                | EmptyCell { .. }
                | LonelyPrompt { .. }
                | MissingColumn { .. }
                | ParameterOnLine { .. }
                | Ragged { .. }
        )
    }
}

/// " (did you mean …?)" for the most similar of some names, if one is similar.
pub(super) fn hint<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(given, names).map_or(String::new(), |name| format!(" (did you mean `{name}`?)"))
}
