//! The engines that tests hold against each other.
#![allow(dead_code)] // every test uses a part

use candle_core::DType;
use modeseek::llm::{Engine, Kernels};
use modeseek::numerics::Threads;

/// Our own kernels on the host.
pub fn fused() -> Engine {
    Engine::host(Kernels::Fused, Threads::Pool)
}

/// candle's: on the host, and on the first graphics processor in a build for them.
pub fn stock() -> Vec<Engine> {
    let host = Engine::host(Kernels::Stock, Threads::Pool);
    std::iter::once(host).chain(graphics("f32")).collect()
}

/// candle's in half precision; the host has bf16 for storage only.
pub fn halves() -> Vec<Engine> {
    let host = fused().with_stock_precision(DType::F16);
    std::iter::once(host).chain(graphics("f16")).chain(graphics("bf16")).collect()
}

#[cfg(feature = "cuda")]
fn graphics(precision: &str) -> Option<Engine> {
    Some(Engine::named("cuda:0", precision, Threads::Pool).expect("a graphics processor"))
}

#[cfg(not(feature = "cuda"))]
fn graphics(_: &str) -> Option<Engine> {
    None
}
