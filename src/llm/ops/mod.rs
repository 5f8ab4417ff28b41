//! The operations of a decoder, each with its gradient.
//!
//! Every operation exists twice: fused on the host, as one custom operation of candle's graph that
//! adds the gradients of its weights where they are kept ([`fused`]); and composed of candle's own
//! operations for any device ([`stock`]). Tests hold the two against each other.

mod fused;
mod given;
mod host;
mod network;
mod padded;
mod picks;
mod projection;
mod stock;

pub use projection::{Arithmetic, Means};
pub use stock::Plan;

use super::kernels::attention::{Group, Heads};
use super::kernels::rope::Rope;
use super::{Activation, Engine, Norm, Weight};
use candle_core::{Result, Tensor};
use std::sync::Arc;

/// A normalisation with its weights.
#[derive(Debug, Clone)]
pub struct Normalisation {
    /// Which.
    pub kind: Norm,
    /// `[width]`.
    pub weight: Arc<Weight>,
    /// `[width]`, if it has one.
    pub bias: Option<Arc<Weight>>,
}

/// A low-rank addition to a projection: `y += scale·(x·aᵀ)·bᵀ`.
///
/// *Source* LoRA, arXiv 2106.09685.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// `[rank, in]`.
    pub a: Arc<Weight>,
    /// `[out, rank]`.
    pub b: Arc<Weight>,
    /// alpha / rank.
    pub scale: f32,
    /// alpha, as files keep it.
    pub alpha: f64,
}

/// `y = x·weightᵀ + bias`, with a low-rank addition if there is one.
#[derive(Debug, Clone)]
pub struct Projection {
    /// `[out, in]`.
    pub weight: Arc<Weight>,
    /// `[out]`, if it has one.
    pub bias: Option<Arc<Weight>>,
    /// The low-rank addition.
    pub adapter: Option<Adapter>,
}

/// The network of a block: `down(activation(up(x)))`, or `down(silu(gate(x))·up(x))` if it is gated.
#[derive(Debug, Clone)]
pub struct Network {
    /// The gate, if it has one.
    pub gate: Option<Projection>,
    /// The way up.
    pub up: Projection,
    /// The way down.
    pub down: Projection,
    /// What stands between; [`Activation::SwiGlu`] with a gate only.
    pub activation: Activation,
}

/// Operations on one engine.
#[derive(Debug, Clone)]
pub struct Ops {
    /// Where and by whose kernels.
    pub engine: Engine,
    /// How products of rows are summed.
    pub arithmetic: Arithmetic,
    /// What candle's kernels share in a pass; `None` where ours are used.
    pub plan: Option<Arc<Plan>>,
}

impl Ops {
    fn is_fused(&self) -> bool {
        self.plan.is_none()
    }

    fn means(&self) -> Means {
        Means { threads: self.engine.threads(), arithmetic: self.arithmetic }
    }

    /// Normalises rows: `x: [rows, width]`.
    pub fn normalise(&self, x: &Tensor, norm: &Normalisation) -> Result<Tensor> {
        if !self.is_fused() {
            return stock::normalise(&self.engine, x, norm);
        }
        let threads = self.engine.threads();
        x.apply_op1(fused::Normalise { norm: norm.clone(), threads })
    }

    /// Projects rows: `x: [rows, in]` to `[rows, out]`.
    pub fn project(&self, x: &Tensor, projection: &Projection) -> Result<Tensor> {
        if !self.is_fused() {
            return stock::project(&self.engine, x, projection);
        }
        x.apply_op1(fused::Project { projection: projection.clone(), means: self.means() })
    }

    /// Rotates heads by their rows' positions: `x: [rows, heads·width]`.
    pub fn rotate(
        &self,
        x: &Tensor,
        (rope, width): (&Arc<Rope>, usize),
        positions: &Arc<Vec<u32>>,
    ) -> Result<Tensor> {
        if let Some(plan) = &self.plan {
            return plan.rotate(x, width);
        }
        let (rope, positions) = (Arc::clone(rope), Arc::clone(positions));
        x.apply_op1(fused::Rotate { rope, width, positions, threads: self.engine.threads() })
    }

    /// Attends: `q: [rows, heads·width]`, `k, v: [rows, kv heads·width]`.
    pub fn attend(
        &self,
        heads: Heads,
        (q, k, v): (&Tensor, &Tensor, &Tensor),
        groups: &Arc<Vec<Group>>,
    ) -> Result<Tensor> {
        if let Some(plan) = &self.plan {
            return plan.attend([q, k, v]);
        }
        let (groups, threads) = (Arc::clone(groups), self.engine.threads());
        q.apply_op3(k, v, fused::Attend { heads, groups, threads })
    }

    /// Attends by `[q | k | v]`: `all: [rows, (heads + 2·kv heads)·width]`.
    pub fn attend_joint(
        &self,
        heads: Heads,
        all: &Tensor,
        groups: &Arc<Vec<Group>>,
    ) -> Result<Tensor> {
        if self.is_fused() {
            let (groups, threads) = (Arc::clone(groups), self.engine.threads());
            return all.apply_op1(fused::AttendJoint { heads, groups, threads });
        }
        let [q, k, v] = heads.parts(all)?;
        self.attend(heads, (&q, &k, &v), groups)
    }

    /// The network of a block: `x: [rows, width]`.
    pub fn network(&self, x: &Tensor, network: &Network) -> Result<Tensor> {
        if self.is_fused() {
            return x.apply_op1(network::RunNetwork::new(network.clone(), self.means()));
        }
        stock::run_network(&self.engine, x, network)
    }

    /// Some rows, each any number of times: `[n, width]` to `[rows, width]`.
    pub fn pick(&self, x: &Tensor, rows: Vec<u32>) -> Result<Tensor> {
        if !self.is_fused() {
            return stock::pick(&self.engine, x, rows);
        }
        x.index_select(&Tensor::new(rows, x.device())?, 0)
    }

    /// log π of targets, each read off a hidden row: `[targets]`, nats, f32.
    pub fn score(
        &self,
        hidden: &Tensor,
        head: &Arc<Weight>,
        (rows, targets): (Vec<u32>, Vec<u32>),
    ) -> Result<Tensor> {
        if !self.is_fused() {
            return stock::score(&self.engine, hidden, head, (rows, targets));
        }
        let threads = self.engine.threads();
        hidden.apply_op1(fused::Score::new(Arc::clone(head), rows, targets, threads))
    }
}

impl Heads {
    /// Queries, keys and values of `[q | k | v]`.
    pub fn parts(self, all: &Tensor) -> Result<[Tensor; 3]> {
        let (own, shared) = (self.queries * self.width, self.keys * self.width);
        let cut = |from, count| all.narrow(1, from, count);
        Ok([cut(0, own)?, cut(own, shared)?, cut(own + shared, shared)?])
    }
}

impl Normalisation {
    /// Its weights.
    pub fn weights(&self) -> impl Iterator<Item = &Arc<Weight>> {
        std::iter::once(&self.weight).chain(&self.bias)
    }

    /// Its weights, to be changed.
    pub fn weights_mut(&mut self) -> impl Iterator<Item = &mut Arc<Weight>> {
        std::iter::once(&mut self.weight).chain(&mut self.bias)
    }
}

impl Projection {
    /// Its weights, those of an adapter among them.
    pub fn weights(&self) -> impl Iterator<Item = &Arc<Weight>> {
        let adapter = self.adapter.iter().flat_map(|adapter| [&adapter.a, &adapter.b]);
        std::iter::once(&self.weight).chain(&self.bias).chain(adapter)
    }

    /// Its weights, to be changed.
    pub fn weights_mut(&mut self) -> impl Iterator<Item = &mut Arc<Weight>> {
        let adapter = self.adapter.iter_mut().flat_map(|adapter| [&mut adapter.a, &mut adapter.b]);
        std::iter::once(&mut self.weight).chain(&mut self.bias).chain(adapter)
    }
}
