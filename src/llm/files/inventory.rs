//! Names and shapes of all weights of a decoder, so that files are checked before they are loaded.

use crate::llm::names::Part;
use crate::llm::{Activation, Architecture, Config, Norm};

/// The Hugging Face name and the shape of every weight of a Llama, Qwen or GPT-NeoX decoder; of
/// GPT-nano, which is made and not read, none.
pub fn weights_of(config: &Config) -> Vec<(String, Vec<usize>)> {
    if config.architecture == Architecture::Nano {
        return Vec::new();
    }
    let [embedding, norm, head] = config.architecture.ends();
    let matrix = vec![config.vocabulary, config.width];
    let mut weights = vec![(format!("{embedding}.weight"), matrix.clone())];
    for (layer, part) in parts(config) {
        let module = config.architecture.module(layer, part);
        match shape(config, part) {
            Some([out, inputs]) => {
                weights.push((format!("{module}.weight"), vec![out, inputs]));
                if has_bias(config, part) {
                    weights.push((format!("{module}.bias"), vec![out]));
                }
            }
            None => norm_weights(config, module, part, &mut weights),
        }
    }
    norm_weights(config, norm.to_owned(), Part::MlpNorm, &mut weights);
    if !config.tied {
        weights.push((format!("{head}.weight"), matrix));
    }
    weights
}

/// The module and the shape `[out, in]` of every projection of the blocks.
pub fn projections_of(config: &Config) -> Vec<(String, [usize; 2])> {
    let named =
        |(layer, part)| Some((config.architecture.module(layer, part), shape(config, part)?));
    parts(config).filter_map(named).collect()
}

/// Every part of every block that has weights.
fn parts(config: &Config) -> impl Iterator<Item = (usize, Part)> {
    let mut parts = match config.architecture.is_joint() {
        true => vec![Part::Joint],
        false => vec![Part::Query, Part::Key, Part::Value],
    };
    parts.push(Part::Out);
    if config.architecture == Architecture::Qwen3 {
        parts.extend([Part::QueryNorm, Part::KeyNorm]);
    }
    if config.activation == Activation::SwiGlu {
        parts.push(Part::Gate);
    }
    parts.extend([Part::Up, Part::Down, Part::AttentionNorm, Part::MlpNorm]);
    (0..config.layers).flat_map(move |layer| parts.clone().into_iter().map(move |p| (layer, p)))
}

/// `[out, in]` of a projection; normalisations have none.
fn shape(config: &Config, part: Part) -> Option<[usize; 2]> {
    let (width, inner) = (config.width, config.mlp_width);
    let queries = config.heads * config.head_width;
    let keys = config.kv_heads * config.head_width;
    match part {
        Part::Query => Some([queries, width]),
        Part::Key | Part::Value => Some([keys, width]),
        Part::Joint => Some([queries + 2 * keys, width]),
        Part::Out => Some([width, queries]),
        Part::Gate | Part::Up => Some([inner, width]),
        Part::Down => Some([width, inner]),
        Part::AttentionNorm | Part::MlpNorm | Part::QueryNorm | Part::KeyNorm => None,
    }
}

fn has_bias(config: &Config, part: Part) -> bool {
    match part {
        Part::Query | Part::Key | Part::Value | Part::Joint => config.qkv_bias,
        _ => config.projection_bias,
    }
}

/// Adds the weight of a normalisation, and its bias if it has one.
fn norm_weights(
    config: &Config,
    module: String,
    part: Part,
    weights: &mut Vec<(String, Vec<usize>)>,
) {
    let width = match part {
        Part::QueryNorm | Part::KeyNorm => config.head_width,
        _ => config.width,
    };
    weights.push((format!("{module}.weight"), vec![width]));
    if matches!(config.norm, Norm::Layer { .. }) {
        weights.push((format!("{module}.bias"), vec![width]));
    }
}
