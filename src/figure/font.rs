//! The embedded DejaVu Sans: text measured and drawn alike in every output.
//!
//! The subset has Latin, Greek, mathematical operators, arrows and marks; its licence stands beside
//! it in `font/LICENSE`.

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};
use std::sync::Once;

/// The family as SVG names it, with what to use where it is not installed; the embedded font is
/// registered under the same words, so that plotters finds it for bitmaps.
pub(crate) const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";
/// Line height of the font in its own em: plotters' bitmap sizes are line heights.
pub(crate) const LINE_HEIGHT: f64 = (1901.0 + 483.0) / 2048.0;

static REGULAR: &[u8] = include_bytes!("font/DejaVuSans.subset.ttf");
static BOLD: &[u8] = include_bytes!("font/DejaVuSans-Bold.subset.ttf");

/// Makes the embedded font known to plotters, once.
pub(crate) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Both files are compiled in and read by a test; a font that plotters refused would only
        // be replaced by an error at the first text drawn.
        let _ = register_font(FAMILY, FontStyle::Normal, REGULAR);
        let _ = register_font(FAMILY, FontStyle::Bold, BOLD);
    });
}

/// The width of a text in em, without any subscript.
fn em_width(text: &str, bold: bool) -> f64 {
    register();
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::Name(FAMILY), 1000.0 * LINE_HEIGHT, style);
    font.box_size(text).map_or(0.6 * text.chars().count() as f64, |(w, _)| f64::from(w) / 1000.0)
}

/// A stretch of text on one baseline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stretch {
    /// The characters.
    pub(crate) text: String,
    /// Whether it is set small and low.
    pub(crate) sub: bool,
}

/// A subscript's size in the size of its text.
pub(crate) const SUB_SIZE: f64 = 0.72;
/// What follows a subscript stands so far off, in the size of its text: its last letter may lean over.
pub(crate) const SUB_GAP: f64 = 0.06;

/// Splits off subscripts: a single letter, `_` and letters or digits, as in `π_ref` or `y_w`.
pub(crate) fn stretches(text: &str) -> Vec<Stretch> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = vec![Stretch { text: String::new(), sub: false }];
    let mut i = 0;
    while i < chars.len() {
        let single = i >= 1
            && chars[i - 1].is_alphabetic()
            && (i < 2 || !chars[i - 2].is_alphanumeric() && chars[i - 2] != '_');
        let follows = chars.get(i + 1).is_some_and(|c| c.is_alphanumeric());
        if chars[i] == '_' && single && follows {
            let end =
                (i + 1..chars.len()).find(|&j| !chars[j].is_alphanumeric()).unwrap_or(chars.len());
            out.push(Stretch { text: chars[i + 1..end].iter().collect(), sub: true });
            out.push(Stretch { text: String::new(), sub: false });
            i = end;
        } else {
            if let Some(last) = out.last_mut() {
                last.text.push(chars[i]);
            }
            i += 1;
        }
    }
    out.retain(|s| !s.text.is_empty());
    out
}

/// The width of a text in em of the embedded font.
pub fn text_width(text: &str, bold: bool) -> f64 {
    width(text, 1.0, bold)
}

/// The width of a text in points at a size in points, subscripts included.
pub(crate) fn width(text: &str, size: f64, bold: bool) -> f64 {
    stretches(text).iter().map(|s| advance(s, size, bold)).sum()
}

/// How far a stretch moves what follows it.
pub(crate) fn advance(stretch: &Stretch, size: f64, bold: bool) -> f64 {
    let em = em_width(&stretch.text, bold);
    if stretch.sub { (em * SUB_SIZE + SUB_GAP) * size } else { em * size }
}

/// Breaks a text at spaces so that no line is wider than `room` points (a single word may be).
pub(crate) fn wrap(text: &str, size: f64, bold: bool, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, bold) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Breaks a text as [`wrap`] does, into lines of about the same length.
pub(crate) fn balanced(text: &str, size: f64, bold: bool, room: f64) -> Vec<String> {
    let widest = wrap(text, size, bold, room);
    let (mut narrow, mut wide) = (room / widest.len().max(1) as f64 * 0.8, room);
    for _ in 0..12 {
        let middle = (narrow + wide) / 2.0;
        let lines = wrap(text, size, bold, middle);
        let fits =
            lines.len() <= widest.len() && lines.iter().all(|l| width(l, size, bold) <= middle);
        if fits { wide = middle } else { narrow = middle }
    }
    if widest.len() > 1 { wrap(text, size, bold, wide) } else { widest }
}

/// The characters of a text that the embedded font cannot draw.
pub fn missing_glyphs(text: &str) -> Vec<char> {
    use ab_glyph::Font;
    let fonts = [REGULAR, BOLD].map(|bytes| ab_glyph::FontRef::try_from_slice(bytes).ok());
    let known = |c: char| fonts.iter().flatten().all(|f| f.glyph_id(c).0 != 0);
    let mut missing: Vec<char> = text.chars().filter(|&c| !c.is_control() && !known(c)).collect();
    missing.sort_unstable();
    missing.dedup();
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscripts_follow_single_letters_only() {
        let of = |t: &str| stretches(t).into_iter().map(|s| (s.text, s.sub)).collect::<Vec<_>>();
        let plain = |t: &str| (t.to_owned(), false);
        assert_eq!(of("KL(π‖π_ref) x"), [plain("KL(π‖π"), ("ref".into(), true), plain(") x")]);
        assert_eq!(of("samples_per_round"), [plain("samples_per_round")]);
    }

    #[test]
    fn lines_break_where_the_room_ends() {
        let text = "Smaller, fresher batches win where the reward peak is unlikely";
        let lines = wrap(text, 9.0, true, 120.0);
        assert!(lines.len() > 1 && lines.iter().all(|l| width(l, 9.0, true) <= 120.0));
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn every_symbol_of_the_paper_has_a_glyph() {
        assert!(missing_glyphs("πβατλεσρθ‖∇×−≥≤≠≈±·✓✗↔→↑↓₀₁₂⁰¹⁹⁻Σ∈∞½…–—‘’“”∝").is_empty());
        assert_eq!(missing_glyphs("a漢"), ['漢']);
    }
}
