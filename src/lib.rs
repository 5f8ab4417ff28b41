//! modeseek: why preference fine-tuning works, seen on exact bandits and on lengths of responses.
//!
//! An objective is a pure function from log-probabilities and rewards to a loss and its
//! coefficients cᵢ = ∂loss/∂log π(yᵢ); the chain rule does the rest. The modules below are floors:
//! each imports only those above it in this list, and a test holds them to it.
#![deny(missing_docs)]

// Logarithms of sums that stay exact.
pub mod numerics;

// Random numbers by address, so that methods are compared on the same ones.
pub mod stream;

// How messages name what there is.
pub mod wording;

// Who acts: log-probabilities out, coefficients back.
pub mod policy;

// What is rewarded, and where π_ref stands.
pub mod problem;

// From rewards to comparisons.
pub mod preference;

// Every method as coefficients: where the negative gradient is.
pub mod objective;

// The objectives for numbers given by hand.
pub mod calculator;

// Algorithm 1: where on-policy sampling and reuse are.
pub mod learner;

// The same learner, with a transformer as the policy.
#[cfg(feature = "llm")]
pub mod llm;

// What is asked, as a file.
pub mod scenario;

// What came out, and what it says of a claim.
pub mod results;

// All cells and seeds on all cores.
pub mod runner;

// A few knobs, and every picture of a run.
pub mod laboratory;

// Results as figures.
pub mod figure;

// What every term means.
pub mod glossary;

// The laboratory for a browser.
pub mod page;

// Predictions, answers, scores.
pub mod lesson;

// All results as one page.
pub mod report;

// What is typed.
pub mod cli;
