//! Where lines are named that have no names at their ends.

mod figure_fixture;

use figure_fixture::{Synthetic, page, text_rooms};
use modeseek::figure::{FigureOptions, Width, draw, overlap};
use modeseek::results::Run;

const METHODS: [(&str, &str, &str); 8] = [
    ("offline dpo", "dpo = {}", "offline"),
    ("offline ipo", "ipo = { target_margin = 10.0 }", "offline"),
    ("on-policy rwr", "rwr = {}", "on-policy"),
    ("ppo", "ppo = {}", "on-policy"),
    ("offline pref-ft", "pref-ft = {}", "offline"),
    ("offline rwr", "rwr = {}", "offline"),
    ("on-policy dpo", "dpo = {}", "on-policy"),
    ("reinforce", "reinforce = {}", "on-policy"),
];

/// Paths of reward against divergence: a panel for each list of methods.
fn paths(panels: &[&[&str]]) -> Run {
    let panel = |methods: &&[&str]| {
        format!(
            "[[panels]]\ntitle = \"One\"\nkind = \"curves\"\nx = \"reverse_kl_ref\"\n\
             y = [\"gold_reward\"]\nmethods = {methods:?}\n"
        )
    };
    let panels: String = panels.iter().map(panel).collect();
    let names = METHODS.map(|m| m.0);
    let mut s = Synthetic::new("paths", "Paths", 6, &names, &[], &panels);
    let steps: Vec<u64> = (0..=40).collect();
    for (k, (name, objective, data)) in METHODS.into_iter().enumerate() {
        let cell = s.cell(name, objective, data, &[]);
        let rise = |step: u64| 1.0 - (-(step as f64) / (8.0 + 3.0 * k as f64)).exp();
        s.add(&cell, "gold_reward", &steps, |_, step| rise(step));
        s.add(&cell, "reverse_kl_ref", &steps, |_, step| 4.0 * rise(step));
    }
    s.run()
}

/// A text and the room it takes.
type Placed = ([f64; 4], String);

/// The texts of a figure, none of which overlaps another, and the figure's size.
fn drawn(run: &Run, width: Width) -> (Vec<Placed>, (f64, f64)) {
    let options = FigureOptions { width, ..FigureOptions::default() };
    let svg = draw(run, &[], &options).expect("a figure").svg;
    let rooms = text_rooms(&svg);
    for (i, (a, text)) in rooms.iter().enumerate() {
        for (b, other) in &rooms[..i] {
            assert!(!overlap(a, b), "{width:?}: {text:?} overlaps {other:?}");
        }
    }
    (rooms, page(&svg))
}

#[test]
fn panels_with_lines_of_their_own_have_a_legend_each() {
    let apart = paths(&[&["offline dpo", "offline ipo"], &["on-policy rwr", "ppo"]]);
    let (rooms, (width, _)) = drawn(&apart, Width::Page);
    for (name, left) in
        [("offline DPO", true), ("offline IPO", true), ("on-policy RWR", false), ("PPO", false)]
    {
        let found: Vec<_> = rooms.iter().filter(|r| r.1 == name).collect();
        assert_eq!(found.len(), 1, "{name}");
        let [from, _, to, _] = found[0].0;
        assert!(if left { to < width / 2.0 } else { from > width / 2.0 }, "{name}: {from} to {to}");
    }
}

#[test]
fn panels_that_share_a_line_share_the_legend() {
    let shared = paths(&[&["offline dpo", "offline ipo"], &["offline dpo", "ppo"]]);
    let (rooms, _) = drawn(&shared, Width::Page);
    let tops: Vec<f64> = ["offline DPO", "offline IPO", "PPO"]
        .iter()
        .map(|name| {
            let found: Vec<_> = rooms.iter().filter(|r| r.1 == *name).collect();
            assert_eq!(found.len(), 1, "{name}");
            found[0].0[1]
        })
        .collect();
    assert!(tops.iter().all(|top| (top - tops[0]).abs() < 1e-6), "{tops:?}");
}

#[test]
fn the_legend_of_a_slide_stands_where_it_leaves_the_most_room() {
    let names = METHODS.map(|m| m.0);
    // Six panels in two rows are flat, so that height is dear; three in one are not.
    for (panels, beside) in [(6, true), (3, false)] {
        let (rooms, (width, height)) = drawn(&paths(&vec![&names[..]; panels]), Width::Slide);
        for name in ["offline DPO", "offline IPO", "on-policy RWR", "PPO"] {
            let found: Vec<_> = rooms.iter().filter(|r| r.1 == name).collect();
            assert_eq!(found.len(), 1, "{name}");
            let [left, top, _, _] = found[0].0;
            let is_beside = left > 0.7 * width && top < 0.7 * height;
            let is_below = top > 0.8 * height;
            assert!(
                if beside { is_beside } else { is_below },
                "{panels}, {name}: {:?}",
                found[0].0
            );
        }
    }
}
