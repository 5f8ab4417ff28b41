//! Pref-FT: supervised fine-tuning on the chosen responses.

use super::likelihood::pull;
use super::{Group, Ledger, Objective, Unit};

/// Maximum likelihood of the chosen response of every pair.
///
/// *Formula*
/// ```text
/// ℓ = −log π(y_w)
/// ```
/// *where* y_w is the chosen response of a pair; the loss is a mean over pairs.
/// *Gradient* c(y_w) = −1 for each pair won; the rejected response has none, so no c is positive.
///
/// *Reading* It comes to rest at π_ref(y)·P(y wins), so that its reward stays near that of π_ref:
/// 0.08 on R1, 0.59 on R2, some 200 tokens on Min Length (from 248). Compare it with Best-of-N,
/// which sees the same responses and keeps one of them.
///
/// *Wrong* The reward flattens early and far below the others: this is its optimum and no matter of
/// the learning rate. More steps or prompts do not help; take a contrastive loss, or samples of the
/// policy. On skewed data it wins, because the data already lie at the peak.
///
/// *Source* arXiv 2404.14367, Table 1.
/// *Numerics* linear in log π: nothing can overflow.
/// *Deviations* none.
#[derive(Debug, Clone, Copy)]
pub struct PrefFt;

impl Objective for PrefFt {
    fn unit(&self) -> Unit {
        Unit::Pair
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        for &pair in group.pairs {
            let weight = group.pair_weight(pair);
            let loss = pull(group, ledger, pair.chosen, weight);
            ledger.book(loss);
            ledger.count(weight);
        }
    }
}
