//! Cells and pairs in numbers, by hand.

mod results_fixture;

use modeseek::results::{Run, Summary, improvements_csv, summarise, summary_csv, summary_markdown};
use results_fixture::{cell, run, scenario, series};

const KEY: &str = "schedule.passes";
const BETA: &str = "objective.dpo.beta";

/// Three steps of five seeds: all start at 0; a is at h, then at 1; b at h/2 for both, where h = 0.1,
/// 0.2, 0.3, 0.4 and 1.0 by seed. c was never run.
fn three() -> Run {
    let heights = [0.1, 0.2, 0.3, 0.4, 1.0];
    let a = heights.map(|h| vec![0.0, h, 1.0]).to_vec();
    let b = heights.map(|h| vec![0.0, h / 2.0, h / 2.0]).to_vec();
    let cells = vec![cell("a", &[], 20), cell("b", &[], 20), cell("c", &[], 20)];
    let found = vec![("a", series(&[0, 10, 20], &a)), ("b", series(&[0, 10, 20], &b))];
    run(scenario(cells, 5), "gold_reward", found)
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} is not {b}");
}

#[test]
fn cells_have_their_hand_computed_statistics() {
    let summary = summarise(&three(), "gold_reward", None);
    let [a, b, c] = &summary.cells[..] else { panic!("three cells") };
    assert_eq!((a.n, b.n, c.n), (5, 5, 0));
    close(a.mean.mean, 1.0);
    // b ends at 0.05, 0.1, 0.15, 0.2, 0.5: mean 0.2, median 0.15, IQM (0.1 + 0.15 + 0.2)/3.
    close(b.mean.mean, 0.2);
    close(b.median, 0.15);
    close(b.iqm.mean, 0.15);
    assert!(b.mean.low < 0.2 && 0.2 < b.mean.high && b.mean.high <= 0.5);
    assert!(b.iqm.low < 0.15 && 0.15 < b.iqm.high);
    // a's mean over the run: (0 + h)/4 + (h + 1)/4 = h/2 + 1/4, mean h = 0.4; b's: 3h/8.
    close(a.area.mean, 0.45);
    close(b.area.mean, 0.15);
    assert!(c.mean.mean.is_nan() && c.median.is_nan());
}

/// The threshold is 0.9 of the way from 0 to 1. a crosses it between steps 10 and 20 at
/// 10 + 10·(0.9 − h)/(1 − h), and with h = 1 at step 9: the median is that of h = 0.3.
#[test]
fn steps_and_queries_to_the_threshold_are_medians_in_which_never_is_infinite() {
    let summary = summarise(&three(), "gold_reward", None);
    let [a, b, c] = &summary.cells[..] else { panic!("three cells") };
    close(a.threshold.unwrap(), 0.9);
    close(a.steps.unwrap().median, 10.0 + 10.0 * 0.6 / 0.7);
    close(a.queries.unwrap().median, 100.0 + 100.0 * 0.6 / 0.7);
    assert_eq!((a.censored, b.censored, c.censored), (0, 5, 0));
    assert_eq!((b.steps.unwrap().median, b.steps.unwrap().last), (f64::INFINITY, 20.0));
    // b reaches 0.15 where h ≥ 0.3, in three of five seeds; the median seed does so at step 10.
    let b = &summarise(&three(), "gold_reward", Some(0.15)).cells[1];
    assert_eq!((b.censored, b.threshold), (2, Some(0.15)));
    close(b.steps.unwrap().median, 10.0);
}

/// b's last values, at most 0.5, lie below a's, all 1.
#[test]
fn pairs_have_their_hand_computed_probability() {
    let summary = summarise(&three(), "gold_reward", None);
    let [pair] = &summary.pairs[..] else { panic!("one pair: {:?}", summary.pairs) };
    assert_eq!((pair.method.as_str(), pair.over.as_str(), pair.n), ("a", "b", 5));
    close(pair.probability.mean, 1.0);
    // Against 1, 1, 1, 1, 1 a run of h = 1 ties: (5·4·0 + 5·½)/25.
    let heights = [0.1, 0.2, 0.3, 0.4, 1.0].map(|h| vec![0.0, h]).to_vec();
    let level = vec![vec![0.0, 1.0]; 5];
    let cells = vec![cell("a", &[], 20), cell("b", &[], 20)];
    let found = vec![("a", series(&[0, 20], &heights)), ("b", series(&[0, 20], &level))];
    let run = run(scenario(cells, 5), "gold_reward", found);
    close(summarise(&run, "gold_reward", None).pairs[0].probability.mean, 0.1);
}

/// a and b at T = 1 and 8; only d has a β.
fn grouped() -> Summary {
    let (mut cells, mut found) = (Vec::new(), Vec::new());
    for (method, settings, name, last) in [
        ("a", vec![(KEY, "1")], "a-1", 1.0),
        ("a", vec![(KEY, "8")], "a-8", 3.0),
        ("b", vec![(KEY, "1")], "b-1", 0.5),
        ("b", vec![(KEY, "8")], "b-8", 0.0),
        ("d", vec![(KEY, "1"), (BETA, "0.1")], "d-0.1-1", 2.0),
    ] {
        cells.push(cell(method, &settings, 8));
        found.push((name, series(&[0, 8], &vec![vec![0.0, last]; 5])));
    }
    summarise(&run(scenario(cells, 5), "gold_reward", found), "gold_reward", None)
}

#[test]
fn groups_share_a_threshold_and_pairs_share_all_their_settings() {
    let summary = grouped();
    assert_eq!(summary.grouped_by, [KEY]);
    let thresholds: Vec<f64> = summary.cells.iter().map(|c| c.threshold.unwrap()).collect();
    // T = 1: 0.9·2 by d; T = 8: 0.9·3 by a.
    for (threshold, expected) in thresholds.iter().zip([1.8, 2.7, 1.8, 2.7, 1.8]) {
        close(*threshold, expected);
    }
    let pairs: Vec<_> = summary
        .pairs
        .iter()
        .map(|p| (p.method.as_str(), p.over.as_str(), p.settings[KEY].as_str()))
        .collect();
    assert_eq!(pairs, [("a", "b", "1"), ("a", "b", "8")]);
    assert_eq!(summary.left_out, 0);
}

#[test]
fn more_than_forty_pairs_are_left_out_and_said() {
    let names: Vec<String> = (0..10).map(|m| format!("m{m}")).collect();
    let cells = names.iter().map(|name| cell(name, &[], 8)).collect();
    let rows = vec![vec![0.0, 1.0]; 2];
    let found = names.iter().map(|name| (name.as_str(), series(&[0, 8], &rows))).collect();
    let summary = summarise(&run(scenario(cells, 2), "gold_reward", found), "gold_reward", None);
    assert_eq!((summary.pairs.len(), summary.left_out), (40, 5));
    let text = summary_markdown(&summary);
    assert!(text.ends_with("5 more pairs are left out.\n"), "{text}");
    // Two seeds have no interval.
    assert!(text.contains("| m0 | m1 | – | 2 | 0.500 |"), "{text}");
}

#[test]
fn summaries_are_written_as_markdown_and_as_csv() {
    let summary = grouped();
    let text = summary_markdown(&summary);
    for line in [
        "(90 % of the way from the mean start to the best mean end at the same `schedule.passes`)",
        "| a | passes = 1 | 5 | 1.00 [1.00, 1.00] | 1.00 | 1.00 [1.00, 1.00] | 0.500 [0.500, 0.500] \
         | 1.80 | > 8.00 | > 80.0 | 5 of 5 |",
        "| d | beta = 0.1, passes = 1 | 5 | 2.00 [2.00, 2.00] | 2.00 | 2.00 [2.00, 2.00] \
         | 1.00 [1.00, 1.00] | 1.80 | 7.20 | 72.0 | 0 of 5 |",
        "| a | b | passes = 8 | 5 | 1.00 [1.00, 1.00] |",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let csv = summary_csv(&summary);
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some(
            "method,objective.dpo.beta,schedule.passes,seeds,mean,mean_low,mean_high,median,iqm,\
             iqm_low,iqm_high,area,area_low,area_high,threshold,steps_to,queries_to,never"
        )
    );
    assert_eq!(lines.next(), Some("a,,1,5,1.0,1.0,1.0,1.0,1.0,1.0,1.0,0.5,0.5,0.5,1.8,inf,inf,5"));
    assert_eq!(improvements_csv(&summary).lines().nth(1), Some("a,b,1,5,1.0,1.0,1.0"));
}
