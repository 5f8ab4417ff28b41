//! What a reward model learns from, and what is measured of it.

use super::pairs::{EvaluationPair, evaluation_pairs};
use super::task::{Cut, LanguageTask, PromptsTask};
use super::{ScoringModel, Sequences, Tokens};
use crate::learner::{
    Book, Example, MeasureSpec, Measured, Measurement, Observer, Progress, Savable, StepReport,
    Stop, Task,
};
use crate::policy::{Policy, PolicyError};
use crate::preference::{Calibration, LabelSpec};
use crate::stream::{Draws, Streams};

/// The comparisons of a task over prompts; scores have no reference.
#[derive(Debug)]
pub struct ScoringTask<'a>(pub &'a PromptsTask);

impl Task for ScoringTask<'_> {
    type Prompt = Tokens;
    type Response = Tokens;

    fn prompt(&self, index: u64) -> Tokens {
        self.0.prompt(index)
    }

    fn gold_rewards(&self, prompt: &Tokens, responses: &[Tokens]) -> Result<Vec<f64>, PolicyError> {
        self.0.gold_rewards(prompt, responses)
    }

    fn log_reference(&self, _: &Tokens, responses: &[Tokens]) -> Result<Vec<f64>, PolicyError> {
        Ok(vec![0.0; responses.len()])
    }

    fn log_reference_tokens(
        &self,
        prompt: &Tokens,
        own: &[Tokens],
    ) -> Result<Vec<f64>, PolicyError> {
        self.log_reference(prompt, own)
    }

    fn data_responses(
        &self,
        prompts: &[u64],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Tokens>, PolicyError> {
        self.0.data_responses(prompts, per_prompt, draws)
    }
}

impl LanguageTask for ScoringTask<'_> {
    fn evaluation_prompts(&self, count: usize) -> Vec<Tokens> {
        self.0.evaluation_prompts(count)
    }

    fn reference_responses(
        &self,
        prompts: &[Tokens],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Tokens>, PolicyError> {
        self.0.reference_responses(prompts, per_prompt, draws)
    }

    fn test_examples(&self) -> &[Example<Tokens>] {
        self.0.test_examples()
    }

    fn measure(&self, response: &Tokens) -> (usize, Cut) {
        self.0.measure(response)
    }
}

/// Measurements of a reward model on comparisons that it does not learn from.
pub struct ScoringObserver {
    book: Book,
    pairs: Vec<EvaluationPair>,
    annotator: Annotator,
}

/// Whom a reward model learns to foretell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Annotator {
    /// How comparisons that are drawn are labelled.
    pub labels: LabelSpec,
    /// The loss is one of σ(β·margin).
    pub beta: f64,
}

impl ScoringObserver {
    /// Takes the comparisons of evaluation prompts, given or drawn.
    pub fn new(
        task: &ScoringTask<'_>,
        (spec, identity): (&MeasureSpec, (&'static str, u64)),
        annotator: Annotator,
        streams: Streams,
    ) -> Result<Self, Stop> {
        let prompts = task.evaluation_prompts(spec.states);
        Ok(ScoringObserver {
            book: Book::new(spec, identity),
            pairs: evaluation_pairs(task, &prompts, spec.pairs, streams)?,
            annotator,
        })
    }

    /// All that was measured.
    pub fn into_measurements(self) -> Vec<Measurement> {
        self.book.into_measurements()
    }

    /// r(chosen) − r(rejected) of every pair, and the probability that the annotator chooses so.
    fn judged(&self, model: &ScoringModel) -> Result<Vec<(f64, f64)>, PolicyError> {
        let mut batch = Sequences::default();
        self.pairs.iter().for_each(|p| batch.push(p.prompt.clone(), p.responses.clone()));
        let scores = model.log_probs(&batch)?;
        let chance = |gap| self.annotator.labels.chance(gap);
        let chances = self.pairs.iter().map(|p| p.gap.map_or(1.0, chance));
        let margins = scores.values().chunks_exact(2).map(|pair| pair[0] - pair[1]);
        Ok(margins.zip(chances).collect())
    }
}

impl Observer<ScoringModel> for ScoringObserver {
    fn observe(
        &mut self,
        model: &ScoringModel,
        progress: &Progress,
        report: Option<&StepReport>,
    ) -> Result<(), Stop> {
        if !self.book.is_due(progress.step) {
            return Ok(());
        }
        if !self.pairs.is_empty() {
            let Calibration { accuracy, margin, log_loss, error } =
                Calibration::of(&self.judged(model)?, self.annotator.beta);
            let numbers = [
                ("accuracy", accuracy),
                ("margin", margin),
                ("log_loss", log_loss),
                ("calibration_error", error),
            ];
            self.book.record_all(progress, numbers)?;
        }
        self.book.record_step(progress, report)
    }

    fn wants_gradient_norm(&self, step: u64) -> bool {
        self.book.wants_gradient_norm(step)
    }
}

impl Savable for ScoringObserver {
    type State = Measured;

    fn state(&self) -> Measured {
        self.book.state()
    }

    fn put_back(&mut self, state: Measured) {
        self.book.put_back(state);
    }
}
