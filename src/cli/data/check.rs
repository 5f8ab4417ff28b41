//! `modeseek data check FILE…`: every line that cannot be used, and what the others are like.

use super::lengths::Lengths;
#[cfg(feature = "llm")]
use super::tokens::Reader;
use super::{Failure, say};
use crate::cli::figure::write_drawn;
use crate::cli::options::writable;
use crate::figure::{FigureOptions, LengthPanel, draw_lengths};
use crate::preference::Checkup;
use anyhow::anyhow;
use std::path::{Path, PathBuf};

/// Every fault of a file of prompts, comparisons or demonstrations, and what its rows are like.
///
/// A row is one JSON object a line: `prompt`, or with it `chosen` and `rejected`, or `completion` (`response`), each
/// a text or a list of messages (`role`, `content`), or whole `messages`; other fields are ignored. All lines that
/// cannot be used are listed with their number, then what is odd (repetitions, contradictions, ties, white space, spelled template tokens), then
/// lengths in words, and with --model in its tokens. Exits 2 if a line cannot be used.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// JSONL files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Also draw histograms of each file's lengths into this folder, as SVG, PNG and CSV
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Also read them as this model does: chat template, tokens, longest context
    #[cfg(feature = "llm")]
    #[arg(long)]
    model: Option<String>,
    /// Folder of fetched models
    #[cfg(feature = "llm")]
    #[arg(long, value_name = "DIR", default_value = "models")]
    models: PathBuf,
}

/// Line numbers that are written out.
const SHOWN: usize = 8;

/// Tells of every file, and fails if one has a fault.
pub fn command(args: &Args) -> Result<(), Failure> {
    if args.figures.is_some() {
        require_apart(&args.files)?;
    }
    #[cfg(feature = "llm")]
    let reader = args.model.as_ref().map(|model| Reader::new(model, &args.models)).transpose()?;
    if let Some(folder) = &args.figures {
        writable(folder, "--figures")?;
    }
    let (mut unusable, mut no_file) = (0, Vec::new());
    for path in &args.files {
        let content = match std::fs::read(path) {
            Ok(content) => content,
            Err(error) => {
                no_file.push(format!("{}: cannot be read: {error}", path.display()));
                continue;
            }
        };
        let mut found = Checkup::of(&content);
        if found.rows.is_empty() && found.faults.is_empty() {
            let path = path.display();
            no_file.push(format!("{path}: holds no row; one JSON object a line"));
            continue;
        }
        #[cfg(feature = "llm")]
        let tokens = reader.as_ref().map(|reader| reader.read(&mut found));
        #[cfg(not(feature = "llm"))]
        let tokens: Option<Lengths> = None;
        found.faults.sort();
        let lengths: Vec<Lengths> = [Lengths::words(&found)].into_iter().chain(tokens).collect();
        say(&report(path, &found, &lengths))?;
        if let Some(folder) = args.figures.as_ref().filter(|_| !found.rows.is_empty()) {
            draw(path, &lengths, folder)?;
        }
        unusable += found.faults.len();
    }
    let lines = match unusable {
        0 => None,
        1 => Some("1 line cannot be used".to_owned()),
        many => Some(format!("{many} lines cannot be used")),
    };
    let faults: Vec<String> = no_file.into_iter().chain(lines).collect();
    if faults.is_empty() { Ok(()) } else { Err(Failure::input(anyhow!(faults.join("\n")))) }
}

/// The name of a file's figure.
fn figure_name(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    format!("{}-lengths", stem.unwrap_or_default())
}

/// Refuses files whose figures would have one name.
fn require_apart(files: &[PathBuf]) -> Result<(), Failure> {
    for (i, path) in files.iter().enumerate() {
        let name = figure_name(path);
        if let Some(other) = files[..i].iter().find(|other| figure_name(other) == name) {
            let (one, two) = (other.display(), path.display());
            return Err(Failure::input(anyhow!(
                "{one} and {two} would both be drawn as {name}; draw them into folders of their own"
            )));
        }
    }
    Ok(())
}

/// Draws the lengths of a file.
fn draw(path: &Path, lengths: &[Lengths], folder: &Path) -> Result<(), Failure> {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let panels: Vec<LengthPanel> = lengths.iter().flat_map(Lengths::panels).collect();
    let title = format!("Lengths in {file}");
    let drawn = draw_lengths(&title, &panels, &FigureOptions::default()).map_err(Failure::work)?;
    for file in write_drawn(&drawn, &figure_name(path), folder)? {
        say(&format!("{}", file.display()))?;
    }
    Ok(())
}

/// All that is told of a file.
fn report(path: &Path, found: &Checkup, lengths: &[Lengths]) -> String {
    let (rows, prompts) = (found.rows.len(), found.rows_per_prompt());
    let with = |responses: usize| {
        found.rows.iter().filter(|(_, row)| row.responses().len() == responses).count()
    };
    let what = match [with(2), with(1), with(0)] {
        [_, 0, 0] => "comparisons".to_owned(),
        [0, _, 0] => "demonstrations".to_owned(),
        [0, 0, _] => "prompts".to_owned(),
        [n, 0, alone] => format!("of them {n} comparisons, {alone} prompts alone"),
        [n, one, alone] => {
            format!("of them {n} comparisons, {one} demonstrations, {alone} prompts alone")
        }
    };
    let mut lines = vec![format!("{}: {rows} rows that can be used, {what}", path.display())];
    for (line, fault) in &found.faults {
        lines.push(format!("  line {line}: {fault}"));
    }
    for (odd, said) in [
        (&found.repeated, "repeat an earlier row exactly and count twice"),
        (&found.contradicting, "prefer what an earlier row of the same prompt rejects"),
        (&found.tied, "have two responses of the same reward"),
        (&found.against, "prefer the response of lower reward"),
        (&found.alone, "are prompts alone: there is no response to train on"),
        (&found.untrimmed, "have white space around a text, which is trained on too"),
        (&found.templated, "spell a chat template's own tokens within a text"),
    ] {
        if !odd.is_empty() {
            lines.push(format!("  warning: {} rows {said}: lines {}", odd.len(), numbers(odd)));
        }
    }
    let most = prompts.iter().max().unwrap_or(&0);
    lines.push(format!("  {} distinct prompts, at most {most} rows each", prompts.len()));
    lines.extend(lengths.iter().flat_map(Lengths::lines));
    lines.join("\n") + "\n"
}

fn numbers(lines: &[usize]) -> String {
    let shown: Vec<String> = lines.iter().take(SHOWN).map(usize::to_string).collect();
    let more = if lines.len() > SHOWN { ", …" } else { "" };
    shown.join(", ") + more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_lists_faults_warnings_and_lengths() {
        let row = r#"{"prompt": "one two", "chosen": "a b c", "rejected": "a"}"#;
        let found = Checkup::of([row, row, "{}"].join("\n").as_bytes());
        let wanted = "f.jsonl: 2 rows that can be used, comparisons\n  line 3: has no field `prompt`; it has no field at all (`messages` serves too)\n  warning: 1 rows repeat an earlier row exactly and count twice: lines 2\n  1 distinct prompts, at most 2 rows each\n  words        5 %   25 %   50 %   75 %   95 %  longest   0 to 3 words\n  prompt         2      2      2      2      2        2                   █\n  chosen         3      3      3      3      3        3                           █\n  rejected       1      1      1      1      1        1           █\n  chosen is the longer response in 100 % of the comparisons, the shorter in 0 % (words)\n";
        assert_eq!(report(Path::new("f.jsonl"), &found, &[Lengths::words(&found)]), wanted);
    }
}
