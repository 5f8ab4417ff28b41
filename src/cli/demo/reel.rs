//! The films of all methods that are shown, made beside the screen so that no key waits for them.

use crate::laboratory::{Film, FilmError, Geometry, Settings, film, geometry};
use rayon::prelude::*;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

/// What stands still, and a film for each method, in the order of the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Reel {
    /// What was filmed.
    pub settings: Settings,
    /// What stands still.
    pub geometry: Geometry,
    /// One film for each method.
    pub films: Vec<Arc<Film>>,
}

impl Reel {
    /// Makes the films of some settings; those that `before` has of the same settings are kept.
    pub fn new(settings: &Settings, before: Option<&Reel>) -> Result<Reel, FilmError> {
        let alike = |reel: &&Reel| {
            let methods = settings.methods.clone();
            Settings { methods, ..reel.settings.clone() } == *settings
        };
        let kept = before.filter(alike).map_or(&[][..], |reel| &reel.films);
        let one = |method: &&'static str| match kept.iter().find(|film| film.method == *method) {
            Some(film) => Ok(Arc::clone(film)),
            None => film(settings, method).map(Arc::new),
        };
        let films = settings.methods.par_iter().map(one).collect::<Result<Vec<_>, _>>()?;
        Ok(Reel { settings: settings.clone(), geometry: geometry(settings)?, films })
    }
}

/// A thread that makes films, of the newest order only.
pub struct Studio {
    orders: Sender<Settings>,
    reels: Receiver<Result<Reel, FilmError>>,
}

impl Studio {
    /// Opens a studio, which closes when it is dropped.
    pub fn open() -> Studio {
        let (orders, ordered) = channel::<Settings>();
        let (made, reels) = channel();
        std::thread::spawn(move || {
            let mut last: Option<Reel> = None;
            while let Ok(order) = ordered.recv() {
                let newest = ordered.try_iter().last().unwrap_or(order);
                let reel = Reel::new(&newest, last.as_ref());
                last = reel.as_ref().ok().cloned().or(last);
                if made.send(reel).is_err() {
                    break;
                }
            }
        });
        Studio { orders, reels }
    }

    /// Asks for the films of some settings; whether the studio still works shows in [`Studio::ready`].
    pub fn order(&self, settings: &Settings) {
        let _ = self.orders.send(settings.clone());
    }

    /// A reel that has been finished; an error if there will be none any more.
    pub fn ready(&self) -> anyhow::Result<Option<Result<Reel, FilmError>>> {
        match self.reels.try_recv() {
            Ok(reel) => Ok(Some(reel)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => anyhow::bail!("the thread that runs methods ended"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_of_the_same_settings_are_kept_and_others_made_anew() {
        let settings = |methods: &[&'static str], seed| {
            let methods = methods.to_vec();
            Settings { steps: 10, methods, seed, ..Settings::default() }
        };
        let first = Reel::new(&settings(&["dpo"], 0), None).expect("films");
        let more = Reel::new(&settings(&["dpo", "ipo"], 0), Some(&first)).expect("films");
        assert!(Arc::ptr_eq(&first.films[0], &more.films[0]));
        assert_eq!(*more.films[1], film(&settings(&["ipo"], 0), "ipo").expect("a film"));
        let other = Reel::new(&settings(&["dpo"], 1), Some(&first)).expect("films");
        assert_ne!(first.films[0], other.films[0]);
    }
}
