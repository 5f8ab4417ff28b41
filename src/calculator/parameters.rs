//! Where the parameters of a method come from: `--set`, else a column, else the default.

use super::error::{LossError, hint};
use super::method::{Method, Parameter};
use super::sheet::Sheet;
use crate::objective::{Objective, ObjectiveError, ObjectiveSpec};
use crate::wording::listed;

/// Where one parameter comes from.
enum Source {
    /// `--set`.
    Set(toml::Value),
    /// A column of the file.
    Column(usize),
}

/// The parameters that do not have their defaults.
pub(super) struct Parameters {
    method: &'static Method,
    sources: Vec<(&'static Parameter, Source)>,
}

impl Parameters {
    /// Reads `--set` and finds the columns; checks what no row can change.
    pub(super) fn new(
        method: &'static Method,
        set: &[String],
        sheet: &Sheet,
    ) -> Result<Self, LossError> {
        let mut sources: Vec<(&'static Parameter, Source)> = Vec::new();
        for text in set {
            let (parameter, value) = read_set(method, text)?;
            if sources.iter().any(|(earlier, _)| earlier.key == parameter.key) {
                return Err(LossError::SetTwice { key: parameter.key.into() });
            }
            sources.push((parameter, Source::Set(value)));
        }
        let settled = method.alternatives && !sources.is_empty();
        for parameter in method.parameters {
            if settled || sources.iter().any(|(set, _)| set.key == parameter.key) {
                continue;
            }
            if let Some(column) = sheet.find(parameter.key)? {
                sources.push((parameter, Source::Column(column)));
            }
        }
        let parameters = Parameters { method, sources };
        if !parameters.vary() {
            build(method, toml::Table::new(), &parameters.sources)?;
        }
        Ok(parameters)
    }

    /// Whether a parameter comes from a column.
    fn vary(&self) -> bool {
        self.sources.iter().any(|(_, source)| matches!(source, Source::Column(_)))
    }

    /// The objective with the parameters of a row.
    pub(super) fn objective(
        &self,
        sheet: &Sheet,
        row: usize,
    ) -> Result<Box<dyn Objective>, LossError> {
        let columns = self.columns(sheet, row)?;
        build(self.method, columns, &self.sources).map_err(|source| match self.vary() {
            true => LossError::ParameterOnLine { line: sheet.line(row), source },
            false => LossError::Parameter(source),
        })
    }

    /// The parameters that a row gives.
    fn columns(&self, sheet: &Sheet, row: usize) -> Result<toml::Table, LossError> {
        let mut table = toml::Table::new();
        for (parameter, source) in &self.sources {
            if let Source::Column(column) = source {
                let given = sheet.text(row, *column)?;
                let value = parameter
                    .parse(given)
                    .ok_or_else(|| sheet.bad_cell(row, *column, parameter.allowed()))?;
                table.insert(parameter.key.into(), value);
            }
        }
        Ok(table)
    }

    /// Refuses a prompt whose rows have different parameters.
    pub(super) fn check_group(
        &self,
        sheet: &Sheet,
        prompt: &str,
        rows: &[usize],
    ) -> Result<(), LossError> {
        let first = self.columns(sheet, rows[0])?;
        for &row in &rows[1..] {
            if self.columns(sheet, row)? != first {
                let (line, first) = (sheet.line(row), sheet.line(rows[0]));
                return Err(LossError::Disagreement { line, prompt: prompt.into(), first });
            }
        }
        Ok(())
    }
}

/// Builds the objective of a method from the parameters of a row and those of `--set`.
fn build(
    method: &Method,
    mut table: toml::Table,
    sources: &[(&'static Parameter, Source)],
) -> Result<Box<dyn Objective>, ObjectiveError> {
    for (parameter, source) in sources {
        if let Source::Set(value) = source {
            table.insert(parameter.key.into(), value.clone());
        }
    }
    let written = toml::Table::from_iter([(method.objective.into(), table.into())]);
    let spec: ObjectiveSpec =
        written.try_into().expect("the keys and types of a method are those of its objective");
    spec.build()
}

/// Reads one `key=value`.
fn read_set(
    method: &'static Method,
    text: &str,
) -> Result<(&'static Parameter, toml::Value), LossError> {
    let keys = || method.parameters.iter().map(|parameter| parameter.key);
    let Some((key, value)) = text.split_once('=') else {
        let example = format!("{}=0.1", keys().next().unwrap_or("beta"));
        return Err(LossError::MalformedSet { given: text.into(), example });
    };
    let (key, given) = (key.trim(), value.trim());
    let found = method.parameters.iter().find(|parameter| parameter.key == key);
    let parameter = found.ok_or_else(|| LossError::UnknownParameter {
        given: key.into(),
        method: method.name,
        hint: hint(key, keys()),
        allowed: listed(keys()),
    })?;
    let value = parameter.parse(given).ok_or_else(|| LossError::SetValue {
        key: key.into(),
        given: given.into(),
        allowed: parameter.allowed(),
    })?;
    Ok((parameter, value))
}
