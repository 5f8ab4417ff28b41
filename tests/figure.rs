//! Figures of synthetic runs that look like real ones.

mod figure_fixture;

use figure_fixture::{Synthetic, noise, page, plain_text, text_rooms, well_formed};
use modeseek::figure::{
    Drawing, FigureError, FigureOptions, VerdictMark, Width, draw, missing_glyphs, overlap, spread,
    summary_csv, table_markdown,
};
use modeseek::results::Run;
use modeseek::scenario::Verdict;

/// A learning curve from the reference's reward to 1 with some noise.
fn learning(seed: u64, step: u64, start: f64, half: f64, key: u64) -> f64 {
    let speed = half * (1.0 + 0.35 * noise(seed, key, 1));
    let rise = 1.0 / (1.0 + (speed / (step as f64).max(1e-9)).powf(2.2));
    let scale = (1.0 - start) * (4.0 * rise * (1.0 - rise) + 0.15);
    let wobble = if step == 0 { 0.0 } else { 0.015 * noise(seed, step, key) * scale };
    (start + (0.985 - start) * rise + wobble).clamp(0.0, 1.0)
}

fn every(last: u64, by: u64) -> Vec<u64> {
    (0..=last / by).map(|k| k * by).collect()
}

const B: &str = "schedule.samples_per_round";
const REWARD: &str = "problem.bumps.reward";

/// Learning curves of one method for four batch sizes on two rewards, as in figure 4.
fn batch_sizes(seeds: usize) -> Run {
    let panels = r#"
figure = "fig04"
see = "On R1 the curve of B = 6400 rises long after that of B = 100; on R2 all four nearly coincide."
[[panels]]
title = "R1: the peak lies where π_ref is unlikely"
kind = "curves"
x = "step"
y = ["gold_reward"]
where = { "problem.bumps.reward" = "R1" }
[[panels]]
title = "R2: the peak lies at π_ref’s mode"
kind = "curves"
x = "step"
y = ["gold_reward"]
where = { "problem.bumps.reward" = "R2" }
"#;
    let sizes = ["100", "400", "1600", "6400"];
    let sweep: [(&str, &[&str]); 2] = [(REWARD, &["R1", "R2"]), (B, &sizes)];
    let title = "Smaller, fresher batches win where the reward peak is unlikely";
    let mut s = Synthetic::new("bandit-batch-size", title, seeds, &["best-of-n"], &sweep, panels);
    for (r, start) in [("R1", 0.039), ("R2", 0.377)] {
        for (i, b) in sizes.into_iter().enumerate() {
            let set = [(REWARD, r), (B, b)];
            let cell = s.cell("best-of-n", "best-of-n = {}", "on-policy", &set);
            let halves =
                if r == "R1" { [28.0, 33.0, 52.0, 110.0] } else { [12.0, 12.5, 13.0, 17.0] };
            let value = |seed, step| learning(seed, step, start, halves[i], i as u64);
            s.add(&cell, "gold_reward", &every(256, 2), value);
        }
    }
    s.run()
}

const METHODS: [(&str, &str, &str, f64); 8] = [
    ("offline pref-ft", "pref-ft = {}", "offline", 900.0),
    ("offline best-of-n", "best-of-n = {}", "offline", 240.0),
    ("offline dpo", "dpo = {}", "offline", 90.0),
    ("offline ipo", "ipo = { target_margin = 10.0 }", "offline", 120.0),
    ("on-policy rwr", "rwr = {}", "on-policy", 30.0),
    ("on-policy dpo", "dpo = {}", "on-policy", 36.0),
    ("ppo", "ppo = {}", "on-policy", 24.0),
    ("reinforce", "reinforce = {}", "on-policy", 22.0),
];

/// Eight methods with six numbers of prompts.
fn eight_methods(seeds: usize, panels: &str) -> Run {
    let prompts: &[&str] = &["5", "20", "50", "100", "500", "1000"];
    let names = METHODS.map(|m| m.0);
    let title = "On-policy sampling and a negative gradient add up: eight methods compared at \
                 equal steps, and at equal numbers of queries to the reward";
    let sweep = [("data.prompts", prompts)];
    let mut s = Synthetic::new("complementarity", title, seeds, &names, &sweep, panels);
    let steps = every(200, 1);
    for (m, (name, objective, data, half)) in METHODS.into_iter().enumerate() {
        for (i, n) in prompts.iter().enumerate() {
            let offline = data == "offline";
            if !offline && i != 3 {
                continue;
            }
            let half = half * (1.0 + 1.2 / (1.0 + i as f64));
            let set: &[(&str, &str)] = if offline { &[("data.prompts", n)] } else { &[] };
            let cell = s.cell(name, objective, data, set);
            let key = (m * 10 + i) as u64;
            let rise = |seed, step| learning(seed, step, 0.0, half, key);
            s.add(&cell, "gold_reward", &steps, |seed, step| {
                learning(seed, step, 0.039, half, key)
            });
            let kl = |seed, step| 3.9 * (m as f64 * 0.05 + rise(seed, step)).min(1.0).powf(1.3);
            s.add(&cell, "reverse_kl_ref", &steps, kl);
            let chosen = |seed, step| (1.5 - i as f64) * rise(seed, step) * 2.0;
            s.add(&cell, "log_ratio/chosen", &steps, chosen);
            s.add(&cell, "log_ratio/rejected", &steps, |seed, step| -5.0 * rise(seed, step));
            s.add(&cell, "log_ratio/rest", &steps, |seed, step| -0.8 * rise(seed, step));
        }
    }
    s.run()
}

fn methods_run(seeds: usize) -> Run {
    let panels = r#"
see = "The two on-policy methods with a negative gradient are first."
[[panels]]
title = "Equal steps"
kind = "curves"
x = "step"
y = ["gold_reward"]
where = { "data.prompts" = 100 }
[[panels]]
title = "Final reward against the size of the offline data set"
kind = "sweep"
x = "data.prompts"
y = ["gold_reward"]
log_x = true
[[panels]]
title = "Reward against divergence"
kind = "curves"
x = "reverse_kl_ref"
y = ["gold_reward"]
where = { "data.prompts" = 100 }
"#;
    eight_methods(seeds, panels)
}

/// Log-ratios of one method; several metrics in one panel.
fn log_ratios(seeds: usize) -> Run {
    let panel = |n: u32| {
        format!(
            "[[panels]]\ntitle = \"{n} prompts\"\nkind = \"curves\"\nx = \"step\"\n\
             y = [\"log_ratio/chosen\", \"log_ratio/rejected\", \"log_ratio/rest\"]\n\
             where = {{ \"data.prompts\" = {n} }}\nmethods = [\"offline ipo\"]\n"
        )
    };
    eight_methods(seeds, &(panel(5) + &panel(1000)))
}

/// Reward against KL for the strength knobs of four methods.
fn frontier(seeds: usize) -> Run {
    let panels = r#"
[[panels]]
title = "Reward bought with divergence, R1"
kind = "frontier"
x = "reverse_kl_ref"
y = ["gold_reward"]
[[panels]]
title = "Two of them, with their intervals"
kind = "intervals"
x = "gold_reward"
methods = ["ipo", "rwr"]
"#;
    type Knob<'a> = (&'a str, &'a str, &'a str, &'a [&'a str], f64);
    let ipo: (&str, &str) = ("ipo", "ipo = { target_margin = 10.0 }");
    let knobs: [Knob; 4] = [
        (
            "best-of-n",
            "best-of-n = {}",
            "schedule.responses_per_prompt",
            &["2", "5", "10", "30", "100"],
            0.0,
        ),
        (ipo.0, ipo.1, "objective.ipo.target_margin", &["1", "2", "5", "10", "20", "50"], 0.03),
        ("dpo", "dpo = {}", "objective.dpo.beta", &["1.0", "0.3", "0.1", "0.03"], -0.04),
        ("rwr", "rwr = {}", "objective.rwr.temperature", &["1.0", "0.5", "0.2", "0.1"], 0.12),
    ];
    let sweep: Vec<(&str, &[&str])> = knobs.iter().map(|k| (k.2, k.3)).collect();
    let title = "At equal divergence the ordinal methods nearly coincide; RWR, which sees cardinal \
                 rewards, lies above";
    let mut s = Synthetic::new("frontier", title, seeds, &knobs.map(|k| k.0), &sweep, panels);
    for (m, (method, objective, key, values, lift)) in knobs.into_iter().enumerate() {
        for (i, value) in values.iter().enumerate() {
            let cell = s.cell(method, objective, "offline", &[(key, value)]);
            let t = (i as f64 + 0.7) / values.len() as f64;
            let (i, m) = (i as u64, m as u64);
            let reward = t.powf(1.1) + lift * (1.0 - t);
            s.add(&cell, "gold_reward", &[0, 200], |seed, _| {
                (reward + 0.05 * noise(seed, i, m)).clamp(0.02, 0.99)
            });
            s.add(&cell, "reverse_kl_ref", &[0, 200], |seed, _| {
                3.9 * t + 0.1 * noise(seed, 9 + i, m)
            });
        }
    }
    s.run()
}

/// Distributions over 100 arms above a heavy-tailed reference.
fn densities(seeds: usize) -> Run {
    let panel = |title: &str, method: &str| {
        format!(
            "[[panels]]\ntitle = {title:?}\nkind = \"density\"\nx = \"arm\"\n\
             methods = [{method:?}]\nsteps = [10, 50, 200]\n"
        )
    };
    let panels = panel("Best-of-N", "best-of-n") + &panel("IPO", "ipo");
    let title = "A negative gradient moves mass between modes; maximum likelihood covers";
    let mut s = Synthetic::new("modes", title, seeds, &["best-of-n", "ipo"], &[], &panels);
    let objectives = ["best-of-n = {}", "ipo = { target_margin = 10.0 }"];
    let cauchy = |z: f64| {
        ((z.clamp(-0.999_999, 0.999_999).atanh() + 0.7) / 0.4).atan() / std::f64::consts::PI
    };
    let edge = move |a: u64| cauchy(-1.0 + 0.02 * a as f64);
    for (m, method) in ["best-of-n", "ipo"].into_iter().enumerate() {
        let cell = s.cell(method, objectives[m], "offline", &[]);
        for arm in 0..100u64 {
            let bump = |w: f64| (-((arm as f64 - 70.0) / w).powi(2)).exp();
            let reference = edge(arm + 1) - edge(arm);
            let (power, width) = [(0.9, 14.0), (0.45, 9.0)][m];
            s.add(&cell, &format!("probability/{arm}"), &[0, 10, 50, 200], |seed, step| {
                let share = (step as f64 / 200.0).powf(power);
                let mixed = reference * (1.0 - share) + share * bump(width) / (width * 1.772);
                mixed * (1.0 + 0.1 * noise(seed, arm, step))
            });
            s.add(&cell, &format!("reference/{arm}"), &[0], |_, _| reference);
            s.add(&cell, &format!("reward/{arm}"), &[0], |_, _| bump(10.0));
        }
    }
    s.run()
}

/// Which of two methods wins on a grid of two swept values.
fn region(seeds: usize) -> Run {
    let panels = r#"
[[panels]]
title = "Reward at the end of training"
kind = "region"
x = "optimizer.adam.learning_rate"
y = ["objective.ipo.target_margin", "gold_reward"]
"#;
    let rates: &[&str] = &["0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1.0"];
    let margins: &[&str] = &["1", "2", "5", "10", "20", "50"];
    let (x, y) = ("optimizer.adam.learning_rate", "objective.ipo.target_margin");
    let title = "Where a negative gradient wins: margin against learning rate";
    let methods = ["ipo", "best-of-n"];
    let mut s =
        Synthetic::new("region", title, seeds, &methods, &[(x, rates), (y, margins)], panels);
    for (i, rate) in rates.iter().enumerate() {
        let cell = s.cell("best-of-n", "best-of-n = {}", "offline", &[(x, rate)]);
        s.add(&cell, "gold_reward", &[200], |seed, _| 0.4 + 0.08 * noise(seed, i as u64, 7));
        for (j, margin) in margins.iter().enumerate() {
            let objective = "ipo = { target_margin = 10.0 }";
            let cell = s.cell("ipo", objective, "offline", &[(x, rate), (y, margin)]);
            let reward = 0.05 + 0.06 * (i + j) as f64;
            let (i, j) = (i as u64, j as u64);
            s.add(&cell, "gold_reward", &[200], |seed, _| reward + 0.08 * noise(seed, i, j));
            s.add(&cell, "boundary", &[200], |_, _| 60.0 / 2f64.powi(i as i32));
        }
    }
    s.run()
}

/// A forest of cells, and categories on an x-axis.
fn forest(seeds: usize) -> Run {
    let panels = r#"
[[panels]]
title = "Every cell"
kind = "intervals"
x = "gold_reward"
[[panels]]
title = "By reward"
kind = "sweep"
x = "problem.bumps.reward"
y = ["gold_reward"]
"#;
    let sweep: [(&str, &[&str]); 1] = [(REWARD, &["R1", "R2"])];
    let names = METHODS.map(|m| m.0);
    let title = "Tuned methods side by side";
    let mut s = Synthetic::new("forest", title, seeds, &names, &sweep, panels);
    for (m, (name, objective, data, half)) in METHODS.into_iter().enumerate() {
        for (r, start) in [("R1", 0.039), ("R2", 0.377)] {
            let cell = s.cell(name, objective, data, &[(REWARD, r)]);
            let value = |seed, step| learning(seed, step, start, half, m as u64);
            s.add(&cell, "gold_reward", &[0, 100], value);
        }
    }
    s.run()
}

fn marks() -> Vec<VerdictMark> {
    let mark = |id: &str, verdict, effect, low, high| VerdictMark {
        id: id.to_owned(),
        verdict,
        expected: Verdict::Holds,
        effect,
        low,
        high,
    };
    vec![
        mark("4.1", Verdict::Holds, 0.312, 0.287, 0.338),
        mark("4.2", Verdict::NoDifference, 0.004, -0.003, 0.011),
        mark("4.3", Verdict::Reversed, -0.12, -0.15, -0.09),
        mark("4.4", Verdict::Inconclusive, 0.02, -0.04, 0.08),
    ]
}

type Maker = fn(usize) -> Run;
const ALL: [(&str, Maker); 7] = [
    ("curves", batch_sizes),
    ("methods", methods_run),
    ("log-ratios", log_ratios),
    ("frontier", frontier),
    ("density", densities),
    ("region", region),
    ("forest", forest),
];

fn drawn(run: &Run, width: Width, dark: bool) -> Drawing {
    let options = FigureOptions { width, dark, watermark: None };
    draw(run, &marks(), &options).expect("a figure")
}

#[test]
fn equal_runs_give_equal_bytes() {
    for (name, make) in [ALL[0], ALL[4]] {
        let one = || drawn(&make(6), Width::Column, false);
        let (a, b) = (one(), one());
        assert!(a.svg == b.svg && a.png() == b.png(), "{name} differs between two drawings");
    }
}

#[test]
fn every_figure_is_small_well_formed_and_describes_itself() {
    for (name, make) in ALL {
        let drawing = drawn(&make(20), Width::Page, false);
        let svg = &drawing.svg;
        assert!(svg.len() < 300_000, "{name}: {} bytes", svg.len());
        assert!(svg.contains("<title>") && svg.contains("<desc>"), "{name} has no description");
        assert!(well_formed(svg), "{name} is not well-formed");
        let missing = missing_glyphs(&plain_text(svg));
        assert!(missing.is_empty(), "{name} needs glyphs that the font lacks: {missing:?}");
        assert!(drawing.caption.contains("20 seeds"), "{name}: {}", drawing.caption);
        assert_eq!(&drawing.png().expect("painted")[1..4], b"PNG");
        let corners = |tag: &str| {
            tag.split("points=\"").nth(1).map_or(0, |p| {
                let places: std::collections::BTreeSet<&str> =
                    p.split('"').next().unwrap_or("").split_whitespace().collect();
                places.len()
            })
        };
        let lines: Vec<usize> = svg.split("<polyline").skip(1).map(corners).collect();
        assert!(lines.iter().all(|&n| n > 1), "{name}: a line without length");
    }
}

#[test]
fn no_two_texts_of_a_figure_overlap_and_none_leaves_the_page() {
    for (name, make) in ALL {
        for width in [Width::Column, Width::Page, Width::Slide] {
            let svg = drawn(&make(20), width, false).svg;
            let (rooms, (w, h)) = (text_rooms(&svg), page(&svg));
            for (i, (a, text)) in rooms.iter().enumerate() {
                let inside = a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= w && a[3] <= h;
                assert!(inside, "{name} {width:?}: {text:?} leaves the page: {a:?} of {w} × {h}");
                for (b, other) in &rooms[..i] {
                    assert!(!overlap(a, b), "{name} {width:?}: {text:?} overlaps {other:?}");
                }
            }
        }
    }
}

#[test]
fn direct_labels_are_pushed_apart() {
    let wanted: Vec<f64> = (0..8).map(|k| 50.0 + 0.3 * f64::from(k % 4)).collect();
    let places = spread(&wanted, 9.0, 0.0, 100.0).expect("they fit");
    for i in 0..8 {
        for j in 0..i {
            assert!((places[i] - places[j]).abs() >= 9.0 - 1e-9, "{places:?}");
        }
    }
}

#[test]
fn a_panel_without_data_names_its_metric_and_the_remedy() {
    let mut run = batch_sizes(3);
    run.scenario.panels[0].y = vec!["entropy".to_owned()];
    let error = draw(&run, &[], &FigureOptions::default()).expect_err("nobody measured entropy");
    assert!(matches!(error, FigureError::NoData { .. }));
    let text = error.to_string();
    assert!(text.contains("entropy") && text.contains("modeseek run bandit-batch-size"), "{text}");
}

#[test]
fn a_scenario_without_panels_gets_learning_curves() {
    let mut run = batch_sizes(6);
    run.scenario.panels.clear();
    let csv = summary_csv(&run).expect("two panels");
    assert!(csv.contains("\na,") && csv.contains("\nb,") && !csv.contains("\nc,"));
}

#[test]
fn few_seeds_are_shown_one_by_one() {
    let of = |seeds| drawn(&batch_sizes(seeds), Width::Page, false);
    let band = "<polygon opacity=\"0.18\"";
    let few = of(3);
    assert!(!few.svg.contains(band) && few.caption.contains("single seeds"), "{}", few.caption);
    assert!(of(20).svg.contains(band));
    assert!(of(1).caption.contains("One seed"));
}

#[test]
fn tables_hold_what_is_drawn() {
    let run = forest(20);
    let table = table_markdown(&run).expect("a table");
    assert_eq!(table.lines().count(), 2 + 16 + 16, "{table}");
    let csv = summary_csv(&run).expect("a summary");
    assert!(csv.starts_with("panel,line,x,y,low,high,n\na,"));
}

/// Writes every figure to `FIGURE_GALLERY`, to be looked at.
#[test]
#[ignore = "writes files: FIGURE_GALLERY=DIR cargo test --test figure -- --ignored"]
fn gallery() {
    let Ok(dir) = std::env::var("FIGURE_GALLERY") else { return };
    let dir = std::path::Path::new(&dir);
    std::fs::create_dir_all(dir).expect("a folder");
    let save = |name: String, d: Drawing| {
        std::fs::write(dir.join(format!("{name}.png")), d.png().expect("painted"))
            .expect("written");
        std::fs::write(dir.join(format!("{name}.svg")), d.svg).expect("written");
        std::fs::write(dir.join(format!("{name}.txt")), d.caption).expect("written");
    };
    for (name, make) in ALL {
        let run = make(20);
        save(format!("{name}-page"), drawn(&run, Width::Page, false));
        save(format!("{name}-column"), drawn(&run, Width::Column, false));
        save(format!("{name}-slide"), drawn(&run, Width::Slide, false));
        save(format!("{name}-dark"), drawn(&run, Width::Page, true));
        save(format!("{name}-3"), drawn(&make(3), Width::Page, false));
        save(format!("{name}-1"), drawn(&make(1), Width::Page, false));
    }
    let watermark = Some("quick: no result".to_owned());
    let options = FigureOptions { watermark, ..FigureOptions::default() };
    save("quick".to_owned(), draw(&batch_sizes(3), &[], &options).expect("a figure"));
}
