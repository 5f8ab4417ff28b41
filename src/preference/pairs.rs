//! Pairs of responses to one prompt, the chosen one first.

use super::labels::{LabelSpec, PairError};
use serde::{Deserialize, Serialize};

/// Two responses of one prompt by their places in it: `chosen` was preferred to `rejected`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The place of the preferred response.
    pub chosen: usize,
    /// The place of the other response.
    pub rejected: usize,
}

/// Which pairs of a prompt's responses are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// All C(C−1)/2 pairs.
    #[default]
    All,
    /// The response of highest reward against the one of lowest reward.
    BestVersusWorst,
    /// One pair drawn at random.
    Random,
}

/// What becomes of two responses with the same reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TieRule {
    /// The pair is dropped.
    #[default]
    Drop,
    /// A fair coin decides (kept only where no reward gap is asked for).
    Coin,
}

/// How comparisons are made, as written under `[pairs]`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PairSpec {
    /// Which pairs of a prompt's responses are compared.
    ///
    /// *Reading* `best-versus-worst` keeps the chosen response up on R1 where `all` lowers it
    /// (claim 16.4): pairs that differ more conflict less.
    ///
    /// *Wrong* `random` and `best-versus-worst` give one pair a prompt: at equal steps the
    /// gradient is noisier and Pref-FT is then nearly Best-of-N.
    pub selection: Selection,
    /// Pairs whose rewards differ by less than this are dropped (reward units).
    ///
    /// *Reading* Keeps pairs that differ clearly: 0.2 lifted IPO's final reward on R1 by some 0.2.
    ///
    /// *Wrong* Too large drops every pair: on R1 hardly two of ten responses differ by 0.5. The
    /// run stops after 1000 rounds without a pair, or the policy rests.
    pub reward_gap: f64,
    /// What becomes of two responses with the same reward.
    ///
    /// *Reading* Equal rewards say nothing; dropped pairs count neither as loss nor as unit.
    ///
    /// *Wrong* `coin` on a reward with plateaus fills the batch with noise: the margin stays near
    /// 0.
    pub ties: TieRule,
    /// Whether the response of higher reward always wins.
    ///
    /// *Reading* `exact` is the paper's bandit; Bradley–Terry noise is that of a real annotator.
    ///
    /// *Wrong* Noise bounds offline DPO most: one wrong label in twenty stops it near 70 tokens,
    /// one in five near 90.
    #[serde(skip_serializing_if = "LabelSpec::is_exact")]
    pub labels: LabelSpec,
}

/// A checked [`PairSpec`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairRule {
    spec: PairSpec,
}

impl PairRule {
    /// Checks the rule; the reward gap is 0 or a finite number above.
    pub fn new(spec: PairSpec) -> Result<Self, PairError> {
        spec.labels.check()?;
        if spec.reward_gap >= 0.0 && spec.reward_gap.is_finite() {
            return Ok(PairRule { spec });
        }
        let allowed = "0 or a finite number above";
        Err(PairError { key: "reward_gap", given: spec.reward_gap, allowed })
    }

    /// The same rule with labels that are never wrong: comparisons by a reward model.
    #[must_use]
    pub fn exact(self) -> Self {
        PairRule { spec: PairSpec { labels: LabelSpec::Exact, ..self.spec } }
    }

    /// How the pairs are labelled.
    pub fn labels(&self) -> LabelSpec {
        self.spec.labels
    }

    /// How many pairs of so many responses are looked at; some may be dropped.
    pub fn comparisons(&self, responses: usize) -> usize {
        match self.spec.selection {
            Selection::All => responses * responses.saturating_sub(1) / 2,
            Selection::BestVersusWorst | Selection::Random => usize::from(responses > 1),
        }
    }

    /// The pairs among responses of these rewards, in the order of their places.
    ///
    /// *where* `rewards: [responses]` of one prompt; `uniform` yields random numbers in [0, 1) and
    /// is asked only for a random pair (once), and once each for coin flips and noisy labels.
    pub fn pairs(&self, rewards: &[f64], mut uniform: impl FnMut() -> f64) -> Vec<Pair> {
        match self.spec.selection {
            Selection::All => {
                let places = 0..rewards.len();
                let all = places.flat_map(|i| (i + 1..rewards.len()).map(move |j| (i, j)));
                all.filter_map(|(i, j)| self.judge(rewards, i, j, &mut uniform)).collect()
            }
            Selection::BestVersusWorst => {
                let (Some(best), Some(worst)) = (first_best(rewards), first_worst(rewards)) else {
                    return Vec::new();
                };
                self.judge(rewards, best, worst, &mut uniform).into_iter().collect()
            }
            Selection::Random => {
                let count = rewards.len();
                if count < 2 {
                    return Vec::new();
                }
                let k = (uniform() * (count * (count - 1)) as f64) as usize;
                let (i, j) = (k / (count - 1), k % (count - 1));
                let j = if j >= i { j + 1 } else { j };
                self.judge(rewards, i, j, &mut uniform).into_iter().collect()
            }
        }
    }

    /// Orders two places by reward, or drops them.
    fn judge(
        &self,
        rewards: &[f64],
        i: usize,
        j: usize,
        uniform: &mut impl FnMut() -> f64,
    ) -> Option<Pair> {
        let gap = rewards[i] - rewards[j];
        if i == j || gap.abs() < self.spec.reward_gap {
            return None;
        }
        let i_wins = match (gap == 0.0, self.spec.ties) {
            (true, TieRule::Drop) => return None,
            (true, TieRule::Coin) => uniform() < 0.5,
            (false, _) => self.spec.labels.first_wins(gap, uniform),
        };
        let (chosen, rejected) = if i_wins { (i, j) } else { (j, i) };
        Some(Pair { chosen, rejected })
    }
}

/// The first place of the highest reward.
pub(crate) fn first_best(rewards: &[f64]) -> Option<usize> {
    (0..rewards.len()).reduce(|best, i| if rewards[i] > rewards[best] { i } else { best })
}

/// The first place of the lowest reward.
pub(crate) fn first_worst(rewards: &[f64]) -> Option<usize> {
    (0..rewards.len()).reduce(|worst, i| if rewards[i] < rewards[worst] { i } else { worst })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(selection: Selection, reward_gap: f64, ties: TieRule) -> PairRule {
        let labels = LabelSpec::Exact;
        PairRule::new(PairSpec { selection, reward_gap, ties, labels }).expect("valid")
    }

    #[test]
    fn all_pairs_of_ten_distinct_rewards_are_forty_five() {
        let rewards: Vec<f64> = (0..10).map(|i| f64::from(i * 7 % 10)).collect();
        let pairs = rule(Selection::All, 0.0, TieRule::Drop).pairs(&rewards, || 0.0);
        assert_eq!(pairs.len(), 45);
        assert_eq!(rule(Selection::All, 0.0, TieRule::Drop).comparisons(10), 45);
        assert!(pairs.iter().all(|p| rewards[p.chosen] > rewards[p.rejected]));
    }

    #[test]
    fn ties_are_dropped_or_tossed_and_gaps_are_inclusive() {
        let rewards = [1.0, 1.0, 1.25];
        assert_eq!(rule(Selection::All, 0.0, TieRule::Drop).pairs(&rewards, || 0.9).len(), 2);
        let tossed = rule(Selection::All, 0.0, TieRule::Coin).pairs(&rewards, || 0.9);
        assert_eq!(tossed[0], Pair { chosen: 1, rejected: 0 });
        assert_eq!(rule(Selection::All, 0.25, TieRule::Drop).pairs(&rewards, || 0.9).len(), 2);
        assert_eq!(rule(Selection::All, 0.26, TieRule::Drop).pairs(&rewards, || 0.9).len(), 0);
        assert!(PairRule::new(PairSpec { reward_gap: f64::NAN, ..PairSpec::default() }).is_err());
    }

    #[test]
    fn a_random_pair_takes_every_ordered_pair_equally_often() {
        // 3 responses: 6 ordered pairs, here visited by 6 equally spaced uniforms.
        let rewards = [3.0, 1.0, 2.0];
        let rule = rule(Selection::Random, 0.0, TieRule::Drop);
        let mut seen = std::collections::BTreeMap::new();
        for k in 0..6 {
            let pairs = rule.pairs(&rewards, || (f64::from(k) + 0.5) / 6.0);
            *seen.entry((pairs[0].chosen, pairs[0].rejected)).or_insert(0) += 1;
        }
        assert_eq!(seen, [((0, 1), 2), ((0, 2), 2), ((2, 1), 2)].into());
        assert!(rule.pairs(&[1.0], || 0.0).is_empty());
    }

    #[test]
    fn best_versus_worst_takes_the_first_of_equals() {
        let pairs = rule(Selection::BestVersusWorst, 0.0, TieRule::Drop)
            .pairs(&[0.0, 2.0, 2.0, 0.0], || 0.0);
        assert_eq!(pairs, [Pair { chosen: 1, rejected: 0 }]);
    }

    /// Rewards 3 and 1 at temperature 2: the better one wins with probability σ(1) = 0.731.
    #[test]
    fn noisy_labels_are_wrong_as_often_as_they_should() {
        use crate::preference::{BradleyTerrySpec, FlippedSpec};
        let share = |labels| {
            let rule = PairRule::new(PairSpec { labels, ..PairSpec::default() }).expect("valid");
            let won = |u: f64| rule.pairs(&[3.0, 1.0], || u)[0].chosen == 0;
            (0..1000).filter(|k| won((f64::from(*k) + 0.5) / 1000.0)).count()
        };
        assert_eq!(share(LabelSpec::Exact), 1000);
        assert_eq!(share(LabelSpec::BradleyTerry(BradleyTerrySpec { temperature: 2.0 })), 731);
        assert_eq!(share(LabelSpec::Flipped(FlippedSpec { rate: 0.1 })), 900);
        let wrong = LabelSpec::Flipped(FlippedSpec { rate: 0.5 });
        assert!(PairRule::new(PairSpec { labels: wrong, ..PairSpec::default() }).is_err());
    }
}
