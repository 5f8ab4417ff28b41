//! From settings to pictures: through a scenario and the learner.

use super::TEMPLATE;
use super::settings::{Data, Policy, Reward, Settings};
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
    /// E_π[r].
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

impl Settings {
    /// The scenario of these settings, which `modeseek run` understands.
    pub fn scenario(&self) -> String {
        let problem = self.problem();
        let (data, prompts) = match self.data {
            Data::OnPolicy => ("on-policy", "\"fresh\""),
            Data::Offline | Data::Skewed => ("offline", "100"),
        };
        let policy = match self.policy {
            Policy::Table => "tabular]".to_owned(),
            Policy::Bump => format!("unimodal]\n{}", self.bump("\n")),
        };
        let methods: Vec<String> = self.methods.iter().map(|name| self.method(name)).collect();
        let values = [
            ("@PROBLEM@", problem),
            ("@POLICY@", policy),
            ("@DATA@", data.to_owned()),
            ("@B@", self.samples_per_round.to_string()),
            ("@T@", self.passes.to_string()),
            ("@STEPS@", self.steps.to_string()),
            ("@PROMPTS@", prompts.to_owned()),
            ("@RATE@", format!("{:?}", self.learning_rate)),
            ("@SEED@", self.seed.to_string()),
            ("@METHODS@", methods.concat()),
        ];
        values.iter().fold(TEMPLATE.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// The table `[problem.…]`.
    fn problem(&self) -> String {
        let mut lines = match self.reward {
            Reward::Near | Reward::Far => {
                let name = if self.reward == Reward::Near { "R2" } else { "R1" };
                format!(
                    "[problem.bumps]\nreward = \"{name}\"\ntarget_temperature = {:?}\n",
                    self.beta
                )
            }
            Reward::TwoModes => "[problem.two-modes]\npeaks = [20.0, 70.0]\n\
                masses = [0.4, 0.6]\nwidths = [4.0, 4.0]\n"
                .to_owned(),
        };
        match (self.policy, self.reward) {
            (Policy::Bump, _) => {
                lines += &format!("reference.gaussian = {{ {} }}\n", self.bump(", "));
            }
            (Policy::Table, Reward::TwoModes) => lines += "reference = \"uniform\"\n",
            (Policy::Table, _) => {}
        }
        if self.data == Data::Skewed {
            lines += "data.gaussian = { mean = 50.0, width = 10.0 }\n";
        }
        lines.trim_end().to_owned()
    }

    /// Where a bump starts, and π_ref with it: between two modes, else where the table's π_ref has
    /// its bulk.
    fn bump(&self, between: &str) -> String {
        let (mean, width) = match self.reward {
            Reward::TwoModes => ("50.0", "20.0"),
            Reward::Near | Reward::Far => ("20.0", "10.0"),
        };
        format!("mean = {mean}{between}width = {width}")
    }

    /// The block `[[method]]` of an objective.
    fn method(&self, name: &str) -> String {
        let beta = self.beta;
        let strength = match name {
            "dpo" => format!("beta = {beta:?}"),
            "ipo" => format!("tau = {beta:?}"),
            "rwr" => format!("temperature = {beta:?}, weight_clip = 1000000.0"),
            _ => String::new(),
        };
        let strength = if strength.is_empty() { strength } else { format!(" {strength} ") };
        let block = format!("\n[[method]]\nname = \"{name}\"\nobjective.{name} = {{{strength}}}\n");
        match name {
            "forward-kl" | "reverse-kl" => block + EXACT,
            _ => block,
        }
    }

    /// The cell of a method.
    fn cell(&self, method: &'static str) -> Result<Cell, ScenarioError> {
        let only = Settings { methods: vec![method], ..self.clone() };
        let scenario = Scenario::parse("laboratory", &only.scenario(), None, &[], None)?;
        Ok(scenario.cells.into_iter().next().expect("one method is one cell"))
    }
}

/// The divergences are expectations over all arms: nothing is sampled, a step is a round.
const EXACT: &str = "data.prompts = \"fresh\"\n\
    schedule.expectation = \"exact\"\nschedule.data = \"on-policy\"\n\
    schedule.samples_per_round = 1\nschedule.responses_per_prompt = 1\n\
    schedule.minibatch = 1\nschedule.passes = 1\n";

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
