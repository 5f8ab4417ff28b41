//! Faults of problems and of the files they read, at the keys that are meant.

use super::canonical::{data_files, table_of};
use super::check::Fault;
use super::experiment::Experiment;
use crate::problem::ProblemError;

const PROMPT_ROWS: &str = "one JSON object a line, with `prompt` as a text or a list of messages";

/// A fault of the problem, at the key that is meant.
pub(super) fn problem_fault(experiment: &Experiment, error: ProblemError) -> Fault {
    let variant = experiment.problem.name();
    match error {
        ProblemError::NoArms => Fault::new("problem", error.to_string()),
        ProblemError::Range { key, given, allowed } => {
            let key = format!("problem.{variant}.{key}");
            Fault::refused(&key, &given).note("allowed", allowed)
        }
        ProblemError::File { ref path, .. } => {
            let files = table_of(experiment).map_or(Vec::new(), |table| data_files(&table));
            let key =
                files.into_iter().find(|(_, file)| file == path).map(|(key, _)| key.join("."));
            let key = key.unwrap_or_else(|| format!("problem.{variant}"));
            let fault = Fault::new(key, error.to_string());
            let rows = match variant {
                "length" => Some("one JSON object a line, with the field that is measured"),
                "prompts" => Some(PROMPT_ROWS),
                _ => None,
            };
            if let Some(rows) = rows {
                return fault.note("allowed", rows);
            }
            fault
                .note("allowed", "a header and, below it, one finite number for each arm")
                .note("help", "lines that begin with `#` are comments; other columns are ignored")
        }
    }
}
