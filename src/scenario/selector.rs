//! Which cells are meant.

use std::collections::BTreeMap;

/// Which cells are meant: `method` or a swept key → its value, or a list of values.
pub type Selector = BTreeMap<String, toml::Value>;

/// What a key of a selector says of a cell that does not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The cell is not meant.
    Refuses,
    /// Nothing: a strength that only some methods have leaves the others in.
    Passes,
}

/// Whether a method and its settings are among those that a selector means.
pub fn admits(
    selector: &Selector,
    method: &str,
    settings: &BTreeMap<String, String>,
    absent: Absent,
) -> bool {
    selector.iter().all(|(key, value)| match (key.as_str(), settings.get(key)) {
        ("method", _) => selects(value, method),
        (_, Some(text)) => selects(value, text),
        (_, None) => absent == Absent::Passes,
    })
}

/// Whether a value of a selector means the setting written `text`: as itself, or as one of a list.
pub fn selects(value: &toml::Value, text: &str) -> bool {
    let any = |list: &Vec<toml::Value>| list.iter().any(|one| same(&written(one), text));
    same(&written(value), text) || value.as_array().is_some_and(any)
}

/// A value as written in TOML, strings without their quotes: the values of `Cell::settings`.
pub fn written(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether two values are the same as text or as numbers (`1e-3` is `0.001`).
fn same(a: &str, b: &str) -> bool {
    let bare = |text: &str| text.replace([' ', '_'], "");
    let (bare_a, bare_b) = (bare(a), bare(b));
    match (bare_a.parse::<f64>(), bare_b.parse::<f64>()) {
        (Ok(x), Ok(y)) => x == y,
        _ => a == b || bare_a == bare_b && a.starts_with('['),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_as_numbers_where_they_are_numbers() {
        for (a, b, equal) in [
            ("1e-3", "0.001", true),
            ("1_000", "1000", true),
            ("100", "100.0", true),
            ("100", "1000", false),
            ("R1", "R1", true),
            ("R1", "R2", false),
            ("[64, 64]", "[64,64]", true),
            ("a b", "ab", false),
        ] {
            assert_eq!(same(a, b), equal, "{a} and {b}");
        }
    }

    #[test]
    fn a_key_that_a_cell_lacks_refuses_or_passes() {
        let selector = |text: &str| toml::from_str::<Selector>(text).expect("a selector");
        let settings = BTreeMap::from([("objective.beta".to_owned(), "0.1".to_owned())]);
        for (text, refuses, passes) in [
            ("method = \"dpo\"\n\"objective.beta\" = 1e-1", true, true),
            ("\"objective.beta\" = [0.01, 0.1]", true, true),
            ("\"objective.beta\" = 0.01", false, false),
            ("method = \"ppo\"", false, false),
            ("\"schedule.passes\" = 2", false, true),
        ] {
            let meant = |absent| admits(&selector(text), "dpo", &settings, absent);
            assert_eq!(
                (meant(Absent::Refuses), meant(Absent::Passes)),
                (refuses, passes),
                "{text}"
            );
        }
    }
}
