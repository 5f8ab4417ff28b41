//! Stand-in for the results floor.
use crate::scenario::Scenario;
use crate::stream::{Purpose, Streams};
use ndarray::Array2;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where a value was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Point {
    pub step: u64,
    pub round: u64,
    pub queries: u64,
}

/// One metric of one cell.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Series {
    pub points: Vec<Point>,
    pub values: Array2<f64>,
    pub seeds: Vec<u64>,
}

/// A run.
#[allow(missing_docs)]
pub struct Run {
    pub scenario: Scenario,
    data: BTreeMap<(String, String), Series>,
}

/// Error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ResultsError(String);

/// A mean with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct Estimate {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

/// Statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Statistic {
    Mean,
    Median,
    Iqm,
}

impl Run {
    /// Opens a folder.
    pub fn open(dir: &Path) -> Result<Run, ResultsError> {
        let read = |name: &str| {
            std::fs::read_to_string(dir.join(name)).map_err(|e| ResultsError(e.to_string()))
        };
        let scenario: Scenario =
            toml::from_str(&read("resolved.toml")?).map_err(|e| ResultsError(e.to_string()))?;
        type Cellwise = BTreeMap<(u64, u64, u64), BTreeMap<u64, f64>>;
        let mut raw: BTreeMap<(String, String), Cellwise> = BTreeMap::new();
        for line in read("metrics.csv")?.lines().skip(1) {
            let f: Vec<&str> = line.split(',').collect();
            let n = |i: usize| f[i].parse::<u64>().unwrap();
            raw.entry((f[0].into(), f[6].into()))
                .or_default()
                .entry((n(3), n(4), n(5)))
                .or_default()
                .insert(n(2), f[7].parse().unwrap());
        }
        let data = raw.into_iter().map(|(k, v)| (k, series(v))).collect();
        Ok(Run { scenario, data })
    }

    /// A run in memory.
    pub fn from_series(scenario: Scenario, data: BTreeMap<(String, String), Series>) -> Run {
        Run { scenario, data }
    }

    /// A series.
    pub fn series(&self, cell: &str, metric: &str) -> Option<&Series> {
        self.data.get(&(cell.into(), metric.into()))
    }

    /// All metrics.
    pub fn metrics(&self) -> BTreeSet<String> {
        self.data.keys().map(|k| k.1.clone()).collect()
    }
}

fn series(v: BTreeMap<(u64, u64, u64), BTreeMap<u64, f64>>) -> Series {
    let seeds: Vec<u64> =
        v.values().next().map(|s| s.keys().copied().collect()).unwrap_or_default();
    let points = v.keys().map(|&(step, round, queries)| Point { step, round, queries }).collect();
    let rows: Vec<&BTreeMap<u64, f64>> = v.values().collect();
    let values = Array2::from_shape_fn((seeds.len(), rows.len()), |(s, p)| rows[p][&seeds[s]]);
    Series { points, values, seeds }
}

/// Bootstrap interval of the mean.
pub fn mean_interval(values: &[f64], streams: Streams) -> Estimate {
    let n = values.len();
    let mut means: Vec<f64> = (0..200u64)
        .map(|b| {
            let pick = |i: usize| {
                (streams.uniform(Purpose::Bootstrap, b * n as u64 + i as u64) * n as f64) as usize
            };
            (0..n).map(|i| values[pick(i)]).sum::<f64>() / n as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / n as f64;
    Estimate { mean, low: means[5], high: means[194] }
}

/// One estimate for each point.
pub fn band(series: &Series, _statistic: Statistic) -> Vec<Estimate> {
    series
        .values
        .columns()
        .into_iter()
        .map(|c| mean_interval(&c.to_vec(), Streams::new(0)))
        .collect()
}
