//! `--device` and `--models`: where language models are computed, and where they lie.

use super::Failure;
#[cfg(feature = "llm")]
use super::memory::available_memory;
use crate::runner::Host;
use std::path::PathBuf;

/// Where language models are computed.
#[derive(clap::Args, Debug, Clone)]
pub struct HostArgs {
    /// Device of language models: cpu, cuda, cuda:N or metal; bandits and lengths need none
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Folder of fetched models
    #[arg(long, value_name = "DIR", default_value = "models")]
    models: PathBuf,
}

impl HostArgs {
    /// Sets the device up; one that is not there is wrong input.
    #[cfg(feature = "llm")]
    pub fn host(&self) -> Result<Host, Failure> {
        let (single, threads) = (candle_core::DType::F32, crate::numerics::Threads::One);
        let engine = crate::llm::Engine::named(&self.device, single, threads);
        let engine = engine.map_err(Failure::input)?;
        let available = available_memory().filter(|_| self.device == "cpu");
        Ok(Host::new(engine, self.models.clone(), available))
    }

    /// Refuses a device: this build has no language models.
    #[cfg(not(feature = "llm"))]
    pub fn host(&self) -> Result<Host, Failure> {
        match self.device.as_str() {
            "cpu" => Ok(Host),
            device => Err(Failure::input(anyhow::anyhow!(
                "--device {device}: this build has no language models, whose folder --models {} is\n  \
                 allowed: cpu\n  \
                 help: install it with them: cargo install modeseek --features llm",
                self.models.display()
            ))),
        }
    }
}
