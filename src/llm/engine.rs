//! Where arithmetic happens, and by whose kernels: the one place of device-specific choices.

use super::LlmError;
use crate::numerics::Threads;
use crate::wording::did_you_mean;
use candle_core::{DType, Device};

/// Whose operations a decoder is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernels {
    /// Our own on the host, each forward and backward in one pass over memory.
    Fused,
    /// candle's, on any device: the same mathematics in more passes.
    Stock,
}

/// A device with the precision and the kernels that it computes by.
#[derive(Debug, Clone)]
pub struct Engine {
    device: Device,
    dtype: DType,
    kernels: Kernels,
    threads: Threads,
}

impl Engine {
    /// The host, in single precision.
    pub fn host(kernels: Kernels, threads: Threads) -> Self {
        Engine { device: Device::Cpu, dtype: DType::F32, kernels, threads }
    }

    /// The device as `--device` names it (`cpu`, `cuda`, `cuda:N` or `metal`), and the precision of its
    /// activations as `--precision` does (`f32`, or on a graphics processor `bf16` or `f16`).
    ///
    /// Graphics processors compute by candle's kernels; master weights, gradients and moments stay in
    /// f32 on the host, and log-probabilities are f32 or better.
    pub fn named(name: &str, precision: &str, threads: Threads) -> Result<Self, LlmError> {
        const ALLOWED: &str = "cpu, cuda, cuda:N, metal";
        let dtype = dtype(precision)?;
        let (kind, number) = name.split_once(':').unwrap_or((name, "0"));
        let number: usize = number.parse().map_err(|_| {
            let help = "write the number of the card after the colon: --device cuda:1";
            LlmError::input(format!("--device {name}: `{number}` is no number"), ALLOWED, help)
        })?;
        let device = match kind {
            "cpu" if dtype != DType::F32 => {
                let message = format!("--precision {precision} on the CPU, whose kernels are f32");
                let help = "leave --precision out, or name a graphics processor: --device cuda";
                return Err(LlmError::input(message, "f32 on the CPU", help));
            }
            "cpu" => return Ok(Engine::host(Kernels::Fused, threads)),
            "cuda" => Device::new_cuda_with_stream(number).map(in_one_queue),
            "metal" => Device::new_metal(number),
            _ => {
                let message = format!("there is no device `{name}`");
                return Err(LlmError::input(message, ALLOWED, "--device cpu works everywhere"));
            }
        };
        let device = device.map_err(|error| {
            let help =
                format!("build with --features {kind} where such a device is, or --device cpu");
            LlmError::input(format!("--device {name} cannot be used: {error}"), ALLOWED, help)
        })?;
        Ok(Engine { device, dtype, kernels: Kernels::Stock, threads })
    }

    /// candle's kernels on the host in another precision, as graphics processors use them.
    pub fn with_stock_precision(self, dtype: DType) -> Self {
        Engine { dtype, kernels: Kernels::Stock, ..self }
    }

    /// The same device with another number of threads for an operation.
    pub fn with_threads(self, threads: Threads) -> Self {
        Engine { threads, ..self }
    }

    /// What of it decides about the last bits of a number: the kind of device, precision and kernels.
    pub fn arithmetic(&self) -> String {
        format!("{:?} {:?} {:?}", self.device.location(), self.dtype, self.kernels)
    }

    /// Where tensors are.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The precision of activations.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Whose operations are used.
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// How many threads an operation may use.
    pub fn threads(&self) -> Threads {
        self.threads
    }
}

/// A card that all threads speak to in one queue, so that what one of them asks for, another may read.
/// cudarc would mark every use of every tensor for other queues to wait for, some calls for each kernel.
#[cfg(feature = "cuda")]
fn in_one_queue(device: Device) -> Device {
    if let Device::Cuda(card) = &device {
        // SAFETY: cudarc asks that tensors be used and freed in one queue, or that queues wait for each other. Every
        // tensor of an engine is made, used and freed by its `Device`, whose only queue was made with it; no
        // tensor of one engine is given to another.
        unsafe { card.disable_event_tracking() };
    }
    device
}

#[cfg(not(feature = "cuda"))]
fn in_one_queue(device: Device) -> Device {
    device
}

/// The type of a precision's name.
fn dtype(precision: &str) -> Result<DType, LlmError> {
    const KNOWN: [&str; 3] = ["f32", "bf16", "f16"];
    match precision {
        "f32" => Ok(DType::F32),
        "bf16" => Ok(DType::BF16),
        "f16" => Ok(DType::F16),
        _ => {
            let help = match did_you_mean(precision, KNOWN) {
                Some(close) => format!("did you mean `{close}`?"),
                None => "bf16 is usual on a graphics processor".to_owned(),
            };
            let message = format!("there is no precision `{precision}`");
            Err(LlmError::input(message, KNOWN.join(", "), help))
        }
    }
}
