//! Custom operations on the host: forward and backward each in one pass over memory.
//!
//! Gradients of activations travel through candle's graph; those of weights are added where the
//! weights keep them, so that no copy of a weight's gradient is ever made.

use super::host::{Numbers, matrix, rows, slice, view};
use super::projection::{Means, weights};
use super::{Normalisation, Projection};
use crate::llm::Weight;
use crate::llm::kernels::attention::{Gradients, Group, Heads, Inputs};
use crate::llm::kernels::rope::{Rope, Turn};
use crate::llm::kernels::score::{Scores, Target, score};
use crate::llm::kernels::{attention, norm, rope};
use crate::numerics::{Threads, Write, product};
use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Tensor};
use ndarray::{ArrayView2, Axis};
use std::sync::{Arc, Mutex};

pub(super) type Forward = Result<(CpuStorage, Shape)>;

pub(super) fn done(numbers: Vec<f32>, shape: impl Into<Shape>) -> Forward {
    Ok((CpuStorage::F32(numbers), shape.into()))
}

pub(super) fn tensor(numbers: Vec<f32>, like: &Tensor) -> Result<Tensor> {
    Tensor::from_vec(numbers, like.shape(), like.device())
}

/// [`super::Ops::normalise`].
pub struct Normalise {
    pub norm: Normalisation,
    pub threads: Threads,
}

impl Normalise {
    fn bias(&self) -> &[f32] {
        self.norm.bias.as_ref().map_or(&[], |bias| &bias.value)
    }
}

impl CustomOp1 for Normalise {
    fn name(&self) -> &'static str {
        "normalise"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Forward {
        let x = slice(storage, layout)?;
        let mut out = vec![0.0; x.len()];
        let weights = (self.norm.weight.value.as_slice(), self.bias());
        norm::normalise(self.norm.kind, x, weights, &mut out, self.threads);
        done(out, layout.shape())
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let (numbers, gradient) = (Numbers::of(x), Numbers::of(dy));
        let (x_, dy) = (numbers.slice()?, gradient.slice()?);
        let (kind, weight) = (self.norm.kind, &self.norm.weight);
        let mut dx = vec![0.0; x_.len()];
        norm::normalise_gradient(kind, x_, (&weight.value, dy), &mut dx, self.threads);
        let width = weight.value.len();
        weight.add_gradient(|dw| {
            norm::add_parameter_gradients(kind, x_, dy, (dw, &mut []), width);
        });
        if let Some(bias) = &self.norm.bias {
            bias.add_gradient(|db| {
                norm::add_parameter_gradients(kind, x_, dy, (&mut [], db), width);
            });
        }
        tensor(dx, x).map(Some)
    }
}

/// [`super::Ops::project`].
pub struct Project {
    pub projection: Projection,
    pub means: Means,
}

impl CustomOp1 for Project {
    fn name(&self) -> &'static str {
        "project"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Forward {
        let x = rows(storage, layout)?;
        let out = self.projection.forward(x, self.means);
        done(out, (x.nrows(), self.projection.weight.shape[0]))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let (numbers, gradient) = (Numbers::of(x), Numbers::of(dy));
        let mut dx = vec![0.0; x.elem_count()];
        let gradients = (gradient.rows()?, dx.as_mut_slice(), Write::Fresh);
        self.projection.backward(numbers.rows()?, gradients, self.means);
        tensor(dx, x).map(Some)
    }
}

/// [`super::Ops::rotate`].
pub struct Rotate {
    pub rope: Arc<Rope>,
    pub width: usize,
    pub positions: Arc<Vec<u32>>,
    pub threads: Threads,
}

impl Rotate {
    fn turned(&self, x: &[f32], turn: Turn) -> Vec<f32> {
        let mut out = vec![0.0; x.len()];
        let heads = (x, self.width);
        rope::rotate(&self.rope, heads, &self.positions, turn, (&mut out, self.threads));
        out
    }
}

impl CustomOp1 for Rotate {
    fn name(&self) -> &'static str {
        "rotate"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Forward {
        done(self.turned(slice(storage, layout)?, Turn::Forth), layout.shape())
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        tensor(self.turned(Numbers::of(dy).slice()?, Turn::Back), x).map(Some)
    }
}

/// [`super::Ops::attend`].
pub struct Attend {
    pub heads: Heads,
    pub groups: Arc<Vec<Group>>,
    pub threads: Threads,
}

impl CustomOp3 for Attend {
    fn name(&self) -> &'static str {
        "attend"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        k: &CpuStorage,
        k_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> Forward {
        let (q, k, v) = (rows(q, q_layout)?, rows(k, k_layout)?, rows(v, v_layout)?);
        let mut out = vec![0.0; q.len()];
        attention::attend(self.heads, Inputs { q, k, v }, &self.groups, &mut out, self.threads);
        done(out, q_layout.shape())
    }

    fn bwd(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let zeros = |tensor: &Tensor| vec![0.0; tensor.elem_count()];
        let (mut dq, mut dk, mut dv) = (zeros(q), zeros(k), zeros(v));
        {
            let (q, k, v) = (Numbers::of(q), Numbers::of(k), Numbers::of(v));
            let inputs = Inputs { q: q.rows()?, k: k.rows()?, v: v.rows()? };
            let gradient = Numbers::of(dy);
            let out = Gradients { q: &mut dq, k: &mut dk, v: &mut dv };
            let gradients = (gradient.rows()?, out);
            attention::attend_gradient(self.heads, inputs, &self.groups, gradients, self.threads);
        }
        Ok((Some(tensor(dq, q)?), Some(tensor(dk, k)?), Some(tensor(dv, v)?)))
    }
}

/// [`super::Ops::attend_joint`].
pub struct AttendJoint {
    pub heads: Heads,
    pub groups: Arc<Vec<Group>>,
    pub threads: Threads,
}

impl AttendJoint {
    /// Queries, keys and values of `[q | k | v]`.
    fn inputs<'a>(&self, all: ArrayView2<'a, f32>) -> Inputs<'a> {
        let Heads { queries, keys, width } = self.heads;
        let (q, rest) = all.split_at(Axis(1), queries * width);
        let (k, v) = rest.split_at(Axis(1), keys * width);
        Inputs { q, k, v }
    }
}

impl CustomOp1 for AttendJoint {
    fn name(&self) -> &'static str {
        "attend-joint"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Forward {
        let inputs = self.inputs(rows(storage, layout)?);
        let mut out = vec![0.0; inputs.q.len()];
        attention::attend(self.heads, inputs, &self.groups, &mut out, self.threads);
        done(out, inputs.q.dim())
    }

    fn bwd(&self, all: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let (numbers, gradient) = (Numbers::of(all), Numbers::of(dy));
        let inputs = self.inputs(numbers.rows()?);
        let [mut q, mut k, mut v] =
            [inputs.q, inputs.k, inputs.v].map(|part| vec![0.0; part.len()]);
        let out = Gradients { q: &mut q, k: &mut k, v: &mut v };
        let gradients = (gradient.rows()?, out);
        attention::attend_gradient(self.heads, inputs, &self.groups, gradients, self.threads);
        let (own, shared) = (inputs.q.ncols(), inputs.k.ncols());
        let parts = q.chunks_exact(own).zip(k.chunks_exact(shared)).zip(v.chunks_exact(shared));
        let joint = parts.flat_map(|((q, k), v)| q.iter().chain(k).chain(v).copied());
        tensor(joint.collect(), all).map(Some)
    }
}

/// [`super::Ops::score`].
pub struct Score {
    head: Arc<Weight>,
    /// The rows that are read, each once.
    rows: Vec<u32>,
    targets: Vec<Target>,
    threads: Threads,
    /// The logits, kept for the one backward pass that may follow.
    kept: Mutex<Option<Scores>>,
}

impl Score {
    pub fn new(head: Arc<Weight>, rows: Vec<u32>, targets: Vec<u32>, threads: Threads) -> Self {
        let mut each = rows.clone();
        each.sort_unstable();
        each.dedup();
        let place = |row: &u32| each.binary_search(row).unwrap_or_default();
        let pairs = rows.iter().zip(&targets);
        let targets = pairs.map(|(r, t)| Target { row: place(r), token: *t as usize }).collect();
        Score { head, rows: each, targets, threads, kept: Mutex::default() }
    }

    /// The hidden rows that are read: `[rows, width]`.
    fn gather(&self, hidden: &[f32]) -> Vec<f32> {
        let width = self.head.shape[1];
        let row = |r: &u32| &hidden[*r as usize * width..(*r as usize + 1) * width];
        self.rows.iter().flat_map(row).copied().collect()
    }
}

impl CustomOp1 for Score {
    fn name(&self) -> &'static str {
        "score"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Forward {
        let hidden = self.gather(slice(storage, layout)?);
        let hidden = matrix(&hidden, self.head.shape[1]);
        let scores = score(hidden, weights(&self.head), &self.targets, self.threads);
        let log_probs = scores.log_probs.clone();
        *self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(scores);
        done(log_probs, self.targets.len())
    }

    fn bwd(&self, hidden: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let kept = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(scores) = kept else {
            candle_core::bail!("log-probabilities can be back-propagated once only");
        };
        let (width, threads) = (self.head.shape[1], self.threads);
        let gathered = self.gather(Numbers::of(hidden).slice()?);
        let gradient = Numbers::of(dy);
        let logits = scores.into_logit_gradient(&self.targets, gradient.slice()?, threads);
        let logits = matrix(&logits, self.head.shape[0]);
        self.head.add_gradient(|dw| {
            product(logits.t(), matrix(&gathered, width), view(dw, width), Write::Sum, threads);
        });
        let mut own = vec![0.0; gathered.len()];
        product(logits, weights(&self.head), view(&mut own, width), Write::Fresh, threads);
        let mut out = vec![0.0; hidden.elem_count()];
        for (row, own) in self.rows.iter().zip(own.chunks_exact(width)) {
            let place = *row as usize * width..(*row as usize + 1) * width;
            out[place].iter_mut().zip(own).for_each(|(sum, g)| *sum += g);
        }
        tensor(out, hidden).map(Some)
    }
}
