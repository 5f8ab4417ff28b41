//! What a trained language model answered.

use serde::{Deserialize, Serialize};

/// A prompt and what the trained policy answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The step after which it was drawn.
    pub step: u64,
    /// What was asked.
    pub prompt: String,
    /// What was answered.
    pub response: String,
    /// Its tokens, the end token not counted.
    pub tokens: usize,
    /// Whether it was cut before its end.
    pub cut: bool,
    /// Its true reward, where there is one.
    pub gold_reward: Option<f64>,
    /// What methods saw in place of it, where a reward was learned.
    pub proxy_reward: Option<f64>,
    /// log π − log π_ref of it (nats), where `kl` was measured.
    pub log_ratio: Option<f64>,
}
