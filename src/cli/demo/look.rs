//! The colours of the figures; without colour, characters differ.

use crate::figure::{REFERENCE, REWARD, Rgb, TARGET, colour};
use ratatui::style::{Color, Modifier, Style};

/// Which colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// All: those of the figures.
    Exact,
    /// The 256 of most terminals: the nearest to those of the figures.
    Nearest,
    /// None.
    Plain,
}

impl Ink {
    /// The style of a method.
    pub fn method(self, name: &str) -> Style {
        self.of(colour(name))
    }

    /// π_ref.
    pub fn reference(self) -> Style {
        self.of(REFERENCE)
    }

    /// The data that are not π_ref's.
    pub fn data(self) -> Style {
        self.of(TARGET)
    }

    /// The reward.
    pub fn reward(self) -> Style {
        self.of(REWARD)
    }

    /// Arms that are pushed down: the colour of an explicit negative term.
    pub fn pushed_down(self) -> Style {
        self.of(colour("unlikelihood"))
    }

    /// What is said beside.
    pub fn quiet(self) -> Style {
        self.of(Rgb(128, 128, 128))
    }

    /// What is said first; it needs no colour.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    fn of(self, colour: Rgb) -> Style {
        match self {
            Ink::Exact => Style::new().fg(Color::Rgb(colour.0, colour.1, colour.2)),
            Ink::Nearest => Style::new().fg(Color::Indexed(nearest(colour))),
            Ink::Plain => Style::new(),
        }
    }
}

/// The levels of the 6 × 6 × 6 colours, which begin at index 16.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest of the 216 colours and 24 greys that all terminals of 256 colours share.
fn nearest(colour: Rgb) -> u8 {
    let squared = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
    let distance =
        |to: Rgb| squared(colour.0, to.0) + squared(colour.1, to.1) + squared(colour.2, to.2);
    let level = |k: u8| LEVELS[usize::from(k)];
    let cube = |k: u8| Rgb(level(k / 36), level(k / 6 % 6), level(k % 6));
    let grey = |k: u8| Rgb(8 + 10 * k, 8 + 10 * k, 8 + 10 * k);
    let cubes = (0..216).map(|k| (distance(cube(k)), 16 + k));
    let greys = (0..24).map(|k| (distance(grey(k)), 232 + k));
    cubes.chain(greys).min().map_or(0, |(_, index)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Indices of the 256-colour table: 16 + 36·r + 6·g + b, and 232 + k for the greys.
    #[test]
    fn colours_go_to_their_neighbours_in_the_table() {
        assert_eq!(nearest(Rgb(255, 0, 0)), 196);
        assert_eq!(nearest(Rgb(0, 0, 0)), 16);
        assert_eq!(nearest(Rgb(0xD5, 0x5E, 0x00)), 166);
        assert_eq!(nearest(Rgb(0x00, 0x72, 0xB2)), 25);
        assert_eq!(nearest(Rgb(128, 128, 128)), 244);
    }

    /// Of the nearest colours, members of one family may share one: their names tell them apart.
    #[test]
    fn families_are_told_apart_by_the_nearest_colours() {
        let families: [&[&str]; 3] = [
            &["forward-kl", "pref-ft", "best-of-n", "rwr"],
            &["dpo", "ipo"],
            &["reverse-kl", "reinforce", "ppo"],
        ];
        let of = |names: &[&str]| names.iter().map(|n| nearest(colour(n))).collect::<Vec<u8>>();
        let of = families.map(of);
        let shared = |a: &[u8], b: &[u8]| a.iter().any(|index| b.contains(index));
        assert!(!shared(&of[0], &of[1]) && !shared(&of[0], &of[2]) && !shared(&of[1], &of[2]));
    }
}
