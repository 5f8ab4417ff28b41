//! Statistics over seeds, with intervals from a seeded bootstrap.

use super::few::expanded;
use super::series::Series;
use crate::scenario::Statistic;
use crate::stream::{Purpose, Streams};
use rand::Rng;
use std::ops::Range;

/// How often the seeds are resampled.
pub const RESAMPLES: usize = 2000;

/// A number with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The statistic of the values themselves (the mean, unless another was asked for).
    pub mean: f64,
    /// Lower end of its 95 % interval: the 2.5 % quantile of the statistic over the resamples, or, of few values,
    /// one further out.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Statistic {
    /// The statistic of some values; NaN if there are none.
    ///
    /// Each is the mean of a range of ranks, so it does not depend on the order of the values.
    pub fn of(self, values: &[f64]) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        mean(&sorted[self.ranks(sorted.len())])
    }

    /// The ranks, counted from zero, whose values are averaged.
    fn ranks(self, n: usize) -> Range<usize> {
        match self {
            Statistic::Mean => 0..n,
            Statistic::Median => n.saturating_sub(1) / 2..(n / 2 + 1).min(n),
            Statistic::Iqm => n / 4..n - n / 4,
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Resamples of `n` seeds with replacement, drawn once and used for every point of a series, so
/// that bands are smooth and cells with the same seeds are compared on the same resamples.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    n: usize,
    /// How often each seed was drawn, `[resamples, n]`.
    counts: Vec<u16>,
    /// Where the ends of a 95 % interval are read off.
    levels: [f64; 2],
}

impl Bootstrap {
    /// [`RESAMPLES`] resamples of `n` values.
    pub fn new(n: usize, streams: Streams) -> Self {
        Bootstrap::with_resamples(n, RESAMPLES, streams)
    }

    /// Some number of resamples of `n` values; `n` is at most 65 535.
    pub fn with_resamples(n: usize, resamples: usize, streams: Streams) -> Self {
        assert!(n <= usize::from(u16::MAX), "{n} seeds were given, at most 65535 are counted");
        let mut rng = streams.at(Purpose::Bootstrap, n as u64);
        let mut counts = vec![0; n * resamples];
        for resample in counts.chunks_exact_mut(n.max(1)) {
            for _ in 0..n {
                resample[rng.random_range(0..n)] += 1;
            }
        }
        Bootstrap { n, counts, levels: [0.025, 0.975].map(|level| expanded(level, n)) }
    }

    /// The statistic of `values: [n]` in each resample, in no order that means anything.
    pub fn distribution(&self, values: &[f64], statistic: Statistic) -> Vec<f64> {
        assert_eq!(values.len(), self.n, "as many values as the bootstrap was made for");
        let resamples = self.counts.chunks_exact(self.n.max(1));
        if statistic == Statistic::Mean && values.iter().all(|v| v.is_finite()) {
            return resamples.map(|counts| weighted_mean(values, counts)).collect();
        }
        let mut order: Vec<usize> = (0..self.n).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let ranks = statistic.ranks(self.n);
        resamples.map(|counts| mean_of_ranks(values, counts, &order, &ranks)).collect()
    }

    /// The statistic of `values: [n]` with its interval.
    pub fn estimate(&self, values: &[f64], statistic: Statistic) -> Estimate {
        self.interval(statistic.of(values), self.distribution(values, statistic))
    }

    /// A number with the quantiles of its resamples that stand for 2.5 % and 97.5 %.
    pub(super) fn interval(&self, mean: f64, mut resamples: Vec<f64>) -> Estimate {
        if resamples.is_empty() {
            return Estimate { mean, low: mean, high: mean };
        }
        resamples.sort_by(f64::total_cmp);
        let [low, high] = self.levels.map(|level| quantile(&resamples, level));
        Estimate { mean, low, high }
    }
}

/// The mean of a resample, given how often each value was drawn.
fn weighted_mean(values: &[f64], counts: &[u16]) -> f64 {
    let sum: f64 = values.iter().zip(counts).map(|(v, &count)| f64::from(count) * v).sum();
    sum / values.len() as f64
}

/// The mean of the values at some ranks of a resample, given how often each value was drawn.
fn mean_of_ranks(values: &[f64], counts: &[u16], order: &[usize], ranks: &Range<usize>) -> f64 {
    let (mut passed, mut sum) = (0, 0.0);
    for &i in order {
        let next = passed + usize::from(counts[i]);
        let taken = next.min(ranks.end).saturating_sub(passed.max(ranks.start));
        if taken > 0 {
            sum += taken as f64 * values[i];
        }
        passed = next;
    }
    sum / ranks.len() as f64
}

/// A quantile of sorted values, interpolated linearly between ranks; towards an infinite value it
/// is infinite.
pub(super) fn quantile(sorted: &[f64], level: f64) -> f64 {
    let rank = level * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    if below == above { below } else { below + rank.fract() * (above - below) }
}

/// The mean of some values with the 95 % interval of a seeded bootstrap.
pub fn mean_interval(values: &[f64], streams: Streams) -> Estimate {
    Bootstrap::new(values.len(), streams).estimate(values, Statistic::Mean)
}

/// The mean of `better − worse`, paired by seed, with its interval.
///
/// *where* `better: [seeds]` and `worse: [seeds]`.
pub fn paired_difference(better: &[f64], worse: &[f64], streams: Streams) -> Estimate {
    assert_eq!(better.len(), worse.len(), "one value of each per seed");
    let differences: Vec<f64> = better.iter().zip(worse).map(|(b, w)| b - w).collect();
    mean_interval(&differences, streams)
}

/// The probability that a run of the one is better than a run of the other, ties counting half,
/// with its interval (arXiv 2108.13264); both are resampled by the same seeds.
///
/// *where* `better: [seeds]` and `worse: [seeds]`.
pub fn probability_of_improvement(better: &[f64], worse: &[f64], streams: Streams) -> Estimate {
    let n = better.len();
    assert_eq!(n, worse.len(), "one value of each per seed");
    let wins: Vec<f64> = better.iter().flat_map(|b| worse.iter().map(|w| win(*b, *w))).collect();
    let probability = |weight: &dyn Fn(usize) -> f64| {
        let rows = wins.chunks_exact(n.max(1)).enumerate();
        let sum: f64 = rows
            .map(|(i, row)| {
                weight(i) * row.iter().enumerate().map(|(j, w)| weight(j) * w).sum::<f64>()
            })
            .sum();
        sum / (n * n) as f64
    };
    let bootstrap = Bootstrap::new(n, streams);
    let resamples = bootstrap.counts.chunks_exact(n.max(1));
    bootstrap.interval(
        probability(&|_| 1.0),
        resamples.map(|counts| probability(&|i| f64::from(counts[i]))).collect(),
    )
}

fn win(better: f64, worse: f64) -> f64 {
    if better > worse {
        1.0
    } else if better == worse {
        0.5
    } else {
        0.0
    }
}

/// The statistic of every point of a series with its interval, always from the same resamples.
///
/// A seed without a value at a point is left out there.
pub fn band(series: &Series, statistic: Statistic) -> Vec<Estimate> {
    let streams = Streams::new(0);
    let all = Bootstrap::new(series.seeds.len(), streams);
    let columns = series.values.columns().into_iter();
    columns
        .map(|column| {
            let values: Vec<f64> = column.iter().copied().filter(|v| !v.is_nan()).collect();
            if values.len() == all.n {
                all.estimate(&values, statistic)
            } else {
                Bootstrap::new(values.len(), streams).estimate(&values, statistic)
            }
        })
        .collect()
}

/// Holm's step-down adjustment of p-values for being judged together.
///
/// *Formula* p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1)·p₍ⱼ₎), p₍₁₎ ≤ … ≤ p₍ₘ₎
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, &i) in order.iter().enumerate() {
        largest = largest.max(((p.len() - rank) as f64 * p[i]).min(1.0));
        adjusted[i] = largest;
    }
    adjusted
}
