//! Claims judged by hand-made results.

mod results_fixture;

use modeseek::results::{Finding, Run, adjust, findings_csv, findings_markdown, judge, multiverse};
use modeseek::scenario::{ClaimSpec, Verdict};
use results_fixture::{cell, claim, run, scenario, series};

/// One final value per seed of the methods a and b.
fn finals(a: &[f64], b: &[f64]) -> Run {
    let rows = |values: &[f64]| values.iter().map(|v| vec![0.0, *v]).collect::<Vec<_>>();
    let scenario = scenario(vec![cell("a", &[], 8), cell("b", &[], 8)], a.len() as u64);
    let found = vec![("a", series(&[0, 8], &rows(a))), ("b", series(&[0, 8], &rows(b)))];
    run(scenario, "gold_reward", found)
}

/// The same path for each of five seeds, plus the seed, which pairing takes away again.
fn paths(a: &[f64], b: &[f64]) -> Run {
    let steps: Vec<u64> = (0..a.len() as u64).map(|i| 10 * i).collect();
    let scenario = scenario(vec![cell("a", &[], 20), cell("b", &[], 20)], 5);
    let rows = |path: &[f64]| vec![path.to_vec(); 5];
    let found = vec![("a", series(&steps, &rows(a))), ("b", series(&steps, &rows(b)))];
    run(scenario, "gold_reward", found)
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} is not {b}");
}

#[test]
fn verdicts_follow_from_the_interval_and_the_margin() {
    // Differences by seed, against a margin of 0.5; b differs by seed to show the pairing.
    for (differences, verdict) in [
        (vec![1.0, 1.1, 0.9, 1.0, 1.2], Some(Verdict::Holds)),
        (vec![-1.0, -1.1, -0.9, -1.0, -1.2], Some(Verdict::Reversed)),
        (vec![0.1, -0.1, 0.2, 0.0, -0.2], Some(Verdict::NoDifference)),
        (vec![0.4, 0.4, 0.4, 0.4, 0.4], Some(Verdict::NoDifference)),
        (vec![3.0, -3.0, 2.0, -2.0, 1.0], Some(Verdict::Inconclusive)),
        (vec![0.5, 0.5, 0.5, 0.5, 1.0], Some(Verdict::Inconclusive)),
        (vec![1.0, 1.0, 1.0, 1.0], None),
    ] {
        let b: Vec<f64> = (0..differences.len()).map(|seed| 100.0 * seed as f64).collect();
        let a: Vec<f64> = b.iter().zip(&differences).map(|(b, d)| b + d).collect();
        let finding = judge(&finals(&a, &b), &claim("")).unwrap();
        assert_eq!(finding.verdict, verdict, "{differences:?}: {finding:?}");
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        assert!((finding.effect - mean).abs() < 1e-9);
        assert!(finding.low <= finding.effect && finding.effect <= finding.high);
        assert_eq!((finding.n, finding.figure.as_deref()), (differences.len(), Some("fig04")));
        assert_eq!(finding.p.is_some(), verdict.is_some());
    }
}

#[test]
fn effects_of_each_measure_have_their_hand_computed_values() {
    let run = paths(&[0.0, 1.0, 1.0], &[0.0, 0.0, 0.8]);
    for (lines, effect) in [
        ("", 0.2),
        ("at_step = 10", 1.0),
        // a: (5 + 10) / 20, b: (0 + 4) / 20.
        ("area = true", 0.55),
        // a crosses 0.4 at step 4, b at step 15; fewer is better.
        ("steps_to = 0.4", 11.0),
        ("queries_to = 0.4", 110.0),
        // b ends at 0.8 and counts as step 20; a crosses at 9.
        ("steps_to = 0.9", 11.0),
    ] {
        let finding = judge(&run, &claim(lines)).unwrap();
        close(finding.effect, effect);
        assert_eq!(finding.censored, if lines == "steps_to = 0.9" { 5 } else { 0 });
    }
}

/// Better alone, against a number. `paths` gives a the last value 1, the mean 0.75, and 0.4 at step 4.
#[test]
fn a_claim_against_a_number_has_its_sign() {
    let run = paths(&[0.0, 1.0, 1.0], &[0.0, 0.0, 0.8]);
    let against = |method: &str, lines: &str| -> ClaimSpec {
        let text = format!(
            "id = '1'\nsays = 'so'\nexpected = 'holds'\nmetric = 'gold_reward'\nmargin = 0.5\n\
             better = {{ method = '{method}' }}\n{lines}"
        );
        toml::from_str(&text).expect("a claim")
    };
    for (method, lines, effect, verdict) in [
        ("a", "above = 0.4", 0.6, Verdict::Holds),
        ("a", "below = 0.4", -0.6, Verdict::Reversed),
        ("a", "above = 0.9\narea = true", -0.15, Verdict::NoDifference),
        ("a", "below = 10.0\nsteps_to = 0.4", 6.0, Verdict::Holds),
        ("a", "above = 10.0\nsteps_to = 0.4", -6.0, Verdict::Reversed),
        // b never gets there: its 20 steps are too few, so that it may be no faster than 30.
        ("b", "below = 30.0\nsteps_to = 0.9", 10.0, Verdict::Inconclusive),
        ("b", "above = 10.0\nsteps_to = 0.9", 10.0, Verdict::Holds),
    ] {
        let finding = judge(&run, &against(method, lines)).expect("judged");
        close(finding.effect, effect);
        assert_eq!(finding.verdict, Some(verdict), "{method}: {lines}");
    }
}

/// A level below the start is met on the way down: a is at 0.4 by step 6 (from 1 to 0 in ten steps), b by step 16.
#[test]
fn levels_are_met_on_the_way_down_too() {
    let run = paths(&[1.0, 0.0, 0.0], &[1.0, 1.0, 0.0]);
    let finding = judge(&run, &claim("steps_to = 0.4")).unwrap();
    close(finding.effect, 10.0);
    assert_eq!((finding.censored, finding.verdict), (0, Some(Verdict::Holds)));
}

/// A run that never gets there is longer than it counts, which can only add to one side: b gets to 0.9 at step 9, a
/// never and counts as 20.
#[test]
fn a_verdict_that_true_lengths_could_overturn_is_none() {
    let run = paths(&[0.0, 0.0, 0.8], &[0.0, 1.0, 1.0]);
    let verdict = |[better, worse, minus_better, minus_worse]: [&str; 4]| {
        let side = |name: &str, method: &str| format!("{name} = {{ method = '{method}' }}\n");
        let pairs = side("better", better)
            + &side("worse", worse)
            + &side("minus_better", minus_better)
            + &side("minus_worse", minus_worse);
        let finding =
            judge(&run, &claim(&format!("steps_to = 0.9\nmargin = 0.1\n{pairs}"))).unwrap();
        (finding.effect, finding.verdict.unwrap())
    };
    // (20 − 9) − (9 − 9), the first too small.
    assert_eq!(verdict(["b", "a", "b", "b"]), (11.0, Verdict::Holds));
    // (9 − 20) − 0: the 20 too small.
    assert_eq!(verdict(["a", "b", "b", "b"]), (-11.0, Verdict::Reversed));
    // 0 − (9 − 20), and 0 − (20 − 9): again the true effect is further from 0.
    assert_eq!(verdict(["b", "b", "a", "b"]), (11.0, Verdict::Holds));
    assert_eq!(verdict(["b", "b", "b", "a"]), (-11.0, Verdict::Reversed));
    // (20 − 9) − (20 − 20): the second 20 could be so much longer that nothing is left; and the other way round.
    assert_eq!(verdict(["b", "a", "a", "a"]), (11.0, Verdict::Inconclusive));
    assert_eq!(verdict(["a", "b", "a", "a"]), (-11.0, Verdict::Inconclusive));
    // 20 − 20: both count as long as each other whatever they do.
    assert_eq!(verdict(["a", "a", "b", "b"]), (0.0, Verdict::Inconclusive));
}

/// Final values (a, b) of five seeds for every value of a swept key.
fn swept(key: &str, finals: &[(&str, f64, f64)]) -> Run {
    let (mut cells, mut found) = (Vec::new(), Vec::new());
    for (value, a, b) in finals {
        for (method, last) in [("a", a), ("b", b)] {
            cells.push(cell(method, &[(key, value)], 8));
            found.push((
                format!("{method}-{value}"),
                series(&[0, 2, 8], &vec![vec![0.0, last / 2.0, *last]; 5]),
            ));
        }
    }
    let found = found.iter().map(|(name, series)| (name.as_str(), series.clone())).collect();
    run(scenario(cells, 5), "gold_reward", found)
}

#[test]
fn a_second_pair_gives_a_difference_of_differences() {
    let run = swept("problem.bumps.reward", &[("R1", 0.9, 0.2), ("R2", 0.9, 0.8)]);
    let finding = judge(
        &run,
        &claim(
            "where = { 'problem.bumps.reward' = 'R1' }\n\
             minus_where = { 'problem.bumps.reward' = 'R2' }\nmargin = 0.1",
        ),
    )
    .unwrap();
    close(finding.effect, 0.7 - 0.1);
    assert_eq!(finding.verdict, Some(Verdict::Holds));
    let explicit = judge(
        &run,
        &claim(
            "better = { method = 'a', 'problem.bumps.reward' = 'R1' }\n\
             worse = { method = 'b', 'problem.bumps.reward' = 'R1' }\n\
             minus_better = { method = 'a', 'problem.bumps.reward' = 'R2' }\n\
             minus_worse = { method = 'b', 'problem.bumps.reward' = 'R2' }\nmargin = 0.1",
        ),
    );
    assert_eq!(explicit.unwrap(), finding);
}

#[test]
fn settings_in_which_a_claim_holds_are_counted() {
    let key = "optimizer.adam.learning_rate";
    let run = swept(key, &[("1e-3", 1.0, 0.0), ("0.01", 1.5, 0.0), ("0.1", 0.0, 0.0)]);
    let here = format!("where = {{ '{key}' = 0.001 }}\n");
    let share =
        |lines: &str| judge(&run, &claim(&format!("{here}{lines}"))).unwrap().share_of_settings;
    assert_eq!(share(""), None);
    assert_eq!(share(&format!("across = ['{key}']")), Some((2, 3)));
    // At a quarter and a half (step 2) a has half of its final value: .5 and .75 against .5.
    assert_eq!(share("across = ['steps']"), Some((1, 3)));
    assert_eq!(share(&format!("across = ['{key}', 'steps']")), Some((4, 9)));
}

/// a ends at 1.0, 1.5 and 0.0 above b, and at half of it before, against a margin of 0.5.
#[test]
fn every_setting_of_a_claim_has_its_own_verdict() {
    let key = "optimizer.adam.learning_rate";
    let run = swept(key, &[("1e-3", 1.0, 0.0), ("0.01", 1.5, 0.0), ("0.1", 0.0, 0.0)]);
    let across = format!("where = {{ '{key}' = 0.001 }}\nacross = ['{key}', 'steps']");
    let settings = multiverse(&run, &claim(&across)).unwrap();
    let found: Vec<_> = settings
        .iter()
        .map(|s| (&s.keys[key][..], &s.keys["steps"][..], s.verdict, s.effect.unwrap().mean))
        .collect();
    let (holds, none) = (Some(Verdict::Holds), Some(Verdict::NoDifference));
    let expected = [
        ("1e-3", "1/4", none, 0.5),
        ("1e-3", "1/2", none, 0.5),
        ("1e-3", "1", holds, 1.0),
        ("0.01", "1/4", holds, 0.75),
        ("0.01", "1/2", holds, 0.75),
        ("0.01", "1", holds, 1.5),
        ("0.1", "1/4", none, 0.0),
        ("0.1", "1/2", none, 0.0),
        ("0.1", "1", none, 0.0),
    ];
    assert_eq!(found, expected);
    // Without across there is one setting: the claim's own.
    let own = multiverse(&run, &claim(&format!("where = {{ '{key}' = 0.001 }}"))).unwrap();
    assert_eq!((own.len(), own[0].verdict, own[0].keys.len(), own[0].n), (1, holds, 0, 5));
}

/// The key is a's alone: b is the same cell in every setting. Its third value lost a seed.
#[test]
fn a_key_of_one_side_varies_that_side_and_a_failed_run_gives_no_verdict() {
    let key = "objective.dpo.beta";
    let mut cells = vec![cell("b", &[], 8)];
    let mut found = vec![("b", series(&[0, 8], &vec![vec![0.0, 0.2]; 5]))];
    for (name, value, last, seeds) in
        [("a-0.1", "0.1", 1.0, 5), ("a-1.0", "1.0", 0.2, 5), ("a-10.0", "10.0", 1.0, 4)]
    {
        cells.push(cell("a", &[(key, value)], 8));
        found.push((name, series(&[0, 8], &vec![vec![0.0, last]; seeds])));
    }
    let run = run(scenario(cells, 5), "gold_reward", found);
    let claim = claim(&format!("better = {{ method = 'a', '{key}' = 0.1 }}\nacross = ['{key}']"));
    let verdicts: Vec<_> =
        multiverse(&run, &claim).unwrap().into_iter().map(|s| s.verdict).collect();
    assert_eq!(verdicts, [Some(Verdict::Holds), Some(Verdict::NoDifference), None]);
    assert_eq!(judge(&run, &claim).unwrap().share_of_settings, Some((1, 3)));
}

#[test]
fn a_claim_that_cannot_be_judged_says_why() {
    let key = "schedule.samples_per_round";
    let run = swept(key, &[("100", 1.0, 0.0), ("400", 1.0, 0.0)]);
    for (lines, message) in [
        (
            "",
            "claim 1: { method = \"a\" } matches 2 cells; pin schedule.samples_per_round; candidates:\n  \
              method `a`, schedule.samples_per_round = 100\n  method `a`, schedule.samples_per_round = 400",
        ),
        (
            "where = { method = 'z' }\nbetter = {}",
            "claim 1: no cell matches { method = \"z\" }; methods: a, b; \
              swept keys: schedule.samples_per_round = [\"100\", \"400\"]",
        ),
        (
            "where = { 'schedule.samples_per_round' = 100 }\nmetric = 'entropy'",
            "claim 1: entropy was not measured; metrics of this run: gold_reward",
        ),
        (
            "where = { 'schedule.samples_per_round' = 100 }\nat_step = 3",
            "claim 1: nothing was measured at step 3; the nearest measured step is 2",
        ),
        (
            "where = { 'schedule.samples_per_round' = 100 }\nat_step = 8\narea = true",
            "claim 1: give at most one of area, at_step, steps_to and queries_to",
        ),
        (
            "where = { 'schedule.samples_per_round' = 100 }\nacross = ['schedule.passes']",
            "claim 1: across names schedule.passes, which is not swept; swept keys: steps, schedule.samples_per_round",
        ),
        (
            "better = { method = 'a', 'schedule.samples_per_round' = 100 }\n\
          worse = { method = 'a', 'schedule.samples_per_round' = 400 }\nacross = ['schedule.samples_per_round']",
            "claim 1: across names schedule.samples_per_round, but the claim compares its values; name another key",
        ),
    ] {
        assert_eq!(judge(&run, &claim(lines)).unwrap_err().to_string(), message);
    }
    let none = Run::from_series(scenario(vec![cell("a", &[], 2), cell("b", &[], 2)], 3), [].into());
    let message = judge(&none, &claim("")).unwrap_err().to_string();
    assert!(message.contains("6 of the runs") && message.ends_with("`modeseek run made-up`"));
    let message = judge(&finals(&[f64::NAN; 5], &[0.0; 5]), &claim("")).unwrap_err().to_string();
    assert!(message.contains("gold_reward of a is NaN with seed 0"), "{message}");
}

/// A finding with some p-value.
fn finding(p: Option<f64>) -> Finding {
    let mut finding = judge(&finals(&[1.0; 5], &[0.0; 5]), &claim("")).unwrap();
    finding.p = p;
    finding.verdict = finding.verdict.filter(|_| p.is_some());
    finding.holm_verdict = finding.verdict;
    finding
}

#[test]
fn verdicts_read_together_need_smaller_p_values() {
    let mut findings =
        [finding(Some(0.02)), finding(None), finding(Some(0.03)), finding(Some(0.001))];
    adjust(&mut findings);
    // .001·3, .02·2, .03 made monotone: .003, .04, .04.
    assert!(findings.iter().all(|f| f.holm_verdict == f.verdict));
    let mut findings = [finding(Some(0.03)), finding(Some(0.03))];
    adjust(&mut findings);
    assert!(findings.iter().all(|f| f.holm_verdict == Some(Verdict::Inconclusive)));
    assert!(findings.iter().all(|f| f.verdict == Some(Verdict::Holds)));
}

#[test]
fn findings_are_written_as_tables() {
    let sure = judge(&finals(&[1.0; 5], &[0.0; 5]), &claim("")).unwrap();
    let not = claim("id = '2'\nsays = 'a | b'\nwhy = 'the peak is near'\nmargin = 2.0");
    let not = judge(&finals(&[1.0; 5], &[0.0; 5]), &not).unwrap();
    let few = judge(&finals(&[1.0; 2], &[0.0; 2]), &claim("id = '3'")).unwrap();
    let findings = [sure, not, few];
    let markdown = findings_markdown(&findings);
    let lines: Vec<&str> = markdown.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            "| 1 | fig04 | a beats b | +1.00 [+1.00, +1.00] | 0.5 | 5 | holds | holds |  |",
            "| 2 | fig04 | a \\| b | +1.00 [+1.00, +1.00] | 2 | 5 | no difference (expected: holds) | no difference |  |",
            "| 3 | fig04 | a beats b | +1.00 [+1.00, +1.00] | 0.5 | 2 | (fewer than 5 seeds) | – |  |",
            "",
            "- **2** (no difference): the peak is near",
        ]
    );
    let csv = findings_csv(&findings);
    let row = csv.lines().nth(1).unwrap();
    assert!(
        row.starts_with("1,fig04,a beats b,gold_reward,1.0,1.0,1.0,0.5,5,0,holds,holds,"),
        "{row}"
    );
}
