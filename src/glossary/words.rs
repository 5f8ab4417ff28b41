//! Words that no single key, metric or objective bears.

mod judging;
mod training;

use super::entry::{Entry, Kind};
use super::source::item;

/// A word of the paper or of this program; empty where there is nothing to say.
struct Word {
    name: &'static str,
    /// Other names, with commas.
    also: &'static str,
    what: &'static str,
    formula: &'static str,
    unit: &'static str,
    /// Where it is set or seen.
    see: &'static str,
    source: &'static str,
}

const NONE: Word =
    Word { name: "", also: "", what: "", formula: "", unit: "", see: "", source: "" };

/// Enums whose variants are words of Table 1 or of the findings: type, what they are, where to see
/// them.
const ENUMS: [(&str, &str, &str); 2] = [
    ("Family", "what a loss is made of", "Table 1 of each objective: modeseek explain OBJECTIVE"),
    (
        "Signal",
        "what of the reward reaches a loss",
        "Table 1 of each objective: modeseek explain dpo",
    ),
];

/// Every word.
pub(super) fn entries() -> Vec<Entry> {
    let written = training::WORDS.iter().chain(&judging::WORDS).map(entry);
    let variants = ENUMS.iter().flat_map(|(name, what, see)| {
        let members = item(name).map_or(Vec::new(), |item| item.members);
        members.into_iter().map(move |member| {
            Entry::new(Kind::Word, spaced(&member.name))
                .with("What", format!("{} ({what})", member.doc.trim_end_matches('.')))
                .with("See", see)
                .with("Source", "arXiv 2404.14367, Table 1 and §3")
        })
    });
    written.chain(variants).chain([verdict()]).collect()
}

fn entry(word: &Word) -> Entry {
    let also = word.also.split(", ").filter(|name| !name.is_empty());
    Entry::new(Kind::Word, word.name)
        .also(also)
        .with("What", word.what)
        .with("Formula", word.formula)
        .with("Unit", word.unit)
        .with("See", word.see)
        .with("Source", word.source)
}

/// The four verdicts, as the type says them.
fn verdict() -> Entry {
    let members = item("Verdict").map_or(Vec::new(), |item| item.members);
    let lines = members.iter().map(|member| format!("{}: {}", member.name, member.doc));
    Entry::new(Kind::Word, "verdict")
        .also(members.iter().map(|member| member.name.clone()))
        .with("What", "What the 95 % interval of an effect says of a claim with a margin.")
        .with("Formula", lines.collect::<Vec<_>>().join("\n"))
        .with("Unit", "a word; with fewer than 5 seeds there is none")
        .with("See", "modeseek claims; `expected` of a [[claim]] holds the verdict seen before")
        .with("Source", "this program's own")
}

/// `PolicyGradient` → `policy gradient`.
fn spaced(variant: &str) -> String {
    let mut text = String::new();
    for c in variant.chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.extend(c.to_lowercase());
    }
    text
}
