//! The same operations, composed of candle's own: for any device.

use super::{Normalisation, Projection};
use crate::llm::kernels::attention::{Group, Heads, Segment};
use crate::llm::kernels::rope::Rope;
use crate::llm::{Engine, Norm, Weight};
use candle_core::{D, DType, Device, Result, Tensor};

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
    let scaled = normal.broadcast_mul(norm.weight.on_device(engine)?.as_tensor())?;
    match &norm.bias {
        Some(bias) => scaled.broadcast_add(bias.on_device(engine)?.as_tensor()),
        None => Ok(scaled),
    }
}

pub fn project(engine: &Engine, x: &Tensor, projection: &Projection) -> Result<Tensor> {
    let transposed = |weight: &Weight| weight.on_device(engine)?.t();
    let x = &x.contiguous()?;
    let mut y = x.matmul(&transposed(&projection.weight)?)?;
    if let Some(adapter) = &projection.adapter {
        let low = (x.matmul(&transposed(&adapter.a)?)? * f64::from(adapter.scale))?;
        y = (y + low.matmul(&transposed(&adapter.b)?)?)?;
    }
    match &projection.bias {
        Some(bias) => y.broadcast_add(bias.on_device(engine)?.as_tensor()),
        None => Ok(y),
    }
}

pub fn rotate(
    engine: &Engine,
    x: &Tensor,
    (rope, width): (&Rope, usize),
    positions: &[u32],
) -> Result<Tensor> {
    let (rows, all) = x.dims2()?;
    let (cosines, sines) = rope.gather(positions);
    let half = rope.half();
    let table = |numbers: Vec<f32>| {
        Tensor::from_vec(numbers, (rows, 1, half), engine.device())?.to_dtype(x.dtype())
    };
    let (cosines, sines) = (table(cosines)?, table(sines)?);
    let heads = x.contiguous()?.reshape((rows, all / width, width))?;
    let (a, b) = (heads.narrow(2, 0, half)?, heads.narrow(2, half, half)?);
    let turned_a = (a.broadcast_mul(&cosines)? - b.broadcast_mul(&sines)?)?;
    let turned_b = (b.broadcast_mul(&cosines)? + a.broadcast_mul(&sines)?)?;
    let rest = heads.narrow(2, 2 * half, width - 2 * half)?;
    let parts =
        if 2 * half == width { vec![turned_a, turned_b] } else { vec![turned_a, turned_b, rest] };
    Tensor::cat(&parts, 2)?.reshape((rows, all))
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

pub fn attend(
    heads: Heads,
    (q, k, v): (&Tensor, &Tensor, &Tensor),
    groups: &[Group],
) -> Result<Tensor> {
    let (device, rows) = (q.device(), q.dim(0)?);
    let padded = Padded::new(groups, rows);
    let (longest_q, longest_k) = padded.longest;
    let segments = padded.segments;
    let repeats = heads.queries / heads.keys;
    let keys = indices(padded.keys, device)?;
    // [rows, heads·width] → [segments, heads, longest, width]
    let spread = |x: &Tensor, index: &Tensor, longest: usize, count: usize| {
        x.contiguous()?
            .index_select(index, 0)?
            .reshape((segments, longest, count, heads.width))?
            .transpose(1, 2)?
            .contiguous()
    };
    let shared = |x: &Tensor| {
        let x = spread(x, &keys, longest_k, heads.keys)?;
        let shape = (segments, heads.keys, repeats, longest_k, heads.width);
        x.unsqueeze(2)?.broadcast_as(shape)?.contiguous()?.reshape((
            segments,
            heads.queries,
            longest_k,
            heads.width,
        ))
    };
    let queries = spread(q, &indices(padded.queries, device)?, longest_q, heads.queries)?;
    let scale = 1.0 / (heads.width as f64).sqrt();
    let scores = (queries.matmul(&shared(k)?.transpose(2, 3)?.contiguous()?)? * scale)?;
    let mask = Tensor::from_vec(padded.mask, (segments, 1, longest_q, longest_k), device)?;
    let scores = scores.to_dtype(DType::F32)?.broadcast_add(&mask)?;
    let shares = candle_nn::ops::softmax(&scores, D::Minus1)?.to_dtype(q.dtype())?;
    let out = shares.matmul(&shared(v)?)?.transpose(1, 2)?.contiguous()?;
    let out = out.reshape((segments * longest_q, heads.queries * heads.width))?;
    out.index_select(&indices(padded.back, device)?, 0)
}

pub fn score(
    engine: &Engine,
    hidden: &Tensor,
    head: &Weight,
    (rows, targets): (Vec<u32>, Vec<u32>),
) -> Result<Tensor> {
    let device = engine.device();
    let hidden = hidden.contiguous()?.index_select(&indices(rows, device)?, 0)?;
    let logits = hidden.matmul(&head.on_device(engine)?.t()?)?.to_dtype(DType::F32)?;
    let log_probs = candle_nn::ops::log_softmax(&logits, D::Minus1)?;
    log_probs.gather(&indices(targets, device)?.unsqueeze(1)?, 1)?.squeeze(1)
}
