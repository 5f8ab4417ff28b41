//! The whole run, picture by picture.

use super::{Observer, StepReport};
use crate::learner::{Progress, Stop};
use crate::policy::{Arm, Context, Enumerable};

/// The policy at one moment, and what the step that led to it pushed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// Optimizer steps taken before.
    pub step: u64,
    /// Rounds begun before.
    pub round: u64,
    /// Responses scored before.
    pub queries: u64,
    /// π of each arm: `[arms]`.
    pub probabilities: Vec<f64>,
    /// log π of each arm: `[arms]`, nats.
    pub log_probabilities: Vec<f64>,
    /// −Σ cᵢ over the step's responses that are this arm: `[arms]`; above 0 the arm was pulled up,
    /// below 0 pushed down. All zero at step 0.
    pub pushes: Vec<f64>,
    /// What the step said of itself; `None` at step 0.
    pub report: Option<StepReport>,
}

/// Keeps a policy that ignores contexts at every step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Film {
    frames: Vec<Frame>,
    pushes: Vec<f64>,
}

impl Film {
    /// An empty film of a policy over so many arms.
    pub fn new(arms: usize) -> Self {
        Film { frames: Vec::new(), pushes: vec![0.0; arms] }
    }

    /// The pictures, step 0 first.
    pub fn into_frames(self) -> Vec<Frame> {
        self.frames
    }
}

impl<P: Enumerable> Observer<P> for Film {
    fn observe(
        &mut self,
        policy: &P,
        progress: &Progress,
        report: Option<&StepReport>,
    ) -> Result<(), Stop> {
        let log_probabilities = policy.log_probabilities(&[Context::empty()]).row(0).to_vec();
        let nothing = vec![0.0; log_probabilities.len()];
        self.frames.push(Frame {
            step: progress.step,
            round: progress.round,
            queries: progress.queries,
            probabilities: log_probabilities.iter().map(|lp| lp.exp()).collect(),
            log_probabilities,
            pushes: std::mem::replace(&mut self.pushes, nothing),
            report: report.cloned(),
        });
        Ok(())
    }

    fn coefficients(&mut self, responses: &[Arm], coefficients: &[f64]) {
        for (arm, c) in responses.iter().zip(coefficients) {
            self.pushes[*arm] -= c;
        }
    }

    fn wants_gradient_norm(&self, _: u64) -> bool {
        false
    }
}
