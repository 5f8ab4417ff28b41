//! `modeseek explain [TERM]`: what a metric, an objective, a key, a word, a claim, a scenario or a
//! figure means, from the [glossary](crate::glossary).

use super::{Failure, say};
use crate::glossary::{Entry, find, terms};

/// Explain a metric, an objective, a key of a scenario, a word, a claim, a scenario or a figure.
///
/// An explanation says what the term is, how it is formed and counted, how a value or a curve is read
/// and what it looks like when it goes wrong. Of a claim it says what is compared and how the effect
/// is read; what was found, modeseek claims says.
///
/// Small and capital letters are alike, and so are `-`, `_`, `/` and spaces; the paper's symbols
/// (B, C, M, T, β, τ) are terms too. Without TERM all terms are listed by kind.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "Examples:\n  \
    modeseek explain ipo                     loss, gradient, rows of Table 1, parameters\n  \
    modeseek explain B                       the key behind one of the paper's symbols\n  \
    modeseek explain negative gradient       a word of the paper\n  \
    modeseek explain schedule.passes         a key by its whole path\n  \
    modeseek explain L19.2                   a claim\n  \
    modeseek explain fig04                   the scenario behind a figure")]
pub struct Args {
    /// What to explain; none: list all terms
    #[arg(value_name = "TERM")]
    term: Vec<String>,
}

/// Prints an explanation, or the list of terms.
pub(super) fn command(args: &Args) -> Result<(), Failure> {
    match args.term.as_slice() {
        [] => say(&format!("{}\nMore of each: modeseek explain TERM", terms())),
        words => {
            let found = find(&words.join(" ")).map_err(Failure::input)?;
            say(&found.iter().map(Entry::to_string).collect::<Vec<_>>().join("\n"))
        }
    }
}
