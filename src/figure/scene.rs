//! What is drawn, in points from the upper left corner: a list of shapes that both outputs paint.

use super::font;
use super::theme::Rgb;

/// A place on the figure: x to the right, y down.
pub(crate) type Place = (f64, f64);

/// How a line is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Dash {
    /// Unbroken.
    #[default]
    Solid,
    /// Dashes.
    Dashed,
    /// Dots.
    Dotted,
}

impl Dash {
    /// Lengths of stroke and gap in widths of the line; none if unbroken.
    pub(crate) fn pattern(self) -> Option<(f64, f64)> {
        match self {
            Dash::Solid => None,
            Dash::Dashed => Some((3.2, 1.7)),
            Dash::Dotted => Some((1.0, 1.3)),
        }
    }
}

/// Where a text hangs on its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A line of text on a baseline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    /// The end of the baseline that `anchor` names.
    pub(crate) at: Place,
    /// The characters; `π_ref` becomes a subscript.
    pub(crate) text: String,
    /// Size in points.
    pub(crate) size: f64,
    /// Weight.
    pub(crate) bold: bool,
    /// Colour.
    pub(crate) colour: Rgb,
    /// Where it hangs.
    pub(crate) anchor: Anchor,
    /// Whether it runs upwards, as the title of a y-axis does.
    pub(crate) upward: bool,
}

/// One thing to paint.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// An open line.
    Line {
        /// Its corners.
        points: Vec<Place>,
        /// Its colour.
        colour: Rgb,
        /// Its width.
        width: f64,
        /// How it is broken.
        dash: Dash,
    },
    /// A filled polygon.
    Area {
        /// Its corners.
        points: Vec<Place>,
        /// Its colour.
        colour: Rgb,
        /// Its opacity.
        alpha: f64,
    },
    /// Text.
    Text(Text),
}

/// The shapes of a figure, back to front.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    /// Width and height.
    pub(crate) size: Place,
    /// Background.
    pub(crate) paper: Rgb,
    /// The shapes.
    pub(crate) shapes: Vec<Shape>,
}

impl Scene {
    /// An empty figure of a width; its height grows later.
    pub(crate) fn new(width: f64, paper: Rgb) -> Scene {
        Scene { size: (width, 0.0), paper, shapes: Vec::new() }
    }

    /// Adds an open line.
    pub(crate) fn line(&mut self, points: Vec<Place>, colour: Rgb, width: f64, dash: Dash) {
        if points.len() > 1 {
            self.shapes.push(Shape::Line { points, colour, width, dash });
        }
    }

    /// Adds a filled polygon.
    pub(crate) fn area(&mut self, points: Vec<Place>, colour: Rgb, alpha: f64) {
        if points.len() > 2 {
            self.shapes.push(Shape::Area { points, colour, alpha });
        }
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, text: Text) {
        if !text.text.is_empty() {
            self.shapes.push(Shape::Text(text));
        }
    }
}

impl Text {
    /// Text that begins at a place.
    pub(crate) fn new(at: Place, text: &str, size: f64, colour: Rgb) -> Text {
        Text {
            at,
            text: text.to_owned(),
            size,
            bold: false,
            colour,
            anchor: Anchor::Start,
            upward: false,
        }
    }

    /// The same in bold.
    pub(crate) fn bold(self) -> Text {
        Text { bold: true, ..self }
    }

    /// The same, hung elsewhere.
    pub(crate) fn anchored(self, anchor: Anchor) -> Text {
        Text { anchor, ..self }
    }

    /// The same, running upwards.
    pub(crate) fn upward(self) -> Text {
        Text { upward: true, ..self }
    }

    /// Its width in points.
    pub(crate) fn width(&self) -> f64 {
        font::width(&self.text, self.size, self.bold)
    }

    /// Left, top, right and bottom of the room it takes.
    pub(crate) fn extent(&self) -> [f64; 4] {
        let w = self.width();
        let before = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => w / 2.0,
            Anchor::End => w,
        };
        let (x, y) = self.at;
        let (up, down) = (0.76 * self.size, 0.22 * self.size);
        if self.upward {
            [x - up, y - w + before, x + down, y + before]
        } else {
            [x - before, y - up, x - before + w, y + down]
        }
    }
}
