//! From a file, a shipped scenario or a text to a [`Scenario`].

use super::check::{Fault, need};
use super::check_examples::MODEL_KEYS;
use super::check_findings::{claim, factor, panel, published};
use super::check_lesson::{self, Ground};
use super::diagnostic::{Diagnostic, ScenarioError};
use super::document::{Document, Part, Sources};
use super::experiment::{Cell, EXPERIMENT_KEYS};
use super::explain::read;
use super::header::{FirstSpec, HEADER_KEYS, Header, Seeds};
use super::lesson::LessonSpec;
use super::notes::{left_out, long_warmup, many_models, off_policy, unwatched};
use super::overlay::Layer;
use super::resolve::{Grid, Resolver};
use super::set::{self, SetArgument};
use super::vocabulary::{Vocabulary, suggest};
use super::{Scenario, shipped};
use crate::learner::{DataSource, Expectation};
use crate::wording::listed;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where a scenario comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of the user's.
    File(PathBuf),
    /// The id of a shipped scenario.
    Shipped(String),
}

impl Source {
    /// What was typed: a path if it ends in `.toml` or has a separator, else an id.
    pub fn of(typed: &str) -> Source {
        let is_path = typed.ends_with(".toml") || typed.contains(['/', '\\']);
        if is_path { Source::File(typed.into()) } else { Source::Shipped(typed.to_owned()) }
    }
}

impl Scenario {
    /// Reads and resolves a scenario; `set` holds the arguments of `--set`, and `seeds` (half-open)
    /// replaces the file's.
    pub fn load(
        source: &Source,
        set: &[String],
        seeds: Option<Range<u64>>,
    ) -> Result<Scenario, ScenarioError> {
        match source {
            Source::Shipped(id) => {
                let found = shipped::find(id)?;
                Scenario::parse(found.path, found.text, None, set, seeds)
            }
            Source::File(path) => {
                let name = path.display().to_string();
                let text =
                    std::fs::read_to_string(path).map_err(|error| unreadable(&name, &error))?;
                let folder = path.parent().unwrap_or(Path::new(""));
                Scenario::parse(&name, &text, Some(folder), set, seeds)
            }
        }
    }

    /// Resolves the text of a scenario; `name` is what messages call it, and the CSV files that it
    /// names lie in `folder`.
    pub fn parse(
        name: &str,
        text: &str,
        folder: Option<&Path>,
        set: &[String],
        seeds: Option<Range<u64>>,
    ) -> Result<Scenario, ScenarioError> {
        let document = Document::parse(name, text)?;
        let sources = Sources { document: &document, set };
        Ok(resolve(&sources, folder, seeds)?)
    }
}

/// A file that cannot be read.
fn unreadable(name: &str, error: &std::io::Error) -> ScenarioError {
    let diagnostic = Diagnostic::new(format!("{name} cannot be read: {error}"))
        .note("help", "a shipped scenario is named by its id alone: `modeseek list` shows them");
    ScenarioError::Unreadable(Box::new(diagnostic))
}

/// Resolves a parsed text.
fn resolve(
    sources: &Sources<'_>,
    folder: Option<&Path>,
    seeds: Option<Range<u64>>,
) -> Result<Scenario, Diagnostic> {
    check_top(sources)?;
    let names = super::method::names(sources)?;
    let arguments = sources.set.iter().enumerate();
    let arguments = arguments.map(|(index, argument)| set::parse(index, argument, &names));
    let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
    let (about, experiment): (Vec<_>, Vec<_>) =
        arguments.into_iter().partition(|set| set.method.is_none() && set.path[0] == "seeds");
    check_set_keys(sources, &experiment)?;
    let (mut header, layer) = header(sources, &about)?;
    if let Some(range) = seeds {
        let count = range.end.saturating_sub(range.start);
        header.seeds = Seeds { first: range.start, count };
    }
    check_header(&header).map_err(|fault| fault.explain(&layer.places, sources))?;
    let grid = Resolver::new(*sources, folder, experiment)?.cells()?;
    finish(header, grid, &layer, sources)
}

/// Every key at the top is one of the header, of an experiment, or a list of blocks.
fn check_top(sources: &Sources<'_>) -> Result<(), Diagnostic> {
    let blocks = ["method", "sweep", "when"];
    let known = || HEADER_KEYS.into_iter().chain(EXPERIMENT_KEYS).chain(blocks);
    for key in sources.document.table.keys() {
        if !known().any(|allowed| allowed == key) {
            let at = sources.find(&sources.document.places, std::slice::from_ref(key), Part::Key);
            return Err(Diagnostic::new(format!("unknown key `{key}`"))
                .at(at)
                .note("allowed", listed(known()))
                .suggest(key, known()));
        }
    }
    Ok(())
}

/// `--set` changes keys of the experiment, and `seeds`.
fn check_set_keys(sources: &Sources<'_>, arguments: &[SetArgument]) -> Result<(), Diagnostic> {
    for argument in arguments {
        let first = argument.path[0].as_str();
        if !EXPERIMENT_KEYS.contains(&first) {
            let known = || EXPERIMENT_KEYS.into_iter().chain(["seeds", "method"]);
            return Err(Diagnostic::new(format!("`--set` cannot change `{first}`"))
                .at(Some(sources.excerpt(&argument.values[0].1, Part::Key)))
                .note("allowed", listed(known()))
                .suggest(first, known()));
        }
    }
    Ok(())
}

/// The header, with `--set seeds.…` laid over it.
fn header(sources: &Sources<'_>, about: &[SetArgument]) -> Result<(Header, Layer), Diagnostic> {
    let mut layer = Layer::of(sources.document, &[], |key| HEADER_KEYS.contains(&key));
    for argument in about {
        let (value, place) = match argument.values.as_slice() {
            [one] => one,
            [_, second, ..] => {
                return Err(Diagnostic::new("seeds cannot be swept")
                    .at(Some(sources.excerpt(&second.1, Part::Value)))
                    .note("help", "write `--set seeds.count=10`, or `--seeds 0..10`"));
            }
            [] => continue,
        };
        layer = layer.under(&Layer::single(&argument.path, value, place));
    }
    let header = read(&layer.table).map_err(|failure| failure.explain(&layer, sources))?;
    Ok((header, layer))
}

/// The id, the seeds and the ids of claims and published numbers.
fn check_header(header: &Header) -> Result<(), Fault> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if header.id.is_empty() || !header.id.chars().all(allowed) {
        return Err(Fault::new("id", format!("`id` cannot be \"{}\"", header.id))
            .note("allowed", "small letters, digits and dashes: it names a folder"));
    }
    if header.seeds.count == 0 {
        return Err(Fault::new("seeds.count", "`seeds.count` cannot be 0")
            .note("allowed", "1 or more; 5 or more for verdicts"));
    }
    unique("claim", "id", "claims", header.claims.iter().map(|claim| claim.id.as_str()))?;
    let published = header.published.iter().map(|p| p.id.as_str());
    unique("published", "id", "published numbers", published)?;
    first(header.first.as_ref())?;
    unique("factor", "name", "factors", header.factors.iter().map(|f| f.name.as_str()))?;
    let seconds = header.expected_seconds.unwrap_or(0.0);
    if !(seconds >= 0.0 && seconds.is_finite()) {
        return Err(Fault::new("expected_seconds", "`expected_seconds` must be 0 or above"));
    }
    Ok(())
}

/// No two blocks have the same id or name.
fn unique<'a>(
    block: &str,
    key: &str,
    plural: &str,
    ids: impl Iterator<Item = &'a str>,
) -> Result<(), Fault> {
    let mut seen = Vec::new();
    for (index, id) in ids.enumerate() {
        if seen.contains(&id) {
            let message = format!("two {plural} have the {key} \"{id}\"");
            return Err(Fault::new(format!("{block}.{index}.{key}"), message));
        }
        seen.push(id);
    }
    Ok(())
}

/// What runs first is shipped, and its models go where a reward model is read.
fn first(spec: Option<&FirstSpec>) -> Result<(), Fault> {
    let Some(spec) = spec else { return Ok(()) };
    let ids: Vec<&str> = shipped::shipped().iter().map(|file| file.id()).collect();
    need(ids.contains(&spec.scenario.as_str()), || {
        let message = format!("no shipped scenario has the id \"{}\"", spec.scenario);
        suggest(Fault::new("first.scenario", message), &spec.scenario, &ids)
    })?;
    for key in spec.models.keys() {
        need(MODEL_KEYS.contains(&key.as_str()), || {
            let message = format!("`{key}` takes no trained model");
            suggest(Fault::new("first.models", message).inside(key, Part::Key), key, &MODEL_KEYS)
        })?;
    }
    Ok(())
}

/// Checks claims, published numbers, factors and panels against the cells and puts everything together.
fn finish(
    header: Header,
    grid: Grid,
    layer: &Layer,
    sources: &Sources<'_>,
) -> Result<Scenario, Diagnostic> {
    let mut known = Vocabulary::of(&grid.cells, &grid.methods, &grid.sweep);
    let mut warnings = grid.warnings;
    warnings.extend(doubts(&header.seeds, &grid.cells));
    let explain = |fault: Fault| fault.explain(&layer.places, sources);
    let mut lenient = Lenient { is_set: !sources.set.is_empty(), warnings };
    let claims =
        lenient.keep("claim", (header.claims, |c| &c.id), |at, spec| claim(at, spec, &known));
    let claims = claims.map_err(explain)?;
    let published = lenient
        .keep("published", (header.published, |p| &p.id), |at, spec| published(at, spec, &known));
    let published = published.map_err(explain)?;
    let factors =
        lenient.keep("factor", (header.factors, |f| &f.name), |at, spec| factor(at, spec, &known));
    let factors = factors.map_err(explain)?;
    known.claims = claims.iter().map(|claim| (claim.id.clone(), claim.across.clone())).collect();
    known.factors = factors.iter().map(|factor| factor.name.clone()).collect();
    let panels =
        lenient.keep("panel", (header.panels, |p| &p.title), |at, spec| panel(at, spec, &known));
    let panels = panels.map_err(explain)?;
    let asked = header.question.as_deref();
    let lesson = header.lesson.map(|spec| lenient.lesson(spec, asked, &known));
    let lesson = lesson.transpose().map_err(explain)?;
    let scenario = Scenario {
        id: header.id,
        title: header.title,
        figure: header.figure,
        also: header.also,
        tier: header.tier,
        tags: header.tags,
        question: header.question,
        see: header.see,
        expected_seconds: header.expected_seconds,
        seeds: header.seeds,
        first: header.first,
        methods: grid.methods,
        sweep: grid.sweep,
        cells: grid.cells,
        claims,
        published,
        factors,
        panels,
        lesson,
        set: sources.set.to_vec(),
        warnings: lenient.warnings,
    };
    Ok(as_changed(scenario))
}

/// Keys by which a user names files that a shipped scenario cannot.
const INPUTS: [&str; 4] = [".jsonl", ".csv", ".gold_model", ".proxy_model"];

/// What `--set` makes of the words of a scenario: they tell of its own settings and of the data of its own figure,
/// whose name others do not take.
fn as_changed(scenario: Scenario) -> Scenario {
    if scenario.set.is_empty() {
        return scenario;
    }
    let is_input = |set: &String| {
        let key = set.split_once('=').map_or(set.as_str(), |(key, _)| key).trim();
        INPUTS.iter().any(|input| key.ends_with(input))
    };
    if scenario.set.iter().all(is_input) {
        let see = scenario.see.map(|see| format!("On the data of the shipped figure: {see}"));
        return Scenario { see, ..scenario };
    }
    let name = scenario.run_folder_name();
    let suffix = name.strip_prefix(&scenario.id).unwrap_or_default();
    let figure = scenario.figure.as_ref().map(|figure| format!("{figure}{suffix}"));
    let title = format!("{}, with changed settings", scenario.title);
    Scenario { title, figure, see: None, ..scenario }
}

/// Keeps the claims, published numbers, factors and panels that fit the cells. One that does not is an error; but with `--set`,
/// which may have taken its cells away, it is left out with a warning.
struct Lenient {
    is_set: bool,
    warnings: Vec<String>,
}

impl Lenient {
    fn keep<T>(
        &mut self,
        block: &str,
        (specs, name): (Vec<T>, fn(&T) -> &str),
        check: impl Fn(&str, &T) -> Result<(), Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut kept = Vec::new();
        for (index, spec) in specs.into_iter().enumerate() {
            match check(&format!("{block}.{index}"), &spec) {
                Ok(()) => kept.push(spec),
                Err(fault) if self.is_set => self.warnings.push(format!(
                    "{block} {} is left out, because `--set` changed the cells: {}",
                    name(&spec),
                    fault.message()
                )),
                Err(fault) => return Err(fault),
            }
        }
        Ok(kept)
    }
}

impl Lenient {
    /// Keeps the predictions of a lesson whose answers the cells and claims can give.
    fn lesson(
        &mut self,
        mut spec: LessonSpec,
        question: Option<&str>,
        known: &Vocabulary<'_>,
    ) -> Result<LessonSpec, Fault> {
        check_lesson::lesson(&spec, question)?;
        let predictions = std::mem::take(&mut spec.predictions);
        let ground = Ground { known, lesson: &spec };
        let check = |at: &str, item: &_| check_lesson::prediction(at, item, &ground);
        let predictions = self.keep("lesson.predict", (predictions, |p| &p.ask), check)?;
        Ok(LessonSpec { predictions, ..spec })
    }
}

/// What is allowed but probably not meant.
fn doubts(seeds: &Seeds, cells: &[Cell]) -> Vec<String> {
    let mut warnings = Vec::new();
    let schedules = cells.iter().map(|cell| &cell.experiment.schedule);
    let on_policy = schedules.filter(|schedule| {
        schedule.data == DataSource::OnPolicy && schedule.expectation != Expectation::FixedPoint
    });
    let steps_a_round = on_policy.clone().map(|s| (s.samples_per_round / s.minibatch) as u64);
    let longest = steps_a_round.max().unwrap_or(1);
    if let Some(uneven) = on_policy.clone().find(|schedule| schedule.steps % longest != 0) {
        warnings.push(format!(
            "{} steps do not end at a multiple of the largest B/M = {longest}: the last round is \
             cut, and settings are compared at different places of a round",
            uneven.steps
        ));
    }
    let is_drawn = |cell: &Cell| cell.experiment.schedule.expectation == Expectation::Sampled;
    if seeds.count < 5 && cells.iter().any(is_drawn) {
        let seeds =
            if seeds.count == 1 { "1 seed is" } else { &format!("{} seeds are", seeds.count) };
        warnings.push(format!("{seeds} fewer than 5: claims get no verdict, figures no intervals"));
    }
    warnings.extend(many_models(seeds, cells));
    for note in [off_policy, unwatched, long_warmup, left_out] {
        let said: BTreeSet<String> =
            cells.iter().filter_map(|cell| note(&cell.experiment)).collect();
        warnings.extend(said);
    }
    warnings
}
