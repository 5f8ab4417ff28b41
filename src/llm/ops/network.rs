//! The network of a block as one operation: what stands between its projections never becomes a
//! node of the graph, which would hold it twice and add its gradient to zeros.

use super::fused::{Forward, done, tensor};
use super::host::{Numbers, matrix, rows};
use super::projection::Means;
use super::{Network, Projection};
use crate::llm::Activation;
use crate::llm::kernels::activation;
use crate::numerics::{Threads, Write};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Tensor};
use std::sync::{Mutex, PoisonError};

/// What the projections into the network gave: `[rows, inner]` each.
struct Inner {
    up: Vec<f32>,
    /// Of a gated network.
    gate: Option<Vec<f32>>,
}

impl Inner {
    /// What the projection out of the network reads.
    fn activated(&self, kind: Activation, threads: Threads) -> Vec<f32> {
        let mut out = vec![0.0; self.up.len()];
        match &self.gate {
            Some(gate) => activation::swiglu(gate, &self.up, &mut out, threads),
            None => activation::activate(kind, &self.up, &mut out, threads),
        }
        out
    }

    /// The gradients of both, from that of what was activated.
    fn gradients(&self, kind: Activation, gradient: &[f32], threads: Threads) -> Inner {
        let mut up = vec![0.0; self.up.len()];
        let Some(gate) = &self.gate else {
            activation::activate_gradient(kind, &self.up, gradient, &mut up, threads);
            return Inner { up, gate: None };
        };
        let mut d_gate = vec![0.0; gate.len()];
        activation::swiglu_gradient((gate, &self.up), gradient, (&mut d_gate, &mut up), threads);
        Inner { up, gate: Some(d_gate) }
    }
}

/// [`super::Ops::network`].
pub struct RunNetwork {
    network: Network,
    means: Means,
    /// Kept for the one backward pass that may follow.
    kept: Mutex<Option<Inner>>,
}

impl RunNetwork {
    pub fn new(network: Network, means: Means) -> Self {
        RunNetwork { network, means, kept: Mutex::default() }
    }
}

impl CustomOp1 for RunNetwork {
    fn name(&self) -> &'static str {
        "network"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Forward {
        let (Network { gate, up, down, activation }, means) = (&self.network, self.means);
        let x = rows(storage, layout)?;
        let project = |projection: &Projection| projection.forward(x, means);
        let inner = Inner { up: project(up), gate: gate.as_ref().map(project) };
        let activated = inner.activated(*activation, means.threads);
        let out = down.forward(matrix(&activated, down.weight.shape[1]), means);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(inner);
        done(out, (x.nrows(), down.weight.shape[0]))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let Some(inner) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            candle_core::bail!("a network can be back-propagated once only");
        };
        let (Network { gate, up, down, activation }, means) = (&self.network, self.means);
        let (numbers, gradient) = (Numbers::of(x), Numbers::of(dy));
        let x_ = numbers.rows()?;
        let width = down.weight.shape[1];
        let activated = inner.activated(*activation, means.threads);
        let mut d_activated = vec![0.0; activated.len()];
        let gradients = (gradient.rows()?, d_activated.as_mut_slice(), Write::Fresh);
        down.backward(matrix(&activated, width), gradients, means);
        let d_inner = inner.gradients(*activation, &d_activated, means.threads);
        let mut dx = vec![0.0; x.elem_count()];
        up.backward(x_, (matrix(&d_inner.up, width), &mut dx, Write::Fresh), means);
        if let (Some(gate), Some(d_gate)) = (gate, &d_inner.gate) {
            gate.backward(x_, (matrix(d_gate, width), &mut dx, Write::Sum), means);
        }
        tensor(dx, x).map(Some)
    }
}
