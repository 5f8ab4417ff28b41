//! Objectives: their doc comments, and their rows of Table 1.

use super::entry::{Entry, Kind};
use super::source::{headed, item, pascal_case};
use crate::objective::{Row, Signal, TABLE_1};

/// Other names of objectives.
const ALIASES: [(&str, &[&str]); 6] = [
    ("grpo", &["group relative policy optimisation", "Dr. GRPO"]),
    ("reinforce", &["RLOO", "policy gradient method"]),
    ("dpo", &["conservative DPO"]),
    ("hinge", &["RSO"]),
    ("rwr", &["reward-weighted regression"]),
    ("best-of-n", &["bofn"]),
];

/// The objectives whose numbers `modeseek loss` gives for log-probabilities in a CSV file.
pub const BY_HAND: [&str; 9] =
    ["dpo", "ipo", "hinge", "pref-ft", "best-of-n", "rwr", "reinforce", "ppo", "unlikelihood"];

/// What the loss of one term is counted in.
const UNITS: [(&str, &str); 14] = [
    ("sft", "nats"),
    ("pref-ft", "nats"),
    ("binary-feedme", "nats"),
    ("best-of-n", "nats"),
    ("rwr", "nats × weight"),
    ("reinforce", "reward units × nats"),
    ("ppo", "reward units (times the ratio π/π_old)"),
    ("grpo", "none with deviation, else reward units (times the ratio π/π_old)"),
    ("dpo", "nats of the label's likelihood"),
    ("ipo", "nats²"),
    ("hinge", "none: shares of the margin 1/β"),
    ("unlikelihood", "nats"),
    ("forward-kl", "nats"),
    ("reverse-kl", "nats"),
];

/// Every objective, in the order in which Table 1 first names it.
pub(super) fn entries() -> Vec<Entry> {
    let mut names: Vec<&str> = Vec::new();
    for row in &TABLE_1 {
        if !names.contains(&row.objective) {
            names.push(row.objective);
        }
    }
    names.into_iter().map(objective).collect()
}

/// A paragraph of an objective's doc comment.
pub(super) fn paragraph(name: &str, heading: &str) -> String {
    let text = item(&pascal_case(name)).map_or(String::new(), |item| headed(&item.doc, heading));
    if heading == "Source" { text.trim_end_matches('.').to_owned() } else { text }
}

fn objective(name: &str) -> Entry {
    let rows: Vec<&Row> = TABLE_1.iter().filter(|row| row.objective == name).collect();
    let approaches = rows.iter().flat_map(|row| parts(row.approach));
    let aliases = ALIASES.iter().filter(|(own, _)| *own == name).flat_map(|(_, names)| *names);
    let also = approaches.chain(aliases.map(|alias| (*alias).to_owned()));
    let also = also.chain([format!("objective.{name}")]).filter(|other| other != name);
    let of = |heading| paragraph(name, heading);
    let unit = UNITS.iter().find(|(own, _)| *own == name).map_or("", |(_, unit)| unit);
    Entry::new(Kind::Objective, name)
        .also(also)
        .with("What", of(""))
        .with("Formula", of("Formula"))
        .with("Where", of("where"))
        .with("Gradient", of("Gradient"))
        .with("Unit", unit)
        .with("Read", of("Reading"))
        .with("Wrong", of("Wrong"))
        .with("Table 1", rows.into_iter().map(described).collect::<Vec<_>>().join("\n"))
        .with("Keys", parameters(name))
        .with("Set", place(name))
        .with("Numerics", of("Numerics"))
        .with("Departs", of("Deviations").trim_start_matches("none."))
        .with("Source", of("Source"))
}

/// `ReST, on-policy Best-of-N` are two names, and so are `hinge (SLiC)`.
fn parts(approach: &str) -> Vec<String> {
    let names = approach.split([',', '(', ')']).map(str::trim).filter(|name| !name.is_empty());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.dedup();
    names
}

/// A row of Table 1 in words.
fn described(row: &Row) -> String {
    let yes = |holds: bool| if holds { "yes" } else { "no" };
    let reuse = row.reuse.map_or("–", yes);
    let signal = match row.signal {
        Signal::Unread => "unread",
        Signal::Ordinal => "ordinal",
        Signal::Cardinal => "cardinal",
    };
    format!(
        "{}: on-policy {}, sample reuse {reuse}, negative gradient {}; {signal} ({})",
        row.approach,
        yes(row.on_policy),
        yes(row.negative_gradient),
        if row.in_paper { "the paper's row" } else { "ours" },
    )
}

/// The keys of an objective with what they mean.
fn parameters(name: &str) -> String {
    let spec = item(&format!("{}Spec", pascal_case(name)));
    let members = spec.map_or(Vec::new(), |spec| spec.members);
    let lines = members.into_iter().map(|member| format!("{}: {}", member.name, member.doc));
    lines.collect::<Vec<_>>().join("\n")
}

/// How it is chosen, and how its numbers are checked by hand.
fn place(name: &str) -> String {
    let written = format!("objective.{name} = {{ … }} below a [[method]] of a scenario");
    match BY_HAND.contains(&name) {
        true => format!("{written}; by hand: modeseek loss {name} FILE.csv"),
        false => written,
    }
}
