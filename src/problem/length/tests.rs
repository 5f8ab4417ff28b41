//! Length problems against hand calculations and samples.

use super::*;
use crate::problem::{ProblemSpec, coverage};
use std::path::Path;

fn spec(text: &str) -> LengthSpec {
    toml::from_str(text).expect("valid TOML")
}

fn set_up(text: &str) -> Result<Problem, ProblemError> {
    Problem::new(&ProblemSpec::Length(spec(text)), Path::new("."))
}

fn reference(problem: &Problem) -> Vec<f64> {
    problem.log_reference().iter().map(|lp| lp.exp()).collect()
}

fn mean(law: &[f64]) -> f64 {
    law.iter().enumerate().map(|(k, p)| k as f64 * p).sum()
}

#[test]
fn the_tasks_set_the_peak_and_the_data() {
    for (task, peak, truncated) in
        [("min", 0.0, false), ("mode", 203.0, false), ("skew", 0.0, true)]
    {
        let problem = set_up(&format!("task = \"{task}\"")).expect("valid");
        assert_eq!(problem.arms(), 513);
        assert_eq!(problem.peak_length(), Some(peak));
        assert_eq!(problem.rewards()[100], -(100.0 - peak).abs());
        let data = problem.data().one_law().expect("one kind");
        let same = data.iter().zip(reference(&problem)).all(|(d, p)| (d - p).abs() < 1e-12);
        assert_eq!(same, !truncated, "{task}");
    }
    let own = set_up("task = \"skew\"\npeak = 40.0\nskew_fraction = 0.5").expect("valid");
    assert_eq!((own.peak_length(), own.data().one_law()), (Some(40.0), None));
}

#[test]
fn families_have_their_modes_and_moments() {
    let law = |text: &str| reference(&set_up(&format!("task = \"min\"\n{text}")).expect("valid"));
    let argmax = |law: &[f64]| (0..law.len()).fold(0, |b, k| if law[k] > law[b] { k } else { b });
    assert_eq!(argmax(&law("")), 203);
    // m(r − 1)/r = 250·0.8 = 200; the two lengths around it are equally likely: 199 and 200.
    let binomial = law(
        "evenly_spread = 1e-12\nlongest = 4000\nreference.negative-binomial = { mean = 250.0, dispersion = 5.0 }",
    );
    assert!([199, 200].contains(&argmax(&binomial)));
    assert!((mean(&binomial) - 250.0).abs() < 1e-4, "{}", mean(&binomial));
    let square: f64 =
        binomial.iter().enumerate().map(|(k, p)| (k as f64 - 250.0).powi(2) * p).sum();
    assert!((square - (250.0 + 250.0 * 250.0 / 5.0)).abs() < 0.1, "{square}");
    let normal =
        law("evenly_spread = 1e-12\nreference.normal = { mean = 200.0, deviation = 20.0 }");
    assert!((mean(&normal) - 200.0).abs() < 1e-6);
    for law in [law(""), binomial, normal] {
        assert!((law.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(law.iter().all(|p| *p > 0.0));
    }
}

/// Samples of min(Y, ⌈E⌉) fall on lengths as often as the exact law says: χ² over 60 lengths and the
/// rest has mean 60 and standard deviation 11.
#[test]
fn the_exponential_cut_agrees_with_samples() {
    use crate::stream::{Purpose, Streams};
    use rand_distr::{Distribution, Exp};
    let problem = set_up("task = \"skew\"").expect("valid");
    let law = problem.data().marginal();
    assert!((law.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let cdf = crate::stream::cumulative(reference(&problem));
    let (exp, draws) = (Exp::new(1.0 / 50.0f64).expect("valid"), 100_000);
    let mut rng = Streams::new(3).at(Purpose::Evaluation, 0);
    let mut counts = vec![0.0; 61];
    for _ in 0..draws {
        let length = crate::stream::invert_cdf(&cdf, rand::Rng::random::<f64>(&mut rng));
        let cut: f64 = exp.sample(&mut rng);
        counts[length.min(cut.ceil() as usize).min(60)] += 1.0;
    }
    let mut expected: Vec<f64> = law[..60].to_vec();
    expected.push(law[60..].iter().sum());
    let chi2: f64 = counts
        .iter()
        .zip(&expected)
        .filter(|(_, p)| **p > 1e-6)
        .map(|(n, p): (&f64, &f64)| (n - p * f64::from(draws)).powi(2) / (p * f64::from(draws)))
        .sum();
    assert!((25.0..110.0).contains(&chi2), "χ² = {chi2}");
}

/// Mixing is linear in the overlap: 1 − fraction·(1 − overlap of the truncated).
#[test]
fn the_overlap_falls_on_a_straight_line_with_the_skewed_fraction() {
    let overlap = |fraction: f64| {
        let text = format!("task = \"min\"\nskew_fraction = {fraction:?}");
        let problem = set_up(&text).expect("valid");
        coverage(&reference(&problem), &problem.data().marginal()).overlap
    };
    let all = overlap(1.0);
    assert!((0.05..0.25).contains(&all), "{all}");
    for fraction in [0.25, 0.5, 0.75] {
        assert!((overlap(fraction) - (1.0 - fraction * (1.0 - all))).abs() < 1e-12);
    }
}

#[test]
fn other_truncations_are_conditional_or_tilted() {
    let law = |text: &str| {
        let problem = set_up(&format!("task = \"skew\"\n{text}")).expect("valid");
        (reference(&problem), problem.data().marginal())
    };
    let (p, kept) = law("truncation.longest = { tokens = 100 }");
    let mass: f64 = p[..=100].iter().sum();
    assert!((kept[80] - p[80] / mass).abs() < 1e-15 && kept[101] == 0.0);
    let (p, tilted) = law("truncation.tilt = { scale = 25.0 }");
    assert!((tilted[60] / tilted[35] - p[60] / p[35] / 1f64.exp()).abs() < 1e-12);
}

#[test]
fn numbers_out_of_range_are_refused_with_their_key() {
    let message = |text: &str| set_up(text).expect_err("refused").to_string();
    assert!(
        message("task = \"mode\"\nmode_length = 600.0")
            .starts_with("mode_length is 600; a length from 0 to `longest` = 512")
    );
    assert!(message("task = \"min\"\npeak = -1.0").starts_with("peak is -1"));
    assert!(message("task = \"min\"\nskew_fraction = 1.5").starts_with("skew_fraction is 1.5"));
    assert!(message("task = \"min\"\nevenly_spread = 0.0").contains("KL infinite"));
    assert!(message("task = \"min\"\nlongest = 1").starts_with("longest is 1"));
    for text in ["truncation.longest = { tokens = 0 }", "truncation.exponential = { mean = 0.01 }"]
    {
        assert!(
            message(&format!("task = \"skew\"\n{text}")).contains("large enough to leave data")
        );
    }
    let nan = message("task = \"min\"\nreference.log-normal = { mode = 200.0, sigma = nan }");
    assert!(nan.starts_with("reference.log-normal.sigma is NaN"), "{nan}");
}

fn fitted(lines: &str, more: &str) -> Result<Vec<f64>, String> {
    let folder = tempfile::tempdir().expect("temporary folder");
    std::fs::write(folder.path().join("own.jsonl"), lines).expect("written");
    let text = format!(
        "task = \"min\"\nevenly_spread = 1e-9\n[reference.fitted]\njsonl = \"own.jsonl\"\n{more}"
    );
    let problem = Problem::new(&ProblemSpec::Length(spec(&text)), folder.path());
    problem.map(|p| reference(&p)).map_err(|e| match e {
        ProblemError::File { fault, .. } => fault,
        other => other.to_string(),
    })
}

/// Lengths 1, 10 and 100 words: their logarithms have mean ln 10 and variance ⅔·ln²10.
#[test]
fn a_log_normal_is_fitted_to_the_words_of_a_file() {
    let text = |n: usize| vec!["word"; n].join(" ");
    let row = |n| format!("{{\"prompt\": \"p\", \"chosen\": \"{}\"}}\n", text(n));
    let law = fitted(&(row(1) + &row(10) + "\n" + &row(100)), "").expect("fitted");
    let variance = 2.0 / 3.0 * 10f64.ln().powi(2);
    let log_weight = |k: f64| -0.5 * (k.ln() - 10f64.ln()).powi(2) / variance - k.ln();
    let expected = (log_weight(20.0) - log_weight(10.0)).exp();
    assert!((law[20] / law[10] / expected - 1.0).abs() < 1e-6, "{}", law[20] / law[10]);
}

#[test]
fn token_ids_numbers_and_chats_have_lengths() {
    let tokens = "field = \"n\"\nunit = \"tokens\"\nfamily = \"smoothed\"";
    let law = fitted("{\"n\": [5, 6, 7]}\n{\"n\": 9}\n", tokens).expect("fitted");
    let near = |k: usize| law[k - 1] + law[k] + law[k + 1];
    assert!((near(3) - near(9)).abs() < 1e-9 && near(3) > near(6), "{:?}", &law[..12]);
    let chat = "{\"chosen\": [{\"role\": \"user\", \"content\": \"a b c d\"}, {\"role\": \"assistant\", \"content\": \"e f\"}]}\n{\"chosen\": \"one two three four\"}\n";
    assert!(fitted(chat, "").is_ok());
}

#[test]
fn faults_of_a_file_name_the_line() {
    let message = |lines: &str, more: &str| fitted(lines, more).expect_err("refused");
    let good = "{\"chosen\": \"a b\"}\n";
    assert_eq!(
        message(&format!("{good}{{\"prompt\": \"x\"}}\n"), ""),
        "line 2: has no field `chosen`; its fields are prompt (set `field`)"
    );
    assert!(message("", "").starts_with("holds no response"));
    assert!(message(&format!("{good}{{\"cho"), "").starts_with("line 2: is not a JSON object"));
    assert!(message("{\"chosen\": 3}\n", "").contains("`chosen` is a number; words"));
    assert!(message("{\"chosen\": \"a\"}\n", "unit = \"tokens\"").contains("list of token ids"));
    assert!(message(good, "").contains("one length"));
    let narrow = "{\"chosen\": \"a b c d\"}\n{\"chosen\": \"a b c\"}\n";
    assert!(
        message(narrow, "family = \"negative-binomial\"").contains("varies more than its mean")
    );
}
