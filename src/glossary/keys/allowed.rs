//! What may be given for a key: what its type reads, and what the gate behind it lets through.

use crate::glossary::source::{Item, Member, item};
use crate::learner::{Optimizer, OptimizerSpec, Schedule, ScheduleSpec};
use crate::objective::ObjectiveSpec;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// The type in the angle brackets, if any, of an optional or repeated one.
fn inner(kind: &str) -> &str {
    let inside = kind.strip_prefix("Option<").or_else(|| kind.strip_prefix("Vec<"));
    inside.and_then(|inside| inside.strip_suffix('>')).unwrap_or(kind)
}

/// The type of a key, if it is an enum of this program that serde reads.
fn own_type(member: &Member) -> Option<Item> {
    item(inner(&member.kind)).filter(|item| item.is_enum && item.attributes.contains("Deserialize"))
}

/// The words that are values of a key.
pub(super) fn words(member: &Member) -> Vec<Member> {
    let own = own_type(member).filter(|item| !item.attributes.contains("untagged"));
    own.map_or(Vec::new(), |item| item.members)
}

/// What may be given; a note about the key comes first.
pub(super) fn allowed(prefix: &str, member: &Member, note: &str) -> String {
    if !note.is_empty() {
        return note.to_owned();
    }
    let own = own_type(member).map_or(String::new(), |item| item.attributes);
    let expecting = own.split_once("expecting = \"").and_then(|(_, rest)| rest.split_once("\")"));
    if let Some((text, _)) = expecting {
        return text.replace("\\\"", "\"");
    }
    let lines = words(member).into_iter().map(|word| format!("{}: {}", word.name, word.doc));
    let lines = lines.collect::<Vec<_>>().join("\n");
    if !lines.is_empty() {
        return lines;
    }
    gate(prefix, &member.name).unwrap_or_else(|| of_type(&member.kind).to_owned())
}

/// What a type reads, in words.
fn of_type(kind: &str) -> &'static str {
    match (inner(kind), kind.starts_with("Vec<")) {
        ("String", true) => "a list of texts",
        ("String", false) => "a text",
        ("usize" | "u64", true) => "a list of whole numbers, 0 or above",
        ("usize" | "u64", false) => "a whole number, 0 or above",
        ("f64" | "f32", _) => {
            "a finite number; `modeseek check` names the range where there is one"
        }
        ("[f64; 2]", _) => "a list of two numbers",
        ("bool", _) => "true or false",
        ("Selector", _) => "a table: `method` or a swept key → its value, or a list of values",
        ("std::path::PathBuf" | "PathBuf", _) => "a path, relative to the scenario file",
        _ => "a table",
    }
}

/// What the gate behind a number says when it is given one that is none, or a count of 0.
fn gate(prefix: &str, key: &str) -> Option<String> {
    let (top, variant) = prefix.split_once('.').unwrap_or((prefix, ""));
    match top {
        "objective" => {
            let spec: ObjectiveSpec = spoilt(variant, key, "")?;
            spec.build().err().filter(|error| error.key == key).map(|e| e.allowed.to_owned())
        }
        "optimizer" => {
            let spec: OptimizerSpec = spoilt(variant, key, "learning_rate = 1")?;
            Optimizer::new(&spec).err().filter(|error| error.key == key).map(|e| e.allowed.into())
        }
        "schedule" => {
            let required = if key == "steps" { "" } else { "steps = 1\n" };
            let read = |zero| toml::from_str(&format!("{required}{key} = {zero}")).ok();
            let spec: ScheduleSpec = read("0").or_else(|| read("nan"))?;
            Schedule::new(&spec).err().filter(|error| error.key == key).map(|e| e.allowed)
        }
        _ => None,
    }
}

/// A choice with one key that is not a number.
fn spoilt<T: DeserializeOwned>(variant: &str, key: &str, required: &str) -> Option<T> {
    let mut keys: Table = toml::from_str(required).ok()?;
    keys.insert(key.to_owned(), Value::Float(f64::NAN));
    Table::from_iter([(variant.to_owned(), Value::Table(keys))]).try_into().ok()
}
