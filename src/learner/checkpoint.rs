//! What a run is saved as, and who decides when.

use super::Stop;
use super::observer::StepReport;
use crate::policy::{Parameter, Scalars};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The numbers of one tensor, in the precision they are kept in.
#[derive(Debug, Clone, PartialEq)]
pub enum Numbers<'a> {
    /// Single precision.
    F32(Cow<'a, [f32]>),
    /// Double precision.
    F64(Cow<'a, [f64]>),
}

impl<'a> From<&'a [f32]> for Numbers<'a> {
    fn from(numbers: &'a [f32]) -> Self {
        Numbers::F32(numbers.into())
    }
}

impl<'a> From<&'a [f64]> for Numbers<'a> {
    fn from(numbers: &'a [f64]) -> Self {
        Numbers::F64(numbers.into())
    }
}

impl<'a> Numbers<'a> {
    /// A parameter's values.
    pub(super) fn of(parameter: Parameter<'a>) -> Self {
        match parameter.scalars {
            Scalars::F32 { value, .. } => Numbers::from(&*value),
            Scalars::F64 { value, .. } => Numbers::from(&*value),
        }
    }

    /// Copies the numbers into a parameter; `false` if precision or length differ.
    pub(super) fn fill(&self, parameter: Parameter<'_>) -> bool {
        match (self, parameter.scalars) {
            (Numbers::F32(from), Scalars::F32 { value, .. }) if from.len() == value.len() => {
                value.copy_from_slice(from);
            }
            (Numbers::F64(from), Scalars::F64 { value, .. }) if from.len() == value.len() => {
                value.copy_from_slice(from);
            }
            _ => return false,
        }
        true
    }

    /// The same numbers, held by nobody else.
    pub fn into_owned(self) -> Numbers<'static> {
        match self {
            Numbers::F32(numbers) => Numbers::F32(Cow::Owned(numbers.into_owned())),
            Numbers::F64(numbers) => Numbers::F64(Cow::Owned(numbers.into_owned())),
        }
    }
}

/// All that changes during a run, between two steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint<'a> {
    /// Optimizer steps taken.
    pub step: u64,
    /// Everything small, as TOML, which gives finite and infinite numbers back exactly: counters,
    /// orders, the round at work, measurements.
    pub state: String,
    /// Parameters (`parameter/<name>`) and the optimizer's memory of them (`first/<name>`,
    /// `second/<name>`).
    pub tensors: BTreeMap<String, Numbers<'a>>,
}

impl Checkpoint<'_> {
    /// The same checkpoint, held by nobody else.
    pub fn into_owned(self) -> Checkpoint<'static> {
        let tensors = self.tensors.into_iter().map(|(name, n)| (name, n.into_owned())).collect();
        Checkpoint { step: self.step, state: self.state, tensors }
    }
}

/// A step that was taken, as a [`Keeper`] hears of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken<'a> {
    /// Optimizer steps taken.
    pub step: u64,
    /// Optimizer steps in all.
    pub steps: u64,
    /// What the step said of itself.
    pub report: &'a StepReport,
}

/// Whether a run is saved now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It goes on.
    No,
    /// It is saved and goes on.
    Save,
    /// It is saved and stops with [`Stop::Interrupted`]; after its last step it simply ends.
    SaveAndStop,
}

/// Who keeps the checkpoints of a run.
pub trait Keeper {
    /// The checkpoint to go on from, if there is one; asked once, before anything is trained.
    fn last(&mut self) -> Result<Option<Checkpoint<'static>>, Stop>;

    /// Asked after every step.
    fn due(&mut self, taken: &Taken<'_>) -> Keep;

    /// Asked after a round that held nothing to learn from, `rounds` of which came in a row.
    fn idle(&mut self, rounds: u64) -> Keep {
        let _ = rounds;
        Keep::No
    }

    /// Keeps a checkpoint in place of the last one; fails with [`Stop::Checkpoint`].
    fn save(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), Stop>;

    /// Told of every step of what is trained before the run's own first step, and named by `what`: nothing of that
    /// is saved, so that a run that is to stop there stops without a checkpoint.
    fn beforehand(&mut self, what: &str, taken: &Taken<'_>) -> Keep {
        let _ = (what, taken);
        Keep::No
    }

    /// Told what is done before the first step and takes a while.
    fn prepares(&mut self, what: &str) {
        let _ = what;
    }

    /// Asked when the run is ready for its first step: whether to stop there.
    fn begun(&mut self) -> Keep {
        Keep::No
    }

    /// The folder for the trained model, if it is kept; asked after the last step.
    fn model(&self) -> Option<PathBuf> {
        None
    }

    /// Told what is wrong with the run, in plain words, as it is seen.
    fn warn(&mut self, text: &str) {
        let _ = text;
    }

    /// Given what the trained policy answered, one JSON object a line, after the last step.
    fn completions(&mut self, lines: &str) -> Result<(), Stop> {
        let _ = lines;
        Ok(())
    }
}

/// Keeps nothing.
impl Keeper for () {
    fn last(&mut self) -> Result<Option<Checkpoint<'static>>, Stop> {
        Ok(None)
    }

    fn due(&mut self, _: &Taken<'_>) -> Keep {
        Keep::No
    }

    fn save(&mut self, _: &Checkpoint<'_>) -> Result<(), Stop> {
        Ok(())
    }
}

/// An observer whose own state can be saved; the state goes through TOML, so it is a structure.
pub trait Savable {
    /// All that changes while it observes.
    type State: Serialize + DeserializeOwned;

    /// The state as it is.
    fn state(&self) -> Self::State;

    /// Goes on from a state.
    fn put_back(&mut self, state: Self::State);
}
