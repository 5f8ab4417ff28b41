//! r_φ of a run: a reward model that is trained before the policy takes a step.

use super::fit::FittedWeights;
use super::run::{LanguagePlace, LanguageRun, setup};
use super::scoring_task::ScoringTask;
use super::task::PromptsTask;
use super::{Decoder, LanguageModel, Passes, ScoringModel, Training};
use crate::learner::{
    AdamSpec, DataSource, Decay, Learner, Method, Observer, Optimizer, OptimizerSpec, Progress,
    Schedule, ScheduleSpec, StepReport, Stop, Supply,
};
use crate::objective::{DpoSpec, ObjectiveSpec};
use crate::policy::LanguageModelSpec;
use crate::preference::PairRule;
use crate::problem::{LearnedRewardSpec, PromptsSpec};
use crate::stream::Streams;

/// Responses of a step.
const RESPONSES: usize = 64;
/// Responses to a prompt.
const PER_PROMPT: usize = 4;

/// Nobody looks.
struct Unwatched;

impl Observer<ScoringModel> for Unwatched {
    fn observe(
        &mut self,
        _: &ScoringModel,
        _: &Progress,
        _: Option<&StepReport>,
    ) -> Result<(), Stop> {
        Ok(())
    }

    fn wants_gradient_norm(&self, _: u64) -> bool {
        false
    }
}

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
    ) -> Result<ScoringModel, Stop> {
        let (data, pairs, seed) = (&self.data.preferences, self.pairs, streams.seed());
        let key = format!("r_φ {seed} {prompts:?} {spec:?} {data:?} {pairs:?}");
        let mut fitted = place.fits.get(key, || {
            let decoder = beginning(&task.reference, spec, streams)?;
            self.fit_reward(decoder, (learned, spec), (task, streams))
        })?;
        let reference = task.reference.decoder();
        let (config, engine) = (reference.config().clone(), reference.engine().clone());
        let mut decoder = Decoder::load(config, engine, &mut fitted, Training::Frozen)?;
        decoder.add_readout(fitted.readout(), Training::Frozen);
        Ok(ScoringModel::new(decoder, passes(spec)))
    }

    fn fit_reward(
        &self,
        decoder: Decoder,
        (learned, spec): (&LearnedRewardSpec, &LanguageModelSpec),
        (task, streams): (&PromptsTask, Streams),
    ) -> Result<FittedWeights, Stop> {
        let given = &task.comparisons.train;
        let (supply, per_prompt) = match given.is_empty() {
            true => (Supply::Data(learned.prompts.min(task.train.len())), PER_PROMPT),
            false => (Supply::Comparisons(given.clone()), 2),
        };
        let schedule = ScheduleSpec {
            data: DataSource::Offline,
            samples_per_round: RESPONSES,
            responses_per_prompt: per_prompt,
            minibatch: RESPONSES,
            passes: 1,
            steps: learned.steps,
            learning_rate_decay: Decay::Constant,
            warmup_steps: 0,
            ..self.schedule.clone()
        };
        let learning_rate = learned.learning_rate;
        let adam = AdamSpec { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
        let bradley_terry = ObjectiveSpec::Dpo(DpoSpec { beta: 1.0, label_smoothing: 0.0 });
        let rule = PairRule::new(*self.pairs).map_err(setup)?;
        let method = Method::new(&bradley_terry, rule, schedule.expectation).map_err(setup)?;
        let schedule = Schedule::new(&schedule).map_err(setup)?;
        let optimizer = Optimizer::new(&OptimizerSpec::Adam(adam)).map_err(setup)?;
        let mut model = ScoringModel::new(decoder, passes(spec));
        let task = ScoringTask(task);
        let parts = (schedule, optimizer);
        Learner::new(&task, method, parts, supply, streams)?.train(&mut model, &mut Unwatched)?;
        let decoder = model.decoder_mut();
        decoder.merge_adapters();
        decoder.scale_readout(self.pairs.labels.temperature().unwrap_or(1.0) as f32);
        Ok(FittedWeights::of(decoder))
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
