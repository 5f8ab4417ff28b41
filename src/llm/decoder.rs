//! One decoder for all families, differentiable: from tokens to hidden rows.
//!
//! Rows are tokens of packed sequences ([`super::Packed`]); no row is padding. Shapes stand behind
//! each line, with `n` rows, width `w`, `h` heads of width `d` and `g` heads of keys and values.

use super::kernels::attention::{Group, Heads};
use super::kernels::rope::Rope;
use super::names::Part;
use super::ops::{Arithmetic, Normalisation, Ops, Projection};
use super::{
    Activation, Architecture, Config, Engine, LlmError, Norm, Positions, Residual, Training,
    Weight, WeightSource,
};
use candle_core::{Result, Tensor};
use std::sync::Arc;

/// Attention's inputs: three projections, or one of `[q | k | v]`.
#[derive(Debug)]
enum Qkv {
    Apart(Box<[Projection; 3]>),
    Joint(Projection),
}

/// One block: attention and a network, each behind a normalisation.
#[derive(Debug)]
pub struct Block {
    attention_norm: Normalisation,
    qkv: Qkv,
    /// Normalisations of each head's queries and keys.
    head_norms: Option<Box<[Normalisation; 2]>>,
    out: Projection,
    mlp_norm: Normalisation,
    gate: Option<Projection>,
    up: Projection,
    down: Projection,
}

/// A causal language model.
#[derive(Debug)]
pub struct Decoder {
    config: Config,
    engine: Engine,
    /// `[vocabulary, w]`.
    embedding: Arc<Weight>,
    /// `[context, w]`, where positions are learned.
    places: Option<Arc<Weight>>,
    blocks: Vec<Block>,
    norm: Normalisation,
    /// `[vocabulary, w]`, unless it is the embedding.
    head: Option<Arc<Weight>>,
    rope: Option<Arc<Rope>>,
}

/// What all blocks share in one pass over some rows.
#[derive(Debug, Clone)]
pub struct Pass {
    ops: Ops,
    positions: Arc<Vec<u32>>,
    groups: Arc<Vec<Group>>,
}

/// Where keys and values of earlier tokens stand: `[rows, g·d]` for each block.
#[derive(Debug)]
pub struct Cache {
    layers: Vec<[Tensor; 2]>,
}

/// Rows that a pass adds to a cache: the cache's row of each row of the pass.
pub struct Extension<'a> {
    /// The cache.
    pub cache: &'a Cache,
    /// Consecutive rows of the pass and where the first of them goes: `(first, count, to)`.
    pub runs: &'a [(usize, usize, usize)],
}

/// Takes weights from a source and names them.
struct Loader<'a> {
    config: &'a Config,
    source: &'a mut dyn WeightSource,
    training: Training,
}

impl Loader<'_> {
    fn weight(
        &mut self,
        name: String,
        shape: &[usize],
    ) -> std::result::Result<Arc<Weight>, LlmError> {
        Weight::load(self.source, name, shape, self.training)
    }

    fn norm(
        &mut self,
        module: String,
        width: usize,
    ) -> std::result::Result<Normalisation, LlmError> {
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
    ) -> std::result::Result<Projection, LlmError> {
        let weight = self.weight(format!("{module}.weight"), &[out, inputs])?;
        let bias = match has_bias {
            true => Some(self.weight(format!("{module}.bias"), &[out])?),
            false => None,
        };
        Ok(Projection { weight, bias, adapter: None })
    }

    fn block(&mut self, layer: usize) -> std::result::Result<Block, LlmError> {
        let Config { architecture, width, heads, kv_heads, head_width, mlp_width, .. } =
            *self.config;
        let (bias, qkv_bias) = (self.config.projection_bias, self.config.qkv_bias);
        let named = |part| architecture.module(layer, part);
        let (all, shared) = (heads * head_width, kv_heads * head_width);
        let qkv = if architecture.is_joint() {
            Qkv::Joint(self.projection(named(Part::Joint), (all + 2 * shared, width), qkv_bias)?)
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
            gate,
            up: self.projection(named(Part::Up), (mlp_width, width), bias)?,
            down: self.projection(named(Part::Down), (width, mlp_width), bias)?,
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
    ) -> std::result::Result<Self, LlmError> {
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
            blocks: (0..config.layers)
                .map(|i| loader.block(i))
                .collect::<std::result::Result<_, _>>()?,
            norm: loader.norm(norm.to_owned(), config.width)?,
            head,
            rope: Rope::new(config.positions, config.context).map(Arc::new),
            engine,
            config,
        })
    }

    /// What distinguishes it.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where it computes.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The output's matrix: `[vocabulary, w]`.
    pub fn head(&self) -> &Arc<Weight> {
        self.head.as_ref().unwrap_or(&self.embedding)
    }

    /// The embedding's matrix, and that of learned positions.
    pub fn embeddings(&self) -> (&Arc<Weight>, Option<&Arc<Weight>>) {
        (&self.embedding, self.places.as_ref())
    }

    /// The blocks, first to last.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// What the blocks share in a pass over rows at these positions.
    pub fn pass(
        &self,
        positions: &Arc<Vec<u32>>,
        groups: &Arc<Vec<Group>>,
        arithmetic: Arithmetic,
    ) -> Pass {
        let ops = Ops { engine: self.engine.clone(), arithmetic };
        Pass { ops, positions: Arc::clone(positions), groups: Arc::clone(groups) }
    }

    /// Embeds tokens: `[n, w]`.
    pub fn embed(&self, tokens: &[u32], positions: &[u32]) -> Result<Tensor> {
        let width = self.config.width;
        let row = |weight: &Weight, i: u32| {
            let start = i as usize * width;
            weight.value[start..start + width].to_vec()
        };
        let mut rows: Vec<f32> = tokens.iter().flat_map(|t| row(&self.embedding, *t)).collect();
        if let Some(places) = &self.places {
            let places = positions.iter().flat_map(|p| row(places, *p));
            rows.iter_mut().zip(places).for_each(|(x, p)| *x += p);
        }
        let rows = Tensor::from_vec(rows, (tokens.len(), width), self.engine.device())?;
        rows.to_dtype(self.engine.dtype())
    }

    /// All blocks and the last normalisation: `[n, w]` → `[n, w]`.
    pub fn hidden(
        &self,
        x: &Tensor,
        pass: &Pass,
        extension: Option<&Extension<'_>>,
    ) -> Result<Tensor> {
        let mut x = x.clone();
        for i in 0..self.blocks.len() {
            x = self.block(i, &x, pass, extension)?;
        }
        self.finish(&x, pass)
    }

    /// The last normalisation.
    pub fn finish(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        pass.ops.normalise(x, &self.norm)
    }

    /// One block: `[n, w]` → `[n, w]`.
    pub fn block(
        &self,
        i: usize,
        x: &Tensor,
        pass: &Pass,
        extension: Option<&Extension<'_>>,
    ) -> Result<Tensor> {
        let (block, ops) = (&self.blocks[i], &pass.ops);
        let normal = ops.normalise(x, &block.attention_norm)?; // [n, w]
        let (q, k, v) = self.queries_keys_values(block, &normal, pass)?; // [n, h·d], [n, g·d] twice
        let attended = match extension {
            None => ops.attend(self.heads(), (&q, &k, &v), &pass.groups)?, // [n, h·d]
            Some(extension) => {
                let [keys, values] = extension.add(i, &k, &v)?;
                ops.attend(self.heads(), (&q, keys, values), &pass.groups)?
            }
        };
        let attended = ops.project(&attended, &block.out)?; // [n, w]
        match self.config.residual {
            Residual::Sequential => {
                let x = (x + attended)?;
                let normal = ops.normalise(&x, &block.mlp_norm)?;
                x + self.network(block, &normal, ops)?
            }
            Residual::Parallel => {
                let normal = ops.normalise(x, &block.mlp_norm)?;
                (x + attended)? + self.network(block, &normal, ops)?
            }
        }
    }

    fn heads(&self) -> Heads {
        let Config { heads, kv_heads, head_width, .. } = self.config;
        Heads { queries: heads, keys: kv_heads, width: head_width }
    }

    /// Queries, keys and values of normalised rows, rotated.
    fn queries_keys_values(
        &self,
        block: &Block,
        x: &Tensor,
        pass: &Pass,
    ) -> Result<(Tensor, Tensor, Tensor)> {
        let ops = &pass.ops;
        let Heads { queries, keys, width } = self.heads();
        let (q, k, v) = match &block.qkv {
            Qkv::Apart(parts) => {
                let [q, k, v] = &**parts;
                (ops.project(x, q)?, ops.project(x, k)?, ops.project(x, v)?)
            }
            Qkv::Joint(joint) => {
                let all = ops.project(x, joint)?; // [n, (h + 2g)·d]
                let (own, shared) = (queries * width, keys * width);
                let cut = |from, count| all.narrow(1, from, count);
                (cut(0, own)?, cut(own, shared)?, cut(own + shared, shared)?)
            }
        };
        let (q, k) = match &block.head_norms {
            None => (q, k),
            Some(norms) => {
                let by_head = |x: &Tensor, norm| {
                    let flat = x.reshape(((), width))?; // [n·h, d]
                    ops.normalise(&flat, norm)?.reshape(x.shape())
                };
                (by_head(&q, &norms[0])?, by_head(&k, &norms[1])?)
            }
        };
        let Some(rope) = &self.rope else { return Ok((q, k, v)) };
        let turned = |x: &Tensor| ops.rotate(&x.contiguous()?, (rope, width), &pass.positions);
        Ok((turned(&q)?, turned(&k)?, v))
    }

    /// The network of a block: `[n, w]` → `[n, w]`.
    fn network(&self, block: &Block, x: &Tensor, ops: &Ops) -> Result<Tensor> {
        let up = ops.project(x, &block.up)?; // [n, mlp]
        let inner = match &block.gate {
            Some(gate) => ops.swiglu(&ops.project(x, gate)?, &up)?,
            None => ops.activate(&up, self.config.activation)?,
        };
        ops.project(&inner, &block.down)
    }

    /// Logits of hidden rows: `[n, w]` → `[n, vocabulary]`.
    pub fn logits(&self, hidden: &Tensor, pass: &Pass) -> Result<Tensor> {
        let weight = Arc::clone(self.head());
        pass.ops.project(hidden, &Projection { weight, bias: None, adapter: None })
    }

    /// log π of targets, each read off the hidden row that predicts it: `[targets]`, nats.
    pub fn score(&self, hidden: &Tensor, pass: &Pass, at: (Vec<u32>, Vec<u32>)) -> Result<Tensor> {
        pass.ops.score(hidden, self.head(), at)
    }

    /// An empty cache of so many rows.
    pub fn cache(&self, rows: usize) -> Result<Cache> {
        let width = self.config.kv_heads * self.config.head_width;
        let empty = || Tensor::zeros((rows, width), self.engine.dtype(), self.engine.device());
        let layers = (0..self.config.layers).map(|_| Ok([empty()?, empty()?]));
        Ok(Cache { layers: layers.collect::<Result<_>>()? })
    }

    /// Every projection with its module's name, to which adapters may be added.
    pub fn projections_mut(&mut self) -> Vec<(String, &mut Projection)> {
        let architecture = self.config.architecture;
        let mut found = Vec::new();
        for (i, block) in self.blocks.iter_mut().enumerate() {
            let mut add = |part, projection| found.push((architecture.module(i, part), projection));
            match &mut block.qkv {
                Qkv::Joint(joint) => add(Part::Joint, joint),
                Qkv::Apart(parts) => {
                    let [q, k, v] = &mut **parts;
                    add(Part::Query, q);
                    add(Part::Key, k);
                    add(Part::Value, v);
                }
            }
            add(Part::Out, &mut block.out);
            if let Some(gate) = &mut block.gate {
                add(Part::Gate, gate);
            }
            add(Part::Up, &mut block.up);
            add(Part::Down, &mut block.down);
        }
        found
    }

    /// Every weight, sorted by name.
    pub fn weights(&self) -> Vec<&Arc<Weight>> {
        let mut found: Vec<&Arc<Weight>> = vec![&self.embedding];
        found.extend(self.places.iter().chain(&self.head));
        found.extend(self.norm.weights());
        self.blocks.iter().for_each(|block| block.weights(&mut found));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// Every weight to be changed, sorted by name.
    pub fn weights_mut(&mut self) -> Vec<&mut Arc<Weight>> {
        let mut found: Vec<&mut Arc<Weight>> = vec![&mut self.embedding];
        found.extend(self.places.iter_mut().chain(&mut self.head));
        found.extend(self.norm.weights_mut());
        self.blocks.iter_mut().for_each(|block| block.weights_mut(&mut found));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }
}

impl Block {
    fn weights<'a>(&'a self, found: &mut Vec<&'a Arc<Weight>>) {
        let head_norms = self.head_norms.iter().flat_map(|norms| norms.iter());
        let norms = [&self.attention_norm, &self.mlp_norm];
        found.extend(norms.into_iter().chain(head_norms).flat_map(Normalisation::weights));
        let projections = match &self.qkv {
            Qkv::Apart(parts) => parts.iter().collect(),
            Qkv::Joint(joint) => vec![joint],
        };
        let rest = [&self.out, &self.up, &self.down].into_iter().chain(&self.gate);
        found.extend(projections.into_iter().chain(rest).flat_map(Projection::weights));
    }

    fn weights_mut<'a>(&'a mut self, found: &mut Vec<&'a mut Arc<Weight>>) {
        let head_norms = self.head_norms.iter_mut().flat_map(|norms| norms.iter_mut());
        let norms = [&mut self.attention_norm, &mut self.mlp_norm];
        found.extend(norms.into_iter().chain(head_norms).flat_map(Normalisation::weights_mut));
        let projections = match &mut self.qkv {
            Qkv::Apart(parts) => parts.iter_mut().collect(),
            Qkv::Joint(joint) => vec![joint],
        };
        let rest = [&mut self.out, &mut self.up, &mut self.down].into_iter().chain(&mut self.gate);
        found.extend(projections.into_iter().chain(rest).flat_map(Projection::weights_mut));
    }
}

impl Extension<'_> {
    /// Writes keys and values of a block into the cache and gives all that is there.
    fn add(&self, layer: usize, k: &Tensor, v: &Tensor) -> Result<&[Tensor; 2]> {
        let kept = &self.cache.layers[layer];
        let (k, v) = (k.contiguous()?, v.contiguous()?);
        for &(first, count, to) in self.runs {
            kept[0].slice_set(&k.narrow(0, first, count)?.contiguous()?, 0, to)?;
            kept[1].slice_set(&v.narrow(0, first, count)?.contiguous()?, 0, to)?;
        }
        Ok(kept)
    }
}
