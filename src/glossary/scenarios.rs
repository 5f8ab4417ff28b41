//! The shipped scenarios and the figures that they make.

use super::claims::{ranges, specs};
use super::entry::{Entry, Kind};
use super::shipped::{Library, blocks};
use toml::{Table, Value};

/// Every shipped scenario; the figure is another name of it.
pub(super) fn entries(library: &Library) -> Vec<Entry> {
    library.files().iter().map(|(id, scenario)| entry(id, scenario)).collect()
}

fn entry(id: &str, scenario: &Table) -> Entry {
    let text = |key: &str| scenario.get(key).and_then(Value::as_str).unwrap_or("");
    let claims = specs(scenario);
    let ids: Vec<&str> = claims.iter().map(|claim| claim.id.as_str()).collect();
    let figure = text("figure");
    let also = scenario.get("also").and_then(Value::as_array);
    let others = also.into_iter().flatten().filter_map(Value::as_str);
    let names = std::iter::once(figure).chain(others);
    Entry::new(Kind::Scenario, id)
        .also(names.filter(|name| !name.is_empty() && *name != id))
        .with("What", text("title"))
        .with("Question", text("question"))
        .with("To see", text("see"))
        .with("Methods", methods(scenario))
        .with("Sweep", sweep(scenario))
        .with("Seeds", seeds(scenario))
        .with("Claims", ranges(&ids))
        .with("Figure", if figure.is_empty() { String::new() } else { drawn(figure) })
        .with("See", place(id, scenario))
}

/// The names of the methods, some of which have commas.
fn methods(scenario: &Table) -> String {
    let names = blocks(scenario, "method").filter_map(|m| m.get("name")?.as_str());
    names.collect::<Vec<_>>().join("; ")
}

/// The swept keys with their values.
fn sweep(scenario: &Table) -> String {
    let swept = scenario.get("sweep").and_then(Value::as_table);
    let lines = swept.into_iter().flatten().map(|(key, values)| format!("{key} = {values}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// How many seeds run, and for how long.
fn seeds(scenario: &Table) -> String {
    let count = scenario.get("seeds").and_then(|seeds| seeds.get("count")?.as_integer());
    let count = count.map_or(String::new(), |count| format!("{count}"));
    match scenario.get("expected_seconds") {
        Some(seconds) => format!("{count}; some {seconds} s in all on two cores"),
        None => count,
    }
}

fn drawn(figure: &str) -> String {
    format!("{figure}: figures/{figure}.svg")
}

/// How it is run, and what it prints.
fn place(id: &str, scenario: &Table) -> String {
    let tier = scenario.get("tier").and_then(Value::as_str).unwrap_or("user");
    format!(
        "modeseek reproduce {id} runs, draws and judges it (tier {tier}); modeseek check {id} prints \
         its cells"
    )
}
