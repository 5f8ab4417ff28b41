//! What every metric, objective, key, word, claim and scenario means: one source for
//! `modeseek explain`, the report and the page.
//!
//! Nothing is told twice: objectives and keys are explained by the doc comments of the code that
//! computes and reads them (with the headings `*Reading*` and `*Wrong*`), metrics by the text that
//! documents [`METRICS`](crate::learner::METRICS), claims, scenarios and figures by the scenario
//! files, and the paper's taxonomy by [`TABLE_1`](crate::objective::TABLE_1). Only words that no code
//! bears are written here; they follow.
#![doc = include_str!("words/training.md")]
#![doc = include_str!("words/judging.md")]

mod claims;
mod entry;
mod keys;
mod metrics;
mod objectives;
mod pages;
mod prose;
mod scenarios;
mod shipped;
mod source;
mod text;
mod words;

use crate::wording::did_you_mean;
pub use entry::{Entry, Kind, Paragraph};
pub use objectives::BY_HAND;
pub use prose::html;
use text::normal;
pub(crate) use text::wrapped;

/// A term that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error: nothing here is called `{given}`{}\n   allowed: a metric, an objective, a key of a scenario, a word, a claim, a scenario or a figure; \
    `modeseek explain` lists them all",
    close.as_ref().map_or(String::new(), |close| format!("\n   did you mean: `{close}`?")))]
pub struct UnknownTerm {
    /// What was given.
    pub given: String,
    /// The closest term, if one is close.
    pub close: Option<String>,
}

/// Everything that a term names; each prints as plain text.
///
/// A name beats a value: `margin` is a metric, a key and a word; `leave-one-out`, which is only
/// ever the value of a key, gives that key.
pub fn find(term: &str) -> Result<Vec<Entry>, UnknownTerm> {
    let mut entries = entries();
    let asked = normal(term);
    let is_named = entries.iter().any(|entry| entry.is_called(&asked));
    let is_meant =
        |entry: &Entry| if is_named { entry.is_called(&asked) } else { entry.has_value(&asked) };
    if asked.is_empty() || !entries.iter().any(is_meant) {
        return Err(unknown(term, &entries));
    }
    entries.retain(is_meant);
    Ok(entries)
}

/// Every term by kind, as plain text; claims as ranges.
pub fn terms() -> String {
    let entries = entries();
    let of = |kind: Kind| {
        let own: Vec<&Entry> = entries.iter().filter(|entry| entry.kind == kind).collect();
        let names = match kind {
            Kind::Claim => claims::by_scenario(&own).join("; "),
            _ => own.into_iter().map(Entry::shown).collect::<Vec<_>>().join(", "),
        };
        format!("{}\n{}\n", kind.heading(), wrapped(&names, 2))
    };
    Kind::ALL.map(of).join("\n")
}

/// Everything that can be explained, by kind.
pub fn entries() -> Vec<Entry> {
    let library = shipped::Library::read();
    let mut entries = metrics::entries();
    let claims = claims::entries(&library, &entries);
    entries.extend(objectives::entries());
    entries.extend(keys::entries());
    entries.extend(words::entries());
    entries.extend(claims);
    entries.extend(scenarios::entries(&library));
    let with_use = |entry: Entry| {
        let used = library.scenarios(entry.kind, &entry.name);
        entry.with("Shipped", used)
    };
    entries.into_iter().map(with_use).collect()
}

fn unknown(term: &str, entries: &[Entry]) -> UnknownTerm {
    let names: Vec<String> = entries.iter().flat_map(Entry::names).collect();
    let close = did_you_mean(&normal(term), names.iter().map(String::as_str)).map(str::to_owned);
    UnknownTerm { given: term.to_owned(), close }
}
