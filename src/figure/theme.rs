//! Sizes, ink and paper. Lengths are in points (1/72 inch) of the printed figure.

/// A colour, red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rgb(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl Rgb {
    /// This colour with a share of another mixed in.
    pub(crate) fn mix(self, other: Rgb, share: f64) -> Rgb {
        let one =
            |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Rgb(one(self.0, other.0), one(self.1, other.1), one(self.2, other.2))
    }

    /// The relative luminance of WCAG 2, from 0 (black) to 1 (white).
    fn luminance(self) -> f64 {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// The contrast ratio of WCAG 2 with another colour, 1 to 21.
    pub(crate) fn contrast(self, other: Rgb) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

/// How wide a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Width {
    /// A journal's column: 85 mm.
    Column,
    /// A journal's page: 178 mm.
    #[default]
    Page,
    /// A slide: 16:9, 1920 pixels wide.
    Slide,
}

/// Everything about the look that does not depend on the data.
#[derive(Debug, Clone)]
pub(crate) struct Theme {
    /// Width of the figure.
    pub(crate) width: f64,
    /// Height, where it is given (slides).
    pub(crate) height: Option<f64>,
    /// White space around the figure.
    pub(crate) margin: f64,
    /// Pixels per point of the PNG.
    pub(crate) density: f64,
    /// Text size of the figure's title.
    pub(crate) title: f64,
    /// Text size of panel titles.
    pub(crate) panel: f64,
    /// Text size of axis titles, direct labels, legends and verdicts.
    pub(crate) text: f64,
    /// Text size of tick labels: the smallest.
    pub(crate) tick: f64,
    /// Most rows of verdicts.
    pub(crate) verdicts: usize,
    /// Width of a data line.
    pub(crate) line: f64,
    /// Width of axes, ticks and rules.
    pub(crate) hair: f64,
    /// Radius of a marker.
    pub(crate) marker: f64,
    /// Text and axes.
    pub(crate) ink: Rgb,
    /// Secondary text.
    pub(crate) muted: Rgb,
    /// Grid.
    pub(crate) faint: Rgb,
    /// Background.
    pub(crate) paper: Rgb,
}

const POINTS_PER_MM: f64 = 72.0 / 25.4;

impl Theme {
    /// The theme of a width, on light or dark paper.
    pub(crate) fn new(width: Width, dark: bool) -> Theme {
        let (ink, muted, faint, paper) = if dark {
            (Rgb(236, 237, 240), Rgb(168, 172, 180), Rgb(52, 57, 66), Rgb(20, 22, 27))
        } else {
            (Rgb(26, 28, 32), Rgb(92, 96, 104), Rgb(230, 232, 235), Rgb(255, 255, 255))
        };
        let column = Theme {
            width: 85.0 * POINTS_PER_MM,
            height: None,
            margin: 5.0,
            density: 300.0 / 72.0,
            title: 9.0,
            panel: 8.0,
            text: 7.5,
            tick: 7.0,
            verdicts: 4,
            line: 1.6,
            hair: 0.6,
            marker: 2.3,
            ink,
            muted,
            faint,
            paper,
        };
        match width {
            Width::Column => column,
            Width::Page => Theme {
                width: 178.0 * POINTS_PER_MM,
                margin: 7.0,
                title: 10.5,
                panel: 8.5,
                verdicts: 3,
                ..column
            },
            Width::Slide => Theme {
                width: 960.0,
                height: Some(540.0),
                margin: 26.0,
                density: 2.0,
                title: 23.0,
                panel: 16.5,
                text: 15.0,
                tick: 13.5,
                verdicts: 2,
                line: 3.2,
                hair: 1.2,
                marker: 4.6,
                ..column
            },
        }
    }

    /// The theme of a figure with so many panels: a slide has the same room for all of them, so that
    /// text gives way to data where they are many.
    pub(crate) fn of_panels(self, panels: usize) -> Theme {
        if !self.is_slide() || panels < 4 {
            return self;
        }
        let Theme { title, panel, text, tick, line, marker, .. } = self;
        let [title, panel, text, tick, line, marker] =
            [title, panel, text, tick, line, marker].map(|size| 0.8 * size);
        Theme { title, panel, text, tick, line, marker, verdicts: 1, ..self }
    }

    /// A colour moved towards the ink until it can be told from the paper: contrast ≥ 2, or 2.9 on
    /// dark paper, where thin lines are harder to see.
    pub(crate) fn legible(&self, colour: Rgb) -> Rgb {
        self.reach(colour, if self.is_dark() { 2.9 } else { 2.0 })
    }

    /// A colour moved towards the ink until it can be read as text (contrast ≥ 4).
    pub(crate) fn readable(&self, colour: Rgb) -> Rgb {
        self.reach(colour, 4.0)
    }

    fn reach(&self, colour: Rgb, ratio: f64) -> Rgb {
        (0..=20)
            .map(|k| colour.mix(self.ink, f64::from(k) * 0.05))
            .find(|c| c.contrast(self.paper) >= ratio)
            .unwrap_or(self.ink)
    }

    /// Whether the paper is dark.
    pub(crate) fn is_dark(&self) -> bool {
        self.paper.luminance() < 0.5
    }

    /// Whether this is a journal's column.
    pub(crate) fn is_column(&self) -> bool {
        self.width < 300.0
    }

    /// Whether this is a slide.
    pub(crate) fn is_slide(&self) -> bool {
        self.height.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_smaller_than_seven_points_in_print() {
        for width in [Width::Column, Width::Page, Width::Slide] {
            let t = Theme::new(width, false).of_panels(6);
            assert!([t.title, t.panel, t.text, t.tick].iter().all(|&s| s >= 7.0));
        }
    }

    #[test]
    fn colours_can_be_told_from_both_papers() {
        for dark in [false, true] {
            let t = Theme::new(Width::Page, dark);
            for c in [Rgb(0xF0, 0xE4, 0x42), Rgb(0, 0, 0), Rgb(255, 255, 255), Rgb(0, 0x72, 0xB2)] {
                assert!(t.legible(c).contrast(t.paper) >= 1.9);
                assert!(t.readable(c).contrast(t.paper) >= 4.0);
            }
        }
    }
}
