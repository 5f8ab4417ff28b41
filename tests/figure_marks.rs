//! Verdicts as marks, the beginning of runs, and seeds in two groups.

mod figure_fixture;

use figure_fixture::{Synthetic, noise, page, plain_text, text_rooms};
use modeseek::figure::{FigureOptions, VerdictMark, Width, draw, overlap, summary_csv};
use modeseek::results::Run;
use modeseek::scenario::{ClaimSpec, Verdict};

/// Two methods on a logarithmic axis of steps; the seeds of the second end at 0.2 or at 0.9.
fn two_groups(seeds: usize) -> Run {
    let panel = "[[panels]]\ntitle = \"Equal steps\"\nkind = \"curves\"\nx = \"step\"\nlog_x = true\n\
                 y = [\"gold_reward\"]\n";
    let names = ["offline dpo", "offline ipo"];
    let mut s = Synthetic::new("groups", "Two groups of seeds", seeds, &names, &[], panel);
    for (m, name) in names.into_iter().enumerate() {
        let objective = ["dpo = { beta = 0.25 }", "ipo = { target_margin = 7.0 }"][m];
        let cell = s.cell(name, objective, "offline", &[]);
        let end = move |seed: u64| match (m, seed % 4) {
            (0, _) => 0.5,
            (_, 0) => 0.2,
            _ => 0.9,
        };
        let steps: Vec<u64> = (0..=10).map(|k| if k == 0 { 0 } else { 1 << k }).collect();
        s.add(&cell, "gold_reward", &steps, move |seed, step| {
            let share = (step as f64 / 1024.0).sqrt();
            let wobble = if step == 0 { 0.0 } else { 0.01 * noise(seed, step, m as u64) };
            0.1 + (end(seed) - 0.1) * share + wobble
        });
    }
    let mut run = s.run();
    run.scenario.claims = vec![claim("1.1", "area = true"), claim("1.2", "steps_to = 0.5")];
    run
}

fn claim(id: &str, reading: &str) -> ClaimSpec {
    let text = format!(
        "id = {id:?}\nsays = \"what {id} says\"\nexpected = \"holds\"\nmetric = \"gold_reward\"\n\
         margin = 0.02\nbetter = {{}}\nworse = {{}}\n{reading}\n"
    );
    toml::from_str(&text).expect("a claim")
}

fn mark(id: &str, verdict: Verdict) -> VerdictMark {
    let (effect, low, high) = (0.312, 0.287, 0.338);
    VerdictMark { id: id.to_owned(), verdict, expected: Verdict::Holds, effect, low, high }
}

#[test]
fn many_verdicts_take_few_lines_and_the_caption_has_all_of_them() {
    const SIGNS: [&str; 4] = ["✓", "↔", "✗", "?"];
    let all = [Verdict::Holds, Verdict::NoDifference, Verdict::Reversed, Verdict::Inconclusive];
    let marks: Vec<VerdictMark> = (0..16).map(|k| mark(&format!("13.{k}"), all[k % 4])).collect();
    let run = two_groups(20);
    for width in [Width::Column, Width::Page, Width::Slide] {
        let options = FigureOptions { width, ..FigureOptions::default() };
        let drawing = draw(&run, &marks, &options).expect("a figure");
        let (rooms, (w, h)) = (text_rooms(&drawing.svg), page(&drawing.svg));
        let signs: Vec<_> = rooms.iter().filter(|r| SIGNS.contains(&r.1.as_str())).collect();
        assert_eq!(signs.len(), 16, "{width:?}");
        let rows: std::collections::BTreeSet<i64> =
            signs.iter().map(|r| r.0[1].round() as i64).collect();
        let most = if width == Width::Column { 4 } else { 3 };
        assert!(rows.len() <= most, "{width:?}: {} rows", rows.len());
        for (i, (a, text)) in rooms.iter().enumerate() {
            let inside = a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= w && a[3] <= h;
            assert!(inside, "{width:?}: {text:?} leaves the page");
            assert!(rooms[..i].iter().all(|(b, _)| !overlap(a, b)), "{width:?}: {text:?} overlaps");
        }
        assert_eq!(drawing.caption.matches("+0.312 [0.287, 0.338]").count(), 16);
        assert!(drawing.caption.contains("Of 16 claims 4 hold"), "{}", drawing.caption);
        assert!(!drawing.caption.contains("This is seen"));
        let told = drawing.hover.iter().filter(|p| p.text.starts_with("13."));
        assert_eq!(told.count(), 16);
    }
}

#[test]
fn a_few_verdicts_show_their_intervals_and_units_and_tell_their_claims() {
    let run = two_groups(20);
    let marks = [mark("1.1", Verdict::Holds), mark("1.2", Verdict::Reversed)];
    let drawing = draw(&run, &marks, &FigureOptions::default()).expect("a figure");
    let text = plain_text(&drawing.svg);
    assert!(text.contains("1.1 +0.312 [0.287, 0.338] reward"), "{text}");
    assert!(text.contains("1.2 +0.312 [0.287, 0.338] steps"), "{text}");
    let told = drawing.hover.iter().find(|p| p.text.starts_with("1.2 reversed"));
    assert!(told.is_some_and(|p| p.text.ends_with("what 1.2 says")), "{told:?}");
    assert!(drawing.caption.contains("another on 1.2 (holds)"), "{}", drawing.caption);
    assert!(drawing.caption.contains("offline DPO β = 0.25"), "{}", drawing.caption);
    assert!(drawing.caption.contains("offline IPO margin = 7"), "{}", drawing.caption);
}

#[test]
fn a_logarithmic_axis_of_steps_begins_with_the_reference() {
    let run = two_groups(20);
    let drawing = draw(&run, &[], &FigureOptions::default()).expect("a figure");
    let summary = summary_csv(&run).expect("a summary");
    assert_eq!(
        summary.lines().filter(|l| l.split(',').nth(2) == Some("0")).count(),
        2,
        "{summary}"
    );
    let start = drawing.hover.iter().find(|p| p.text.contains("step 0 · gold reward 0.1"));
    let first = drawing.hover.iter().find(|p| p.text.contains("step 2 ·"));
    let (start, first) = (start.expect("a start"), first.expect("a first step"));
    assert!(start.at.0 < first.at.0, "{start:?} {first:?}");
    assert!(drawing.hover.iter().any(|p| p.text == "π_ref\ngold reward 0.1"));
}

#[test]
fn seeds_are_drawn_one_by_one_where_they_end_in_two_groups() {
    let lines = |seeds: usize| {
        let drawing = draw(&two_groups(seeds), &[], &FigureOptions::default()).expect("a figure");
        (drawing.svg.matches("<polyline").count(), drawing.caption)
    };
    let ((split, caption), (few, other)) = (lines(20), lines(16));
    // Ten of the seeds of the second method, none of the first; 16 seeds are too few to tell.
    assert_eq!(split, few + 10);
    assert!(caption.contains("seeds that end in two groups") && !other.contains("two groups"));
}
