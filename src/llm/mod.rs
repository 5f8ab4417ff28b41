//! Language models: the same learner and objectives, with a transformer as the policy.

mod chat;
mod config;
mod decoder;
mod engine;
mod error;
mod files;
mod fit;
mod gradient;
mod hub;
pub mod joint;
mod kernels;
mod loading;
mod lora;
mod memory;
mod names;
mod nano;
mod observer;
mod ops;
mod packed;
mod policy;
mod rows;
mod run;
mod sample;
pub mod task;
mod tokenizer;
mod weight;

pub use chat::{ChatRow, ChatTemplate};
pub use config::{Activation, Architecture, Config, Norm, Positions, Residual, RopeScaling};
pub use decoder::Decoder;
pub use engine::{Engine, Kernels};
pub use error::LlmError;
pub use files::{AdapterFiles, ModelFiles, require_absent, sha256, weights_of};
pub use fit::FittedWeights;
pub use hub::{Fetched, KNOWN_MODELS, KnownModel, Origin, fetch, find_model, known_model};
pub use memory::{Load, Work, adapter_parameters, memory, parameters, require_memory};
pub use packed::{Packed, Sequences, Tokens, pieces};
pub use policy::{LanguageModel, Passes};
pub use rows::ResponseRow;
pub use run::{LanguagePlace, LanguageRun};
pub use sample::{Sample, SampleSettings};
pub use tokenizer::{Special, TextStream, Tokenizer};
pub use weight::{Training, Weight, WeightSource};

pub use crate::policy::{Activations, LoraSpec};
pub use crate::problem::{Message, Prompt};
