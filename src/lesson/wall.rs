//! The wall of the findings that did not appear.

use crate::results::Finding;
use crate::scenario::{ClaimSpec, Verdict};
use std::collections::BTreeMap;

/// A claim that does not hold here.
#[derive(Debug, Clone, PartialEq)]
pub struct Absent {
    /// The figure that shows it, or the id of its scenario.
    pub figure: String,
    /// The claim.
    pub claim: ClaimSpec,
    /// What finished runs say of it, if there are any.
    pub finding: Option<Finding>,
}

/// The wall as Markdown: claims by figure in the order given, each with its verdict and its cause;
/// `claims` is how many claims there are in all.
pub fn wall(absent: &[Absent], claims: usize) -> String {
    let mut text = format!(
        "# The findings that did not appear\n\n{} of {claims} claims of the shipped scenarios do not hold here. \
         A verdict is that of the committed runs; where runs are at hand, the effect and its 95 % \
         interval stand beside it.\n",
        absent.len()
    );
    let mut figures: Vec<&str> = Vec::new();
    let mut by_figure: BTreeMap<&str, Vec<&Absent>> = BTreeMap::new();
    for one in absent {
        if !by_figure.contains_key(one.figure.as_str()) {
            figures.push(&one.figure);
        }
        by_figure.entry(&one.figure).or_default().push(one);
    }
    for figure in figures {
        text.push_str(&format!("\n## {figure}\n\n"));
        by_figure[figure].iter().for_each(|one| text.push_str(&brick(one)));
    }
    text
}

/// One claim.
fn brick(absent: &Absent) -> String {
    let Absent { claim, finding, .. } = absent;
    let verdict = finding.as_ref().and_then(|finding| finding.verdict).unwrap_or(claim.expected);
    let effect = finding.as_ref().map_or(String::new(), |f| format!(", {}", f.effect_words()));
    let cause = claim.why.as_deref().unwrap_or("not explained.");
    let turned = match verdict {
        Verdict::Holds => " (the runs at hand say that it does)",
        _ => "",
    };
    format!("- **{}** {}: *{verdict}*{effect}{turned}.\n  Cause: {cause}\n", claim.id, claim.says)
}
