//! Claims of the shipped scenarios: what is compared, and how a result is read.

use super::entry::{Entry, Kind};
use super::shipped::{Library, blocks};
use super::source::{Member, item};
use crate::scenario::{ClaimSpec, Selector, written};
use toml::{Table, Value};

/// The label of the paragraph that names a claim's scenario.
const SCENARIO: &str = "Scenario";

/// What the claims of a scenario are explained with.
struct Setting<'a> {
    id: &'a str,
    scenario: &'a Table,
    /// The entries of all metrics, which give the units.
    metrics: &'a [Entry],
    /// The verdicts and what they mean.
    verdicts: &'a [Member],
}

/// Every claim, in the order of the scenarios.
pub(super) fn entries(library: &Library, metrics: &[Entry]) -> Vec<Entry> {
    let verdicts = item("Verdict").map_or(Vec::new(), |item| item.members);
    let of_scenario = |(id, scenario): &(&'static str, Table)| -> Vec<Entry> {
        let setting = Setting { id, scenario, metrics, verdicts: &verdicts };
        specs(scenario).iter().map(|claim| setting.entry(claim)).collect()
    };
    library.files().iter().flat_map(of_scenario).collect()
}

/// The claims of a scenario; one that cannot be read is a fault that a test finds.
pub(super) fn specs(scenario: &Table) -> Vec<ClaimSpec> {
    blocks(scenario, "claim").filter_map(|block| block.clone().try_into().ok()).collect()
}

impl Setting<'_> {
    fn entry(&self, claim: &ClaimSpec) -> Entry {
        let (unit, is_speed) = match (claim.steps_to, claim.queries_to) {
            (Some(_), _) => ("optimizer steps", true),
            (_, Some(_)) => ("queries", true),
            _ => (self.unit(&claim.metric), false),
        };
        let late = "A run that never reaches the level counts with its whole length, so that the \
                    effect is a lower bound in size.";
        Entry::new(Kind::Claim, &claim.id)
            .with("What", &claim.says)
            .with("Compared", compared(claim))
            .with("Formula", formula(claim, is_speed))
            .with("Margin", format!("±{} {unit}", claim.margin))
            .with("Expected", self.expected(claim))
            .with("Why", claim.why.as_deref().unwrap_or(""))
            .with("Read", reading(claim.margin))
            .with("Wrong", if is_speed { late } else { "" })
            .with("Settings", settings(&claim.across))
            .with("Figure", self.text("figure"))
            .with(SCENARIO, self.id)
            .with("See", self.place())
    }

    /// A text at the top of the scenario.
    fn text(&self, key: &str) -> &str {
        self.scenario.get(key).and_then(Value::as_str).unwrap_or("")
    }

    /// What a metric is counted in.
    fn unit(&self, metric: &str) -> &str {
        let entry = self.metrics.iter().find(|entry| entry.name == metric);
        entry.and_then(|entry| entry.text("Unit")).unwrap_or("")
    }

    /// The committed verdict, with what it means.
    fn expected(&self, claim: &ClaimSpec) -> String {
        let verdict = claim.expected.to_string();
        let own = self.verdicts.iter().find(|v| v.name == verdict.replace(' ', "-"));
        format!("{verdict}: {}", own.map_or("", |member| member.doc.as_str()))
    }

    /// Where it is judged, and where what was found is written down.
    fn place(&self) -> String {
        let (id, is_phase) = (self.id, self.text("tier") == "phase");
        let table = if is_phase { "figures/claims-phase.md" } else { "figures/claims.md" };
        format!("modeseek claims {id}, after modeseek run {id}; what was found: {table}")
    }
}

/// What is read off each run, and which cells are compared.
fn compared(claim: &ClaimSpec) -> String {
    let side = |name: &str, cells: Option<&Selector>| {
        let cells = cells.filter(|cells| !cells.is_empty())?;
        let keys = cells.iter().map(|(key, value)| format!("{key} = {}", written(value)));
        Some(format!("{name}: {}", keys.collect::<Vec<_>>().join(", ")))
    };
    let lines = [
        Some(claim.reading().words(&claim.metric)),
        side("better", Some(&claim.better)),
        side("worse", Some(&claim.worse)),
        claim.above.map(|level| format!("above: {level}")),
        claim.below.map(|level| format!("below: {level}")),
        side("both", Some(&claim.where_)),
        side("second pair, better", claim.minus_better.as_ref()),
        side("second pair, worse", claim.minus_worse.as_ref()),
        side("second pair, both", claim.minus_where.as_ref()),
    ];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn formula(claim: &ClaimSpec, is_speed: bool) -> String {
    let difference = if is_speed { "worse − better" } else { "better − worse" };
    if let Some((sign, level)) = claim.bound() {
        let difference =
            if sign > 0.0 { format!("better − {level}") } else { format!("{level} − better") };
        return format!("effect = mean over seeds of ({difference})");
    }
    match claim.has_second_pair() {
        true => {
            format!("effect = mean over seeds of [({difference}) − ({difference}, second pair)]")
        }
        false => format!("effect = mean over seeds of ({difference})"),
    }
}

fn reading(margin: f64) -> String {
    format!(
        "With its whole 95 % interval above +{margin} it holds, within ±{margin} there is no \
         difference, below −{margin} it is reversed; an interval that crosses one of them is \
         inconclusive."
    )
}

/// In which other settings it is counted.
fn settings(across: &[String]) -> String {
    if across.is_empty() {
        return String::new();
    }
    let said = across.iter().map(|key| match key.as_str() {
        "steps" => "after 1/4, 1/2 and all of the run".to_owned(),
        key => format!("at every value of {key}"),
    });
    let said: Vec<String> = said.collect();
    format!(
        "also counted {}: `N of M` is in how many of these settings it holds",
        said.join(" and ")
    )
}

/// The claims of each scenario as ranges: `4.1–4.4 (bandit-batch-size)`.
pub(super) fn by_scenario(claims: &[&Entry]) -> Vec<String> {
    let of = |entry: &Entry| entry.text(SCENARIO).unwrap_or("").to_owned();
    let scenarios = claims.chunk_by(|a, b| of(a) == of(b));
    let line = |own: &[&Entry]| {
        let ids: Vec<&str> = own.iter().map(|entry| entry.name.as_str()).collect();
        format!("{} ({})", ranges(&ids), of(own[0]))
    };
    scenarios.map(line).collect()
}

/// `4.1–4.3, 6.a` for 4.1, 4.2, 4.3 and 6.a.
pub(super) fn ranges(ids: &[&str]) -> String {
    let runs = ids.chunk_by(|before, after| follows(before, after));
    let run = |own: &[&str]| match own {
        [first, .., last] => format!("{first}–{last}"),
        [only] => (*only).to_owned(),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(", ")
}

/// Whether an id is the next one: `4.2` behind `4.1`, `6.b` behind `6.a`.
fn follows(before: &str, after: &str) -> bool {
    let (Some((group, last)), Some((next_group, next))) =
        (before.rsplit_once('.'), after.rsplit_once('.'))
    else {
        return false;
    };
    let number = |text: &str| match (text.parse::<u32>(), text.chars().next()) {
        (Ok(number), _) => Some(number),
        (Err(_), letter) => letter.filter(|_| text.len() == 1).map(u32::from),
    };
    group == next_group && number(last).map(|n| n + 1) == number(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_follow_each_other_are_a_range() {
        assert_eq!(ranges(&["10.1", "10.2", "11.1", "11.2"]), "10.1–10.2, 11.1–11.2");
        assert_eq!(ranges(&["6.d", "6.e", "6.f", "6.i"]), "6.d–6.f, 6.i");
        assert_eq!(ranges(&["12.9", "12.10", "mine"]), "12.9–12.10, mine");
        assert_eq!(ranges(&[]), "");
    }

    #[test]
    fn every_claim_of_the_files_can_be_read() {
        let library = Library::read();
        for (id, scenario) in library.files() {
            assert_eq!(specs(scenario).len(), blocks(scenario, "claim").count(), "{id}");
        }
    }
}
