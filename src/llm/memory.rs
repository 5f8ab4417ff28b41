//! How much memory a decoder needs, estimated before it is used.

use super::{Config, LlmError, weights_of};

/// What is done with a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Log-probabilities or sampling.
    Inference,
    /// A step that trains adapters of this rank on queries and values, the base frozen.
    LoraStep {
        /// r.
        rank: usize,
    },
    /// A step that trains every weight.
    FullStep,
}

/// Bytes of a number in single precision.
const NUMBER: usize = 4;
/// A trained weight stands there four times: value, gradient and Adam's two moments.
const TRAINED: usize = 4;

/// How many parameters a decoder has; a shared output matrix counts once.
pub fn parameters(config: &Config) -> usize {
    weights_of(config).iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
}

/// Bytes that some work on `rows` sequences of `length` tokens needs in single precision: an estimate,
/// with what the program itself takes left out.
///
/// *Formula* inference: 4 B · P + 4 B · tokens · 2 V. LoRA step: 4 B · P + 16 B · P_adapter + activations.
/// Full step: 16 B · P + activations. Activations: 4 B · tokens · (L · (6 d + 2 (h + 2 h_kv) w + 3 h · length
/// + 4 m) + 2 V).
///
/// *where* P parameters, V vocabulary, L layers, d width, h and h_kv heads of queries and keys, w head
/// width, m width of the network, tokens = rows · length.
pub fn memory(config: &Config, work: Work, rows: usize, length: usize) -> usize {
    let weights = NUMBER * parameters(config);
    match work {
        Work::Inference => weights + NUMBER * rows * length * 2 * config.vocabulary,
        Work::LoraStep { rank } => {
            let adapters = NUMBER * TRAINED * adapter_parameters(config, rank);
            weights + adapters + activations(config, rows, length)
        }
        Work::FullStep => TRAINED * weights + activations(config, rows, length),
    }
}

/// Parameters of adapters on queries and values: A [r, d] and B [out, r] each.
fn adapter_parameters(config: &Config, rank: usize) -> usize {
    let outputs = (config.heads + config.kv_heads) * config.head_width;
    config.layers * rank * (2 * config.width + outputs)
}

/// Bytes of what a forward pass keeps for its backward pass.
fn activations(config: &Config, rows: usize, length: usize) -> usize {
    let projections = (config.heads + 2 * config.kv_heads) * config.head_width;
    let block =
        6 * config.width + 2 * projections + 3 * config.heads * length + 4 * config.mlp_width;
    NUMBER * rows * length * (config.layers * block + 2 * config.vocabulary)
}

/// Refuses work that needs more memory than there is (bytes); where it is not known how much there is,
/// nothing is refused. `remedy` is what else can be done.
pub fn require_memory(needed: usize, available: Option<u64>, remedy: &str) -> Result<(), LlmError> {
    let gigabytes = |bytes: f64| format!("{:.2} GB", bytes / 1e9);
    match available.map(|bytes| bytes as f64) {
        Some(available) if needed as f64 > available => Err(LlmError::input(
            format!("this needs about {} of memory", gigabytes(needed as f64)),
            format!("{}, which are free now", gigabytes(available)),
            remedy,
        )),
        _ => Ok(()),
    }
}
