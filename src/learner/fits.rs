//! What was fitted once and is shared by all methods of a seed.

use super::Stop;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A fit that is under way or done.
type Fit<P> = Arc<OnceLock<Result<P, Stop>>>;

/// Fits by their settings, each computed by whoever asks first; others wait for it.
#[derive(Debug)]
pub struct Fits<P> {
    fits: Mutex<BTreeMap<String, Fit<P>>>,
}

impl<P> Default for Fits<P> {
    fn default() -> Self {
        Fits { fits: Mutex::default() }
    }
}

impl<P: Clone> Fits<P> {
    /// The fit of this key, which names everything that it depends on.
    pub fn get(&self, key: String, fit: impl FnOnce() -> Result<P, Stop>) -> Result<P, Stop> {
        let slot = {
            let mut fits = self.fits.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(fits.entry(key).or_default())
        };
        slot.get_or_init(fit).clone()
    }
}
