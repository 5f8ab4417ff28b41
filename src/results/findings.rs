//! Findings as tables.

use super::claims::Finding;
use super::rows::{number, table};
use crate::scenario::Verdict;

/// A table of findings for a README: one row each, and below it why a claim does not hold.
pub fn findings_markdown(findings: &[Finding]) -> String {
    let mut text = String::from(
        "| claim | figure | says | effect [95 %] | margin | seeds | verdict | with Holm | settings |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for finding in findings {
        let cells = [
            finding.id.clone(),
            finding.figure.clone().unwrap_or_default(),
            finding.says.clone(),
            finding.effect_words(),
            format!("{}", finding.margin),
            finding.seeds_words(),
            verdict(finding),
            finding.holm_verdict.map_or("–".to_owned(), |v| v.to_string()),
            finding.settings_words(),
        ];
        let cells: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    let notes: Vec<String> = findings.iter().filter_map(note).collect();
    if !notes.is_empty() {
        text.push_str(&format!("\n{}\n", notes.join("\n")));
    }
    text
}

impl Finding {
    /// The effect with its interval, three significant digits each, and how many runs never got
    /// there: `+0.149 [+0.147, +0.151]`.
    pub fn effect_words(&self) -> String {
        let signed = |x: f64| format!("{}", Signed(x));
        let interval = format!("[{}, {}]", signed(self.low), signed(self.high));
        let censored = match self.censored {
            0 => String::new(),
            runs => format!(" ({runs} runs never got there)"),
        };
        format!("{} {interval}{censored}", signed(self.effect))
    }

    /// How many seeds it stands on: a number, or `exact`.
    pub fn seeds_words(&self) -> String {
        if self.exact { "exact".to_owned() } else { self.n.to_string() }
    }

    /// In how many settings it holds: `8 of 9`, or nothing.
    pub fn settings_words(&self) -> String {
        self.share_of_settings.map_or(String::new(), |(held, of)| format!("{held} of {of}"))
    }
}

/// A number with its sign and three significant digits.
struct Signed(f64);

impl std::fmt::Display for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = match self.0.abs() {
            x if x == 0.0 || !x.is_finite() => 0,
            x => (2 - x.log10().floor() as i32).clamp(0, 6) as usize,
        };
        write!(f, "{}", format!("{:+.digits$}", self.0).replace('-', "−"))
    }
}

fn verdict(finding: &Finding) -> String {
    match finding.verdict {
        None => "(fewer than 5 seeds)".to_owned(),
        Some(verdict) if verdict == finding.expected => verdict.to_string(),
        Some(verdict) => format!("{verdict} (expected: {})", finding.expected),
    }
}

fn note(finding: &Finding) -> Option<String> {
    let verdict = finding.verdict.filter(|v| *v != Verdict::Holds)?;
    finding.why.as_ref().map(|why| format!("- **{}** ({verdict}): {why}", finding.id))
}

/// The columns of [`findings_csv`].
const HEADER: [&str; 17] = [
    "id",
    "figure",
    "says",
    "metric",
    "effect",
    "low",
    "high",
    "margin",
    "seeds",
    "censored",
    "verdict",
    "expected",
    "p",
    "holm_verdict",
    "settings_held",
    "settings",
    "why",
];

/// The same as CSV, numbers in full.
pub fn findings_csv(findings: &[Finding]) -> String {
    String::from_utf8(table(&HEADER, findings.iter().map(row))).expect("text in, text out")
}

fn row(f: &Finding) -> [String; 17] {
    let word = |v: Option<Verdict>| v.map_or(String::new(), |v| v.to_string());
    [
        f.id.clone(),
        f.figure.clone().unwrap_or_default(),
        f.says.clone(),
        f.metric.clone(),
        number(f.effect),
        number(f.low),
        number(f.high),
        number(f.margin),
        f.n.to_string(),
        f.censored.to_string(),
        word(f.verdict),
        word(Some(f.expected)),
        f.p.map_or(String::new(), number),
        word(f.holm_verdict),
        f.share_of_settings.map_or(String::new(), |(held, _)| held.to_string()),
        f.share_of_settings.map_or(String::new(), |(_, of)| of.to_string()),
        f.why.clone().unwrap_or_default(),
    ]
}
