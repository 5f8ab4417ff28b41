//! The first steps of training on nano, by every kernel and on every device of this build. Later ones are not compared:
//! where rounding decides which token is drawn, the ways part.
#![cfg(feature = "llm")]

#[path = "llm_support/engines.rs"]
mod engines;

use engines::{fused, stock};
use modeseek::learner::{FittedPolicies, Measurement};
use modeseek::llm::Engine;
use modeseek::runner::Host;
use modeseek::runner::train::train_on;
use modeseek::scenario::{Cell, Scenario, Source};

/// What rounding may do to a number before a token is drawn otherwise, relative to 1 + its size.
const ROUNDING: f64 = 1e-4;

/// A method's measurements at every step, for one seed.
fn measured(cell: &Cell, host: &Host) -> Vec<Measurement> {
    train_on(host, &cell.experiment, 0, (&FittedPolicies::default(), &mut ()))
        .unwrap_or_else(|stop| panic!("{}: {stop}", cell.description()))
}

/// The largest distance of two numbers, relative to 1 + their size.
fn apart(one: &[Measurement], other: &[Measurement]) -> f64 {
    assert_eq!(one.len(), other.len());
    let distance = |(a, b): (&Measurement, &Measurement)| {
        assert_eq!((&a.metric, a.step), (&b.metric, b.step));
        (a.value - b.value).abs() / (1.0 + a.value.abs())
    };
    one.iter().zip(other).map(distance).fold(0.0, f64::max)
}

#[test]
fn methods_begin_the_same_way_by_every_kernel() {
    let short = ["schedule.steps=2", "measure.every=1"].map(String::from);
    let source = Source::Shipped("tokens-complementarity".into());
    let scenario = Scenario::load(&source, &short, None).unwrap_or_else(|e| panic!("{e}"));
    let place = |engine: Engine| Host::new(engine, "models".into(), None);
    let own = place(fused());
    let others: Vec<_> = stock().into_iter().map(|e| (e.arithmetic(), place(e))).collect();
    for cell in &scenario.cells {
        let wanted = measured(cell, &own);
        for (name, other) in &others {
            let apart = apart(&wanted, &measured(cell, other));
            assert!(apart < ROUNDING, "{} by {name}: {apart}", cell.description());
        }
    }
}
