//! r_φ of a run: a reward model that is trained before the policy takes a step.

use super::fit::FittedWeights;
use super::run::{LanguagePlace, LanguageRun};
use super::scoring_task::ScoringTask;
use super::task::PromptsTask;
use super::{Decoder, LanguageModel, Output, Passes, ScoringModel, Training};
use crate::learner::{
    AdamSpec, DataSource, Decay, Expectation, Keep, Keeper, Observer, OptimizerSpec, Progress,
    ScheduleSpec, StepReport, Stop, Supply, Taken,
};
use crate::objective::{DpoSpec, ObjectiveSpec};
use crate::policy::LanguageModelSpec;
use crate::problem::{LearnedRewardSpec, PromptsSpec};
use crate::stream::Streams;

/// Responses of a step.
const RESPONSES: usize = 64;
/// Responses to a prompt.
const PER_PROMPT: usize = 4;

impl LanguageRun<'_> {
    /// The reward model of these settings and this seed, trained once for all methods. Its scores are in units
    /// of the true reward where labels have a temperature: r_φ = temperature·f, f learned by Bradley–Terry.
    ///
    /// It learns from the comparisons that are given, or from those of π_ref's responses to the first prompts.
    pub(super) fn learned_reward(
        &self,
        (prompts, learned): (&PromptsSpec, &LearnedRewardSpec),
        (task, spec): (&PromptsTask, &LanguageModelSpec),
        (place, streams): (&LanguagePlace, Streams),
        keeper: &mut dyn Keeper,
    ) -> Result<ScoringModel, Stop> {
        let (data, pairs, seed) = (&self.data.preferences, self.pairs, streams.seed());
        let key = format!("r_φ {seed} {prompts:?} {spec:?} {data:?} {pairs:?}");
        let mut fitted = place.fits.get(key, || {
            let decoder = beginning(&task.reference, spec, streams)?;
            self.fit_reward(decoder, (learned, spec), (task, streams), keeper)
        })?;
        let reference = task.reference.decoder();
        let (config, engine) = (reference.config().clone(), reference.engine().clone());
        let mut decoder = Decoder::load(config, engine, &mut fitted, Training::Frozen)?;
        decoder.add_readout(fitted.readout(), Training::Frozen);
        Ok(ScoringModel::new(decoder, Output::Scores, passes(spec)))
    }

    fn fit_reward(
        &self,
        decoder: Decoder,
        (learned, spec): (&LearnedRewardSpec, &LanguageModelSpec),
        (task, streams): (&PromptsTask, Streams),
        keeper: &mut dyn Keeper,
    ) -> Result<FittedWeights, Stop> {
        let given = &task.examples.train;
        let (supply, per_prompt) = match given.is_empty() {
            true => (Supply::Data(learned.prompts.min(task.train.len())), PER_PROMPT),
            false => (Supply::Examples(given.clone()), 2),
        };
        let schedule = ScheduleSpec {
            data: DataSource::Offline,
            expectation: Expectation::Sampled,
            samples_per_round: RESPONSES,
            responses_per_prompt: per_prompt,
            minibatch: RESPONSES,
            passes: 1,
            steps: learned.steps,
            gradient_clip: None,
            log_probability_floor: None,
            learning_rate_decay: Decay::Constant,
            warmup_steps: 0,
        };
        let bradley_terry = ObjectiveSpec::Dpo(DpoSpec { beta: 1.0, ..DpoSpec::default() });
        let optimizer = OptimizerSpec::Adam(AdamSpec::new(learned.learning_rate));
        let own = LanguageRun {
            objective: &bradley_terry,
            schedule: &schedule,
            optimizer: &optimizer,
            ..*self
        };
        let mut model = ScoringModel::new(decoder, Output::Scores, passes(spec));
        let task = ScoringTask(task);
        let steps = learned.steps;
        own.learner(&task, (supply, streams))?.train(&mut model, &mut Told { keeper, steps })?;
        let decoder = model.decoder_mut();
        decoder.merge_adapters();
        decoder.scale_readout(self.pairs.labels.temperature().unwrap_or(1.0) as f32);
        Ok(FittedWeights::of(decoder))
    }
}

/// A keeper who hears of r_φ's steps, and may stop the run at one.
struct Told<'k> {
    keeper: &'k mut dyn Keeper,
    steps: u64,
}

impl Observer<ScoringModel> for Told<'_> {
    fn observe(
        &mut self,
        _: &ScoringModel,
        progress: &Progress,
        report: Option<&StepReport>,
    ) -> Result<(), Stop> {
        let Some(report) = report else { return Ok(()) };
        let taken = Taken { step: progress.step, steps: self.steps, report };
        match self.keeper.beforehand("its reward model", &taken) {
            Keep::No | Keep::Save => Ok(()),
            Keep::SaveAndStop => Err(Stop::Interrupted { step: 0 }),
        }
    }

    fn wants_gradient_norm(&self, _: u64) -> bool {
        false
    }
}

/// The model below with a head of zeros: all its weights learn, or its adapters.
fn beginning(
    reference: &LanguageModel,
    spec: &LanguageModelSpec,
    streams: Streams,
) -> Result<Decoder, Stop> {
    let below = reference.decoder();
    let (config, engine) = (below.config().clone(), below.engine().clone());
    let width = config.width;
    // Weights of its own, since adapters are merged into them.
    let weights = &mut FittedWeights::of(below);
    let training = if spec.lora.is_some() { Training::Frozen } else { Training::Trained };
    let mut decoder = Decoder::load(config, engine, weights, training)?;
    if let Some(lora) = &spec.lora {
        decoder.add_adapters(lora, streams)?;
    }
    decoder.add_readout(vec![0.0; width], Training::Trained);
    Ok(decoder)
}

fn passes(spec: &LanguageModelSpec) -> Passes {
    Passes { rows: spec.rows_at_once, activations: spec.activations }
}
