//! GPT-nano, the network of the paper's N-token bandit.

use super::{Activation, Architecture, Config, Norm, Positions, Residual};

impl Config {
    /// GPT-nano: three layers, three heads, width 48; 94,992 parameters with 100 tokens and a context
    /// of 10.
    ///
    /// *Source* the released code of arXiv 2404.14367, whose network is minGPT's `gpt-nano`.
    pub fn nano(vocabulary: usize, context: usize) -> Self {
        const HEADS: usize = 3;
        const WIDTH: usize = 48;
        Config {
            architecture: Architecture::Nano,
            vocabulary,
            width: WIDTH,
            layers: 3,
            heads: HEADS,
            kv_heads: HEADS,
            head_width: WIDTH / HEADS,
            mlp_width: 4 * WIDTH,
            context,
            norm: Norm::Layer { epsilon: 1e-5 },
            positions: Positions::Learned,
            activation: Activation::GeluTanh,
            residual: Residual::Sequential,
            tied: false,
            qkv_bias: true,
            projection_bias: true,
            end_tokens: Vec::new(),
        }
    }
}
