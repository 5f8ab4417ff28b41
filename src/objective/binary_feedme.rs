//! Binary FeedMe: supervised fine-tuning on the responses that pass, each counted once.

use super::likelihood::pull;
use super::{Group, Ledger, Objective, Unit};

/// Maximum likelihood of every response that wins at least one comparison.
///
/// *Formula*
/// ```text
/// ℓ = −log π(y)   for each y that wins at least one pair
/// ```
/// *where* the loss is a mean over the winners. Under a law of `draws` = C responses, response i
/// weighs pᵢ·(1 − (1 − bᵢ)^(C−1)), the chance that it is drawn and meets one it beats, with bᵢ the
/// probability of the responses that lose to it.
/// *Gradient* c(y) = −1 for a winner, 0 otherwise.
///
/// *Reading* It learns from all that is not the worst: with C = 10 nearly every response passes, so
/// that it hardly differs from imitating the data. With C = 2 its curve is that of Pref-FT.
///
/// *Wrong* It stays at π_ref: a large C lets everything pass. Use fewer responses a prompt, a
/// reward gap (pairs.reward_gap), or Best-of-N, which keeps the best only.
///
/// *Source* arXiv 2404.14367, Table 1.
/// *Numerics* linear in log π.
/// *Deviations* the paper names the method without a threshold: "passes" is "wins once" here, so
/// that with two responses it is Pref-FT.
#[derive(Debug, Clone, Copy)]
pub struct BinaryFeedme;

impl Objective for BinaryFeedme {
    fn unit(&self) -> Unit {
        Unit::Response
    }

    fn add_group(&self, group: &Group<'_>, ledger: &mut Ledger<'_>) {
        let mut beaten = vec![0.0; group.responses()];
        for pair in group.pairs {
            beaten[pair.chosen] += group.weight(pair.rejected);
        }
        for (i, &beaten) in beaten.iter().enumerate() {
            let passes = match group.law {
                Some(law) => passing_chance(beaten, law.draws),
                None => f64::from(beaten > 0.0),
            };
            let weight = group.weight(i) * passes;
            let loss = pull(group, ledger, i, weight);
            ledger.book(loss);
            ledger.count(weight);
        }
    }
}

/// The chance that a response meets, among `draws − 1` others, one of those it beats.
///
/// *where* `beaten` is the probability of a response that loses to it.
pub(super) fn passing_chance(beaten: f64, draws: usize) -> f64 {
    1.0 - (1.0 - beaten.min(1.0)).powi(draws.saturating_sub(1) as i32)
}
