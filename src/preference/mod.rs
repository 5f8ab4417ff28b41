//! From rewards to comparisons: which pairs of a prompt's responses are shown, and who wins.

mod calibration;
mod checkup;
mod dataset;
mod features;
mod file;
mod labels;
mod pairs;
mod reward_model;
mod win_rate;

pub use calibration::Calibration;
pub use checkup::{Checkup, Row};
pub use dataset::{Answer, Answered, ComparisonRow, Dataset, EmptyAnswers, Ending};
pub use features::RewardClass;
pub use file::{ArmComparison, ComparisonFileError, read_comparisons};
pub use labels::{BradleyTerrySpec, FlippedSpec, LabelSpec, PairError};
pub use pairs::{Pair, PairRule, PairSpec, Selection, TieRule};
pub(crate) use pairs::{first_best, first_worst};
pub use reward_model::{RewardModelError, RewardModelSpec, fit_reward_model};
pub use win_rate::WinRate;
#[cfg(feature = "llm")]
pub(crate) use win_rate::win;
