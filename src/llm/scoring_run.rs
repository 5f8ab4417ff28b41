//! One run of a reward model.

use super::loading::{Loaded, keep_learned};
use super::run::{LanguagePlace, LanguageRun, check_coverage, setup};
use super::scoring_task::{Annotator, ScoringObserver, ScoringTask};
use super::task::LanguageTask;
use super::{Decoder, Output, Passes, ScoringModel, Training};
use crate::learner::{Keeper, Measurement, Stop};
use crate::objective::ObjectiveSpec;
use crate::policy::{LanguageModelSpec, ScoringModelSpec};
use crate::problem::PromptsSpec;
use crate::stream::Streams;

impl LanguageRun<'_> {
    /// The model below a reward model's head; where comparisons are given it draws nothing.
    pub(super) fn below(&self, spec: &ScoringModelSpec) -> LanguageModelSpec {
        let below = spec.as_language_model();
        match self.data.preferences {
            Some(_) => LanguageModelSpec { max_new_tokens: 1, ..below },
            None => below,
        }
    }

    /// Whom its scores foretell: where the loss is no logistic one, in units of the scores themselves.
    fn annotator(&self) -> Annotator {
        let beta = match self.objective {
            ObjectiveSpec::Dpo(spec) => spec.beta,
            _ => 1.0,
        };
        Annotator { labels: self.pairs.labels, beta }
    }

    /// Trains a reward model from scores that are all 0, and keeps it.
    pub(super) fn train_scoring(
        &self,
        (prompts, spec): (&PromptsSpec, &ScoringModelSpec),
        (place, streams): (&LanguagePlace, Streams),
        keeper: &mut dyn Keeper,
    ) -> Result<Vec<Measurement>, Stop> {
        let below = self.below(spec);
        let loaded = Loaded::new(&self.asked(prompts, &below), place, streams).map_err(setup)?;
        let Loaded { policy, task, files } = loaded;
        let passes = Passes { rows: spec.rows_at_once, activations: spec.activations };
        let task = ScoringTask(&task);
        let mut model = with_head((policy.into_decoder(), Output::Scores), passes, &task)?;
        let supply = self.supply_of(&task.0.examples.train)?;
        let identity = (self.objective.name(), self.schedule.steps);
        let annotator = self.annotator();
        let mut observer =
            ScoringObserver::new(&task, (self.measure, identity), annotator, streams)?;
        let mut learner = self.learner(&task, (supply, streams))?;
        let learned = learner.train_kept(&mut model, &mut observer, keeper);
        let learned = learned.map(|()| observer.into_measurements());
        keep_learned(learned, model.decoder(), (&below, &files), keeper)
    }
}

/// A model with a head of zeros, which reads scores or values; refused where a weight would never learn.
pub(super) fn with_head<T: LanguageTask>(
    (mut decoder, output): (Decoder, Output),
    passes: Passes,
    task: &T,
) -> Result<ScoringModel, Stop> {
    let width = decoder.config().width;
    // What a head of zeros leaves untouched at first is no fault: the check has one of ones.
    decoder.add_readout(vec![1.0; width], Training::Trained);
    let mut model = ScoringModel::new(decoder, output, passes);
    check_coverage(&mut model, task)?;
    model.decoder_mut().add_readout(vec![0.0; width], Training::Trained);
    Ok(model)
}
