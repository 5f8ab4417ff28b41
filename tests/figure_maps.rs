//! Densities over many arms, tile maps, factorial effects: figures of synthetic runs.

mod figure_fixture;

use figure_fixture::{Synthetic, noise, page, plain_text, text_rooms, well_formed};
use modeseek::figure::{Drawing, FigureOptions, Width, draw, missing_glyphs, overlap, summary_csv};
use modeseek::results::Run;
use modeseek::scenario::Statistic;

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
fn no_line_runs_through_the_label_of_the_peak() {
    let mut run = lengths("methods = [\"ipo\"]\nx_range = [0.0, 250.0]\n");
    // Three low panels side by side.
    run.scenario.panels = vec![run.scenario.panels[0].clone(); 3];
    let svg = drawn(&run, Width::Page).svg;
    let rooms = text_rooms(&svg);
    let (label, _) = rooms.iter().find(|(_, text)| text.starts_with("peak of r")).expect("a label");
    // Letters end at the baseline, 0.7 pt above the end of the room; lines are 1.2 pt wide and more.
    let is_inside =
        |x: f64, y: f64| label[0] < x && x < label[2] && label[1] < y && y < label[3] - 10.0;
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let mut places = 0;
    for line in svg.split("<polyline").skip(1) {
        let points = line.split("points=\"").nth(1).expect("points").split('"').next();
        let points = points.expect("points").split_whitespace().filter_map(|p| p.split_once(','));
        let points: Vec<(f64, f64)> = points.map(|(x, y)| (number(x), number(y))).collect();
        // Ticks, axes and the grid have two ends.
        for pair in points.windows(2).filter(|_| points.len() > 3) {
            let along = |t: f64| {
                (pair[0].0 + t * (pair[1].0 - pair[0].0), pair[0].1 + t * (pair[1].1 - pair[0].1))
            };
            for (x, y) in (0..=20).map(|k| along(f64::from(k) / 20.0)) {
                assert!(!is_inside(x, y), "({x}, {y}) lies in {label:?}");
                places += 1;
            }
        }
    }
    assert!(places > 1000, "{places}");
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
        (at(0.0), others, rows.iter().rfind(|r| r.0).expect("a row").2)
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

/// Leads of 1 and of 0.00001 in one map: the small one is written shortly, so that all have room.
#[test]
fn very_small_leads_leave_the_other_numbers_legible() {
    let run = phase(5, "", |m, x, _, _| match (m, x > 10.0) {
        (0, true) => 1.0,
        (0, false) => 1e-5,
        _ => 0.0,
    });
    let text = plain_text(&drawn(&run, Width::Column).svg);
    assert!(text.contains("1.0") && text.contains("&lt;.001"), "{text}");
}

#[test]
fn a_map_with_several_cells_in_one_place_names_the_key_to_pin() {
    let mut run = phase(5, "", |_, _, _, _| 0.0);
    run.scenario.panels[0].y[0] = "problem.two-modes.peak".to_owned();
    let error = draw(&run, &[], &FigureOptions::default()).expect_err("prompts are free");
    assert!(error.to_string().contains("pin data.prompts in the panel's `where`"), "{error}");
}

/// Three factors: the kind of method, its data, and the passes over them.
fn factorial(seeds: usize, panel: &str) -> Run {
    let panels = format!(
        "[[factors]]\nname = \"negative gradient\"\nhigh = {{ method = [\"dpo\", \"on-policy dpo\"] }}\n\
         low = {{ method = [\"pref-ft\", \"on-policy pref-ft\"] }}\n\
         [[factors]]\nname = \"on-policy\"\nhigh = {{ method = [\"on-policy dpo\", \"on-policy pref-ft\"] }}\n\
         low = {{ method = [\"dpo\", \"pref-ft\"] }}\n\
         [[factors]]\nname = \"reuse\"\nhigh = {{ \"schedule.passes\" = 8 }}\nlow = {{ \"schedule.passes\" = 1 }}\n\
         [[panels]]\ntitle = \"Mean reward\"\nkind = \"effects\"\ny = [\"gold_reward\"]\n{panel}\n"
    );
    let methods = [
        ("dpo", "dpo = {}", "offline", [1.0, 0.0]),
        ("on-policy dpo", "dpo = {}", "on-policy", [1.0, 1.0]),
        ("pref-ft", "pref-ft = {}", "offline", [0.0, 0.0]),
        ("on-policy pref-ft", "pref-ft = {}", "on-policy", [0.0, 1.0]),
    ];
    let sweep: [(&str, &[&str]); 1] = [("schedule.passes", &["1", "8"])];
    let names = methods.map(|m| m.0);
    let title = "What each part of a method is worth";
    let mut s = Synthetic::new("factorial", title, seeds, &names, &sweep, &panels);
    for (m, (method, objective, data, [negative, fresh])) in methods.into_iter().enumerate() {
        for (reuse, passes) in [(0.0, "1"), (1.0, "8")] {
            let cell = s.cell(method, objective, data, &[("schedule.passes", passes)]);
            let height =
                0.2 + 0.25 * negative + 0.15 * fresh - 0.05 * reuse + 0.2 * negative * fresh;
            s.add(&cell, "gold_reward", &[0, 100, 200], |seed, step| {
                let own = 0.05 * noise(seed, m as u64, reuse as u64);
                if step == 0 {
                    0.0
                } else {
                    (height + own + 0.1 * seed as f64) * step as f64 / 100.0
                }
            });
        }
    }
    s.run()
}

#[test]
fn effects_are_rows_around_zero_mains_first() {
    let run = factorial(20, "area = true");
    is_sound("effects", &run);
    let csv = summary_csv(&run).expect("a summary");
    let rows: Vec<&str> =
        csv.lines().skip(1).map(|l| l.split(',').nth(1).expect("a name")).collect();
    assert_eq!(
        rows[..4],
        ["negative gradient", "on-policy", "reuse", "negative gradient × on-policy"]
    );
    assert_eq!(rows.len(), 6);
    let caption = drawn(&run, Width::Page).caption;
    assert!(caption.contains("effect on gold reward, mean over the run"), "{caption}");
    assert!(caption.contains("20 seeds; bars: 95 % bootstrap interval"), "{caption}");
}

/// A run of height h at step 100 and 2h at step 200 has the mean h: (0 + h)/4 + (h + 2h)/4.
#[test]
fn the_effects_drawn_are_those_of_the_cells_selected() {
    let effect = |panel: &str, row: usize| {
        let csv = summary_csv(&factorial(3, panel)).expect("a summary");
        let mut means = csv.lines().filter(|line| !line.contains(", run "));
        let line = means.nth(row + 1).expect("a row").to_owned();
        line.split(',').nth(2).expect("x").parse::<f64>().expect("a number")
    };
    // 0.25 + half of 0.2, give or take the noise of ±0.05; at the last step twice as much.
    assert!((effect("area = true", 0) - 0.35).abs() < 0.05);
    assert!((effect("", 0) - 0.7).abs() < 0.1);
    assert!((effect("at_step = 100", 1) - 0.25).abs() < 0.05);
    let two =
        "factors = [\"on-policy\", \"negative gradient\"]\nwhere = { \"schedule.passes\" = 8 }";
    let csv = summary_csv(&factorial(3, two)).expect("a summary");
    // Two factors and what they do together; three runs are too few for an interval and stand beside each.
    assert_eq!(csv.lines().count(), 1 + 3 * (1 + 3), "{csv}");
}

#[test]
fn cells_that_are_no_balanced_factorial_are_refused() {
    let error = |panel: &str| {
        let run = factorial(3, panel);
        draw(&run, &[], &FigureOptions::default()).expect_err("refused").to_string()
    };
    let unbalanced = error("methods = [\"dpo\", \"pref-ft\", \"on-policy dpo\"]");
    assert!(unbalanced.contains("1 with negative gradient high and on-policy high and reuse high"));
    assert!(unbalanced.contains("0 with negative gradient low and on-policy high and reuse high"));
    assert!(unbalanced.contains("name fewer `factors`"), "{unbalanced}");
    let mut run = factorial(3, "");
    run.scenario.factors[0].low = [("method".to_owned(), "pref-ft".into())].into();
    let error = draw(&run, &[], &FigureOptions::default()).expect_err("refused").to_string();
    assert!(
        error
            .contains("method `on-policy pref-ft`, schedule.passes = 1 is at neither level of the"),
        "{error}"
    );
    run.scenario.factors[0].low = run.scenario.factors[0].high.clone();
    let error = draw(&run, &[], &FigureOptions::default()).expect_err("refused").to_string();
    assert!(error.contains("is at either level of the factor \"negative gradient\""), "{error}");
}

/// A claim over learning rates, batch sizes and rewards; one cell has lost a seed.
fn multiverse(panel: &str) -> Run {
    let panels = format!(
        "[[panels]]\ntitle = \"Where DPO beats Best-of-N\"\nkind = \"verdicts\"\nclaim = \"4.1\"\n{panel}\n"
    );
    let (rate, size, reward) = ("optimizer.adam.learning_rate", B, "problem.bumps.reward");
    let (rates, sizes) = (["0.001", "0.01", "0.1", "1.0"], ["100", "400", "1600"]);
    let sweep: [(&str, &[&str]); 3] = [(rate, &rates), (size, &sizes), (reward, &["R1", "R2"])];
    let names = ["dpo", "best-of-n"];
    let title = "The verdict on claim 4.1 across settings";
    let mut s = Synthetic::new("multiverse", title, 10, &names, &sweep, &panels);
    for (i, r) in rates.iter().enumerate() {
        for (j, b) in sizes.iter().enumerate() {
            for (k, w) in ["R1", "R2"].iter().enumerate() {
                let set = [(rate, *r), (size, *b), (reward, *w)];
                let lead = 0.12 * i as f64 - 0.15 * j as f64 + 0.05 * k as f64;
                let noisy = if i == 2 && j == 2 { 0.5 } else { 0.02 };
                for (m, method) in ["dpo", "best-of-n"].into_iter().enumerate() {
                    let objective = ["dpo = {}", "best-of-n = {}"][m];
                    let cell = s.cell(method, objective, "offline", &set);
                    s.seeds = if (i, j, m) == (3, 0, 0) { 9 } else { 10 };
                    s.add(&cell, "gold_reward", &[0, 100, 200], |seed, step| {
                        let own = if m == 0 {
                            lead + noisy * noise(seed, i as u64, j as u64)
                        } else {
                            0.0
                        };
                        (0.5 + own) * step as f64 / 200.0
                    });
                }
            }
        }
    }
    let mut run = s.run();
    let claim = "id = \"4.1\"\nsays = \"DPO beats Best-of-N\"\nexpected = \"holds\"\n\
        metric = \"gold_reward\"\nbetter = { method = \"dpo\" }\nworse = { method = \"best-of-n\" }\n\
        margin = 0.04\nacross = [\"optimizer.adam.learning_rate\", \"schedule.samples_per_round\", \
        \"problem.bumps.reward\", \"steps\"]";
    run.scenario.claims.push(toml::from_str(claim).expect("a claim"));
    run
}

const B: &str = "schedule.samples_per_round";
const SINGLE: &str = "x = \"optimizer.adam.learning_rate\"\ny = [\"schedule.samples_per_round\"]\n\
    where = { \"problem.bumps.reward\" = \"R1\", steps = \"1\" }";
const SHARES: &str = "x = \"optimizer.adam.learning_rate\"\ny = [\"schedule.samples_per_round\"]";

#[test]
fn verdicts_fill_a_map_with_their_signs_and_their_effects() {
    let run = multiverse(SINGLE);
    is_sound("verdicts", &run);
    let csv = summary_csv(&run).expect("a summary");
    let line = |at: &str| csv.lines().find(|l| l.contains(at)).expect("a tile").to_owned();
    assert_eq!(csv.lines().count(), 1 + 4 * 3);
    // Leads 0.12·i − 0.15·j with a noise of ±0.02 (±0.5 in one tile) against a margin of 0.04.
    assert!(line(",0.01,100,").starts_with("a,holds,"), "{csv}");
    assert!(line(",0.001,100,").starts_with("a,no difference,"), "{csv}");
    assert!(line(",0.001,1600,").starts_with("a,reversed,"), "{csv}");
    assert!(line(",0.1,1600,").starts_with("a,inconclusive,"), "{csv}");
    assert!(line(",1,100,").starts_with("a,no verdict,") && line(",1,100,").ends_with(",0,NaN"));
    let text = plain_text(&drawn(&run, Width::Page).svg);
    for sign in ["✓", "↔", "✗", "?", "–"] {
        assert!(text.contains(sign), "{sign} in {text}");
    }
    let caption = drawn(&run, Width::Page).caption;
    assert!(
        caption.contains("verdict on claim 4.1 (“DPO beats Best-of-N”, margin 0.04)"),
        "{caption}"
    );
}

/// At lr 0.01 and B = 100 the lead is 0.12 on R1 and 0.17 on R2, of which a quarter of the run shows
/// nothing (0 and 0), the half and all of it 0.06, 0.12, 0.085, 0.17: 4 of 6 above 0.04.
#[test]
fn other_keys_of_across_are_counted_in_each_tile() {
    let run = multiverse(SHARES);
    is_sound("shares", &run);
    let csv = summary_csv(&run).expect("a summary");
    let line = csv.lines().find(|l| l.contains(",0.01,100,")).expect("a tile");
    assert!(line.starts_with("a,holds in 4 of 6,"), "{csv}");
    let text = plain_text(&drawn(&run, Width::Page).svg);
    assert!(text.contains("4/6") && text.contains("holds in all"), "{text}");
    let caption = drawn(&run, Width::Page).caption;
    assert!(caption.contains("over reward and the part of the run"), "{caption}");
    is_sound("parts", &multiverse("x = \"steps\"\ny = [\"optimizer.adam.learning_rate\"]"));
}

/// Five seeds at 0, 1, 2, 3 and 100: the mean is 21.2, the median 2, and the interquartile mean that
/// of 1, 2 and 3.
fn skewed(statistic: &str) -> Run {
    let panel = |kind: &str, x: &str| {
        format!(
            "[[panels]]\ntitle = \"{kind}\"\nkind = \"{kind}\"\nx = \"{x}\"\n\
             y = [\"gold_reward\"]\n{statistic}\n"
        )
    };
    let panels = panel("curves", "step") + &panel("sweep", B) + &panel("intervals", "gold_reward");
    let sweep: [(&str, &[&str]); 1] = [(B, &["100", "400"])];
    let mut s = Synthetic::new("skewed", "One seed runs away", 5, &["dpo"], &sweep, &panels);
    for b in ["100", "400"] {
        let cell = s.cell("dpo", "dpo = {}", "offline", &[(B, b)]);
        let value = |seed: u64, _| if seed == 4 { 100.0 } else { seed as f64 };
        s.add(&cell, "gold_reward", &[0, 100], value);
    }
    s.run()
}

#[test]
fn a_panel_shows_the_statistic_it_asks_for_with_its_own_interval() {
    for (statistic, value, highest, words) in [
        (
            "",
            21.2,
            100.0,
            "Means over 5 seeds; bands and bars: 95 % bootstrap interval of the mean.",
        ),
        (
            "statistic = \"median\"",
            2.0,
            100.0,
            "Medians over 5 seeds; bands and bars: 95 % bootstrap interval of the median.",
        ),
        (
            "statistic = \"iqm\"",
            2.0,
            100.0,
            "Interquartile means over 5 seeds; bands and bars: 95 % bootstrap interval of the \
             interquartile mean.",
        ),
    ] {
        let run = skewed(statistic);
        let csv = summary_csv(&run).expect("a summary");
        // x, y, low, high and n, counted from the end.
        for (panel, column) in [("a", 3), ("b", 3), ("c", 4)] {
            let row = csv.lines().rfind(|l| l.starts_with(panel)).expect("a row");
            let number = |k: usize| row.rsplit(',').nth(k).expect("k").parse::<f64>().expect("x");
            assert!((number(column) - value).abs() < 1e-12, "{statistic}: {row}");
            assert!(number(2) <= value && value <= number(1) && number(1) <= highest, "{row}");
        }
        let caption = drawn(&run, Width::Page).caption;
        assert!(caption.contains(words), "{caption}");
    }
    let mut mixed = skewed("");
    mixed.scenario.panels[1].statistic = Statistic::Median;
    let caption = drawn(&mixed, Width::Page).caption;
    assert!(caption.contains("Means (a, c) and medians (b) over 5 seeds"), "{caption}");
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
            std::fs::write(
                dir.join(format!("{name}-{ending}.png")),
                drawing.png().expect("painted"),
            )
            .expect("written");
            std::fs::write(dir.join(format!("{name}-{ending}.svg")), drawing.svg).expect("written");
        }
    }
}

/// Every kind of figure of this file.
fn all() -> Vec<(&'static str, Run)> {
    vec![
        ("lengths", lengths("methods = [\"ipo\"]\nsteps = [10, 50, 200]\n")),
        ("phase", phase(20, POINTS, rugged)),
        ("effects", factorial(20, "area = true")),
        ("verdicts", multiverse(SINGLE)),
        ("shares", multiverse(SHARES)),
        ("parts", multiverse("x = \"steps\"\ny = [\"optimizer.adam.learning_rate\"]")),
        ("phase-two", two_panels()),
        ("lengths-near", lengths("x_range = [0.0, 256.0]\nx_label = \"length (tokens)\"\n")),
    ]
}
