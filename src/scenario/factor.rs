//! Factors: what a panel of effects compares.

use super::claim::Selector;
use serde::{Deserialize, Serialize};

/// `[[factor]]`: two levels into which cells fall.
///
/// ```toml
/// [[factor]]
/// name = "negative gradient"
/// high = { method = ["dpo", "reinforce"] }
/// low = { method = ["pref-ft", "rwr"] }
///
/// [[factor]]
/// name = "8 passes"
/// high = { "schedule.passes" = 8 }
/// low = { "schedule.passes" = 1 }
/// ```
///
/// A cell is at a level if it has every key of the level's selector with one of its values. A panel
/// of kind `effects` needs every cell it selects at exactly one level of each factor, and as many
/// cells in each combination of levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorSpec {
    /// Its name, unique in the scenario, as figures write it.
    pub name: String,
    /// The cells at the high level, which count as plus.
    pub high: Selector,
    /// The cells at the low level, which count as minus.
    pub low: Selector,
}
