//! Losses and coefficients from log-probabilities given in a CSV, for checking by hand.
//!
//! One loss per row, un-normalised, from log-probabilities given in a CSV; lines that begin with `#`
//! are comments. The columns that a method reads:
//!
//! | method | columns | parameters |
//! |---|---|---|
//! | `dpo` | `policy_logp_chosen, policy_logp_rejected, ref_logp_chosen, ref_logp_rejected` | `beta, label_smoothing` |
//! | `ipo` | the same | `tau` or `target_margin` |
//! | `hinge` | the same | `beta` |
//! | `pref-ft` | `policy_logp_chosen` | |
//! | `rwr` | `policy_logp, reward` | `temperature, weight_clip` |
//! | `reinforce` | `policy_logp, advantage`, else `reward` in its place | |
//! | `ppo` | `policy_logp, old_logp, advantage` | `ratio_clip` |
//! | `best-of-n`, `rloo` | `policy_logp, reward, prompt` | |
//! | `unlikelihood` | `policy_logp, reward, prompt` | `alpha, pushed, floor` |
//!
//! A parameter comes from `--set`, else from a column of its name, else from its default. The rows
//! of one prompt need not be adjacent. All columns pass through, in their order; then follow `loss`
//! and `coefficient_chosen, coefficient_rejected` (pairs) or `coefficient` (samples), with 17
//! digits. Comments are dropped. Nothing is written unless every row is valid.

mod error;
mod method;
mod parameters;
mod sheet;

pub use error::LossError;

use crate::objective::{AdvantageSpec, BaselineSpec, Group, Ledger, Objective, RunningMean};
use crate::preference::Pair;
use method::{Method, Shape};
use parameters::Parameters;
use sheet::Sheet;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Writes `file` to `out` with the loss and the coefficients of every row.
///
/// *where* `method` is one of `dpo ipo hinge pref-ft best-of-n rwr reinforce rloo ppo unlikelihood`
/// and `set` holds `key=value` texts. Every error but [`LossError::Write`] is one of the input.
pub fn loss(
    method: &str,
    file: &Path,
    set: &[String],
    out: &mut dyn Write,
) -> Result<(), LossError> {
    let method = Method::named(method)?;
    let text = std::fs::read_to_string(file)
        .map_err(|source| LossError::Read { path: file.into(), source })?;
    let sheet = Sheet::read(&text)?;
    let rows = account_for(method, &sheet, set)?;
    sheet.write(method.shape.appended(), &rows, out)
}

/// What is calculated for every row.
#[derive(Debug, Clone, PartialEq)]
pub struct Calculated {
    /// What the numbers of a row are: `loss` and the coefficients.
    pub columns: &'static [&'static str],
    /// The numbers, `[rows, columns]`.
    pub rows: Vec<Vec<f64>>,
}

/// The loss and the coefficients of every row of a CSV text; `method` and `set` are those of [`loss`].
pub fn calculate(method: &str, csv: &str, set: &[String]) -> Result<Calculated, LossError> {
    let method = Method::named(method)?;
    let rows = account_for(method, &Sheet::read(csv)?, set)?;
    Ok(Calculated { columns: method.shape.appended(), rows })
}

/// `[loss, coefficients…]` of every row.
fn account_for(
    method: &'static Method,
    sheet: &Sheet,
    set: &[String],
) -> Result<Vec<Vec<f64>>, LossError> {
    let parameters = Parameters::new(method, set, sheet)?;
    let columns = sheet.columns(method)?;
    match method.shape {
        Shape::Pair => per_row(sheet, &parameters, |row| Ok(pair(&sheet.numbers(row, &columns)?))),
        Shape::Sample => {
            per_row(sheet, &parameters, |row| Ok(sample(&sheet.numbers(row, &columns)?)))
        }
        Shape::Group => per_prompt(method, sheet, &parameters, &columns),
    }
}

/// The numbers of one group, owned; [`Group`] borrows them.
#[derive(Default)]
struct Numbers {
    log_pi: Vec<f64>,
    log_old: Vec<f64>,
    log_ref: Vec<f64>,
    reward: Vec<f64>,
    advantage: Vec<f64>,
    pairs: Vec<Pair>,
}

/// A chosen and a rejected response: `[π_w]` or `[π_w, π_l, ref_w, ref_l]`, in nats.
fn pair(cells: &[f64]) -> Numbers {
    Numbers {
        log_pi: vec![cells[0], cells.get(1).copied().unwrap_or(0.0)],
        log_ref: cells.get(2..4).unwrap_or_default().to_vec(),
        pairs: vec![Pair { chosen: 0, rejected: 1 }],
        ..Numbers::default()
    }
}

/// One response: `[log π, log π_old if there, advantage or reward]`.
fn sample(cells: &[f64]) -> Numbers {
    let signal = vec![cells[cells.len() - 1]];
    Numbers {
        log_pi: vec![cells[0]],
        log_old: vec![cells[cells.len() - 2]],
        reward: signal.clone(),
        advantage: signal,
        ..Numbers::default()
    }
}

/// The losses of the terms and the coefficients of one-token responses.
fn account(objective: &dyn Objective, numbers: &Numbers) -> (Vec<f64>, Vec<f64>) {
    let offsets: Vec<usize> = (0..=numbers.log_pi.len()).collect();
    let group = Group {
        log_pi: &numbers.log_pi,
        offsets: &offsets,
        log_old: &numbers.log_old,
        log_ref: &numbers.log_ref,
        log_ref_tokens: &[],
        kl_coefficient: 0.0,
        log_target: &[],
        reward: &numbers.reward,
        advantage: &numbers.advantage,
        token_advantage: &[],
        pairs: &numbers.pairs,
        law: None,
    };
    let (mut terms, mut coefficients) = (Vec::new(), vec![0.0; numbers.log_pi.len()]);
    objective.add_group(&group, &mut Ledger::itemised(&mut coefficients, &mut terms));
    (terms, coefficients)
}

/// Every row for itself: `[loss, coefficients…]` of each.
fn per_row(
    sheet: &Sheet,
    parameters: &Parameters,
    numbers: impl Fn(usize) -> Result<Numbers, LossError>,
) -> Result<Vec<Vec<f64>>, LossError> {
    let one = |row| {
        let (terms, coefficients) = account(&*parameters.objective(sheet, row)?, &numbers(row)?);
        Ok([terms, coefficients].concat())
    };
    (0..sheet.rows()).map(one).collect()
}

/// The rows of one prompt together: `[loss, coefficient]` of each row, its own contribution.
fn per_prompt(
    method: &Method,
    sheet: &Sheet,
    parameters: &Parameters,
    columns: &[usize],
) -> Result<Vec<Vec<f64>>, LossError> {
    let column = sheet.column(&["prompt"])?;
    let mut prompts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in 0..sheet.rows() {
        prompts.entry(sheet.text(row, column)?).or_default().push(row);
    }
    let mut entries = vec![Vec::new(); sheet.rows()];
    for (prompt, rows) in prompts {
        method.check_group(sheet, prompt, &rows)?;
        parameters.check_group(sheet, prompt, &rows)?;
        let cells = rows.iter().map(|&row| sheet.numbers(row, columns));
        let numbers = responses(&cells.collect::<Result<Vec<_>, _>>()?);
        let (terms, coefficients) = account(&*parameters.objective(sheet, rows[0])?, &numbers);
        for (k, row) in rows.into_iter().enumerate() {
            entries[row] = vec![terms[k], coefficients[k]];
        }
    }
    Ok(entries)
}

/// The responses of one prompt, `[log π, reward]` each, with their leave-one-out advantages.
fn responses(cells: &[Vec<f64>]) -> Numbers {
    let reward: Vec<f64> = cells.iter().map(|cell| cell[1]).collect();
    let baseline = BaselineSpec::LeaveOneOut;
    let rloo = AdvantageSpec { baseline, ..AdvantageSpec::default() };
    let advantage = rloo.advantages(&reward, &[0, reward.len()], &mut RunningMean::default());
    let log_pi = cells.iter().map(|cell| cell[0]).collect();
    Numbers { log_pi, reward, advantage, ..Numbers::default() }
}
