//! Published numbers beside ours, as tables.

use super::published::{Agreement, Place};
use super::rows::{number, table};

/// A table for a README: one row for each `[[published]]`, and below it what is known of the
/// reasons where a value lies outside our range.
pub fn published_markdown(agreements: &[Agreement]) -> String {
    let mut text = String::from(
        "| published | figure | says | compared | theirs (outside ours: bold) | ours 5 % – 50 % – 95 % | seeds | inside |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for agreement in agreements {
        let cells = [
            agreement.id.clone(),
            agreement.figure.clone().unwrap_or_default(),
            agreement.says.clone(),
            agreement.reading.clone(),
            theirs(agreement),
            agreement.ours_words(),
            agreement.seeds_words(),
            agreement.inside_words(),
        ];
        let cells: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    let mut sources: Vec<&str> = Vec::new();
    for agreement in agreements {
        if !sources.contains(&agreement.source.as_str()) {
            sources.push(&agreement.source);
        }
    }
    text.push_str(&format!("\nPublished in: {}.\n", sources.join("; ")));
    let notes: Vec<String> = agreements.iter().filter_map(note).collect();
    if !notes.is_empty() {
        text.push_str(&format!("\n{}\n", notes.join("\n")));
    }
    text
}

/// The published values, those outside our range in bold.
fn theirs(agreement: &Agreement) -> String {
    let words = agreement.theirs_words().into_iter();
    let one = |(text, place)| if place == Place::Inside { text } else { format!("**{text}**") };
    words.map(one).collect::<Vec<_>>().join(", ")
}

impl Agreement {
    /// Each published value, or the one range, with its place.
    pub fn theirs_words(&self) -> Vec<(String, Place)> {
        let one = |&([low, high], place): &([f64; 2], Place)| {
            let text = if self.is_range { format!("{low} – {high}") } else { low.to_string() };
            (text.replace('-', "−"), place)
        };
        self.published.iter().map(one).collect()
    }

    /// Our three quantiles: `0.91 – 0.924 – 0.933`.
    pub fn ours_words(&self) -> String {
        self.quantiles.map(short).join(" – ")
    }

    /// Our seeds, and how many of them never got there.
    pub fn seeds_words(&self) -> String {
        match self.censored {
            0 => self.n.to_string(),
            runs => format!("{} ({runs} never got there)", self.n),
        }
    }

    /// Where the range lies, or how many of the values lie inside ours.
    pub fn inside_words(&self) -> String {
        match self.published[..] {
            [(_, place)] if self.is_range => place.to_string(),
            _ => format!("{} of {}", self.inside(), self.published.len()),
        }
    }
}

/// A number with three decimals at most, fewer where it is large; `never` if it is infinite.
fn short(x: f64) -> String {
    if !x.is_finite() {
        return "never".to_owned();
    }
    let decimals = if x.abs() < 10.0 { 3 } else { 1 };
    let text = format!("{x:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').replace('-', "−")
}

fn note(agreement: &Agreement) -> Option<String> {
    let why = agreement.why.as_ref()?;
    let outside = agreement.inside() < agreement.published.len();
    let word = if agreement.is_range { "" } else { " inside" };
    outside.then(|| format!("- **{}** ({}{word}): {why}", agreement.id, agreement.inside_words()))
}

/// The columns of [`published_csv`].
const HEADER: [&str; 14] = [
    "id",
    "figure",
    "says",
    "source",
    "compared",
    "published_low",
    "published_high",
    "q05",
    "q50",
    "q95",
    "seeds",
    "never",
    "place",
    "why",
];

/// The same as CSV, one row for each published value, numbers in full; `inf` is never reached.
pub fn published_csv(agreements: &[Agreement]) -> String {
    let rows = agreements.iter().flat_map(|a| a.published.iter().map(|one| row(a, one)));
    String::from_utf8(table(&HEADER, rows)).expect("text in, text out")
}

fn row(a: &Agreement, ([low, high], place): &([f64; 2], Place)) -> [String; 14] {
    let [q05, q50, q95] = a.quantiles.map(number);
    [
        a.id.clone(),
        a.figure.clone().unwrap_or_default(),
        a.says.clone(),
        a.source.clone(),
        a.reading.clone(),
        number(*low),
        number(*high),
        q05,
        q50,
        q95,
        a.n.to_string(),
        a.censored.to_string(),
        place.to_string(),
        a.why.clone().unwrap_or_default(),
    ]
}
