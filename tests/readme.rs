//! What the README promises is what the program holds.

use modeseek::scenario::{Scenario, Source, Tier, shipped};

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

/// `holds (18.1, 18.2), reversed (18.4)`: each verdict of the table across tiers is that of its claims.
#[test]
fn the_table_across_tiers_holds_the_committed_verdicts() {
    let mut verdicts = std::collections::BTreeMap::new();
    for file in shipped() {
        let scenario = Scenario::load(&Source::of(file.id()), &[], None).expect("shipped");
        verdicts.extend(scenario.claims.into_iter().map(|c| (c.id, c.expected.to_string())));
    }
    let rows = between(README, "| finding of the paper | paper |", "\n\n").lines().skip(2);
    let mut checked = 0;
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").collect();
        assert_eq!(cells.len(), 6, "{row}");
        for said in cells[2..5].iter().flat_map(|cell| cell.split_inclusive(')')) {
            let Some((verdict, ids)) = said.split_once('(') else { continue };
            for id in ids.trim_end_matches(')').split(", ") {
                let verdict = verdict.trim_start_matches(", ").trim();
                assert_eq!(verdicts.get(id).map(String::as_str), Some(verdict), "claim {id}");
                checked += 1;
            }
        }
    }
    assert!(checked > 40, "{checked}");
}

/// How many claims there are, and how many have which verdict, as the README says.
#[test]
fn the_number_of_claims_and_verdicts_is_the_one_that_is_told() {
    let mut counts = std::collections::BTreeMap::new();
    for file in shipped() {
        let scenario = Scenario::load(&Source::of(file.id()), &[], None).expect("shipped");
        if scenario.tier == Tier::Lesson {
            continue; // lessons repeat findings
        }
        for claim in scenario.claims {
            *counts.entry(claim.expected.to_string()).or_insert(0) += 1;
        }
    }
    let all: usize = counts.values().sum();
    let told = format!(
        "There are {all} of them, {} hold, {} are reversed, {} show no difference and {} are \
         inconclusive",
        counts["holds"], counts["reversed"], counts["no difference"], counts["inconclusive"]
    );
    let prose = README.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(prose.contains(&told), "{told}");
}

/// The part of a scenario about lengths, with a file of the reader's and what else a scenario needs.
#[test]
fn the_example_of_lengths_resolves_with_a_file_of_ones_own() {
    let example = between(README, "### Lengths of your own", "`modeseek explain policy.stop`");
    let example = between(example, "```toml\n", "```");
    let folder = tempfile::tempdir().expect("temporary folder");
    let rows = "{\"chosen\": \"one two three\"}\n{\"chosen\": \"one two three four five\"}\n";
    std::fs::write(folder.path().join("my-preferences.jsonl"), rows).expect("written");
    let text = format!(
        "id = \"mine\"\ntitle = \"mine\"\n{example}\n[schedule]\nsteps = 10\n\
         [optimizer.adam]\nlearning_rate = 0.1\n[[method]]\nname = \"ppo\"\nobjective.ppo = {{}}\n"
    );
    let scenario = Scenario::parse("mine.toml", &text, Some(folder.path()), &[], None);
    assert_eq!(scenario.unwrap_or_else(|error| panic!("{error}")).cells.len(), 1);
}
