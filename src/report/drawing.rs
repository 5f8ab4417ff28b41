//! A drawn figure as a page holds it: one inline SVG, the values under the pointer, and the numbers as
//! a table for those who cannot see it.

use crate::figure::words::number;
use crate::figure::{Drawing, HoverPoint, evenly};
use serde::Serialize;

/// A figure of the page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Picture {
    /// The SVG element, without the title and the description that the page itself shows.
    svg: String,
    /// What it shows, in sentences.
    caption: String,
    hover: Hover,
    /// The numbers drawn: every line's first, last and some points between.
    rows: Vec<Row>,
}

/// The values under the pointer.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Hover {
    /// What the points belong to: the first lines of their texts, each once.
    lines: Vec<String>,
    /// x, y (units of the SVG's view box), the number of the line, and the rest of the text.
    points: Vec<(i64, i64, usize, String)>,
}

/// A point of a line of a panel.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Row {
    panel: String,
    line: String,
    x: String,
    /// The value.
    y: String,
    /// Its interval, if it has one.
    interval: String,
    seeds: String,
}

/// How many points of a line the table shows at most.
const ROWS_PER_LINE: usize = 9;
/// How many characters the values under the pointer may take in one figure.
const HOVER_ROOM: usize = 60_000;
/// What plotters repeats in every text; the page's style says it once.
const FONT: &str = " font-family=\"DejaVu Sans, Verdana, sans-serif\"";

impl Picture {
    /// The figure with its numbers; `see` is what the page itself says of it.
    pub(super) fn new(drawing: &Drawing, see: Option<&str>) -> Picture {
        Picture {
            svg: inline(&drawing.svg),
            caption: without(&drawing.caption, see),
            hover: Hover::of(&drawing.hover),
            rows: rows(&drawing.points),
        }
    }
}

/// A caption without the sentence that says what to see: it stands above the figure already.
fn without(caption: &str, see: Option<&str>) -> String {
    let told = see.map(|see| format!("What to see: {}", see.trim()));
    match told.and_then(|told| caption.split_once(&told)) {
        Some((before, after)) => format!("{}{}", before.trim_end(), after.trim_start_matches('.')),
        None => caption.to_owned(),
    }
}

/// The SVG element without its size, title and description: the page scales it, and says them itself.
fn inline(svg: &str) -> String {
    let view = svg.split_once("viewBox=\"").and_then(|(_, rest)| rest.split_once('"'));
    let body = svg.split_once("</desc>").map_or("", |(_, body)| body);
    let view = view.map_or("", |(view, _)| view);
    let body = body.replace(FONT, "").replace(">\n", ">").replace("\n</", "</");
    format!(
        "<svg viewBox=\"{view}\" aria-hidden=\"true\" focusable=\"false\" stroke-linejoin=\"round\">{body}"
    )
}

impl Hover {
    /// The points, every k-th of them where all would make the page heavy.
    fn of(points: &[HoverPoint]) -> Hover {
        let mut hover = Hover::default();
        let room: usize = points.iter().map(|point| point.text.len()).sum();
        for HoverPoint { at, text } in points.iter().step_by(room.div_ceil(HOVER_ROOM).max(1)) {
            let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
            let known = hover.lines.iter().position(|own| own == line);
            let line = known.unwrap_or_else(|| {
                hover.lines.push(line.to_owned());
                hover.lines.len() - 1
            });
            let whole = |x: f64| x.round() as i64;
            hover.points.push((whole(at.0), whole(at.1), line, rest.to_owned()));
        }
        hover
    }
}

/// Some rows of each line of a panel.
fn rows(points: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(points.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().filter_map(Result::ok).collect();
    let lines = records.chunk_by(|a, b| a.get(0) == b.get(0) && a.get(1) == b.get(1));
    let some = |line: &[csv::StringRecord]| evenly(line.len(), ROWS_PER_LINE);
    lines.flat_map(|line| some(line).into_iter().map(|at| row(&line[at]))).collect()
}

/// A record `panel,line,x,y,low,high,n`, and `value` of a tile, whose x and y are places.
fn row(record: &csv::StringRecord) -> Row {
    let text = |k: usize| record.get(k).unwrap_or_default();
    let words = |k: usize| text(k).parse().map_or(text(k).to_owned(), number);
    let tile = !text(7).is_empty();
    let x = if tile { format!("{}, {}", words(2), words(3)) } else { words(2) };
    let value = if tile { 7 } else { 3 };
    let interval = match text(4) == text(5) {
        true => String::new(),
        false => format!("[{}, {}]", words(4), words(5)),
    };
    let seeds = if text(6) == "0" { String::new() } else { text(6).to_owned() };
    let (panel, line) = (text(0).to_owned(), text(1).to_owned());
    Row { panel, line, x, y: words(value), interval, seeds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_under_the_pointer_name_each_line_once() {
        let point = |x: f64, text: &str| HoverPoint { at: (x, 2.4), text: text.to_owned() };
        let hover =
            Hover::of(&[point(1.0, "dpo\nstep 1"), point(2.6, "dpo\nstep 2"), point(3.0, "π_ref")]);
        assert_eq!(hover.lines, ["dpo", "π_ref"]);
        assert_eq!(hover.points[1], (3, 2, 0, "step 2".to_owned()));
        assert_eq!(hover.points[2], (3, 2, 1, String::new()));
    }

    #[test]
    fn a_long_line_keeps_its_ends() {
        let line: String = (0..=100).map(|x| format!("a,dpo,{x},{x},{x},{x},5\n")).collect();
        let found = rows(&format!("panel,line,x,y,low,high,n\n{line}"));
        assert_eq!(found.len(), ROWS_PER_LINE);
        assert_eq!((&*found[0].x, &*found[ROWS_PER_LINE - 1].x), ("0", "100"));
    }

    #[test]
    fn the_table_shows_numbers_intervals_and_the_values_of_tiles() {
        let found = rows(
            "panel,line,x,y,low,high,n\na,\"one, two\",4,0.12345,0.1,0.2,20\na,rule,0,1,1,1,0\n",
        );
        let words = found.iter().map(|r| [&*r.line, &r.x, &r.y, &r.interval, &r.seeds]);
        assert_eq!(
            words.collect::<Vec<_>>(),
            [["one, two", "4", "0.123", "[0.1, 0.2]", "20"], ["rule", "0", "1", "", ""]]
        );
        let tile = rows("panel,line,x,y,low,high,n,value\na,dpo,203,0.5,1,2,20,1.5\n");
        assert_eq!((&*tile[0].x, &*tile[0].y), ("203, 0.5", "1.5"));
    }

    #[test]
    fn what_to_see_is_not_told_twice() {
        let caption = "Title. What to see: The line rises. Of 2 claims 1 holds.";
        assert_eq!(without(caption, Some("The line rises")), "Title. Of 2 claims 1 holds.");
        assert_eq!(without(caption, None), caption);
    }

    #[test]
    fn an_inline_figure_has_no_size_and_no_title_of_its_own() {
        let svg = "<svg xmlns=\"x\" width=\"1mm\" viewBox=\"0 0 9 8\">\n<title>T</title>\n<desc>D</desc>\n<rect width=\"9\"/>\n</svg>\n";
        let found = inline(svg);
        assert!(
            found.starts_with("<svg viewBox=\"0 0 9 8\"")
                && found.ends_with("<rect width=\"9\"/></svg>")
        );
        assert!(!found.contains("title") && !found.contains("1mm"));
    }
}
