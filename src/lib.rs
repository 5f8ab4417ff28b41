//! modeseek: why preference fine-tuning works, seen on exact bandits.
//!
//! An objective is a pure function from log-probabilities and rewards to a loss and its
//! coefficients cᵢ = ∂loss/∂log π(yᵢ); the chain rule does the rest. The modules below are floors:
//! each imports only those above it in this list, and a test holds them to it.
#![deny(missing_docs)]

pub mod numerics;
pub mod stream;
pub mod wording;

pub mod policy;

pub mod problem;

pub mod preference;

pub mod objective;

pub mod calculator;

pub mod learner;

pub mod scenario;

pub mod results;

pub mod runner;

pub mod laboratory;

pub mod figure;

pub mod glossary;

pub mod page;

pub mod lesson;

pub mod report;

pub mod cli;
