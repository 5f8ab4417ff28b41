//! Projections on the host, forward and backward; gradients of weights are added where they are kept.

use super::host::{matrix, view};
use super::{Adapter, Projection};
use crate::llm::Weight;
use crate::llm::kernels::row_by_row;
use crate::numerics::{Threads, Write, product};
use ndarray::ArrayView2;

/// How products of rows are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// In blocks: the order of a sum depends on the number of rows.
    Blocked,
    /// Row by row: a row's result has the same bits in any batch.
    RowByRow,
}

/// By what means a product is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// On how many threads.
    pub threads: Threads,
    /// In which order of sums.
    pub arithmetic: Arithmetic,
}

/// A weight as a matrix.
pub fn weights(weight: &Weight) -> ArrayView2<'_, f32> {
    matrix(&weight.value, weight.shape[1])
}

impl Means {
    /// `out (+)= x·weightᵀ`.
    fn times(self, x: ArrayView2<'_, f32>, weight: &Weight, (out, write): (&mut [f32], Write)) {
        if self.arithmetic == Arithmetic::RowByRow
            && let Some(numbers) = x.to_slice()
        {
            let rows = (numbers, x.nrows());
            row_by_row::times_transposed(rows, &weight.value, (out, write), self.threads);
            return;
        }
        product(x, weights(weight).t(), view(out, weight.shape[0]), write, self.threads);
    }
}

impl Adapter {
    /// scale·x·aᵀ: `[rows, rank]`.
    fn low(&self, x: ArrayView2<'_, f32>, means: Means) -> Vec<f32> {
        let mut low = vec![0.0; x.nrows() * self.a.shape[0]];
        means.times(x, &self.a, (&mut low, Write::Fresh));
        low.iter_mut().for_each(|u| *u *= self.scale);
        low
    }

    /// Adds the gradients of `a`, `b` and, into `dx`, of the rows.
    fn backward(
        &self,
        x: ArrayView2<'_, f32>,
        (dy, dx): (ArrayView2<'_, f32>, &mut [f32]),
        means: Means,
    ) {
        let (rank, width, threads) = (self.a.shape[0], self.a.shape[1], means.threads);
        let low = self.low(x, means);
        self.b.add_gradient(|db| {
            product(dy.t(), matrix(&low, rank), view(db, rank), Write::Sum, threads);
        });
        let mut d_low = vec![0.0; low.len()];
        product(dy, weights(&self.b), view(&mut d_low, rank), Write::Fresh, threads);
        d_low.iter_mut().for_each(|u| *u *= self.scale);
        let d_low = matrix(&d_low, rank);
        self.a.add_gradient(|da| product(d_low.t(), x, view(da, width), Write::Sum, threads));
        product(d_low, weights(&self.a), view(dx, width), Write::Sum, threads);
    }
}

impl Projection {
    /// `x·weightᵀ + bias`, with the adapter's part: `[rows, out]`.
    pub fn forward(&self, x: ArrayView2<'_, f32>, means: Means) -> Vec<f32> {
        let outputs = self.weight.shape[0];
        let mut out = vec![0.0; x.nrows() * outputs];
        means.times(x, &self.weight, (&mut out, Write::Fresh));
        if let Some(adapter) = &self.adapter {
            let low = adapter.low(x, means);
            means.times(matrix(&low, adapter.a.shape[0]), &adapter.b, (&mut out, Write::Sum));
        }
        if let Some(bias) = &self.bias {
            for row in out.chunks_exact_mut(outputs) {
                row.iter_mut().zip(&bias.value).for_each(|(y, b)| *y += b);
            }
        }
        out
    }

    /// Adds the gradients of the weights, and writes or adds that of the rows into `dx`.
    pub fn backward(
        &self,
        x: ArrayView2<'_, f32>,
        (dy, dx, write): (ArrayView2<'_, f32>, &mut [f32], Write),
        means: Means,
    ) {
        let Projection { weight, bias, adapter } = self;
        let (width, threads) = (weight.shape[1], means.threads);
        product(dy, weights(weight), view(dx, width), write, threads);
        weight.add_gradient(|dw| product(dy.t(), x, view(dw, width), Write::Sum, threads));
        if let Some(adapter) = adapter {
            adapter.backward(x, (dy, dx), means);
        }
        if let Some(bias) = bias {
            bias.add_gradient(|db| {
                for row in dy.rows() {
                    db.iter_mut().zip(row).for_each(|(d, dy)| *d += dy);
                }
            });
        }
    }
}
