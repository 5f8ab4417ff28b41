//! Every policy's gradient of Σ cᵢ log π(yᵢ) against central differences.

use modeseek::policy::{
    Arm, Batch, Context, Enumerable, Mlp, MlpSpec, Policy, Scalars, StopFeatures, StopOrContinue,
    StopSpec, Tabular, Unimodal, UnimodalSpec,
};
use modeseek::stream::{Draws, Purpose, Streams};
use rand::Rng;

fn contexts(count: usize, features: usize) -> Vec<Context> {
    let mut rng = Streams::new(9).at(Purpose::Contexts, 0);
    (0..count).map(|_| Context((0..features).map(|_| rng.random::<f32>()).collect())).collect()
}

fn batch(prompts: Vec<Context>, arms: usize) -> (Batch<Context, Arm>, Vec<f64>) {
    let mut rng = Streams::new(9).at(Purpose::Sample, 0);
    let responses: Vec<Arm> = (0..prompts.len() * 3).map(|_| rng.random_range(0..arms)).collect();
    let coefficients = responses.iter().map(|_| rng.random::<f64>() * 2.0 - 0.8).collect();
    (Batch::even(prompts, responses), coefficients)
}

fn loss<P>(policy: &P, batch: &Batch<Context, Arm>, c: &[f64]) -> f64
where
    P: Policy<Prompt = Context, Response = Arm>,
{
    let log_pi = policy.log_probs(batch).expect("log-probabilities");
    log_pi.values().iter().zip(c).map(|(lp, c)| lp * c).sum()
}

/// Moves one number of one parameter.
fn nudge<P: Policy>(policy: &mut P, parameter: usize, place: usize, by: f64) {
    match &mut policy.parameters_mut()[parameter].scalars {
        Scalars::F32 { value, .. } => value[place] += by as f32,
        Scalars::F64 { value, .. } => value[place] += by,
    }
}

fn gradients<P: Policy>(policy: &mut P) -> Vec<(String, Vec<f64>)> {
    let parameters = policy.parameters_mut().into_iter();
    parameters
        .map(|p| match p.scalars {
            Scalars::F32 { gradient, .. } => {
                (p.name.to_owned(), gradient.iter().map(|g| f64::from(*g)).collect())
            }
            Scalars::F64 { gradient, .. } => (p.name.to_owned(), gradient.to_vec()),
        })
        .collect()
}

/// Compares the largest entries of every parameter with central differences of width `h`.
fn check<P>(mut policy: P, prompts: Vec<Context>, arms: usize, h: f64, tolerance: f64)
where
    P: Policy<Prompt = Context, Response = Arm> + Clone,
{
    let (batch, c) = batch(prompts, arms);
    policy.accumulate(&batch, &mut |_| Some(c.clone())).expect("accumulated");
    for (index, (name, gradient)) in gradients(&mut policy).into_iter().enumerate() {
        let mut places: Vec<usize> = (0..gradient.len()).collect();
        places.sort_by(|a, b| gradient[*b].abs().total_cmp(&gradient[*a].abs()));
        for &place in places.iter().take(6) {
            let (mut up, mut down) = (policy.clone(), policy.clone());
            nudge(&mut up, index, place, h);
            nudge(&mut down, index, place, -h);
            let slope = (loss(&up, &batch, &c) - loss(&down, &batch, &c)) / (2.0 * h);
            let given = gradient[place];
            assert!(
                (slope - given).abs() <= tolerance * given.abs().max(0.01),
                "{name}[{place}]: {given} against {slope}"
            );
        }
    }
}

#[test]
fn tabular_gradients_meet_finite_differences() {
    let logits = (0..7).map(|a| f64::from(a % 3) - 0.4).collect();
    check(Tabular::new(logits), contexts(4, 0), 7, 1e-5, 1e-7);
}

#[test]
fn unimodal_gradients_meet_finite_differences() {
    let policy = Unimodal::new(20, UnimodalSpec { mean: 8.0, width: 3.0 }).expect("valid");
    check(policy, contexts(4, 0), 20, 1e-6, 1e-6);
}

/// Single precision: large weights make the differences stand out of the rounding.
#[test]
fn mlp_gradients_meet_finite_differences() {
    let spec = MlpSpec { context: 6, features: 8, hidden: 12, gain: 1.5, ..MlpSpec::default() };
    let policy = Mlp::new(&spec, 9, Streams::new(2));
    check(policy, contexts(5, 6), 9, 1e-2, 0.03);
}

/// Two thirds of each hidden layer are off for every context, as after a fit to π_ref. A wider
/// difference would cross the kink of a unit that is barely on.
#[test]
fn mlp_gradients_meet_finite_differences_where_most_units_are_off() {
    let spec = MlpSpec { context: 6, features: 8, hidden: 12, gain: 1.5, ..MlpSpec::default() };
    let mut policy = Mlp::new(&spec, 9, Streams::new(2));
    for parameter in policy.parameters_mut() {
        let Scalars::F32 { value, .. } = parameter.scalars else { unreachable!("an MLP is f32") };
        if ["second.bias", "third.bias"].contains(&parameter.name) {
            (0..value.len()).filter(|unit| unit % 3 > 0).for_each(|unit| value[unit] = -50.0);
        }
    }
    check(policy, contexts(5, 6), 9, 1e-3, 0.03);
}

#[test]
fn a_batch_is_the_sum_of_its_prompts() {
    let spec = MlpSpec { context: 6, features: 8, hidden: 12, gain: 1.5, ..MlpSpec::default() };
    let mut whole = Mlp::new(&spec, 9, Streams::new(2));
    let mut parts = whole.clone();
    let (batch, c) = batch(contexts(8, 6), 9);
    whole.accumulate(&batch, &mut |_| Some(c.clone())).expect("accumulated");
    for (prompt, places) in batch.groups() {
        let mut one = Batch::default();
        one.push(prompt.clone(), batch.responses()[places.clone()].iter().copied());
        parts.accumulate(&one, &mut |_| Some(c[places.clone()].to_vec())).expect("accumulated");
    }
    for ((name, a), (_, b)) in gradients(&mut whole).iter().zip(&gradients(&mut parts)) {
        for (x, y) in a.iter().zip(b) {
            assert!((x - y).abs() < 1e-5 * x.abs().max(1.0), "{name}: {x} against {y}");
        }
    }
}

/// 20,000 draws: each arm's frequency lies within 4.5 standard errors of its probability.
#[test]
fn samples_follow_the_probabilities() {
    let policy = Unimodal::new(12, UnimodalSpec { mean: 4.0, width: 2.5 }).expect("valid");
    let draws = Draws::new(Streams::new(1), Purpose::Sample, 0);
    let count = 20_000;
    let arms = policy.sample(&[Context::empty()], count, &draws).expect("samples");
    let table = policy.log_probabilities(&[Context::empty()]);
    for (arm, log_prob) in table.row(0).iter().enumerate() {
        let p = log_prob.exp();
        let frequency = arms.iter().filter(|a| **a == arm).count() as f64 / count as f64;
        let error = (p * (1.0 - p) / count as f64).sqrt();
        assert!((frequency - p).abs() < 4.5 * error + 1e-9, "arm {arm}: {frequency} against {p}");
    }
}

#[test]
fn a_response_draws_the_same_number_alone_or_in_company() {
    let policy = Tabular::new(vec![0.0; 50]);
    let streams = Streams::new(3);
    let all = policy
        .sample(&contexts(6, 0), 5, &Draws::new(streams, Purpose::Sample, 100))
        .expect("samples");
    let tail = policy
        .sample(&contexts(2, 0), 5, &Draws::new(streams, Purpose::Sample, 120))
        .expect("samples");
    assert_eq!(all[20..], tail);
}

#[test]
fn an_arm_that_does_not_exist_is_refused_by_name() {
    let batch = Batch::even(contexts(1, 0), vec![7]);
    let error = Tabular::new(vec![0.0; 5]).log_probs(&batch).expect_err("refused");
    assert_eq!(error.to_string(), "arm 7 does not exist: arms are 0 to 4");
}

/// Every length can be drawn, so that shared and local features meet.
#[test]
fn stop_or_continue_gradients_equal_central_differences() {
    let log_reference: Vec<f64> = modeseek::numerics::log_softmax(
        &(0..30).map(|k| (0.3 * f64::from(k)).sin()).collect::<Vec<_>>(),
    );
    for features in [StopFeatures::Shared, StopFeatures::Bumps, StopFeatures::Both] {
        let spec = StopSpec { features, width: 6.0 };
        let mut policy = StopOrContinue::new(&log_reference, spec).expect("valid");
        let count = gradients(&mut policy)[0].1.len();
        (0..count).for_each(|j| nudge(&mut policy, 0, j, 0.8 * (j as f64).cos()));
        check(policy, contexts(4, 0), 30, 1e-5, 1e-7);
    }
}
