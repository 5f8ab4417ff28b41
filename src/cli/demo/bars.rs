//! A hundred arms in fewer columns, as block characters.

/// Eighths of a character cell, from none to all.
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The mean of `values` over each of `columns` equal shares of their length; a value that two
/// columns share counts in both by its overlap, so that no column stands out by holding one arm
/// more.
pub fn means(values: &[f64], columns: usize) -> Vec<f64> {
    let share = values.len() as f64 / columns as f64;
    let mean = |column: usize| {
        let (from, to) = (column as f64 * share, (column + 1) as f64 * share);
        let arms = from.floor() as usize..(to.ceil() as usize).min(values.len());
        let overlap = |i: usize| (to.min((i + 1) as f64) - from.max(i as f64)).max(0.0);
        arms.map(|i| overlap(i) * values[i]).sum::<f64>() / share
    };
    (0..columns).map(mean).collect()
}

/// The character of row `row` (0 is the lowest) of a bar that is `eighths` high.
pub fn block(eighths: usize, row: usize) -> char {
    BLOCKS[eighths.saturating_sub(8 * row).min(8)]
}

/// The height of a bar in eighths of a row, where `top` fills `rows` of them.
pub fn eighths(value: f64, top: f64, rows: usize) -> usize {
    let most = 8 * rows;
    ((value / top * most as f64).round().max(0.0) as usize).min(most)
}

/// One row of bars, the highest as high as the row.
pub fn sparkline(values: &[f64], columns: usize) -> String {
    let means = means(values, columns);
    let top = means.iter().fold(f64::MIN_POSITIVE, |top, x| top.max(*x));
    means.iter().map(|x| block(eighths(*x, top, 1), 0)).collect()
}

/// The next of 1, 2 and 5 times a power of ten that is no less than `value`.
pub fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.max(f64::MIN_POSITIVE).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= value).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_share_arms_by_their_overlap_and_keep_the_mass() {
        assert_eq!(means(&[1.0, 2.0, 3.0], 3), [1.0, 2.0, 3.0]);
        assert_eq!(means(&[1.0, 3.0], 1), [2.0]);
        // Three arms in two columns: 1 + 2/2 and 2/2 + 3, each over 1.5 arms.
        let two = means(&[1.0, 2.0, 3.0], 2);
        assert!((two[0] - 2.0 / 1.5).abs() < 1e-12 && (two[1] - 4.0 / 1.5).abs() < 1e-12);
        assert_eq!(means(&[1.0, 3.0], 4), [1.0, 1.0, 3.0, 3.0]);
        let arms: Vec<f64> = (0..100).map(|i| f64::from(i) / 4950.0).collect();
        let mass = means(&arms, 38).iter().sum::<f64>() * 100.0 / 38.0;
        assert!((mass - 1.0).abs() < 1e-12);
    }

    #[test]
    fn bars_are_measured_in_eighths_of_a_row() {
        assert_eq!(eighths(0.5, 1.0, 3), 12);
        let column: Vec<char> = (0..3).map(|row| block(12, row)).collect();
        assert_eq!(column, ['█', '▄', ' ']);
        assert_eq!((eighths(7.0, 1.0, 2), eighths(-1.0, 1.0, 2)), (16, 0));
        assert_eq!(sparkline(&[0.0, 0.5, 1.0], 3), " ▄█");
        assert_eq!(sparkline(&[0.0, 0.0], 2), "  ");
    }

    #[test]
    fn tops_are_round() {
        let tops = [0.031, 0.05, 0.051, 0.4, 1.0].map(round_up);
        for (top, expected) in tops.into_iter().zip([0.05, 0.05, 0.1, 0.5, 1.0]) {
            assert!((top - expected).abs() < 1e-12, "{top} {expected}");
        }
    }
}
