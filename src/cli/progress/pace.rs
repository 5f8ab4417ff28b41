//! How fast a long run is, how long it still takes, and how much memory it took at most.

use crate::runner::LongStep;
use std::time::{Duration, Instant};

/// The pace of one (method, seed) since this process began it.
pub struct Pace {
    run: (String, u64),
    /// When the first step of this process was done.
    begun: Instant,
    first: u64,
    /// Tokens of all steps after the first.
    tokens: usize,
    /// Responses of the same steps.
    responses: usize,
}

impl Pace {
    /// A run whose first step in this process was just taken.
    pub fn new(step: &LongStep<'_>, now: Instant) -> Self {
        let run = (step.method.to_owned(), step.seed);
        Pace { run, begun: now, first: step.step, tokens: 0, responses: 0 }
    }

    /// Whether a step belongs to this run.
    pub fn is_of(&self, step: &LongStep<'_>) -> bool {
        (self.run.0.as_str(), self.run.1) == (step.method, step.seed)
    }

    /// Takes in a further step.
    pub fn take(&mut self, step: &LongStep<'_>) {
        self.tokens += step.report.tokens;
        self.responses += step.report.responses;
    }

    /// The latest numbers: loss, tokens that were learned from in a second of the whole loop (or responses,
    /// where each has one number, as of a reward model), peak memory of the process.
    pub fn numbers(&self, step: &LongStep<'_>, now: Instant, peak: Option<u64>) -> String {
        let seconds = now.duration_since(self.begun).as_secs_f64();
        let unit = if self.tokens == self.responses { "responses/s" } else { "tokens/s" };
        let rate = (self.tokens > 0 && seconds > 0.0)
            .then(|| format!(", {:.0} {unit}", self.tokens as f64 / seconds));
        let peak = peak.map(|bytes| format!(", {:.1} GB", bytes as f64 / 1e9));
        let (rate, peak) = (rate.unwrap_or_default(), peak.unwrap_or_default());
        format!("loss {:.4}{rate}{peak}", step.report.loss)
    }

    /// The time that is left at this pace.
    pub fn left(&self, step: &LongStep<'_>, now: Instant) -> Option<Duration> {
        let done = step.step.checked_sub(self.first).filter(|done| *done > 0)?;
        let each = now.duration_since(self.begun).as_secs_f64() / done as f64;
        Some(Duration::from_secs_f64(each * (step.steps - step.step) as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::StepReport;

    /// Two steps of 30 scores in 3 s: 20 responses/s.
    #[test]
    fn scores_are_counted_as_responses() {
        let report = StepReport { tokens: 30, responses: 30, ..StepReport::default() };
        let at = |step| LongStep { method: "judge", seed: 0, step, steps: 9, report: &report };
        let begun = Instant::now();
        let mut pace = Pace::new(&at(1), begun);
        pace.take(&at(2));
        pace.take(&at(3));
        let found = pace.numbers(&at(3), begun + Duration::from_secs(3), None);
        assert_eq!(found, "loss 0.0000, 20 responses/s");
    }

    /// Two steps of 600 tokens in 3 s after the first: 400 tokens/s, and 1.5 s for each of 7 left.
    #[test]
    fn the_pace_is_that_of_the_steps_after_the_first() {
        let report = StepReport { loss: 0.25, tokens: 600, responses: 8, ..StepReport::default() };
        let at = |step| LongStep { method: "dpo", seed: 1, step, steps: 20, report: &report };
        let begun = Instant::now();
        let mut pace = Pace::new(&at(11), begun);
        assert_eq!(pace.numbers(&at(11), begun, None), "loss 0.2500");
        assert_eq!(pace.left(&at(11), begun), None);
        pace.take(&at(12));
        pace.take(&at(13));
        let now = begun + Duration::from_secs(3);
        let found = pace.numbers(&at(13), now, Some(1_900_000_000));
        assert_eq!(found, "loss 0.2500, 400 tokens/s, 1.9 GB");
        assert_eq!(pace.left(&at(13), now), Some(Duration::from_secs_f64(10.5)));
        assert!(pace.is_of(&at(13)) && !pace.is_of(&LongStep { seed: 2, ..at(13) }));
    }
}
