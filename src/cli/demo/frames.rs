//! The films as plain text, for pages without a cursor: the same bytes for the same settings.

use super::bars::sparkline;
use super::panel::nats;
use super::reel::Reel;
use crate::laboratory::{Film, FilmError, Geometry, Settings};

/// Characters of a row of bars: two arms each.
const WIDTH: usize = 50;

/// What stands before the bars of a step.
const COLUMNS: &str = "step queries reward    KL  ▲  ▼";

/// Every method at `count` steps.
pub fn frames(settings: &Settings, count: usize) -> Result<String, FilmError> {
    let reel = Reel::new(settings, None)?;
    let steps = steps(settings.steps, count);
    let films = reel.films.iter().map(|film| block(film, &steps));
    Ok(head(settings, &reel.geometry) + &films.collect::<String>())
}

/// The settings, how to read what follows, and what stands still.
fn head(settings: &Settings, geometry: &Geometry) -> String {
    let row = |name: &str, values: &[f64]| format!("{name:<31} {}\n", sparkline(values, WIDTH));
    let mut text = format!(
        "modeseek demo \"{}\"\n\n\
         Bars: arms 0 to 99, two a character, each row scaled to its own highest bar.\n\
         reward: E_π[r]. KL: KL(π‖π_ref), nats. ▲ and ▼: the arms that the last step pulled up and\n\
         pushed down most.\n\n",
        settings.to_query()
    );
    text += &row("π_ref", &geometry.reference);
    if geometry.data != geometry.reference {
        text += &row("data", &geometry.data);
    }
    text + &row("reward", &geometry.rewards)
}

/// A method, a step a line.
fn block(film: &Film, steps: &[usize]) -> String {
    let lines = steps.iter().map(|step| line(*step, film));
    format!("\n{}\n{COLUMNS}\n{}", film.method, lines.collect::<String>())
}

fn line(step: usize, film: &Film) -> String {
    let (picture, pushes) = (&film.pictures[step], film.pushes(step));
    let (reward, kl) = (picture.gold_reward, nats(picture.reverse_kl_ref));
    let frame = &picture.frame;
    let (up, down) = (most_pushed(&pushes, 1.0), most_pushed(&pushes, -1.0));
    let bars = sparkline(&frame.probabilities, WIDTH);
    format!("{step:>4} {:>7} {reward:>6.3} {kl:>5} {up:>2} {down:>2} {bars}\n", frame.queries)
}

/// The arm with the largest push of a sign, or a dash.
fn most_pushed(pushes: &[f64], sign: f64) -> String {
    let best = pushes.iter().enumerate().max_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)));
    let best = best.filter(|(_, push)| sign * **push > 0.0);
    best.map_or_else(|| "-".to_owned(), |(arm, _)| arm.to_string())
}

/// Steps from 0 to the last, evenly spaced in log(1 + step), without repetitions.
fn steps(last: u64, count: usize) -> Vec<usize> {
    let share = |k: usize| k as f64 / (count - 1).max(1) as f64;
    let step = |k: usize| ((last as f64 + 1.0).powf(share(k)) - 1.0).round() as usize;
    let mut steps: Vec<usize> = (0..count).map(step).collect();
    steps.dedup();
    if count == 1 { vec![last as usize] } else { steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 301^(k/5) − 1: 0, 2.13, 8.81, 29.7, 95.1, 300.
    #[test]
    fn steps_are_spaced_in_the_logarithm() {
        assert_eq!(steps(300, 6), [0, 2, 9, 30, 95, 300]);
        assert_eq!(steps(300, 1), [300]);
        assert_eq!(steps(10, 2), [0, 10]);
        assert_eq!(steps(10, 30), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }

    #[test]
    fn the_arm_that_is_pushed_most_is_named_by_its_sign() {
        let pushes = [0.0, 0.5, -0.25, -0.75];
        assert_eq!(
            (most_pushed(&pushes, 1.0), most_pushed(&pushes, -1.0)),
            ("1".into(), "3".into())
        );
        assert_eq!(most_pushed(&[0.0, 0.5], -1.0), "-");
    }
}
