//! How well a reward model's margins tell who is preferred.

use super::win_rate::win;
use crate::numerics::{log_sigmoid, sigmoid};

/// Bins of confidence between ½ and 1.
const BINS: usize = 10;

/// What the margins r(chosen) − r(rejected) of some comparisons are worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// The share of comparisons on whose side the margin is; a margin of 0 is half of one.
    pub accuracy: f64,
    /// The mean margin (reward units).
    pub margin: f64,
    /// The mean of −log σ(margin) (nats).
    pub log_loss: f64,
    /// How far confidence and accuracy are apart.
    pub error: f64,
}

impl Calibration {
    /// *Formula*
    /// ```text
    /// error = Σ_b (n_b/n)·|accuracy in b − mean confidence in b|,   confidence = σ(|margin|)
    /// ```
    /// *where* b are ten equal bins of confidence from ½ to 1; `margins: [comparisons]`, at least one.
    ///
    /// *Source* expected calibration error: arXiv 1706.04599, eq. 3.
    pub fn of(margins: &[f64]) -> Self {
        let count = margins.len() as f64;
        let mut bins = [[0.0; 2]; BINS];
        let (mut right, mut loss) = (0.0, 0.0);
        for &margin in margins {
            let (won, confidence) = (win(margin, 0.0), sigmoid(margin.abs()));
            let bin = ((confidence - 0.5) * 2.0 * BINS as f64) as usize;
            let [wins, trust] = &mut bins[bin.min(BINS - 1)];
            *wins += won;
            *trust += confidence;
            right += won;
            loss -= log_sigmoid(margin);
        }
        Calibration {
            accuracy: right / count,
            margin: margins.iter().sum::<f64>() / count,
            log_loss: loss / count,
            error: bins.iter().map(|[wins, trust]| (wins - trust).abs()).sum::<f64>() / count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// σ(ln 3) = 0.75: four comparisons of confidence 0.75, three of them right, are calibrated; with two of
    /// them right the error is 0.25. Losses −ln 0.75 and −ln 0.25.
    #[test]
    fn confidence_is_held_against_the_share_that_is_right() {
        let m = 3.0f64.ln();
        let calibrated = Calibration::of(&[m, m, m, -m]);
        assert!(calibrated.error.abs() < 1e-15 && calibrated.accuracy == 0.75, "{calibrated:?}");
        assert!((calibrated.margin - m / 2.0).abs() < 1e-15);
        let loss = -(3.0 * 0.75f64.ln() + 0.25f64.ln()) / 4.0;
        assert!((calibrated.log_loss - loss).abs() < 1e-15);
        let over = Calibration::of(&[m, m, -m, -m]);
        assert!((over.error - 0.25).abs() < 1e-15, "{over:?}");
    }

    /// Errors of bins do not cancel: confidence 0.75 and always right, confidence 1 and right once in two.
    #[test]
    fn bins_are_told_apart_and_no_margin_is_half_right() {
        let m = 3.0f64.ln();
        let found = Calibration::of(&[m, m, 700.0, -700.0]);
        assert!((found.error - (0.25 * 2.0 + 0.5 * 2.0) / 4.0).abs() < 1e-15, "{found:?}");
        assert!(found.log_loss.is_finite());
        let none = Calibration::of(&[0.0]);
        assert_eq!((none.accuracy, none.error), (0.5, 0.0));
        assert!((none.log_loss - 2.0f64.ln()).abs() < 1e-15);
    }
}
