//! What the README promises is what the program holds.

use modeseek::scenario::{Scenario, Source, shipped};

const README: &str = include_str!("../README.md");

/// The text between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap_or_else(|| panic!("no {from}")) + from.len();
    &text[start..start + text[start..].find(to).expect("an end")]
}

#[test]
fn the_worked_example_resolves_to_the_cells_that_are_shown() {
    let example = between(README, "```toml\n", "```");
    let scenario = Scenario::parse("my-first.toml", example, None, &[], None)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scenario.cells.len(), 4);
    for cell in &scenario.cells {
        let line = format!("  {}  {}", cell.name, cell.method);
        assert!(README.contains(&line), "the README does not show {line:?}");
    }
}

/// Each row of the table of findings says what its claim says, and the verdict committed with it.
#[test]
fn the_table_of_findings_holds_the_committed_verdicts() {
    let mut claims = Vec::new();
    for file in shipped() {
        let scenario = Scenario::load(&Source::of(file.id()), &[], None).expect("shipped");
        claims.extend(scenario.claims.into_iter().map(|claim| (file.id(), claim)));
    }
    let rows = between(README, "| claim | finding |", "\n\n").lines().skip(2);
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(" | ").map(str::trim).collect()).collect();
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in rows {
        let id = row[0].trim_start_matches("| ");
        let found = claims.iter().find(|(_, claim)| claim.id == id);
        let (scenario, claim) = found.unwrap_or_else(|| panic!("no claim {id}"));
        assert_eq!(row[1], claim.says, "claim {id}");
        assert_eq!(row[3], format!("`{scenario}`"), "claim {id}");
        let verdict = row[6].trim_end_matches(" |").trim_matches('*');
        assert_eq!(verdict, claim.expected.to_string(), "claim {id}");
    }
}
