//! From layers of keys to cells.

use super::canonical::{cell_name, content, data_files, rename, table_of};
use super::check::{Fault, check, check_setup};
use super::diagnostic::Diagnostic;
use super::document::{KeyPath, Origin, Sources};
use super::experiment::{Cell, EXPERIMENT_KEYS, Experiment, describe};
use super::explain::read;
use super::method::{Method, Outside, check_keys, names, share_axes};
use super::overlay::Layer;
use super::set::SetArgument;
use super::sweep::{Axis, When, axes, odometer, whens};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Table;

/// The methods and the grid of a scenario.
pub(super) struct Resolver<'a> {
    sources: Sources<'a>,
    folder: Option<&'a Path>,
    methods: Vec<Method>,
    axes: Vec<Axis>,
    whens: Vec<When>,
    own: Vec<SetArgument>,
    /// What names the content of each data file that was read: all cells share it.
    contents: RefCell<BTreeMap<PathBuf, String>>,
}

/// The cells of a scenario.
pub(super) struct Grid {
    pub methods: Vec<String>,
    pub sweep: Vec<(String, Vec<String>)>,
    pub cells: Vec<Cell>,
    pub warnings: Vec<String>,
}

impl<'a> Resolver<'a> {
    /// Reads methods, sweeps, conditions and `--set` arguments; `folder` is where data files are,
    /// and embedded scenarios have none.
    pub fn new(
        sources: Sources<'a>,
        folder: Option<&'a Path>,
        set: Vec<SetArgument>,
    ) -> Result<Self, Diagnostic> {
        let names = names(&sources)?;
        check_keys(&sources, "method", "name")?;
        check_keys(&sources, "when", "where")?;
        let mut axes = axes(&sources, &names)?;
        let whens = whens(&sources, &names, &axes)?;
        let (own, everywhere) = set.into_iter().partition(|set| set.method.is_some());
        fix(&mut axes, everywhere);
        let base = Layer::of(sources.document, &[], |key| EXPERIMENT_KEYS.contains(&key));
        let outside = Outside { axes: &axes, own: &own, whens: &whens };
        let method = |named: (usize, &String)| {
            Method::new((named.0, named.1.as_str()), &base, &outside, &sources)
        };
        let mut methods =
            names.iter().enumerate().map(method).collect::<Result<Vec<_>, Diagnostic>>()?;
        share_axes(&mut methods, &axes, &sources)?;
        let contents = RefCell::default();
        Ok(Resolver { sources, folder, methods, axes, whens, own, contents })
    }

    /// Every cell: methods in order, then the grid with later keys fastest, each content once.
    pub fn cells(&self) -> Result<Grid, Diagnostic> {
        let mut grid = Grid {
            methods: self.methods.iter().map(|method| method.name.clone()).collect(),
            sweep: self.shown().map(|axis| (axis.key.clone(), axis.written())).collect(),
            cells: Vec::new(),
            warnings: Vec::new(),
        };
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for method in &self.methods {
            let axes = self.axes_of(method);
            let lengths: Vec<usize> = axes.iter().map(|axis| axis.values.len()).collect();
            for places in odometer(&lengths) {
                let cell = self.cell(method, &axes, &places)?;
                match seen.get(&cell.name) {
                    None => {
                        seen.insert(cell.name.clone(), grid.cells.len());
                        grid.cells.push(cell);
                    }
                    Some(&first) => grid.warnings.extend(duplicate(&cell, &grid.cells[first])),
                }
            }
        }
        Ok(grid)
    }

    fn shown(&self) -> impl Iterator<Item = &Axis> {
        self.axes.iter().filter(|axis| axis.shown)
    }

    /// The axes of a method, with the values that `--set method.NAME.KEY` gives it.
    fn axes_of(&self, method: &Method) -> Vec<Axis> {
        let mut axes: Vec<Axis> =
            method.axes.iter().map(|&number| self.axes[number].clone()).collect();
        for set in self.own_of(method) {
            match axes.iter_mut().find(|axis| axis.path == set.path) {
                Some(axis) => axis.values = set.values.clone(),
                None => axes.push(Axis {
                    key: set.path.join("."),
                    path: set.path.clone(),
                    values: set.values.clone(),
                    shown: false,
                    only: Vec::new(),
                }),
            }
        }
        axes
    }

    fn own_of(&self, method: &Method) -> impl Iterator<Item = &SetArgument> {
        self.own.iter().filter(|set| set.method.as_ref() == Some(&method.name))
    }

    /// The cell of a method at one place of its grid: method < when < sweep < `--set`.
    fn cell(&self, method: &Method, axes: &[Axis], places: &[usize]) -> Result<Cell, Diagnostic> {
        let chosen = || axes.iter().zip(places).map(|(axis, &place)| (axis, &axis.values[place]));
        let shown = chosen().filter(|(axis, _)| axis.shown);
        let settings: BTreeMap<String, String> = shown
            .map(|(axis, (value, _))| (axis.key.clone(), super::selector::written(value)))
            .collect();
        let mut layer = method.layer.clone();
        for when in self.whens.iter().filter(|when| when.applies(&method.name, &settings)) {
            layer = layer.under(&when.layer);
        }
        for (axis, (value, place)) in chosen() {
            layer = layer.under(&Layer::single(&axis.path, value, place));
        }
        let (name, experiment) = self
            .experiment(&layer)
            .map_err(|diagnostic| diagnostic.note("in", describe(&method.name, &settings)))?;
        Ok(Cell { name, method: method.name.clone(), settings, experiment })
    }

    /// The checked experiment of a layer, and the name of its cell.
    fn experiment(&self, layer: &Layer) -> Result<(String, Experiment), Diagnostic> {
        let explain = |fault: Fault| fault.explain(&layer.places, &self.sources);
        let experiment: Experiment =
            read(&layer.table).map_err(|failure| failure.explain(layer, &self.sources))?;
        let table = table_of(&experiment).map_err(|error| Diagnostic::new(error.to_string()))?;
        check(&experiment, &table).map_err(explain)?;
        let (contents, located) = self.files(&table, layer).map_err(explain)?;
        let experiment: Experiment =
            read(&located).map_err(|failure| failure.explain(layer, &self.sources))?;
        check_setup(&experiment).map_err(explain)?;
        Ok((cell_name(&contents), experiment))
    }

    fn content(&self, place: &Path) -> std::io::Result<String> {
        if let Some(known) = self.contents.borrow().get(place) {
            return Ok(known.clone());
        }
        let read = content(place)?;
        self.contents.borrow_mut().insert(place.to_owned(), read.clone());
        Ok(read)
    }

    /// The table twice: with data files named by their contents, and by their places.
    fn files(&self, table: &Table, layer: &Layer) -> Result<(Table, Table), Fault> {
        let (mut contents, mut located) = (table.clone(), table.clone());
        for (key, file) in data_files(table) {
            let typed = is_typed(&key, layer);
            let folder = if typed { Some(Path::new("")) } else { self.folder };
            let Some(folder) = folder else {
                let set = format!("or give a file with --set {}=FILE", key.join("."));
                return Err(Fault::new(key.join("."), "a shipped scenario cannot name a file")
                    .note("help", format!("write the numbers out, {set}")));
            };
            let place = folder.join(&file);
            let content = self.content(&place).map_err(|error| {
                let message = format!("{} cannot be read: {error}", place.display());
                let folder = if typed { "working directory" } else { "scenario's folder" };
                Fault::new(key.join("."), message)
                    .note("help", format!("paths are relative to the {folder}"))
            })?;
            rename(&mut contents, &key, format!("sha256:{content}"));
            rename(&mut located, &key, place.to_string_lossy().into_owned());
        }
        Ok((contents, located))
    }
}

/// Whether a key was given by `--set`, so that its path is relative to where that was typed.
fn is_typed(key: &KeyPath, layer: &Layer) -> bool {
    let place = (1..=key.len()).rev().find_map(|length| layer.places.get(&key[..length]));
    place.is_some_and(|place| matches!(place.origin, Origin::Set(_)))
}

/// Lays `--set` over the sweep: a list makes or replaces an axis, a value fixes a key.
fn fix(axes: &mut Vec<Axis>, set: Vec<SetArgument>) {
    for argument in set {
        let is_list = argument.values.len() > 1;
        match axes.iter_mut().find(|axis| axis.path == argument.path) {
            Some(axis) => {
                axis.values = argument.values;
                axis.shown |= is_list;
                axis.only.clear();
            }
            None => axes.push(Axis {
                key: argument.path.join("."),
                path: argument.path,
                values: argument.values,
                shown: is_list,
                only: Vec::new(),
            }),
        }
    }
}

/// Said when two cells are the same but seem not to be.
fn duplicate(cell: &Cell, first: &Cell) -> Option<String> {
    let message = || {
        format!(
            "{} is the same experiment as {}; it runs once",
            cell.description(),
            first.description()
        )
    };
    (cell.method != first.method || cell.settings != first.settings).then(message)
}
