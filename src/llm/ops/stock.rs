//! The same operations, composed of candle's own: for any device.
//!
//! Forward, without a graph; backward, by hand ([`given`]). Gradients of weights are added where the weights
//! keep them, like those of fused operations.

use super::given::given;
use super::padded::{Attention, require_countable};
use super::picks::Picks;
use super::{Adapter, Network, Normalisation, Projection};
use crate::llm::kernels::attention::{Group, Heads};
use crate::llm::kernels::rope::Rope;
use crate::llm::{Activation, Engine, Norm, Weight};
use candle_core::{D, DType, Result, Tensor, Var};
use std::sync::Arc;

/// Adds a gradient to a weight's own, if the weight learns.
fn learn(weight: &Weight, gradient: impl FnOnce() -> Result<Tensor>) -> Result<()> {
    if !weight.is_trained() {
        return Ok(());
    }
    let numbers = gradient()?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
    weight.add_gradient(|sum| sum.iter_mut().zip(&numbers).for_each(|(sum, x)| *sum += x));
    Ok(())
}

/// [`super::Ops::normalise`].
pub fn normalise(engine: &Engine, x: &Tensor, norm: &Normalisation) -> Result<Tensor> {
    let rows = x.detach().contiguous()?;
    let weight = norm.weight.on_device(engine)?;
    let y = match norm.kind {
        Norm::Rms { epsilon } => candle_nn::ops::rms_norm(&rows, &weight, epsilon as f32)?,
        Norm::Layer { epsilon } => {
            let bias = norm.bias.as_ref().map(|bias| bias.on_device(engine));
            let bias = bias.unwrap_or_else(|| weight.zeros_like())?;
            candle_nn::ops::layer_norm(&rows, &weight, &bias, epsilon as f32)?
        }
    };
    let norm = norm.clone();
    given(x, y, move |x, dy| normalise_gradient(x, (&weight, dy), &norm))
}

/// With `n` the normal rows, `g = dy·weight` and `⟨·⟩` means over a row: `dx = (g − n⟨g·n⟩)/σ`, less `⟨g⟩/σ` where
/// rows are centred.
fn normalise_gradient(
    x: &Tensor,
    (weight, dy): (&Tensor, &Tensor),
    norm: &Normalisation,
) -> Result<Tensor> {
    let mean = |x: &Tensor| x.mean_keepdim(D::Minus1);
    let (wide, dy) = (x.to_dtype(DType::F32)?, dy.to_dtype(DType::F32)?);
    let (rows, epsilon) = match norm.kind {
        Norm::Rms { epsilon } => (wide, epsilon),
        Norm::Layer { epsilon } => (wide.broadcast_sub(&mean(&wide)?)?, epsilon),
    };
    let deviation = (mean(&rows.sqr()?)? + epsilon)?.sqrt()?;
    let normal = rows.broadcast_div(&deviation)?;
    learn(&norm.weight, || (&dy * &normal)?.sum(0))?;
    if let Some(bias) = &norm.bias {
        learn(bias, || dy.sum(0))?;
    }
    let g = dy.broadcast_mul(&weight.to_dtype(DType::F32)?)?;
    let along = mean(&(&g * &normal)?)?;
    let mut dx = (&g - normal.broadcast_mul(&along)?)?;
    if let Norm::Layer { .. } = norm.kind {
        dx = dx.broadcast_sub(&mean(&g)?)?;
    }
    dx.broadcast_div(&deviation)?.to_dtype(x.dtype())
}

/// [`super::Ops::project`].
pub fn project(engine: &Engine, x: &Tensor, projection: &Projection) -> Result<Tensor> {
    let y = projection.on_device(engine, &x.detach().contiguous()?)?;
    let (engine, projection) = (engine.clone(), projection.clone());
    given(x, y, move |x, dy| projection.gradient_on_device(&engine, &x.contiguous()?, dy))
}

/// `x·weightᵀ`.
fn times(engine: &Engine, x: &Tensor, weight: &Weight) -> Result<Tensor> {
    x.matmul(&weight.on_device(engine)?.t()?)
}

/// The gradient of `x` in `x·weightᵀ`; that of the weight is added to its own.
fn times_gradient(engine: &Engine, x: &Tensor, (weight, dy): (&Weight, &Tensor)) -> Result<Tensor> {
    learn(weight, || dy.t()?.matmul(x))?;
    dy.matmul(&weight.on_device(engine)?)
}

impl Adapter {
    /// scale·x·aᵀ: `[rows, rank]`.
    fn low_on_device(&self, engine: &Engine, x: &Tensor) -> Result<Tensor> {
        times(engine, x, &self.a)? * f64::from(self.scale)
    }
}

impl Projection {
    /// `x·weightᵀ + bias`, with the adapter's part: `[rows, out]`.
    fn on_device(&self, engine: &Engine, x: &Tensor) -> Result<Tensor> {
        let mut y = times(engine, x, &self.weight)?;
        if let Some(adapter) = &self.adapter {
            y = (y + times(engine, &adapter.low_on_device(engine, x)?, &adapter.b)?)?;
        }
        match &self.bias {
            Some(bias) => y.broadcast_add(&bias.on_device(engine)?),
            None => Ok(y),
        }
    }

    /// Adds the gradients of the weights; that of the rows.
    fn gradient_on_device(&self, engine: &Engine, x: &Tensor, dy: &Tensor) -> Result<Tensor> {
        let mut dx = times_gradient(engine, x, (&self.weight, dy))?;
        if let Some(adapter) = &self.adapter {
            let low = adapter.low_on_device(engine, x)?;
            let d_low = times_gradient(engine, &low, (&adapter.b, dy))?;
            let d_low = (d_low * f64::from(adapter.scale))?;
            dx = (dx + times_gradient(engine, x, (&adapter.a, &d_low))?)?;
        }
        if let Some(bias) = &self.bias {
            learn(bias, || dy.to_dtype(DType::F32)?.sum(0))?;
        }
        Ok(dx)
    }
}

/// What the projections into a network gave: `[rows, inner]` each.
struct Inner {
    up: Tensor,
    /// Of a gated network.
    gate: Option<Tensor>,
}

impl Inner {
    fn activated(&self, kind: Activation) -> Result<Tensor> {
        match &self.gate {
            Some(gate) => gate.silu()? * &self.up,
            None if kind == Activation::Gelu => self.up.gelu_erf(),
            None => self.up.gelu(),
        }
    }

    /// The gradients of both, from that of what was activated: candle's own, in single precision.
    fn gradients(&self, kind: Activation, gradient: &Tensor) -> Result<Inner> {
        let wide = |x: &Tensor| Var::from_tensor(&x.to_dtype(DType::F32)?);
        let (up, gate) = (wide(&self.up)?, self.gate.as_ref().map(wide).transpose()?);
        let part = |var: &Var| var.as_tensor().clone();
        let inner = Inner { up: part(&up), gate: gate.as_ref().map(part) };
        // The gradient of a sum, which nobody asks for: one is passed back to each number.
        let grads = (inner.activated(kind)? * gradient.to_dtype(DType::F32)?)?.backward()?;
        let of = |var: &Var| match grads.get(var.as_tensor()) {
            Some(gradient) => gradient.to_dtype(self.up.dtype()),
            None => candle_core::bail!("an activation has no gradient"),
        };
        Ok(Inner { up: of(&up)?, gate: gate.as_ref().map(of).transpose()? })
    }
}

/// [`super::Ops::network`].
pub fn run_network(engine: &Engine, x: &Tensor, network: &Network) -> Result<Tensor> {
    let rows = x.detach().contiguous()?;
    let project = |projection: &Projection| projection.on_device(engine, &rows);
    let inner =
        Inner { up: project(&network.up)?, gate: network.gate.as_ref().map(project).transpose()? };
    let y = network.down.on_device(engine, &inner.activated(network.activation)?)?;
    let (engine, network) = (engine.clone(), network.clone());
    given(x, y, move |x, dy| {
        let Network { gate, up, down, activation } = &network;
        let x = x.contiguous()?;
        let activated = inner.activated(*activation)?;
        let d_activated = down.gradient_on_device(&engine, &activated, dy)?;
        let d_inner = inner.gradients(*activation, &d_activated)?;
        let dx = up.gradient_on_device(&engine, &x, &d_inner.up)?;
        match (gate, &d_inner.gate) {
            (Some(gate), Some(d_gate)) => dx + gate.gradient_on_device(&engine, &x, d_gate)?,
            _ => Ok(dx),
        }
    })
}

/// What the operations of all blocks share in one pass: made once, on the device.
#[derive(Debug)]
pub struct Plan {
    /// Cosines, sines and their negatives at each row's position, where positions are rotary:
    /// `[rows, width / 2]`.
    turns: Option<[Tensor; 3]>,
    attention: Arc<Attention>,
}

impl Plan {
    /// The plan of a pass over rows at these positions.
    pub fn new(
        engine: &Engine,
        (rope, heads): (Option<&Rope>, Heads),
        (positions, groups): (&[u32], &[Group]),
    ) -> Result<Self> {
        let turns = rope.map(|rope| {
            let (cosines, sines) = rope.gather(positions);
            let shape = (positions.len(), rope.half());
            let table = |numbers: Vec<f32>| {
                Tensor::from_vec(numbers, shape, engine.device())?.to_dtype(engine.dtype())
            };
            let sines = table(sines)?;
            let negative = sines.neg()?;
            Ok::<_, candle_core::Error>([table(cosines)?, sines, negative])
        });
        let attention = Attention::new(heads, groups, positions.len(), engine.device())?;
        Ok(Plan { turns: turns.transpose()?, attention: Arc::new(attention) })
    }

    /// Rotates heads of this width by their rows' positions.
    pub fn rotate(&self, x: &Tensor, width: usize) -> Result<Tensor> {
        let Some([cosines, sines, negative]) = self.turns.clone() else {
            candle_core::bail!("a model without rotary positions has nothing to rotate by");
        };
        let y = turned(&x.detach(), width, (&cosines, &sines))?;
        given(x, y, move |_, dy| turned(dy, width, (&cosines, &negative)))
    }

    /// Attends: `q: [rows, heads·width]`, `k, v: [rows, kv heads·width]`.
    pub fn attend(&self, q_k_v: [&Tensor; 3]) -> Result<Tensor> {
        self.attention.attend(q_k_v)
    }
}

/// Each head's first numbers turned, the rest as it is: `x: [rows, heads·width]`.
fn turned(x: &Tensor, width: usize, (cosines, sines): (&Tensor, &Tensor)) -> Result<Tensor> {
    let ((rows, all), own) = (x.dims2()?, 2 * cosines.dim(1)?);
    let heads = x.contiguous()?.reshape((1, rows, all / width, width))?;
    let turn = |x: &Tensor| candle_nn::rotary_emb::rope_thd(&x.contiguous()?, cosines, sines);
    let heads = if own == width {
        turn(&heads)?
    } else {
        let rest = heads.narrow(D::Minus1, own, width - own)?;
        Tensor::cat(&[&turn(&heads.narrow(D::Minus1, 0, own)?)?, &rest], D::Minus1)?
    };
    heads.reshape((rows, all))
}

/// [`super::Ops::pick`].
pub fn pick(engine: &Engine, x: &Tensor, rows: Vec<u32>) -> Result<Tensor> {
    let picks = Picks::new(rows, engine.device())?;
    let y = picks.pick(&x.detach())?;
    given(x, y, move |x, dy| picks.put_back(dy, x.dim(0)?))
}

/// [`super::Ops::score`].
pub fn score(
    engine: &Engine,
    hidden: &Tensor,
    head: &Arc<Weight>,
    (rows, targets): (Vec<u32>, Vec<u32>),
) -> Result<Tensor> {
    let read = pick(engine, hidden, rows)?;
    let targets = Tensor::from_vec(targets, (read.dim(0)?, 1), engine.device())?;
    require_countable(&[read.dim(0)?, head.shape[0]], "logits")?;
    let logits = logits(engine, &read.detach(), head)?;
    let own = logits.gather(&targets, 1)?;
    let top = logits.max_keepdim(1)?;
    let sum = logits.broadcast_sub(&top)?.exp()?.sum_keepdim(1)?;
    let log_probs = (own - (top + sum.log()?)?)?.squeeze(1)?;
    let (engine, head) = (engine.clone(), Arc::clone(head));
    // Logits are computed again: kept, they would be the largest of all that is.
    given(&read, log_probs, move |read, dy| {
        let dy = dy.unsqueeze(1)?;
        let shares = candle_nn::ops::softmax_last_dim(&self::logits(&engine, read, &head)?)?;
        let d_logits = shares.broadcast_mul(&dy.neg()?)?.scatter_add(&targets, &dy, 1)?;
        times_gradient(&engine, read, (&head, &d_logits.to_dtype(read.dtype())?))
    })
}

fn logits(engine: &Engine, hidden: &Tensor, head: &Weight) -> Result<Tensor> {
    times(engine, hidden, head)?.to_dtype(DType::F32)
}
