//! From settings to pictures: through a scenario and the learner.

use super::settings::Settings;
use crate::learner::{Frame, Stop};
use crate::numerics::{exponentials, kl_divergence};
use crate::problem::Problem;
use crate::runner::train;
use crate::scenario::{Cell, Scenario, ScenarioError};

/// Why there is no film.
#[derive(Debug, thiserror::Error)]
pub enum FilmError {
    /// The scenario of the settings cannot be resolved.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The run stopped.
    #[error(transparent)]
    Stop(#[from] Stop),
}

/// What stands still while policies move: `[arms]` each.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// r of each arm.
    pub rewards: Vec<f64>,
    /// π_ref of each arm.
    pub reference: Vec<f64>,
    /// D_pref of each arm.
    pub data: Vec<f64>,
    /// The target of the two divergences.
    pub target: Vec<f64>,
}

/// A moment of a run with what is measured of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The policy, and what the last step pushed.
    pub frame: Frame,
    /// `E_π[r]`.
    pub gold_reward: f64,
    /// KL(π_ref‖π), nats.
    pub forward_kl_ref: f64,
    /// KL(π‖π_ref), nats.
    pub reverse_kl_ref: f64,
}

/// The run of one method, step 0 first.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    /// The method.
    pub method: &'static str,
    /// One picture after every step.
    pub pictures: Vec<Picture>,
}

impl Film {
    /// What the step before a picture pushed, for show: `[arms]`, above 0 up, below 0 down.
    ///
    /// These are the frame's pushes, but for the reverse KL without their multiple of π, which drops
    /// out of Σ c∇log π and would only hide the rest: so they sum to zero.
    pub fn pushes(&self, place: usize) -> Vec<f64> {
        let pushes = &self.pictures[place].frame.pushes;
        if self.method != "reverse-kl" || place == 0 {
            return pushes.clone();
        }
        let total: f64 = pushes.iter().sum();
        let before = &self.pictures[place - 1].frame.probabilities;
        pushes.iter().zip(before).map(|(push, p)| push - total * p).collect()
    }
}

impl Settings {
    /// The cell of a method.
    fn cell(&self, method: &'static str) -> Result<Cell, ScenarioError> {
        let only = Settings { methods: vec![method], ..self.clone() };
        let scenario = Scenario::parse("laboratory", &only.scenario(), None, &[], None)?;
        Ok(scenario.cells.into_iter().next().expect("one method is one cell"))
    }
}

/// What stands still under these settings.
pub fn geometry(settings: &Settings) -> Result<Geometry, FilmError> {
    let problem = train::problem(&settings.cell("forward-kl")?.experiment)?;
    Ok(Geometry {
        rewards: problem.rewards().to_vec(),
        reference: exponentials(problem.log_reference()),
        data: problem.data().marginal(),
        target: exponentials(problem.log_target()),
    })
}

/// Trains one method and keeps every picture: the same settings give the same film, bit by bit.
pub fn film(settings: &Settings, method: &'static str) -> Result<Film, FilmError> {
    let Cell { experiment, .. } = settings.cell(method)?;
    let problem = train::problem(&experiment)?;
    let frames = train::film(&experiment, settings.seed)?;
    let pictures = frames.into_iter().map(|frame| picture(frame, &problem)).collect();
    Ok(Film { method, pictures })
}

/// Measures a moment.
fn picture(frame: Frame, problem: &Problem) -> Picture {
    let (log_p, log_ref) = (&frame.log_probabilities, problem.log_reference());
    let arms = frame.probabilities.iter().zip(problem.rewards());
    Picture {
        gold_reward: arms.map(|(p, r)| p * r).sum(),
        forward_kl_ref: kl_divergence(log_ref, log_p),
        reverse_kl_ref: kl_divergence(log_p, log_ref),
        frame,
    }
}
