//! Run folders of one scenario from several machines become one.

use super::atomic;
use super::error::ResultsError;
use super::folder::{FolderLock, RunFolder};
use super::read::read_resolved;
use crate::scenario::Scenario;
use std::fs;
use std::path::{Path, PathBuf};

/// What of a seed's folder is stored by itself, or is no result.
const NOT_BESIDE: [&str; 3] = ["metrics.csv", "failed.txt", "checkpoint"];

/// Copies the finished seeds of `sources`, with their answers and models, into `out` and assembles its `metrics.csv`.
///
/// All must be runs of one scenario id; the first folder's `resolved.toml` is taken, with the
/// smallest range of seeds that spans those of all folders. Different results of the same cell and
/// seed are an error.
pub fn merge(sources: &[RunFolder], out: &RunFolder) -> Result<Option<Scenario>, ResultsError> {
    let scenarios =
        sources.iter().map(|s| read_resolved(&s.resolved())).collect::<Result<Vec<_>, _>>()?;
    let Some(mut whole) = scenarios.first().cloned() else { return Ok(None) };
    for (folder, scenario) in sources.iter().zip(&scenarios) {
        check_same_scenario(folder, scenario, &sources[0], &whole)?;
        let end = (scenario.seeds.first + scenario.seeds.count)
            .max(whole.seeds.first + whole.seeds.count);
        whole.seeds.first = whole.seeds.first.min(scenario.seeds.first);
        whole.seeds.count = end - whole.seeds.first;
    }
    let _lock: FolderLock = out.prepare(&whole, false)?;
    for source in sources {
        copy_finished(source, out)?;
    }
    out.assemble(&whole)?;
    Ok(Some(whole))
}

fn check_same_scenario(
    folder: &RunFolder,
    scenario: &Scenario,
    first: &RunFolder,
    whole: &Scenario,
) -> Result<(), ResultsError> {
    if scenario.id == whole.id && scenario.cells == whole.cells {
        return Ok(());
    }
    let named = |s: &Scenario| format!("{} ({} cells)", s.id, s.cells.len());
    Err(ResultsError::OtherScenario {
        path: folder.root().to_owned(),
        given: named(scenario),
        first: first.root().to_owned(),
        expected: named(whole),
    })
}

fn copy_finished(source: &RunFolder, out: &RunFolder) -> Result<(), ResultsError> {
    for cell in atomic::list(&source.root().join("cells"))? {
        for seed in atomic::list(&cell)? {
            let (Some(cell), Some(seed)) = (last_name(&cell), last_name(&seed)) else { continue };
            let Ok(seed) = seed.parse() else { continue };
            if source.is_finished(&cell, seed) {
                copy_seed(source, out, &cell, seed)?;
            }
        }
    }
    Ok(())
}

fn last_name(path: &std::path::Path) -> Option<String> {
    path.is_dir().then(|| path.file_name()?.to_str().map(str::to_owned))?
}

fn copy_seed(
    source: &RunFolder,
    out: &RunFolder,
    cell: &str,
    seed: u64,
) -> Result<(), ResultsError> {
    let read = |path: PathBuf| fs::read(&path).map_err(ResultsError::io("read", &path));
    let (left, right) = (out.seed_metrics(cell, seed), source.seed_metrics(cell, seed));
    let content = read(right.clone())?;
    if !out.is_finished(cell, seed) {
        copy_beside(&source.seed_folder(cell, seed), &out.seed_folder(cell, seed))?;
        return out.store_seed(cell, seed, &content);
    }
    if read(left.clone())? == content {
        return Ok(());
    }
    Err(ResultsError::Conflict { left, right })
}

/// Copies what stands beside a finished seed's metrics: what was answered and the model, where they were kept.
fn copy_beside(from: &Path, to: &Path) -> Result<(), ResultsError> {
    fs::create_dir_all(to).map_err(ResultsError::io("create", to))?;
    for path in atomic::list(from)? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') || NOT_BESIDE.contains(&name) {
            continue;
        }
        match path.is_dir() {
            true => copy_beside(&path, &to.join(name))?,
            false => atomic::copy(&path, &to.join(name))?,
        }
    }
    Ok(())
}
