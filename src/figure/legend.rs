//! One legend for all panels of a figure, in the figure's order.

use super::content::{Markers, Panel, Trace};
use super::font;
use super::plot::sample;
use super::scene::{Place, Scene, Text};
use super::theme::Theme;

/// The entries of a legend in a grid.
#[derive(Debug, Clone, Default)]
pub(crate) struct Legend {
    entries: Vec<Trace>,
    columns: usize,
    pitch: f64,
    /// The height of the grid; zero without entries.
    pub(crate) height: f64,
}

/// Height of a row in text sizes.
const ROW: f64 = 1.55;

impl Legend {
    /// The legend of some panels: every name once.
    pub(crate) fn new(panels: &[Panel], theme: &Theme) -> Legend {
        let mut entries: Vec<Trace> = Vec::new();
        for trace in panels.iter().filter(|p| !p.named).flat_map(|p| &p.traces) {
            if !entries.iter().any(|e| e.name == trace.name && e.look == trace.look) {
                entries.push(Trace { spots: Vec::new(), singles: Vec::new(), ..trace.clone() });
            }
        }
        // What all tiles have in common stands behind what tells them apart.
        entries.sort_by_key(|e| e.manner.swatch.is_some() && e.manner.markers == Markers::None);
        let widest =
            entries.iter().map(|e| font::width(&e.name, theme.text, false)).fold(0.0, f64::max);
        let pitch = widest + sample_length(theme) + 2.2 * theme.text;
        let room = theme.width - 2.0 * theme.margin + theme.text;
        let most = ((room / pitch) as usize).clamp(1, entries.len().max(1));
        let rows = entries.len().div_ceil(most);
        let columns = entries.len().div_ceil(rows.max(1)).max(1);
        Legend { entries, columns, pitch, height: rows as f64 * ROW * theme.text }
    }

    /// Draws the legend with its upper left corner at a place.
    pub(crate) fn draw(&self, (x, y): Place, scene: &mut Scene, theme: &Theme) {
        for (i, entry) in self.entries.iter().enumerate() {
            let left = x + (i % self.columns) as f64 * self.pitch;
            let baseline = y + ((i / self.columns) as f64 * ROW + 0.9) * theme.text;
            sample(entry, (left, baseline - 0.33 * theme.text), sample_length(theme), scene, theme);
            let at = (left + sample_length(theme) + 0.6 * theme.text, baseline);
            scene.text(Text::new(at, &entry.name, theme.text, theme.ink));
        }
    }
}

fn sample_length(theme: &Theme) -> f64 {
    2.6 * theme.text
}
