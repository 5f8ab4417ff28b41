//! What is on the screen, and what a key or a moment changes of it: no clock, no terminal.

use super::keys::Action;
use super::knobs::{Way, next, toggle, turn};
use super::reel::Reel;
use crate::laboratory::{Data, FilmError, PRESETS, Policy, Reward, Settings};
use std::time::Duration;

/// Whether the play-head moves by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// It moves.
    Playing,
    /// It stands.
    Paused,
}

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The methods.
    Panels,
    /// How to read them.
    Help,
}

/// What an action asks of the world outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Nothing.
    Nothing,
    /// To write the scenario of the settings to a file.
    Write,
    /// To end.
    Quit,
}

/// Steps per second.
const SPEEDS: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// Everything that decides what is seen.
#[derive(Debug, Clone)]
pub struct State {
    /// What is asked for.
    pub settings: Settings,
    /// The preset that the settings began with, a place in [`PRESETS`].
    pub preset: Option<usize>,
    /// The films that are there, perhaps still of earlier settings.
    pub reel: Option<Reel>,
    /// Whether the play-head moves.
    pub motion: Motion,
    /// What is shown.
    pub page: Page,
    /// What the last key had to say.
    pub message: Option<String>,
    /// The play-head in steps, with the part of a step that has passed.
    head: f64,
    /// A place in [`SPEEDS`].
    speed: usize,
}

impl State {
    /// Plays from step 0.
    pub fn new(settings: Settings, preset: Option<usize>) -> State {
        State {
            settings,
            preset,
            reel: None,
            motion: Motion::Playing,
            page: Page::Panels,
            message: None,
            head: 0.0,
            speed: 4,
        }
    }

    /// The step that is shown.
    pub fn step(&self) -> usize {
        self.head as usize
    }

    /// Steps per second.
    pub fn speed(&self) -> f64 {
        SPEEDS[self.speed]
    }

    /// Whether the films of the settings are still being made.
    pub fn is_waiting(&self) -> bool {
        self.reel.as_ref().is_none_or(|reel| reel.settings != self.settings)
    }

    /// Whether the settings are no longer those of their preset.
    pub fn is_changed(&self) -> bool {
        let own = self.preset.and_then(|k| Settings::from_query(PRESETS[k].query).ok());
        own.is_some_and(|own| own != self.settings)
    }

    /// Takes films in, or the reason why there are none.
    pub fn receive(&mut self, reel: Result<Reel, FilmError>) {
        match reel {
            Ok(reel) => self.reel = Some(reel),
            Err(error) => self.message = Some(format!("these settings cannot be run: {error}")),
        }
    }

    /// Lets time pass; the play-head waits for films and stops at the end.
    pub fn pass(&mut self, time: Duration) {
        if self.motion == Motion::Paused || self.is_waiting() {
            return;
        }
        let last = self.settings.steps as f64;
        self.head = (self.head + self.speed() * time.as_secs_f64()).min(last);
        if self.head >= last {
            self.motion = Motion::Paused;
        }
    }

    /// Does what a key asks for, and tells what is left to the world outside.
    pub fn act(&mut self, action: Action) -> Request {
        self.message = None;
        if self.page == Page::Help && action != Action::Quit {
            self.page = Page::Panels;
            return Request::Nothing;
        }
        match action {
            Action::Quit | Action::Leave => return Request::Quit,
            Action::Write => return Request::Write,
            Action::Help => self.page = Page::Help,
            Action::Link => {
                let query = self.settings.to_query();
                self.message = Some(format!("modeseek demo \"{query}\""));
            }
            Action::Preset => self.take_preset(),
            Action::Speed(Way::Up) => self.speed = (self.speed + 1).min(SPEEDS.len() - 1),
            Action::Speed(Way::Down) => self.speed = self.speed.saturating_sub(1),
            Action::Pause => self.pause(),
            Action::Back => self.go(self.step().saturating_sub(1)),
            Action::Forward => self.go(self.step() + 1),
            Action::Start => self.go(0),
            Action::End => self.go(usize::MAX),
            _ => self.change(action),
        }
        Request::Nothing
    }

    /// Changes a setting; the play-head stays, so that settings are compared at the same step.
    fn change(&mut self, action: Action) {
        let settings = &mut self.settings;
        match action {
            Action::Reward => settings.reward = next(&Reward::ALL, settings.reward),
            Action::Data => settings.data = next(&Data::ALL, settings.data),
            Action::Policy => {
                settings.policy = next(&Policy::ALL, settings.policy);
                settings.learning_rate = settings.policy.learning_rate();
            }
            Action::Turn(knob, way) => turn(settings, knob, way),
            Action::Method(method) => self.message = toggle(settings, method).err(),
            _ => {}
        }
    }

    /// The next preset, from step 0: its film tells a story.
    fn take_preset(&mut self) {
        let place = self.preset.map_or(0, |k| (k + 1) % PRESETS.len());
        if let Ok(settings) = Settings::from_query(PRESETS[place].query) {
            (self.settings, self.preset, self.head) = (settings, Some(place), 0.0);
        }
    }

    fn pause(&mut self) {
        self.motion = match self.motion {
            Motion::Playing => Motion::Paused,
            Motion::Paused => {
                if self.step() as u64 >= self.settings.steps {
                    self.head = 0.0;
                }
                Motion::Playing
            }
        };
    }

    /// Stands at a step, the last one if there are fewer.
    fn go(&mut self, step: usize) {
        self.motion = Motion::Paused;
        self.head = step.min(self.settings.steps as usize) as f64;
    }
}

#[cfg(test)]
mod tests;
