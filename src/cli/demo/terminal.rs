//! The loop between the keyboard, the clock and the screen.

use super::keys::action;
use super::look::Ink;
use super::reel::Studio;
use super::state::{Motion, Request, State};
use super::view::draw;
use crate::cli::Failure;
use crate::laboratory::Settings;
use anyhow::Result;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{Event, KeyEventKind, poll, read};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Between two pictures while something moves.
const SHORT: Duration = Duration::from_millis(40);
/// Between two looks at the keyboard while nothing does.
const LONG: Duration = Duration::from_millis(500);

/// Plays until a key ends it; the terminal is restored whatever happens.
pub fn play(state: State, ink: Ink) -> Result<(), Failure> {
    let mut terminal = ratatui::try_init().map_err(Failure::work)?;
    let played = run(&mut terminal, state, ink);
    ratatui::restore();
    played.map_err(Failure::work)
}

fn run(terminal: &mut DefaultTerminal, mut state: State, ink: Ink) -> Result<()> {
    let (studio, is_ended) = (Studio::open(), Arc::new(AtomicBool::new(false)));
    let raised = Arc::clone(&is_ended);
    // The key ctrl-c comes as a key; this is for an interrupt that another process sends.
    ctrlc::set_handler(move || raised.store(true, Ordering::Relaxed))?;
    studio.order(&state.settings);
    let mut then = Instant::now();
    while !is_ended.load(Ordering::Relaxed) {
        while let Some(reel) = studio.ready()? {
            state.receive(reel);
        }
        let now = Instant::now();
        state.pass(now - then);
        then = now;
        terminal.draw(|frame| draw(frame, &state, ink))?;
        let moves = state.motion == Motion::Playing || state.is_waiting();
        let mut patience = if moves { SHORT } else { LONG };
        while poll(patience)? {
            let before = state.settings.clone();
            if key(&mut state)? == Request::Quit {
                return Ok(());
            }
            if state.settings != before {
                studio.order(&state.settings);
            }
            patience = Duration::ZERO;
        }
    }
    Ok(())
}

/// Reads a key and does what it asks for.
fn key(state: &mut State) -> Result<Request> {
    let Event::Key(key) = read()? else { return Ok(Request::Nothing) };
    if key.kind == KeyEventKind::Release {
        return Ok(Request::Nothing);
    }
    let request = action(key).map_or(Request::Nothing, |action| state.act(action));
    if request == Request::Write {
        state.message = Some(match write(&state.settings) {
            Ok(name) => format!("written: {name}; run it with: modeseek run {name}"),
            Err(error) => format!("no scenario could be written to this folder: {error}"),
        });
    }
    Ok(request)
}

/// Writes the scenario of some settings to the first name that is free, and tells it.
fn write(settings: &Settings) -> std::io::Result<String> {
    let names = std::iter::once("laboratory.toml".to_owned());
    for name in names.chain((2..).map(|k| format!("laboratory-{k}.toml"))) {
        match File::create_new(&name) {
            Ok(mut file) => {
                file.write_all(settings.scenario().as_bytes())?;
                return Ok(name);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    unreachable!("there is always a next number")
}
