//! What few values do to a bootstrap: its percentiles lie too close together.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// The level at which a percentile of a bootstrap of `n` values is read so that it stands for `level`.
///
/// *Formula* Φ(t·√(n/(n − 1))), where t is the quantile of Student's distribution with n − 1 degrees of freedom at
/// `level`
///
/// *Reading* For normal values the interval of the mean is then Student's. Of five values 0.025 becomes 0.001, of
/// twenty 0.016.
/// *Numerics* fewer than two values have no spread: the level stays.
/// *Source* the expanded percentile interval: T. Hesterberg, arXiv 1411.5279.
pub(super) fn expanded(level: f64, n: usize) -> f64 {
    match laws(n) {
        Some((normal, student, stretch)) => normal.cdf(student.inverse_cdf(level) * stretch),
        None => level,
    }
}

/// The level for which a percentile of a bootstrap of `n` values stands: the inverse of [`expanded`].
pub(super) fn narrowed(level: f64, n: usize) -> f64 {
    match laws(n) {
        Some((normal, student, stretch)) => student.cdf(normal.inverse_cdf(level) / stretch),
        None => level,
    }
}

/// How likely the mean of values such as these is that far from its true place, on one side; none for fewer than two,
/// or for values that are all alike.
///
/// *Formula* P(T ≥ distance·√n/s), where T is Student's with n − 1 degrees of freedom and s² = Σ(x − x̄)²/(n − 1)
pub(super) fn tail(values: &[f64], distance: f64) -> Option<f64> {
    let (_, student, _) = laws(values.len())?;
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let error = (square / n).sqrt();
    (error > 0.0).then(|| student.cdf(-distance / error))
}

/// The normal law, Student's with n − 1 degrees of freedom, and √(n/(n − 1)).
fn laws(n: usize) -> Option<(Normal, StudentsT, f64)> {
    let freedom = n.checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some((Normal::standard(), student, (n as f64 / freedom).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// t₀.₀₂₅ with 4 degrees of freedom is −2.776445, times √1.25 −3.104160; Φ of that is 0.000954. With 19 it is
    /// −2.093024, times √(20/19) −2.147397; Φ 0.015881.
    #[test]
    fn levels_of_few_values_are_those_of_students_quantiles() {
        assert!((expanded(0.025, 5) - 0.000_954).abs() < 1e-6, "{}", expanded(0.025, 5));
        assert!((expanded(0.025, 20) - 0.015_881).abs() < 2e-6, "{}", expanded(0.025, 20));
        assert!((expanded(0.975, 5) + expanded(0.025, 5) - 1.0).abs() < 1e-9);
        assert!((expanded(0.025, 100_000) - 0.025).abs() < 1e-5);
        assert_eq!((expanded(0.025, 1), expanded(0.025, 0)), (0.025, 0.025));
    }

    /// 1, 2, 3, 4, 5: s² = 2.5, s/√5 = 0.7071; 1.963 away t is 2.7764, beyond which lie 2.5 %.
    #[test]
    fn the_tail_of_a_mean_is_students() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        let found = tail(&values, 2.776_445 * 0.5f64.sqrt()).expect("five values");
        assert!((found - 0.025).abs() < 1e-6, "{found}");
        assert_eq!((tail(&[2.0; 3], 1.0), tail(&[2.0], 1.0)), (None, None));
    }

    #[test]
    fn narrowing_undoes_expanding() {
        for n in [5, 20, 100] {
            for level in [0.001, 0.025, 0.3, 0.5, 0.9] {
                let back = narrowed(expanded(level, n), n);
                assert!((back - level).abs() < 1e-6, "{level} of {n}: {back}");
            }
        }
    }
}
