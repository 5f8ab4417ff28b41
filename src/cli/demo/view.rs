//! From a state to a screen: a pure function.

use super::look::Ink;
use super::panel::{LEAST_HEIGHT, Panel};
use super::reel::Reel;
use super::state::{Motion, Page, State};
use super::{curves, help};
use crate::laboratory::{PRESETS, Settings};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Wrap};

/// The least window, in characters.
const LEAST: (u16, u16) = (60, 18);

/// The least width of a panel: its name, its reward and its divergence.
const LEAST_PANEL: u16 = 26;

/// The height of a window from which on it says what to look for.
const WITH_LOOK: u16 = 34;

/// Heights of the curves, and the height of a panel that each leaves at least.
const STRIPS: [(u16, f64); 3] = [(10, 9.0), (7, 6.0), (5, 5.0)];

/// Draws the whole screen.
pub fn draw(frame: &mut Frame, state: &State, ink: Ink) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!(
            "modeseek demo needs a window of {} × {} characters; this one has {} × {}. \
             Enlarge it, or press q to quit.",
            LEAST.0, LEAST.1, area.width, area.height
        );
        return frame.render_widget(wrapped(text), area);
    }
    if state.page == Page::Help {
        return frame.render_widget(wrapped(help::lines(state.preset, ink)), area);
    }
    let (head, foot) = (header(state, area, ink), foot(state, area.width, ink));
    let [above, under] = [lines_of(&head, area.width), lines_of(&foot, area.width)];
    let room = Rect { height: area.height.saturating_sub(above + under), ..area };
    let strip = strip(state.settings.methods.len(), room);
    let heights = [above, room.height.saturating_sub(strip), strip, under];
    let [top, middle, below, bottom] =
        Layout::vertical(heights.map(Constraint::Length)).areas(area);
    frame.render_widget(wrapped(head), top);
    frame.render_widget(wrapped(foot), bottom);
    if let Some(reel) = &state.reel {
        panels(frame, middle, (reel, state.step()), ink);
        if strip > 0 {
            curves::draw(frame, below, reel, state.step(), ink);
        }
    }
}

/// The height of the curves: what leaves room enough for panels, if anything does.
fn strip(panels: usize, room: Rect) -> u16 {
    let height = |strip: &u16| {
        let middle = Rect { height: room.height.saturating_sub(*strip), ..room };
        size(panels, columns(panels, middle), middle).1
    };
    let fits = STRIPS.iter().find(|(strip, least)| height(strip) >= *least);
    fits.map_or(0, |(strip, _)| *strip)
}

fn wrapped<'a>(text: impl Into<Text<'a>>) -> Paragraph<'a> {
    Paragraph::new(text).wrap(Wrap { trim: true })
}

/// The height of some lines that are wrapped at a width.
fn lines_of(lines: &[Line], width: u16) -> u16 {
    // A word that does not fit leaves room at the end of its line.
    let height = |line: &Line| match line.width() as u16 {
        short if short <= width => 1,
        long => long.div_ceil(width - width / 8),
    };
    lines.iter().map(height).sum()
}

/// Name and moment; settings; and, where there is room, what to look for.
fn header(state: &State, area: Rect, ink: Ink) -> Vec<Line<'static>> {
    let is_wide = area.width >= 110;
    let (name, look) = match state.preset.map(|place| &PRESETS[place]) {
        Some(preset) if state.is_changed() => (format!("{} (changed)", preset.name), preset.look),
        Some(preset) => (preset.name.to_owned(), preset.look),
        None => ("own settings".to_owned(), ""),
    };
    let name = if is_wide { format!("modeseek demo · {name}") } else { name };
    let moment = moment(state, is_wide);
    let room = usize::from(area.width).saturating_sub(moment.chars().count() + 2);
    let name: String = name.chars().take(room).collect();
    let title = format!("{name:<room$}  ");
    let mut lines = vec![
        Line::from(vec![Span::styled(title, ink.strong()), Span::styled(moment, ink.strong())]),
        settings(&state.settings, is_wide, ink),
    ];
    if area.height >= WITH_LOOK && !look.is_empty() {
        lines.push(Line::from(Span::styled(look, ink.quiet())));
    }
    lines
}

/// The step, what it has cost, and whether it moves.
fn moment(state: &State, is_wide: bool) -> String {
    let motion = match (state.is_waiting(), state.motion) {
        (true, _) => "computing …".to_owned(),
        (false, Motion::Paused) => "paused".to_owned(),
        (false, Motion::Playing) => format!("▶ {}/s", state.speed()),
    };
    let (step, steps) = (state.step(), state.settings.steps);
    let Some(reel) = &state.reel else { return motion };
    let frames = reel.films.iter().map(|film| &film.pictures[step.min(film.pictures.len() - 1)]);
    let queries = frames.map(|picture| picture.frame.queries).max().unwrap_or(0);
    match is_wide {
        true => format!("step {step} of {steps} · {queries} queries · {motion}"),
        false => format!("step {step}/{steps} {motion}"),
    }
}

/// All settings, their values in bold.
fn settings(settings: &Settings, is_wide: bool, ink: Ink) -> Line<'static> {
    let values = [
        ("reward", settings.reward.word().to_owned()),
        ("data", settings.data.word().to_owned()),
        ("policy", settings.policy.word().to_owned()),
        ("β", settings.beta.to_string()),
        ("B", settings.samples_per_round.to_string()),
        ("T", settings.passes.to_string()),
        (if is_wide { "learning rate" } else { "lr" }, settings.learning_rate.to_string()),
        ("seed", settings.seed.to_string()),
    ];
    let pair = |(name, value): (&str, String)| {
        let gap = if is_wide { "    " } else { " " };
        [Span::styled(format!("{name} "), ink.quiet()), Span::styled(value + gap, ink.strong())]
    };
    Line::from_iter(values.into_iter().flat_map(pair))
}

/// What the last key had to say, or the keys.
fn foot(state: &State, width: u16, ink: Ink) -> Vec<Line<'static>> {
    if let Some(message) = &state.message {
        // Broken at the edge, not between words: a permalink is one long word.
        let letters: Vec<char> = message.chars().collect();
        let row = |row: &[char]| Line::styled(row.iter().collect::<String>(), ink.strong());
        return letters.chunks(width.into()).map(row).collect();
    }
    let lines: &[&str] = match width {
        0..80 => &["space pause  ←→ step  tab preset  ? all keys  q quit"],
        80..112 => &["space pause  ←→ step  tab preset  r d p b n t l s settings  ? help  q quit"],
        _ => &[
            "space pause   ← → step   f F speed   tab preset   1–9 methods   w write   \
             c permalink   ? help   q quit",
            "r reward   d data   p policy   b B β   n N responses per round   t T passes   \
             l L learning rate   s S seed",
        ],
    };
    lines.iter().map(|line| Line::from(Span::styled(*line, ink.quiet()))).collect()
}

/// The panels in a grid.
fn panels(frame: &mut Frame, area: Rect, (reel, step): (&Reel, usize), ink: Ink) {
    let columns = columns(reel.films.len(), area);
    let rows = reel.films.len().div_ceil(columns);
    if area.height < LEAST_HEIGHT * rows as u16 {
        let text = "There is no room for so many methods: enlarge the window, or hide some of \
                    them (keys 1 to 9).";
        return frame.render_widget(wrapped(text), area);
    }
    let band = Layout::vertical(vec![Constraint::Fill(1); rows]).split(area);
    for (row, films) in reel.films.chunks(columns).enumerate() {
        let cells = Layout::horizontal(vec![Constraint::Fill(1); columns]).spacing(gap(area));
        for (film, place) in films.iter().zip(cells.split(band[row]).iter()) {
            let panel = Panel { geometry: &reel.geometry, film, step, ink };
            panel.draw(*place, frame.buffer_mut());
        }
    }
}

/// The number of columns whose panels are nearest to four times as wide as high, where panels are
/// wide and high enough.
fn columns(panels: usize, area: Rect) -> usize {
    let least = |columns: usize| {
        let (width, height) = size(panels, columns, area);
        (width / 4.0).min(height)
    };
    let fits = |columns: &usize| {
        let (width, _) = size(panels, *columns, area);
        width >= f64::from(LEAST_PANEL)
    };
    let candidates = (1..=panels).filter(fits);
    candidates.max_by(|a, b| least(*a).total_cmp(&least(*b))).unwrap_or(1)
}

/// Columns of characters between panels: three panels stand in a window of 80.
fn gap(area: Rect) -> u16 {
    if area.width < 100 { 1 } else { 2 }
}

/// Width and height of a panel, with the gap between columns taken off.
fn size(panels: usize, columns: usize, area: Rect) -> (f64, f64) {
    let gaps = f64::from(gap(area)) * (columns - 1) as f64;
    let rows = panels.div_ceil(columns) as f64;
    ((f64::from(area.width) - gaps) / columns as f64, f64::from(area.height) / rows)
}

#[cfg(test)]
mod tests;
