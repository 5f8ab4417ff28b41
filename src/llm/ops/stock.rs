//! The same operations, composed of candle's own: for any device.

use super::{Normalisation, Projection};
use crate::llm::kernels::attention::{Group, Heads, Segment};
use crate::llm::kernels::rope::Rope;
use crate::llm::{Engine, Norm, Weight};
use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, D, DType, Device, Layout, MetalStorage, Result, Shape,
    Storage, Tensor,
};

/// A score that no key is chosen by.
const HIDDEN: f32 = -1e9;

pub fn normalise(engine: &Engine, x: &Tensor, norm: &Normalisation) -> Result<Tensor> {
    let wide = x.to_dtype(DType::F32)?;
    let (centred, epsilon) = match norm.kind {
        Norm::Rms { epsilon } => (wide, epsilon),
        Norm::Layer { epsilon } => (wide.broadcast_sub(&wide.mean_keepdim(D::Minus1)?)?, epsilon),
    };
    let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?;
    let normal = centred.broadcast_div(&deviation)?.to_dtype(x.dtype())?;
    let scaled = normal.broadcast_mul(&norm.weight.on_device(engine)?)?;
    match &norm.bias {
        Some(bias) => scaled.broadcast_add(&bias.on_device(engine)?),
        None => Ok(scaled),
    }
}

pub fn project(engine: &Engine, x: &Tensor, projection: &Projection) -> Result<Tensor> {
    let x = &x.contiguous()?;
    let mut y = times_transposed(engine, x, &projection.weight)?;
    if let Some(adapter) = &projection.adapter {
        let low = (times_transposed(engine, x, &adapter.a)? * f64::from(adapter.scale))?;
        y = (y + times_transposed(engine, &low, &adapter.b)?)?;
    }
    match &projection.bias {
        Some(bias) => y.broadcast_add(&bias.on_device(engine)?),
        None => Ok(y),
    }
}

/// `x·weightᵀ`, whose gradient is that of `x` alone where the weight does not learn.
fn times_transposed(engine: &Engine, x: &Tensor, weight: &Weight) -> Result<Tensor> {
    let own = weight.on_device(engine)?;
    if weight.is_trained() { x.matmul(&own.t()?) } else { x.apply_op1(TimesFrozen { weight: own }) }
}

/// `x·weightᵀ`; candle's own product would take the gradient of the weight too.
struct TimesFrozen {
    /// `[out, in]`.
    weight: Tensor,
}

impl TimesFrozen {
    fn product<S: BackendStorage>(
        &self,
        (x, layout): (&S, &Layout),
        of: impl Fn(&Storage) -> Option<&S>,
    ) -> Result<(S, Shape)> {
        let ((rows, inner), out) = (layout.shape().dims2()?, self.weight.dim(0)?);
        let transposed = self.weight.t()?;
        let (storage, weight) = transposed.storage_and_layout();
        let Some(storage) = of(&storage) else {
            candle_core::bail!("a weight is on another device than what it is multiplied by");
        };
        let product = x.matmul(storage, (1, rows, out, inner), layout, weight)?;
        Ok((product, Shape::from((rows, out))))
    }
}

impl CustomOp1 for TimesFrozen {
    fn name(&self) -> &'static str {
        "times-frozen"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.product((x, layout), |storage| match storage {
            Storage::Cpu(storage) => Some(storage),
            _ => None,
        })
    }

    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        self.product((x, layout), |storage| match storage {
            Storage::Cuda(storage) => Some(storage),
            _ => None,
        })
    }

    fn metal_fwd(&self, x: &MetalStorage, layout: &Layout) -> Result<(MetalStorage, Shape)> {
        self.product((x, layout), |storage| match storage {
            Storage::Metal(storage) => Some(storage),
            _ => None,
        })
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        dy.contiguous()?.matmul(&self.weight).map(Some)
    }
}

/// What the operations of all blocks share in one pass: made once, on the device.
#[derive(Debug)]
pub struct Plan {
    /// Cosines and sines of each row's position, where positions are rotary: `[rows, 1, width / 2]`.
    turns: Option<[Tensor; 2]>,
    attention: Attention,
}

impl Plan {
    /// The plan of a pass over rows at these positions.
    pub fn new(
        engine: &Engine,
        rope: Option<&Rope>,
        (positions, groups): (&[u32], &[Group]),
    ) -> Result<Self> {
        let turns = rope.map(|rope| {
            let (cosines, sines) = rope.gather(positions);
            let shape = (positions.len(), 1, rope.half());
            let table = |numbers: Vec<f32>| {
                Tensor::from_vec(numbers, shape, engine.device())?.to_dtype(engine.dtype())
            };
            Ok::<_, candle_core::Error>([table(cosines)?, table(sines)?])
        });
        let attention = Attention::new(Padded::new(groups, positions.len()), engine.device())?;
        Ok(Plan { turns: turns.transpose()?, attention })
    }

    /// Rotates heads of this width by their rows' positions.
    pub fn rotate(&self, x: &Tensor, width: usize) -> Result<Tensor> {
        let Some([cosines, sines]) = &self.turns else {
            candle_core::bail!("a model without rotary positions has nothing to rotate by");
        };
        let ((rows, all), half) = (x.dims2()?, cosines.dim(2)?);
        let heads = x.contiguous()?.reshape((rows, all / width, width))?;
        let (a, b) = (heads.narrow(2, 0, half)?, heads.narrow(2, half, half)?);
        let turned_a = (a.broadcast_mul(cosines)? - b.broadcast_mul(sines)?)?;
        let turned_b = (b.broadcast_mul(cosines)? + a.broadcast_mul(sines)?)?;
        let rest = heads.narrow(2, 2 * half, width - 2 * half)?;
        let parts = if 2 * half == width {
            vec![turned_a, turned_b]
        } else {
            vec![turned_a, turned_b, rest]
        };
        Tensor::cat(&parts, 2)?.reshape((rows, all))
    }

    /// Attends: `q: [rows, heads·width]`, `k, v: [rows, kv heads·width]`.
    pub fn attend(&self, heads: Heads, (q, k, v): (&Tensor, &Tensor, &Tensor)) -> Result<Tensor> {
        let Attention { queries, keys, mask, back, longest, segments } = &self.attention;
        let (segments, (longest_q, longest_k)) = (*segments, *longest);
        // [rows, heads·width] → [segments, heads, longest, width]
        let spread = |x: &Tensor, index: &Tensor, longest: usize, count: usize| {
            x.contiguous()?
                .index_select(index, 0)?
                .reshape((segments, longest, count, heads.width))?
                .transpose(1, 2)?
                .contiguous()
        };
        // The heads of queries that share a head of keys stand one below the other, so that keys are
        // not copied for each.
        let together = (segments, heads.keys, heads.queries / heads.keys * longest_q, heads.width);
        let apart = (segments, heads.queries, longest_q, heads.width);
        let q = spread(q, queries, longest_q, heads.queries)?.reshape(together)?;
        let k = spread(k, keys, longest_k, heads.keys)?;
        let v = spread(v, keys, longest_k, heads.keys)?;
        let scale = 1.0 / (heads.width as f64).sqrt();
        let scores = (q.matmul(&k.transpose(2, 3)?)? * scale)?;
        let of_queries = (segments, heads.queries, longest_q, longest_k);
        let scores = scores.to_dtype(DType::F32)?.reshape(of_queries)?.broadcast_add(mask)?;
        let shares = candle_nn::ops::softmax(&scores, D::Minus1)?.to_dtype(q.dtype())?;
        let of_keys = (segments, heads.keys, together.2, longest_k);
        let out = shares.reshape(of_keys)?.matmul(&v)?.reshape(apart)?;
        let out = out.transpose(1, 2)?.contiguous()?;
        let out = out.reshape((segments * longest_q, heads.queries * heads.width))?;
        out.index_select(back, 0)
    }
}

/// Who attends to whom, on the device.
#[derive(Debug)]
struct Attention {
    queries: Tensor,
    keys: Tensor,
    mask: Tensor,
    back: Tensor,
    longest: (usize, usize),
    segments: usize,
}

impl Attention {
    fn new(padded: Padded, device: &Device) -> Result<Self> {
        let Padded { queries, keys, mask, back, longest, segments } = padded;
        let shape = (segments, 1, longest.0, longest.1);
        Ok(Attention {
            queries: indices(queries, device)?,
            keys: indices(keys, device)?,
            mask: Tensor::from_vec(mask, shape, device)?,
            back: indices(back, device)?,
            longest,
            segments,
        })
    }
}

/// Segments side by side, each filled up to the longest with rows that are hidden.
struct Padded {
    /// The row of each padded query and key: `[segments, longest]`.
    queries: Vec<u32>,
    keys: Vec<u32>,
    /// 0 or [`HIDDEN`]: `[segments, 1, queries, keys]`.
    mask: Vec<f32>,
    /// Where each row of the result stands among the padded ones.
    back: Vec<u32>,
    longest: (usize, usize),
    segments: usize,
}

impl Padded {
    fn new(groups: &[Group], rows: usize) -> Self {
        let segments: Vec<&Segment> = groups.iter().flat_map(|g| &g.segments).collect();
        let keys_of = |s: &&Segment| s.prefix.len() + s.own.len();
        let longest = (
            segments.iter().map(|s| s.queries.len()).max().unwrap_or(0),
            segments.iter().map(keys_of).max().unwrap_or(0),
        );
        let mut padded = Padded {
            queries: Vec::new(),
            keys: Vec::new(),
            mask: Vec::new(),
            back: vec![0; rows],
            longest,
            segments: segments.len(),
        };
        segments.iter().for_each(|segment| padded.push(segment));
        padded
    }

    fn push(&mut self, segment: &Segment) {
        let (queries, keys) = self.longest;
        for row in segment.queries.clone() {
            self.back[row] = self.queries.len() as u32;
            self.queries.push(row as u32);
        }
        let filled = queries - segment.queries.len();
        self.queries.extend(std::iter::repeat_n(0, filled));
        let own = segment.prefix.clone().chain(segment.own.clone());
        self.keys.extend(own.map(|row| row as u32));
        let count = segment.prefix.len() + segment.own.len();
        self.keys.extend(std::iter::repeat_n(0, keys - count));
        let first = count + 1 - segment.queries.len();
        for i in 0..queries {
            let seen = (first + i).min(count);
            self.mask.extend((0..keys).map(|j| if j < seen { 0.0 } else { HIDDEN }));
        }
    }
}

fn indices(numbers: Vec<u32>, device: &Device) -> Result<Tensor> {
    let count = numbers.len();
    Tensor::from_vec(numbers, count, device)
}

pub fn score(
    engine: &Engine,
    hidden: &Tensor,
    head: &Weight,
    (rows, targets): (Vec<u32>, Vec<u32>),
) -> Result<Tensor> {
    let device = engine.device();
    let hidden = hidden.contiguous()?.index_select(&indices(rows, device)?, 0)?;
    let logits = times_transposed(engine, &hidden, head)?.to_dtype(DType::F32)?;
    let log_probs = candle_nn::ops::log_softmax(&logits, D::Minus1)?;
    log_probs.gather(&indices(targets, device)?.unsqueeze(1)?, 1)?.squeeze(1)
}
