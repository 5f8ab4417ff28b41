//! Lengths of a file's rows as a table with histograms.

use crate::figure::{LengthColumn, LengthPanel, quantile};
use crate::preference::{Checkup, Row};

/// Lengths in one unit: of the prompts, and of the responses, the chosen one first.
pub struct Lengths {
    /// What is counted, such as words.
    pub unit: &'static str,
    /// Of each row's prompt.
    pub prompts: Vec<usize>,
    /// Of each row's responses: two of a comparison, one of a demonstration.
    pub responses: Vec<Vec<usize>>,
}

impl Lengths {
    /// Lengths in words.
    pub fn words(found: &Checkup) -> Self {
        let words = |text: &str| text.split_whitespace().count();
        let prompt = |row: &Row| row.prompt().texts().into_iter().map(words).sum();
        Lengths {
            unit: "words",
            prompts: found.rows.iter().map(|(_, row)| prompt(row)).collect(),
            responses: found
                .rows
                .iter()
                .map(|(_, row)| row.responses().into_iter().map(words).collect())
                .collect(),
        }
    }

    /// What is measured, by name; what no row has is left out.
    fn columns(&self) -> Vec<(&'static str, Vec<usize>)> {
        let side = |i: usize| self.sides().map(|side| side[i]).collect::<Vec<_>>();
        let alone = self.responses.iter().filter(|own| own.len() == 1).map(|own| own[0]).collect();
        let named = [
            ("prompt", self.prompts.clone()),
            ("chosen", side(0)),
            ("rejected", side(1)),
            ("response", alone),
        ];
        named.into_iter().filter(|(_, all)| !all.is_empty()).collect()
    }

    /// Panels of a figure: the prompts, and the responses.
    pub fn panels(&self) -> Vec<LengthPanel> {
        let column = |(name, lengths): (&str, _)| LengthColumn { name: name.to_owned(), lengths };
        let (prompts, responses): (Vec<_>, Vec<_>) =
            self.columns().into_iter().map(column).partition(|column| column.name == "prompt");
        let panel = |title: &str, columns| LengthPanel {
            title: title.to_owned(),
            unit: self.unit.to_owned(),
            columns,
        };
        let panels = [panel("Prompts", prompts), panel("Responses", responses)];
        panels.into_iter().filter(|panel| !panel.columns.is_empty()).collect()
    }

    /// Quantiles and a histogram of each column, and which side is longer.
    pub fn lines(&self) -> Vec<String> {
        let named = self.columns();
        let longest = named.iter().flat_map(|(_, all)| all).max().copied().unwrap_or(0);
        let unit = self.unit;
        let mut lines = vec![format!(
            "  {unit:<9}{:>7}{:>7}{:>7}{:>7}{:>7}{:>9}   0 to {longest} {unit}",
            "5 %", "25 %", "50 %", "75 %", "95 %", "longest"
        )];
        for (name, mut all) in named {
            all.sort_unstable();
            let at = |share| format!("{:>7}", quantile(&all, share));
            let columns = [0.05, 0.25, 0.5, 0.75, 0.95].map(at).concat();
            let bars = histogram(&all, longest);
            lines.push(format!("  {name:<9}{columns}{:>9}   {bars}", all[all.len() - 1]));
        }
        lines.extend(self.longer());
        lines
    }

    /// Both lengths of every comparison.
    fn sides(&self) -> impl Iterator<Item = [usize; 2]> {
        self.responses.iter().filter_map(|own| own.as_slice().try_into().ok())
    }

    fn longer(&self) -> Option<String> {
        let count = |is: fn(&[usize; 2]) -> bool| self.sides().filter(is).count();
        let all = self.sides().count();
        let share = |n: usize| 100.0 * n as f64 / all as f64;
        let (longer, shorter) = (count(|s| s[0] > s[1]), count(|s| s[0] < s[1]));
        (all > 0).then(|| {
            format!(
                "  chosen is the longer response in {:.0} % of the comparisons, the shorter in {:.0} % ({})",
                share(longer),
                share(shorter),
                self.unit
            )
        })
    }
}

/// A bar for each of 32 equal parts of `0 ..= longest`, the highest full.
fn histogram(all: &[usize], longest: usize) -> String {
    const PARTS: usize = 32;
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mut counts = [0usize; PARTS];
    all.iter().for_each(|length| counts[length * PARTS / (longest + 1)] += 1);
    let highest = counts.iter().max().copied().unwrap_or(0).max(1);
    // Any part that holds something shows something.
    let bar = |count: &usize| BARS[(count * (BARS.len() - 1)).div_ceil(highest)];
    counts.iter().map(bar).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths 0, 0, 1 of parts 0 and 16: the highest bar is full, half of it is half as high.
    #[test]
    fn a_histogram_has_a_bar_for_every_part() {
        assert_eq!(histogram(&[0, 0, 1], 1), format!("█{}▄", " ".repeat(15)));
        assert_eq!(histogram(&[3], 3), format!("{}█", " ".repeat(24)));
    }
}
