//! How much memory a decoder needs, estimated before it is used.

use super::files::projections_of;
use super::{Activations, Config, LlmError, LoraSpec, weights_of};

/// What is done with a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Log-probabilities or sampling.
    Inference,
    /// A step that trains adapters, the base frozen and π_ref at once.
    LoraStep {
        /// Parameters of the adapters ([`adapter_parameters`]).
        adapters: usize,
        /// What backward passes find of forward passes.
        activations: Activations,
    },
    /// A step that trains every weight beside a frozen copy, π_ref.
    FullStep {
        /// What backward passes find of forward passes.
        activations: Activations,
    },
}

/// How much goes through a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Tokens of a pass, and of the backward pass that follows it in a step.
    pub tokens: usize,
    /// Tokens of prompts and responses whose keys and values are kept while responses are drawn.
    pub cached: usize,
}

/// Bytes of a number in single precision.
const NUMBER: usize = 4;
/// A trained number stands there four times: value, gradient and Adam's two moments.
const TRAINED: usize = 4;
/// Targets whose logits stand in memory at once where no gradient is asked for.
pub(super) const TARGETS_AT_ONCE: usize = 256;
/// The program with a tokenizer of 50,000 tokens (40 MB) and what is used for a moment: blocks of a
/// quantised file, buffers of products.
const PROGRAM: usize = 100_000_000;

/// How many parameters a decoder has; a shared output matrix counts once.
pub fn parameters(config: &Config) -> usize {
    weights_of(config).iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
}

/// How many parameters adapters have: A `[rank, in]` and B `[out, rank]` of every target.
pub fn adapter_parameters(config: &Config, spec: &LoraSpec) -> usize {
    let is_target = |module: &str| spec.targets.iter().any(|t| LoraSpec::means(t, module));
    let adapted = projections_of(config).into_iter().filter(|(module, _)| is_target(module));
    adapted.map(|(_, [out, inputs])| spec.rank * (out + inputs)).sum()
}

/// Bytes of the whole process in single precision on the host: an estimate, with the tokens of a pass all
/// scored.
///
/// *Formula* 0.1 GB + weights + max(pass, 8 B · cached · L · h_kv · w). Weights: 4 B · P; LoRA step + 16 B ·
/// P_adapter; full step 20 B · P. Pass, inference: 4 B · (n · b + min(n, 256) · V). Pass of a step: 4 B · n · (L · b + 2 V);
/// with activations recomputed 4 B · n · (L · d + b + 2 V). A block keeps b = 6 d + 3 (h + h_kv) w + 2 m.
///
/// *where* P parameters, n tokens of a pass, V vocabulary, L layers, d width, h and h_kv heads of queries and
/// keys, w head width, m width of the network. The factors: value, gradient, Adam's two moments and, of a
/// full step, π_ref; logits and what the product with them packs.
///
/// *Source* Peaks of SmolLM2-135M at 8 × 64 tokens (504 rows) on two cores: 0.67 GB inference, 1.25 GB a LoRA
/// step, 2.90 GB a full step without π_ref (0.54 GB). The estimates are 0.70, 1.38 and 3.52 GB.
pub fn memory(config: &Config, work: Work, load: Load) -> usize {
    let weights = NUMBER * parameters(config);
    let standing = match work {
        Work::Inference => weights,
        Work::LoraStep { adapters, .. } => weights + NUMBER * TRAINED * adapters,
        Work::FullStep { .. } => (TRAINED + 1) * weights,
    };
    let cache = 2 * NUMBER * load.cached * config.layers * config.kv_heads * config.head_width;
    PROGRAM + standing + pass(config, work, load.tokens).max(cache)
}

/// Bytes of what a pass over some tokens keeps.
fn pass(config: &Config, work: Work, tokens: usize) -> usize {
    let heads = (config.heads + config.kv_heads) * config.head_width;
    let block = 6 * config.width + 3 * heads + 2 * config.mlp_width;
    let (layers, vocabulary) = (config.layers, config.vocabulary);
    let numbers = match work {
        Work::Inference => tokens * block + tokens.min(TARGETS_AT_ONCE) * vocabulary,
        Work::LoraStep { activations, .. } | Work::FullStep { activations } => {
            let kept = match activations {
                Activations::Kept => layers * block,
                Activations::Recomputed => layers * config.width + block,
            };
            tokens * (kept + 2 * vocabulary)
        }
    };
    NUMBER * numbers
}

/// Refuses work that needs more memory than there is (bytes); where it is not known how much there is,
/// nothing is refused. `remedy` is what else can be done.
pub fn require_memory(needed: usize, available: Option<u64>, remedy: &str) -> Result<(), LlmError> {
    let gigabytes = |bytes: f64| format!("{:.2} GB", bytes / 1e9);
    match available.map(|bytes| bytes as f64) {
        Some(available) if needed as f64 > available => Err(LlmError::input(
            format!("no free memory for the batch: about {} are needed", gigabytes(needed as f64)),
            format!("{}, which are free now", gigabytes(available)),
            remedy,
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::{Activation, Architecture, Norm, Positions, Residual, RopeScaling};

    fn smollm2() -> Config {
        let scaling = RopeScaling::None;
        Config {
            architecture: Architecture::Llama,
            vocabulary: 49_152,
            width: 576,
            layers: 30,
            heads: 9,
            kv_heads: 3,
            head_width: 64,
            mlp_width: 1_536,
            context: 8_192,
            norm: Norm::Rms { epsilon: 1e-5 },
            positions: Positions::Rotary { theta: 1e5, width: 64, scaling },
            activation: Activation::SwiGlu,
            residual: Residual::Sequential,
            tied: true,
            qkv_bias: false,
            projection_bias: false,
            end_tokens: vec![2],
        }
    }

    /// Peaks of the process (GB), the full step with its copy as π_ref: at most 15 % below the estimate.
    #[test]
    fn estimates_lie_a_little_above_what_was_measured() {
        let config = smollm2();
        let (activations, load) = (Activations::Kept, Load { tokens: 504, cached: 0 });
        let adapters = adapter_parameters(&config, &LoraSpec::default());
        assert_eq!(adapters, 460_800);
        for (work, measured) in [
            (Work::Inference, 0.67),
            (Work::LoraStep { adapters, activations }, 1.25),
            (Work::FullStep { activations }, 2.90 + 0.54),
        ] {
            let estimate = memory(&config, work, load) as f64 / 1e9;
            assert!(
                (1.0..1.15).contains(&(estimate / measured)),
                "{work:?}: {estimate} {measured}"
            );
        }
        let activations = Activations::Recomputed;
        let less = memory(&config, Work::FullStep { activations }, load);
        assert!(less < memory(&config, Work::FullStep { activations: Activations::Kept }, load));
    }

    #[test]
    fn only_what_does_not_fit_is_refused() {
        assert!(require_memory(9, None, "").is_ok() && require_memory(9, Some(9), "").is_ok());
        let error = require_memory(3_730_000_000, Some(1_200_000_000), "train adapters");
        assert_eq!(
            error.expect_err("too little").to_string(),
            "no free memory for the batch: about 3.73 GB are needed\n  allowed: 1.20 GB, which are free \
             now\n  help: train adapters"
        );
    }
}
