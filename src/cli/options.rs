//! Options that several subcommands share.

use super::Failure;
use crate::results::RunFolder;
use crate::scenario::{Diagnostic, Scenario, Source, Tier, shipped};
use anyhow::anyhow;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How scenarios are resolved.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Resolution {
    /// Override a key: KEY=V, KEY=V1,V2 (a sweep), or method.NAME.KEY=V; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seeds to run, half-open: 0..10
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub seeds: Option<Range<u64>>,
}

impl Resolution {
    /// Loads a scenario by path or id.
    pub fn load(&self, typed: &str) -> Result<Scenario, Failure> {
        Scenario::load(&Source::of(typed), &self.set, self.seeds.clone()).map_err(Failure::input)
    }
}

/// A word as a shell reads it.
pub fn quoted(word: &str) -> String {
    match word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=,+".contains(c)) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// `--set` arguments as they are typed, each after a space.
pub fn as_typed(set: &[String]) -> String {
    set.iter().map(|set| format!(" --set {}", quoted(set))).collect()
}

/// Which finished runs are read.
#[derive(clap::Args, Debug)]
pub struct Finished {
    /// Paths or ids of scenarios, or names of figures such as fig04; none or `all`: every shipped scenario that has been run
    #[arg(value_name = "ID")]
    scenarios: Vec<String>,
    /// How they are resolved.
    #[command(flatten)]
    pub resolution: Resolution,
    /// Folder of all run folders
    #[arg(long, default_value = "runs")]
    pub runs: PathBuf,
}

impl Finished {
    /// The scenarios named by path or id, or all shipped ones that have been run.
    pub fn scenarios(&self) -> Result<Vec<Scenario>, Failure> {
        Ok(self.named()?.into_iter().map(|(_, scenario)| scenario).collect())
    }

    /// The same, each with what names it on a command line.
    pub fn named(&self) -> Result<Vec<(String, Scenario)>, Failure> {
        let runs = &self.runs;
        if !self.all() {
            let load = |name: &String| Ok((name.clone(), self.resolution.load(name)?));
            return self.scenarios.iter().map(load).collect();
        }
        let found = shipped_where(|s| has_run(s, runs) && !is_tuning(s))?;
        if found.is_empty() {
            let runs = runs.display();
            let others = finished_below(&self.runs).into_iter().take(MOST_NAMED);
            let others = others.map(|run| {
                let (id, set) = (run.id, as_typed(&run.set));
                format!("\n  help: there is {}: name it as {id}{set}, or by its file", run.folder)
            });
            return Err(Failure::input(anyhow!(
                "no finished run of a shipped scenario as it is shipped lies below {runs}; run one with \
                 `modeseek run ID` or all with `modeseek reproduce`{}",
                others.collect::<String>()
            )));
        }
        Ok(found.into_iter().map(|scenario| (scenario.id.clone(), scenario)).collect())
    }

    /// Whether no scenario is named.
    pub fn all(&self) -> bool {
        self.scenarios.is_empty() || *self.scenarios == ["all"]
    }

    /// The ids of the shipped scenarios that [`named`](Self::named) passes over because they have
    /// not been run.
    pub fn passed_over(&self) -> Result<Vec<String>, Failure> {
        if !self.all() {
            return Ok(Vec::new());
        }
        let found = shipped_where(|s| !has_run(s, &self.runs) && !is_tuning(s))?;
        Ok(found.into_iter().map(|scenario| scenario.id).collect())
    }
}

/// Runs of other settings that a message names at most.
const MOST_NAMED: usize = 5;

/// A finished run as its folder tells it.
pub struct FinishedRun {
    /// The name of its folder.
    pub folder: String,
    /// The scenario's id.
    pub id: String,
    /// The `--set` arguments.
    pub set: Vec<String>,
}

/// The finished runs below a folder, by the names of their folders.
pub fn finished_below(runs: &Path) -> Vec<FinishedRun> {
    #[derive(serde::Deserialize)]
    struct Resolved {
        id: String,
        set: Vec<String>,
    }
    let finished = |entry: std::fs::DirEntry| {
        let folder = RunFolder::new(entry.path());
        let text = std::fs::read_to_string(folder.resolved()).ok();
        let text = text.filter(|_| folder.metrics().is_file())?;
        let Resolved { id, set } = toml::from_str(&text).ok()?;
        Some(FinishedRun { folder: entry.file_name().to_string_lossy().into_owned(), id, set })
    };
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let mut found: Vec<FinishedRun> = entries.filter_map(finished).collect();
    found.sort_by(|a, b| a.folder.cmp(&b.folder));
    found
}

/// Whether a scenario has results below `runs`.
pub fn has_run(scenario: &Scenario, runs: &Path) -> bool {
    folder_of(scenario, runs).metrics().is_file()
}

/// A half-open range of seeds.
fn seeds(text: &str) -> Result<Range<u64>, String> {
    const FORM: &str = "seeds are a half-open range of whole numbers such as 0..10";
    let (first, last) = text.split_once("..").ok_or(FORM)?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| FORM.to_owned());
    let (first, last) = (number(first)?, number(last)?);
    if first < last { Ok(first..last) } else { Err(format!("{text} holds no seed; {FORM}")) }
}

/// The run folder of a scenario below `runs`.
pub fn folder_of(scenario: &Scenario, runs: &Path) -> RunFolder {
    RunFolder::new(runs.join(scenario.run_folder_name()))
}

/// Every shipped scenario that a predicate wants, resolved as shipped, in the order of their files.
pub fn shipped_where(wanted: impl Fn(&Scenario) -> bool) -> Result<Vec<Scenario>, Failure> {
    let all = shipped().iter().map(|file| {
        Scenario::parse(file.path, file.text, None, &[], None)
            .map_err(|e| Failure::work(anyhow!("{e}")))
    });
    let all = all.collect::<Result<Vec<_>, _>>()?;
    Ok(all.into_iter().filter(|s| wanted(s)).collect())
}

/// Whether a scenario chooses hyper-parameters instead of showing a finding.
pub fn is_tuning(scenario: &Scenario) -> bool {
    scenario.tags.iter().any(|tag| tag == "tuning")
}

/// Creates a folder for outputs before any work, so that a wrong one is said at once; `option` is
/// what names it.
pub fn writable(folder: &Path, option: &str) -> Result<(), Failure> {
    let refuse = |e: std::io::Error| {
        let shown = folder.display();
        let message = format!("{option} {shown}: this folder cannot be written to: {e}");
        let diagnostic = Diagnostic::new(message)
            .note("allowed", "a folder, or a place where one can be made")
            .note("help", format!("name another with {option} DIR"));
        Failure::input(anyhow!("{diagnostic}"))
    };
    std::fs::create_dir_all(folder).map_err(refuse)?;
    tempfile::tempfile_in(folder).map(drop).map_err(refuse)
}

/// Refuses a folder where a file is asked for.
pub fn no_folder(file: &Path, option: &str) -> Result<(), Failure> {
    if !file.is_dir() {
        return Ok(());
    }
    let message = format!("{option} {}: this is a folder", file.display());
    let example = file.join("report.html");
    let diagnostic = Diagnostic::new(message)
        .note("allowed", "a file, which is made or replaced")
        .note("help", format!("write `{option} {}`", example.display()));
    Err(Failure::input(anyhow!("{diagnostic}")))
}

/// Refuses a file that cannot be written, before any work; folders on the way are made.
pub fn writable_file(file: &Path, option: &str) -> Result<(), Failure> {
    no_folder(file, option)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    writable(folder.unwrap_or(Path::new(".")), option)
}

/// Writes a file by renaming a complete temporary one.
pub fn write_file(path: &Path, content: &[u8]) -> Result<PathBuf, Failure> {
    use std::io::Write;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Failure::work)?;
    file.write_all(content).map_err(Failure::work)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let readable = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(readable).map_err(Failure::work)?;
    }
    file.persist(path).map_err(|e| Failure::work(e.error))?;
    Ok(path.to_owned())
}

/// A number of threads.
pub fn jobs(text: &str) -> Result<usize, String> {
    count(text, "threads are a whole number, 1 or more, such as 2")
}

/// A number of tokens.
#[cfg(feature = "llm")]
pub fn one_or_more(text: &str) -> Result<usize, String> {
    count(text, "a whole number, 1 or more, such as 64")
}

/// A number above 0; `allowed` is said of anything else.
fn count(text: &str, allowed: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| allowed.to_owned())
}

/// Refuses a word that is none of `known`; `what` is what the word names.
pub fn one_of(what: &str, given: &str, known: &[String]) -> Result<(), Failure> {
    if known.iter().any(|word| word == given) {
        return Ok(());
    }
    let diagnostic = Diagnostic::new(format!("there is no {what} `{given}`"))
        .note("allowed", known.join(", "))
        .suggest(given, known.iter().map(String::as_str));
    Err(Failure::input(anyhow!("{diagnostic}")))
}

/// Every tier that a scenario may have, cheapest first.
pub fn tiers() -> Vec<String> {
    use Tier::{Bandit, Gpu, Length, Lesson, Nano, NanoFull, Phase, Smollm2, User};
    [Bandit, Length, Phase, Nano, NanoFull, Smollm2, Gpu, Lesson, User].map(tier_name).to_vec()
}

/// The word for a tier, as it is written.
pub fn tier_name(tier: Tier) -> String {
    match toml::Value::try_from(tier) {
        Ok(toml::Value::String(name)) => name,
        _ => format!("{tier:?}").to_lowercase(),
    }
}
