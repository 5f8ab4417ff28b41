//! responses.jsonl: what was sampled, kept prompt by prompt.

use super::{Failure, json_lines};
use crate::preference::Answered;
use crate::problem::Prompt;
use anyhow::anyhow;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What decides about the responses, beside the prompts: the file's first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The model as it was typed.
    pub model: String,
    /// The sha256 of its weights.
    pub weights: String,
    /// The sha256 of its adapter, if there is one.
    pub adapter: Option<String>,
    /// Responses to a prompt.
    pub responses: usize,
    /// Tokens at most.
    pub max_new_tokens: usize,
    /// Logits were divided by it.
    pub temperature: f64,
    /// Seed of the draws.
    pub seed: u64,
    /// The mean length at which responses are cut.
    pub skew: Option<f64>,
}

/// The file while it is filled.
pub struct Kept {
    path: PathBuf,
    file: File,
    /// The prompts that are answered, the first ones of those that are asked.
    pub groups: Vec<Answered>,
}

impl Kept {
    /// Goes on with a file that these settings began for these prompts, or begins one.
    ///
    /// Refused, and left as it is: a file of other settings or prompts. A last line that a kill broke off is
    /// dropped.
    pub fn open(path: &Path, settings: &Settings, prompts: &[Prompt]) -> Result<Self, Failure> {
        let content = match std::fs::read(path) {
            Ok(content) => content,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(refused(path, format!("cannot be read: {error}"))),
        };
        let whole = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let groups = match whole {
            0 => Vec::new(),
            _ => groups(path, &content[..whole], settings, prompts)?,
        };
        let open = || {
            let mut file = File::options().create(true).truncate(false).write(true).open(path)?;
            file.set_len(whole as u64)?;
            file.seek(SeekFrom::End(0))?;
            Ok::<_, std::io::Error>(file)
        };
        let mut kept = Kept { path: path.to_owned(), file: open().map_err(Failure::work)?, groups };
        if whole == 0 {
            kept.write(&[settings])?;
        }
        Ok(kept)
    }

    /// Adds answered prompts; they are on the disk when this returns.
    pub fn push(&mut self, groups: Vec<Answered>) -> Result<(), Failure> {
        self.write(&groups)?;
        self.groups.extend(groups);
        Ok(())
    }

    fn write<T: Serialize>(&mut self, rows: &[T]) -> Result<(), Failure> {
        let text = json_lines(rows)?;
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| {
            let path = self.path.display();
            Failure::work(anyhow!(
                "{path}: cannot be written: {error}\n  help: the responses before are kept; free some space and run the same again"
            ))
        })
    }
}

/// The answered prompts of a file that begins as these settings and prompts want it.
fn groups(
    path: &Path,
    content: &[u8],
    settings: &Settings,
    prompts: &[Prompt],
) -> Result<Vec<Answered>, Failure> {
    let broken = |line: usize| refused(path, format!("line {line} is none that was written here"));
    let mut lines = content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let kept: Settings = serde_json::from_slice(first).map_err(|_| broken(1))?;
    if let Some(what) = difference(&kept, settings) {
        return Err(refused(path, format!("holds responses of other settings: {what}")));
    }
    let mut groups: Vec<Answered> = Vec::new();
    for (i, line) in lines.enumerate() {
        groups.push(serde_json::from_slice(line).map_err(|_| broken(i + 2))?);
    }
    groups.truncate(prompts.len());
    if !groups.iter().map(|group| &group.prompt).eq(&prompts[..groups.len()]) {
        return Err(refused(path, "holds responses to other prompts".to_owned()));
    }
    Ok(groups)
}

/// The first setting that differs, with both values.
fn difference(kept: &Settings, asked: &Settings) -> Option<String> {
    let table = |settings| match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(table)) => table,
        _ => serde_json::Map::new(),
    };
    let (kept, asked) = (table(kept), table(asked));
    let differs = |(name, value): (&String, &serde_json::Value)| {
        let other = asked.get(name)?;
        (value != other).then(|| format!("{name} is {value} there and {other} here"))
    };
    kept.iter().find_map(differs)
}

fn refused(path: &Path, what: String) -> Failure {
    let path = path.display();
    Failure::input(anyhow!("{path} {what}\n  help: name another --out, or move this file away"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preference::{Answer, Ending};

    fn settings(seed: u64) -> Settings {
        Settings {
            model: "m".to_owned(),
            weights: "w".to_owned(),
            adapter: None,
            responses: 1,
            max_new_tokens: 4,
            temperature: 1.0,
            seed,
            skew: None,
        }
    }

    fn prompts() -> Vec<Prompt> {
        ["p", "q", "r"].map(|text| Prompt::Text(text.to_owned())).to_vec()
    }

    fn answered(p: usize) -> Answered {
        let answer = Answer { text: format!("to {p}"), tokens: 2, ending: Ending::Own };
        Answered { prompt: prompts()[p].clone(), responses: vec![answer] }
    }

    /// Two prompts are answered, a kill breaks the third line off: two are there, and the file ends as if
    /// nothing had happened.
    #[test]
    fn what_was_written_whole_is_there_after_a_kill() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("responses.jsonl");
        let open = || Kept::open(&path, &settings(0), &prompts()).expect("opened");
        open().push(vec![answered(0), answered(1), answered(2)]).expect("written");
        let whole = std::fs::read(&path).expect("there");
        std::fs::write(&path, &whole[..whole.len() - 5]).expect("broken off");
        let mut kept = open();
        assert_eq!(kept.groups, [answered(0), answered(1)]);
        kept.push(vec![answered(2)]).expect("written");
        assert_eq!(std::fs::read(&path).expect("there"), whole);
    }

    #[test]
    fn responses_of_other_settings_or_prompts_are_refused_and_stay() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("responses.jsonl");
        let mut kept = Kept::open(&path, &settings(0), &prompts()).expect("opened");
        kept.push(vec![answered(0)]).expect("written");
        let before = std::fs::read(&path).expect("there");
        let refused =
            |settings: &Settings, prompts: &[Prompt]| match Kept::open(&path, settings, prompts) {
                Err(Failure::Input(error)) => error.to_string(),
                _ => String::new(),
            };
        let error = refused(&settings(1), &prompts());
        assert!(error.contains("other settings: seed is 0 there and 1 here"), "{error}");
        let error = refused(&settings(0), &prompts()[1..]);
        assert!(error.contains("to other prompts"), "{error}");
        assert_eq!(std::fs::read(&path).expect("there"), before);
    }
}
