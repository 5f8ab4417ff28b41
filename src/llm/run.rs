//! One run of a language model, from its settings to its measurements.

use super::Engine;
use crate::learner::{
    DataSpec, Keeper, MeasureSpec, Measurement, OptimizerSpec, ScheduleSpec, Stop,
};
use crate::objective::ObjectiveSpec;
use crate::policy::PolicySpec;
use crate::preference::PairSpec;
use crate::problem::ProblemSpec;
use std::path::PathBuf;

/// Where a run is computed, and where fetched models lie.
#[derive(Debug, Clone)]
pub struct LanguagePlace {
    /// The device and its kernels.
    pub engine: Engine,
    /// The folder of fetched models.
    pub models: PathBuf,
}

/// The settings of one run.
#[derive(Clone, Copy)]
pub struct LanguageRun<'a> {
    /// What is rewarded, and what is responded to.
    pub problem: &'a ProblemSpec,
    /// Who acts.
    pub policy: &'a PolicySpec,
    /// What is minimised.
    pub objective: &'a ObjectiveSpec,
    /// Algorithm 1's counts.
    pub schedule: &'a ScheduleSpec,
    /// Prompts.
    pub data: &'a DataSpec,
    /// How responses are compared.
    pub pairs: &'a PairSpec,
    /// How parameters move.
    pub optimizer: &'a OptimizerSpec,
    /// When and what is measured.
    pub measure: &'a MeasureSpec,
}

impl LanguageRun<'_> {
    /// Trains and measures, beginning at the keeper's last checkpoint and saved when it says so.
    pub fn train_kept(
        &self,
        _seed: u64,
        _place: &LanguagePlace,
        _keeper: &mut dyn Keeper,
    ) -> Result<Vec<Measurement>, Stop> {
        Err(Stop::Setup("not there yet".to_owned()))
    }
}
