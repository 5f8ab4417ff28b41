//! Reading a run folder back.

use super::error::{MissingRuns, ResultsError};
use super::folder::RunFolder;
use super::rows::HEADER;
use super::series::{Growing, Point, Series};
use crate::scenario::{Cell, Scenario};
use csv::ByteRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::str::{self, FromStr};

/// Cell, then metric.
type SeriesByCell = BTreeMap<String, BTreeMap<String, Series>>;

/// A scenario with the results of its finished seeds.
#[derive(Debug, Clone)]
pub struct Run {
    /// The scenario.
    pub scenario: Scenario,
    series: SeriesByCell,
}

impl Run {
    /// Reads `resolved.toml` and `metrics.csv` of a run folder.
    pub fn open(dir: &Path) -> Result<Run, ResultsError> {
        let folder = RunFolder::new(dir);
        let scenario = read_resolved(&folder.resolved())?;
        Run::open_resolved(dir, scenario)
    }

    /// Reads the results of `scenario` from a run folder whose own `resolved.toml` may be older:
    /// claims and panels may have changed since, and cells are found by their content.
    pub fn open_resolved(dir: &Path, scenario: Scenario) -> Result<Run, ResultsError> {
        let path = RunFolder::new(dir).metrics();
        let series = if path.is_file() { read_metrics(&path, &scenario)? } else { BTreeMap::new() };
        let run = Run { scenario, series };
        match run.missing() {
            Some(missing) if run.series.is_empty() => Err(missing.into()),
            _ => Ok(run),
        }
    }

    /// A run of results that are at hand: (cell, metric) → series.
    pub fn from_series(scenario: Scenario, series: BTreeMap<(String, String), Series>) -> Run {
        let mut by_cell: SeriesByCell = BTreeMap::new();
        for ((cell, metric), series) in series {
            by_cell.entry(cell).or_default().insert(metric, series);
        }
        Run { scenario, series: by_cell }
    }

    /// One metric of one cell, if any seed has it.
    pub fn series(&self, cell: &str, metric: &str) -> Option<&Series> {
        self.series.get(cell)?.get(metric)
    }

    /// The metrics that any cell has.
    pub fn metrics(&self) -> BTreeSet<String> {
        self.series.values().flat_map(|metrics| metrics.keys().cloned()).collect()
    }

    /// The finished seeds of a cell, ascending.
    pub fn seeds(&self, cell: &str) -> BTreeSet<u64> {
        let metrics = self.series.get(cell).into_iter().flat_map(|metrics| metrics.values());
        metrics.flat_map(|series| series.seeds.iter().copied()).collect()
    }

    /// The runs of the scenario that have no results, if there are any.
    pub fn missing(&self) -> Option<MissingRuns> {
        self.missing_of(&self.scenario.cells.iter().collect::<Vec<_>>())
    }

    /// The runs of some cells that have no results, if there are any.
    pub(super) fn missing_of(&self, cells: &[&Cell]) -> Option<MissingRuns> {
        let mut missing =
            MissingRuns { scenario: self.scenario.id.clone(), cells: Vec::new(), seeds: 0 };
        for cell in cells {
            let found = self.seeds(&cell.name).len();
            let lacking = (self.scenario.seeds.count as usize).saturating_sub(found);
            if lacking > 0 {
                missing.cells.push((cell.name.clone(), cell.method.clone()));
                missing.seeds += lacking;
            }
        }
        (missing.seeds > 0).then_some(missing)
    }
}

/// Reads a `resolved.toml`.
pub(super) fn read_resolved(path: &Path) -> Result<Scenario, ResultsError> {
    let text = fs::read_to_string(path).map_err(ResultsError::io("read", path))?;
    toml::from_str(&text).map_err(|e| ResultsError::Toml {
        path: path.to_owned(),
        problem: format!(
            "{}; it was written by another version of the program: run the scenario again (what \
             is finished stays)",
            e.message()
        ),
    })
}

/// One cell while its rows come in.
#[derive(Default)]
struct GrowingCell {
    names: BTreeMap<Vec<u8>, usize>,
    metrics: Vec<(Vec<u8>, Growing)>,
    /// The metric of the last row: at every step the metrics come in the same order.
    last: usize,
}

impl GrowingCell {
    fn metric(&mut self, name: &[u8]) -> &mut Growing {
        let guess = if self.last + 1 < self.metrics.len() { self.last + 1 } else { 0 };
        self.last = match self.metrics.get(guess) {
            Some((metric, _)) if metric == name => guess,
            _ => self.names.get(name).copied().unwrap_or_else(|| {
                self.names.insert(name.to_vec(), self.metrics.len());
                self.metrics.push((name.to_vec(), Growing::default()));
                self.metrics.len() - 1
            }),
        };
        &mut self.metrics[self.last].1
    }
}

/// Reads the rows of the cells and seeds of `scenario`; others are passed over.
fn read_metrics(path: &Path, scenario: &Scenario) -> Result<SeriesByCell, ResultsError> {
    let malformed =
        |line, problem| ResultsError::Malformed { path: path.to_owned(), line, problem };
    let unreadable = |error: csv::Error| {
        malformed(error.position().map_or(0, |p| p.line()), format!("unreadable: {error}"))
    };
    let file = fs::File::open(path).map_err(ResultsError::io("read", path))?;
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).buffer_capacity(1 << 20).from_reader(file);
    check_header(reader.byte_headers().map_err(unreadable)?).map_err(|e| malformed(1, e))?;
    let mut cells = Cells::of(scenario);
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        let line = record.position().map_or(0, |p| p.line());
        cells.take(&record).map_err(|problem| malformed(line, problem))?;
    }
    cells.finish().map_err(|problem| malformed(1, problem))
}

fn check_header(header: &ByteRecord) -> Result<(), String> {
    if header.iter().eq(HEADER.iter().map(|h| h.as_bytes())) {
        return Ok(());
    }
    let given: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
    Err(format!("the header is `{}`; expected `{}`", given.join(","), HEADER.join(",")))
}

/// The cells of a scenario, by name, while their rows come in.
struct Cells {
    index: BTreeMap<Vec<u8>, usize>,
    cells: Vec<GrowingCell>,
    seeds: std::ops::Range<u64>,
    /// The cell of the last row, and its place (none: not of this scenario).
    last: Option<(Vec<u8>, Option<usize>)>,
}

impl Cells {
    fn of(scenario: &Scenario) -> Self {
        let names = scenario.cells.iter().map(|c| c.name.clone().into_bytes());
        let first = scenario.seeds.first;
        Cells {
            index: names.enumerate().map(|(i, name)| (name, i)).collect(),
            cells: scenario.cells.iter().map(|_| GrowingCell::default()).collect(),
            seeds: first..first.saturating_add(scenario.seeds.count),
            last: None,
        }
    }

    fn take(&mut self, record: &ByteRecord) -> Result<(), String> {
        if record.len() != HEADER.len() {
            return Err(format!("{} fields; expected {}", record.len(), HEADER.len()));
        }
        let seed: u64 = field(record, 2)?;
        let place = self.place(&record[0]);
        let Some(cell) = place.filter(|_| self.seeds.contains(&seed)) else { return Ok(()) };
        let point =
            Point { step: field(record, 3)?, round: field(record, 4)?, queries: field(record, 5)? };
        let value: f64 = field(record, 7)?;
        self.cells[cell].metric(&record[6]).push(seed, point, value)
    }

    fn place(&mut self, name: &[u8]) -> Option<usize> {
        match &self.last {
            Some((last, place)) if last == name => *place,
            _ => {
                let place = self.index.get(name).copied();
                self.last = Some((name.to_vec(), place));
                place
            }
        }
    }

    fn finish(mut self) -> Result<SeriesByCell, String> {
        let mut all = BTreeMap::new();
        for (name, place) in self.index {
            let metrics = std::mem::take(&mut self.cells[place].metrics)
                .into_iter()
                .map(|(metric, growing)| Ok((text(metric)?, growing.finish())))
                .collect::<Result<BTreeMap<_, _>, String>>()?;
            if !metrics.is_empty() {
                all.insert(text(name)?, metrics);
            }
        }
        Ok(all)
    }
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|e| format!("a name is not UTF-8: {e}"))
}

/// Reads the number in one column.
fn field<T: FromStr>(record: &ByteRecord, column: usize) -> Result<T, String> {
    let bytes = &record[column];
    str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
        let kind = if column == 7 { "a number" } else { "a whole number" };
        let given = String::from_utf8_lossy(bytes);
        format!("{} is `{given}`; expected {kind}", HEADER[column])
    })
}
