//! The rows of `metrics.csv` and `cells.csv`.

use crate::learner::Measurement;
use crate::scenario::{Cell, Scenario};

/// The columns of `metrics.csv`, in a run folder and for one seed alike.
pub(super) const HEADER: [&str; 8] =
    ["cell", "method", "seed", "step", "round", "queries", "metric", "value"];

/// A number as the shortest text that reads back as the same number.
pub(super) fn number(value: f64) -> String {
    format!("{value:?}")
}

/// Orders metrics by name, and those ending in `/NUMBER` by that number (`probability/2` before
/// `probability/10`).
fn metric_order(metric: &str) -> (&str, Option<u64>) {
    match metric.rsplit_once('/') {
        Some((head, tail)) => match tail.parse() {
            Ok(number) => (head, Some(number)),
            Err(_) => (metric, None),
        },
        None => (metric, None),
    }
}

/// A CSV table with its header.
pub(super) fn table<R: AsRef<[String]>>(
    header: &[impl AsRef<[u8]>],
    rows: impl Iterator<Item = R>,
) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let to_memory = "rows as long as the header, written to memory";
    writer.write_record(header).expect(to_memory);
    for row in rows {
        writer.write_record(row.as_ref()).expect(to_memory);
    }
    writer.into_inner().expect(to_memory)
}

/// The rows of one cell and seed, in step and metric order.
pub(super) fn seed_rows(cell: &Cell, seed: u64, measurements: &[Measurement]) -> Vec<u8> {
    let mut order: Vec<&Measurement> = measurements.iter().collect();
    order.sort_by_key(|m| (m.step, metric_order(&m.metric)));
    let seed = seed.to_string();
    table(
        &HEADER,
        order.into_iter().map(|m| {
            [
                cell.name.clone(),
                cell.method.clone(),
                seed.clone(),
                m.step.to_string(),
                m.round.to_string(),
                m.queries.to_string(),
                m.metric.clone(),
                number(m.value),
            ]
        }),
    )
}

/// `cells.csv`: what each cell is; a swept key that a method lacks is empty.
pub(super) fn cell_rows(scenario: &Scenario) -> Vec<u8> {
    let keys: Vec<&str> = scenario.sweep.iter().map(|(key, _)| key.as_str()).collect();
    let header: Vec<&str> = ["cell", "method"].into_iter().chain(keys.iter().copied()).collect();
    table(
        &header,
        scenario.cells.iter().map(|cell| {
            let mut row = vec![cell.name.clone(), cell.method.clone()];
            row.extend(keys.iter().map(|k| cell.settings.get(*k).cloned().unwrap_or_default()));
            row
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_the_shortest_form_that_reads_back() {
        for (value, text) in
            [(0.1, "0.1"), (1.0, "1.0"), (1e-300, "1e-300"), (-0.0, "-0.0"), (f64::NAN, "NaN")]
        {
            assert_eq!(number(value), text);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
        assert_eq!(number(0.1 + 0.2), "0.30000000000000004");
    }

    #[test]
    fn arms_are_ordered_as_numbers() {
        let mut metrics = ["probability/10", "logps/rest", "probability/2", "entropy"];
        metrics.sort_by_key(|m| metric_order(m));
        assert_eq!(metrics, ["entropy", "logps/rest", "probability/2", "probability/10"]);
    }
}
