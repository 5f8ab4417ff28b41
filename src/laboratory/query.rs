//! Settings as permalinks write them: `reward=far&data=offline&beta=0.1`.

use super::settings::{Data, METHODS, Policy, Range, Ranges, Reward, Settings};
use crate::wording::did_you_mean;

/// What is written that cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}={given}: {allowed}{}",
    close.as_ref().map_or(String::new(), |close| format!("; did you mean `{close}`?")))]
pub struct QueryError {
    /// The key.
    pub key: String,
    /// What was given.
    pub given: String,
    /// What is allowed.
    pub allowed: String,
    /// The closest name, if one is close.
    pub close: Option<String>,
}

/// The keys of a permalink, in the order in which they are written.
pub const KEYS: [&str; 10] =
    ["reward", "policy", "data", "beta", "b", "t", "lr", "steps", "seed", "methods"];

impl Settings {
    /// Reads what differs from the first settings; of a link to the page, what stands behind its `#`.
    pub fn from_query(query: &str) -> Result<Settings, QueryError> {
        let mut settings = Settings::default();
        let query = query.rsplit_once('#').map_or(query, |(_, query)| query);
        // Where the page stood is no setting.
        let is_setting = |part: &&str| !part.is_empty() && !part.starts_with("at=");
        for part in query.split('&').filter(is_setting) {
            let (key, given) = part.split_once('=').unwrap_or((part, ""));
            settings.set(key, given)?;
        }
        Ok(settings)
    }

    /// Everything, as permalinks write it; numbers as JavaScript does.
    pub fn to_query(&self) -> String {
        let values = [
            self.reward.word().to_owned(),
            self.policy.word().to_owned(),
            self.data.word().to_owned(),
            self.beta.to_string(),
            self.samples_per_round.to_string(),
            self.passes.to_string(),
            self.learning_rate.to_string(),
            self.steps.to_string(),
            self.seed.to_string(),
            self.methods.join(","),
        ];
        let pairs = KEYS.iter().zip(values).map(|(key, value)| format!("{key}={value}"));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Sets one key.
    fn set(&mut self, key: &str, given: &str) -> Result<(), QueryError> {
        let ranges = Ranges::ALL;
        let number = |range| number(key, given, range);
        let whole = |range, unit| whole(key, given, range, unit);
        match key {
            "reward" => self.reward = word(key, given, &Reward::ALL, Reward::word)?,
            "policy" => self.policy = word(key, given, &Policy::ALL, Policy::word)?,
            "data" => self.data = word(key, given, &Data::ALL, Data::word)?,
            "beta" => self.beta = number(ranges.beta)?,
            "lr" => self.learning_rate = number(ranges.lr)?,
            "b" => self.samples_per_round = whole(ranges.b, 100)? as usize,
            "t" => self.passes = whole(ranges.t, 1)? as usize,
            "steps" => self.steps = whole(ranges.steps, 1)?,
            "seed" => self.seed = whole(ranges.seed, 1)?,
            "methods" => self.methods = methods(key, given)?,
            _ => return Err(unknown(key, given, key, &KEYS)),
        }
        Ok(())
    }
}

/// An error about a name among others.
fn unknown(key: &str, given: &str, asked: &str, names: &[&str]) -> QueryError {
    let close = did_you_mean(asked, names.iter().copied()).map(str::to_owned);
    let allowed = format!("allowed are {}", names.join(", "));
    QueryError { key: key.into(), given: given.into(), allowed, close }
}

/// One of some words.
fn word<T: Copy>(
    key: &str,
    given: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, QueryError> {
    let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
    let found = all.iter().copied().find(|one| name(*one) == given);
    found.ok_or_else(|| unknown(key, given, given, &names))
}

/// A number within a range.
fn number(key: &str, given: &str, range: Range) -> Result<f64, QueryError> {
    let Range { least, most, .. } = range;
    let read = given.parse::<f64>().ok().filter(|x| (least..=most).contains(x));
    read.ok_or_else(|| QueryError {
        key: key.into(),
        given: given.into(),
        allowed: format!("a number from {least} to {most}"),
        close: None,
    })
}

/// A multiple of `unit` within a range.
fn whole(key: &str, given: &str, range: Range, unit: u64) -> Result<u64, QueryError> {
    let inside =
        |x: &u64| (range.least..=range.most).contains(&(*x as f64)) && x.is_multiple_of(unit);
    given.parse::<u64>().ok().filter(inside).ok_or_else(|| QueryError {
        key: key.into(),
        given: given.into(),
        allowed: match unit {
            1 => format!("a whole number from {} to {}", range.least, range.most),
            _ => format!("a multiple of {unit} from {} to {}", range.least, range.most),
        },
        close: None,
    })
}

/// Names of methods with commas; they are shown in the order of [`METHODS`].
fn methods(key: &str, given: &str) -> Result<Vec<&'static str>, QueryError> {
    let asked: Vec<&str> = given.split(',').filter(|name| !name.is_empty()).collect();
    match asked.iter().find(|name| !METHODS.contains(name)) {
        Some(wrong) => Err(unknown(key, given, wrong, &METHODS)),
        None if asked.is_empty() => Err(unknown(key, given, "", &METHODS)),
        None => Ok(METHODS.into_iter().filter(|name| asked.contains(name)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laboratory::PRESETS;

    #[test]
    fn what_is_written_is_read_again() {
        let query = "reward=two-modes&policy=bump&data=skewed&beta=0.25&b=400&t=8&lr=0.03&\
                     steps=120&seed=7&methods=dpo,ppo";
        let settings = Settings::from_query(query).expect("valid");
        assert_eq!(settings.to_query(), query);
        assert_eq!(Settings::from_query("").expect("valid"), Settings::default());
        let link = "file:///tmp/laboratory.html#seed=7&at=40";
        assert_eq!(Settings::from_query(link).expect("valid").seed, 7);
        let again = Settings::from_query("methods=ppo,dpo").expect("valid");
        assert_eq!(again.methods, ["dpo", "ppo"]);
        for preset in PRESETS {
            Settings::from_query(preset.query).unwrap_or_else(|e| panic!("{}: {e}", preset.name));
        }
    }

    #[test]
    fn what_cannot_be_set_is_refused_with_what_can() {
        let says = |query| Settings::from_query(query).expect_err("refused").to_string();
        assert_eq!(
            says("reward=fat"),
            "reward=fat: allowed are near, far, two-modes; did you mean `far`?"
        );
        assert_eq!(says("beta=0"), "beta=0: a number from 0.01 to 2");
        assert_eq!(says("beta=NaN"), "beta=NaN: a number from 0.01 to 2");
        assert_eq!(says("b=150"), "b=150: a multiple of 100 from 100 to 6400");
        assert_eq!(says("t=65"), "t=65: a whole number from 1 to 64");
        assert!(says("methods=dpo,ipoo").ends_with("did you mean `ipo`?"));
        assert!(says("bata=1").starts_with("bata=1: allowed are reward, policy"));
    }
}
