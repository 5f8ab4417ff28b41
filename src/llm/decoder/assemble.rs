//! A decoder from its weights.

use super::{Block, Decoder, Qkv};
use crate::llm::joint::{Order, reordered};
use crate::llm::kernels::rope::Rope;
use crate::llm::names::Part;
use crate::llm::ops::{Network, Normalisation, Projection};
use crate::llm::{
    Activation, Architecture, Config, Engine, LlmError, Norm, Positions, Training, Weight,
    WeightSource,
};
use std::sync::Arc;

/// Takes weights from a source and names them.
struct Loader<'a> {
    config: &'a Config,
    source: &'a mut dyn WeightSource,
    training: Training,
}

impl Loader<'_> {
    fn weight(&mut self, name: String, shape: &[usize]) -> Result<Arc<Weight>, LlmError> {
        Weight::load(self.source, name, shape, self.training)
    }

    fn norm(&mut self, module: String, width: usize) -> Result<Normalisation, LlmError> {
        let kind = self.config.norm;
        let bias = match kind {
            Norm::Rms { .. } => None,
            Norm::Layer { .. } => Some(self.weight(format!("{module}.bias"), &[width])?),
        };
        Ok(Normalisation { kind, weight: self.weight(format!("{module}.weight"), &[width])?, bias })
    }

    fn projection(
        &mut self,
        module: String,
        (out, inputs): (usize, usize),
        has_bias: bool,
    ) -> Result<Projection, LlmError> {
        let weight = self.weight(format!("{module}.weight"), &[out, inputs])?;
        let bias = match has_bias {
            true => Some(self.weight(format!("{module}.bias"), &[out])?),
            false => None,
        };
        Ok(Projection { weight, bias, adapter: None })
    }

    /// Queries, keys and values in one, as `[q | k | v]`.
    fn joint(
        &mut self,
        module: String,
        shape: (usize, usize),
        has_bias: bool,
    ) -> Result<Projection, LlmError> {
        let mut joint = self.projection(module, shape, has_bias)?;
        let is_neox = self.config.architecture == Architecture::GptNeoX;
        if is_neox && self.source.order() == Order::ByHead {
            for weight in joint.weights_mut() {
                let weight = Arc::get_mut(weight).expect("nobody else has it yet");
                weight.value = reordered(self.config, &weight.value, Order::ByPart);
            }
        }
        Ok(joint)
    }

    fn block(&mut self, layer: usize) -> Result<Block, LlmError> {
        let Config { architecture, width, heads, kv_heads, head_width, mlp_width, .. } =
            *self.config;
        let (bias, qkv_bias) = (self.config.projection_bias, self.config.qkv_bias);
        let named = |part| architecture.module(layer, part);
        let (all, shared) = (heads * head_width, kv_heads * head_width);
        let qkv = if architecture.is_joint() {
            let shape = (all + 2 * shared, width);
            Qkv::Joint(self.joint(named(Part::Joint), shape, qkv_bias)?)
        } else {
            Qkv::Apart(Box::new([
                self.projection(named(Part::Query), (all, width), qkv_bias)?,
                self.projection(named(Part::Key), (shared, width), qkv_bias)?,
                self.projection(named(Part::Value), (shared, width), qkv_bias)?,
            ]))
        };
        let head_norms = match architecture {
            Architecture::Qwen3 => Some(Box::new([
                self.norm(named(Part::QueryNorm), head_width)?,
                self.norm(named(Part::KeyNorm), head_width)?,
            ])),
            _ => None,
        };
        let gate = match self.config.activation {
            Activation::SwiGlu => {
                Some(self.projection(named(Part::Gate), (mlp_width, width), bias)?)
            }
            Activation::Gelu | Activation::GeluTanh => None,
        };
        Ok(Block {
            attention_norm: self.norm(named(Part::AttentionNorm), width)?,
            qkv,
            head_norms,
            out: self.projection(named(Part::Out), (width, all), bias)?,
            mlp_norm: self.norm(named(Part::MlpNorm), width)?,
            network: Network {
                gate,
                up: self.projection(named(Part::Up), (mlp_width, width), bias)?,
                down: self.projection(named(Part::Down), (width, mlp_width), bias)?,
                activation: self.config.activation,
            },
        })
    }
}

impl Decoder {
    /// Builds a decoder from its weights; `training` says whether they learn.
    pub fn load(
        config: Config,
        engine: Engine,
        source: &mut dyn WeightSource,
        training: Training,
    ) -> Result<Self, LlmError> {
        let [embedding, norm, head] = config.architecture.ends();
        let matrix = [config.vocabulary, config.width];
        let mut loader = Loader { config: &config, source, training };
        let places = match config.positions {
            Positions::Learned => {
                Some(loader.weight("wpe.weight".to_owned(), &[config.context, config.width])?)
            }
            Positions::Rotary { .. } => None,
        };
        let head = match config.tied {
            true => None,
            false => Some(loader.weight(format!("{head}.weight"), &matrix)?),
        };
        Ok(Decoder {
            embedding: loader.weight(format!("{embedding}.weight"), &matrix)?,
            places,
            blocks: (0..config.layers).map(|i| loader.block(i)).collect::<Result<_, _>>()?,
            norm: loader.norm(norm.to_owned(), config.width)?,
            head,
            readout: None,
            rope: Rope::new(config.positions, config.context).map(Arc::new),
            engine,
            config,
        })
    }
}
