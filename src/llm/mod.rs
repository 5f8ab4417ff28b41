//! Language models: the same learner and objectives, with a transformer as the policy.

mod config;
mod error;
mod weight;

pub use config::{Activation, Architecture, Config, Norm, Positions, Residual, RopeScaling};
pub use error::LlmError;
pub use weight::{Training, Weight, WeightSource};
