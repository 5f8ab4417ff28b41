//! From results to pictures: every panel of a scenario as SVG and PNG, with a caption.
//!
//! A figure is data first. Each kind of panel ([`crate::scenario::PanelKind`]) turns a run into
//! traces with intervals; one layout, one style and one pair of outputs draw them all, so that a
//! method looks the same everywhere. Figures read results and never run experiments.

mod axes;
mod caption;
mod content;
mod curves;
mod density;
mod effects;
mod font;
mod frontier;
mod hover;
mod intervals;
mod judged;
mod label;
mod layout;
mod legend;
mod lengths;
mod paint;
mod plot;
mod points;
mod region;
mod rules;
mod scale;
mod scene;
mod seen;
mod select;
mod setting;
mod share;
mod split;
mod style;
mod sweep;
mod theme;
mod tiles;
mod title;
mod verdicts;
mod winners;
pub(crate) mod words;

pub use font::{missing_glyphs, text_width};
pub use hover::HoverPoint;
pub use label::{Room, overlap, spread};
pub use lengths::{LengthColumn, LengthPanel, draw_lengths};
pub(crate) use style::{REFERENCE, REWARD, TARGET, colour};
pub(crate) use theme::Rgb;
pub use theme::Width;
pub(crate) use words::number;

pub(crate) use content::evenly;
pub(crate) use font::stretches;
pub(crate) use judged::unit;
pub(crate) use lengths::quantile;
pub(crate) use paint::escape;
pub(crate) use title::sign;

use crate::results::Run;
use crate::scenario::{Axis, PanelKind, Verdict};
use content::Panel;
use judged::Judged;
use scene::Scene;
use theme::Theme;

/// How a figure is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FigureOptions {
    /// Column, page or slide.
    pub width: Width,
    /// Light ink on dark paper.
    pub dark: bool,
    /// Pale words behind the figure, for runs that are no results.
    pub watermark: Option<String>,
}

/// The verdict on one claim, as it stands under the title of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictMark {
    /// The claim's id.
    pub id: String,
    /// What the data say.
    pub verdict: Verdict,
    /// The verdict that is committed with the scenario.
    pub expected: Verdict,
    /// The effect: the mean over seeds of better − worse.
    pub effect: f64,
    /// Lower end of the effect's 95 % interval.
    pub low: f64,
    /// Upper end of the effect's 95 % interval.
    pub high: f64,
}

/// A drawn figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// The figure as SVG; text stays text, the caption is its description.
    pub svg: String,
    /// What the figure shows, in sentences.
    pub caption: String,
    /// The numbers behind its points, for a reader who points at them.
    pub hover: Vec<HoverPoint>,
    /// The numbers that it draws, as [`summary_csv`] writes them.
    pub points: String,
    scene: Scene,
    /// Pixels per point of the PNG.
    density: f64,
}

impl Drawing {
    /// The figure as PNG, 300 dpi in print sizes; painting it takes longer than all the rest.
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        paint::png(&self.scene, self.density)
    }
}

/// Why a figure cannot be drawn.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum FigureError {
    /// A panel selects no cell.
    #[error(
        "panel {panel:?} selects no cell: its `where` or `methods` match nothing in this scenario"
    )]
    NoCells {
        /// The panel's title.
        panel: String,
    },
    /// None of a panel's cells has its metric, or none at the step that is asked for.
    #[error(
        "panel {panel:?} shows {metric:?}, which no finished cell has: run `modeseek run {id}`, and see that `measure` \
         leaves out neither the metric nor the step"
    )]
    NoData {
        /// The panel's title.
        panel: String,
        /// The metric, with the step where one is asked for.
        metric: String,
        /// The scenario's id.
        id: String,
    },
    /// A panel's keys do not fit its kind.
    #[error("panel {panel:?}: {problem}")]
    BadPanel {
        /// The panel's title.
        panel: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The drawing library failed.
    #[error("the figure could not be drawn: {0}")]
    Backend(String),
}

/// Draws the figure of a run: equal runs give equal bytes.
pub fn draw(
    run: &Run,
    marks: &[VerdictMark],
    options: &FigureOptions,
) -> Result<Drawing, FigureError> {
    let panels = panels(run)?;
    let judged = judged::judged(run, marks);
    let caption = caption::caption(run, &panels, &judged);
    drawing(&panels, (&run.scenario.title, caption), &judged, options)
}

/// Lays panels out below a title with the verdicts on them, and paints them.
fn drawing(
    panels: &[Panel],
    (title, caption): (&str, String),
    judged: &[Judged<'_>],
    options: &FigureOptions,
) -> Result<Drawing, FigureError> {
    let theme = Theme::new(options.width, options.dark).of_panels(panels.len());
    let watermark = options.watermark.as_deref();
    let (scene, hover) = layout::compose(panels, title, judged, watermark, &theme);
    let svg = paint::svg(&scene, title, &caption)?;
    let (points, density) = (caption::csv(panels), theme.density);
    Ok(Drawing { svg, caption, hover, points, scene, density })
}

/// The numbers that the figure of a run draws, as CSV: `panel,line,x,y,low,high,n`.
pub fn summary_csv(run: &Run) -> Result<String, FigureError> {
    Ok(caption::csv(&panels(run)?))
}

/// The numbers that the figure of a run draws, as a Markdown table.
pub fn table_markdown(run: &Run) -> Result<String, FigureError> {
    Ok(caption::markdown(&panels(run)?))
}

/// The panels of a run's scenario with their data.
fn panels(run: &Run) -> Result<Vec<Panel>, FigureError> {
    select::panels(&run.scenario)
        .iter()
        .map(|spec| {
            let mut panel = match spec.kind {
                PanelKind::Curves => curves::fill(run, spec),
                PanelKind::Sweep => sweep::fill(run, spec),
                PanelKind::Frontier => frontier::fill(run, spec),
                PanelKind::Density => density::fill(run, spec),
                PanelKind::Region => region::fill(run, spec),
                PanelKind::Intervals => intervals::fill(run, spec),
                PanelKind::Effects => effects::fill(run, spec),
                PanelKind::Verdicts => verdicts::fill(run, spec),
            }?;
            let marks = spec.marks.iter();
            panel.rules.extend(marks.map(|m| content::Rule {
                of_x: m.axis == Axis::X,
                value: m.value,
                label: m.label.clone(),
            }));
            panel.points.clone_from(&spec.points);
            panel.statistic = spec.statistic;
            Ok(panel)
        })
        .collect()
}
