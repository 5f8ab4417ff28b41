//! The learner against exact optima, equivalences and its own counts.

use modeseek::learner::{BanditRun, FittedPolicies, Measurement, Stop};
use modeseek::problem::Problem;
use serde::Deserialize;

/// A run written as a scenario writes it.
#[derive(Deserialize)]
struct Run {
    problem: modeseek::problem::ProblemSpec,
    policy: modeseek::policy::PolicySpec,
    objective: modeseek::objective::ObjectiveSpec,
    schedule: modeseek::learner::ScheduleSpec,
    #[serde(default)]
    data: modeseek::learner::DataSpec,
    #[serde(default)]
    pairs: modeseek::preference::PairSpec,
    reward_model: Option<modeseek::preference::RewardModelSpec>,
    optimizer: modeseek::learner::OptimizerSpec,
    #[serde(default)]
    measure: modeseek::learner::MeasureSpec,
}

fn train(text: &str, seed: u64) -> Result<Vec<Measurement>, Stop> {
    let run: Run = toml::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let problem = Problem::new(&run.problem, std::path::Path::new(".")).expect("problem");
    let run = BanditRun {
        problem: &problem,
        policy: &run.policy,
        objective: &run.objective,
        schedule: &run.schedule,
        data: &run.data,
        pairs: &run.pairs,
        reward_model: run.reward_model.as_ref(),
        optimizer: &run.optimizer,
        measure: &run.measure,
    };
    run.train(seed, &FittedPolicies::default())
}

fn scenario(objective: &str, schedule: &str, rest: &str) -> String {
    format!(
        "objective.{objective}\n[problem.bumps]\nreward = \"R1\"\n[policy.tabular]\n\
         [schedule]\n{schedule}\n{rest}\n"
    )
}

fn series(measurements: &[Measurement], metric: &str) -> Vec<f64> {
    measurements.iter().filter(|m| m.metric == metric).map(|m| m.value).collect()
}

fn last(measurements: &[Measurement], metric: &str) -> f64 {
    *series(measurements, metric).last().unwrap_or_else(|| panic!("no {metric}"))
}

/// Exact gradients of an offline loss lead to the exact optimum of that loss.
#[test]
fn exact_training_arrives_at_the_fixed_point() {
    let cases = [
        "best-of-n = {}",
        "rwr = { temperature = 0.2 }",
        "ipo = { target_margin = 10.0 }",
        "pref-ft = {}",
        "dpo = { beta = 0.5, label_smoothing = 0.1 }",
    ];
    for objective in cases {
        let rest =
            "[optimizer.adam]\nlearning_rate = 0.1\n[data]\nprompts = 1\n[measure]\nevery = 500";
        let schedule = |expectation: &str| {
            format!(
                "data = \"offline\"\nexpectation = \"{expectation}\"\nsamples_per_round = 10\n\
                 minibatch = 10\nsteps = 4000\nlearning_rate_decay = \"cosine\""
            )
        };
        let run = |e: &str| train(&scenario(objective, &schedule(e), rest), 0).expect("trained");
        let (trained, optimum) = (run("exact"), run("fixed-point"));
        for metric in ["gold_reward", "reverse_kl_ref"] {
            let (got, want) = (last(&trained, metric), last(&optimum, metric));
            assert!((got - want).abs() < 2e-3, "{objective} {metric}: {got} against {want}");
        }
    }
}

/// On-policy policy gradients know where the reward is; the target of Lemma 6.1 is the optimum of
/// reverse KL, which exact steps reach.
#[test]
fn exact_reverse_and_forward_kl_reach_the_target() {
    for objective in ["reverse-kl = {}", "forward-kl = {}"] {
        let schedule =
            "expectation = \"exact\"\nsamples_per_round = 10\nminibatch = 10\nsteps = 3000";
        let rest = "[optimizer.adam]\nlearning_rate = 0.02";
        let run = train(&scenario(objective, schedule, rest), 0).expect("trained");
        assert!(last(&run, "reverse_kl_target") < 1e-4, "{objective}");
    }
}

/// A penalty's schedule of exact gradients, and its last expected reward and divergence to the target
/// π_ref·exp(r/0.1).
fn penalised(objective: &str, metric: &str) -> f64 {
    let schedule = "expectation = \"exact\"\nsamples_per_round = 10\nminibatch = 10\nsteps = 4000\n\
                    learning_rate_decay = \"cosine\"";
    let rest = "[optimizer.adam]\nlearning_rate = 0.05\n[measure]\nevery = 4000";
    let text = scenario(objective, schedule, rest)
        .replace("reward = \"R1\"", "reward = \"R1\"\ntarget_temperature = 0.1");
    last(&train(&text, 0).expect("trained"), metric)
}

/// The policy gradient of r − c·log(π/π_ref) is that of E[r] − c·KL(π‖π_ref), whose best policy is
/// π_ref·exp(r/c); so is that of k2 in the loss.
#[test]
fn a_kl_penalty_leads_to_the_target_of_its_coefficient() {
    let in_reward = "kl = { coefficient = 0.1, estimator = \"k1\", place = \"reward\" }";
    let in_loss = "kl = { coefficient = 0.1, estimator = \"k2\" }";
    for objective in [
        format!("reinforce = {{ {in_reward} }}"),
        format!("ppo = {{ {in_reward} }}"),
        format!("grpo = {{ scale = \"nothing\", {in_reward} }}"),
        format!("reinforce = {{ {in_loss} }}"),
        format!("grpo = {{ scale = \"nothing\", {in_loss} }}"),
    ] {
        let distance = penalised(&objective, "reverse_kl_target");
        assert!(distance < 1e-3, "{objective}: {distance}");
    }
}

/// k3 in the loss descends c·KL(π_ref‖π) instead: π = c·π_ref/(c + E[r] − r) at rest, where E[r] makes it sum
/// to 1 (by bisection); k1 in the loss holds nothing.
#[test]
fn k3_in_the_loss_covers_the_reference_and_k1_does_not_hold() {
    let problem: modeseek::problem::ProblemSpec =
        toml::from_str("[bumps]\nreward = \"R1\"").expect("valid");
    let problem = Problem::new(&problem, std::path::Path::new(".")).expect("problem");
    let (c, best) = (0.1, problem.rewards().iter().copied().fold(0.0, f64::max));
    let mass = |level: f64| -> f64 {
        let arms = problem.log_reference().iter().zip(problem.rewards());
        arms.map(|(lp, r)| c * lp.exp() / (level - r)).sum()
    };
    let (mut low, mut high) = (best + 1e-12, best + 1.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if mass(middle) > 1.0 { low = middle } else { high = middle }
    }
    let kl = |estimator: &str| {
        let objective =
            format!("reinforce = {{ kl = {{ coefficient = 0.1, estimator = \"{estimator}\" }} }}");
        penalised(&objective, "gold_reward")
    };
    let reward = kl("k3");
    assert!((reward - (low - c)).abs() < 2e-3, "{reward} against {}", low - c);
    assert!(kl("k1") > 0.99);
}

/// Above its target the coefficient grows, below it falls, and the divergence is held there.
#[test]
fn an_adaptive_penalty_holds_its_target() {
    let objective = "ppo = { kl = { coefficient = 0.01, estimator = \"k1\", place = \"reward\", \
                     target = 1.5, horizon = 1000.0 } }";
    let schedule = "samples_per_round = 100\nminibatch = 100\nsteps = 1500";
    let rest = "[optimizer.adam]\nlearning_rate = 0.02\n[measure]\nevery = 50";
    let run = train(&scenario(objective, schedule, rest), 0).expect("trained");
    let (divergence, weight) = (series(&run, "reverse_kl_ref"), series(&run, "kl_coefficient"));
    let tail = &divergence[divergence.len() - 10..];
    let mean = tail.iter().sum::<f64>() / 10.0;
    assert!((mean - 1.5).abs() < 0.25, "{mean} {divergence:?}");
    // It is lowered as long as the policy is nearer than that, and raised beyond.
    let (least, most) = weight.iter().fold((1.0f64, 0.0f64), |(l, m), w| (l.min(*w), m.max(*w)));
    assert!(least < 0.01 && most > 0.03, "{weight:?}");
}

#[test]
fn ppo_with_one_pass_over_one_minibatch_is_reinforce() {
    let rest = "[optimizer.adam]\nlearning_rate = 0.05\n[measure]\nmetrics = [\"gold_reward\"]";
    let run = |objective: &str| {
        series(&train(&scenario(objective, "steps = 40", rest), 4).expect("trained"), "gold_reward")
    };
    let (ppo, reinforce) = (run("ppo = {}"), run("reinforce = {}"));
    for (a, b) in ppo.iter().zip(&reinforce) {
        assert!((a - b).abs() < 1e-9, "{a} against {b}");
    }
    assert!(reinforce.last() > reinforce.first());
}

/// B = 400, M = 100, T = 2: eight steps a round; ages 0…7; 400 queries a round.
#[test]
fn staleness_and_queries_are_counted_as_defined() {
    let schedule = "samples_per_round = 400\nminibatch = 100\npasses = 2\nsteps = 20";
    let rest = "[optimizer.adam]\nlearning_rate = 0.01\n[measure]\nevery = 1";
    let run = train(&scenario("best-of-n = {}", schedule, rest), 0).expect("trained");
    let ages: Vec<f64> = (0..20).map(|step| f64::from(step % 8)).collect();
    assert_eq!(series(&run, "staleness/max"), ages);
    let queries: Vec<u64> =
        run.iter().filter(|m| m.metric == "gold_reward").map(|m| m.queries).collect();
    let counted: Vec<u64> = (0..=20u64).map(|step| 400 * step.div_ceil(8)).collect();
    assert_eq!(queries, counted);
}

#[test]
fn offline_data_are_paid_for_once() {
    let schedule = "data = \"offline\"\nsteps = 5";
    let rest = "[optimizer.adam]\nlearning_rate = 0.01\n[data]\nprompts = 30\n[measure]\nevery = 1";
    let run =
        train(&scenario("ipo = { target_margin = 10.0 }", schedule, rest), 0).expect("trained");
    assert!(run.iter().all(|m| m.queries == 300));
    assert_eq!(series(&run, "staleness/mean"), [0.0, 1.0, 2.0, 3.0, 4.0]);
    let down = series(&run, "negative_gradient_mass");
    assert!(down.iter().all(|m| (m - 0.5).abs() < 1e-9), "pairs push down as hard as up: {down:?}");
}

#[test]
fn maximum_likelihood_never_pushes_down() {
    let rest = "[optimizer.adam]\nlearning_rate = 0.01\n[measure]\nevery = 1";
    for objective in ["best-of-n = {}", "rwr = {}", "pref-ft = {}", "binary-feedme = {}"] {
        let run = train(&scenario(objective, "steps = 20", rest), 0).expect("trained");
        assert!(series(&run, "negative_gradient_fraction").iter().all(|f| *f == 0.0));
    }
}

#[test]
fn a_run_that_diverges_stops_with_its_place() {
    let rest = "[optimizer.sgd]\nlearning_rate = 1e300\n[data]\nprompts = 10";
    let schedule = "data = \"offline\"\nsteps = 50";
    let stop = train(&scenario("ipo = { target_margin = 10.0 }", schedule, rest), 0);
    let message = stop.expect_err("stopped").to_string();
    assert!(message.starts_with("ipo: "), "{message}");
    assert!(message.contains("at step") && message.contains("sample"), "{message}");
}

#[test]
fn pairs_that_are_never_kept_stop_the_run_with_a_remedy() {
    let rest = "[optimizer.adam]\nlearning_rate = 0.1\n[pairs]\nreward_gap = 2.0";
    let stop = train(&scenario("dpo = { beta = 0.1 }", "steps = 5", rest), 0).expect_err("stopped");
    assert!(stop.to_string().contains("lower pairs.reward_gap"), "{stop}");
}

/// A trajectory of a network, pinned: a change of these numbers is value-breaking and must raise
/// the results version. Computed by this program when the version was set.
#[test]
fn the_mlp_learns_from_a_seed_alone() {
    let text = scenario(
        "ipo = { target_margin = 10.0 }",
        "data = \"offline\"\nsteps = 30\nsamples_per_round = 100",
        "[optimizer.adam]\nlearning_rate = 0.003\n[data]\nprompts = 10\n[measure]\nevery = 30",
    )
    .replace("[policy.tabular]", "[policy.mlp]");
    let (a, b) = (train(&text, 1).expect("trained"), train(&text, 1).expect("trained"));
    assert_eq!(a, b);
    assert_ne!(a, train(&text, 2).expect("trained"));
    let fit = series(&a, "reverse_kl_ref")[0];
    assert!(fit < 0.05, "the fit leaves KL(π‖π_ref) = {fit}");
    assert!(last(&a, "gold_reward") > 2.0 * series(&a, "gold_reward")[0]);
}

/// A collapsed policy draws the same arm every time, so no pair is left: it keeps what it has.
#[test]
fn a_collapsed_policy_rests_until_the_last_step() {
    let text = scenario(
        "ipo = { target_margin = 100.0 }",
        "samples_per_round = 100\nminibatch = 100\nsteps = 400",
        "[optimizer.adam]\nlearning_rate = 3.0\n[measure]\nevery = 100",
    );
    let measurements = train(&text, 3).expect("a collapsed policy is no failure");
    assert_eq!(measurements.last().map(|m| m.step), Some(400));
    assert!(last(&measurements, "entropy") < 1e-3);
    let [.., before, end] = series(&measurements, "gold_reward")[..] else { panic!("measured") };
    assert_eq!(before, end);
    assert_eq!(last(&measurements, "negative_gradient_mass"), 0.0);
    let norm = measurements.iter().rfind(|m| m.metric == "grad_norm").map(|m| (m.step, m.value));
    assert_eq!(norm, Some((400, 0.0)));
}

/// Two arms, of which the second starts at log 1e-4 = −9.21: below a floor of −5 it gets no gradient
/// of its own, so that gradient descent on RWR moves the logits by the first arm's responses alone.
#[test]
fn a_log_probability_below_the_floor_has_no_gradient() {
    let run = |floor: &str| {
        let text = format!(
            "objective.rwr = {{ temperature = 1.0 }}\n[policy.tabular]\n[problem.table]\n\
             rewards = [0.0, 1.0]\nreference = {{ table = [0.9999, 0.0001] }}\n[schedule]\n\
             expectation = \"exact\"\nsamples_per_round = 1\nresponses_per_prompt = 1\n\
             minibatch = 1\nsteps = 1\n{floor}\n[optimizer.sgd]\nlearning_rate = 1.0\n\
             [measure]\ndistribution = true"
        );
        last(&train(&text, 0).expect("trained"), "probability/1")
    };
    // Weights p·e^r: ∂/∂f₁ − ∂/∂f₂ of Σ wᵢ log πᵢ is w₁ − w₂ − (w₁ + w₂)(p₁ − p₂).
    let (p, w) = ([0.9999_f64, 0.0001], [0.9999_f64, 0.0001 * 1f64.exp()]);
    let after = |w: [f64; 2]| {
        let apart = w[0] - w[1] - (w[0] + w[1]) * (p[0] - p[1]);
        1.0 / (1.0 + (p[0] / p[1]) * apart.exp())
    };
    assert!((run("") - after(w)).abs() < 1e-12, "{} {}", run(""), after(w));
    let held = run("log_probability_floor = -5.0");
    assert!((held - after([w[0], 0.0])).abs() < 1e-12, "{held} {}", after([w[0], 0.0]));
    assert!(run("") > 1.0001e-4 && held < 1e-4);
}
