//! Advantages: rewards minus a baseline, computed once per round over the whole batch.

use serde::{Deserialize, Serialize};

/// Added to a standard deviation before dividing by it (reward units).
const DEVIATION_FLOOR: f64 = 1e-8;

/// What is subtracted from a reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineSpec {
    /// Nothing.
    None,
    /// The mean reward of the round.
    #[default]
    BatchMean,
    /// The mean reward of all earlier rounds; zero in the first.
    RunningMean,
    /// The mean reward of the prompt's other responses (RLOO).
    LeaveOneOut,
    /// The mean reward of the prompt's responses, its own among them (GRPO).
    PromptMean,
}

/// Which advantages are brought to mean 0 and standard deviation 1 together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standardise {
    /// None: they keep the reward's units.
    #[default]
    No,
    /// Those of a round.
    Round,
    /// Those of a prompt.
    Prompt,
}

/// How rewards become advantages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AdvantageSpec {
    /// What is subtracted from a reward.
    pub baseline: BaselineSpec,
    /// Which advantages are brought to mean 0 and standard deviation 1 together.
    pub standardise: Standardise,
}

/// The mean of all rewards so far; part of what a training run saves.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunningMean {
    /// How many rewards were seen (under a law a prompt counts as one).
    pub count: f64,
    /// Their mean; zero before any (reward units).
    pub mean: f64,
}

impl RunningMean {
    /// Takes in the rewards of a round, given their number and mean.
    fn observe(&mut self, count: f64, mean: f64) {
        if count > 0.0 {
            self.count += count;
            self.mean += (mean - self.mean) * (count / self.count);
        }
    }
}

impl AdvantageSpec {
    /// The advantages of one round of samples.
    ///
    /// *Formula*
    /// ```text
    /// A = r − b;   standardised: (A − mean A)/(sd A + 1e−8)
    /// ```
    /// *where* b is 0, the batch's mean, the mean of all earlier rounds, or the mean of the
    /// prompt's other responses or of all of them; means and deviations are those of the round or of the prompt. `rewards: [responses]` holds the prompts one after another, prompt
    /// g at `group_offsets[g] .. group_offsets[g + 1]`; `state` takes in the rewards afterwards.
    /// *Numerics*: a prompt with a single response has nothing to leave out: its advantage is 0.
    pub fn advantages(
        &self,
        rewards: &[f64],
        group_offsets: &[usize],
        state: &mut RunningMean,
    ) -> Vec<f64> {
        let weights = vec![1.0; rewards.len()];
        let batch = (rewards, weights.as_slice(), group_offsets);
        self.weighted(batch, state, |batch_mean, running| match self.baseline {
            BaselineSpec::LeaveOneOut => leave_one_out(rewards, group_offsets),
            BaselineSpec::PromptMean => prompt_means(rewards, &weights, group_offsets),
            _ => vec![self.constant(batch_mean, running); rewards.len()],
        })
    }

    /// The exact counterpart of [`advantages`](Self::advantages) where every response is listed.
    ///
    /// *where* `probability: [responses]` sums to one in each prompt. The batch's mean is the
    /// expectation of the reward over the batch, and leaving one out of independent draws is the
    /// expectation over its prompt.
    pub fn exact_advantages(
        &self,
        rewards: &[f64],
        probability: &[f64],
        group_offsets: &[usize],
        state: &mut RunningMean,
    ) -> Vec<f64> {
        let batch = (rewards, probability, group_offsets);
        self.weighted(batch, state, |batch_mean, running| match self.baseline {
            BaselineSpec::LeaveOneOut | BaselineSpec::PromptMean => {
                prompt_means(rewards, probability, group_offsets)
            }
            _ => vec![self.constant(batch_mean, running); rewards.len()],
        })
    }

    /// Subtracts a baseline from rewards of given weights, standardises, and updates the state.
    fn weighted(
        &self,
        (rewards, weights, group_offsets): (&[f64], &[f64], &[usize]),
        state: &mut RunningMean,
        baseline: impl Fn(f64, f64) -> Vec<f64>,
    ) -> Vec<f64> {
        let batch_mean = mean(rewards, weights);
        let baseline = baseline(batch_mean, state.mean);
        let mut advantages: Vec<f64> = rewards.iter().zip(&baseline).map(|(r, b)| r - b).collect();
        match self.standardise {
            Standardise::No => {}
            Standardise::Round => standardise(&mut advantages, weights),
            Standardise::Prompt => group_offsets.windows(2).for_each(|g| {
                standardise(&mut advantages[g[0]..g[1]], &weights[g[0]..g[1]]);
            }),
        }
        state.observe(weights.iter().sum(), batch_mean);
        advantages
    }

    /// A baseline that is the same for every response.
    fn constant(&self, batch_mean: f64, running_mean: f64) -> f64 {
        match self.baseline {
            BaselineSpec::None => 0.0,
            BaselineSpec::RunningMean => running_mean,
            BaselineSpec::BatchMean | BaselineSpec::LeaveOneOut | BaselineSpec::PromptMean => {
                batch_mean
            }
        }
    }
}

/// The mean of the prompt's other rewards, for each reward.
fn leave_one_out(rewards: &[f64], group_offsets: &[usize]) -> Vec<f64> {
    let prompts = group_offsets.windows(2).map(|g| &rewards[g[0]..g[1]]);
    prompts
        .flat_map(|group| {
            let sum: f64 = group.iter().sum();
            let others = group.len().saturating_sub(1) as f64;
            group.iter().map(move |&r| if others > 0.0 { (sum - r) / others } else { r })
        })
        .collect()
}

/// The mean reward of each response's prompt.
fn prompt_means(rewards: &[f64], weights: &[f64], group_offsets: &[usize]) -> Vec<f64> {
    let prompts = group_offsets.windows(2).map(|g| g[0]..g[1]);
    prompts
        .flat_map(|group| {
            let count = group.len();
            std::iter::repeat_n(mean(&rewards[group.clone()], &weights[group]), count)
        })
        .collect()
}

/// The weighted mean of some values; zero of none.
fn mean(values: &[f64], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let sum: f64 = values.iter().zip(weights).map(|(v, w)| v * w).sum();
    if total > 0.0 { sum / total } else { 0.0 }
}

/// Brings values to weighted mean 0 and (population) standard deviation 1, in place.
pub(crate) fn standardise(values: &mut [f64], weights: &[f64]) {
    let centre = mean(values, weights);
    let squares: Vec<f64> = values.iter().map(|v| (v - centre) * (v - centre)).collect();
    let deviation = mean(&squares, weights).sqrt() + DEVIATION_FLOOR;
    for v in values {
        *v = (*v - centre) / deviation;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(baseline: BaselineSpec, standardised: bool) -> AdvantageSpec {
        let standardise = if standardised { Standardise::Round } else { Standardise::No };
        AdvantageSpec { baseline, standardise }
    }

    #[test]
    fn leaving_one_out_of_one_two_four_gives_minus_two_minus_a_half_two_and_a_half() {
        // Baselines (2+4)/2, (1+4)/2, (1+2)/2; the second prompt has one response only.
        let rloo = spec(BaselineSpec::LeaveOneOut, false);
        let advantages =
            rloo.advantages(&[1.0, 2.0, 4.0, 7.0], &[0, 3, 4], &mut RunningMean::default());
        assert_eq!(advantages, [-2.0, -0.5, 2.5, 0.0]);
    }

    #[test]
    fn the_running_mean_is_that_of_earlier_rounds_only() {
        let running = spec(BaselineSpec::RunningMean, false);
        let mut state = RunningMean::default();
        assert_eq!(running.advantages(&[1.0, 3.0], &[0, 2], &mut state), [1.0, 3.0]);
        assert_eq!(running.advantages(&[5.0], &[0, 1], &mut state), [3.0]);
        assert_eq!(state, RunningMean { count: 3.0, mean: 3.0 });
    }

    #[test]
    fn the_batch_mean_spans_all_prompts_and_none_subtracts_nothing() {
        let (rewards, offsets) = ([1.0, 2.0, 6.0], [0, 2, 3]);
        let state = &mut RunningMean::default();
        let centred = spec(BaselineSpec::BatchMean, false).advantages(&rewards, &offsets, state);
        assert_eq!(centred, [-2.0, -1.0, 3.0]);
        assert_eq!(spec(BaselineSpec::None, false).advantages(&rewards, &offsets, state), rewards);
    }

    #[test]
    fn standardised_advantages_have_unit_deviation_and_equal_rewards_give_none() {
        let standard = spec(BaselineSpec::BatchMean, true);
        let state = &mut RunningMean::default();
        // Centred (−1.5, 0.5, 1), variance (2.25 + 0.25 + 1)/3 = 7/6.
        let advantages = standard.advantages(&[0.5, 2.5, 3.0], &[0, 3], state);
        assert!((advantages[0] + 1.5 / (7.0f64 / 6.0).sqrt()).abs() < 1e-7);
        let flat = standard.advantages(&[0.1; 7], &[0, 7], state);
        assert!(flat.iter().all(|a| a.abs() < 1e-7), "{flat:?}");
    }

    /// 1, 2, 6 less their mean 3 are −2, −1, 3 of variance 14/3; the other prompt's 4, 8 are ∓2 of deviation 2.
    #[test]
    fn a_prompt_s_own_mean_and_deviation_are_grpo_s() {
        let (rewards, offsets) = ([1.0, 2.0, 6.0, 4.0, 8.0], [0, 3, 5]);
        let state = &mut RunningMean::default();
        let centred =
            AdvantageSpec { baseline: BaselineSpec::PromptMean, ..AdvantageSpec::default() };
        assert_eq!(centred.advantages(&rewards, &offsets, state), [-2.0, -1.0, 3.0, -2.0, 2.0]);
        let scaled = AdvantageSpec { standardise: Standardise::Prompt, ..centred };
        let found = scaled.advantages(&rewards, &offsets, state);
        let deviation = (14.0f64 / 3.0).sqrt();
        let hand = [-2.0 / deviation, -1.0 / deviation, 3.0 / deviation, -1.0, 1.0];
        assert!(found.iter().zip(hand).all(|(a, b)| (a - b).abs() < 1e-7), "{found:?}");
    }

    #[test]
    fn under_a_law_the_baseline_is_the_expected_reward() {
        // E r = 0.3·2 + 0.7·5 = 4.1 in the first prompt and 1.25·… = 1.0 in the second.
        let (rewards, law, offsets) = ([2.0, 5.0, 0.5, 1.5], [0.3, 0.7, 0.5, 0.5], [0, 2, 4]);
        let mut state = RunningMean::default();
        let rloo = spec(BaselineSpec::LeaveOneOut, false);
        let exact = rloo.exact_advantages(&rewards, &law, &offsets, &mut state);
        let hand = [-2.1, 0.9, -0.5, 0.5];
        assert!(exact.iter().zip(hand).all(|(a, b)| (a - b).abs() < 1e-15), "{exact:?}");
        assert_eq!(state.count, 2.0);
        assert!((state.mean - 2.55).abs() < 1e-15);
    }
}
