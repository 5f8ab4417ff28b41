//! Which program, machine and command made a result.

use crate::results::Provenance;
use std::time::Duration;

/// The provenance of the command at work.
pub fn provenance(elapsed: Duration) -> Provenance {
    Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("MODESEEK_COMMIT").unwrap_or("unknown").to_owned(),
        features: Vec::new(),
        cpu: cpu(),
        seconds: (elapsed.as_secs_f64() * 100.0).round() / 100.0,
        command: std::env::args().collect::<Vec<_>>().join(" "),
        notes: Vec::new(),
    }
}

/// The processor's name, where the system tells.
fn cpu() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name"));
    let name = name.and_then(|rest| rest.split_once(':')).map(|(_, name)| name.trim().to_owned());
    name.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}
