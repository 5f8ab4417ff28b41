//! SFT: supervised fine-tuning on every response of the data.

use super::likelihood::pull;
use super::{Group, Ledger, Objective, Unit};

/// Maximum likelihood of every response of the data, whatever it is worth.
///
/// *Formula*
/// ```text
/// ℓ = −log π(y)
/// ```
/// *where* y is a response of the data; the loss is a mean over responses.
/// *Gradient* c(y) = −1 for every response.
///
/// *Reading* It comes to rest at the law of the data: on D_pref = π_ref nothing moves. On your own
/// demonstrations (data.demonstrations) it is the step before any preference is learned; watch eval_loss.
///
/// *Wrong* eval_loss rises while the loss falls: the rows are known by heart; stop earlier. It imitates bad
/// responses as gladly as good ones: on comparisons take pref-ft.
///
/// *Source* arXiv 2203.02155, §3.1, step 1.
/// *Numerics* linear in log π: nothing can overflow.
/// *Deviations* the loss is a sum over a response's tokens, where trainers of language models take the mean
/// over the tokens of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Sft;

impl Objective for Sft {
    fn unit(&self) -> Unit {
        Unit::Response
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        for i in 0..group.responses() {
            let weight = group.weight(i);
            let loss = pull(group, ledger, i, weight);
            ledger.book(loss);
            ledger.count(weight);
        }
    }
}
