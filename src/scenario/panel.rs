//! The panels of a scenario's figure.

use super::selector::Selector;
use serde::{Deserialize, Deserializer, Serialize};

/// What a panel draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PanelKind {
    /// Metrics over steps, queries or another metric; a line for each method and setting.
    #[default]
    Curves,
    /// A metric against a swept key; a line for each method.
    Sweep,
    /// Two metrics at the last step; a line for each method through its swept values.
    Frontier,
    /// Probabilities, rewards and targets arm by arm.
    Density,
    /// Two swept keys, coloured by the method with the larger metric: `y = [KEY, METRIC]`. Of three
    /// methods or more, tiles also show the lead over the runner-up.
    Region,
    /// A row with an interval for each cell.
    Intervals,
    /// A row with an interval for each factor and for each two: what they do to a metric.
    Effects,
    /// Two keys that a claim is counted across: its verdict at each pair of values, or the share of
    /// the other settings in which it holds.
    Verdicts,
}

/// What summarises the seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statistic {
    /// The mean.
    #[default]
    Mean,
    /// The median.
    Median,
    /// The interquartile mean: the mean without the ⌊n/4⌋ lowest and highest values
    /// (arXiv 2108.13264).
    Iqm,
}

/// The axis on which a mark stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// A vertical line.
    X,
    /// A horizontal line.
    #[default]
    Y,
}

/// A labelled line at a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Where it stands (units of the axis).
    pub value: f64,
    /// What is written at it.
    pub label: String,
    /// The axis it stands on.
    #[serde(default)]
    pub axis: Axis,
}

/// A labelled point of a panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledPoint {
    /// Where it stands along x (units of the axis).
    pub x: f64,
    /// Where it stands along y (units of the axis).
    pub y: f64,
    /// What is written beside it.
    pub label: String,
}

/// `[[panel]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelSpec {
    /// What stands above the panel.
    pub title: String,
    /// What it draws.
    ///
    /// *Reading* `curves` shows the way, `sweep` the end against a key, `frontier` reward against
    /// KL, `region` and `verdicts` maps, `effects` factors.
    ///
    /// *Wrong* A curve of final values over a swept key drawn as `curves` is a bundle of lines:
    /// use `sweep`.
    #[serde(default)]
    pub kind: PanelKind,
    /// `step`, `queries`, a metric or a swept key (curves, sweep, frontier, region); density panels
    /// always have the arms there.
    ///
    /// *Reading* Steps, queries or KL answer different questions: T = 8 is slower per step and
    /// four times faster per query.
    ///
    /// *Wrong* Comparing methods at equal steps where they spend different numbers of queries
    /// flatters reuse and offline data: show both.
    #[serde(default = "step")]
    pub x: String,
    /// The metrics drawn: one, or a list.
    ///
    /// *Reading* Means over seeds with a 95 % interval; the same metric in neighbouring panels
    /// shares its axis.
    ///
    /// *Wrong* A metric that was not measured is refused with the list of those that were; check
    /// measure.metrics.
    #[serde(default, deserialize_with = "one_or_many")]
    pub y: Vec<String>,
    /// The cells drawn.
    ///
    /// *Reading* Everything that is not pinned here is drawn as lines of its own.
    ///
    /// *Wrong* Too many lines: a swept key was left free. Pin it, or name it in `lines` to get a
    /// ramp.
    #[serde(rename = "where", default, skip_serializing_if = "Selector::is_empty")]
    pub where_: Selector,
    /// The methods drawn, in this order; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// The swept key whose values make a ramp of lightness.
    ///
    /// *Reading* Light is fresh or small, dark is stale or large, so that the order of the lines
    /// can be seen without the legend.
    ///
    /// *Wrong* A key that the drawn methods do not have leaves one line for each method and no
    /// ramp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
    /// Draw the metric at this step instead of the last.
    ///
    /// *Reading* The state of the runs on the way, at a measured step.
    ///
    /// *Wrong* Early steps show speed and late ones the optimum: a ranking that turns round
    /// between them belongs in two panels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_step: Option<u64>,
    /// What summarises the seeds, with its own interval (curves, sweep, frontier, intervals).
    ///
    /// *Reading* The mean is what claims use. Median and iqm do not see a few runs that broke
    /// away.
    ///
    /// *Wrong* Mean far from median: single seeds collapse or break away, as offline DPO's do on
    /// Skew; look at the runs before trusting either.
    #[serde(default)]
    pub statistic: Statistic,
    /// Draw the mean of the metric over the run instead of its last value (effects).
    ///
    /// *Reading* Effects on the mean over the run count speed too; without it they are those of
    /// the end.
    ///
    /// *Wrong* All effects near 0 without it: every cell arrives. Set it to see who is faster.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub area: bool,
    /// The factors whose effects are drawn, by name; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<String>,
    /// The claim whose verdicts are drawn, by its id; `x` and `y` are two of its `across` keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// A lead that is not surely above this is a tie (regions of three methods and more; units of the
    /// metric).
    ///
    /// *Reading* Tiles whose paired lead is not surely above this are grey: a tie.
    ///
    /// *Wrong* At 0 a lead of a hundredth of a token colours a tile; give what would matter, such
    /// as 1 token.
    #[serde(default)]
    pub least_lead: f64,
    /// The steps whose densities are drawn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<u64>,
    /// Draw x on a logarithmic axis.
    #[serde(default)]
    pub log_x: bool,
    /// Draw y on a logarithmic axis.
    #[serde(default)]
    pub log_y: bool,
    /// What stands at the x axis, in place of the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_label: Option<String>,
    /// What stands at the y axis, in place of the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_label: Option<String>,
    /// The ends of the y axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_range: Option<[f64; 2]>,
    /// The ends of the x axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_range: Option<[f64; 2]>,
    /// Labelled lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// Labelled points.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<LabelledPoint>,
}

fn step() -> String {
    "step".to_owned()
}

/// A string, or a list of them.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a metric or a list of metrics")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(metric) => vec![metric],
        OneOrMany::Many(metrics) => metrics,
    })
}
