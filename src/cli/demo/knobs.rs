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

const BETAS: [f64; 8] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0];
const SAMPLES: [usize; 7] = [100, 200, 400, 800, 1600, 3200, 6400];
const PASSES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
const RATES: [f64; 10] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];

/// The neighbour of a value on a ladder, on which it need not stand; itself beyond the ends.
fn neighbour<T: PartialOrd + Copy>(ladder: &[T], value: T, way: Way) -> T {
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
    match knob {
        Knob::Beta => settings.beta = neighbour(&BETAS, settings.beta, way),
        Knob::Samples => {
            settings.samples_per_round = neighbour(&SAMPLES, settings.samples_per_round, way);
        }
        Knob::Passes => settings.passes = neighbour(&PASSES, settings.passes, way),
        Knob::Rate => settings.learning_rate = neighbour(&RATES, settings.learning_rate, way),
        Knob::Seed => {
            settings.seed = match way {
                Way::Down => settings.seed.saturating_sub(1),
                Way::Up => (settings.seed + 1).min(Ranges::ALL.seed.most as u64),
            }
        }
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
    fn every_rung_can_be_written_and_read_and_the_ends_are_those_of_the_ranges() {
        let ends = |ladder: &[f64]| (ladder[0], ladder[ladder.len() - 1]);
        let whole = |ladder: &[usize]| ladder.iter().map(|x| *x as f64).collect::<Vec<f64>>();
        let all = Ranges::ALL;
        for (ladder, range) in [
            (BETAS.to_vec(), all.beta),
            (whole(&SAMPLES), all.b),
            (whole(&PASSES), all.t),
            (RATES.to_vec(), all.lr),
        ] {
            assert_eq!(ends(&ladder), (range.least, range.most));
            assert!(ladder.windows(2).all(|pair| pair[0] < pair[1]));
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
        assert_eq!(neighbour(&PASSES, 3, Way::Up), 4);
        assert_eq!(neighbour(&PASSES, 3, Way::Down), 2);
        assert_eq!(neighbour(&PASSES, 64, Way::Up), 64);
        assert_eq!(neighbour(&PASSES, 1, Way::Down), 1);
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
