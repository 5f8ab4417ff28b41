//! When a long run is saved.

use crate::learner::Keep;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How much work may be lost when the power fails.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(120);

/// Saves now and then, and at once when interrupted.
pub struct Patience {
    saved: Mutex<Instant>,
}

impl Patience {
    /// Patience that begins now.
    pub fn new() -> Self {
        Patience { saved: Mutex::new(Instant::now()) }
    }

    /// Whether a long run is saved after this step; `interrupted` also ends it.
    pub fn due(&self, interrupted: &AtomicBool) -> Keep {
        if interrupted.load(Ordering::Relaxed) {
            return Keep::SaveAndStop;
        }
        self.due_at(Instant::now())
    }

    fn due_at(&self, now: Instant) -> Keep {
        let mut saved = self.saved.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if now.duration_since(*saved) < BETWEEN_CHECKPOINTS {
            return Keep::No;
        }
        *saved = now;
        Keep::Save
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_is_saved_every_two_minutes_and_when_interrupted() {
        let patience = Patience::new();
        let start = *patience.saved.lock().expect("unshared");
        let at = |seconds| patience.due_at(start + Duration::from_secs(seconds));
        let heard = [1, 119, 120, 121, 239, 240].map(at);
        let (no, save) = (Keep::No, Keep::Save);
        assert_eq!(heard, [no, no, save, no, no, save]);
        assert_eq!(patience.due(&AtomicBool::new(true)), Keep::SaveAndStop);
    }
}
