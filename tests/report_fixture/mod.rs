//! A folder with a small scenario and its finished runs, and what can be read off a page.

#[path = "../support/command.rs"]
mod command;

pub use command::modeseek;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A scenario whose texts would break a page that does not escape them.
pub const SMALL: &str = r#"id = "small"
title = "<script>alert(1)</script> & \"small\" π_ref"
see = "What `passes` does, <b>if</b> anything."
[problem.bumps]
reward = "R1"
[policy.tabular]
[schedule]
data = "on-policy"
samples_per_round = 100
responses_per_prompt = 10
minibatch = 100
steps = 12
[optimizer.adam]
learning_rate = 0.3
[seeds]
count = 6
[[method]]
name = "best-of-n"
objective.best-of-n = {}
[[method]]
name = "on-policy ipo"
objective.ipo = { target_margin = 10.0 }
optimizer.adam.learning_rate = 0.1
[sweep]
"problem.bumps.reward" = ["R1", "R2"]
[[claim]]
id = "S.1"
says = "Best-of-N <i>ends</i> above IPO on R1"
expected = "holds"
metric = "gold_reward"
better = { method = "best-of-n" }
worse = { method = "on-policy ipo" }
where = { "problem.bumps.reward" = "R1" }
margin = 0.02
[[claim]]
id = "S.2"
says = "IPO ends above Best-of-N on R1"
expected = "holds"
metric = "gold_reward"
better = { method = "on-policy ipo" }
worse = { method = "best-of-n" }
where = { "problem.bumps.reward" = "R1" }
margin = 0.02
why = "It is the first claim, turned round."
"#;

/// Standard output of a command that succeeds.
pub fn works(folder: &Path, arguments: &[&str]) -> String {
    let output = modeseek(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

/// A folder with `small.toml`, its runs and those of the shipped `bandit-reference`.
pub static FINISHED: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("temporary folder").keep();
    std::fs::write(folder.join("small.toml"), SMALL).expect("written");
    works(&folder, &["run", "small.toml", "bandit-reference"]);
    folder
});

/// The page of `small.toml`.
pub static PAGE: LazyLock<String> = LazyLock::new(|| {
    works(&FINISHED, &["report", "small.toml", "--out", "small.html"]);
    std::fs::read_to_string(FINISHED.join("small.html")).expect("the page")
});

/// An element's name and attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Elements that have no end.
const VOID: [&str; 4] = ["meta", "link", "input", "br"];
/// Elements whose content is no markup.
const RAW: [&str; 2] = ["script", "style"];

/// Every element of a page, and what is wrong with how they are closed.
pub fn elements(html: &str) -> (Vec<Tag>, Vec<String>) {
    let (mut tags, mut open, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = html.split_once('>').expect("a doctype").1;
    while let Some((_, after)) = rest.split_once('<') {
        let (inside, next) = cut(after);
        rest = next;
        if let Some(closed) = inside.strip_prefix('/') {
            match open.pop() {
                Some(last) if last == closed => {}
                other => faults.push(format!("</{closed}> closes {other:?}")),
            }
            continue;
        }
        let tag = tag(inside.trim_end_matches('/'));
        if RAW.contains(&tag.name.as_str()) {
            let end = format!("</{}>", tag.name);
            rest = rest.split_once(&end).map_or("", |(_, after)| after);
        } else if !VOID.contains(&tag.name.as_str()) && !inside.ends_with('/') {
            open.push(tag.name.clone());
        }
        tags.push(tag);
    }
    faults.extend(open.into_iter().map(|name| format!("<{name}> is never closed")));
    (tags, faults)
}

/// What stands before the `>` that is in no quotes, and after it.
fn cut(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

fn tag(inside: &str) -> Tag {
    let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let mut attributes = Vec::new();
    while let Some((key, after)) = rest.split_once("=\"") {
        let Some((value, next)) = after.split_once('"') else { break };
        let bare = key.split_whitespace().last().unwrap_or_default();
        attributes.push((bare.to_owned(), value.to_owned()));
        rest = next;
    }
    Tag { name: name.to_owned(), attributes }
}

/// What a reader sees: the text without markup, entities resolved.
pub fn text(html: &str) -> String {
    let (mut out, mut rest) = (String::new(), html);
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let (inside, next) = cut(after);
        let apart = ["/td", "/th", "/tr", "/li", "/p", "/dt", "/dd", "/caption"];
        out.push_str(if apart.contains(&inside) { " " } else { "" });
        rest = next;
    }
    out.push_str(rest);
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&amp;", "&"),
    ];
    let out = entities.iter().fold(out, |text, (entity, c)| text.replace(entity, c));
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The part of a page from the element with an id to the next element of the same name.
pub fn part<'a>(html: &'a str, opening: &str, closing: &str) -> &'a str {
    let start = html.find(opening).unwrap_or_else(|| panic!("no {opening}"));
    &html[start..start + html[start..].find(closing).expect("an end")]
}

/// What a page breaks of the rules that hold for every page.
pub fn breaches(html: &str) -> Vec<String> {
    let (tags, mut faults) = elements(html);
    let mut ids = BTreeSet::new();
    for id in tags.iter().filter_map(|tag| tag.get("id")) {
        if !ids.insert(id) {
            faults.push(format!("two elements have the id {id}"));
        }
    }
    for tag in &tags {
        for (key, value) in &tag.attributes {
            let is_reference = ["for", "aria-labelledby"].contains(&key.as_str());
            let target = if is_reference { Some(value.as_str()) } else { value.strip_prefix('#') };
            match target.filter(|_| is_reference || key == "href") {
                Some(id) if !ids.contains(id) => faults.push(format!("no element has the id {id}")),
                _ => {}
            }
            let fetches = ["src", "srcset", "action", "data", "poster"].contains(&key.as_str())
                || (tag.name == "link" && key == "href" && value != "data:,")
                || (key == "href" && !value.starts_with(['#', 'd']) && !is_citation(value))
                || value.contains("url(");
            if fetches {
                faults.push(format!("<{}> fetches {key}={value}", tag.name));
            }
        }
    }
    let styles = html.matches("@import").count() + html.matches("url(").count();
    if styles > 0 {
        faults.push(format!("{styles} requests of the styles"));
    }
    faults
}

/// Links that a reader may follow.
fn is_citation(value: &str) -> bool {
    value.starts_with("https://arxiv.org/") || value.starts_with("https://doi.org/")
}
