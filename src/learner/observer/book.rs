//! What an observer was asked to measure, and what it has measured.

use super::{Measurement, Moments, StepReport};
use crate::learner::spec::MeasureSpec;
use crate::learner::{Progress, Stop};
use serde::{Deserialize, Serialize};

/// Measurements of a run, with what is wanted and when.
#[derive(Debug)]
pub struct Book {
    objective: &'static str,
    wanted: Vec<String>,
    moments: Moments,
    measurements: Vec<Measurement>,
}

/// All that changes in a [`Book`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// All that was measured.
    pub measurements: Vec<Measurement>,
}

impl Book {
    /// An empty book of a run; `objective` is its name for messages, `steps` its last step.
    pub fn new(spec: &MeasureSpec, (objective, steps): (&'static str, u64)) -> Self {
        let (wanted, moments) = (spec.metrics.clone(), Moments::new(spec, steps));
        Book { objective, wanted, moments, measurements: Vec::new() }
    }

    /// The objective's name.
    pub fn objective(&self) -> &'static str {
        self.objective
    }

    /// Whether a step is measured.
    pub fn is_due(&self, step: u64) -> bool {
        self.moments.contain(step)
    }

    /// Whether a metric is wanted.
    pub fn wants(&self, metric: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|w| w == metric)
    }

    /// Whether a metric that begins so is wanted.
    pub fn wants_any(&self, prefix: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|w| w.starts_with(prefix))
    }

    /// Whether the report that ends in `step` steps taken must say the gradient's norm.
    pub fn wants_gradient_norm(&self, step: u64) -> bool {
        self.wants("grad_norm") && self.is_due(step)
    }

    /// Writes a number down, if it is wanted; one that is not finite stops the run.
    pub fn record(&mut self, progress: &Progress, metric: &str, value: f64) -> Result<(), Stop> {
        if !self.wants(metric) {
            return Ok(());
        }
        self.write(progress, metric.to_owned(), value)
    }

    /// Writes numbers down, those that are wanted.
    pub fn record_all<'m>(
        &mut self,
        progress: &Progress,
        numbers: impl IntoIterator<Item = (&'m str, f64)>,
    ) -> Result<(), Stop> {
        let mut numbers = numbers.into_iter();
        numbers.try_for_each(|(metric, value)| self.record(progress, metric, value))
    }

    /// Writes down, wanted or not, what [`warnings`](crate::learner::warnings) are made of, where it is known
    /// anyway.
    pub fn record_vitals<'m>(
        &mut self,
        progress: &Progress,
        vitals: impl IntoIterator<Item = (&'m str, f64)>,
    ) -> Result<(), Stop> {
        let mut vitals = vitals.into_iter();
        vitals.try_for_each(|(metric, value)| self.write(progress, metric.to_owned(), value))
    }

    /// Writes a number down, wanted or not.
    pub fn write(&mut self, progress: &Progress, metric: String, value: f64) -> Result<(), Stop> {
        if !value.is_finite() {
            let what = format!("the measurement `{metric}`");
            let (objective, step) = (self.objective, progress.step);
            return Err(Stop::NotFinite { objective, what, value, step, sample: None });
        }
        let Progress { step, round, queries, .. } = *progress;
        self.measurements.push(Measurement { step, round, queries, metric, value });
        Ok(())
    }

    /// Writes down what a step said of itself, if there was one.
    pub fn record_step(
        &mut self,
        progress: &Progress,
        report: Option<&StepReport>,
    ) -> Result<(), Stop> {
        self.record_all(progress, report.map(StepReport::metrics).into_iter().flatten())
    }

    /// All that was measured.
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }

    /// All that was measured, by itself.
    pub fn into_measurements(self) -> Vec<Measurement> {
        self.measurements
    }

    /// What is saved of it.
    pub fn state(&self) -> Measured {
        Measured { measurements: self.measurements.clone() }
    }

    /// Goes on from what was saved.
    pub fn put_back(&mut self, state: Measured) {
        self.measurements = state.measurements;
    }
}
