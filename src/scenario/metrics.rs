//! The names of what claims and panels may speak of.

use crate::learner::{METRICS, is_metric};

/// Families of metrics with one member for each arm.
const FAMILIES: [&str; 6] =
    ["probability/ARM", "reference/ARM", "reward/ARM", "target/ARM", "data/ARM", "proxy/ARM"];

/// Every metric and every family.
pub(super) fn metrics() -> Vec<&'static str> {
    METRICS.iter().copied().chain(FAMILIES).collect()
}

/// Whether a metric or a family of this name exists.
pub(super) fn is_known(name: &str) -> bool {
    is_metric(name) || FAMILIES.contains(&name)
}
