use super::*;

fn bumps(reward: Bump) -> Problem {
    let reference = ReferenceSpec::BinnedCauchy;
    let spec = ProblemSpec::Bumps(BumpsSpec {
        reward,
        reference,
        target_temperature: 0.1,
        data: ArmDataSpec::Reference,
    });
    Problem::new(&spec, Path::new(".")).expect("valid")
}

/// The golden table was computed apart from this program, in double precision.
#[test]
fn reference_and_rewards_equal_the_golden_table() {
    let golden = Column::Csv {
        csv: "tests/golden/reference_policy.csv".into(),
        column: "probability".into(),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expected = columns::finite(&golden, "golden", root).expect("golden table");
    for (arm, (p, q)) in binned_cauchy(100).iter().zip(&expected).enumerate() {
        assert!((p - q).abs() < 1e-12, "arm {arm}: {p} against {q}");
    }
    for (bump, column) in [(Bump::R1, "r1"), (Bump::R2, "r2")] {
        let csv = "tests/golden/reference_policy.csv".into();
        let golden = Column::Csv { csv, column: column.into() };
        let expected = columns::finite(&golden, "golden", root).expect("golden table");
        for (r, e) in bumps(bump).rewards().iter().zip(&expected) {
            assert!((r - e).abs() < 1e-12);
        }
    }
}

/// Expected rewards under π_ref as the facts of the paper state them (two digits past the point
/// for the wide ones).
#[test]
fn expected_rewards_under_the_reference() {
    let expected = [
        (Bump::R1, 0.0390),
        (Bump::R2, 0.3772),
        (Bump::R1Width20, 0.095),
        (Bump::R1Width30, 0.188),
    ];
    for (bump, value) in expected {
        let problem = bumps(bump);
        let mean: f64 =
            problem.rewards().iter().zip(problem.log_reference()).map(|(r, lp)| r * lp.exp()).sum();
        assert!((mean - value).abs() < 6e-4, "{bump:?}: {mean}");
    }
}

/// Samples of tanh(Cauchy) from `rand_distr` fall into the bins as often as F(b) − F(a) says:
/// χ² over 100 bins has mean 99 and standard deviation 14.
#[test]
fn binned_cauchy_agrees_with_samples() {
    use crate::stream::{Purpose, Streams};
    use rand_distr::{Cauchy, Distribution};
    let draws = 200_000;
    let cauchy = Cauchy::new(-0.7f64, 0.4).expect("valid");
    let mut rng = Streams::new(5).at(Purpose::Evaluation, 0);
    let mut counts = vec![0.0; 100];
    for _ in 0..draws {
        let x: f64 = cauchy.sample(&mut rng);
        counts[(((x.tanh() + 1.0) * 50.0) as usize).min(99)] += 1.0;
    }
    let chi2: f64 = binned_cauchy(100)
        .iter()
        .zip(&counts)
        .map(|(p, n): (&f64, &f64)| (n - p * f64::from(draws)).powi(2) / (p * f64::from(draws)))
        .sum();
    assert!((50.0..160.0).contains(&chi2), "χ² = {chi2}");
}

#[test]
fn two_modes_carry_their_masses() {
    let spec = TwoModesSpec {
        arms: 100,
        peaks: [20.0, 80.0],
        masses: [3.0, 1.0],
        widths: [4.0, 4.0],
        reference: ReferenceSpec::Uniform,
        data: ArmDataSpec::Reference,
    };
    let problem = Problem::new(&ProblemSpec::TwoModes(spec), Path::new(".")).expect("valid");
    let low: f64 = problem.log_target()[..50].iter().map(|lp| lp.exp()).sum();
    assert!((low - 0.75).abs() < 1e-9);
    assert_eq!(problem.rewards()[20], 1.0);
}

#[test]
fn a_reference_that_is_no_distribution_is_refused() {
    let table = |reference: Vec<f64>| {
        Problem::new(
            &ProblemSpec::Table(TableSpec {
                rewards: Column::List(vec![0.0, 1.0]),
                reference: ReferenceSpec::Table(Column::List(reference)),
                target: None,
                target_temperature: 0.1,
            }),
            Path::new("."),
        )
    };
    assert!(table(vec![0.5, 0.5]).is_ok());
    let message = |reference| table(reference).expect_err("refused").to_string();
    assert!(message(vec![0.5, 0.4]).contains("sums to 0.9"));
    assert!(message(vec![1.0, 0.0]).contains("above 0"));
    assert!(message(vec![1.0]).contains("at least 2 arms"));
    assert!(message(vec![f64::NAN, 1.0]).contains("finite"));
}

/// By hand, three arms, mean 1, width 1: D ∝ (e^−½, 1, e^−½), sum 1 + 2·0.606531 = 2.213061.
#[test]
fn skewed_data_are_a_bump_of_their_own() {
    let bump = |width| ArmDataSpec::Gaussian(GaussianSpec { mean: 1.0, width });
    let spec = TwoModesSpec {
        arms: 3,
        peaks: [0.0, 2.0],
        masses: [1.0, 1.0],
        widths: [1.0, 1.0],
        reference: ReferenceSpec::Uniform,
        data: bump(1.0),
    };
    let problem = Problem::new(&ProblemSpec::TwoModes(spec.clone()), Path::new("")).expect("valid");
    for (found, expected) in problem.data().marginal().iter().zip([0.274_069, 0.451_863, 0.274_069])
    {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    let wrong = TwoModesSpec { data: bump(0.0), ..spec };
    let error = Problem::new(&ProblemSpec::TwoModes(wrong), Path::new("")).expect_err("refused");
    assert!(error.to_string().starts_with("data is mean 1, width 0"), "{error}");
}

/// A Gaussian reference is where `policy.unimodal` of the same numbers starts.
#[test]
fn a_gaussian_reference_is_a_bump_at_its_start() {
    use crate::policy::{Context, Enumerable, Unimodal, UnimodalSpec};
    let (mean, width) = (41.5, 7.0);
    let reference = ReferenceSpec::Gaussian(GaussianSpec { mean, width });
    let found = reference::probabilities(&reference, 100, Path::new("")).expect("valid");
    let start = Unimodal::new(100, UnimodalSpec { mean, width }).expect("valid");
    let row = start.log_probabilities(&[Context::empty()]);
    for (p, lp) in found.iter().zip(row.row(0)) {
        assert!((p - lp.exp()).abs() < 1e-14);
    }
}

/// exp(−½·79²) is below all numbers, its logarithm is not.
#[test]
fn no_arm_of_a_narrow_reference_is_impossible() {
    let reference = ReferenceSpec::Gaussian(GaussianSpec { mean: 20.0, width: 1.0 });
    let found = reference::probabilities(&reference, 100, Path::new("")).expect("valid");
    assert!(found.iter().all(|p| p.ln().is_finite()), "{found:?}");
    assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}
