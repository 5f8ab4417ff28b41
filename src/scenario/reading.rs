//! How one number is read off each run.

use super::check::given;

/// What is taken from a run; without any of these, the last value of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reading {
    /// The mean of the metric over the run.
    pub area: bool,
    /// The metric at this step.
    pub at_step: Option<u64>,
    /// The steps until the metric reaches this value.
    pub steps_to: Option<f64>,
    /// The queries until the metric reaches this value.
    pub queries_to: Option<f64>,
}

impl Reading {
    /// The keys that are given; more than one contradict each other.
    pub fn given(&self) -> Vec<&'static str> {
        given([
            ("area", self.area),
            ("at_step", self.at_step.is_some()),
            ("steps_to", self.steps_to.is_some()),
            ("queries_to", self.queries_to.is_some()),
        ])
    }

    /// What is read, in words: `last gold_reward`, `steps to gold_reward ≥ 0.9`.
    pub fn words(&self, metric: &str) -> String {
        if let Some(level) = self.steps_to {
            return format!("first step with {metric} ≥ {level}");
        }
        if let Some(level) = self.queries_to {
            return format!("queries until {metric} ≥ {level}");
        }
        match self.at_step {
            Some(step) => format!("{metric} at step {step}"),
            None if self.area => format!("mean {metric} over the run"),
            None => format!("last {metric}"),
        }
    }
}
