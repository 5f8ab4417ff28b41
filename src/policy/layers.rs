//! Layers with hand-written, batched back-propagation in single precision.

use crate::numerics::{Threads, Write, product};
use ndarray::{Array1, Array2, ArrayView2, Axis, CowArray, Ix2};
use ndarray_rand::RandomExt;
use rand::Rng;
use rand_distr::Uniform;

/// An affine map `Y = X·W + b`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linear {
    /// `[inputs, outputs]`.
    pub weight: Array2<f32>,
    /// `[outputs]`.
    pub bias: Array1<f32>,
    pub weight_gradient: Array2<f32>,
    pub bias_gradient: Array1<f32>,
}

impl Linear {
    /// Xavier-uniform weights, `U(±gain·√(6 / (inputs + outputs)))`, and zero biases.
    pub fn xavier(inputs: usize, outputs: usize, gain: f32, rng: &mut impl Rng) -> Self {
        let bound = gain * (6.0 / (inputs + outputs) as f32).sqrt();
        let uniform = Uniform::new_inclusive(-bound, bound).expect("a finite, ordered range");
        Linear {
            weight: Array2::random_using((inputs, outputs), uniform, rng),
            bias: Array1::zeros(outputs),
            weight_gradient: Array2::zeros((inputs, outputs)),
            bias_gradient: Array1::zeros(outputs),
        }
    }

    /// `x: [batch, inputs]` to `[batch, outputs]`.
    pub fn forward(&self, x: &Active) -> Array2<f32> {
        let mut y = Array2::zeros((x.values.nrows(), self.bias.len()));
        y.rows_mut().into_iter().for_each(|mut row| row.assign(&self.bias));
        add_product(x.values.view(), x.rows_of(&self.weight).view(), &mut y);
        y
    }

    /// Adds the gradients of weight and bias.
    pub fn accumulate(&mut self, x: &Active, dy: &Array2<f32>) {
        self.bias_gradient += &dy.sum_axis(Axis(0));
        let Some(columns) = &x.columns else {
            return add_product(x.values.t(), dy.view(), &mut self.weight_gradient);
        };
        let mut kept = Array2::zeros((columns.len(), dy.ncols()));
        add_product(x.values.t(), dy.view(), &mut kept);
        for (&column, row) in columns.iter().zip(kept.rows()) {
            self.weight_gradient.row_mut(column).scaled_add(1.0, &row);
        }
    }

    /// The gradient of the input's kept columns: `dX = dY·Wᵀ`, `[batch, kept]`.
    pub fn input_gradient(&self, x: &Active, dy: &Array2<f32>) -> Array2<f32> {
        let mut dx = Array2::zeros(x.values.dim());
        add_product(dy.view(), x.rows_of(&self.weight).t(), &mut dx);
        dx
    }
}

/// An activation without the columns that are zero in every row.
///
/// A rectifier that is off for a whole batch adds exactly nothing to a product, and after the fit
/// to π_ref half of the units and more are off for every context. Leaving their columns out, and
/// the rows of the weights that meet them, makes the products that much smaller.
pub(super) struct Active {
    /// The columns that are kept: `[batch, kept]`.
    values: Array2<f32>,
    /// Where each kept column stands in the whole activation; `None` if all are kept.
    columns: Option<Vec<usize>>,
    /// Columns of the whole activation.
    width: usize,
}

impl Active {
    /// Columns are picked out only if at most this share is kept: above it the copies cost more
    /// than the smaller products save.
    const WORTH_PICKING: f64 = 0.75;

    /// An activation with all its columns.
    pub fn all(values: Array2<f32>) -> Self {
        let width = values.ncols();
        Active { values, columns: None, width }
    }

    /// The rectifier `max(x, 0)`.
    pub fn rectified(mut x: Array2<f32>) -> Self {
        let mut largest = vec![0.0f32; x.ncols()];
        for mut row in x.rows_mut() {
            let row = row.as_slice_mut().expect("rows are contiguous");
            for (v, largest) in row.iter_mut().zip(&mut largest) {
                // Written so that NaN stays NaN, in the value and in the column's largest.
                *v = if *v <= 0.0 { 0.0 } else { *v };
                *largest = if largest.is_nan() || *v <= *largest { *largest } else { *v };
            }
        }
        let columns: Vec<usize> = (0..x.ncols()).filter(|&c| largest[c] != 0.0).collect();
        if columns.len() as f64 > Self::WORTH_PICKING * x.ncols() as f64 {
            return Active::all(x);
        }
        let mut values = Array2::zeros((x.nrows(), columns.len()));
        for (mut kept, row) in values.rows_mut().into_iter().zip(x.rows()) {
            kept.iter_mut().zip(&columns).for_each(|(v, &column)| *v = row[column]);
        }
        Active { values, width: x.ncols(), columns: Some(columns) }
    }

    /// The gradient of the rectifier's input, `[batch, width]`, given that of the kept columns of
    /// its output: zero where the output was zero.
    pub fn rectifier_gradient(&self, mut gradient: Array2<f32>) -> Array2<f32> {
        gradient.zip_mut_with(&self.values, |g, &y| *g = if y > 0.0 { *g } else { 0.0 });
        let Some(columns) = &self.columns else { return gradient };
        let mut whole = Array2::zeros((gradient.nrows(), self.width));
        for (mut whole, kept) in whole.rows_mut().into_iter().zip(gradient.rows()) {
            columns.iter().zip(kept).for_each(|(&column, g)| whole[column] = *g);
        }
        whole
    }

    /// The rows of a weight that meet the kept columns: `[kept, outputs]`.
    fn rows_of<'a>(&self, weight: &'a Array2<f32>) -> CowArray<'a, f32, Ix2> {
        match &self.columns {
            None => weight.view().into(),
            Some(columns) => weight.select(Axis(0), columns).into(),
        }
    }
}

/// `out += a·b` on one thread.
fn add_product(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: &mut Array2<f32>) {
    product(a, b, out.view_mut(), Write::Sum, Threads::One);
}

/// Layer normalisation with gain and bias (arXiv 1607.06450), ε = 1e-5 under the root.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LayerNorm {
    pub gain: Array1<f32>,
    pub bias: Array1<f32>,
    pub gain_gradient: Array1<f32>,
    pub bias_gradient: Array1<f32>,
}

/// What the backward pass of [`LayerNorm`] needs of the forward pass.
pub(super) struct Normalised {
    /// The rows at mean 0 and variance 1: `[batch, width]`.
    pub rows: Array2<f32>,
    /// One over each row's standard deviation: `[batch]`.
    pub inverse_deviation: Vec<f32>,
}

impl LayerNorm {
    const EPSILON: f32 = 1e-5;

    pub fn new(width: usize) -> Self {
        LayerNorm {
            gain: Array1::ones(width),
            bias: Array1::zeros(width),
            gain_gradient: Array1::zeros(width),
            bias_gradient: Array1::zeros(width),
        }
    }

    /// `x: [batch, width]` to the same shape.
    pub fn forward(&self, mut x: Array2<f32>) -> (Array2<f32>, Normalised) {
        let width = x.ncols() as f32;
        let mut inverse_deviation = Vec::with_capacity(x.nrows());
        for mut row in x.rows_mut() {
            let mean = row.sum() / width;
            let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / width;
            let inverse = 1.0 / (variance + Self::EPSILON).sqrt();
            row.mapv_inplace(|v| (v - mean) * inverse);
            inverse_deviation.push(inverse);
        }
        let y = &x * &self.gain + &self.bias;
        (y, Normalised { rows: x, inverse_deviation })
    }

    /// Adds the gradients of gain and bias and returns the gradient of the input:
    /// `dx = (g − mean(g) − x̂·mean(g·x̂)) / σ` with `g = dy·gain`.
    pub fn backward(&mut self, normalised: &Normalised, dy: &Array2<f32>) -> Array2<f32> {
        self.bias_gradient += &dy.sum_axis(Axis(0));
        self.gain_gradient += &(dy * &normalised.rows).sum_axis(Axis(0));
        let mut dx = dy * &self.gain;
        let width = dx.ncols() as f32;
        for ((mut g, x), inverse) in
            dx.rows_mut().into_iter().zip(normalised.rows.rows()).zip(&normalised.inverse_deviation)
        {
            let mean = g.sum() / width;
            let along = g.iter().zip(x).map(|(a, b)| a * b).sum::<f32>() / width;
            g.zip_mut_with(&x, |v, xi| *v = (*v - mean - xi * along) * inverse);
        }
        dx
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Streams};

    /// A layer, its input before the rectifier and the gradient of its output; of the 12 units only
    /// each `every`-th is on, in some rows.
    fn setting(every: usize) -> (Linear, Array2<f32>, Array2<f32>) {
        let mut rng = Streams::new(5).at(Purpose::Init, 0);
        let layer = Linear::xavier(12, 7, 1.0, &mut rng);
        let uniform = Uniform::new_inclusive(-1.0f32, 1.0).expect("a range");
        let mut x = Array2::random_using((9, 12), uniform, &mut rng);
        for (unit, mut column) in x.columns_mut().into_iter().enumerate() {
            if unit % every > 0 {
                column.mapv_inplace(|v| -v.abs());
            }
        }
        (layer, x, Array2::random_using((9, 7), uniform, &mut rng))
    }

    /// Output, gradients of weight, bias and input with the units that are off left in or out.
    fn pass(mut layer: Linear, x: &Active, dy: &Array2<f32>) -> [Vec<f32>; 4] {
        let y = layer.forward(x);
        layer.accumulate(x, dy);
        let dx = x.rectifier_gradient(layer.input_gradient(x, dy));
        let weight = layer.weight_gradient.into_iter().collect();
        [y.into_iter().collect(), weight, layer.bias_gradient.to_vec(), dx.into_iter().collect()]
    }

    #[test]
    fn leaving_out_units_that_are_off_changes_nothing_but_rounding() {
        for (every, kept) in [(1, 12), (2, 6), (5, 3), (13, 1)] {
            let (layer, x, dy) = setting(every);
            let active = Active::rectified(x.clone());
            assert_eq!(active.values.ncols(), kept);
            let whole = Active::all(x.mapv(|v| v.max(0.0)));
            let (given, dense) = (pass(layer.clone(), &active, &dy), pass(layer, &whole, &dy));
            for (what, (a, b)) in given.iter().zip(&dense).enumerate() {
                assert_eq!(a.len(), b.len());
                let close = a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-6);
                assert!(close, "array {what} with {kept} units: {a:?} against {b:?}");
            }
        }
    }

    /// A column is not off because a later number of it is.
    #[test]
    fn a_number_that_is_none_stays_in_its_column() {
        let mut x = Array2::from_elem((3, 4), -1.0f32);
        x[(1, 2)] = f32::NAN;
        let active = Active::rectified(x);
        assert_eq!((active.columns.as_deref(), active.values.ncols()), (Some(&[2][..]), 1));
        assert!(active.values[(1, 0)].is_nan() && active.values[(2, 0)] == 0.0);
    }

    #[test]
    fn a_layer_whose_inputs_are_all_off_gives_its_bias_and_no_gradient_of_its_weights() {
        let (mut layer, x, dy) = setting(1);
        layer.bias.fill(0.5);
        let off = Active::rectified(x.mapv(|v| -v.abs()));
        let [y, weight, _, dx] = pass(layer, &off, &dy);
        assert!(y.iter().all(|v| *v == 0.5));
        assert!(weight.iter().chain(&dx).all(|v| *v == 0.0));
    }
}
