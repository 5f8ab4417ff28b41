//! How to read the screen, on the screen.

use super::look::Ink;
use crate::laboratory::PRESETS;
use ratatui::text::{Line, Span};

/// What is seen, a heading and its text at a time.
const READING: [(&str, &str); 4] = [
    (
        "Each panel",
        "is one method after the same number of steps. Bars: the policy π over arms 0 to 99, \
         scaled to each panel. Grey: π_ref, where all begin. Red dots: the reward. Dashes: the \
         data, where they are not π_ref's.",
    ),
    (
        "▲ and ▼",
        "under the bars: arms that the last step pulled up or pushed down, small signs a \
         little. ▼ is the negative gradient; maximum likelihood has none.",
    ),
    (
        "The curves",
        "are the exact reward E_π[r] of each method against steps; the upright line is the step \
         shown. KL is KL(π‖π_ref) in nats.",
    ),
    (
        "Settings",
        "keep the step when they change, so that they are compared at the same step. \
         forward-kl and reverse-kl are exact: they need no data, no B and no T.",
    ),
];

/// Keys and what they do.
const KEYS: [(&str, &str); 6] = [
    ("space", "pause, play on    ← →  one step    home end  first, last step"),
    ("f F ↑ ↓", "faster, slower    tab  next preset    1–9  show or hide a method"),
    ("r d p", "next reward, data, policy (with its own learning rate)"),
    ("b B  n N", "β down, up; B, responses per round, down, up"),
    ("t T  l L  s S", "T, passes over a round; learning rate; seed"),
    ("w  c  q", "write the scenario to a file; show the permalink; quit (also esc)"),
];

/// The whole page.
pub fn lines(preset: Option<usize>, ink: Ink) -> Vec<Line<'static>> {
    let line = |head: &str, text: &str| {
        let head = Span::styled(format!("{head} "), ink.strong());
        Line::from(vec![head, Span::raw(text.to_owned())])
    };
    let mut lines = vec![line("How to read it", "(any key goes back)"), Line::default()];
    lines.extend(READING.map(|(head, text)| line(head, text)));
    if let Some(preset) = preset.map(|place| &PRESETS[place]) {
        lines.push(Line::default());
        lines.push(line(&format!("{}:", preset.name), preset.look));
    }
    lines.push(Line::default());
    lines.extend(KEYS.map(|(keys, text)| line(&format!("{keys:<14}"), text)));
    lines
}
