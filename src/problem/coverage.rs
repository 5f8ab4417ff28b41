//! D_pref: whose responses the preference data hold, and how far they cover π_ref.

use crate::stream::{cumulative, invert_cdf};

/// The law of the responses in the preference data: for each prompt one of some laws over the arms.
#[derive(Debug, Clone, PartialEq)]
pub struct DataLaw {
    parts: Vec<Part>,
    /// Running sums of the parts' shares.
    shares: Vec<f64>,
}

/// One of the laws.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    share: f64,
    /// `[arms]`.
    probability: Vec<f64>,
    cumulative: Vec<f64>,
}

impl DataLaw {
    /// Every prompt is answered by π_ref: `reference: [arms]`.
    pub fn reference(reference: &[f64]) -> Self {
        DataLaw::mixture(vec![(1.0, reference.to_vec())])
    }

    /// Prompts of several kinds: each kind's share, and the law of its responses (`[arms]`).
    pub fn mixture(parts: Vec<(f64, Vec<f64>)>) -> Self {
        let shares = cumulative(parts.iter().map(|(share, _)| *share));
        let part = |(share, probability): (f64, Vec<f64>)| Part {
            share,
            cumulative: cumulative(probability.iter().copied()),
            probability,
        };
        DataLaw { parts: parts.into_iter().map(part).collect(), shares }
    }

    /// The kind of a prompt, from a uniform number in [0, 1).
    pub fn kind(&self, uniform: f64) -> usize {
        invert_cdf(&self.shares, uniform)
    }

    /// A response to a prompt of this kind, from a uniform number in [0, 1).
    pub fn response(&self, kind: usize, uniform: f64) -> usize {
        invert_cdf(&self.parts[kind].cumulative, uniform)
    }

    /// The law of the responses to any prompt, if there is one kind of prompts only: `[arms]`.
    pub fn one_law(&self) -> Option<&[f64]> {
        match &self.parts[..] {
            [part] => Some(&part.probability),
            _ => None,
        }
    }

    /// The probability of each arm over all prompts: `[arms]`.
    pub fn marginal(&self) -> Vec<f64> {
        let arms = self.parts.first().map_or(0, |part| part.probability.len());
        let mass =
            |arm: usize| self.parts.iter().map(|part| part.share * part.probability[arm]).sum();
        (0..arms).map(mass).collect()
    }
}

/// How far the preference data cover π_ref.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// Σ min(p, d): the mass that both share, 1 where they are the same.
    pub overlap: f64,
    /// KL(d‖p), nats.
    pub data_to_reference: f64,
    /// KL(p‖d), nats; infinite where the data lack what π_ref has.
    pub reference_to_data: f64,
    /// (Σ p²/d)⁻¹: the share of the data that is left when they are weighted to look like π_ref.
    pub effective_sample_size: f64,
}

/// The coverage of π_ref (`reference: [arms]`) by data (`data: [arms]`).
///
/// *Formula* `overlap = Σ min(p, d)`, `KL(d‖p) = Σ d·ln(d/p)`, `ESS/n = 1/Σ p²/d`
/// *where* the effective sample size is that of importance weights p/d (Kong 1992).
/// *Numerics* arms without mass in the data add nothing to KL(d‖p) and make the others infinite, or
/// the effective sample size 0.
pub fn coverage(reference: &[f64], data: &[f64]) -> Coverage {
    let pairs = || reference.iter().copied().zip(data.iter().copied());
    let divergence = |from: f64, to: f64| if from > 0.0 { from * (from / to).ln() } else { 0.0 };
    let weights: f64 = pairs().map(|(p, d)| if p > 0.0 { p * p / d } else { 0.0 }).sum();
    Coverage {
        overlap: pairs().map(|(p, d)| p.min(d)).sum(),
        data_to_reference: pairs().map(|(p, d)| divergence(d, p)).sum::<f64>().max(0.0),
        reference_to_data: pairs().map(|(p, d)| divergence(p, d)).sum::<f64>().max(0.0),
        effective_sample_size: 1.0 / weights,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: p = (.5, .5, 0), d = (.25, .25, .5). Σ min = .5; KL(d‖p) has d > 0 where p = 0;
    /// KL(p‖d) = ln 2; Σ p²/d = 1 + 1 = 2.
    #[test]
    fn coverage_of_a_half_that_went_elsewhere() {
        let found = coverage(&[0.5, 0.5, 0.0], &[0.25, 0.25, 0.5]);
        assert_eq!(found.overlap, 0.5);
        assert_eq!(found.data_to_reference, f64::INFINITY);
        assert!((found.reference_to_data - 2f64.ln()).abs() < 1e-15);
        assert_eq!(found.effective_sample_size, 0.5);
        let same = coverage(&[0.2, 0.8], &[0.2, 0.8]);
        assert!((same.overlap - 1.0).abs() < 1e-15 && same.data_to_reference == 0.0);
        assert!((same.effective_sample_size - 1.0).abs() < 1e-15);
        assert_eq!(coverage(&[0.5, 0.5], &[1.0, 0.0]).effective_sample_size, 0.0);
    }

    #[test]
    fn kinds_of_prompts_come_in_their_shares() {
        let law = DataLaw::mixture(vec![(0.25, vec![1.0, 0.0]), (0.75, vec![0.5, 0.5])]);
        assert_eq!([0.0, 0.2499, 0.25, 0.99].map(|u| law.kind(u)), [0, 0, 1, 1]);
        assert_eq!((law.response(0, 0.99), law.response(1, 0.99)), (0, 1));
        assert_eq!(law.marginal(), [0.625, 0.375]);
        assert_eq!(law.one_law(), None);
        assert_eq!(DataLaw::reference(&[0.5, 0.5]).one_law(), Some(&[0.5, 0.5][..]));
    }
}
