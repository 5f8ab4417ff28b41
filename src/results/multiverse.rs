//! A claim in every setting that it is counted across.

use super::claims::{ClaimError, effects, verdict_on};
use super::measure::{Measure, Question};
use super::read::Run;
use super::statistics::{Estimate, mean_interval};
use crate::scenario::{Cell, ClaimSpec, NotOneCell, Sides, Verdict};
use crate::stream::Streams;
use std::collections::{BTreeMap, BTreeSet};

/// The key of `across` that stands for the first quarter, the first half and all of the run.
const STEPS: &str = "steps";
/// Its values, and how many quarters of the run they are.
const PARTS: [(&str, u64); 3] = [("1/4", 1), ("1/2", 2), ("1", 4)];

/// A claim in one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The keys of `across` with their values here; of `steps` 1/4, 1/2 or 1, the part of the run.
    pub keys: BTreeMap<String, String>,
    /// The verdict; none where a run failed or is missing, or where seeds are too few.
    pub verdict: Option<Verdict>,
    /// The effect with its interval, where there is a verdict.
    pub effect: Option<Estimate>,
    /// How many seeds it stands on.
    pub n: usize,
}

/// A claim asked in another setting.
#[derive(Clone)]
struct Variation {
    keys: BTreeMap<String, String>,
    sides: Sides,
    measure: Measure,
}

impl Variation {
    /// The same with one key at a value: on every side whose method has the key.
    fn at(&self, key: &str, value: &str) -> Variation {
        let mut varied = self.clone();
        varied.keys.insert(key.to_owned(), value.to_owned());
        match PARTS.iter().find(|(part, _)| key == STEPS && *part == value) {
            Some((_, quarters)) => varied.measure = self.measure.until(*quarters),
            None => varied.sides = self.sides.at(key, value),
        }
        varied
    }
}

/// The claim at every combination of the values of its `across` keys, the last key fastest.
///
/// A key takes its value on both sides of the claim where both methods have it, else on the one
/// that does. A combination that the scenario does not contain is left out.
pub fn multiverse(run: &Run, claim: &ClaimSpec) -> Result<Vec<Setting>, ClaimError> {
    let sides = Sides::of(claim);
    let measure = Measure::of(&Question::of_claim(claim))?;
    let mut variations = vec![Variation { keys: BTreeMap::new(), sides, measure }];
    for key in &claim.across {
        let values = values_of(run, claim, &variations[0].sides, key)?;
        let varied = variations.iter().flat_map(|v| values.iter().map(|value| v.at(key, value)));
        variations = varied.collect();
    }
    let cells = run.scenario.cells.iter();
    let seeds: BTreeSet<u64> = cells.flat_map(|cell| run.seeds(&cell.name)).collect();
    Ok(variations.into_iter().filter_map(|v| setting(run, claim, v, &seeds)).collect())
}

/// In how many of the settings of `across` a claim holds, of how many; none without `across`.
pub(super) fn share_of_settings(
    run: &Run,
    claim: &ClaimSpec,
) -> Result<Option<(usize, usize)>, ClaimError> {
    if claim.across.is_empty() {
        return Ok(None);
    }
    let settings = multiverse(run, claim)?;
    let held = settings.iter().filter(|s| s.verdict == Some(Verdict::Holds)).count();
    Ok(Some((held, settings.len())))
}

/// What the data say in one setting, if the scenario contains it; `seeds` are all that any cell has.
fn setting(
    run: &Run,
    claim: &ClaimSpec,
    Variation { keys, sides, measure }: Variation,
    seeds: &BTreeSet<u64>,
) -> Option<Setting> {
    let none = Setting { keys, verdict: None, effect: None, n: 0 };
    let is_whole = |cell: &&Cell| run.seeds(&cell.name) == *seeds;
    match sides.cells(&run.scenario.cells) {
        Err(NotOneCell::None { .. }) => return None,
        Ok(cells) if cells.iter().all(is_whole) => {}
        // One of its runs failed or is missing: the seeds that are left are not like the others.
        _ => return Some(none),
    }
    let Ok(found) = effects(run, claim, &sides, measure) else { return Some(none) };
    let effect = mean_interval(&found.values, Streams::new(0));
    let verdict = verdict_on(&found, &effect, claim.margin);
    Some(Setting { verdict, effect: verdict.map(|_| effect), n: found.values.len(), ..none })
}

fn values_of(
    run: &Run,
    claim: &ClaimSpec,
    sides: &Sides,
    key: &str,
) -> Result<Vec<String>, ClaimError> {
    let refuse = |problem: &str| ClaimError::Across {
        asker: Question::of_claim(claim).asker,
        key: key.to_owned(),
        problem: problem.to_owned(),
    };
    if key == STEPS {
        return Ok(PARTS.map(|(part, _)| part.to_owned()).to_vec());
    }
    if sides.differ_in(key) {
        return Err(refuse("but the claim compares its values; name another key"));
    }
    let swept = run.scenario.sweep.iter().find(|(swept, _)| swept == key);
    let keys: Vec<&str> = run.scenario.sweep.iter().map(|(key, _)| key.as_str()).collect();
    let unknown = format!("which is not swept; swept keys: steps, {}", keys.join(", "));
    swept.map(|(_, values)| values.clone()).ok_or_else(|| refuse(&unknown))
}
