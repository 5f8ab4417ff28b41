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
