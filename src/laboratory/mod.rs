//! A laboratory of a few knobs: what `modeseek demo` shows, in the terminal and as a page.
//!
//! Its settings are written as an ordinary scenario, and its films are made by the learner that runs
//! scenarios: nothing is simulated here that `modeseek run` would not compute. The page has a
//! script of its own, which a test holds to these films.

mod film;
mod query;
mod scenario;
mod settings;

pub use film::{Film, FilmError, Geometry, Picture, film, geometry};
pub use query::{KEYS, QueryError};
pub use scenario::{method_pattern, pattern};
pub use settings::{Data, METHODS, PRESETS, Policy, Preset, Range, Ranges, Reward, Settings};
