//! Metrics: what stands beside their names, in `learner/observer/metrics.md`.

use super::entry::{Entry, Kind};
use super::pages::{Page, pages};

/// What every metric means; the documentation of [`METRICS`](crate::learner::METRICS) too.
const TEXT: &str = include_str!("../learner/observer/metrics.md");

/// What stands for the number of an arm.
const ARM: &str = "/ARM";

/// Every metric, then those with one member for each arm.
pub(super) fn entries() -> Vec<Entry> {
    pages(TEXT).iter().map(entry).collect()
}

fn entry(page: &Page) -> Entry {
    let name = page.name.as_str();
    let also = match name.strip_suffix(ARM) {
        Some(family) => Some(format!("{family}/0")),
        None => name.split_once('/').map(|(family, _)| family.to_owned()),
    };
    Entry::new(Kind::Metric, name)
        .also(also)
        .with("What", page.paragraph(""))
        .with("Formula", page.paragraph("Formula"))
        .with("Unit", page.paragraph("Unit"))
        .with("Read", page.paragraph("Reading"))
        .with("Wrong", page.paragraph("Wrong"))
        .with("See", place(name))
        .with("Source", page.paragraph("Source"))
}

/// Where the numbers are.
fn place(name: &str) -> String {
    if name.ends_with(ARM) {
        return "written with `measure.distribution = true`; drawn by panels of kind `density`"
            .to_owned();
    }
    format!(
        "rows `{name}` of runs/ID/metrics.csv (restrict with measure.metrics); `y` of a [[panel]], \
         `metric` of a [[claim]]"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::{METRICS, is_metric};

    #[test]
    fn every_metric_has_a_page_and_every_page_is_of_a_metric() {
        let names: Vec<String> = pages(TEXT).into_iter().map(|page| page.name).collect();
        let (of_arms, listed): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| name.ends_with(ARM));
        assert_eq!(listed, METRICS);
        assert!(of_arms.iter().all(|name| is_metric(&name.replace("ARM", "3"))), "{of_arms:?}");
        assert_eq!(of_arms.len(), 6);
    }
}
