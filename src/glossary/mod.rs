//! What every metric, objective, key and word means: one source for `modeseek explain`, the report
//! and the page.
//!
//! Nothing is told twice: objectives and keys are explained by the doc comments of the code that
//! computes and reads them, metrics by [`METRICS`](crate::learner::METRICS), and the paper's
//! taxonomy by [`TABLE_1`](crate::objective::TABLE_1). Only words that no code bears are written
//! here.

mod entry;
mod keys;
mod metrics;
mod objectives;
mod shipped;
mod source;
mod text;
mod words;

use crate::scenario::did_you_mean;
use entry::{Entry, Kind};
pub use objectives::BY_HAND;
use text::normal;
pub(crate) use text::wrapped;

/// A term that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error: nothing here is called `{given}`{}\n   allowed: {allowed}",
    close.as_ref().map_or(String::new(), |close| format!("\n   did you mean: `{close}`?")))]
pub struct UnknownTerm {
    /// What was given.
    pub given: String,
    /// The closest term, if one is close.
    pub close: Option<String>,
    /// What is allowed: every term, or, where one is close, how to list them.
    pub allowed: String,
}

/// The explanation of everything that a term names, as plain text.
///
/// A name beats a value: `margin` is a metric, a key and a word; `leave-one-out`, which is only
/// ever the value of a key, gives that key.
pub fn explain(term: &str) -> Result<String, UnknownTerm> {
    let entries = entries();
    let asked = normal(term);
    let named: Vec<&Entry> = entries.iter().filter(|entry| entry.is_called(&asked)).collect();
    let found = match named.is_empty() {
        true => entries.iter().filter(|entry| entry.has_value(&asked)).collect(),
        false => named,
    };
    if asked.is_empty() || found.is_empty() {
        return Err(unknown(term, &entries));
    }
    let texts = found.into_iter().map(|entry| {
        let scenarios = shipped::scenarios(entry.kind, entry.name());
        entry.clone().with("Shipped", scenarios).to_string()
    });
    Ok(texts.collect::<Vec<_>>().join("\n"))
}

/// Every term by kind.
pub fn terms() -> String {
    let entries = entries();
    let of = |kind: Kind| {
        let names = entries.iter().filter(|entry| entry.kind == kind).map(Entry::shown);
        let names = wrapped(&names.collect::<Vec<_>>().join(", "), 2);
        format!("{}\n{names}\n", kind.heading())
    };
    Kind::ALL.map(of).join("\n")
}

/// Everything that can be explained.
fn entries() -> Vec<Entry> {
    let mut entries = metrics::entries();
    entries.extend(objectives::entries());
    entries.extend(keys::entries());
    entries.extend(words::entries());
    entries
}

fn unknown(term: &str, entries: &[Entry]) -> UnknownTerm {
    let names: Vec<String> = entries.iter().flat_map(Entry::names).collect();
    let close = did_you_mean(&normal(term), names.iter().map(String::as_str)).map(str::to_owned);
    let allowed = match &close {
        Some(_) => {
            "a metric, an objective, a key of a scenario or a word; `modeseek explain` lists \
            them all"
                .to_owned()
        }
        None => format!("one of these\n\n{}", terms()),
    };
    UnknownTerm { given: term.to_owned(), close, allowed }
}
