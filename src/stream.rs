//! Random numbers by address: (seed, purpose, index) names an independent ChaCha8 stream.
//!
//! No stream knows of the method, the cell, the round or the batch size that reads it. Two methods
//! of one scenario therefore see the same randomness, sample by sample, and their difference is a
//! paired one.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// What a random number is for; each purpose has streams of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Initial weights.
    Init,
    /// The contexts that a policy is trained on.
    Contexts,
    /// The fixed contexts and pairs on which a policy is measured.
    Evaluation,
    /// The responses drawn from a policy or from the reference.
    Sample,
    /// Noise of preference labels, and coin flips on ties.
    LabelNoise,
    /// Orders of data and minibatches, and random choices of pairs.
    Shuffle,
    /// Bootstrap resampling of seeds.
    Bootstrap,
}

impl Purpose {
    /// A number that never changes, because results depend on it.
    fn tag(self) -> u64 {
        match self {
            Purpose::Init => 1,
            Purpose::Contexts => 2,
            Purpose::Evaluation => 3,
            Purpose::Sample => 4,
            Purpose::LabelNoise => 5,
            Purpose::Shuffle => 6,
            Purpose::Bootstrap => 7,
        }
    }
}

/// All random numbers of one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of `seed`.
    pub fn new(seed: u64) -> Self {
        Streams { seed }
    }

    /// The seed these streams belong to.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The stream at `index` of a purpose; every index is independent of every other.
    pub fn at(&self, purpose: Purpose, index: u64) -> ChaCha8Rng {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&purpose.tag().to_le_bytes());
        key[16..].copy_from_slice(b"modeseek streams");
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(index);
        rng
    }

    /// The one uniform number in [0, 1) at `index` of a purpose.
    pub fn uniform(&self, purpose: Purpose, index: u64) -> f64 {
        self.at(purpose, index).random::<f64>()
    }
}

/// Sample addresses of one purpose: consecutive ones from a global sample index on, or those of some prompts among
/// all that follow it.
#[derive(Debug, Clone)]
pub struct Draws {
    streams: Streams,
    purpose: Purpose,
    first: u64,
    skipped: usize,
    /// The numbers of the prompts, and how many samples each has; `None`: of all, one after another.
    prompts: Option<(Arc<[u64]>, usize)>,
}

impl Draws {
    /// The addresses `first`, `first + 1`, … of `purpose`.
    pub fn new(streams: Streams, purpose: Purpose, first: u64) -> Self {
        Draws { streams, purpose, first, skipped: 0, prompts: None }
    }

    /// Of these addresses, `per_prompt` for each prompt from prompt 0 on, those of the prompts with these numbers: a
    /// prompt has the same ones whatever others are asked for.
    #[must_use]
    pub fn of_prompts(&self, numbers: &[u64], per_prompt: usize) -> Self {
        Draws { prompts: Some((numbers.into(), per_prompt)), ..self.clone() }
    }

    /// The addresses from the `k`-th sample on.
    #[must_use]
    pub fn from(&self, k: usize) -> Self {
        Draws { skipped: self.skipped + k, ..self.clone() }
    }

    /// Addresses for another use, `by` further on.
    #[must_use]
    pub fn apart(&self, by: u64) -> Draws {
        Draws { first: self.first + by, ..self.clone() }
    }

    fn address(&self, k: usize) -> u64 {
        let k = self.skipped + k;
        let place = match &self.prompts {
            None => k as u64,
            Some((numbers, own)) => numbers[k / own] * *own as u64 + (k % own) as u64,
        };
        self.first + place
    }

    /// The uniform number in [0, 1) of the `k`-th sample from here.
    pub fn uniform(&self, k: usize) -> f64 {
        self.streams.uniform(self.purpose, self.address(k))
    }

    /// The whole stream of the `k`-th sample from here, for samples of many tokens.
    pub fn stream(&self, k: usize) -> ChaCha8Rng {
        self.streams.at(self.purpose, self.address(k))
    }
}

/// Draws an outcome by inverting a cumulative distribution: the first `i` with `u < Fᵢ / F_last`.
///
/// *where* `cumulative: [outcomes]` is non-decreasing and `uniform` lies in [0, 1).
pub fn invert_cdf(cumulative: &[f64], uniform: f64) -> usize {
    let total = cumulative.last().copied().unwrap_or(0.0);
    let level = uniform * total;
    cumulative.partition_point(|&mass| mass <= level).min(cumulative.len().saturating_sub(1))
}

/// Running sums of probabilities, as [`invert_cdf`] reads them.
pub fn cumulative(probabilities: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut mass = 0.0;
    probabilities
        .into_iter()
        .map(|p| {
            mass += p;
            mass
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_seed_purpose_and_index_alone() {
        let u = |seed, purpose, index| Streams::new(seed).uniform(purpose, index);
        assert_eq!(u(3, Purpose::Sample, 7), u(3, Purpose::Sample, 7));
        assert_ne!(u(3, Purpose::Sample, 7), u(4, Purpose::Sample, 7));
        assert_ne!(u(3, Purpose::Sample, 7), u(3, Purpose::Shuffle, 7));
        assert_ne!(u(3, Purpose::Sample, 7), u(3, Purpose::Sample, 8));
        let draws = Draws::new(Streams::new(3), Purpose::Sample, 5);
        assert_eq!(draws.uniform(2), u(3, Purpose::Sample, 7));
    }

    /// Two samples a prompt from address 5 on: prompt 4 has 13 and 14, prompt 1 has 7 and 8.
    #[test]
    fn a_prompt_has_its_addresses_whatever_others_are_asked_for() {
        let draws = Draws::new(Streams::new(3), Purpose::Sample, 5).of_prompts(&[4, 1], 2);
        let addresses = |draws: &Draws, count| (0..count).map(|k| draws.address(k)).collect();
        let all: Vec<u64> = addresses(&draws, 4);
        assert_eq!(all, [13, 14, 7, 8]);
        let later: Vec<u64> = addresses(&draws.from(1).from(1).apart(100), 2);
        assert_eq!(later, [107, 108]);
    }

    #[test]
    fn inversion_meets_the_probabilities_and_skips_empty_outcomes() {
        let cdf = cumulative([0.0, 0.25, 0.0, 0.75, 0.0]);
        assert_eq!(invert_cdf(&cdf, 0.0), 1);
        assert_eq!(invert_cdf(&cdf, 0.2499), 1);
        assert_eq!(invert_cdf(&cdf, 0.25), 3);
        assert_eq!(invert_cdf(&cdf, 1.0 - f64::EPSILON), 3);
    }

    #[test]
    fn uniforms_of_one_purpose_have_the_moments_of_a_uniform() {
        // Mean 1/2 with standard error 1/√(12·20000) = 0.002; lag-one correlation near zero.
        let streams = Streams::new(11);
        let u: Vec<f64> = (0..20_000).map(|i| streams.uniform(Purpose::Sample, i)).collect();
        let mean = u.iter().sum::<f64>() / u.len() as f64;
        assert!((mean - 0.5).abs() < 0.008, "mean {mean}");
        let lag = u.windows(2).map(|w| (w[0] - 0.5) * (w[1] - 0.5)).sum::<f64>() * 12.0 / 2e4;
        assert!(lag.abs() < 0.03, "lag-one correlation {lag}");
    }
}
