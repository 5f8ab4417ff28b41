//! `modeseek data check FILE…`: every line that cannot be used, and what the others are like.

use super::{Failure, say};
use crate::preference::{Checkup, Row};
use crate::problem::Prompt;
use anyhow::anyhow;
use std::path::{Path, PathBuf};

/// Every fault of a file of prompts or of comparisons, and what its rows are like.
///
/// A row is one JSON object a line: `prompt`, or `prompt`, `chosen` and `rejected`, each a text or a list of
/// messages (`role`, `content`); other fields are ignored. All lines that cannot be used are listed with their
/// number, then what is odd (repetitions, contradictions, white space, spelled template tokens), then
/// lengths in words. Exits 2 if a line cannot be used.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// JSONL files
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Line numbers that are written out.
const SHOWN: usize = 8;

/// Tells of every file, and fails if one has a fault.
pub fn command(args: &Args) -> Result<(), Failure> {
    let mut unusable = 0;
    for path in &args.files {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::input(anyhow!("{}: cannot be read as text: {error}", path.display()))
        })?;
        let found = Checkup::of(&text);
        say(&report(path, &found))?;
        unusable += found.faults.len();
        if found.rows.is_empty() && found.faults.is_empty() {
            let path = path.display();
            return Err(Failure::input(anyhow!("{path}: holds no row; one JSON object a line")));
        }
    }
    match unusable {
        0 => Ok(()),
        1 => Err(Failure::input(anyhow!("1 line cannot be used"))),
        many => Err(Failure::input(anyhow!("{many} lines cannot be used"))),
    }
}

/// All that is told of a file.
fn report(path: &Path, found: &Checkup) -> String {
    let (rows, prompts) = (found.rows.len(), found.rows_per_prompt());
    let compared = found.rows.iter().filter(|(_, row)| matches!(row, Row::Comparison(_))).count();
    let what = match compared {
        0 => "prompts".to_owned(),
        n if n == rows => "comparisons".to_owned(),
        n => format!("of them {n} comparisons, {} prompts alone", rows - n),
    };
    let mut lines = vec![format!("{}: {rows} rows that can be used, {what}", path.display())];
    for (line, fault) in &found.faults {
        lines.push(format!("  line {line}: {fault}"));
    }
    for (odd, said) in [
        (&found.repeated, "repeat an earlier row exactly and count twice"),
        (&found.contradicting, "prefer what an earlier row of the same prompt rejects"),
        (&found.untrimmed, "have white space around a text, which is trained on too"),
        (&found.templated, "spell a chat template's own tokens within a text"),
    ] {
        if !odd.is_empty() {
            lines.push(format!("  warning: {} rows {said}: lines {}", odd.len(), numbers(odd)));
        }
    }
    let most = prompts.iter().max().unwrap_or(&0);
    lines.push(format!("  {} distinct prompts, at most {most} rows each", prompts.len()));
    lines.extend(lengths(found));
    lines.join("\n") + "\n"
}

fn numbers(lines: &[usize]) -> String {
    let shown: Vec<String> = lines.iter().take(SHOWN).map(usize::to_string).collect();
    let more = if lines.len() > SHOWN { ", …" } else { "" };
    shown.join(", ") + more
}

/// Lengths in words: quantiles and a histogram each, and which side is longer.
fn lengths(found: &Checkup) -> Vec<String> {
    let words = |text: &str| text.split_whitespace().count();
    let prompt = |row: &Row| match row.prompt() {
        Prompt::Text(text) => words(text),
        Prompt::Chat(messages) => messages.iter().map(|m| words(&m.content)).sum(),
    };
    let prompts: Vec<usize> = found.rows.iter().map(|(_, row)| prompt(row)).collect();
    let sides: Vec<[usize; 2]> = found
        .rows
        .iter()
        .filter_map(|(_, row)| <[&str; 2]>::try_from(row.responses()).ok())
        .map(|sides| sides.map(words))
        .collect();
    let side = |i: usize| sides.iter().map(|side| side[i]).collect::<Vec<_>>();
    let named = [("prompt", prompts), ("chosen", side(0)), ("rejected", side(1))];
    let longest = named.iter().flat_map(|(_, all)| all).max().copied().unwrap_or(0);
    let mut lines = vec![format!(
        "  {:<9}{:>7}{:>7}{:>7}{:>7}{:>7}{:>9}   0 to {longest} words",
        "words", "5 %", "25 %", "50 %", "75 %", "95 %", "longest"
    )];
    for (name, mut all) in named.into_iter().filter(|(_, all)| !all.is_empty()) {
        all.sort_unstable();
        let at = |q: f64| all[(q * (all.len() - 1) as f64).round() as usize];
        let columns = [0.05, 0.25, 0.5, 0.75, 0.95].map(|q| format!("{:>7}", at(q))).concat();
        let bars = histogram(&all, longest);
        lines.push(format!("  {name:<9}{columns}{:>9}   {bars}", all[all.len() - 1]));
    }
    if !sides.is_empty() {
        let count = |is: fn(&[usize; 2]) -> bool| sides.iter().filter(|side| is(side)).count();
        let share = |n: usize| 100.0 * n as f64 / sides.len() as f64;
        let (longer, shorter) = (count(|s| s[0] > s[1]), count(|s| s[0] < s[1]));
        lines.push(format!(
            "  chosen is the longer response in {:.0} % of the comparisons, the shorter in {:.0} %",
            share(longer),
            share(shorter)
        ));
    }
    lines
}

/// A bar for each of 32 equal parts of `0 ..= longest`, the highest full.
fn histogram(all: &[usize], longest: usize) -> String {
    const PARTS: usize = 32;
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mut counts = [0usize; PARTS];
    all.iter().for_each(|length| counts[length * PARTS / (longest + 1)] += 1);
    let highest = counts.iter().max().copied().unwrap_or(0).max(1);
    // Any part that holds something shows something.
    let bar = |count: &usize| BARS[(count * (BARS.len() - 1)).div_ceil(highest)];
    counts.iter().map(bar).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths 0, 0, 1 of parts 0 and 16: the highest bar is full, half of it is half as high.
    #[test]
    fn a_histogram_has_a_bar_for_every_part() {
        assert_eq!(histogram(&[0, 0, 1], 1), format!("█{}▄", " ".repeat(15)));
        assert_eq!(histogram(&[3], 3), format!("{}█", " ".repeat(24)));
    }

    #[test]
    fn a_report_lists_faults_warnings_and_lengths() {
        let row = r#"{"prompt": "one two", "chosen": "a b c", "rejected": "a"}"#;
        let found = Checkup::of(&[row, row, "{}"].join("\n"));
        let wanted = "f.jsonl: 2 rows that can be used, comparisons\n  line 3: has no field `prompt`; its fields are  (`messages` serves too)\n  warning: 1 rows repeat an earlier row exactly and count twice: lines 2\n  1 distinct prompts, at most 2 rows each\n  words        5 %   25 %   50 %   75 %   95 %  longest   0 to 3 words\n  prompt         2      2      2      2      2        2                   █\n  chosen         3      3      3      3      3        3                           █\n  rejected       1      1      1      1      1        1           █\n  chosen is the longer response in 100 % of the comparisons, the shorter in 0 %\n";
        assert_eq!(report(Path::new("f.jsonl"), &found), wanted);
    }
}
