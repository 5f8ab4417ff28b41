//! How often one model's answers are preferred to another's.

use crate::numerics::{Convex, log_sigmoid, minimise, sigmoid};

/// The two-sided 95 % quantile of a normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The weight of ½(θ² + γ²) in the fit of a length-controlled rate: it only keeps perfect separation finite.
const RIDGE: f64 = 0.01;

/// The share of prompts on which a model's answer is worth more than another's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WinRate {
    /// The share; a tie is half a win.
    pub share: f64,
    /// Wilson's 95 % interval over prompts.
    pub interval: [f64; 2],
    /// The share that is to be expected where both answers are of one length.
    pub length_controlled: f64,
}

impl WinRate {
    /// The rate of one model's answers against another's to the same prompts, each with its reward and its tokens.
    pub fn between(
        own: impl Iterator<Item = (f64, usize)>,
        others: impl Iterator<Item = (f64, usize)>,
    ) -> Self {
        let gap = |((r, n), (s, m)): ((f64, usize), (f64, usize))| (r - s, n as f64 - m as f64);
        let (advantages, longer): (Vec<f64>, Vec<f64>) = own.zip(others).map(gap).unzip();
        WinRate::of(&advantages, &longer)
    }

    /// *Formula* of the length-controlled rate
    /// ```text
    /// σ(θ),   (θ, γ) = argmin −Σ [w·log σ(u) + (1 − w)·log σ(−u)] + 0.005·(θ² + γ²),   u = θ + γ·tanh(Δ/s)
    /// ```
    /// *where* w is 1, ½ or 0 where the reward is higher, the same or lower (`advantages: [prompts]`, own reward
    /// minus the other's), Δ how much longer the own answer is (`longer: [prompts]`, tokens), and s the root mean
    /// square of Δ. At least one prompt.
    ///
    /// *Numerics* with ties Wilson's interval is a little too wide, since a half varies less than 0 and 1 do.
    ///
    /// *Source* E. B. Wilson (1927); arXiv 2404.04475, eq. 2.
    /// *Deviations* from the latter: no term for how difficult a prompt is.
    fn of(advantages: &[f64], longer: &[f64]) -> Self {
        let won: Vec<f64> = advantages.iter().map(|gap| win(*gap, 0.0)).collect();
        let count = won.len() as f64;
        let share = won.iter().sum::<f64>() / count;
        let square = longer.iter().map(|d| d * d).sum::<f64>() / count;
        let feature = |d: &f64| if square > 0.0 { (d / square.sqrt()).tanh() } else { 0.0 };
        let fit = LengthFit { won, features: longer.iter().map(feature).collect() };
        WinRate {
            share,
            interval: wilson(share, count),
            length_controlled: sigmoid(minimise(&fit, 2).at[0]),
        }
    }
}

/// 1 where a difference is above 0, a half where it is within ±`rounding` of it.
pub(crate) fn win(difference: f64, rounding: f64) -> f64 {
    if difference.abs() <= rounding { 0.5 } else { f64::from(u8::from(difference > 0.0)) }
}

/// Wilson's interval of a share of `count` trials.
fn wilson(share: f64, count: f64) -> [f64; 2] {
    let (square, scale) = (Z * Z / count, 1.0 + Z * Z / count);
    let centre = (share + square / 2.0) / scale;
    let half = (square * share * (1.0 - share) + square * square / 4.0).sqrt() / scale;
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// Wins against how much longer an answer is, in −1..1: θ and γ.
struct LengthFit {
    won: Vec<f64>,
    features: Vec<f64>,
}

impl Convex for LengthFit {
    fn loss(&self, at: &[f64]) -> f64 {
        let of = |(w, x): (&f64, &f64)| {
            let u = at[0] + at[1] * x;
            w * log_sigmoid(u) + (1.0 - w) * log_sigmoid(-u)
        };
        let rows = self.won.iter().zip(&self.features);
        RIDGE / 2.0 * at.iter().map(|v| v * v).sum::<f64>() - rows.map(of).sum::<f64>()
    }

    fn newton_system(&self, at: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let mut descent: Vec<f64> = at.iter().map(|v| -RIDGE * v).collect();
        let mut hessian = vec![vec![RIDGE, 0.0], vec![0.0, RIDGE]];
        for (w, x) in self.won.iter().zip(&self.features) {
            let (p, feature) = (sigmoid(at[0] + at[1] * x), [1.0, *x]);
            for j in 0..2 {
                descent[j] += (w - p) * feature[j];
                (0..2).for_each(|k| hessian[j][k] += p * (1.0 - p) * feature[j] * feature[k]);
            }
        }
        (descent, hessian)
    }

    fn is_flat(&self, descent: &[f64]) -> bool {
        descent.iter().all(|d| *d == 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tie_is_half_a_win() {
        assert_eq!([0.5, -1.0, 0.0].map(|gap| win(gap, 0.0)), [1.0, 0.0, 0.5]);
        assert_eq!([0.5, -1.0, -0.1].map(|gap| win(gap, 0.2)), [1.0, 0.0, 0.5]);
    }

    /// 8 wins of 10. Wilson by hand: z² = 3.8415; centre (0.8 + 0.19207)/1.38415 = 0.71674; half
    /// √(0.38415·0.16 + 0.19207²)/1.38415 = √0.098356/1.38415 = 0.22658.
    #[test]
    fn the_interval_is_wilsons() {
        let gaps: Vec<f64> = (0..10).map(|i| if i < 8 { 1.0 } else { -1.0 }).collect();
        let WinRate { share, interval: [low, high], .. } = WinRate::of(&gaps, &[0.0; 10]);
        assert_eq!(share, 0.8);
        assert!((low - 0.49016).abs() < 2e-5 && (high - 0.94332).abs() < 2e-5, "{low} {high}");
        let all = WinRate::of(&[1.0; 10], &[0.0; 10]).interval;
        assert!(all[1] > 1.0 - 1e-12 && (all[0] - 10.0 / (10.0 + Z * Z)).abs() < 1e-12, "{all:?}");
    }

    /// Wins three times in four whether longer or shorter: nothing to control for, up to the ridge. Of 300 longer
    /// answers 270 win, of 100 shorter ones 10: the log-odds are +ln 9 and −ln 9, so that between them, at one
    /// length, they are 0, although 280 of 400 win.
    #[test]
    fn length_is_taken_out() {
        let longer: Vec<f64> = (0..400).map(|i| if i % 2 == 0 { 10.0 } else { -10.0 }).collect();
        let gaps: Vec<f64> = (0..400).map(|i| if i / 2 % 4 == 0 { -1.0 } else { 1.0 }).collect();
        let plain = WinRate::of(&gaps, &longer);
        assert!(plain.share == 0.75 && (plain.length_controlled - 0.75).abs() < 1e-3, "{plain:?}");
        let longer: Vec<f64> = (0..400).map(|i| if i < 300 { 10.0 } else { -10.0 }).collect();
        let won = |i: usize| i < 270 || (300..310).contains(&i);
        let gaps: Vec<f64> = (0..400).map(|i| if won(i) { 1.0 } else { -1.0 }).collect();
        let bought = WinRate::of(&gaps, &longer);
        assert!(bought.share == 0.7, "{bought:?}");
        assert!((bought.length_controlled - 0.5).abs() < 1e-3, "{bought:?}");
    }

    /// The minimum is where the gradient is zero, also where every answer wins.
    #[test]
    fn the_fit_is_at_its_minimum() {
        let mixed = LengthFit {
            won: vec![1.0, 0.0, 0.5, 1.0, 1.0],
            features: vec![0.3, -0.9, 0.1, 0.7, -0.2],
        };
        let all = LengthFit { won: vec![1.0; 5], features: vec![0.1; 5] };
        for fit in [mixed, all] {
            let at = minimise(&fit, 2).at;
            let (descent, _) = fit.newton_system(&at);
            assert!(descent.iter().all(|d| d.abs() < 1e-6), "{at:?} {descent:?}");
            // The slope is the loss's, the Hessian the slope's: central differences away from the minimum.
            let (h, (descent, hessian)) = (1e-5, fit.newton_system(&[0.4, -0.7]));
            let (above, below) = ([0.4 + h, -0.7], [0.4 - h, -0.7]);
            let slope = (fit.loss(&above) - fit.loss(&below)) / (2.0 * h);
            assert!((descent[0] + slope).abs() < 1e-8, "{descent:?} {slope}");
            let (above, below) = (fit.newton_system(&above).0, fit.newton_system(&below).0);
            for k in 0..2 {
                let bend = (below[k] - above[k]) / (2.0 * h);
                assert!((hessian[0][k] - bend).abs() < 1e-7, "{hessian:?} {bend}");
            }
        }
    }
}
