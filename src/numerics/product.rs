//! Matrix products in single precision.

use gemm::Parallelism;
use ndarray::{ArrayView2, ArrayViewMut2};

/// How many threads an operation may use; results have the same bits either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Threads {
    /// The caller's own.
    #[default]
    One,
    /// All of the thread pool that the caller stands in.
    Pool,
}

/// What a product does with what stands in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It is overwritten.
    Fresh,
    /// The product is added.
    Sum,
}

/// `out = a·b` or `out += a·b`, with the `gemm` crate's kernels.
///
/// *where* `a: [rows, inner]`, `b: [inner, columns]`, `out: [rows, columns]`, each with any strides.
///
/// *Numerics*: the inner dimension is summed in an order that depends on the shapes alone, so that
/// any number of threads gives the same bits.
pub fn product(
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    mut out: ArrayViewMut2<'_, f32>,
    write: Write,
    threads: Threads,
) {
    let (rows, inner, columns) = (a.nrows(), a.ncols(), b.ncols());
    assert_eq!((inner, out.dim()), (b.nrows(), (rows, columns)), "shapes of a product");
    let (a_steps, b_steps) = (a.strides().to_vec(), b.strides().to_vec());
    let out_steps = out.strides().to_vec();
    let parallelism = match threads {
        Threads::One => Parallelism::None,
        Threads::Pool => Parallelism::Rayon(rayon::current_num_threads()),
    };
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
            write == Write::Sum,
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
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn matrix(rows: usize, columns: usize, seed: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17 + seed) as f32).sin())
    }

    /// [1 2; 3 4]·[5 6; 7 8] = [19 22; 43 50]; added to itself: twice that.
    #[test]
    fn a_product_by_hand() {
        let a = ndarray::array![[1.0f32, 2.0], [3.0, 4.0]];
        let b = ndarray::array![[5.0f32, 6.0], [7.0, 8.0]];
        let mut out = Array2::zeros((2, 2));
        product(a.view(), b.view(), out.view_mut(), Write::Fresh, Threads::One);
        assert_eq!(out, ndarray::array![[19.0, 22.0], [43.0, 50.0]]);
        product(a.view(), b.view(), out.view_mut(), Write::Sum, Threads::Pool);
        assert_eq!(out, ndarray::array![[38.0, 44.0], [86.0, 100.0]]);
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        for (m, n, k) in [(512, 576, 1536), (37, 1536, 576), (8, 49, 300), (1, 700, 576)] {
            let (a, b) = (matrix(m, k, 1), matrix(n, k, 2));
            let run = |count| {
                let mut out = Array2::zeros((m, n));
                let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
                pool.expect("threads").install(|| {
                    product(a.view(), b.t(), out.view_mut(), Write::Fresh, Threads::Pool);
                });
                out
            };
            let one = run(1);
            assert!([2, 3, 8].into_iter().all(|count| run(count) == one), "{m} {n} {k}");
        }
    }
}
