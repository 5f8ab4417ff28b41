//! Rows of tensors on the host, as slices and views.

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, bail};
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};
use std::ops::Deref;

/// The numbers of a tensor on the host, borrowed.
pub struct Numbers<'a> {
    storage: Box<dyn Deref<Target = Storage> + 'a>,
    layout: &'a Layout,
}

impl<'a> Numbers<'a> {
    /// Borrows a tensor's numbers.
    pub fn of(tensor: &'a Tensor) -> Self {
        let (storage, layout) = tensor.storage_and_layout();
        Numbers { storage: Box::new(storage), layout }
    }

    fn cpu(&self) -> Result<&CpuStorage> {
        match &**self.storage {
            Storage::Cpu(storage) => Ok(storage),
            _ => bail!("a fused operation was given a tensor that is not on the host"),
        }
    }

    /// All numbers of a contiguous tensor.
    pub fn slice(&self) -> Result<&[f32]> {
        slice(self.cpu()?, self.layout)
    }

    /// The rows of a matrix.
    pub fn rows(&self) -> Result<ArrayView2<'_, f32>> {
        rows(self.cpu()?, self.layout)
    }
}

/// All numbers of a contiguous tensor.
pub fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("a fused operation was given a tensor that is not contiguous: {layout:?}");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// The rows of a matrix, at any distance from each other.
pub fn rows<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<ArrayView2<'a, f32>> {
    let (rows, columns) = layout.shape().dims2()?;
    let &[down, 1] = layout.stride() else {
        bail!("a fused operation was given rows that are not contiguous: {layout:?}");
    };
    let numbers = &storage.as_slice::<f32>()?[layout.start_offset()..];
    let shape = (rows, columns).strides((down, 1));
    ArrayView2::from_shape(shape, numbers).map_err(candle_core::Error::wrap)
}

/// A whole matrix as a view.
pub fn matrix(numbers: &[f32], columns: usize) -> ArrayView2<'_, f32> {
    let rows = numbers.len() / columns.max(1);
    ArrayView2::from_shape((rows, columns), numbers).expect("whole rows")
}

/// A whole matrix to be changed.
pub fn view(numbers: &mut [f32], columns: usize) -> ArrayViewMut2<'_, f32> {
    let rows = numbers.len() / columns.max(1);
    ArrayViewMut2::from_shape((rows, columns), numbers).expect("whole rows")
}
