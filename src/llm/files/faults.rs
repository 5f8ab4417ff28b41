//! What is said of files that are no model.

use crate::llm::{Decoder, LlmError};
use crate::wording::did_you_mean;
use std::path::Path;

/// How many names a message lists.
const NAMES: usize = 4;

/// A file whose content cannot be used: what was found, what is allowed, the remedy.
pub fn fault(
    path: &Path,
    found: impl std::fmt::Display,
    allowed: impl Into<String>,
    help: impl Into<String>,
) -> LlmError {
    LlmError::input(format!("{}: {found}", path.display()), allowed, help)
}

/// A folder whose model gives no score.
pub fn no_reward_model(folder: &Path) -> LlmError {
    fault(
        folder,
        format!("is no reward model; it has no `{}`", Decoder::READOUT),
        "the folder that a run of policy.reward-model left, or a model of transformers for sequence classification \
         with one label",
        "train one: see `modeseek explain policy.reward-model`",
    )
}

/// A file that is shorter or longer than its own header says.
pub fn wrong_length(path: &Path, needed: u64, length: u64) -> LlmError {
    let kind = if length < needed { "truncated" } else { "too long" };
    fault(
        path,
        format!("{kind}: its header describes {needed} bytes, the file has {length}"),
        "a file that was copied or downloaded to its end",
        "fetch it again and compare its sha256 with the publisher's",
    )
}

/// A weight that the model's configuration asks for and its files do not hold.
pub fn missing_weight(path: &Path, name: &str, stored: &[&str]) -> LlmError {
    fault(
        path,
        format!("the weight `{name}` is missing"),
        format!("near names in the file: {}", near(name, stored)),
        "the weights and the configuration are of different models; fetch both together",
    )
}

/// The stored names that are most like `name`, best first.
pub fn near(name: &str, stored: &[&str]) -> String {
    let mut scored: Vec<(f64, &str)> =
        stored.iter().map(|other| (strsim::jaro_winkler(name, other), *other)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    crate::wording::listed(scored.into_iter().take(NAMES).map(|(_, other)| other))
}

/// A weight of another shape than the configuration says.
pub fn wrong_shape(path: &Path, name: &str, found: &[usize], wanted: &[usize]) -> LlmError {
    fault(
        path,
        format!("the weight `{name}` has shape {found:?}"),
        format!("shape {wanted:?}, as the configuration says"),
        "the weights and the configuration are of different models; fetch both together",
    )
}

/// A word of a configuration that is none of those known; a close one is suggested.
pub fn unknown_word(path: &Path, what: &str, given: &str, known: &[&str]) -> LlmError {
    let meant = did_you_mean(given, known.iter().copied());
    let help = match meant {
        Some(word) => format!("did you mean `{word}`?"),
        None => "use a model of one of these kinds".to_owned(),
    };
    fault(
        path,
        format!("{what} `{given}` is unknown"),
        crate::wording::listed(known.iter().copied()),
        help,
    )
}
