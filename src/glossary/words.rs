//! Words that no single key, metric or objective bears, written in `words/*.md`, and those that are
//! the variants of a type.

use super::entry::{Entry, Kind};
use super::pages::{Page, pages};
use super::source::{Member, item, kebab_case};

/// In the order in which one meets them; part of the documentation of this floor too.
const TEXTS: [&str; 2] = [include_str!("words/training.md"), include_str!("words/judging.md")];

/// Enums whose variants are words of Table 1: type, what they are.
const ENUMS: [(&str, &str); 2] =
    [("Family", "what a loss is made of"), ("Signal", "what of the reward reaches a loss")];

/// Every word.
pub(super) fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> =
        TEXTS.iter().flat_map(|text| pages(text)).map(|page| written(&page)).collect();
    for (name, what) in ENUMS {
        let members = item(name).map_or(Vec::new(), |item| item.members);
        entries.extend(members.iter().map(|member| variant(member, what)));
    }
    entries.push(verdict());
    entries
}

fn written(page: &Page) -> Entry {
    let also = page.paragraph("Also");
    let of = |heading| page.paragraph(heading);
    Entry::new(Kind::Word, page.name.as_str())
        .also(also.split(", ").filter(|name| !name.is_empty()))
        .with("What", of(""))
        .with("Formula", of("Formula"))
        .with("Unit", of("Unit"))
        .with("Read", of("Reading"))
        .with("Wrong", of("Wrong"))
        .with("See", of("See"))
        .with("Source", of("Source"))
}

/// A word of Table 1.
fn variant(member: &Member, what: &str) -> Entry {
    Entry::new(Kind::Word, kebab_case(&member.name).replace('-', " "))
        .with("What", format!("{} ({what})", member.doc.trim_end_matches('.')))
        .with("Read", &member.reading)
        .with("Wrong", &member.wrong)
        .with("See", "Table 1 of each objective, such as modeseek explain dpo")
        .with("Source", "arXiv 2404.14367, Table 1 and §3")
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
        .with(
            "Read",
            "`no-difference` is a finding too: the whole interval lies within ±margin, so that what \
             there may be is too small to matter. `reversed` contradicts the claim.",
        )
        .with(
            "Wrong",
            "`inconclusive` is no finding: the interval crosses a margin. More seeds narrow it, \
             unless single runs break away or never reach a level (censored).",
        )
        .with("See", "modeseek claims; `expected` of a [[claim]] holds the verdict seen before")
        .with("Source", "this program's own")
}
