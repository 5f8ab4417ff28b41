//! Language models: the same learner and objectives, with a transformer as the policy.

mod chat;
mod config;
mod error;
mod files;
mod hub;
mod memory;
mod tokenizer;
mod weight;

pub use chat::{ChatRow, ChatTemplate, Message, Prompt};
pub use config::{Activation, Architecture, Config, Norm, Positions, Residual, RopeScaling};
pub use error::LlmError;
pub use files::{ModelFiles, sha256, weights_of};
pub use hub::{Fetched, KNOWN_MODELS, KnownModel, Origin, fetch, find_model, known_model};
pub use memory::{Work, memory, parameters};
pub use tokenizer::{Special, TextStream, Tokenizer};
pub use weight::{Training, Weight, WeightSource};
