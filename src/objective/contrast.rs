//! The common shape of the pairwise contrastive losses (DPO, IPO, hinge).

use super::{Group, Ledger, TokenSum};

/// Adds, for each pair, a loss of the margin h between its two log-ratios.
///
/// *Formula*
/// ```text
/// h = (log π(y_w) − log π_ref(y_w)) − (log π(y_l) − log π_ref(y_l))
/// ```
/// *where* each log-ratio is divided by the tokens of its response if they are summed to their mean, `loss(h)`
/// returns ℓ(h) and its slope ℓ′(h), and y_w is the chosen response.
/// *Gradient* +ℓ′(h) on log π(y_w) and −ℓ′(h) on log π(y_l), whatever the two log-ratios are.
pub(super) fn add_contrast(
    group: &Group<'_>,
    ledger: &mut Ledger<'_>,
    tokens: TokenSum,
    loss: impl Fn(f64) -> (f64, f64),
) {
    let share = |i: usize| match tokens {
        TokenSum::Sum => 1.0,
        TokenSum::Mean => 1.0 / group.tokens(i).len().max(1) as f64,
    };
    let log_ratio = |i: usize| share(i) * group.log_ratio(i);
    let log_ratio: Vec<f64> = (0..group.responses()).map(log_ratio).collect();
    for &pair in group.pairs {
        let weight = group.pair_weight(pair);
        let margin = log_ratio[pair.chosen] - log_ratio[pair.rejected];
        let (value, slope) = loss(margin);
        ledger.book(weight * value);
        ledger.push(group, pair.chosen, weight * slope * share(pair.chosen));
        ledger.push(group, pair.rejected, -weight * slope * share(pair.rejected));
        ledger.count(weight);
    }
}
