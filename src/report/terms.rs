//! The glossary of a page: the metrics, objectives and words that occur on it.

use super::anchored;
use crate::glossary::{Entry, Kind, entries};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Words that the page itself uses.
const WORDS: [&str; 24] = [
    "policy",
    "reference policy",
    "response",
    "reward",
    "on-policy",
    "offline",
    "sample reuse",
    "negative gradient",
    "mode-seeking",
    "mode-covering",
    "forward KL",
    "reverse KL",
    "pair",
    "log-ratio",
    "queries",
    "step",
    "seed",
    "cell",
    "claim",
    "effect",
    "verdict",
    "bootstrap",
    "Holm",
    "multiverse",
];

/// Paragraphs that lead to other places of the program, which a page cannot open.
const ELSEWHERE: [&str; 2] = ["See", "Shipped"];

/// The terms that are explained, and where.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Terms {
    /// In the order in which they are shown, under their kinds.
    groups: Vec<Group>,
    /// The anchor of each name.
    anchors: BTreeMap<String, String>,
}

/// The terms of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Group {
    heading: &'static str,
    terms: Vec<Term>,
}

/// A term with its place on the page.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Term {
    anchor: String,
    entry: Entry,
}

impl Terms {
    /// The words of the page, and the metrics and objectives that its scenarios speak of.
    pub(super) fn of(spoken: &BTreeSet<&str>) -> Terms {
        let all = entries();
        let wanted = |entry: &&Entry| match entry.kind {
            Kind::Word => WORDS.contains(&entry.name.as_str()),
            Kind::Metric | Kind::Objective => spoken.contains(entry.name.as_str()),
            _ => false,
        };
        let (mut groups, mut anchors) = (Vec::new(), BTreeMap::new());
        for kind in [Kind::Word, Kind::Objective, Kind::Metric] {
            let own = all.iter().filter(|entry| entry.kind == kind).filter(wanted);
            let terms: Vec<Term> = own.map(Term::new).collect();
            anchors.extend(terms.iter().map(|t| (t.entry.name.clone(), t.anchor.clone())));
            if !terms.is_empty() {
                groups.push(Group { heading: kind.heading(), terms });
            }
        }
        Terms { groups, anchors }
    }
}

impl Term {
    fn new(entry: &Entry) -> Term {
        let name = anchored(&entry.name);
        let kind = entry.kind.heading().split(' ').next().unwrap_or_default().to_lowercase();
        let mut entry = entry.clone();
        entry.paragraphs.retain(|paragraph| !ELSEWHERE.contains(&paragraph.label));
        Term { anchor: format!("term-{kind}-{name}"), entry }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_page_is_in_the_glossary() {
        let terms = Terms::of(&BTreeSet::from(["gold_reward", "dpo"]));
        for word in WORDS.iter().chain(&["gold_reward", "dpo"]) {
            assert!(terms.anchors.contains_key(*word), "{word}");
        }
        let anchors: BTreeSet<&String> = terms.anchors.values().collect();
        assert_eq!(anchors.len(), WORDS.len() + 2);
    }
}
