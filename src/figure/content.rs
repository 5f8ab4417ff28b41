//! What a panel shows, as numbers: every kind of panel fills this, everything else reads it.

use super::style::{Look, Marker};
use super::theme::Rgb;
use crate::scenario::{LabelledPoint, PanelKind, Statistic};
use std::collections::BTreeSet;

/// Most points that one line is drawn with.
pub(crate) const MOST_POINTS: usize = 300;
/// Fewer seeds than this are shown one by one.
pub(crate) const FEWEST_SEEDS: usize = 5;

/// One axis of a panel.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Axis {
    /// Its title, with the unit.
    pub(crate) label: String,
    /// Whether it is logarithmic.
    pub(crate) log: bool,
    /// Names of the values 0, 1, 2, … of a categorical axis; empty otherwise.
    pub(crate) categories: Vec<String>,
    /// The range asked for.
    pub(crate) range: Option<[f64; 2]>,
    /// Where ticks are best: the swept values.
    pub(crate) at: Vec<f64>,
    /// Whether zero belongs to the axis, also to a logarithmic one.
    pub(crate) zero: bool,
    /// The values that have a slot each, all equally wide, with their `categories`; empty where
    /// lengths are to scale.
    pub(crate) slots: Vec<f64>,
    /// Whether the slots stand for words instead of numbers.
    pub(crate) words: bool,
}

/// One point with its interval.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Spot {
    /// Along the x-axis.
    pub(crate) x: f64,
    /// Along the y-axis.
    pub(crate) y: f64,
    /// Lower end of the interval, along the axis of [`Bars`].
    pub(crate) low: f64,
    /// Upper end of the interval.
    pub(crate) high: f64,
    /// Seeds behind it.
    pub(crate) n: usize,
    /// Written beside it.
    pub(crate) label: String,
}

/// Which way intervals of points stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Bars {
    /// None are drawn.
    #[default]
    None,
    /// Along y.
    Upright,
    /// Along x.
    Level,
}

/// Which points get a marker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Markers {
    /// None.
    #[default]
    None,
    /// A few, to tell lines apart in print.
    Sparse,
    /// All.
    All,
    /// All, as rings.
    Rings,
    /// The last: where a path ends.
    End,
}

/// How a trace is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// A line through the points.
    pub(crate) line: bool,
    /// A band from `low` to `high`.
    pub(crate) band: bool,
    /// Intervals of the points.
    pub(crate) bars: Bars,
    /// Markers.
    pub(crate) markers: Markers,
    /// The area down to zero is filled.
    pub(crate) fill: bool,
    /// A thinner line than data have.
    pub(crate) thin: bool,
    /// In a legend: how many percent of the colour tiles have, the rest is paper.
    pub(crate) swatch: Option<u8>,
}

/// One line, band or cloud of points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trace {
    /// Its name in a legend and in tables.
    pub(crate) name: String,
    /// Its name at its end, where the panel says the rest; of tiles what they bear.
    pub(crate) short: String,
    /// Colour, dash and marker.
    pub(crate) look: Look,
    /// The points.
    pub(crate) spots: Vec<Spot>,
    /// Single seeds, where there are few.
    pub(crate) singles: Vec<Vec<(f64, f64)>>,
    /// How it is drawn.
    pub(crate) manner: Manner,
}

impl Trace {
    /// An entry of a legend: the colour of tiles, with the marker or the text that they bear.
    pub(crate) fn swatch(
        name: String,
        text: &str,
        (look, share): (Look, u8),
        markers: Markers,
    ) -> Trace {
        let manner = Manner { swatch: Some(share), markers, ..Manner::default() };
        let short = text.to_owned();
        Trace { name, short, look, spots: Vec::new(), singles: Vec::new(), manner }
    }
}

/// A marked value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    /// Whether it is a value of x (a vertical rule) or of y.
    pub(crate) of_x: bool,
    /// The value.
    pub(crate) value: f64,
    /// What it is.
    pub(crate) label: String,
}

/// A tile of a map over two swept keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tile {
    /// Along the x-axis.
    pub(crate) x: f64,
    /// Along the y-axis.
    pub(crate) y: f64,
    /// What it says, in words: who wins, a verdict.
    pub(crate) line: String,
    /// The number behind it.
    pub(crate) value: f64,
    /// Lower end of the number's interval.
    pub(crate) low: f64,
    /// Upper end.
    pub(crate) high: f64,
    /// Seeds behind it.
    pub(crate) n: usize,
    /// Its colour, of which a share is mixed into the paper; none: it is empty and hatched.
    pub(crate) fill: Option<(Rgb, f64)>,
    /// The marker of who wins.
    pub(crate) marker: Option<Marker>,
    /// Written inside.
    pub(crate) text: String,
}

/// A panel, ready to be laid out.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Panel {
    /// Its title.
    pub(crate) title: String,
    /// Its kind.
    pub(crate) kind: PanelKind,
    /// The x-axis.
    pub(crate) x: Axis,
    /// The y-axis.
    pub(crate) y: Axis,
    /// What it shows, back to front.
    pub(crate) traces: Vec<Trace>,
    /// The tiles of a map.
    pub(crate) tiles: Vec<Tile>,
    /// Marked values.
    pub(crate) rules: Vec<Rule>,
    /// Labelled points.
    pub(crate) points: Vec<LabelledPoint>,
    /// What summarises the seeds.
    pub(crate) statistic: Statistic,
    /// A sentence of its own for the caption.
    pub(crate) note: String,
    /// Whether its axis already names every trace.
    pub(crate) named: bool,
}

impl Panel {
    /// How many seeds its points stand on: all the numbers that occur.
    pub(crate) fn seeds(&self) -> BTreeSet<usize> {
        let spots = self.traces.iter().flat_map(|t| t.spots.iter().map(|s| s.n));
        spots.chain(self.tiles.iter().map(|t| t.n)).filter(|&n| n > 0).collect()
    }

    /// Every value that the x-axis must hold.
    pub(crate) fn xs(&self) -> Vec<f64> {
        let spots = self.traces.iter().flat_map(|t| {
            let level = t.manner.bars == Bars::Level;
            t.spots
                .iter()
                .flat_map(move |s| if level { vec![s.x, s.low, s.high] } else { vec![s.x] })
        });
        let singles = self.traces.iter().flat_map(|t| t.singles.iter().flatten().map(|p| p.0));
        let rules = self.rules.iter().filter(|r| r.of_x).map(|r| r.value);
        let points = self.points.iter().map(|p| p.x);
        spots.chain(singles).chain(rules).chain(points).filter(|x| x.is_finite()).collect()
    }

    /// Every value that the y-axis must hold.
    pub(crate) fn ys(&self) -> Vec<f64> {
        let spots = self.traces.iter().flat_map(|t| {
            let across = t.manner.band || t.manner.bars == Bars::Upright;
            t.spots
                .iter()
                .flat_map(move |s| if across { vec![s.y, s.low, s.high] } else { vec![s.y] })
        });
        let singles = self.traces.iter().flat_map(|t| t.singles.iter().flatten().map(|p| p.1));
        let rules = self.rules.iter().filter(|r| !r.of_x).map(|r| r.value);
        let points = self.points.iter().map(|p| p.y);
        spots.chain(singles).chain(rules).chain(points).filter(|y| y.is_finite()).collect()
    }
}

/// At most [`MOST_POINTS`] of the places `0..n`, evenly spaced, with the first and the last.
pub(crate) fn thinned(n: usize) -> Vec<usize> {
    evenly(n, MOST_POINTS)
}

/// At most `most` ≥ 2 of the places `0..n`, evenly spaced, with the first and the last.
pub(crate) fn evenly(n: usize, most: usize) -> Vec<usize> {
    if n <= most {
        return (0..n).collect();
    }
    (0..most).map(|k| k * (n - 1) / (most - 1)).collect()
}

/// A share of a line's height: places nearer than this to the line through their neighbours are on
/// the way.
const ON_THE_WAY: f64 = 1e-3;

/// At most [`MOST_POINTS`] places of a line with some heights (`[lines][places]`: its own and those
/// of its band): without those that lie on the way between others, and, if these are too many, the
/// lowest and the highest of every stretch, so that no peak is lost. The ends stay.
pub(crate) fn peaked(lines: &[Vec<f64>]) -> Vec<usize> {
    let n = lines.first().map_or(0, Vec::len);
    if n <= MOST_POINTS {
        return (0..n).collect();
    }
    let own = &lines[0];
    let (low, high) =
        own.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &y| (l.min(y), h.max(y)));
    let bends = bends(lines, ON_THE_WAY * (high - low));
    if bends.len() <= MOST_POINTS {
        return bends;
    }
    let stretches = MOST_POINTS / 2 - 1;
    let cut = |k: usize| 1 + k * (n - 2) / stretches;
    let by_height = |a: &usize, b: &usize| own[*a].total_cmp(&own[*b]);
    let mut kept = vec![0, n - 1];
    for k in 0..stretches {
        kept.extend((cut(k)..cut(k + 1)).min_by(by_height));
        kept.extend((cut(k)..cut(k + 1)).max_by(by_height));
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// The places at which some lines bend, ascending (Ramer 1972, Douglas and Peucker 1973, along y).
fn bends(lines: &[Vec<f64>], tolerance: f64) -> Vec<usize> {
    let n = lines[0].len();
    let (mut kept, mut open) = (vec![0, n - 1], vec![(0, n - 1)]);
    while let Some((a, b)) = open.pop() {
        let off = |i: usize| {
            let t = (i - a) as f64 / (b - a) as f64;
            let miss = |y: &Vec<f64>| (y[a] + (y[b] - y[a]) * t - y[i]).abs();
            lines.iter().map(miss).fold(0.0, f64::max)
        };
        let farthest = (a + 1..b).map(|i| (i, off(i))).max_by(|x, y| x.1.total_cmp(&y.1));
        if let Some((i, _)) = farthest.filter(|(_, miss)| *miss > tolerance) {
            kept.push(i);
            open.extend([(a, i), (i, b)]);
        }
    }
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_many_arms_keeps_its_ends_its_peaks_and_its_dips() {
        let mut level = vec![0.5; 513];
        (level[77], level[300], level[301]) = (1.0, 0.0, 0.9);
        assert_eq!(peaked(&[level.clone()]), [0, 76, 77, 78, 299, 300, 301, 302, 512]);
        // A band that bends where the line does not.
        let mut band = vec![0.7; 513];
        band[400] = 0.8;
        assert!(
            [399, 400, 401].iter().all(|arm| peaked(&[level.clone(), band.clone()]).contains(arm))
        );
        // A line that bends everywhere.
        let rough = |i: usize| level[i] + if i.is_multiple_of(2) { 0.1 } else { 0.0 };
        let rough: Vec<f64> = (0..513).map(rough).collect();
        let kept = peaked(&[rough]);
        assert!(kept.len() <= MOST_POINTS && kept.windows(2).all(|w| w[0] < w[1]));
        for arm in [0, 77, 300, 301, 512] {
            assert!(kept.contains(&arm), "{arm}");
        }
        assert_eq!(peaked(&[level[..300].to_vec()]).len(), 300);
    }

    #[test]
    fn long_lines_keep_their_ends() {
        let kept = thinned(10_001);
        assert_eq!((kept.len(), kept[0], kept[MOST_POINTS - 1]), (MOST_POINTS, 0, 10_000));
        assert!(kept.windows(2).all(|w| w[0] < w[1]));
        assert_eq!(thinned(3), [0, 1, 2]);
    }
}
