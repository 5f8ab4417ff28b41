//! One decoder for all families, differentiable: from tokens to hidden rows.
//!
//! Rows are tokens of packed sequences ([`super::Packed`]); no row is padding. Shapes stand behind
//! each line, with `n` rows, width `w`, `h` heads of width `d` and `g` heads of keys and values.

mod assemble;
mod readout;
mod weights;

use super::kernels::attention::{Group, Heads};
use super::kernels::rope::Rope;
use super::ops::{Arithmetic, Network, Normalisation, Ops, Plan, Projection};
use super::{Config, Engine, Kernels, Residual, Weight};
use candle_core::{Result, Tensor};
use std::sync::Arc;

/// Attention's inputs: three projections, or one of `[q | k | v]`.
#[derive(Debug, Clone)]
enum Qkv {
    Apart(Box<[Projection; 3]>),
    Joint(Projection),
}

/// One block: attention and a network, each behind a normalisation.
#[derive(Debug, Clone)]
pub struct Block {
    attention_norm: Normalisation,
    qkv: Qkv,
    /// Normalisations of each head's queries and keys.
    head_norms: Option<Box<[Normalisation; 2]>>,
    out: Projection,
    mlp_norm: Normalisation,
    network: Network,
}

/// A causal language model.
#[derive(Debug, Clone)]
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
    /// `[1, w]`, if it is a reward model.
    readout: Option<Arc<Weight>>,
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

/// Rows that a pass adds to a cache.
pub struct Extension<'a> {
    cache: &'a Cache,
    places: Places<'a>,
}

/// The cache's row of each row of a pass.
enum Places<'a> {
    /// Consecutive rows of the pass and where the first of them goes: `(first, count, to)`.
    Runs(&'a [(usize, usize, usize)]),
    /// For devices, where every run would be a launch of its own: `[rows, g·d]`, the same along a row.
    Rows(Tensor),
}

impl Decoder {
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
    ) -> Result<Pass> {
        let plan = match self.engine.kernels() {
            Kernels::Fused => None,
            Kernels::Stock => {
                let rows = (positions.as_slice(), groups.as_slice());
                let turns = (self.rope.as_deref(), self.heads());
                Some(Arc::new(Plan::new(&self.engine, turns, rows)?))
            }
        };
        let ops = Ops { engine: self.engine.clone(), arithmetic, plan };
        Ok(Pass { ops, positions: Arc::clone(positions), groups: Arc::clone(groups) })
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
        let attended = self.attended(i, &normal, pass, extension)?; // [n, h·d]
        let attended = ops.project(&attended, &block.out)?; // [n, w]
        match self.config.residual {
            Residual::Sequential => {
                let x = (x + attended)?;
                let normal = ops.normalise(&x, &block.mlp_norm)?;
                x + ops.network(&normal, &block.network)?
            }
            Residual::Parallel => {
                let normal = ops.normalise(x, &block.mlp_norm)?;
                (x + attended)? + ops.network(&normal, &block.network)?
            }
        }
    }

    /// What a block's heads find for normalised rows: `[n, w]` → `[n, h·d]`.
    fn attended(
        &self,
        i: usize,
        x: &Tensor,
        pass: &Pass,
        extension: Option<&Extension<'_>>,
    ) -> Result<Tensor> {
        let (block, heads, ops) = (&self.blocks[i], self.heads(), &pass.ops);
        if let (Qkv::Joint(joint), None, None) = (&block.qkv, &self.rope, extension) {
            let all = ops.project(x, joint)?; // [n, (h + 2g)·d]
            return ops.attend_joint(heads, &all, &pass.groups);
        }
        let (q, k, v) = self.queries_keys_values(block, x, pass)?; // [n, h·d], [n, g·d] twice
        match extension {
            None => ops.attend(heads, (&q, &k, &v), &pass.groups),
            Some(extension) => {
                let [keys, values] = extension.add(i, &k, &v)?;
                ops.attend(heads, (&q, keys, values), &pass.groups)
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
        let width = self.heads().width;
        let (q, k, v) = match &block.qkv {
            Qkv::Apart(parts) => {
                let [q, k, v] = &**parts;
                (ops.project(x, q)?, ops.project(x, k)?, ops.project(x, v)?)
            }
            Qkv::Joint(joint) => {
                let [q, k, v] = self.heads().parts(&ops.project(x, joint)?)?;
                (q, k, v)
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
}

impl<'a> Extension<'a> {
    /// What a pass adds to a cache: its consecutive rows and where the first of them goes,
    /// `(first, count, to)`, in the order of its rows.
    pub fn new(
        engine: &Engine,
        cache: &'a Cache,
        runs: &'a [(usize, usize, usize)],
    ) -> Result<Self> {
        let (Kernels::Stock, Some([keys, _])) = (engine.kernels(), cache.layers.first()) else {
            return Ok(Extension { cache, places: Places::Runs(runs) });
        };
        let to: Vec<u32> = runs.iter().flat_map(|&(_, n, to)| to as u32..(to + n) as u32).collect();
        let (count, width) = (to.len(), keys.dim(1)?);
        let rows = Tensor::from_vec(to, (count, 1), engine.device())?;
        let rows = rows.broadcast_as((count, width))?.contiguous()?;
        Ok(Extension { cache, places: Places::Rows(rows) })
    }

    /// Writes keys and values of a block into the cache and gives all that is there.
    fn add(&self, layer: usize, k: &Tensor, v: &Tensor) -> Result<&[Tensor; 2]> {
        let kept = &self.cache.layers[layer];
        for (kept, new) in kept.iter().zip([k.contiguous()?, v.contiguous()?]) {
            match &self.places {
                Places::Rows(rows) => kept.scatter_set(rows, &new, 0)?,
                Places::Runs(runs) => {
                    for &(first, count, to) in *runs {
                        kept.slice_set(&new.narrow(0, first, count)?.contiguous()?, 0, to)?;
                    }
                }
            }
        }
        Ok(kept)
    }
}
