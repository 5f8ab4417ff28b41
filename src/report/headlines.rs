//! What a reader is told first: how many claims have which verdict, and the clearest of each, chosen
//! by one rule from the data of this very report.

use super::findings::{Claim, Word};
use super::section::Section;
use crate::scenario::Verdict;
use serde::Serialize;

/// What a scenario is about, by its tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Theme {
    /// Where the samples come from.
    OnPolicy,
    /// How often they are used.
    Reuse,
    /// Whether bad responses are pushed down.
    NegativeGradient,
    /// Both at once.
    Together,
    /// Forward and reverse KL.
    Modes,
    /// Everything else.
    Further,
}

impl Theme {
    /// In the order of the page.
    pub(super) const ALL: [Theme; 6] = [
        Theme::OnPolicy,
        Theme::Reuse,
        Theme::NegativeGradient,
        Theme::Together,
        Theme::Modes,
        Theme::Further,
    ];

    /// The theme of a scenario with these tags: the first that one of them, or both, belong to.
    pub(super) fn of(tags: &[String]) -> Theme {
        let has = |tag: &str| tags.iter().any(|own| own == tag);
        match () {
            () if has("complementarity") || has("attribution") => Theme::Together,
            () if has("on-policy") && has("negative-gradient") => Theme::Together,
            () if has("reuse") => Theme::Reuse,
            () if has("on-policy") || has("batch-size") => Theme::OnPolicy,
            () if has("negative-gradient") => Theme::NegativeGradient,
            () if has("theory") || has("modes") => Theme::Modes,
            () => Theme::Further,
        }
    }

    /// What stands above its scenarios.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Theme::OnPolicy => "On-policy sampling",
            Theme::Reuse => "Sample reuse",
            Theme::NegativeGradient => "The negative gradient",
            Theme::Together => "On-policy sampling and the negative gradient together",
            Theme::Modes => "Mode-seeking and mode-covering",
            Theme::Further => "Problems, policies, learned rewards and robustness",
        }
    }
}

/// The findings of a report, counted and with the clearest of each verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Headlines {
    /// How many claims were judged.
    claims: usize,
    /// How many have which verdict, among those that occur.
    counts: Vec<Count>,
    /// The clearest of each verdict that says something, none where there is none.
    kinds: Vec<Clearest>,
}

/// How many claims have a verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Count {
    verdict: Word,
    count: usize,
}

/// The clearest findings with one verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Clearest {
    heading: &'static str,
    verdict: Word,
    findings: Vec<Headline>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Headline {
    theme: &'static str,
    claim: Claim,
}

/// How many findings of a verdict are told first.
const MOST: usize = 4;

/// The verdicts whose clearest findings are told first.
const KINDS: [(Verdict, &str); 3] = [
    (Verdict::Holds, "What was found"),
    (Verdict::Reversed, "What came out the other way round"),
    (Verdict::NoDifference, "What makes no difference"),
];

impl Headlines {
    /// The headlines of all sections.
    pub(super) fn of(sections: &[Section]) -> Headlines {
        let claims = || sections.iter().flat_map(|section| &section.claims);
        let order = [
            Some(Verdict::Holds),
            Some(Verdict::NoDifference),
            Some(Verdict::Reversed),
            Some(Verdict::Inconclusive),
            None,
        ];
        let counted = order.map(Word::of).map(|verdict| {
            let count = claims().filter(|claim| claim.verdict == verdict).count();
            Count { verdict, count }
        });
        let kinds = KINDS.map(|(verdict, heading)| Clearest {
            heading,
            verdict: Word::of(Some(verdict)),
            findings: clearest(sections, verdict),
        });
        Headlines {
            claims: claims().count(),
            counts: counted.into_iter().filter(|c| c.count > 0).collect(),
            kinds: kinds.into_iter().filter(|kind| !kind.findings.is_empty()).collect(),
        }
    }
}

/// One finding for each of the first [`MOST`] themes that have one with this verdict which also stands
/// with Holm's adjustment: figures of the paper come first, then steady outcomes, then clear ones.
fn clearest(sections: &[Section], verdict: Verdict) -> Vec<Headline> {
    let of_theme = |theme: Theme| {
        let own = sections.iter().filter(|section| section.theme == theme);
        let claims = own.flat_map(|s| s.claims.iter().map(|claim| (s.numbered, claim.rank, claim)));
        let stands = claims.filter(|(_, _, claim)| claim.stands == Some(verdict));
        let best = stands.reduce(|best, next| {
            let (old, new) = ((best.0, best.1.0, best.1.1), (next.0, next.1.0, next.1.1));
            if new > old { next } else { best }
        });
        best.map(|(_, _, claim)| Headline { theme: theme.heading(), claim: claim.clone() })
    };
    Theme::ALL.into_iter().filter_map(of_theme).take(MOST).collect()
}
