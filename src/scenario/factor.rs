//! Factors: what a panel of effects compares.

use super::selector::Selector;
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
    ///
    /// *Reading* Discs show the mean at this level minus that at `low`; diamonds half the
    /// difference of one factor's effects at the other's levels.
    ///
    /// *Wrong* A cell at no level, or at both, is refused, and so is an unbalanced grid: every
    /// combination needs as many cells.
    pub high: Selector,
    /// The cells at the low level, which count as minus.
    ///
    /// *Reading* The level that counts as minus, such as T = 1 or the methods without a negative
    /// gradient.
    ///
    /// *Wrong* Levels that differ in more than the factor (another loss, another rate) give an
    /// effect of all of that together.
    pub low: Selector,
}
