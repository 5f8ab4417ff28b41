//! Run folders, tidy CSV, statistics over seeds, and verdicts on claims.
//!
//! ```text
//! runs/<scenario id>/
//!   resolved.toml    the scenario as it was resolved
//!   manifest.toml    which program, machine and command computed it
//!   cells.csv        the cells, one column per swept key
//!   metrics.csv      cell,method,seed,step,round,queries,metric,value
//!   cells/<cell>/<seed>/metrics.csv    exists = this seed is finished
//!   cells/<cell>/<seed>/completions.jsonl    what a trained language model answered
//!   cells/<cell>/<seed>/failed.txt     why this seed has no metrics
//!   cells/<cell>/<seed>/checkpoint/    where a long run goes on
//! ```
//!
//! A cell is named by the hash of its content, so what is computed once is never computed again.
//! Files appear by renaming a complete temporary file: a killed run leaves nothing half written.

mod atomic;
mod checkpoint;
mod claims;
mod completions;
mod effects;
mod error;
mod few;
mod findings;
mod folder;
mod health;
mod measure;
mod merge;
mod multiverse;
mod paths;
mod published;
mod published_table;
mod read;
mod readings;
mod rows;
mod series;
mod statistics;
mod summary;
mod summary_table;
mod tensorboard;
mod tuning;

pub use crate::scenario::Statistic;
pub use checkpoint::CheckpointFolder;
pub use claims::{ClaimError, Finding, MIN_SEEDS, adjust, judge};
pub use completions::write_completions;
pub use effects::{Effect, EffectError, effects, factorial_effects};
pub use error::{MissingRuns, ResultsError};
pub use findings::{findings_csv, findings_markdown};
pub(crate) use folder::pairs;
pub use folder::{FolderLock, Provenance, RunFolder};
pub use health::health;
pub use merge::merge;
pub use multiverse::{Setting, multiverse};
pub use paths::{Reach, area, first_arrival, first_crossing, first_reached};
pub use published::{Agreement, Place, compare};
pub use published_table::{published_csv, published_markdown};
pub use read::Run;
pub use readings::readings;
pub use series::{Point, Series};
pub use statistics::{
    Bootstrap, Estimate, RESAMPLES, band, holm, mean_interval, paired_difference,
    probability_of_improvement,
};
pub use summary::{Arrival, CellSummary, Improvement, MOST_PAIRS, Summary, summarise};
pub use summary_table::{improvements_csv, summary_csv, summary_markdown};
pub use tensorboard::tensorboard;
pub use tuning::{Choice, Criterion, TuningError, choices, choices_csv};
