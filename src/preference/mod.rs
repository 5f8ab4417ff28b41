//! From rewards to comparisons: which pairs of a prompt's responses are shown, and who wins.

mod file;
mod pairs;

pub use file::{ArmComparison, ComparisonFileError, read_comparisons};
pub use pairs::{Pair, PairRule, PairSpec, Selection, TieRule};
pub(crate) use pairs::{first_best, first_worst};
