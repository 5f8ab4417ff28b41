//! How far a run is: a bar on a terminal, plain lines elsewhere.

use crate::runner::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;

/// Plain lines appear at each of so many equal parts of a run.
const PLAIN_PARTS: usize = 4;

/// A bar with an estimate, or a few lines.
pub struct Bar {
    label: String,
    state: Mutex<State>,
}

enum State {
    Waiting,
    Terminal(ProgressBar),
    Plain { done: usize, total: usize },
}

impl Bar {
    /// Progress of what `label` names.
    pub fn new(label: &str) -> Self {
        Bar { label: label.to_owned(), state: Mutex::new(State::Waiting) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Progress for Bar {
    fn started(&self, total: usize) {
        if total == 0 {
            return;
        }
        *self.state() = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(total as u64);
            let form = "{prefix:32} {bar:30} {pos}/{len} runs, {elapsed} elapsed, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(form) {
                bar.set_style(style);
            }
            bar.set_prefix(self.label.clone());
            State::Terminal(bar)
        } else {
            State::Plain { done: 0, total }
        };
    }

    fn finished_one(&self) {
        match &mut *self.state() {
            State::Waiting => {}
            State::Terminal(bar) => bar.inc(1),
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
        if let State::Terminal(bar) = &*self.state() {
            bar.finish();
        }
    }
}
