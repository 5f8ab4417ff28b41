//! What distinguishes one decoder from another.

use serde::{Deserialize, Serialize};

/// The families that one decoder covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Llama 2 and 3, SmolLM2, TinyLlama.
    Llama,
    /// Qwen2 and Qwen2.5: biases on queries, keys and values.
    Qwen2,
    /// Qwen3: queries and keys normalised head by head.
    Qwen3,
    /// GPT-NeoX and Pythia: parallel residuals, rotary on a part of each head.
    GptNeoX,
    /// GPT-nano of the paper's N-token bandit: learned positions.
    Nano,
}

/// How activations are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// x / √(mean x² + ε) · weight.
    Rms {
        /// ε.
        epsilon: f64,
    },
    /// (x − mean) / √(var + ε) · weight + bias.
    Layer {
        /// ε.
        epsilon: f64,
    },
}

/// How long contexts stretch rotary frequencies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RopeScaling {
    /// Frequencies as they are.
    None,
    /// All frequencies divided by `factor`.
    Linear {
        /// How many times longer the context is.
        factor: f64,
    },
    /// Llama 3.1: low frequencies divided by `factor`, high ones kept, a ramp between.
    Llama3 {
        /// How many times longer the context is.
        factor: f64,
        /// Wavelengths above `original_context / low` are divided.
        low_frequency_factor: f64,
        /// Wavelengths below `original_context / high` are kept.
        high_frequency_factor: f64,
        /// The context before.
        original_context: usize,
    },
}

/// How a token knows its place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positions {
    /// Queries and keys are rotated, the two halves of the rotated part against each other.
    Rotary {
        /// Base of the wavelengths.
        theta: f64,
        /// Width of the part of each head that is rotated.
        width: usize,
        /// Stretching of frequencies.
        scaling: RopeScaling,
    },
    /// A vector is added for each place.
    Learned,
}

/// What stands between the two projections of a block's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// silu(gate) · up: three projections.
    SwiGlu,
    /// x·Φ(x).
    Gelu,
    /// GELU's approximation by tanh.
    GeluTanh,
}

/// How a block adds its attention and its network to its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Residual {
    /// x + attention, then that + network.
    Sequential,
    /// x + attention(x) + network(x).
    Parallel,
}

/// Everything that fixes a decoder but its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Its family, which names its weights.
    pub architecture: Architecture,
    /// Tokens there are.
    pub vocabulary: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_width: usize,
    /// Width inside a block's network.
    pub mlp_width: usize,
    /// Tokens that fit.
    pub context: usize,
    /// Normalisation.
    pub norm: Norm,
    /// Positions.
    pub positions: Positions,
    /// Activation.
    pub activation: Activation,
    /// Residuals.
    pub residual: Residual,
    /// Whether the output shares the embedding's matrix.
    pub tied: bool,
    /// Whether queries, keys and values have biases.
    pub qkv_bias: bool,
    /// Whether every other projection of a block has a bias.
    pub projection_bias: bool,
    /// Tokens that end a response, first the one that closes a written response; empty if none does.
    pub end_tokens: Vec<u32>,
}
