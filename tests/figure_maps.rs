//! Densities over many arms, tile maps, factorial effects: figures of synthetic runs.

mod figure_fixture;

use figure_fixture::{Synthetic, noise, page, plain_text, text_rooms, well_formed};
use modeseek::figure::{Drawing, FigureOptions, Width, draw, missing_glyphs, overlap, summary_csv};
use modeseek::results::Run;

fn drawn(run: &Run, width: Width) -> Drawing {
    let options = FigureOptions { width, ..FigureOptions::default() };
    draw(run, &[], &options).unwrap_or_else(|error| panic!("{error}"))
}

/// What every figure must be: small, well-formed, with glyphs for all and no text on another.
fn is_sound(name: &str, run: &Run) {
    for width in [Width::Column, Width::Page, Width::Slide] {
        let drawing = drawn(run, width);
        let svg = &drawing.svg;
        assert!(svg.len() < 300_000, "{name}: {} bytes", svg.len());
        assert!(well_formed(svg), "{name} is not well-formed");
        let missing = missing_glyphs(&plain_text(svg));
        assert!(missing.is_empty(), "{name} lacks {missing:?}");
        let (rooms, (w, h)) = (text_rooms(svg), page(svg));
        for (i, (a, text)) in rooms.iter().enumerate() {
            let inside = a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= w && a[3] <= h;
            assert!(inside, "{name} {width:?}: {text:?} leaves the page");
            for (b, other) in &rooms[..i] {
                assert!(!overlap(a, b), "{name} {width:?}: {text:?} overlaps {other:?}");
            }
        }
        assert!(drawing == drawn(run, width), "{name}: equal runs give equal bytes");
    }
}

/// Response lengths 0 to 512, best near 0, which the reference and its data rarely are.
fn lengths(panel: &str) -> Run {
    let title = "Shorter is better, and π_ref is long";
    let panels = format!("[[panels]]\ntitle = \"one\"\nkind = \"density\"\nx = \"arm\"\n{panel}");
    let mut s = Synthetic::new("lengths", title, 5, &["ipo", "best-of-n"], &[], &panels);
    let objectives = ["ipo = { target_margin = 10.0 }", "best-of-n = {}"];
    for (m, method) in ["ipo", "best-of-n"].into_iter().enumerate() {
        let cell = s.cell(method, objectives[m], "offline", &[]);
        for arm in 0..=512u64 {
            let bump = |at: f64, w: f64| (-((arm as f64 - at) / w).powi(2)).exp() / (w * 1.772);
            s.add(&cell, &format!("probability/{arm}"), &[0, 10, 50, 200], |seed, step| {
                let at = 200.0 - step as f64 * (0.6 + 0.3 * m as f64) - seed as f64;
                let spike = if arm == 300 { 0.04 } else { 0.0 };
                bump(at, 30.0) + spike
            });
            s.add(&cell, &format!("reference/{arm}"), &[0], |_, _| bump(200.0, 60.0));
            s.add(&cell, &format!("data/{arm}"), &[0], |_, _| bump(150.0, 30.0));
            s.add(&cell, &format!("target/{arm}"), &[0], |_, _| bump(30.0, 30.0));
            s.add(&cell, &format!("reward/{arm}"), &[0], |_, _| -(arm as f64));
        }
    }
    s.run()
}

#[test]
fn densities_over_513_lengths_keep_their_spikes_and_stay_small() {
    let run = lengths("steps = [10, 50, 200]\n");
    is_sound("lengths", &run);
    let csv = summary_csv(&run).expect("a summary");
    let spikes = csv.lines().filter(|line| line.contains("step") && line.contains(",300,"));
    assert_eq!(spikes.count(), 6, "a spike in every curve");
    assert!(csv.lines().count() <= 1 + 10 * 300, "{}", csv.lines().count());
}

#[test]
fn the_preference_data_are_a_solid_outline_and_the_target_a_dotted_one() {
    let svg = drawn(&lengths("methods = [\"ipo\"]\n"), Width::Page).svg;
    let outlines: Vec<&str> =
        svg.split("<polyline").filter(|line| line.contains("#4A688A")).collect();
    let dotted = outlines.iter().filter(|line| line.contains("stroke-dasharray")).count();
    // Each once in the panel and once in the legend.
    assert_eq!((outlines.len(), dotted), (4, 2));
    let text = plain_text(&svg);
    assert!(text.contains("pref") && text.contains("target"), "D with a subscript");
    let without = drawn(&lengths("methods = [\"ipo\"]\ny = [\"target\"]\n"), Width::Page).svg;
    assert_eq!(without.split("<polyline").filter(|l| l.contains("#4A688A")).count(), 2);
}

/// Rewards −512 to 0 over probabilities up to 0.0392…: the line runs from 0 to that height.
#[test]
fn rewards_below_zero_are_moved_so_that_the_lowest_one_drawn_stands_at_zero() {
    let heights = |panel: &str| {
        let csv = summary_csv(&lengths(panel)).expect("a summary");
        let rows = csv.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
        let number = |text: &str| text.parse::<f64>().expect("a number");
        let rows: Vec<(bool, f64, f64)> =
            rows.map(|r| (r[1].starts_with("reward"), number(r[2]), number(r[3]))).collect();
        let at = |arm: f64| rows.iter().find(|r| r.0 && r.1 == arm).expect("the arm").2;
        let others = rows.iter().filter(|r| !r.0).map(|r| r.2).fold(0.0, f64::max);
        (at(0.0), others, rows.iter().filter(|r| r.0).next_back().expect("a row").2)
    };
    let (peak, tallest, last) = heights("methods = [\"ipo\"]\n");
    assert!((peak - tallest).abs() < 1e-12 && last.abs() < 1e-12, "{peak} {tallest} {last}");
    // Up to arm 128 only: that one stands at zero.
    let (peak, tallest, last) = heights("methods = [\"ipo\"]\nx_range = [0.0, 128.0]\n");
    assert!((peak - tallest).abs() < 1e-12 && last.abs() < 1e-12);
    let caption = drawn(&lengths("methods = [\"ipo\"]\n"), Width::Page).caption;
    assert!(caption.contains("−512 at zero and 0 at the highest line"), "{caption}");
}

/// Five methods over two swept keys; `reward(method, x, y, seed)` is what they end at.
fn phase(seeds: usize, panel: &str, reward: impl Fn(usize, f64, f64, u64) -> f64) -> Run {
    let panels = format!(
        "[[panels]]\ntitle = \"Final reward\"\nkind = \"region\"\nx = \"problem.two-modes.peak\"\n\
         y = [\"data.prompts\", \"gold_reward\"]\n{panel}"
    );
    let (x, y) = ("problem.two-modes.peak", "data.prompts");
    let (xs, ys) = (["0", "8", "32", "64", "128", "256"], ["5", "20", "100", "500", "1000"]);
    let methods = [
        ("dpo", "dpo = {}", "offline"),
        ("on-policy dpo", "dpo = {}", "on-policy"),
        ("pref-ft", "pref-ft = {}", "offline"),
        ("best-of-n", "best-of-n = {}", "on-policy"),
        ("reinforce", "reinforce = {}", "on-policy"),
    ];
    let title = "Where each method wins";
    let names = methods.map(|m| m.0);
    let mut s = Synthetic::new("phase", title, seeds, &names, &[(x, &xs), (y, &ys)], &panels);
    for (m, (method, objective, data)) in methods.into_iter().enumerate() {
        for a in xs {
            for b in ys {
                let cell = s.cell(method, objective, data, &[(x, a), (y, b)]);
                let place = |text: &str| text.parse::<f64>().expect("a number");
                s.add(&cell, "gold_reward", &[0, 200], |seed, _| {
                    reward(m, place(a), place(b), seed)
                });
            }
        }
    }
    s.run()
}

const POINTS: &str = "points = [{ x = 8, y = 100, label = \"min length\" }, \
    { x = 128, y = 100, label = \"skew length\" }, { x = 64, y = 1000, label = \"mode of π_ref\" }]\n";

/// Rewards that no rule of three could tell apart everywhere.
fn rugged(m: usize, x: f64, y: f64, seed: u64) -> f64 {
    let at = [(0.0, 3.0), (5.0, 1.0), (3.0, 6.0), (1.0, 5.0), (2.0, 2.0)][m];
    let near = ((x + 1.0).log2() / 2.0 - at.0).abs() + (y.log2() / 2.0 - at.1).abs();
    0.9 - 0.07 * near + 0.03 * noise(seed, (10 * m) as u64 + x as u64, y as u64)
}

#[test]
fn maps_of_five_methods_are_sound_with_and_without_points() {
    is_sound("phase", &phase(20, "", rugged));
    is_sound("phase with points", &phase(20, POINTS, rugged));
    is_sound("two panels", &two_panels());
}

fn two_panels() -> Run {
    let other = "\n[[panels]]\ntitle = \"Again\"\nkind = \"region\"\nx = \"data.prompts\"\n\
        y = [\"problem.two-modes.peak\", \"gold_reward\"]\nmethods = [\"dpo\", \"best-of-n\", \"reinforce\"]\n";
    phase(20, &format!("{POINTS}{other}"), rugged)
}

/// One row of the summary: who has the tile at x = 0, y = 5, the lead, its interval.
fn tile(rewards: [[f64; 5]; 5]) -> (String, [f64; 3]) {
    let run = phase(5, "", |m, _, _, seed| rewards[m][seed as usize]);
    let csv = summary_csv(&run).expect("a summary");
    assert!(csv.starts_with("panel,line,x,y,low,high,n,value\n"), "{csv}");
    let row: Vec<&str> = csv.lines().nth(1).expect("a tile").split(',').collect();
    assert_eq!((row[2], row[3], row[6]), ("0", "5", "5"));
    let number = |k: usize| row[k].parse::<f64>().expect("a number");
    (row[1].to_owned(), [number(7), number(4), number(5)])
}

/// The third method leads the fifth by 0.2, 0.3, 0.4, 0.5, 0.6 (mean 0.4), whatever the seed adds;
/// then by −1, 1, −1, 1, 0.5: the interval of the mean 0.1 includes 0.
#[test]
fn the_lead_is_paired_by_seed_and_a_tie_where_its_interval_includes_zero() {
    let level = |rewards: [f64; 5]| std::array::from_fn(|s| rewards[s] + 10.0 * s as f64);
    let low = level([0.0; 5]);
    let (who, [lead, from, to]) =
        tile([low, low, level([0.2, 0.3, 0.4, 0.5, 0.6]), level([-1.0; 5]), low]);
    assert_eq!(who, "Pref-FT");
    assert!((lead - 0.4).abs() < 1e-12 && (0.2..0.4).contains(&from) && (0.4..=0.6).contains(&to));
    let (who, [lead, from, to]) =
        tile([low, level([-1.0, 1.0, -1.0, 1.0, 0.5]), level([-9.0; 5]), level([-9.0; 5]), low]);
    assert_eq!(who, "tie");
    assert!((lead - 0.1).abs() < 1e-12 && from < 0.0 && to > 0.0, "{lead} {from} {to}");
    // Equal rewards lead by nothing.
    assert_eq!(tile([low; 5]).0, "tie");
}

#[test]
fn the_legend_of_a_map_names_only_those_that_win_in_the_scenarios_order() {
    let run = phase(5, "", |m, x, _, seed| {
        seed as f64 + if m == 4 && x > 10.0 || m == 1 && x < 10.0 { 1.0 } else { 0.0 }
    });
    let text = plain_text(&drawn(&run, Width::Page).svg);
    let place = |word: &str| text.find(word);
    let (first, second) = (place("on-policy DPO wins"), place("REINFORCE wins"));
    assert!(first.is_some() && first < second, "{text}");
    assert!(place("Pref-FT wins").is_none() && place("tie:").is_none(), "{text}");
}

#[test]
fn a_map_with_several_cells_in_one_place_names_the_key_to_pin() {
    let mut run = phase(5, "", |_, _, _, _| 0.0);
    run.scenario.panels[0].y[0] = "problem.two-modes.peak".to_owned();
    let error = draw(&run, &[], &FigureOptions::default()).expect_err("prompts are free");
    assert!(error.to_string().contains("pin data.prompts in the panel's `where`"), "{error}");
}

/// Writes every figure to `FIGURE_GALLERY`, to be looked at.
#[test]
#[ignore = "writes files: FIGURE_GALLERY=DIR cargo test --test figure_maps -- --ignored"]
fn gallery() {
    let Ok(dir) = std::env::var("FIGURE_GALLERY") else { return };
    let dir = std::path::Path::new(&dir);
    std::fs::create_dir_all(dir).expect("a folder");
    for (name, run) in all() {
        for (ending, width) in [("page", Width::Page), ("column", Width::Column)] {
            let drawing = drawn(&run, width);
            std::fs::write(dir.join(format!("{name}-{ending}.png")), drawing.png).expect("written");
            std::fs::write(dir.join(format!("{name}-{ending}.svg")), drawing.svg).expect("written");
        }
    }
}

/// Every kind of figure of this file.
fn all() -> Vec<(&'static str, Run)> {
    vec![
        ("lengths", lengths("methods = [\"ipo\"]\nsteps = [10, 50, 200]\n")),
        ("phase", phase(20, POINTS, rugged)),
        ("phase-two", two_panels()),
        ("lengths-near", lengths("x_range = [0.0, 256.0]\nx_label = \"length (tokens)\"\n")),
    ]
}
