//! Statistics by hand, reading back, and the messages about files that do not read.

mod results_fixture;

use modeseek::results::{
    Bootstrap, Criterion, Estimate, Reach, Run, RunFolder, Statistic, area, band, choices,
    choices_csv, first_crossing, holm, mean_interval, paired_difference,
    probability_of_improvement,
};
use modeseek::stream::{Purpose, Streams};
use ndarray_rand::rand_distr::{Distribution, StandardNormal};
use results_fixture::{cell, run, scenario, series, work};
use std::collections::BTreeMap;
use std::fs;

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} is not {b}");
}

#[test]
fn statistics_have_their_hand_computed_values() {
    for (values, mean, median, iqm) in [
        (vec![4.0], 4.0, 4.0, 4.0),
        (vec![1.0, 9.0], 5.0, 5.0, 5.0),
        (vec![7.0, 1.0, 2.0], 10.0 / 3.0, 2.0, 10.0 / 3.0),
        // Without the lowest and the highest: (2 + 5) / 2.
        (vec![100.0, 2.0, 5.0, -7.0], 25.0, 3.5, 3.5),
        // ⌊9/4⌋ = 2 off each end: (3 + 4 + 5 + 6 + 8) / 5.
        (vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 50.0, 90.0], 169.0 / 9.0, 5.0, 5.2),
    ] {
        close(Statistic::Mean.of(&values), mean);
        close(Statistic::Median.of(&values), median);
        close(Statistic::Iqm.of(&values), iqm);
    }
    assert!(Statistic::Median.of(&[]).is_nan());
}

#[test]
fn a_resample_is_summarised_like_the_values_it_consists_of() {
    // With one value that differs, a resample is known by its mean: k of 5 copies of 1.
    let values = [0.0, 0.0, 1.0, 0.0, 0.0];
    let bootstrap = Bootstrap::new(5, Streams::new(3));
    let means = bootstrap.distribution(&values, Statistic::Mean);
    for statistic in [Statistic::Median, Statistic::Iqm] {
        for (value, mean) in bootstrap.distribution(&values, statistic).iter().zip(&means) {
            let ones = (mean * 5.0).round() as usize;
            let resample = [vec![0.0; 5 - ones], vec![1.0; ones]].concat();
            close(*value, statistic.of(&resample));
        }
    }
}

#[test]
fn intervals_cover_the_truth_about_as_often_as_they_say() {
    // The plain percentiles of five normal values would cover 83 %.
    for n in [5, 20] {
        let covered = (0..1000u64)
            .filter(|&repeat| {
                let mut rng = Streams::new(repeat).at(Purpose::Evaluation, 0);
                let values: Vec<f64> = (0..n).map(|_| StandardNormal.sample(&mut rng)).collect();
                let Estimate { low, high, .. } = mean_interval(&values, Streams::new(repeat));
                low <= 0.0 && 0.0 <= high
            })
            .count();
        let share = covered as f64 / 1000.0;
        assert!((0.88..=0.97).contains(&share), "coverage {share} with {n} values");
    }
}

#[test]
fn intervals_depend_on_the_seed_alone() {
    let values: Vec<f64> = (0..9).map(|i| f64::from(i * i)).collect();
    assert_eq!(mean_interval(&values, Streams::new(1)), mean_interval(&values, Streams::new(1)));
    assert_ne!(mean_interval(&values, Streams::new(1)), mean_interval(&values, Streams::new(2)));
    let one = mean_interval(&[3.0], Streams::new(1));
    assert_eq!((one.mean, one.low, one.high), (3.0, 3.0, 3.0));
}

#[test]
fn a_band_uses_the_same_resamples_at_every_point() {
    let rows: Vec<Vec<f64>> = (0..7)
        .map(|seed| {
            let value = f64::from(seed * seed % 5);
            vec![value, 2.0 * value, if seed == 0 { f64::NAN } else { 1.0 }]
        })
        .collect();
    let series = series(&[0, 1, 2], &rows);
    for statistic in [Statistic::Mean, Statistic::Median, Statistic::Iqm] {
        let band = band(&series, statistic);
        close(band[1].low, 2.0 * band[0].low);
        close(band[1].high, 2.0 * band[0].high);
        assert_eq!((band[2].mean, band[2].low, band[2].high), (1.0, 1.0, 1.0));
    }
}

#[test]
fn pairs_are_compared_seed_by_seed() {
    let better = [1.0, 11.0, 21.0, 31.0];
    let worse = [0.0, 10.0, 20.0, 30.0];
    let difference = paired_difference(&better, &worse, Streams::new(0));
    assert_eq!((difference.mean, difference.low, difference.high), (1.0, 1.0, 1.0));
    // 4 + 3 + 2 + 1 of 16 pairs are won.
    close(probability_of_improvement(&better, &worse, Streams::new(0)).mean, 10.0 / 16.0);
    close(probability_of_improvement(&[2.0, 3.0], &[2.0, 2.5], Streams::new(0)).mean, 2.5 / 4.0);
    let sure = probability_of_improvement(&[5.0, 6.0], &[1.0, 2.0], Streams::new(0));
    assert_eq!((sure.mean, sure.low, sure.high), (1.0, 1.0, 1.0));
}

#[test]
fn areas_and_crossings_have_their_hand_computed_values() {
    close(area(&[0.0, 10.0, 40.0], &[0.0, 1.0, 3.0]), (5.0 + 60.0) / 40.0);
    close(area(&[7.0], &[0.3]), 0.3);
    let (x, y) = ([0.0, 10.0, 30.0, 40.0], [0.1, 0.3, 0.7, 0.5]);
    for (level, at, censored) in [
        (0.4, 15.0, false),
        (0.3, 10.0, false),
        (0.1, 0.0, false),
        (0.0, 0.0, false),
        (0.9, 40.0, true),
    ] {
        let reach = first_crossing(&x, &y, level);
        close(reach.at, at);
        assert_eq!(reach.censored, censored);
    }
    let with_gap = first_crossing(&[0.0, 5.0, 10.0], &[0.0, f64::NAN, 1.0], 0.5);
    assert_eq!(with_gap, Reach { at: 5.0, censored: false });
}

#[test]
fn holm_steps_down_and_never_falls() {
    // Sorted .01 .02 .03 .04: times 4, 3, 2, 1 = .04 .06 .06 .04, made monotone.
    let adjusted = holm(&[0.03, 0.01, 0.04, 0.02]);
    adjusted.iter().zip([0.06, 0.04, 0.06, 0.06]).for_each(|(a, b)| close(*a, b));
    assert_eq!(holm(&[0.6, 0.9]), [1.0, 1.0]);
}

/// A folder whose metrics.csv is `text`, for a scenario of the cells a and b with two seeds.
fn open(text: &str) -> Result<Run, String> {
    let root = tempfile::tempdir().unwrap();
    let folder = RunFolder::new(root.path());
    let scenario = scenario(vec![cell("a", &[], 4), cell("b", &[], 4)], 2);
    drop(folder.prepare(&scenario, false).unwrap());
    fs::write(folder.metrics(), text).unwrap();
    let place = format!("{}/", root.path().display());
    Run::open(root.path()).map_err(|e| e.to_string().replace(&place, ""))
}

const HEADER: &str = "cell,method,seed,step,round,queries,metric,value\n";

#[test]
fn a_malformed_file_is_named_with_its_line() {
    for (text, message) in [
        (
            String::new(),
            "metrics.csv:1: the header is ``; expected `cell,method,seed,step,round,queries,metric,value`",
        ),
        (
            "cell,method\n".to_owned(),
            "metrics.csv:1: the header is `cell,method`; expected `cell,method,seed,step,round,queries,metric,value`",
        ),
        (format!("{HEADER}a,a,0,0,0,0,m,1\na,a,0,1\n"), "metrics.csv:3: 4 fields; expected 8"),
        (
            format!("{HEADER}a,a,0,0,0,0,m,high\n"),
            "metrics.csv:2: value is `high`; expected a number",
        ),
        (
            format!("{HEADER}a,a,-1,0,0,0,m,1\n"),
            "metrics.csv:2: seed is `-1`; expected a whole number",
        ),
        (
            format!("{HEADER}a,a,0,1.5,0,0,m,1\n"),
            "metrics.csv:2: step is `1.5`; expected a whole number",
        ),
        (
            format!("{HEADER}a,a,0,2,0,0,m,1\na,a,0,2,0,0,m,1\n"),
            "metrics.csv:3: step 2 comes after step 2 of the same seed and metric; steps must ascend",
        ),
        (
            format!("{HEADER}a,a,1,2,0,0,m,1\na,a,0,2,0,0,m,1\n"),
            "metrics.csv:3: seed 0 comes after seed 1; seeds must ascend",
        ),
    ] {
        assert_eq!(open(&text).unwrap_err(), message);
    }
}

#[test]
fn rows_of_other_cells_and_seeds_are_passed_over() {
    let run =
        open(&format!("{HEADER}z,z,0,0,0,0,m,5\na,a,0,0,0,0,m,1\na,a,7,0,0,0,m,2\n")).unwrap();
    assert_eq!(run.series("a", "m").unwrap().seeds, [0]);
    assert!(run.series("z", "m").is_none());
    assert_eq!(
        run.missing().unwrap().to_string(),
        "3 of the runs of `made-up` are missing, in 2 cells: a (a), b (b); compute them with \
         `modeseek run made-up`"
    );
}

#[test]
fn a_scenario_without_results_is_told_how_to_get_them() {
    let message = open(HEADER).unwrap_err();
    assert!(message.contains("4 of the runs of `made-up` are missing"), "{message}");
    assert!(message.ends_with("`modeseek run made-up`"), "{message}");
}

#[test]
fn what_was_written_reads_back_to_the_bit() {
    let root = tempfile::tempdir().unwrap();
    let folder = RunFolder::new(root.path());
    let scenario = scenario(vec![cell("a", &[], 4), cell("b", &[], 6)], 2);
    let lock = folder.prepare(&scenario, false).unwrap();
    for (cell, seed) in [(0, 0), (0, 1), (1, 1)] {
        let cell = &scenario.cells[cell];
        let measured = work(&cell.experiment, seed).unwrap();
        folder.finish_seed(cell, seed, &measured).unwrap();
    }
    folder.assemble(&scenario).unwrap();
    drop(lock);
    let run = Run::open(root.path()).unwrap();
    assert_eq!(run.scenario, scenario);
    let series = run.series("b", "probability/10").unwrap();
    assert_eq!(series.seeds, [1]);
    let expected = work(&scenario.cells[1].experiment, 1).unwrap();
    for (i, measured) in expected.iter().filter(|m| m.metric == "probability/10").enumerate() {
        assert_eq!(series.points[i].queries, measured.queries);
        assert_eq!(series.values[[0, i]].to_bits(), measured.value.to_bits());
    }

    let mut newer = scenario.clone();
    newer.cells.remove(0);
    let run = Run::open_resolved(root.path(), newer).unwrap();
    assert!(run.series("a", "gold_reward").is_none() && run.series("b", "gold_reward").is_some());
}

#[test]
fn tuning_chooses_by_method_and_group_and_marks_edges() {
    let (rate, knob, reward) =
        ("optimizer.adam.learning_rate", "objective.ipo.target_margin", "problem.bumps.reward");
    let (mut cells, mut found) = (Vec::new(), BTreeMap::new());
    // Final reward and KL of ipo on R1, by learning rate × margin; the best is in the middle.
    for (i, lr) in ["0.01", "0.1", "1"].into_iter().enumerate() {
        for (j, margin) in ["5", "10", "20"].into_iter().enumerate() {
            let cell = cell("ipo", &[(rate, lr), (knob, margin), (reward, "R1")], 4);
            let last = 0.9 - 0.1 * (i as f64 - 1.0).abs() - 0.05 * (j as f64 - 1.0).abs();
            let first = if i == 2 { 0.9 } else { 0.0 };
            let at = |metric: &str| (cell.name.clone(), metric.to_owned());
            found.insert(at("gold_reward"), series(&[0, 4], &vec![vec![first, last]; 2]));
            let kl = vec![vec![0.0, 1.5 * (j + 1) as f64]; 2];
            found.insert(at("reverse_kl_ref"), series(&[0, 4], &kl));
            cells.push(cell);
        }
    }
    // A method without a knob; its highest score lacks a seed.
    for (lr, seeds, last) in [("0.01", 2, 0.2), ("0.1", 2, 0.3), ("1", 1, 0.8)] {
        let cell = cell("pref-ft", &[(rate, lr), (reward, "R1")], 4);
        let at = (cell.name.clone(), "gold_reward".to_owned());
        found.insert(at, series(&[0, 4], &vec![vec![0.1, last]; seeds]));
        cells.push(cell);
    }
    let run = Run::from_series(scenario(cells, 2), found);
    let grouping = [reward.to_owned()];
    let chosen = choices(&run, &grouping).unwrap();
    let csv = choices_csv(&chosen, &grouping);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines,
        [
            "criterion,method,problem.bumps.reward,learning_rate,strength_key,strength,score,edge",
            "final,ipo,R1,0.1,objective.ipo.target_margin,10,0.9,false",
            "area,ipo,R1,1,objective.ipo.target_margin,10,0.8500000000000001,true",
            "final within 2 nats,ipo,R1,0.1,objective.ipo.target_margin,5,0.85,true",
            "final within 4 nats,ipo,R1,0.1,objective.ipo.target_margin,10,0.9,false",
            "final,pref-ft,R1,0.1,,,0.3,false",
            "area,pref-ft,R1,0.1,,,0.2,false",
        ]
    );
    assert_eq!(chosen[0].criterion, Criterion::Final);
    let message = choices(&run, &[]).unwrap_err().to_string();
    assert!(message.contains("objective.ipo.target_margin and problem.bumps.reward"), "{message}");
}

#[test]
fn a_run_of_made_up_series_lists_its_metrics() {
    let made = run(
        scenario(vec![cell("a", &[], 2)], 1),
        "entropy",
        vec![("a", series(&[0], &[vec![1.0]]))],
    );
    assert!(made.metrics().iter().eq(["entropy"]));
}
