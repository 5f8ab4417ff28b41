//! Axes that several panels share.

use super::axes::Plot;
use super::content::Axis;

/// Gives panels with the same axis the same range, and titles to the outer axes only.
pub(crate) fn share(plots: &mut [Plot<'_>], columns: usize) {
    let snapshot: Vec<Plot<'_>> = plots.to_vec();
    for plot in plots.iter_mut() {
        let (px, py) = (&plot.panel.x, &plot.panel.y);
        for other in &snapshot {
            let (ox, oy) = (&other.panel.x, &other.panel.y);
            let alike = |a: &Axis, b: &Axis| {
                a.label == b.label
                    && a.log == b.log
                    && a.categories.is_empty()
                    && b.categories.is_empty()
                    && a.range.is_none()
                    && b.range.is_none()
            };
            let kind = plot.panel.kind == other.panel.kind;
            if kind && alike(px, ox) {
                plot.x.above_zero = plot.x.above_zero.or(other.x.above_zero);
                (plot.x.low, plot.x.high) =
                    (plot.x.low.min(other.x.low), plot.x.high.max(other.x.high));
            }
            if kind && alike(py, oy) {
                (plot.y.low, plot.y.high) =
                    (plot.y.low.min(other.y.low), plot.y.high.max(other.y.high));
            }
        }
    }
    let shared: Vec<Plot<'_>> = plots.to_vec();
    for (i, plot) in plots.iter_mut().enumerate() {
        if i % columns > 0 {
            let before = &shared[i - 1];
            plot.y_title = before.panel.y != plot.panel.y || before.y != plot.y || plot.down;
        }
        if let Some(below) = shared.get(i + columns) {
            plot.x_title = below.panel.x.label != plot.panel.x.label;
        }
    }
}
