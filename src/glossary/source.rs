//! Doc comments of the program, read from its own source text.
//!
//! A key of a scenario is the field of a type, and its doc comment says what it means; an
//! objective's doc comment holds its formula. Reading them here instead of writing them again keeps
//! `explain` and the code at one.

/// The files whose types are explained.
const SOURCES: [&str; 40] = [
    include_str!("../objective/advantage.rs"),
    include_str!("../objective/best_of_n.rs"),
    include_str!("../objective/binary_feedme.rs"),
    include_str!("../objective/critic.rs"),
    include_str!("../objective/divergence.rs"),
    include_str!("../objective/dpo.rs"),
    include_str!("../objective/grpo.rs"),
    include_str!("../objective/hinge.rs"),
    include_str!("../objective/ipo.rs"),
    include_str!("../objective/kl.rs"),
    include_str!("../objective/ppo.rs"),
    include_str!("../objective/pref_ft.rs"),
    include_str!("../objective/reinforce.rs"),
    include_str!("../objective/rwr.rs"),
    include_str!("../objective/sft.rs"),
    include_str!("../objective/spec.rs"),
    include_str!("../objective/table.rs"),
    include_str!("../objective/unlikelihood.rs"),
    include_str!("../learner/data.rs"),
    include_str!("../learner/spec.rs"),
    include_str!("../policy/language.rs"),
    include_str!("../policy/mod.rs"),
    include_str!("../policy/mlp.rs"),
    include_str!("../policy/stop.rs"),
    include_str!("../policy/unimodal.rs"),
    include_str!("../preference/features.rs"),
    include_str!("../preference/labels.rs"),
    include_str!("../preference/pairs.rs"),
    include_str!("../preference/reward_model.rs"),
    include_str!("../problem/language.rs"),
    include_str!("../problem/length/spec.rs"),
    include_str!("../problem/examples.rs"),
    include_str!("../problem/spec.rs"),
    include_str!("../scenario/claim.rs"),
    include_str!("../scenario/experiment.rs"),
    include_str!("../scenario/factor.rs"),
    include_str!("../scenario/header.rs"),
    include_str!("../scenario/mod.rs"),
    include_str!("../scenario/panel.rs"),
    include_str!("../scenario/published.rs"),
];

/// A struct or an enum.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Item {
    /// Its doc comment, line by line.
    pub doc: Vec<String>,
    /// Its attributes.
    pub attributes: String,
    /// Whether it is an enum.
    pub is_enum: bool,
    /// Its fields or variants.
    pub members: Vec<Member>,
}

/// A field or a variant.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Member {
    /// Its name as serde writes it.
    pub name: String,
    /// Its type; of a variant nothing.
    pub kind: String,
    /// Its doc comment above all headings, in one line.
    pub doc: String,
    /// What stands under `*Reading*`: how a value is read.
    pub reading: String,
    /// What stands under `*Wrong*`: what it looks like when it goes wrong.
    pub wrong: String,
}

/// The public type of this name in the program's source.
pub(super) fn item(name: &str) -> Option<Item> {
    let declared = [format!("pub struct {name}"), format!("pub enum {name}")];
    let holds = |text: &&&str| declared.iter().any(|line| text.contains(line));
    SOURCES.iter().filter(holds).find_map(|text| parse(text, name))
}

/// The public type of this name in a source text.
fn parse(text: &str, name: &str) -> Option<Item> {
    let mut lines = text.lines();
    let mut above = Above::default();
    let (is_enum, head) = loop {
        let line = lines.next()?;
        let declared = |word: &str| {
            let rest = line.strip_prefix("pub ")?.strip_prefix(word)?.strip_prefix(name)?;
            (!rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')).then_some(rest)
        };
        match (declared("struct "), declared("enum ")) {
            (Some(head), _) => break (false, head),
            (_, Some(head)) => break (true, head),
            _ => above.take(line),
        }
    };
    let mut found =
        Item { doc: above.doc, attributes: above.attributes, is_enum, members: Vec::new() };
    if head.ends_with('{') {
        found.members = members(lines.take_while(|line| *line != "}"), &found);
    }
    Some(found)
}

/// The fields or variants between the braces of a type.
fn members<'a>(lines: impl Iterator<Item = &'a str>, item: &Item) -> Vec<Member> {
    let kebab = item.attributes.contains("rename_all = \"kebab-case\"");
    let (mut members, mut above) = (Vec::new(), Above::default());
    for line in lines {
        let declaration = line.trim_start().trim_start_matches("pub ");
        let end = declaration.find(|c: char| !c.is_alphanumeric() && c != '_');
        let (word, rest) = declaration.split_at(end.unwrap_or(declaration.len()));
        if word.is_empty() || above.is_open() {
            above.take(line);
            continue;
        }
        let renamed = above.attributes.split("rename = \"").nth(1);
        let renamed = renamed.and_then(|rest| rest.split('"').next());
        let name = match renamed {
            Some(renamed) => renamed.to_owned(),
            None if item.is_enum && kebab => kebab_case(word),
            None => word.trim_end_matches('_').to_owned(),
        };
        let kind = rest.strip_prefix(": ").unwrap_or("").trim_end_matches(',').to_owned();
        let [doc, reading, wrong] = ["", "Reading", "Wrong"].map(|of| headed(&above.doc, of));
        members.push(Member { name, kind, doc, reading, wrong });
        above = Above::default();
    }
    members
}

/// The doc comment and the attributes read so far.
#[derive(Default)]
struct Above {
    doc: Vec<String>,
    attributes: String,
    /// Attributes that began and have not ended.
    depth: i32,
}

impl Above {
    /// Whether an attribute goes on in the next line.
    fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// Reads a line above a declaration; any other line begins anew.
    fn take(&mut self, line: &str) {
        let line = line.trim();
        if self.is_open() || line.starts_with("#[") {
            self.attributes.push_str(line);
            let count = |c| line.matches(c).count() as i32;
            self.depth += count('[') - count(']');
        } else if let Some(doc) = line.strip_prefix("///") {
            self.doc.push(plain(doc.strip_prefix(' ').unwrap_or(doc)));
        } else {
            *self = Above::default();
        }
    }
}

/// A line of a doc comment without its links.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, link)) = rest.split_once("[`") {
        let Some((name, after)) = link.split_once("`]") else { break };
        text.push_str(before);
        text.push_str(&format!("`{name}`"));
        let target = after.strip_prefix('(').and_then(|inside| inside.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
    }
    text + rest
}

/// `BestOfN` → `best-of-n`.
pub(super) fn kebab_case(word: &str) -> String {
    let mut kebab = String::new();
    for c in word.chars() {
        if c.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(c.to_lowercase());
    }
    kebab
}

/// `best-of-n` → `BestOfN`.
pub(super) fn pascal_case(name: &str) -> String {
    let capital = |part: &str| {
        let mut chars = part.chars();
        chars.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>())
            + chars.as_str()
    };
    name.split('-').map(capital).collect()
}

/// The paragraph of a doc comment under a heading such as `*Gradient*`; the empty heading means what
/// stands above all headings.
pub(super) fn headed(doc: &[String], heading: &str) -> String {
    let (mut text, mut wanted, mut is_code) = (String::new(), heading.is_empty(), false);
    for line in doc {
        if line.starts_with("```") {
            is_code = !is_code;
            continue;
        }
        let (mut line, opens) = (line.as_str(), line.strip_prefix('*'));
        if let Some((word, rest)) = opens.and_then(|opened| opened.split_once('*')) {
            wanted = word == heading;
            line = rest.trim_start_matches([' ', ':']);
        }
        if wanted && !line.is_empty() {
            text.push_str(line);
            text.push(if is_code { '\n' } else { ' ' });
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
/// A choice of [`Thing`](super::Thing)s.
///
/// *Formula*
/// ```text
/// a = b
/// c = d
/// ```
/// *where* b is
/// two. *Gradient* is no heading here.
#[derive(
    Debug, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The first.
    #[default]
    BestOfN,
    /// The second,
    /// in two lines.
    #[serde(rename = "R1")]
    Other(Inner),
}

/// Not this one.
pub struct ChoiceOther;

/// Fields.
pub struct Inner {
    /// A number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// A place.
    ///
    /// *Reading* Here
    /// or there.
    pub where_: String,
}
"#;

    #[test]
    fn variants_have_their_written_names_and_docs() {
        let choice = parse(TEXT, "Choice").expect("there");
        let member = |name: &str, doc: &str| (name.to_owned(), doc.to_owned());
        let found: Vec<_> = choice.members.into_iter().map(|m| (m.name, m.doc)).collect();
        assert_eq!(
            found,
            [member("best-of-n", "The first."), member("R1", "The second, in two lines.")]
        );
        assert!(choice.is_enum && choice.attributes.contains("Deserialize"));
    }

    #[test]
    fn fields_have_their_types() {
        let inner = parse(TEXT, "Inner").expect("there");
        let found: Vec<_> = inner.members.into_iter().map(|m| (m.name, m.kind)).collect();
        let field = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
        assert_eq!(found, [field("count", "Option<usize>"), field("where", "String")]);
        let place = &parse(TEXT, "Inner").expect("there").members[1];
        assert_eq!((place.doc.as_str(), place.reading.as_str()), ("A place.", "Here or there."));
        assert_eq!(parse(TEXT, "Choi"), None);
        assert_eq!(parse(TEXT, "ChoiceOther").expect("there").doc, ["Not this one."]);
    }

    #[test]
    fn headings_part_a_doc_comment() {
        let doc = parse(TEXT, "Choice").expect("there").doc;
        assert_eq!(headed(&doc, ""), "A choice of `Thing`s.");
        assert_eq!(headed(&doc, "Formula"), "a = b\nc = d");
        assert_eq!(headed(&doc, "where"), "b is two. *Gradient* is no heading here.");
        assert_eq!(headed(&doc, "Source"), "");
    }

    #[test]
    fn names_go_from_one_case_to_the_other() {
        for (pascal, kebab) in [("BestOfN", "best-of-n"), ("Dpo", "dpo"), ("PrefFt", "pref-ft")] {
            assert_eq!((kebab_case(pascal), pascal_case(kebab)), (kebab.into(), pascal.into()));
        }
    }
}
