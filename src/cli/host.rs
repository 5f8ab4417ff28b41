//! `--device` and `--models`: where language models are computed, and where they lie.

use super::Failure;
#[cfg(feature = "llm")]
use super::memory::available_memory;
#[cfg(feature = "llm")]
use crate::llm::Engine;
#[cfg(feature = "llm")]
use crate::numerics::Threads;
use crate::runner::Host;
use std::path::PathBuf;

/// Where language models are computed.
#[derive(clap::Args, Debug, Clone)]
pub struct DeviceArgs {
    /// Device of language models: cpu, cuda, cuda:N or metal; bandits and lengths need none
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Precision of a graphics processor's activations: f32, bf16 or f16; weights stay f32
    #[arg(long, default_value = "f32")]
    precision: String,
}

#[cfg(feature = "llm")]
impl DeviceArgs {
    /// The device with all threads; one that is not there is wrong input.
    pub fn engine(&self) -> Result<Engine, Failure> {
        Engine::named(&self.device, &self.precision, Threads::Pool).map_err(Failure::input)
    }

    /// The memory that there is (bytes), where it is known.
    pub fn available_memory(&self) -> Option<u64> {
        available_memory().filter(|_| self.device == "cpu")
    }
}

/// Where language models are computed, and where they lie.
#[derive(clap::Args, Debug, Clone)]
pub struct HostArgs {
    #[command(flatten)]
    device: DeviceArgs,
    /// Folder of fetched models
    #[arg(long, value_name = "DIR", default_value = "models")]
    models: PathBuf,
    /// Seconds that a reward's command (problem.prompts.gold_command) may take for the responses to a prompt
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    limit_seconds: u64,
}

impl HostArgs {
    /// Sets the device up; one that is not there is wrong input.
    #[cfg(feature = "llm")]
    pub fn host(&self) -> Result<Host, Failure> {
        let (engine, available) = (self.device.engine()?, self.device.available_memory());
        let limit = std::time::Duration::from_secs(self.limit_seconds);
        let shell = std::sync::Arc::new(super::shell::HostShell(limit));
        Ok(Host::new(engine, self.models.clone(), available).with_shell(shell))
    }

    /// Refuses a device: this build has no language models.
    #[cfg(not(feature = "llm"))]
    pub fn host(&self) -> Result<Host, Failure> {
        match (self.device.device.as_str(), self.device.precision.as_str()) {
            ("cpu", "f32") => Ok(Host::default()),
            (device, precision) => Err(Failure::input(anyhow::anyhow!(
                "--device {device} --precision {precision}: this build has no language models, whose folder --models {} is\n  \
                 allowed: cpu, f32\n  \
                 help: install it with them: cargo install modeseek --features llm",
                self.models.display()
            ))),
        }
    }
}
