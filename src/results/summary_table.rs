//! Summaries as tables.

use super::claims::MIN_SEEDS;
use super::rows::{number, table};
use super::statistics::Estimate;
use super::summary::{Arrival, CellSummary, Improvement, Summary};
use std::collections::BTreeMap;

/// Two Markdown tables, one row for each cell and one for each pair, with what they stand on.
pub fn summary_markdown(summary: &Summary) -> String {
    format!("{}\n{}", cells_markdown(summary), pairs_markdown(summary))
}

fn cells_markdown(summary: &Summary) -> String {
    let mut text = format!(
        "Last `{}` over seeds, and its mean over the run; steps and queries to the threshold ({}), \
         medians over seeds, where a run that never gets there counts as infinite. Brackets: 95 % \
         bootstrap intervals, from {MIN_SEEDS} seeds on.\n\n\
         | method | settings | seeds | mean | median | interquartile mean | mean over the run \
         | threshold | steps to it | queries to it | never there |\n\
         |---|---|---:|---|---:|---|---|---:|---:|---:|---:|\n",
        summary.metric,
        threshold_words(summary)
    );
    for cell in &summary.cells {
        row(&mut text, cell_fields(cell));
    }
    text
}

/// Where the threshold comes from.
fn threshold_words(summary: &Summary) -> String {
    if summary.given.is_some() {
        return "as given".to_owned();
    }
    let keys: Vec<String> = summary.grouped_by.iter().map(|key| format!("`{key}`")).collect();
    let group = match keys.is_empty() {
        true => "of all methods".to_owned(),
        false => format!("at the same {}", keys.join(", ")),
    };
    format!("90 % of the way from the mean start to the best mean end {group}")
}

fn cell_fields(cell: &CellSummary) -> Vec<String> {
    let interval = |e: &Estimate| with_interval(e, cell.n);
    let arrival = |a: &Option<Arrival>| match a {
        Some(a) if a.median.is_finite() => short(a.median),
        Some(a) if cell.n > 0 => format!("> {}", short(a.last)),
        _ => "–".to_owned(),
    };
    let censored = match cell.threshold {
        Some(_) if cell.n > 0 => format!("{} of {}", cell.censored, cell.n),
        _ => "–".to_owned(),
    };
    vec![
        cell.method.clone(),
        settings(&cell.settings),
        cell.n.to_string(),
        interval(&cell.mean),
        short(cell.median),
        interval(&cell.iqm),
        interval(&cell.area),
        cell.threshold.map_or("–".to_owned(), short),
        arrival(&cell.steps),
        arrival(&cell.queries),
        censored,
    ]
}

fn pairs_markdown(summary: &Summary) -> String {
    if summary.pairs.is_empty() {
        return "No two methods have the same swept keys at the same values: no pair is compared.\n"
            .to_owned();
    }
    let mut text = format!(
        "Probability that a run of the one method ends at a higher `{}` than one of the other, at \
         the same values of the same swept keys (ties count half).\n\n\
         | method | over | settings | seeds | probability of improvement |\n|---|---|---|---:|---|\n",
        summary.metric
    );
    for pair in &summary.pairs {
        row(
            &mut text,
            vec![
                pair.method.clone(),
                pair.over.clone(),
                settings(&pair.settings),
                pair.n.to_string(),
                with_interval(&pair.probability, pair.n),
            ],
        );
    }
    if summary.left_out > 0 {
        text.push_str(&format!("\n{} more pairs are left out.\n", summary.left_out));
    }
    text
}

fn row(text: &mut String, fields: Vec<String>) {
    let fields: Vec<String> = fields.iter().map(|f| f.replace('|', "\\|")).collect();
    text.push_str(&format!("| {} |\n", fields.join(" | ")));
}

/// Settings by the last part of their keys.
fn settings(settings: &BTreeMap<String, String>) -> String {
    let leaf = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let all: Vec<String> = settings.iter().map(|(k, v)| format!("{} = {v}", leaf(k))).collect();
    if all.is_empty() { "–".to_owned() } else { all.join(", ") }
}

fn with_interval(estimate: &Estimate, n: usize) -> String {
    let Estimate { mean, low, high } = *estimate;
    match n {
        0 => "–".to_owned(),
        n if n < MIN_SEEDS => short(mean),
        _ => format!("{} [{}, {}]", short(mean), short(low), short(high)),
    }
}

/// Three significant digits and a true minus sign.
fn short(x: f64) -> String {
    if !x.is_finite() {
        return "–".to_owned();
    }
    let digits = match x.abs() {
        0.0 => 0,
        size => (2 - size.log10().floor() as i32).clamp(0, 6) as usize,
    };
    format!("{x:.digits$}").replace('-', "−")
}

/// The columns of [`summary_csv`] before those of the swept keys, and after.
const COLUMNS: [&str; 14] = [
    "seeds",
    "mean",
    "mean_low",
    "mean_high",
    "median",
    "iqm",
    "iqm_low",
    "iqm_high",
    "area",
    "area_low",
    "area_high",
    "threshold",
    "steps_to",
    "queries_to",
];

/// The cells as CSV, numbers in full: the method, a column for each swept key (empty where the
/// method lacks it), the statistics, and how many runs never reach the threshold.
pub fn summary_csv(summary: &Summary) -> String {
    let keys = keys(summary.cells.iter().map(|cell| &cell.settings));
    let header = [&["method"], &keys[..], &COLUMNS, &["never"]].concat();
    let rows = summary.cells.iter().map(|cell| {
        let Estimate { mean, low, high } = cell.mean;
        let Estimate { mean: iqm, low: iqm_low, high: iqm_high } = cell.iqm;
        let Estimate { mean: area, low: area_low, high: area_high } = cell.area;
        let values = [mean, low, high, cell.median, iqm, iqm_low, iqm_high];
        let values = values.into_iter().chain([area, area_low, area_high]);
        let medians =
            [cell.threshold, cell.steps.map(|a| a.median), cell.queries.map(|a| a.median)];
        let mut fields = vec![cell.method.clone()];
        fields.extend(settings_of(&cell.settings, &keys));
        fields.push(cell.n.to_string());
        fields.extend(values.map(number));
        fields.extend(medians.map(|value| value.map_or(String::new(), number)));
        fields.push(cell.censored.to_string());
        fields
    });
    String::from_utf8(table(&header, rows)).expect("text in, text out")
}

/// The pairs as CSV, numbers in full.
pub fn improvements_csv(summary: &Summary) -> String {
    let keys = keys(summary.pairs.iter().map(|pair| &pair.settings));
    let columns = ["seeds", "probability", "low", "high"];
    let header = [&["method", "over"], &keys[..], &columns].concat();
    let rows = summary.pairs.iter().map(|pair: &Improvement| {
        let Estimate { mean, low, high } = pair.probability;
        let mut fields = vec![pair.method.clone(), pair.over.clone()];
        fields.extend(settings_of(&pair.settings, &keys));
        fields.push(pair.n.to_string());
        fields.extend([mean, low, high].map(number));
        fields
    });
    String::from_utf8(table(&header, rows)).expect("text in, text out")
}

/// Every key that occurs.
fn keys<'a>(all: impl Iterator<Item = &'a BTreeMap<String, String>>) -> Vec<&'a str> {
    let keys = all.flat_map(|settings| settings.keys().map(String::as_str));
    keys.collect::<std::collections::BTreeSet<&str>>().into_iter().collect()
}

fn settings_of<'a>(
    settings: &'a BTreeMap<String, String>,
    keys: &'a [&str],
) -> impl Iterator<Item = String> + 'a {
    keys.iter().map(|key| settings.get(*key).cloned().unwrap_or_default())
}
