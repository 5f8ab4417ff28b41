//! Texts of scenarios and of the glossary as HTML: escaped, with subscripts and code.

use crate::figure::{escape, stretches};

/// A text as HTML: `π_ref` with a subscript as in figures, and what stands between backticks as code.
pub fn html(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // A single backtick opens nothing.
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let code = |part: &str| format!("<code>{}</code>", escape(part));
    let parts = parts.iter().enumerate();
    parts.map(|(k, part)| if k % 2 == 1 { code(part) } else { plain(part) }).collect()
}

/// A text without code.
fn plain(text: &str) -> String {
    let one = |text: &str, sub: bool| match sub {
        true => format!("<sub>{}</sub>", escape(text)),
        false => escape(text),
    };
    stretches(text).iter().map(|stretch| one(&stretch.text, stretch.sub)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscripts_and_code_are_marked_and_everything_is_escaped() {
        for (text, expected) in [
            ("π_ref < y_w", "π<sub>ref</sub> &lt; y<sub>w</sub>"),
            ("`gold_reward` & <b>", "<code>gold_reward</code> &amp; &lt;b&gt;"),
            ("one ` alone", "one ` alone"),
            ("`<i>`", "<code>&lt;i&gt;</code>"),
        ] {
            assert_eq!(html(text), expected);
        }
    }
}
