//! Histograms of the lengths of data, before anything learns from them.

use super::content::{Axis, Manner, Panel, Spot, Trace};
use super::scene::Dash;
use super::style::{Look, Marker, REFERENCE};
use super::theme::Rgb;
use super::{Drawing, FigureError, FigureOptions, drawing};
use crate::scenario::PanelKind;

/// The lengths of one kind of text in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LengthColumn {
    /// What is measured, such as `chosen`.
    pub name: String,
    /// The length of each row's text.
    pub lengths: Vec<usize>,
}

/// Lengths that share a panel, in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LengthPanel {
    /// The panel's title.
    pub title: String,
    /// What is counted, such as words.
    pub unit: String,
    /// One line each.
    pub columns: Vec<LengthColumn>,
}

/// About as many bars as a panel has.
const BARS: usize = 40;
/// A share of the lengths: what is longer than so many stands in the axis' title only, else a few rows would press all
/// others against the left.
const SHOWN: f64 = 0.98;
/// Chosen and rejected in the hues that any colour vision tells apart best.
const LOOKS: [(Rgb, Dash); 2] =
    [(Rgb(0x00, 0x72, 0xB2), Dash::Solid), (Rgb(0xD5, 0x5E, 0x00), Dash::Dashed)];

/// Draws histograms of lengths, panel by panel: equal lengths give equal bytes.
pub fn draw_lengths(
    title: &str,
    lengths: &[LengthPanel],
    options: &FigureOptions,
) -> Result<Drawing, FigureError> {
    let panels: Vec<Panel> = lengths.iter().map(panel).collect();
    let said: Vec<String> = lengths.iter().flat_map(in_words).collect();
    let caption = format!("{title}. {}", said.join(" "));
    drawing(&panels, (title, caption), &[], options)
}

/// The length that a share of the sorted ones does not exceed.
pub(crate) fn quantile(sorted: &[usize], share: f64) -> usize {
    let last = sorted.len().saturating_sub(1);
    sorted.get((share * last as f64).round() as usize).copied().unwrap_or(0)
}

fn sorted(lengths: &[usize]) -> Vec<usize> {
    let mut sorted = lengths.to_vec();
    sorted.sort_unstable();
    sorted
}

/// `chosen: 1896 rows, median 75 words, 5 to 231 for nine of ten, longest 727.`
fn in_words(panel: &LengthPanel) -> Vec<String> {
    let said = |column: &LengthColumn| {
        let all = sorted(&column.lengths);
        let at = |share| quantile(&all, share);
        let (name, count, unit) = (&column.name, all.len(), &panel.unit);
        let [low, median, high, longest] = [at(0.05), at(0.5), at(0.95), at(1.0)];
        format!(
            "{name}: {count} rows, median {median} {unit}, {low} to {high} for nine of ten, longest {longest}."
        )
    };
    panel.columns.iter().map(said).collect()
}

/// The smallest of 1, 2, 5, 10, 20, … with which so many lengths fit into [`BARS`] bars.
fn bar_width(end: usize) -> usize {
    let steps = (0..).flat_map(|power| [1, 2, 5].map(|step| step * 10usize.pow(power)));
    steps.into_iter().find(|width| end < width * BARS).unwrap_or(1)
}

fn panel(lengths: &LengthPanel) -> Panel {
    let all: Vec<usize> = lengths.columns.iter().flat_map(|c| &c.lengths).copied().collect();
    let all = sorted(&all);
    let width = bar_width(quantile(&all, SHOWN));
    let end = (quantile(&all, SHOWN) / width + 1) * width;
    let beyond = all.iter().filter(|length| **length >= end).count();
    let unit = &lengths.unit;
    let label = if beyond == 0 {
        unit.clone()
    } else {
        let (share, longest) = (100.0 * beyond as f64 / all.len() as f64, quantile(&all, 1.0));
        let share = if share < 1.0 { "less than 1".to_owned() } else { format!("{share:.0}") };
        format!("{unit} ({share} % of the texts have more, up to {longest})")
    };
    let alone = lengths.columns.len() == 1;
    let bars = (width, end);
    let traces = lengths.columns.iter().enumerate().map(|(i, c)| trace(c, bars, (i, alone)));
    let range = Some([0.0, end as f64]);
    Panel {
        title: lengths.title.clone(),
        kind: PanelKind::Density,
        x: Axis { label, range, zero: true, ..Axis::default() },
        y: Axis { label: "rows (%)".to_owned(), zero: true, ..Axis::default() },
        traces: traces.collect(),
        ..Panel::default()
    }
}

/// One column as stairs: the share of its rows in each bar.
fn trace(column: &LengthColumn, (width, end): (usize, usize), (i, alone): (usize, bool)) -> Trace {
    let mut counts = vec![0usize; end / width];
    column.lengths.iter().filter(|l| **l < end).for_each(|length| counts[length / width] += 1);
    let rows = column.lengths.len().max(1) as f64;
    let stair = |(bar, count): (usize, &usize)| {
        let y = 100.0 * *count as f64 / rows;
        [bar, bar + 1].map(|edge| Spot { x: (edge * width) as f64, y, ..Spot::default() })
    };
    let (colour, dash) = if alone { (REFERENCE, Dash::Solid) } else { LOOKS[i % LOOKS.len()] };
    Trace {
        name: column.name.clone(),
        short: column.name.clone(),
        look: Look::new(colour, dash, Marker::Circle),
        spots: counts.iter().enumerate().flat_map(stair).collect(),
        singles: Vec::new(),
        manner: Manner { line: true, fill: alone, ..Manner::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: lengths 0, 1, 1 and 39 fit into bars of one; with 40 the bars are two wide, 21 of them.
    #[test]
    fn bars_are_round_numbers_wide_and_hold_shares() {
        assert_eq!([39, 40, 79, 80, 199, 200].map(bar_width), [1, 2, 2, 5, 5, 10]);
        let column = LengthColumn { name: "chosen".to_owned(), lengths: vec![0, 1, 1, 40] };
        let drawn = trace(&column, (2, 42), (0, false));
        assert_eq!(drawn.spots.len(), 2 * 21);
        let y: Vec<f64> = drawn.spots.iter().map(|s| s.y).collect();
        assert_eq!((y[0], y[1], y[2], y[40], y[41]), (75.0, 75.0, 0.0, 25.0, 25.0));
        assert_eq!((drawn.spots[40].x, drawn.spots[41].x), (40.0, 42.0));
    }

    /// Of a hundred rows of one word and one of a thousand, the axis ends behind the first and says the rest.
    #[test]
    fn what_is_much_longer_stands_in_the_title_of_the_axis() {
        let mut lengths = vec![1; 100];
        lengths.push(1000);
        let columns = vec![LengthColumn { name: "prompt".to_owned(), lengths }];
        let whole = LengthPanel { title: "Prompts".to_owned(), unit: "words".to_owned(), columns };
        let drawn = panel(&whole);
        assert_eq!(drawn.x.range, Some([0.0, 2.0]));
        assert_eq!(drawn.x.label, "words (less than 1 % of the texts have more, up to 1000)");
        assert_eq!(
            in_words(&whole),
            ["prompt: 101 rows, median 1 words, 1 to 1 for nine of ten, longest 1000."]
        );
    }
}
