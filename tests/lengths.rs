//! Length policies, skewed data and learned rewards against exact numbers.

use modeseek::learner::{FittedPolicies, Measurement, Stop};
use modeseek::numerics::{kl_divergence, log_softmax};
use modeseek::policy::{
    Context, Enumerable, Policy, Scalars, StopFeatures, StopOrContinue, StopSpec, divergences,
};
use modeseek::runner::train::train;
use modeseek::scenario::Scenario;
use modeseek::stream::{Draws, Purpose, Streams};

const FEATURES: [StopFeatures; 3] = [StopFeatures::Shared, StopFeatures::Bumps, StopFeatures::Both];

/// A reference over 0 … 512 with its mode near 203.
fn reference() -> Vec<f64> {
    let weight = |k: usize| (-0.5 * ((k as f64 - 203.0) / 60.0).powi(2)).exp() + 1e-4;
    log_softmax(&(0..=512).map(|k| weight(k).ln()).collect::<Vec<_>>())
}

/// A policy with weights that are not zero.
fn policy(features: StopFeatures) -> StopOrContinue {
    let spec = StopSpec { features, width: 40.0 };
    let mut policy = StopOrContinue::new(&reference(), spec).expect("valid");
    for parameter in policy.parameters_mut() {
        let Scalars::F64 { value, .. } = parameter.scalars else { panic!("double precision") };
        value.iter_mut().enumerate().for_each(|(j, w)| *w = 1.3 * (1.7 * j as f64).sin());
    }
    policy
}

fn row(policy: &StopOrContinue) -> Vec<f64> {
    policy.log_probabilities(&[Context::empty()]).row(0).to_vec()
}

#[test]
fn stop_probabilities_sum_to_one_at_512_tokens_and_start_as_the_reference() {
    for features in FEATURES {
        let total: f64 = row(&policy(features)).iter().map(|lp| lp.exp()).sum();
        assert!((total - 1.0).abs() < 1e-12, "{features:?}: {total}");
        let start = StopOrContinue::new(&reference(), StopSpec { features, width: 40.0 });
        for (got, want) in row(&start.expect("valid")).iter().zip(reference()) {
            assert!((got - want).abs() < 1e-11, "{features:?}: {got} against {want}");
        }
    }
}

/// The exact mean and its standard error against a million samples.
#[test]
fn an_exact_expectation_agrees_with_a_million_samples() {
    const DRAWS: usize = 1_000_000;
    let policy = policy(StopFeatures::Both);
    let p: Vec<f64> = row(&policy).iter().map(|lp| lp.exp()).collect();
    let moment = |n: i32| p.iter().enumerate().map(|(k, p)| p * (k as f64).powi(n)).sum::<f64>();
    let error = ((moment(2) - moment(1).powi(2)) / DRAWS as f64).sqrt();
    let draws = Draws::new(Streams::new(2), Purpose::Sample, 0);
    let lengths = policy.sample(&[Context::empty()], DRAWS, &draws).expect("samples");
    let mean = lengths.iter().sum::<usize>() as f64 / DRAWS as f64;
    assert!((mean - moment(1)).abs() < 4.0 * error, "{mean} against {} ± {error}", moment(1));
}

/// A reference that stops with probability h everywhere is geometric, and a shared bias makes it
/// another geometric: KL = ln(s/h) + (1 − s)/s·ln((1 − s)/(1 − h)), up to the 1e-12 beyond 512.
#[test]
fn a_shared_bias_turns_one_geometric_into_another() {
    let h: f64 = 0.1;
    let mut reference: Vec<f64> = (0..512).map(|k| h.ln() + k as f64 * (1.0 - h).ln()).collect();
    reference.push(512.0 * (1.0 - h).ln());
    let spec = StopSpec { features: StopFeatures::Shared, width: 1.0 };
    let mut policy = StopOrContinue::new(&reference, spec).expect("valid");
    let Scalars::F64 { value, .. } = policy.parameters_mut().remove(0).scalars else { panic!() };
    value[0] = 0.7;
    let s = 1.0 / (1.0 + ((1.0 - h) / h) * (-0.7f64).exp());
    let mean: f64 = row(&policy).iter().enumerate().map(|(k, lp)| k as f64 * lp.exp()).sum();
    assert!((mean - (1.0 - s) / s).abs() < 1e-9, "{mean}");
    let kl = (s / h).ln() + (1.0 - s) / s * ((1.0 - s) / (1.0 - h)).ln();
    let exact = divergences(&policy, &[Context::empty()], &reference).reverse;
    assert!((exact - kl).abs() < 1e-9, "{exact} against {kl}");
    assert!((kl_divergence(&row(&policy), &reference) - kl).abs() < 1e-9);
}

/// The first cell of a scenario on a short length problem.
fn run(objective: &str, more: &str, seed: u64) -> Result<Vec<Measurement>, Stop> {
    let text = format!(
        "id = \"t\"\ntitle = \"t\"\n[problem.length]\ntask = \"skew\"\nlongest = 40\n\
         mode_length = 20.0\nreference.normal = {{ mean = 20.0, deviation = 6.0 }}\n\
         truncation.exponential = {{ mean = 8.0 }}\n\
         [policy.tabular]\n[optimizer.adam]\nlearning_rate = 0.1\n\
         [[method]]\nname = \"m\"\nobjective.{objective}\n{more}"
    );
    let scenario = Scenario::parse("t.toml", &text, None, &[], None);
    let scenario = scenario.unwrap_or_else(|e| panic!("{e}"));
    train(&scenario.cells[0].experiment, seed, &FittedPolicies::default())
}

fn last(measurements: &[Measurement], metric: &str) -> f64 {
    let own = measurements.iter().rev().find(|m| m.metric == metric);
    own.unwrap_or_else(|| panic!("no {metric}")).value
}

/// On truncated data supervised losses come to rest on the data, contrastive ones on a tilt of π_ref.
#[test]
fn exact_training_on_skewed_data_arrives_at_the_fixed_point() {
    for objective in [
        "pref-ft = {}",
        "best-of-n = {}",
        "rwr = { temperature = 5.0 }",
        "ipo = { target_margin = 4.0 }",
    ] {
        let schedule = |expectation: &str| {
            format!(
                "data.prompts = 1\nschedule = {{ data = \"offline\", expectation = \
                 \"{expectation}\", samples_per_round = 2, responses_per_prompt = 2, minibatch = 2, \
                 steps = 3000, learning_rate_decay = \"cosine\" }}"
            )
        };
        let at = |expectation: &str| run(objective, &schedule(expectation), 0).expect("a run");
        let (trained, optimum) = (at("exact"), at("fixed-point"));
        for metric in ["mean_length", "length_distance"] {
            let (got, want) = (last(&trained, metric), last(&optimum, metric));
            assert!((got - want).abs() < 0.05, "{objective} {metric}: {got} against {want}");
        }
    }
}

const SCHEDULE: &str =
    "samples_per_round = 20, responses_per_prompt = 2, minibatch = 20, steps = 40";

/// D_pref is labelled by the true reward: an offline loss over its pairs never sees r_φ. What a
/// policy draws for itself is compared by r_φ.
#[test]
fn a_reward_model_judges_a_policys_own_samples_and_not_the_preference_data() {
    let model = "reward_model = { class = \"smooth\", width = 4.0, pairs = 60 }";
    let noise = "pairs.labels.bradley-terry = { temperature = 3.0 }";
    let reward = |data: &str, model: &str| {
        let more = format!(
            "data.prompts = 60\n{noise}\n{model}\nschedule = {{ data = \"{data}\", {SCHEDULE} }}"
        );
        last(&run("dpo = { beta = 0.3 }", &more, 3).expect("a run"), "gold_reward")
    };
    assert_eq!(reward("offline", model), reward("offline", ""));
    assert_ne!(reward("on-policy", model), reward("on-policy", ""));
}

/// Reward −|y|, 2000 exactly labelled pairs of truncated responses, of which e⁻⁴ = 2 % are longer than
/// 30: up to there the parabola falls from every length to the next, so that it compares any two such
/// responses as the truth does.
#[test]
fn a_quadratic_reward_model_of_exact_labels_orders_the_lengths_of_its_data() {
    let more = format!(
        "data.prompts = 60\nmeasure = {{ distribution = true }}\n\
         reward_model = {{ class = \"quadratic\", pairs = 2000, ridge = 1e-4 }}\n\
         schedule = {{ {SCHEDULE} }}"
    );
    let measured = run("dpo = { beta = 0.3 }", &more, 5).expect("a run");
    let proxy: Vec<f64> = (0..=30).map(|k| last(&measured, &format!("proxy/{k}"))).collect();
    assert!(proxy.windows(2).all(|pair| pair[1] < pair[0]), "{proxy:?}");
}

#[test]
fn coverage_and_correlations_are_measured_at_the_first_step_only() {
    let more = format!(
        "data.prompts = 60\nreward_model.class = \"quadratic\"\nschedule = {{ {SCHEDULE} }}"
    );
    let measured = run("ppo = {}", &more, 1).expect("a run");
    for metric in ["coverage/overlap", "coverage/ess", "proxy_correlation/reference"] {
        let steps: Vec<u64> =
            measured.iter().filter(|m| m.metric == metric).map(|m| m.step).collect();
        assert_eq!(steps, [0], "{metric}");
    }
    let close = last(&measured, "proxy_correlation/data");
    assert!(close > 0.9, "{close}");
    assert_eq!(last(&measured, "length_distance"), -last(&measured, "gold_reward"));
}

/// A gap that no pair has leaves nothing to learn a reward from.
#[test]
fn a_reward_model_without_a_single_comparison_is_refused() {
    let more = format!(
        "data.prompts = 20\npairs.reward_gap = 100.0\nreward_model.class = \"quadratic\"\n\
         schedule = {{ {SCHEDULE} }}"
    );
    let stop = run("rwr = {}", &more, 1).expect_err("refused").to_string();
    assert!(stop.contains("no pair of the preference data was kept"), "{stop}");
}

/// On Min Length the first on-policy samples and the preference data have the same law: were their
/// addresses the same too, r_φ would judge the very responses it was learned from.
#[test]
fn a_policys_first_samples_are_not_those_a_reward_was_learned_from() {
    use modeseek::learner::{BanditTask, Task};
    use modeseek::problem::{Problem, ProblemSpec};
    let spec: ProblemSpec = toml::from_str("[length]\ntask = \"min\"").expect("valid");
    let problem = Problem::new(&spec, std::path::Path::new(".")).expect("valid");
    let task = BanditTask::new(problem.clone(), 0, Streams::new(7));
    let draws = Draws::new(Streams::new(7), Purpose::Sample, 0);
    let data = task.data_responses(&[0], 2, &draws).expect("drawn");
    let policy = StopOrContinue::new(problem.log_reference(), StopSpec::default()).expect("valid");
    let at = |first| {
        let draws = Draws::new(Streams::new(7), Purpose::Sample, first);
        policy.sample(&[Context::empty()], 2, &draws).expect("samples")
    };
    assert_eq!(at(0), data);
    assert_ne!(at(1 << 40), data);
}
