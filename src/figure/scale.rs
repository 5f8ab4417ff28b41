//! From data to the unit interval, and the ticks between.

use super::words::{superscript, trimmed};

/// A linear or logarithmic axis over a range of values, or one with a slot for each of some values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    /// Whether lengths are ratios.
    pub(crate) log: bool,
    /// Where it begins.
    pub(crate) low: f64,
    /// Where it ends.
    pub(crate) high: f64,
    /// The values, ascending, that have a slot each; empty on other axes.
    pub(crate) slots: Vec<f64>,
    /// On a logarithmic axis that begins with 0: the least value above it.
    pub(crate) above_zero: Option<f64>,
}

/// The share of a logarithmic axis between 0 and the least value above it.
const ZERO_SHARE: f64 = 0.09;

impl Scale {
    /// A scale; an empty range is widened.
    pub(crate) fn new(log: bool, low: f64, high: f64) -> Scale {
        let (low, high) = if log { (low.max(1e-12), high.max(1e-12)) } else { (low, high) };
        if high - low > 1e-12 * high.abs().max(low.abs()).max(1e-9) {
            Scale { log, low, high, ..Scale::slotted(&[]) }
        } else if log {
            Scale { log, low: low / 2.0, high: high * 2.0, ..Scale::slotted(&[]) }
        } else {
            let half = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
            Scale { log, low: low - half, high: high + half, ..Scale::slotted(&[]) }
        }
    }

    /// A scale with a slot for each of some values, which ascend.
    pub(crate) fn slotted(values: &[f64]) -> Scale {
        let (low, high) = (values.first(), values.last());
        let [low, high] = [low, high].map(|end| end.copied().unwrap_or(0.0));
        Scale { log: false, low, high, slots: values.to_vec(), above_zero: None }
    }

    /// This logarithmic scale with a place for 0 before its beginning.
    pub(crate) fn with_zero(self) -> Scale {
        let low = self.low * (self.low / self.high).powf(ZERO_SHARE / (1.0 - ZERO_SHARE));
        Scale { above_zero: Some(self.low), low, ..self }
    }

    /// Where a value lies among slots: in the middle of its own, or between its neighbours'.
    fn slot(&self, x: f64) -> f64 {
        let n = self.slots.len();
        let after = self.slots.partition_point(|&value| value < x).clamp(1, n.max(2) - 1);
        let width = match self.slots.get(after) {
            Some(next) => next - self.slots[after - 1],
            None => 1.0,
        };
        let index = (after - 1) as f64 + (x - self.slots[after - 1]) / width;
        (index + 0.5) / n as f64
    }

    /// Where a value lies, 0 at the beginning and 1 at the end; `None` for what has no place.
    pub(crate) fn place(&self, x: f64) -> Option<f64> {
        let t = if self.above_zero.is_some() && x == 0.0 {
            0.0
        } else if !self.slots.is_empty() {
            self.slot(x)
        } else if self.log {
            (x.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (x - self.low) / (self.high - self.low)
        };
        t.is_finite().then_some(t)
    }

    /// This scale with a share of its length added at both ends.
    pub(crate) fn padded(&self, share: f64) -> Scale {
        if self.log {
            let more = (self.high / self.low).powf(share);
            Scale { low: self.low / more, high: self.high * more, ..self.clone() }
        } else {
            let more = (self.high - self.low) * share;
            Scale { low: self.low - more, high: self.high + more, ..self.clone() }
        }
    }

    /// About `target` ticks with their labels.
    pub(crate) fn ticks(&self, target: usize) -> Vec<(f64, String)> {
        let inside = |x: &f64| self.place(*x).is_some_and(|t| (-1e-9..=1.0 + 1e-9).contains(&t));
        if self.log {
            let low = self.above_zero.unwrap_or(self.low);
            let is_above = |x: &f64| *x >= low * (1.0 - 1e-9);
            let values = log_ticks(low, self.high, target);
            let values: Vec<f64> = values.into_iter().filter(inside).filter(is_above).collect();
            if values.len() >= 2 {
                let zero = self.above_zero.map(|_| (0.0, "0".to_owned()));
                let above = values.into_iter().map(|x| (x, log_label(x)));
                return zero.into_iter().chain(above).collect();
            }
        }
        let step = nice_step(self.low, self.high, target);
        let (first, last) =
            ((self.low / step - 1e-9).ceil() as i64, (self.high / step + 1e-9).floor() as i64);
        let values: Vec<f64> = (first..=last).map(|k| k as f64 * step).filter(inside).collect();
        let decimals = (-step.log10().floor()).max(0.0) as usize + usize::from(is_quarter(step));
        values.iter().map(|&x| (x, linear_label(x, decimals))).collect()
    }
}

fn is_quarter(step: f64) -> bool {
    let mantissa = step / 10f64.powf(step.log10().floor());
    (mantissa - 2.5).abs() < 1e-6 && step < 2.0
}

/// Of 1, 2, 2.5 and 5 times a power of ten, the step whose ticks come nearest to `target` without
/// being more than one above it.
fn nice_step(low: f64, high: f64, target: usize) -> f64 {
    let power = 10f64.powf(((high - low) / target.max(1) as f64).log10().floor());
    let ticks = |step: f64| (high / step + 1e-9).floor() - (low / step - 1e-9).ceil() + 1.0;
    let steps = [0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 20.0].map(|m| m * power);
    // Quarters read worse than halves and fifths.
    let quarter = |step: f64| f64::from(u8::from((step / power - 2.5).abs() < 1e-9));
    let miss = |step: f64| (ticks(step) - target as f64).abs() + 1.1 * quarter(step);
    let possible = steps.into_iter().filter(|&s| ticks(s) <= target as f64 + 1.0);
    possible.min_by(|&a, &b| miss(a).total_cmp(&miss(b))).unwrap_or(power * 10.0)
}

fn log_ticks(low: f64, high: f64, target: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = (high / low).log10();
    let mantissas: &[f64] = if decades < 1.3 {
        &[1.0, 2.0, 3.0, 5.0]
    } else if decades < 1.8 {
        &[1.0, 3.0]
    } else {
        &[1.0]
    };
    let stride = ((decades / target.max(2) as f64).ceil() as usize).max(1);
    (first..=last)
        .step_by(stride)
        .flat_map(|k| mantissas.iter().map(move |m| m * 10f64.powi(k)))
        .collect()
}

fn log_label(x: f64) -> String {
    let exponent = x.log10().floor() as i32;
    let mantissa = x / 10f64.powi(exponent);
    if (-3..=4).contains(&exponent) {
        linear_label(x, (-exponent).max(0) as usize)
    } else if (mantissa - 1.0).abs() < 1e-6 {
        format!("10{}", superscript(exponent))
    } else {
        format!("{mantissa:.0}·10{}", superscript(exponent))
    }
}

/// A tick's label: SI prefixes from ten thousand on.
pub(crate) fn linear_label(x: f64, decimals: usize) -> String {
    match x.abs() {
        size if size >= 1e6 => format!("{}M", trimmed(x / 1e6, 2)),
        size if size >= 1e4 => format!("{}k", trimmed(x / 1e3, 1)),
        _ if decimals == 0 => trimmed(x, 0),
        _ if x == 0.0 => "0".to_owned(),
        _ => format!("{x:.decimals$}").replace('-', "−"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(log: bool, low: f64, high: f64) -> Vec<String> {
        Scale::new(log, low, high).ticks(5).into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(false, 0.0, 1.0), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(false, -3.1, 2.9), ["−3", "−2", "−1", "0", "1", "2"]);
        assert_eq!(labels(false, 0.0, 50_000.0), ["0", "10k", "20k", "30k", "40k", "50k"]);
        assert_eq!(labels(true, 5.0, 1000.0), ["10", "100", "1000"]);
        assert_eq!(labels(true, 1e-7, 1.0).first().map(String::as_str), Some("10⁻⁷"));
    }

    #[test]
    fn values_in_slots_lie_evenly_and_others_between_them() {
        let s = Scale::slotted(&[0.0, 8.0, 64.0, 256.0]);
        for (x, t) in [(0.0, 0.125), (8.0, 0.375), (36.0, 0.5), (256.0, 0.875), (304.0, 0.9375)] {
            assert_eq!(s.place(x), Some(t), "{x}");
        }
        assert_eq!(Scale::slotted(&[3.0]).place(3.0), Some(0.5));
    }

    #[test]
    fn a_logarithmic_axis_may_begin_with_zero() {
        let s = Scale::new(true, 1.0, 1000.0).with_zero();
        let close = |x: f64, t: f64| s.place(x).is_some_and(|place| (place - t).abs() < 1e-12);
        assert!(close(0.0, 0.0) && close(1.0, 0.09) && close(1000.0, 1.0), "{s:?}");
        let labels: Vec<String> = s.ticks(5).into_iter().map(|t| t.1).collect();
        assert_eq!(labels, ["0", "1", "10", "100", "1000"]);
    }

    #[test]
    fn ranges_without_width_are_widened() {
        let s = Scale::new(false, 0.5, 0.5);
        assert!(s.low < 0.5 && 0.5 < s.high);
        assert_eq!(Scale::new(true, 1.0, 100.0).place(10.0), Some(0.5));
        assert_eq!(Scale::new(true, 1.0, 100.0).place(0.0), None);
    }
}
