//! Paints a scene with plotters: as SVG, where text stays text, and as PNG.

use super::FigureError;
use super::font::{FAMILY, LINE_HEIGHT, SUB_SIZE, advance, register, stretches, width};
use super::scene::{Anchor, Dash, Place, Scene, Shape, Text};
use super::theme::Rgb;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Coordinates of an SVG are whole hundredths of a point: two decimals.
pub(crate) const SVG_UNITS: f64 = 100.0;
/// Bitmaps are painted this much larger and averaged, which smooths every edge.
const OVERSAMPLING: usize = 3;

/// How one output turns points into its own units.
struct Pen {
    /// Units per point.
    scale: f64,
    /// The size given to plotters for a text of one em.
    em: f64,
    /// From the upper anchor of a text down to its baseline, in em.
    drop: f64,
    /// Whether the output is a bitmap, where plotters draws neither dashes nor smooth joints.
    bitmap: bool,
}

/// plotters' SVG divides sizes by 1.24 and hangs text 0.76 em above its baseline.
const SVG_PEN: Pen = Pen { scale: SVG_UNITS, em: 1.24, drop: 0.76, bitmap: false };

impl Pen {
    fn at(&self, (x, y): Place) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }
}

fn failed(error: impl std::fmt::Display) -> FigureError {
    FigureError::Backend(error.to_string())
}

fn rgb(c: Rgb) -> RGBColor {
    RGBColor(c.0, c.1, c.2)
}

type Area<DB> = DrawingArea<DB, Shift>;

fn paint<DB: DrawingBackend>(area: &Area<DB>, shape: &Shape, pen: &Pen) -> Result<(), FigureError> {
    match shape {
        Shape::Area { points, colour, alpha } => {
            let corners: Vec<(i32, i32)> = points.iter().map(|&p| pen.at(p)).collect();
            area.draw(&Polygon::new(corners, rgb(*colour).mix(*alpha).filled())).map_err(failed)
        }
        Shape::Line { points, colour, width, dash } if pen.bitmap => dashes(points, *width, *dash)
            .iter()
            .try_for_each(|p| stroke(area, p, *colour, *width, pen)),
        Shape::Line { points, colour, width, .. } => {
            let units = (width * pen.scale).round() as u32;
            let corners: Vec<(i32, i32)> = points.iter().map(|&p| pen.at(p)).collect();
            area.draw(&PathElement::new(corners, rgb(*colour).stroke_width(units))).map_err(failed)
        }
        Shape::Text(text) => paint_text(area, text, pen),
    }
}

/// Paints a line as one quadrilateral for each piece and a disc at each joint.
fn stroke<DB: DrawingBackend>(
    area: &Area<DB>,
    points: &[Place],
    colour: Rgb,
    width: f64,
    pen: &Pen,
) -> Result<(), FigureError> {
    let half = width / 2.0;
    let fill = rgb(colour).filled();
    for piece in points.windows(2) {
        let ((ax, ay), (bx, by)) = (piece[0], piece[1]);
        let length = (bx - ax).hypot(by - ay);
        if length < 1e-6 {
            continue;
        }
        let (nx, ny) = ((by - ay) / length * half, (ax - bx) / length * half);
        let corners =
            [(ax + nx, ay + ny), (bx + nx, by + ny), (bx - nx, by - ny), (ax - nx, ay - ny)];
        area.draw(&Polygon::new(corners.map(|p| pen.at(p)).to_vec(), fill)).map_err(failed)?;
    }
    let radius = (half * pen.scale).round() as i32;
    for &joint in points.get(1..points.len().saturating_sub(1)).unwrap_or_default() {
        if radius > 1 {
            area.draw(&Circle::new(pen.at(joint), radius, fill)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Cuts a line into its dashes.
fn dashes(points: &[Place], width: f64, dash: Dash) -> Vec<Vec<Place>> {
    let Some((on, off)) = dash.pattern() else { return vec![points.to_vec()] };
    let lengths = [on * width, off * width];
    let (mut out, mut phase, mut left) = (vec![vec![points[0]]], 0usize, lengths[0]);
    for piece in points.windows(2) {
        let (mut a, b) = (piece[0], piece[1]);
        loop {
            let rest = (b.0 - a.0).hypot(b.1 - a.1);
            if rest <= left {
                left -= rest;
                extend(&mut out, phase, b);
                break;
            }
            let t = left / rest;
            a = (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
            extend(&mut out, phase, a);
            phase = 1 - phase;
            left = lengths[phase];
            if phase == 0 {
                out.push(vec![a]);
            }
        }
    }
    out.retain(|d| d.len() > 1);
    out
}

fn extend(out: &mut [Vec<Place>], phase: usize, p: Place) {
    if let (0, Some(dash)) = (phase, out.last_mut()) {
        dash.push(p);
    }
}

fn paint_text<DB: DrawingBackend>(
    area: &Area<DB>,
    text: &Text,
    pen: &Pen,
) -> Result<(), FigureError> {
    let parts = stretches(&text.text);
    // A text without subscripts keeps its anchor in SVG, so that another font stays in place.
    if let ([part], false) = (&parts[..], pen.bitmap) {
        return paint_run(area, text, &part.text, text.at, text.size, text.anchor, pen);
    }
    let before = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => text.width() / 2.0,
        Anchor::End => text.width(),
    };
    let mut along = -before;
    for part in parts {
        let size = if part.sub { text.size * SUB_SIZE } else { text.size };
        let low = if part.sub { text.size * 0.18 } else { 0.0 };
        // SVG drops spaces at the beginning of a text, so they become distance.
        let run = part.text.trim_start();
        let along_run = along + width(&part.text, size, text.bold) - width(run, size, text.bold);
        let (x, y) = text.at;
        let at = if text.upward { (x + low, y - along_run) } else { (x + along_run, y + low) };
        paint_run(area, text, run, at, size, Anchor::Start, pen)?;
        along += advance(&part, text.size, text.bold);
    }
    Ok(())
}

fn paint_run<DB: DrawingBackend>(
    area: &Area<DB>,
    text: &Text,
    run: &str,
    at: Place,
    size: f64,
    anchor: Anchor,
    pen: &Pen,
) -> Result<(), FigureError> {
    let hang = match anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let weight = if text.bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::Name(FAMILY), size * pen.scale * pen.em, weight);
    let drop = size * pen.drop;
    let (font, (x, y)) = if text.upward {
        (font.transform(FontTransform::Rotate270), (at.0 - drop, at.1))
    } else {
        (font, (at.0, at.1 - drop))
    };
    let style = font.color(&rgb(text.colour)).pos(Pos::new(hang, VPos::Top));
    // SVG turns text about its anchor, so only the anchor moves.
    area.draw_text(run, &style, pen.at((x, y))).map_err(failed)
}

/// The SVG of a scene, with its title and description for readers who cannot see it.
pub(crate) fn svg(scene: &Scene, title: &str, description: &str) -> Result<String, FigureError> {
    register();
    let (w, h) = SVG_PEN.at(scene.size);
    let mm = |points: f64| points * 25.4 / 72.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{:.2}mm\" height=\"{:.2}mm\" \
         viewBox=\"0 0 {w} {h}\" stroke-linejoin=\"round\">\n<title>{}</title>\n<desc>{}</desc>\n\
         <rect width=\"{w}\" height=\"{h}\" fill=\"#{:02X}{:02X}{:02X}\"/>\n",
        mm(scene.size.0),
        mm(scene.size.1),
        escape(title),
        escape(description),
        scene.paper.0,
        scene.paper.1,
        scene.paper.2,
    );
    for shape in &scene.shapes {
        out.push_str(&fragment(shape, (w as u32, h as u32))?);
    }
    out.push_str("</svg>\n");
    Ok(out)
}

/// The element that plotters writes for a shape, with the dashes that it has no word for.
///
/// plotters keeps every element inside its drawing area, so that has the size of the whole figure.
fn fragment(shape: &Shape, size: (u32, u32)) -> Result<String, FigureError> {
    let mut whole = String::new();
    {
        let area = SVGBackend::with_string(&mut whole, size).into_drawing_area();
        paint(&area, shape, &SVG_PEN)?;
        area.present().map_err(failed)?;
    }
    let start = whole.find('\n').map_or(0, |i| i + 1);
    let mut element =
        whole[start..].trim_end().trim_end_matches("</svg>").replace(" opacity=\"1\"", "");
    if let Shape::Line { width, dash, .. } = shape
        && let Some((on, off)) = dash.pattern()
    {
        let unit = width * SVG_UNITS;
        let dashed = format!("<polyline stroke-dasharray=\"{:.0} {:.0}\"", on * unit, off * unit);
        element = element.replace("<polyline", &dashed);
    }
    Ok(element)
}

/// Text as XML writes it.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The PNG of a scene at `density` pixels per point.
pub(crate) fn png(scene: &Scene, density: f64) -> Result<Vec<u8>, FigureError> {
    register();
    let size = |points: f64| (points * density).round() as usize;
    let (w, h) = (size(scene.size.0), size(scene.size.1));
    let (wide, high) = (w * OVERSAMPLING, h * OVERSAMPLING);
    let scale = density * OVERSAMPLING as f64;
    // plotters' bitmap text stands half a size (a line height) below its upper anchor.
    let pen = Pen { scale, em: LINE_HEIGHT, drop: LINE_HEIGHT / 2.0, bitmap: true };
    let mut large = vec![0u8; wide * high * 3];
    {
        let area =
            BitMapBackend::with_buffer(&mut large, (wide as u32, high as u32)).into_drawing_area();
        area.fill(&rgb(scene.paper)).map_err(failed)?;
        scene.shapes.iter().try_for_each(|shape| paint(&area, shape, &pen))?;
        area.present().map_err(failed)?;
    }
    encode(&averaged(&large, w, h), w, h, density)
}

/// Averages squares of pixels.
fn averaged(large: &[u8], w: usize, h: usize) -> Vec<u8> {
    const N: usize = OVERSAMPLING;
    let mut small = Vec::with_capacity(w * h * 3);
    for y in 0..h {
        for x in 0..w {
            for channel in 0..3 {
                let pixel =
                    |k: usize| large[((y * N + k / N) * w * N + x * N + k % N) * 3 + channel];
                let sum: usize = (0..N * N).map(|k| usize::from(pixel(k))).sum();
                small.push(((sum + N * N / 2) / (N * N)) as u8);
            }
        }
    }
    small
}

fn encode(pixels: &[u8], w: usize, h: usize, density: f64) -> Result<Vec<u8>, FigureError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, w as u32, h as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Best);
    encoder.set_filter(png::FilterType::Up);
    let per_metre = (density * 72.0 / 0.0254).round() as u32;
    let (xppu, yppu) = (per_metre, per_metre);
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu, yppu, unit: png::Unit::Meter }));
    encoder.write_header().and_then(|mut w| w.write_image_data(pixels)).map_err(failed)?;
    Ok(bytes)
}
