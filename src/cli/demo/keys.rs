//! From keys to actions.

use super::knobs::{Knob, Way};
use crate::laboratory::METHODS;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Pause, or play on; at the end: from the start.
    Pause,
    /// One step back.
    Back,
    /// One step on.
    Forward,
    /// To step 0.
    Start,
    /// To the last step.
    End,
    /// The next reward.
    Reward,
    /// The next data source.
    Data,
    /// The next policy.
    Policy,
    /// A number, by one step of its ladder.
    Turn(Knob, Way),
    /// Shows a method or takes it away.
    Method(&'static str),
    /// The next preset, from step 0.
    Preset,
    /// Plays faster (up) or slower (down).
    Speed(Way),
    /// Writes the scenario of the settings to a file.
    Write,
    /// Shows the permalink.
    Link,
    /// Opens or closes the help.
    Help,
    /// Closes what is open, else the program.
    Leave,
    /// Ends the program.
    Quit,
}

/// What a key asks for, if anything.
pub fn action(key: KeyEvent) -> Option<Action> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Action::Quit);
    }
    Some(match key.code {
        KeyCode::Char(letter) => return lettered(letter),
        KeyCode::Left => Action::Back,
        KeyCode::Right => Action::Forward,
        KeyCode::Home => Action::Start,
        KeyCode::End => Action::End,
        KeyCode::Up => Action::Speed(Way::Up),
        KeyCode::Down => Action::Speed(Way::Down),
        KeyCode::Tab => Action::Preset,
        KeyCode::Esc => Action::Leave,
        _ => return None,
    })
}

/// What a letter, a digit or a sign asks for.
fn lettered(letter: char) -> Option<Action> {
    let way = if letter.is_uppercase() { Way::Up } else { Way::Down };
    Some(match letter {
        ' ' => Action::Pause,
        'r' => Action::Reward,
        'd' => Action::Data,
        'p' => Action::Policy,
        'b' | 'B' => Action::Turn(Knob::Beta, way),
        'n' | 'N' => Action::Turn(Knob::Samples, way),
        't' | 'T' => Action::Turn(Knob::Passes, way),
        'l' | 'L' => Action::Turn(Knob::Rate, way),
        's' | 'S' => Action::Turn(Knob::Seed, way),
        '1'..='9' => Action::Method(METHODS[letter as usize - '1' as usize]),
        'f' => Action::Speed(Way::Up),
        'F' => Action::Speed(Way::Down),
        'w' => Action::Write,
        'c' => Action::Link,
        '?' => Action::Help,
        'q' => Action::Quit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ask_for_what_the_foot_says() {
        let of = |code| action(KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(of(KeyCode::Char('9')), Some(Action::Method("ppo")));
        assert_eq!(of(KeyCode::Char('1')), Some(Action::Method("forward-kl")));
        assert_eq!(of(KeyCode::Char('B')), Some(Action::Turn(Knob::Beta, Way::Up)));
        assert_eq!(of(KeyCode::Char('n')), Some(Action::Turn(Knob::Samples, Way::Down)));
        assert_eq!(of(KeyCode::Char('x')), None);
        let control = |letter| action(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL));
        assert_eq!((control('c'), control('b')), (Some(Action::Quit), None));
    }
}
