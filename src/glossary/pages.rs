//! Explanations written as Markdown: a heading `## NAME` for each, paragraphs with headings such as
//! `*Formula*` below it, as in doc comments.

use super::source::headed;

/// What is written below one heading.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page {
    /// The heading.
    pub name: String,
    lines: Vec<String>,
}

impl Page {
    /// The paragraph under a heading such as `*Formula*`; the empty one means the first.
    pub(super) fn paragraph(&self, heading: &str) -> String {
        headed(&self.lines, heading)
    }
}

/// The pages of a Markdown text, without what stands above the first heading.
pub(super) fn pages(text: &str) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("## "), pages.last_mut()) {
            (Some(name), _) => pages.push(Page { name: name.trim().into(), lines: Vec::new() }),
            (None, Some(page)) => page.lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_begin_at_headings_and_have_labelled_paragraphs() {
        let text = "Introduction.\n\n## a/b\n\nWhat `a`\nis.\n\n*Formula*\n```text\na = b\n```\n\n## c\n\nC.\n";
        let found = pages(text);
        let names: Vec<&str> = found.iter().map(|page| page.name.as_str()).collect();
        assert_eq!(names, ["a/b", "c"]);
        assert_eq!(found[0].paragraph(""), "What `a` is.");
        assert_eq!(found[0].paragraph("Formula"), "a = b");
        assert_eq!(found[1].paragraph("Formula"), "");
    }
}
