//! Causal attention over packed sequences that share their prompts.
//!
//! Sequences stand one after another as rows, without padding. Responses to one prompt attend to
//! the prompt's rows and to their own, so that the prompt is computed once for all of them.

use super::{dot, exponential};
use crate::numerics::{Threads, Write, product, vectorised};
use ndarray::{ArrayView2, ArrayViewMut2, s};
use rayon::prelude::*;
use std::ops::Range;

/// Sizes of attention heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Heads of queries.
    pub queries: usize,
    /// Heads of keys and values; each serves `queries / keys` heads of queries.
    pub keys: usize,
    /// Width of a head.
    pub width: usize,
}

/// A run of rows that attends to the rows of its prompt and, causally, to its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Rows of queries.
    pub queries: Range<usize>,
    /// Rows of keys that every query sees.
    pub prefix: Range<usize>,
    /// Rows of keys that are seen causally: the last query sees all of them.
    pub own: Range<usize>,
}

/// Consecutive rows of queries whose keys are not shared with other groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Rows of queries, and of keys where gradients are taken.
    pub rows: Range<usize>,
    /// What stands in them.
    pub segments: Vec<Segment>,
}

/// Queries, keys and values: `[rows, heads·width]` each, rows at any distance.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Queries.
    pub q: ArrayView2<'a, f32>,
    /// Keys.
    pub k: ArrayView2<'a, f32>,
    /// Values.
    pub v: ArrayView2<'a, f32>,
}

/// From so many rows on, products by the blocked kernels pay.
const MANY_ROWS: usize = 16;

/// `out[i, j] = x[i]·y[j]`.
fn meet(x: ArrayView2<'_, f32>, y: ArrayView2<'_, f32>, mut out: ArrayViewMut2<'_, f32>) {
    if x.nrows() >= MANY_ROWS {
        return product(x, y.t(), out, Write::Fresh, Threads::One);
    }
    for (x, mut out) in x.rows().into_iter().zip(out.rows_mut()) {
        let x = x.to_slice().expect("a row of a head is contiguous");
        for (y, out) in y.rows().into_iter().zip(&mut out) {
            *out = dot(x, y.to_slice().expect("a row of a head is contiguous"));
        }
    }
}

/// `out[i] += Σⱼ p[i, j]·y[j]`.
fn mix(p: ArrayView2<'_, f32>, y: ArrayView2<'_, f32>, mut out: ArrayViewMut2<'_, f32>) {
    if p.nrows() >= MANY_ROWS {
        return product(p, y, out, Write::Sum, Threads::One);
    }
    for (p, mut out) in p.rows().into_iter().zip(out.rows_mut()) {
        let out = out.as_slice_mut().expect("a row of a head is contiguous");
        for (&p, y) in p.iter().zip(y.rows()) {
            let y = y.to_slice().expect("a row of a head is contiguous");
            out.iter_mut().zip(y).for_each(|(out, y)| *out += p * y);
        }
    }
}

/// `out[j] += Σᵢ p[i, j]·x[i]`.
fn spread(p: ArrayView2<'_, f32>, x: ArrayView2<'_, f32>, mut out: ArrayViewMut2<'_, f32>) {
    if p.nrows() >= MANY_ROWS {
        return product(p.t(), x, out, Write::Sum, Threads::One);
    }
    for (p, x) in p.rows().into_iter().zip(x.rows()) {
        let x = x.to_slice().expect("a row of a head is contiguous");
        for (&p, mut out) in p.iter().zip(out.rows_mut()) {
            let out = out.as_slice_mut().expect("a row of a head is contiguous");
            out.iter_mut().zip(x).for_each(|(out, x)| *out += p * x);
        }
    }
}

/// Softmax of scaled numbers, in place.
fn softmax(row: &mut [f32], scale: f32) {
    vectorised(
        #[inline(always)]
        || {
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            row.iter_mut().for_each(|x| *x = exponential((*x - top) * scale));
            let total: f32 = row.iter().sum();
            row.iter_mut().for_each(|x| *x /= total);
        },
    );
}

/// One head of one segment.
struct Head<'a> {
    segment: &'a Segment,
    q: ArrayView2<'a, f32>,
    k: [ArrayView2<'a, f32>; 2],
    v: [ArrayView2<'a, f32>; 2],
    scale: f32,
}

impl<'a> Head<'a> {
    fn new(inputs: &Inputs<'a>, heads: Heads, segment: &'a Segment, h: usize) -> Self {
        let columns = h * heads.width..(h + 1) * heads.width;
        let shared = key_columns(heads, h);
        let [prefix, own] = [segment.prefix.clone(), segment.own.clone()];
        let keys = |rows: Range<usize>| inputs.k.slice_move(s![rows, shared.clone()]);
        let values = |rows: Range<usize>| inputs.v.slice_move(s![rows, shared.clone()]);
        Head {
            segment,
            q: inputs.q.slice_move(s![segment.queries.clone(), columns]),
            k: [keys(prefix.clone()), keys(own.clone())],
            v: [values(prefix), values(own)],
            scale: 1.0 / (heads.width as f32).sqrt(),
        }
    }

    /// The share of each key in each query's result: `[queries, prefix + own]`.
    fn shares(&self) -> ndarray::Array2<f32> {
        let (queries, before) = (self.q.nrows(), self.k[0].nrows());
        let mut p = ndarray::Array2::zeros((queries, before + self.k[1].nrows()));
        meet(self.q, self.k[0], p.slice_mut(s![.., ..before]));
        meet(self.q, self.k[1], p.slice_mut(s![.., before..]));
        // The last query sees every key, the one before it one key less, and so on.
        let hidden = p.ncols() + 1 - queries;
        for (i, mut row) in p.rows_mut().into_iter().enumerate() {
            let row = row.as_slice_mut().expect("rows are contiguous");
            let (seen, unseen) = row.split_at_mut(hidden + i);
            unseen.fill(0.0);
            softmax(seen, self.scale);
        }
        p
    }

    /// The two parts of a matrix over keys.
    fn parts<'b>(&self, p: &'b ndarray::Array2<f32>) -> [ArrayView2<'b, f32>; 2] {
        let (prefix, own) = p.view().split_at(ndarray::Axis(1), self.segment.prefix.len());
        [prefix, own]
    }
}

/// The columns of the keys that serve head `h` of the queries.
fn key_columns(heads: Heads, h: usize) -> Range<usize> {
    let shared = h / (heads.queries / heads.keys);
    shared * heads.width..(shared + 1) * heads.width
}

/// Cuts rows of `width` numbers into those of each group.
fn cut<'a>(mut rows: &'a mut [f32], groups: &[Group], width: usize) -> Vec<&'a mut [f32]> {
    let mut pieces = Vec::with_capacity(groups.len());
    for group in groups {
        let (own, rest) = rows.split_at_mut(group.rows.len() * width);
        pieces.push(own);
        rows = rest;
    }
    pieces
}

fn for_each<T: Send>(threads: Threads, work: Vec<T>, run: impl Fn(T) + Sync + Send) {
    match threads {
        Threads::One => work.into_iter().for_each(run),
        Threads::Pool => work.into_par_iter().with_max_len(1).for_each(run),
    }
}

/// softmax(q·kᵀ/√width)·v, head by head: `out: [rows, heads·width]`, zeroed.
pub fn attend<'a>(
    heads: Heads,
    inputs: Inputs<'a>,
    groups: &'a [Group],
    out: &mut [f32],
    threads: Threads,
) {
    let width = heads.queries * heads.width;
    let pieces = cut(out, groups, width);
    for_each(threads, groups.iter().zip(pieces).collect(), |(group, out)| {
        let shape = (group.rows.len(), width);
        let mut out = ArrayViewMut2::from_shape(shape, out).expect("rows of a group");
        for segment in &group.segments {
            let start = group.rows.start;
            let rows = segment.queries.start - start..segment.queries.end - start;
            for h in 0..heads.queries {
                let head = Head::new(&inputs, heads, segment, h);
                let p = head.shares();
                let columns = h * heads.width..(h + 1) * heads.width;
                for (p, v) in head.parts(&p).into_iter().zip(head.v) {
                    mix(p, v, out.slice_mut(s![rows.clone(), columns.clone()]));
                }
            }
        }
    });
}

/// The gradients of [`attend`]'s queries, keys and values, zeroed before: `[rows, heads·width]`.
pub struct Gradients<'a> {
    /// Of the queries.
    pub q: &'a mut [f32],
    /// Of the keys.
    pub k: &'a mut [f32],
    /// Of the values.
    pub v: &'a mut [f32],
}

/// Back-propagates through [`attend`]; shares are computed again instead of being kept.
pub fn attend_gradient<'a>(
    heads: Heads,
    inputs: Inputs<'a>,
    groups: &'a [Group],
    (gradient, out): (ArrayView2<'_, f32>, Gradients<'_>),
    threads: Threads,
) {
    let (width, shared) = (heads.queries * heads.width, heads.keys * heads.width);
    let pieces = cut(out.q, groups, width)
        .into_iter()
        .zip(cut(out.k, groups, shared).into_iter().zip(cut(out.v, groups, shared)));
    for_each(threads, groups.iter().zip(pieces).collect(), |(group, (dq, (dk, dv)))| {
        let view = |numbers, width| {
            ArrayViewMut2::from_shape((group.rows.len(), width), numbers).expect("rows of a group")
        };
        let (mut dq, mut dk, mut dv) = (view(dq, width), view(dk, shared), view(dv, shared));
        for segment in &group.segments {
            for h in 0..heads.queries {
                let head = Head::new(&inputs, heads, segment, h);
                let columns = h * heads.width..(h + 1) * heads.width;
                let dy = gradient.slice(s![segment.queries.clone(), columns.clone()]);
                let keys = key_columns(heads, h);
                let (dk, dv) = (dk.slice_mut(s![.., keys.clone()]), dv.slice_mut(s![.., keys]));
                let dq = dq.slice_mut(s![.., columns]);
                head_gradient(&head, group.rows.start, dy, (dq, dk, dv));
            }
        }
    });
}

/// Adds the gradients of one head of one segment to its columns of the group's rows.
fn head_gradient(
    head: &Head<'_>,
    start: usize,
    dy: ArrayView2<'_, f32>,
    (mut dq, mut dk, mut dv): (
        ArrayViewMut2<'_, f32>,
        ArrayViewMut2<'_, f32>,
        ArrayViewMut2<'_, f32>,
    ),
) {
    let p = head.shares();
    let mut ds = ndarray::Array2::zeros(p.dim());
    let before = head.segment.prefix.len();
    meet(dy, head.v[0], ds.slice_mut(s![.., ..before]));
    meet(dy, head.v[1], ds.slice_mut(s![.., before..]));
    for (mut ds, p) in ds.rows_mut().into_iter().zip(p.rows()) {
        let (ds, p) = (ds.as_slice_mut().expect("row"), p.to_slice().expect("row"));
        let mean = dot(ds, p);
        ds.iter_mut().zip(p).for_each(|(ds, p)| *ds = p * (*ds - mean) * head.scale);
    }
    let within = |rows: &Range<usize>| rows.start - start..rows.end - start;
    let queries = within(&head.segment.queries);
    let parts = head.parts(&p).into_iter().zip(head.parts(&ds));
    let rows = [&head.segment.prefix, &head.segment.own];
    for (((p, ds), k), rows) in parts.zip(head.k).zip(rows) {
        if rows.is_empty() {
            continue;
        }
        let keys = within(rows);
        mix(ds, k, dq.slice_mut(s![queries.clone(), ..]));
        spread(ds, head.q, dk.slice_mut(s![keys.clone(), ..]));
        spread(p, dy, dv.slice_mut(s![keys, ..]));
    }
}

#[cfg(test)]
mod tests;
