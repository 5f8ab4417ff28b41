//! Attention by candle's kernels: segments side by side, each filled up to the longest.

use super::given::given_of_three;
use super::picks::{NOTHING, Picks};
use crate::llm::kernels::attention::{Group, Heads, Segment};
use candle_core::{D, DType, Device, Result, Tensor};
use std::sync::Arc;

/// A score that no key is chosen by.
const HIDDEN: f32 = -1e9;

/// Refuses what candle's kernels for graphics processors cannot number: they count in 32 bits, with a sign.
pub fn require_countable(shape: &[usize], what: &str) -> Result<()> {
    let count = shape.iter().product::<usize>();
    if count > i32::MAX as usize {
        candle_core::bail!(
            "{count} {what} in one pass, which are at most {}: lower policy.language-model.rows_at_once",
            i32::MAX
        );
    }
    Ok(())
}

/// Who attends to whom, on the device.
#[derive(Debug)]
pub struct Attention {
    heads: Heads,
    /// The rows of the padded queries and keys: `[segments·longest]`.
    queries: Picks,
    keys: Picks,
    /// 0 or [`HIDDEN`]: `[segments, heads, queries, keys]`.
    mask: Tensor,
    /// Where each row of the result stands among the padded ones.
    back: Picks,
    /// The queries and the keys of the longest segments.
    longest: (usize, usize),
    segments: usize,
}

/// Queries, keys and values side by side, and what each query looks at.
struct Spread {
    /// `[segments, kv heads, heads/kv heads·queries, width]`, times 1/√width. Heads of queries that share a head
    /// of keys stand one below the other, so that keys are not copied for each.
    q: Tensor,
    /// `[segments, kv heads, keys, width]`.
    k: Tensor,
    v: Tensor,
    /// Shares of attention, f32: `[segments, kv heads, heads/kv heads·queries, keys]`.
    shares: Tensor,
}

impl Attention {
    /// The plan of a pass over so many rows.
    pub fn new(heads: Heads, groups: &[Group], rows: usize, device: &Device) -> Result<Self> {
        let Padded { queries, keys, mask, back, longest, segments } = Padded::new(groups, rows);
        require_countable(&[segments, heads.queries, longest.0, longest.1], "shares of attention")?;
        let mask = Tensor::from_vec(mask, (segments, 1, longest.0, longest.1), device)?;
        let of_heads = (segments, heads.queries, longest.0, longest.1);
        Ok(Attention {
            heads,
            queries: Picks::new(queries, device)?,
            keys: Picks::new(keys, device)?,
            // Once, for all blocks: numbers that are not side by side are slow to reach.
            mask: mask.broadcast_as(of_heads)?.contiguous()?,
            back: Picks::new(back, device)?,
            longest,
            segments,
        })
    }

    /// Attends: `q: [rows, heads·width]`, `k, v: [rows, kv heads·width]`.
    pub fn attend(self: &Arc<Self>, [q, k, v]: [&Tensor; 3]) -> Result<Tensor> {
        let spread = self.spread([&q.detach(), &k.detach(), &v.detach()])?;
        let out = spread.shares.to_dtype(v.dtype())?.matmul(&spread.v)?;
        let out = self.back.pick(&self.rows(&out, self.heads.queries)?)?;
        let plan = Arc::clone(self);
        given_of_three([q, k, v], out, move |inputs, dy| plan.gradients(inputs, dy))
    }

    /// Gradients of queries, keys and values: with `d` that of the shares, that of the scores is
    /// `shares·(d − Σ shares·d)`. Shares are computed again: kept, they would fill the memory.
    fn gradients(&self, inputs: [&Tensor; 3], dy: &Tensor) -> Result<[Tensor; 3]> {
        let Heads { queries, keys, .. } = self.heads;
        let rows_of = |x: &Tensor| x.dim(0);
        let [q, k, v] = [rows_of(inputs[0])?, rows_of(inputs[1])?, rows_of(inputs[2])?];
        let spread = self.spread(inputs)?;
        let dy = self.queries(&self.back.put_back(dy, self.segments * self.longest.0)?)?;
        let shares = &spread.shares;
        let d_shares = dy.matmul(&spread.v.t()?)?.to_dtype(DType::F32)?;
        let centred = d_shares.broadcast_sub(&(shares * &d_shares)?.sum_keepdim(D::Minus1)?)?;
        let scores = (shares * centred)?.to_dtype(dy.dtype())?;
        let dq = (scores.matmul(&spread.k)? * self.scale())?;
        let dk = scores.t()?.matmul(&spread.q)?;
        let dv = shares.to_dtype(dy.dtype())?.t()?.matmul(&dy)?;
        Ok([
            self.queries.put_back(&self.rows(&dq, queries)?, q)?,
            self.keys.put_back(&self.rows(&dk, keys)?, k)?,
            self.keys.put_back(&self.rows(&dv, keys)?, v)?,
        ])
    }

    fn scale(&self) -> f64 {
        1.0 / (self.heads.width as f64).sqrt()
    }

    /// Lays rows side by side, and computes the shares.
    fn spread(&self, [q, k, v]: [&Tensor; 3]) -> Result<Spread> {
        let Heads { queries, keys, width } = self.heads;
        let (segments, (longest_q, longest_k)) = (self.segments, self.longest);
        let by_head = |x: &Tensor| {
            let x = self.keys.pick(x)?.reshape((segments, longest_k, keys, width))?;
            x.transpose(1, 2)?.contiguous()
        };
        let (k, v) = (by_head(k)?, by_head(v)?);
        let q = self.queries(&(self.queries.pick(q)? * self.scale())?)?;
        let scores = q.matmul(&k.t()?)?.to_dtype(DType::F32)?;
        let scores = scores.reshape((segments, queries, longest_q, longest_k))?;
        let shares = candle_nn::ops::softmax_last_dim(&(scores + &self.mask)?)?;
        let together = (segments, keys, queries / keys * longest_q, longest_k);
        Ok(Spread { q, k, v, shares: shares.reshape(together)? })
    }

    /// `[segments·queries, heads·width]` to `[segments, kv heads, heads/kv heads·queries, width]`.
    fn queries(&self, x: &Tensor) -> Result<Tensor> {
        let Heads { queries, keys, width } = self.heads;
        let longest = self.longest.0;
        let x = x.reshape((self.segments, longest, queries, width))?.transpose(1, 2)?;
        x.contiguous()?.reshape((self.segments, keys, queries / keys * longest, width))
    }

    /// The way back, of queries or of keys: `[segments·longest, heads·width]`.
    fn rows(&self, x: &Tensor, heads: usize) -> Result<Tensor> {
        let width = self.heads.width;
        let longest = x.elem_count() / (self.segments * heads * width).max(1);
        let x = x.contiguous()?.reshape((self.segments, heads, longest, width))?;
        let x = x.transpose(1, 2)?.contiguous()?;
        x.reshape((self.segments * longest, heads * width))
    }
}

/// Segments side by side, each filled up to the longest with rows that are hidden.
struct Padded {
    /// The row of each padded query and key: `[segments·longest]`.
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
            back: vec![NOTHING; rows],
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
        self.queries.extend(std::iter::repeat_n(NOTHING, filled));
        let own = segment.prefix.clone().chain(segment.own.clone());
        self.keys.extend(own.map(|row| row as u32));
        let count = segment.prefix.len() + segment.own.len();
        self.keys.extend(std::iter::repeat_n(NOTHING, keys - count));
        let first = count + 1 - segment.queries.len();
        for i in 0..queries {
            let seen = (first + i).min(count);
            self.mask.extend((0..keys).map(|j| if j < seen { 0.0 } else { HIDDEN }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 17 segments of 32 heads, 2048 queries and 2304 keys are 2.57·10⁹; half as many segments fit.
    #[test]
    fn more_shares_than_kernels_can_count_are_refused() {
        assert!(require_countable(&[8, 32, 2048, 2304], "shares").is_ok());
        let error = require_countable(&[17, 32, 2048, 2304], "shares").expect_err("too many");
        assert!(error.to_string().contains("2566914048 shares in one pass"), "{error}");
    }
}
