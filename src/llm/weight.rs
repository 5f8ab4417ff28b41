//! Named weights with their gradients, kept in single precision on the host.

use super::joint::Order;
use super::{Engine, LlmError};
use candle_core::Tensor;
use std::sync::{Arc, Mutex};

/// Whether a weight learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Training {
    /// It has a gradient, and the optimizer moves it.
    Trained,
    /// It stays as it is.
    Frozen,
}

/// A matrix or a vector with its gradient.
///
/// Values are kept here, in f32, wherever the arithmetic happens: the optimizer reads and writes
/// these master weights. Gradients are added up here by the backward passes of the operations.
#[derive(Debug)]
pub struct Weight {
    /// Its Hugging Face name, such as `model.layers.0.self_attn.q_proj.weight`.
    pub name: String,
    /// `[out, in]` for matrices, `[width]` for vectors.
    pub shape: Vec<usize>,
    /// The numbers, row by row.
    pub value: Vec<f32>,
    /// ∂loss/∂value, empty if frozen.
    gradient: Mutex<Vec<f32>>,
    training: Training,
    /// Its copy on a device, made when it is asked for and forgotten when the values may change.
    copy: Mutex<Option<Tensor>>,
}

/// Where a decoder's weights come from: files, or random numbers.
pub trait WeightSource {
    /// The weight of this Hugging Face name and shape, row by row, in f32.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError>;

    /// How the rows of GPT-NeoX's joint matrices stand in it: as in files, if nothing else is said.
    fn order(&self) -> Order {
        Order::ByHead
    }
}

impl Weight {
    /// A weight; `value` has as many numbers as `shape` says.
    pub fn new(name: String, shape: Vec<usize>, value: Vec<f32>, training: Training) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), value.len(), "{name}");
        let count = if training == Training::Trained { value.len() } else { 0 };
        Weight {
            name,
            shape,
            value,
            gradient: Mutex::new(vec![0.0; count]),
            training,
            copy: Mutex::default(),
        }
    }

    /// Takes a weight from its source.
    pub fn load(
        source: &mut dyn WeightSource,
        name: String,
        shape: &[usize],
        training: Training,
    ) -> Result<Arc<Self>, LlmError> {
        let value = source.take(&name, shape)?;
        Ok(Arc::new(Weight::new(name, shape.to_vec(), value, training)))
    }

    /// The same values, which do not learn.
    pub fn frozen(&self) -> Self {
        Weight::new(self.name.clone(), self.shape.clone(), self.value.clone(), Training::Frozen)
    }

    /// The same values, which learn by themselves; no gradient yet.
    pub fn apart(&self) -> Self {
        Weight::new(self.name.clone(), self.shape.clone(), self.value.clone(), self.training)
    }

    /// Whether the optimizer moves it.
    pub fn is_trained(&self) -> bool {
        self.training == Training::Trained
    }

    /// Lets `add` add to the gradient of a trained weight; frozen ones are left alone.
    pub fn add_gradient(&self, add: impl FnOnce(&mut [f32])) {
        if self.is_trained() {
            add(&mut self.gradient.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        }
    }

    /// The values on the engine's device, in its precision, without a graph: gradients are added here.
    pub fn on_device(&self, engine: &Engine) -> candle_core::Result<Tensor> {
        let mut copy = self.copy.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(copy) = &*copy {
            return Ok(copy.clone());
        }
        let host = Tensor::from_slice(&self.value, self.shape.as_slice(), engine.device())?;
        Ok(copy.insert(host.to_dtype(engine.dtype())?).clone())
    }

    /// Name, values and gradient at once.
    pub fn named_parts_mut(&mut self) -> (&str, &mut [f32], &mut [f32]) {
        *self.copy.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        let gradient = self.gradient.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        (&self.name, &mut self.value, gradient)
    }

    /// Values and gradient at once, for whoever changes them.
    pub fn parts_mut(&mut self) -> (&mut [f32], &mut [f32]) {
        let (_, value, gradient) = self.named_parts_mut();
        (value, gradient)
    }
}
