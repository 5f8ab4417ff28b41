//! What a program that scores responses reads and writes: for each row `{"prompt": …, "response": …}` on its standard
//! input, in order, one line on its standard output with a finite number, or `{"reward": number}`.

use super::Prompt;
use serde_json::{Value, json};

/// What is wrong with a program that scores, with what is asked of it.
pub fn misscored(line: &str, what: &str) -> String {
    format!(
        "the reward's command {what}\n  command: {line}\n  allowed: for each row {{prompt, response}} on its standard input one \
         line with a finite number, or {{\"reward\": number}}\n  help: correct the command and run the same again"
    )
}

/// The rows that a program reads of a prompt's responses, one JSON object a line.
pub fn scorer_rows<'a>(prompt: &Prompt, responses: impl Iterator<Item = &'a str>) -> String {
    let row = |response| format!("{}\n", json!({ "prompt": prompt, "response": response }));
    responses.map(row).collect()
}

/// The rewards that a program wrote for so many rows; else what it did instead.
pub fn scorer_rewards(said: &str, count: usize) -> Result<Vec<f64>, String> {
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.len() != count {
        return Err(format!("wrote {} lines for {count} rows", lines.len()));
    }
    let read = |(i, text): (usize, &&str)| {
        number(text).ok_or_else(|| format!("wrote `{text}` for row {}", i + 1))
    };
    lines.iter().enumerate().map(read).collect()
}

/// A finite number, or `{"reward": number}`.
fn number(text: &str) -> Option<f64> {
    let value: Value = serde_json::from_str(text.trim()).ok()?;
    value.as_f64().or_else(|| value.get("reward")?.as_f64()).filter(|x| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_a_line_is_a_reward_a_row() {
        assert_eq!(scorer_rewards("1\n\n{\"reward\": -2.5}\n", 2), Ok(vec![1.0, -2.5]));
        assert_eq!(scorer_rewards("1\n", 2), Err("wrote 1 lines for 2 rows".to_owned()));
        assert_eq!(scorer_rewards("1\nNaN\n", 2), Err("wrote `NaN` for row 2".to_owned()));
        let prompt = Prompt::Text("a \"b\"".to_owned());
        let rows = scorer_rows(&prompt, ["x", "y\nz"].into_iter());
        assert_eq!(
            rows,
            "{\"prompt\":\"a \\\"b\\\"\",\"response\":\"x\"}\n{\"prompt\":\"a \\\"b\\\"\",\"response\":\"y\\nz\"}\n"
        );
    }
}
