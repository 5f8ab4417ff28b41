//! Language models: the same learner and objectives, with a transformer as the policy.

mod config;
mod decoder;
mod engine;
mod error;
mod kernels;
mod names;
mod ops;
mod packed;
mod weight;

pub use config::{Activation, Architecture, Config, Norm, Positions, Residual, RopeScaling};
pub use decoder::Decoder;
pub use engine::{Engine, Kernels};
pub use error::LlmError;
pub use packed::{Packed, Sequences, Tokens};
pub use weight::{Training, Weight, WeightSource};
