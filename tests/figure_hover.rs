//! What a reader learns on pointing at a figure.

mod figure_fixture;

use figure_fixture::{Synthetic, noise, page};
use modeseek::figure::{FigureOptions, HoverPoint, draw, summary_csv};
use modeseek::results::Run;

/// Curves and a sweep of two methods, with so many measured steps.
fn two_methods(seeds: usize, steps: u64) -> Run {
    let panels = r#"
[[panels]]
title = "Equal steps"
kind = "curves"
x = "step"
y = ["gold_reward"]
[[panels]]
title = "At the end"
kind = "sweep"
x = "data.prompts"
y = ["gold_reward"]
[[panels]]
title = "Row by row"
kind = "intervals"
x = "reverse_kl_ref"
"#;
    let methods = ["offline dpo", "offline ipo"];
    let prompts: &[&str] = &["5", "20", "100"];
    let sweep = [("data.prompts", prompts)];
    let mut s = Synthetic::new("hover", "Two methods", seeds, &methods, &sweep, panels);
    for (m, name) in methods.into_iter().enumerate() {
        for (i, n) in prompts.iter().enumerate() {
            let objective = ["dpo = {}", "ipo = { target_margin = 10.0 }"][m];
            let cell = s.cell(name, objective, "offline", &[("data.prompts", n)]);
            let all: Vec<u64> = (0..=steps).collect();
            let rise = move |seed, step: u64| {
                let level = step as f64 / steps as f64 * (0.3 + 0.1 * i as f64);
                0.1 + level + 0.02 * noise(seed, step, (10 * m + i) as u64)
            };
            s.add(&cell, "gold_reward", &all, rise);
            s.add(&cell, "reverse_kl_ref", &[steps], move |seed, _| 1.0 + rise(seed, steps));
        }
    }
    s.run()
}

fn hover(run: &Run) -> (Vec<HoverPoint>, String) {
    let drawing = draw(run, &[], &FigureOptions::default()).expect("a figure");
    (drawing.hover, drawing.svg)
}

/// A number of the summary as texts show it: three digits.
fn three_digits(field: &str) -> String {
    let x: f64 = field.parse().expect("a number");
    let decimals = if x == 0.0 { 0 } else { (2 - x.abs().log10().floor() as i32).clamp(0, 6) };
    let text = format!("{x:.*}", decimals as usize);
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.replace('-', "−")
}

#[test]
fn every_point_of_the_summary_can_be_asked_for_its_numbers() {
    let run = two_methods(20, 40);
    let (points, svg) = hover(&run);
    let summary = summary_csv(&run).expect("a summary");
    // π_ref's marked value is no row of the summary.
    let lines = points.iter().filter(|p| !p.text.starts_with("π_ref"));
    let (mut next, mut checked) = (lines.clone(), 0);
    for row in summary.lines().skip(1) {
        let mut fields: Vec<&str> = row.rsplitn(6, ',').collect();
        fields.reverse();
        // A name with a comma stands in quotes.
        let (panel, line) = fields[0].split_once(',').expect("panel and line");
        let line = line.trim_matches('"');
        let [x, y, low, high] = [1, 2, 3, 4].map(|i| three_digits(fields[i]));
        let numbers = match panel {
            "a" => format!("step {x} · gold reward {y} [{low}, {high}]"),
            "b" => format!("training prompts {x} · gold reward {y} [{low}, {high}]"),
            _ => format!("KL(π‖π_ref) {x} [{low}, {high}] nats"),
        };
        let wanted = format!("{line}\n{numbers} · n = 20");
        assert_eq!(next.next().map(|p| p.text.as_str()), Some(wanted.as_str()), "{row}");
        checked += 1;
    }
    assert_eq!(checked, lines.count());
    let (w, h) = page(&svg);
    for p in &points {
        assert!(p.at.0 > 0.0 && p.at.0 < w && p.at.1 > 0.0 && p.at.1 < h, "{p:?}");
    }
}

#[test]
fn many_points_are_thinned_to_a_light_file_that_keeps_the_ends() {
    let run = two_methods(5, 4000);
    let (points, _) = hover(&run);
    assert!(points.len() > 1000 && points.len() <= 2000, "{}", points.len());
    let bytes = serde_json::to_string(&points).expect("plain data").len();
    assert!(bytes < 200_000, "{bytes}");
    for end in ["step 0 ·", "step 4000 ·"] {
        assert_eq!(points.iter().filter(|p| p.text.contains(end)).count(), 6, "{end}");
    }
}
