//! Values whose gradients we write ourselves, as nodes of candle's graph.
//!
//! Composed of candle's own operations, a step would keep every value in between, take gradients of what does
//! not learn, and add up picked rows one after another. So a value is computed without a graph, and
//! its node knows how the gradient comes about.

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp3, Layout, MetalStorage, Result, Shape, Storage,
    Tensor, bail,
};
use std::sync::{Mutex, PoisonError};

/// `y`, computed of `x`, with its gradient by hand: `gradient(x, dy)` is that of `x`. Where nothing asks for
/// gradients of `x`, `y` alone.
pub fn given<F>(x: &Tensor, y: Tensor, gradient: F) -> Result<Tensor>
where
    F: Fn(&Tensor, &Tensor) -> Result<Tensor> + Send + Sync + 'static,
{
    if x.track_op() { x.apply_op1(Given::new(y, gradient)) } else { Ok(y) }
}

/// The same of three inputs; `gradient(inputs, dy)`.
pub fn given_of_three<F>(inputs: [&Tensor; 3], y: Tensor, gradient: F) -> Result<Tensor>
where
    F: Fn([&Tensor; 3], &Tensor) -> Result<[Tensor; 3]> + Send + Sync + 'static,
{
    let [a, b, c] = inputs;
    if inputs.iter().any(|x| x.track_op()) {
        a.apply_op3(b, c, Given::new(y, gradient))
    } else {
        Ok(y)
    }
}

/// A value that waits to become its node's.
struct Given<F> {
    value: Mutex<Option<Tensor>>,
    gradient: F,
}

impl<F> Given<F> {
    fn new(value: Tensor, gradient: F) -> Self {
        Given { value: Mutex::new(Some(value.detach())), gradient }
    }

    /// A copy of the value: a node owns its numbers.
    fn copy<S: BackendStorage>(&self, of: impl Fn(&Storage) -> Option<&S>) -> Result<(S, Shape)> {
        let Some(value) = self.value.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            bail!("a value can become a node once only");
        };
        // The copy begins where the numbers do, not where a part of them does.
        let is_part = value.layout().start_offset() > 0;
        let value = if is_part { value.force_contiguous()? } else { value.contiguous()? };
        let (storage, layout) = value.storage_and_layout();
        match of(&storage) {
            Some(storage) => Ok((storage.try_clone(layout)?, layout.shape().clone())),
            None => bail!("a value is on another device than what it was computed of"),
        }
    }
}

fn on_cpu(storage: &Storage) -> Option<&CpuStorage> {
    if let Storage::Cpu(storage) = storage { Some(storage) } else { None }
}

fn on_cuda(storage: &Storage) -> Option<&CudaStorage> {
    if let Storage::Cuda(storage) = storage { Some(storage) } else { None }
}

fn on_metal(storage: &Storage) -> Option<&MetalStorage> {
    if let Storage::Metal(storage) = storage { Some(storage) } else { None }
}

impl<F: Fn(&Tensor, &Tensor) -> Result<Tensor>> CustomOp1 for Given<F> {
    fn name(&self) -> &'static str {
        "given"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.copy(on_cpu)
    }

    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.copy(on_cuda)
    }

    fn metal_fwd(&self, _: &MetalStorage, _: &Layout) -> Result<(MetalStorage, Shape)> {
        self.copy(on_metal)
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        (self.gradient)(&x.detach(), &dy.contiguous()?).map(Some)
    }
}

impl<F> CustomOp3 for Given<F>
where
    F: Fn([&Tensor; 3], &Tensor) -> Result<[Tensor; 3]>,
{
    fn name(&self) -> &'static str {
        "given-of-three"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.copy(on_cpu)
    }

    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.copy(on_cuda)
    }

    fn metal_fwd(
        &self,
        _: &MetalStorage,
        _: &Layout,
        _: &MetalStorage,
        _: &Layout,
        _: &MetalStorage,
        _: &Layout,
    ) -> Result<(MetalStorage, Shape)> {
        self.copy(on_metal)
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let inputs = [&a.detach(), &b.detach(), &c.detach()];
        let [a, b, c] = (self.gradient)(inputs, &dy.contiguous()?)?;
        Ok((Some(a), Some(b), Some(c)))
    }
}
