//! Counts of Algorithm 1 and the learning rate over time.

use super::spec::{Decay, ScheduleSpec};

/// A checked schedule: C | M | B, T ≥ 1, at least one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// B / C: prompts per round.
    pub prompts_per_round: usize,
    /// M / C: prompts per optimizer step.
    pub prompts_per_minibatch: usize,
    /// C: responses per prompt.
    pub responses_per_prompt: usize,
    /// T: passes over a round.
    pub passes: usize,
    /// Optimizer steps in all.
    pub steps: u64,
    /// Longest gradient that is not shortened.
    pub gradient_clip: f64,
    /// Log-probabilities below this count as this, without a gradient (nats).
    pub log_probability_floor: f64,
    decay: Decay,
    warmup_steps: u64,
}

/// A schedule that Algorithm 1 cannot follow.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{key} is {given}; allowed is {allowed}: {remedy}")]
pub struct ScheduleError {
    /// The key below `schedule`.
    pub key: &'static str,
    /// What was given.
    pub given: String,
    /// What is allowed.
    pub allowed: String,
    /// What to do.
    pub remedy: String,
}

impl Schedule {
    /// Checks the counts.
    pub fn new(spec: &ScheduleSpec) -> Result<Self, ScheduleError> {
        let (b, m, c) = (spec.samples_per_round, spec.minibatch, spec.responses_per_prompt);
        let fault = |key, given: String, allowed: String, remedy: String| {
            Err(ScheduleError { key, given, allowed, remedy })
        };
        for (key, value) in [
            ("responses_per_prompt", c),
            ("minibatch", m),
            ("samples_per_round", b),
            ("passes", spec.passes),
            ("steps", spec.steps as usize),
        ] {
            if value == 0 {
                let remedy = format!("write schedule.{key} = 1, or a larger whole number");
                return fault(key, "0".into(), "1 or more".into(), remedy);
            }
        }
        if m % c != 0 {
            let allowed = format!("a multiple of schedule.responses_per_prompt (C) = {c}");
            let whole = m.div_ceil(c) * c;
            let remedy =
                format!("a minibatch (M) is whole prompts: write schedule.minibatch = {whole}");
            return fault("minibatch", m.to_string(), allowed, remedy);
        }
        if b % m != 0 {
            let allowed = format!("a multiple of schedule.minibatch (M) = {m}");
            let whole = b.div_ceil(m) * m;
            let remedy = format!(
                "a round (B) is whole minibatches: write schedule.samples_per_round = {whole}, or \
                 a minibatch that divides {b}"
            );
            return fault("samples_per_round", b.to_string(), allowed, remedy);
        }
        let gradient_clip = spec.gradient_clip.unwrap_or(f64::INFINITY);
        let usable = |clip: f64| clip > 0.0 && clip.is_finite();
        if !spec.gradient_clip.is_none_or(usable) {
            let allowed = "a finite number above 0".into();
            let remedy = "leave it out for no clipping".into();
            return fault("gradient_clip", gradient_clip.to_string(), allowed, remedy);
        }
        let log_probability_floor = spec.log_probability_floor.unwrap_or(f64::NEG_INFINITY);
        if !spec.log_probability_floor.is_none_or(|floor| floor < 0.0 && floor.is_finite()) {
            let allowed = "a finite log-probability below 0 nats".into();
            let remedy = "leave it out for no floor".into();
            return fault(
                "log_probability_floor",
                log_probability_floor.to_string(),
                allowed,
                remedy,
            );
        }
        Ok(Schedule {
            prompts_per_round: b / c,
            prompts_per_minibatch: m / c,
            responses_per_prompt: c,
            passes: spec.passes,
            steps: spec.steps,
            gradient_clip,
            log_probability_floor,
            decay: spec.learning_rate_decay,
            warmup_steps: spec.warmup_steps,
        })
    }

    /// The share of the learning rate that step `step` (counted from 0) uses.
    pub fn learning_rate_factor(&self, step: u64) -> f64 {
        if step < self.warmup_steps {
            return (step + 1) as f64 / (self.warmup_steps + 1) as f64;
        }
        let after = (self.steps - self.warmup_steps.min(self.steps)).max(1) as f64;
        let progress = ((step - self.warmup_steps) as f64 / after).min(1.0);
        match self.decay {
            Decay::Constant => 1.0,
            Decay::Linear => 1.0 - progress,
            Decay::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(b: usize, m: usize, c: usize) -> ScheduleSpec {
        let text = format!(
            "samples_per_round = {b}\nminibatch = {m}\nresponses_per_prompt = {c}\nsteps = 100"
        );
        toml::from_str(&text).expect("valid TOML")
    }

    #[test]
    fn minibatches_are_whole_prompts_and_rounds_are_whole_minibatches() {
        let schedule = Schedule::new(&spec(400, 100, 10)).expect("valid");
        assert_eq!((schedule.prompts_per_round, schedule.prompts_per_minibatch), (40, 10));
        let key = |b, m, c| Schedule::new(&spec(b, m, c)).expect_err("refused").key;
        assert_eq!(key(100, 15, 10), "minibatch");
        assert_eq!(key(100, 200, 10), "samples_per_round");
        assert_eq!(key(100, 100, 0), "responses_per_prompt");
        let mut clipped = spec(100, 100, 10);
        clipped.gradient_clip = Some(f64::NAN);
        assert_eq!(Schedule::new(&clipped).expect_err("refused").key, "gradient_clip");
    }

    #[test]
    fn learning_rates_rise_and_fall_as_named() {
        let mut linear = spec(10, 10, 10);
        linear.learning_rate_decay = Decay::Linear;
        linear.warmup_steps = 3;
        let linear = Schedule::new(&linear).expect("valid");
        assert_eq!(linear.learning_rate_factor(0), 0.25);
        assert_eq!(linear.learning_rate_factor(3), 1.0);
        assert!((linear.learning_rate_factor(99) - 1.0 / 97.0).abs() < 1e-12);
        let mut cosine = spec(10, 10, 10);
        cosine.learning_rate_decay = Decay::Cosine;
        let cosine = Schedule::new(&cosine).expect("valid");
        assert!((cosine.learning_rate_factor(50) - 0.5).abs() < 1e-12);
    }
}
