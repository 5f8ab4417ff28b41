//! Words and lines of explanations.

/// How many characters a line has at most.
const WIDTH: usize = 96;

/// A term as it is compared: small letters, one dash for `-`, `_`, `/` and spaces.
pub(super) fn normal(term: &str) -> String {
    let lower = term.trim().trim_matches(['`', '"', '\'']).to_lowercase();
    let parts = lower.split(|c: char| c == '-' || c == '_' || c == '/' || c.is_whitespace());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Breaks a text at spaces; every line is indented. Lines of the text stay apart.
pub(crate) fn wrapped(text: &str, indent: usize) -> String {
    let margin = " ".repeat(indent);
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let longer = line.chars().count() + 1 + word.chars().count();
            if !line.trim().is_empty() && indent + longer > WIDTH {
                lines.push(format!("{margin}{line}"));
                line = word.to_owned();
            } else {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        lines.push(format!("{margin}{line}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_term_are_alike() {
        for spelling in ["Best-of-N", "best_of_n", " best of n ", "`BEST OF-N`", "best/of/n"] {
            assert_eq!(normal(spelling), "best-of-n");
        }
    }

    #[test]
    fn long_lines_are_broken_and_short_ones_stay() {
        let text = format!("{} end\nsecond", "word ".repeat(30).trim_end());
        let lines = wrapped(&text, 4);
        assert!(
            lines.lines().all(|line| line.chars().count() <= WIDTH && line.starts_with("    "))
        );
        assert_eq!(lines.lines().count(), 3);
        assert_eq!(lines.lines().last(), Some("    second"));
    }
}
