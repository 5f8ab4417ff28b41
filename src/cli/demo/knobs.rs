//! What is turned by keys, and in what steps.

use crate::laboratory::{METHODS, Ranges, Settings};

/// A number that can be turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    /// β.
    Beta,
    /// B, responses per round.
    Samples,
    /// T, passes over a round.
    Passes,
    /// The learning rate.
    Rate,
    /// The seed.
    Seed,
}

/// Which way it is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the next lower value.
    Down,
    /// To the next higher value.
    Up,
}

/// The neighbour of a value on a ladder, on which it need not stand; itself beyond the ends.
fn neighbour(ladder: &[f64], value: f64, way: Way) -> f64 {
    let next = match way {
        Way::Down => ladder.iter().rev().find(|rung| **rung < value),
        Way::Up => ladder.iter().find(|rung| **rung > value),
    };
    next.copied().unwrap_or(value)
}

/// The next of some words, the first after the last.
pub fn next<T: PartialEq + Copy>(all: &[T], current: T) -> T {
    let place = all.iter().position(|one| *one == current).unwrap_or(0);
    all[(place + 1) % all.len()]
}

/// Turns a number by one step.
pub fn turn(settings: &mut Settings, knob: Knob, way: Way) {
    let Ranges { beta, b, t, lr, seed, .. } = Ranges::ALL;
    let whole = |rungs, value: u64| neighbour(rungs, value as f64, way) as u64;
    match knob {
        Knob::Beta => settings.beta = neighbour(beta.rungs, settings.beta, way),
        Knob::Samples => {
            settings.samples_per_round = whole(b.rungs, settings.samples_per_round as u64) as usize;
        }
        Knob::Passes => settings.passes = whole(t.rungs, settings.passes as u64) as usize,
        Knob::Rate => settings.learning_rate = neighbour(lr.rungs, settings.learning_rate, way),
        Knob::Seed => settings.seed = whole(seed.rungs, settings.seed),
    }
}

/// Shows a method or takes it away, but for the last one.
pub fn toggle(settings: &mut Settings, method: &'static str) -> Result<(), String> {
    let shown = |name: &&str| settings.methods.contains(name);
    let methods: Vec<&str> =
        METHODS.into_iter().filter(|name| shown(name) != (*name == method)).collect();
    if methods.is_empty() {
        return Err(format!("{method} is the only method shown; add another first (1 to 9)"));
    }
    settings.methods = methods;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rung_can_be_written_and_read_again() {
        let all = Ranges::ALL;
        for range in [all.beta, all.b, all.t, all.lr, all.steps, all.seed] {
            assert!(range.rungs.windows(2).all(|pair| pair[0] < pair[1]));
        }
        for knob in [Knob::Beta, Knob::Samples, Knob::Passes, Knob::Rate, Knob::Seed] {
            let mut settings = Settings::default();
            for way in [Way::Down; 12].into_iter().chain([Way::Up; 12]) {
                turn(&mut settings, knob, way);
                let read = Settings::from_query(&settings.to_query()).expect("within the ranges");
                assert_eq!(read, settings);
            }
        }
    }

    #[test]
    fn a_value_between_two_rungs_goes_to_either() {
        let passes = Ranges::ALL.t.rungs;
        assert_eq!(neighbour(passes, 3.0, Way::Up), 4.0);
        assert_eq!(neighbour(passes, 3.0, Way::Down), 2.0);
        assert_eq!(neighbour(passes, 64.0, Way::Up), 64.0);
        assert_eq!(neighbour(passes, 1.0, Way::Down), 1.0);
    }

    #[test]
    fn methods_come_in_their_order_and_the_last_stays() {
        let mut settings = Settings { methods: vec!["dpo"], ..Settings::default() };
        assert!(toggle(&mut settings, "dpo").expect_err("the last").contains("dpo"));
        toggle(&mut settings, "pref-ft").expect("added");
        assert_eq!(settings.methods, ["pref-ft", "dpo"]);
        toggle(&mut settings, "dpo").expect("taken away");
        assert_eq!(settings.methods, ["pref-ft"]);
    }
}
