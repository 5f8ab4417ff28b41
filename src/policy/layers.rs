//! Layers with hand-written, batched back-propagation in single precision.

use gemm::Parallelism;
use ndarray::{Array1, Array2, ArrayView2, Axis};
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
    pub fn forward(&self, x: &Array2<f32>) -> Array2<f32> {
        let mut y = self.bias.broadcast((x.nrows(), self.bias.len())).expect("rows").to_owned();
        add_product(x.view(), self.weight.view(), &mut y);
        y
    }

    /// Adds the gradients of weight and bias.
    pub fn accumulate(&mut self, x: &Array2<f32>, dy: &Array2<f32>) {
        add_product(x.t(), dy.view(), &mut self.weight_gradient);
        self.bias_gradient += &dy.sum_axis(Axis(0));
    }

    /// The gradient of the input: `dX = dY·Wᵀ`.
    pub fn input_gradient(&self, dy: &Array2<f32>) -> Array2<f32> {
        let mut dx = Array2::zeros((dy.nrows(), self.weight.nrows()));
        add_product(dy.view(), self.weight.t(), &mut dx);
        dx
    }
}

/// `out += a·b` on one thread, with the `gemm` crate's kernels.
fn add_product(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: &mut Array2<f32>) {
    let (rows, inner, columns) = (a.nrows(), a.ncols(), b.ncols());
    assert_eq!((inner, out.dim()), (b.nrows(), (rows, columns)), "shapes of a product");
    let (a_steps, b_steps) = (a.strides().to_vec(), b.strides().to_vec());
    let out_steps = out.strides().to_vec();
    // SAFETY: the three views cover exactly the shapes and strides passed, which were just checked,
    // and `out` is borrowed mutably, so that it overlaps neither factor.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            out_steps[1],
            out_steps[0],
            true,
            a.as_ptr(),
            a_steps[1],
            a_steps[0],
            b.as_ptr(),
            b_steps[1],
            b_steps[0],
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// `max(x, 0)` in place.
pub(super) fn relu(x: &mut Array2<f32>) {
    x.mapv_inplace(|v| v.max(0.0));
}

/// Clears the gradient where the rectifier's output was zero.
pub(super) fn relu_backward(output: &Array2<f32>, gradient: &mut Array2<f32>) {
    gradient.zip_mut_with(output, |g, &y| *g = if y > 0.0 { *g } else { 0.0 });
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
