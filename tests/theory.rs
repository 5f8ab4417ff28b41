//! The paper's theory (arXiv 2404.14367, §6) on random models: Lemma 6.2 and the logarithmic mean.

use modeseek::learner::{BanditRun, FittedPolicies};
use modeseek::policy::{Arm, Batch, Context, Mlp, MlpSpec, Policy, Scalars, Tabular};
use modeseek::problem::{Problem, logarithmic_mean};
use modeseek::stream::{Purpose, Streams};
use rand::Rng;

/// Step size of the one update: small, because the lemma is about the first order, and large enough
/// for single precision.
const ETA: f64 = 2e-4;

/// Two responses to a prompt, the preferred one first.
type Pair = (Context, Arm, Arm);

/// The gradient of Σ cᵢ log π(yᵢ), all parameters in one vector.
fn gradient<P>(policy: &P, responses: &[(Context, Arm, f64)]) -> Vec<f64>
where
    P: Policy<Prompt = Context, Response = Arm> + Clone,
{
    let mut policy = policy.clone();
    policy.clear_gradients();
    let prompts = responses.iter().map(|(x, ..)| x.clone()).collect();
    let batch = Batch::even(prompts, responses.iter().map(|(_, y, _)| *y).collect());
    let c = responses.iter().map(|(.., c)| *c).collect();
    policy.accumulate(&batch, &mut |_| Some(Vec::clone(&c))).expect("accumulated");
    let parameters = policy.parameters_mut().into_iter();
    parameters
        .flat_map(|p| match p.scalars {
            Scalars::F32 { gradient, .. } => gradient.iter().map(|g| f64::from(*g)).collect(),
            Scalars::F64 { gradient, .. } => gradient.to_vec(),
        })
        .collect()
}

/// The policy after θ ← θ + η·direction.
fn moved<P: Policy + Clone>(policy: &P, direction: &[f64]) -> P {
    let mut policy = policy.clone();
    let mut steps = direction.iter();
    for parameter in policy.parameters_mut() {
        match parameter.scalars {
            Scalars::F32 { value, .. } => {
                value.iter_mut().zip(&mut steps).for_each(|(v, d)| *v += (ETA * d) as f32);
            }
            Scalars::F64 { value, .. } => {
                value.iter_mut().zip(&mut steps).for_each(|(v, d)| *v += ETA * d);
            }
        }
    }
    policy
}

/// Means of log π(y_w) and log π(y_l) over a data set.
fn log_probs<P>(policy: &P, data: &[Pair]) -> [f64; 2]
where
    P: Policy<Prompt = Context, Response = Arm>,
{
    let mean = |of: &dyn Fn(&Pair) -> Arm| {
        let prompts = data.iter().map(|(x, ..)| x.clone()).collect();
        let batch = Batch::even(prompts, data.iter().map(of).collect());
        let values = policy.log_probs(&batch).expect("log-probabilities");
        values.values().iter().sum::<f64>() / data.len() as f64
    };
    [mean(&|pair| pair.1), mean(&|pair| pair.2)]
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// What c₂ = 1 adds to the update of c₁ = 1, measured after the step and predicted by gradients.
struct Push {
    /// Measured change of E[log π(y_w)], E[log π(y_l)] per η.
    measured: [f64; 2],
    /// ⟨E∇log π(y_w), E∇log π(y_l)⟩, |E∇log π(y_l)|² and the sum of both squares.
    products: [f64; 3],
}

fn push<P>(policy: &P, data: &[Pair]) -> Push
where
    P: Policy<Prompt = Context, Response = Arm> + Clone,
{
    let share = 1.0 / data.len() as f64;
    let side = |of: &dyn Fn(&Pair) -> Arm| {
        let rows: Vec<_> = data.iter().map(|pair| (pair.0.clone(), of(pair), share)).collect();
        gradient(policy, &rows)
    };
    let (chosen, rejected) = (side(&|pair| pair.1), side(&|pair| pair.2));
    let both: Vec<f64> = chosen.iter().zip(&rejected).map(|(w, l)| w - l).collect();
    let without = log_probs(&moved(policy, &chosen), data);
    let with = log_probs(&moved(policy, &both), data);
    Push {
        measured: [0, 1].map(|side| (with[side] - without[side]) / ETA),
        products: [
            dot(&chosen, &rejected),
            dot(&rejected, &rejected),
            dot(&chosen, &chosen) + dot(&rejected, &rejected),
        ],
    }
}

/// What the second order and single precision may add to a change predicted by gradients.
fn slack(scale: f64) -> f64 {
    0.03 * scale + 0.02
}

/// Checks the lemma on one model, and tells the sign of ⟨E∇log π(y_w), E∇log π(y_l)⟩.
fn check<P>(policy: &P, data: &[Pair]) -> bool
where
    P: Policy<Prompt = Context, Response = Arm> + Clone,
{
    let forth = push(policy, data);
    let [between, rejected, scale] = forth.products;
    let slack = slack(scale);
    let [chosen_gains, rejected_gains] = forth.measured;
    assert!((chosen_gains + between).abs() < slack, "{chosen_gains} {between} {scale}");
    assert!((rejected_gains + rejected).abs() < slack, "{rejected_gains} {rejected} {scale}");
    if between <= 0.0 {
        // Likelihood of the chosen rises more and that of the rejected falls more than without.
        assert!(chosen_gains >= -slack && rejected_gains <= slack);
    }
    // Some data set, this one or the one with its pairs turned round, widens E[ω] at least as much.
    let swapped: Vec<Pair> = data.iter().map(|(x, w, l)| (x.clone(), *l, *w)).collect();
    let back = push(policy, &swapped);
    let widening = |push: &Push| push.measured[0] - push.measured[1];
    let best = widening(&forth).max(widening(&back));
    assert!(best >= -slack, "{} {}", widening(&forth), widening(&back));
    between <= 0.0
}

fn pairs(rng: &mut impl Rng, count: usize, arms: usize, features: usize) -> Vec<Pair> {
    let mut pair = || {
        let w = rng.random_range(0..arms);
        let l = (w + rng.random_range(1..arms)) % arms;
        (Context((0..features).map(|_| rng.random::<f32>()).collect()), w, l)
    };
    (0..count).map(|_| pair()).collect()
}

/// Lemma 6.2: with update c₁∇log π(y_w) − c₂∇log π(y_l), for every model some data set makes E[ω]
/// after the step at least as large with c₂ > 0 as with c₂ = 0; and where
/// ⟨E∇log π(y_w), E∇log π(y_l)⟩ ≤ 0, log π(y_w) is at least as large and log π(y_l) at most.
#[test]
fn lemma_6_2_holds_on_random_tables() {
    let mut opposed = 0;
    for model in 0..200 {
        let mut rng = Streams::new(62).at(Purpose::Init, model);
        let spread = rng.random_range(0.1..4.0);
        let logits = (0..8).map(|_| spread * (rng.random::<f64>() - 0.5)).collect();
        let count = rng.random_range(1..6);
        let data = pairs(&mut rng, count, 8, 0);
        opposed += usize::from(check(&Tabular::new(logits), &data));
    }
    // Both signs must have been met, or half of the lemma went untested.
    assert!((20..=180).contains(&opposed), "{opposed} of 200 models have opposed gradients");
}

#[test]
fn lemma_6_2_holds_on_random_networks() {
    let spec = MlpSpec { context: 6, features: 8, hidden: 12, gain: 1.5, ..MlpSpec::default() };
    let mut opposed = 0;
    for model in 0..60 {
        let mut rng = Streams::new(620).at(Purpose::Contexts, model);
        let count = rng.random_range(1..6);
        let data = pairs(&mut rng, count, 5, 6);
        opposed += usize::from(check(&Mlp::new(&spec, 5, Streams::new(model)), &data));
    }
    assert!((5..=55).contains(&opposed), "{opposed} of 60 models have opposed gradients");
}

/// log π(arm 0) − log π(arm 1) after one small exact step on one of the divergences.
fn separation(objective: &str, p: f64, q1: f64, q2: f64) -> f64 {
    let table = |text: String| toml::from_str::<toml::Table>(&text).expect("TOML");
    let read = |text: String| table(text)["x"].clone();
    let problem = read(format!("x = {{ separation = {{ p = {p}, q1 = {q1}, q2 = {q2} }} }}"));
    let problem = Problem::new(&problem.try_into().expect("problem"), std::path::Path::new("."));
    let counts =
        "expectation = 'exact', samples_per_round = 1, responses_per_prompt = 1, minibatch = 1";
    let run = BanditRun {
        problem: &problem.expect("valid"),
        policy: &read("x = { tabular = {} }".into()).try_into().expect("policy"),
        objective: &read(format!("x = {{ {objective} = {{}} }}")).try_into().expect("objective"),
        schedule: &read(format!("x = {{ {counts}, steps = 1 }}")).try_into().expect("schedule"),
        data: &Default::default(),
        pairs: &Default::default(),
        optimizer: &read("x = { sgd = { learning_rate = 1e-3 } }".into()).try_into().expect("sgd"),
        measure: &Default::default(),
        reward_model: None,
    };
    let measured = run.train(0, &FittedPolicies::default()).expect("trained");
    measured.iter().rfind(|m| m.metric == "separation").expect("measured").value
}

/// From p₁ = p₂ = p, a step of size η separates by η(q₁ − q₂) under the forward KL and by
/// η·p·ln(q₁/q₂) under the reverse: the reverse is faster exactly above the logarithmic mean.
#[test]
fn the_reverse_kl_separates_faster_exactly_above_the_logarithmic_mean() {
    let mut rng = Streams::new(65).at(Purpose::Init, 0);
    let (mut faster, mut slower) = (0, 0);
    while faster + slower < 300 {
        let (p, q1, q2) = (
            rng.random_range(0.01..0.49),
            rng.random_range(0.01..0.98),
            rng.random_range(0.01..0.5),
        );
        let mean = logarithmic_mean(q1, q2);
        if q1 <= q2 * 1.05 || q1 + q2 >= 0.99 || (p - mean).abs() < 0.003 {
            continue;
        }
        let (reverse, forward) =
            (separation("reverse-kl", p, q1, q2), separation("forward-kl", p, q1, q2));
        let expected = [p * (q1 / q2).ln(), q1 - q2].map(|x| 1e-3 * x);
        assert!((reverse - expected[0]).abs() < 1e-9, "{reverse} {expected:?}");
        assert!((forward - expected[1]).abs() < 1e-9, "{forward} {expected:?}");
        assert_eq!(reverse > forward, p > mean, "p {p}, q1 {q1}, q2 {q2}");
        if p > mean { faster += 1 } else { slower += 1 }
    }
    assert!(faster > 50 && slower > 50, "{faster} {slower}");
}

/// (0.4 − 0.1)/ln 4 = 0.3/1.3862943611 = 0.2164042561, and the mean of equal numbers is themselves.
#[test]
fn the_logarithmic_mean_is_the_hand_computed_one() {
    assert!((logarithmic_mean(0.4, 0.1) - 0.216_404_256_1).abs() < 1e-9);
    assert_eq!(logarithmic_mean(0.2, 0.2), 0.2);
}
