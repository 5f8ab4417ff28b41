//! Stand-in for the learner floor.
mod spec;
pub use spec::*;

/// One measured number.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Optimizer steps so far.
    pub step: u64,
    /// Rounds so far.
    pub round: u64,
    /// Rewards asked for so far.
    pub queries: u64,
    /// The metric's name.
    pub metric: String,
    /// Its value.
    pub value: f64,
}

/// Why a training run stopped before its end.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{objective}: the loss is not finite at step {step}, sample {sample}")]
pub struct Stop {
    /// The objective.
    pub objective: String,
    /// The step.
    pub step: u64,
    /// The sample.
    pub sample: u64,
}
