//! How far a run is: a bar on a terminal, plain lines elsewhere; a second bar for a long run.

mod pace;

use super::memory::peak_memory;
use crate::runner::{LongStep, Progress};
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use pace::Pace;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Plain lines appear at each of so many equal parts of a run.
const PLAIN_PARTS: usize = 4;

/// Plain lines of a long run appear about so often.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// A bar with an estimate, or a few lines.
pub struct Bar {
    label: String,
    state: Mutex<State>,
    long: Mutex<Option<Long>>,
}

enum State {
    Waiting,
    Terminal(MultiProgress, ProgressBar),
    Plain { done: usize, total: usize },
}

/// The long run at work.
struct Long {
    pace: Pace,
    /// Its bar on a terminal.
    bar: Option<ProgressBar>,
    /// When its last plain line was written.
    told: Instant,
}

impl Bar {
    /// Progress of what `label` names.
    pub fn new(label: &str) -> Self {
        Bar { label: label.to_owned(), state: Mutex::new(State::Waiting), long: Mutex::new(None) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A long run that took its first step in this process.
    fn begin(&self, step: &LongStep<'_>, now: Instant) -> Long {
        let bar = match &*self.state() {
            State::Terminal(bars, _) => Some(bars.add(second_bar(step))),
            State::Waiting | State::Plain { .. } => None,
        };
        Long { pace: Pace::new(step, now), bar, told: now }
    }

    fn tell(&self, long: &mut Long, step: &LongStep<'_>, now: Instant) {
        let numbers = |long: &Long| long.pace.numbers(step, now, peak_memory());
        if let Some(bar) = &long.bar {
            bar.set_message(numbers(long));
            bar.set_position(step.step);
            return;
        }
        let LongStep { method, seed, step: done, steps, .. } = *step;
        if done < steps && now.duration_since(long.told) < PLAIN_EVERY {
            return;
        }
        long.told = now;
        let left = long.pace.left(step, now).map(|left| format!(", {} left", HumanDuration(left)));
        let (left, numbers) = (left.unwrap_or_default(), numbers(long));
        eprintln!("{}: {method}, seed {seed}: step {done}/{steps}, {numbers}{left}", self.label);
    }
}

/// The bar of a long run, below that of all runs.
fn second_bar(step: &LongStep<'_>) -> ProgressBar {
    let bar = ProgressBar::new(step.steps).with_position(step.step);
    let form = "{prefix:32} {bar:30} {pos}/{len} steps, {msg}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style);
    }
    bar.set_prefix(format!("{}, seed {}", step.method, step.seed));
    bar.reset_eta();
    bar
}

impl Progress for Bar {
    fn started(&self, total: usize) {
        if total == 0 {
            return;
        }
        *self.state() = if std::io::stderr().is_terminal() {
            let bars = MultiProgress::new();
            let bar = bars.add(ProgressBar::new(total as u64));
            let form = "{prefix:32} {bar:30} {pos}/{len} runs, {elapsed} elapsed, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(form) {
                bar.set_style(style);
            }
            bar.set_prefix(self.label.clone());
            State::Terminal(bars, bar)
        } else {
            State::Plain { done: 0, total }
        };
    }

    fn finished_one(&self) {
        match &mut *self.state() {
            State::Waiting => {}
            State::Terminal(_, bar) => bar.inc(1),
            State::Plain { done, total } => {
                *done += 1;
                let part = |done: usize| done * PLAIN_PARTS / *total;
                if part(*done) > part(*done - 1) {
                    eprintln!("{}: {done}/{total} runs", self.label);
                }
            }
        }
    }

    fn done(&self) {
        if let State::Terminal(_, bar) = &*self.state() {
            bar.finish();
        }
    }

    fn stepped(&self, step: &LongStep<'_>) {
        let now = Instant::now();
        let mut long = self.long.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut current = match long.take() {
            Some(mut current) if current.pace.is_of(step) => {
                current.pace.take(step);
                current
            }
            before => {
                before.and_then(|long| long.bar).inspect(ProgressBar::finish_and_clear);
                self.begin(step, now)
            }
        };
        self.tell(&mut current, step, now);
        *long = Some(current);
    }

    fn noted(&self, line: &str) {
        match &*self.state() {
            State::Terminal(bars, _) => {
                // A terminal that went away has nobody to read it.
                let _ = bars.println(line);
            }
            State::Waiting | State::Plain { .. } => eprintln!("{line}"),
        }
    }
}
