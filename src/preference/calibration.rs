//! How well a reward model's margins tell who is preferred.

use super::win_rate::win;
use crate::numerics::{log_sigmoid, sigmoid};

/// Bins of confidence between ½ and 1.
const BINS: usize = 10;

/// What the margins r(chosen) − r(rejected) of some comparisons are worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// The expected share of comparisons on whose side the margin is; a margin of 0 is half of one.
    pub accuracy: f64,
    /// The mean margin (reward units).
    pub margin: f64,
    /// The expected mean of −log σ(β·margin) (nats).
    pub log_loss: f64,
    /// How far confidence and accuracy are apart.
    pub error: f64,
}

impl Calibration {
    /// *Formula*
    /// ```text
    /// error = Σ_b (n_b/n)·|accuracy in b − mean confidence in b|,   confidence = σ(β·|margin|)
    /// ```
    /// *where* b are ten equal bins of confidence from ½ to 1, and β is the scale on which the margins were learned;
    /// `judged: [comparisons]`, at least one, each with its margin and the probability that the annotator prefers
    /// its first response: 1 where the labels are at hand.
    ///
    /// *Source* expected calibration error: arXiv 1706.04599, eq. 3.
    pub fn of(judged: &[(f64, f64)], beta: f64) -> Self {
        let count = judged.len() as f64;
        let mut bins = [[0.0; 2]; BINS];
        let (mut right, mut loss) = (0.0, 0.0);
        for &(margin, chance) in judged {
            let (first, logit) = (win(margin, 0.0), beta * margin);
            let won = chance * first + (1.0 - chance) * (1.0 - first);
            let confidence = sigmoid(logit.abs());
            let bin = ((confidence - 0.5) * 2.0 * BINS as f64) as usize;
            let [wins, trust] = &mut bins[bin.min(BINS - 1)];
            *wins += won;
            *trust += confidence;
            right += won;
            loss -= chance * log_sigmoid(logit) + (1.0 - chance) * log_sigmoid(-logit);
        }
        Calibration {
            accuracy: right / count,
            margin: judged.iter().map(|(margin, _)| margin).sum::<f64>() / count,
            log_loss: loss / count,
            error: bins.iter().map(|[wins, trust]| (wins - trust).abs()).sum::<f64>() / count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of comparisons that were labelled, on the scale of the rewards.
    fn exact(margins: &[f64]) -> Calibration {
        Calibration::of(&margins.iter().map(|margin| (*margin, 1.0)).collect::<Vec<_>>(), 1.0)
    }

    /// Margins that tell the annotator's own log-odds, whatever their scale: no error, and the loss is the entropy
    /// of a coin of 0.75, 0.5623 nats.
    #[test]
    fn a_model_that_knows_the_annotators_odds_is_calibrated() {
        for beta in [0.1, 1.0] {
            let margin = 3.0f64.ln() / beta;
            let found = Calibration::of(&[(margin, 0.75), (-margin, 0.25)], beta);
            assert!(found.error < 1e-15 && found.accuracy == 0.75, "{found:?}");
            assert!((found.log_loss - 0.562_335_144_618_808_3).abs() < 1e-12, "{found:?}");
        }
        let ten_times_too_sure = Calibration::of(&[(10.0 * 3.0f64.ln(), 0.75)], 1.0);
        assert!(ten_times_too_sure.error > 0.24, "{ten_times_too_sure:?}");
    }

    /// σ(ln 3) = 0.75: four comparisons of confidence 0.75, three of them right, are calibrated; with two of
    /// them right the error is 0.25. Losses −ln 0.75 and −ln 0.25.
    #[test]
    fn confidence_is_held_against_the_share_that_is_right() {
        let m = 3.0f64.ln();
        let calibrated = exact(&[m, m, m, -m]);
        assert!(calibrated.error.abs() < 1e-15 && calibrated.accuracy == 0.75, "{calibrated:?}");
        assert!((calibrated.margin - m / 2.0).abs() < 1e-15);
        let loss = -(3.0 * 0.75f64.ln() + 0.25f64.ln()) / 4.0;
        assert!((calibrated.log_loss - loss).abs() < 1e-15);
        let over = exact(&[m, m, -m, -m]);
        assert!((over.error - 0.25).abs() < 1e-15, "{over:?}");
    }

    /// Errors of bins do not cancel: confidence 0.75 and always right, confidence 1 and right once in two.
    #[test]
    fn bins_are_told_apart_and_no_margin_is_half_right() {
        let m = 3.0f64.ln();
        let found = exact(&[m, m, 700.0, -700.0]);
        assert!((found.error - (0.25 * 2.0 + 0.5 * 2.0) / 4.0).abs() < 1e-15, "{found:?}");
        assert!(found.log_loss.is_finite());
        let none = exact(&[0.0]);
        assert_eq!((none.accuracy, none.error), (0.5, 0.0));
        assert!((none.log_loss - 2.0f64.ln()).abs() < 1e-15);
    }
}
