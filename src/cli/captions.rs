//! Captions of figures: a page of Markdown with a section for each.

/// What a page begins with.
const HEAD: &str = "# Figures\n\n";

/// The section of a figure.
pub fn section(figure: &str, title: &str, caption: &str) -> String {
    format!("## {figure}: {title}\n\n![{title}]({figure}.svg)\n\n{}\n\n", caption.trim())
}

/// The page of sections.
pub fn page(sections: &str) -> String {
    format!("{HEAD}{sections}")
}

/// A page with a figure's section in place of its earlier one, else behind all others.
pub fn merged(page: &str, figure: &str, section: &str) -> String {
    let head = format!("## {figure}: ");
    let body = page.strip_prefix(HEAD).unwrap_or(page);
    let mut sections: Vec<&str> = Vec::new();
    let mut rest = body;
    while let Some(end) = rest.find("\n## ").map(|at| at + 1) {
        sections.push(&rest[..end]);
        rest = &rest[end..];
    }
    sections.extend(Some(rest).filter(|rest| !rest.trim().is_empty()));
    match sections.iter_mut().find(|own| own.starts_with(&head)) {
        Some(own) => *own = section,
        None => sections.push(section),
    }
    let ended = sections.iter().map(|own| format!("{}\n\n", own.trim_end()));
    format!("{HEAD}{}", ended.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_takes_the_place_of_its_earlier_one_or_comes_last() {
        let of = |figure: &str, caption: &str| section(figure, "A title", caption);
        let first = merged("", "fig1", &of("fig1", "One."));
        assert_eq!(first, page(&of("fig1", "One.")));
        let both = merged(&first, "fig10", &of("fig10", "Ten."));
        assert_eq!(both, page(&(of("fig1", "One.") + &of("fig10", "Ten."))));
        let anew = merged(&both, "fig1", &of("fig1", "Another.\n"));
        assert_eq!(anew, page(&(of("fig1", "Another.") + &of("fig10", "Ten."))));
        // As it was, whatever stands at its end.
        assert_eq!(merged(both.trim_end(), "fig10", &of("fig10", "Ten.")), both);
    }
}
