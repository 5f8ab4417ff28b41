//! The wall: findings that did not appear, each with its cause.

use super::findings::{Claim, Word};
use super::section::Section;
use crate::scenario::Verdict;
use serde::Serialize;

/// The claims with one verdict that is not `holds`, by their causes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Wall {
    verdict: Word,
    count: usize,
    causes: Vec<Cause>,
}

/// A cause with the claims that it explains.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Cause {
    /// None: the scenario gives none.
    why: Option<String>,
    claims: Vec<Claim>,
}

impl Wall {
    /// One wall for each verdict that occurs.
    pub(super) fn of(sections: &[Section]) -> Vec<Wall> {
        let verdicts = [Verdict::Reversed, Verdict::NoDifference, Verdict::Inconclusive];
        let walls = verdicts.map(|verdict| Word::of(Some(verdict))).map(|verdict| {
            let all = sections.iter().flat_map(|section| &section.claims);
            let own: Vec<&Claim> = all.filter(|claim| claim.verdict == verdict).collect();
            Wall { verdict, count: own.len(), causes: causes(&own) }
        });
        walls.into_iter().filter(|wall| wall.count > 0).collect()
    }
}

/// Claims by their causes, in the order in which these first occur; those without one come last.
fn causes(claims: &[&Claim]) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for &claim in claims {
        match causes.iter_mut().find(|cause| cause.why == claim.why) {
            Some(cause) => cause.claims.push(claim.clone()),
            None => causes.push(Cause { why: claim.why.clone(), claims: vec![claim.clone()] }),
        }
    }
    causes.sort_by_key(|cause| cause.why.is_none());
    causes
}
