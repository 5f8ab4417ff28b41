//! The exact optima of the offline losses: population values, and that no step lowers the loss.

use modeseek::objective::{
    DpoSpec, Group, HingeSpec, IpoSpec, Law, Ledger, NoOptimum, ObjectiveSpec, OfflineLaw, PpoSpec,
    ReinforceSpec, RwrSpec, UnlikelihoodSpec, fixed_point as optimum,
};
use modeseek::preference::{PairRule, PairSpec};

const ARMS: usize = 100;

/// π_ref: tanh(Cauchy(−0.7, 0.4)) on 100 equal bins of [−1, 1]; tanh keeps all mass inside.
fn reference() -> Vec<f64> {
    let below = |edge: f64| 0.5 + ((edge.atanh() + 0.7) / 0.4).atan() / std::f64::consts::PI;
    let edge = |k: usize| match k {
        0 => 0.0,
        ARMS => 1.0,
        k => below(-1.0 + 2.0 * k as f64 / ARMS as f64),
    };
    (0..ARMS).map(|k| edge(k + 1) - edge(k)).collect()
}

/// The optimum on data from the reference itself.
fn fixed_point(
    spec: &ObjectiveSpec,
    reference: &[f64],
    rewards: &[f64],
    draws: usize,
) -> Result<Vec<f64>, NoOptimum> {
    optimum(spec, &OfflineLaw { reference, data: reference, rewards, draws })
}

/// A bump of width 10: R1 peaks at arm 70, R2 at arm 20.
fn bump(peak: f64) -> Vec<f64> {
    (0..ARMS).map(|a| (-((a as f64 - peak) / 10.0).powi(2)).exp()).collect()
}

/// The expected reward, and KL to the reference in nats.
fn reward_and_kl(law: &[f64], rewards: &[f64]) -> (f64, f64) {
    let expected = law.iter().zip(rewards).map(|(p, r)| p * r).sum();
    let terms = law.iter().zip(reference()).filter(|(p, _)| **p > 0.0);
    (expected, terms.map(|(p, q)| p * (p / q).ln()).sum())
}

fn ipo(target_margin: f64) -> ObjectiveSpec {
    ObjectiveSpec::Ipo(IpoSpec {
        tau: None,
        target_margin: Some(target_margin),
        ..IpoSpec::default()
    })
}

fn rwr(temperature: f64) -> ObjectiveSpec {
    ObjectiveSpec::Rwr(RwrSpec { temperature, weight_clip: 1e9, normalise: false })
}

#[test]
fn the_population_values_of_the_atlas_are_met_to_their_last_digit() {
    const BEST: ObjectiveSpec = ObjectiveSpec::BestOfN {};
    let none = f64::NAN; // not given for Pref-FT
    let (r1, r2) = (bump(70.0), bump(20.0));
    let table = [
        (&r1, BEST, 10, 0.313, 1.40),
        (&r1, BEST, 30, 0.635, 2.43),
        (&r1, BEST, 100, 0.915, 3.61),
        (&r1, ipo(5.0), 10, 0.308, 1.30),
        (&r1, ipo(10.0), 10, 0.502, 2.00),
        (&r1, ipo(20.0), 10, 0.716, 2.69),
        (&r1, ipo(50.0), 10, 0.914, 3.60),
        (&r1, rwr(1.0), 10, 0.077, 0.02),
        (&r1, rwr(0.2), 10, 0.653, 1.95),
        (&r1, rwr(0.1), 10, 0.941, 3.79),
        (&r1, ObjectiveSpec::PrefFt {}, 10, 0.078, none),
        (&r2, BEST, 10, 0.940, 1.39),
        (&r2, ipo(5.0), 10, 0.926, 1.30),
        (&r2, ipo(10.0), 10, 0.979, 1.98),
        (&r2, rwr(0.1), 10, 0.947, 1.44),
        (&r2, ObjectiveSpec::PrefFt {}, 10, 0.590, none),
    ];
    for (rewards, spec, draws, reward, kl) in table {
        let law = fixed_point(&spec, &reference(), rewards, draws).expect("an optimum");
        let (our_reward, our_kl) = reward_and_kl(&law, rewards);
        assert!((our_reward - reward).abs() <= 0.0005, "{spec:?} {draws}: {our_reward}");
        assert!(kl.is_nan() || (our_kl - kl).abs() <= 0.005, "{spec:?} {draws}: {our_kl}");
    }
}

/// Σ cᵢ ∇ log πᵢ of the exact loss at a law: the gradient in the logits, cᵢ − πᵢ·Σ c.
fn logit_gradient(spec: &ObjectiveSpec, law: &[f64], rewards: &[f64], draws: usize) -> Vec<f64> {
    let reference = reference();
    let log = |p: &[f64]| p.iter().map(|x| x.ln()).collect::<Vec<f64>>();
    let offsets: Vec<usize> = (0..=ARMS).collect();
    let pairs = PairRule::new(PairSpec::default()).expect("valid").pairs(rewards, || 0.5);
    let group = Group {
        log_pi: &log(law),
        offsets: &offsets,
        log_old: &[],
        log_ref: &log(&reference),
        log_ref_tokens: &[],
        kl_coefficient: 0.0,
        log_target: &[],
        reward: rewards,
        advantage: &[],
        token_advantage: &[],
        pairs: &pairs,
        law: Some(Law { probability: &reference, draws }),
    };
    let mut c = vec![0.0; ARMS];
    spec.build().expect("valid").add_group(&group, &mut Ledger::new(&mut c));
    let total: f64 = c.iter().sum();
    c.iter().zip(law).map(|(c, p)| c - p * total).collect()
}

#[test]
fn at_a_fixed_point_the_exact_gradient_vanishes() {
    let mut rewards = bump(70.0);
    rewards[40] = rewards[71]; // a tie between an arm near and one far from the peak
    let smoothed = |label_smoothing| {
        ObjectiveSpec::Dpo(DpoSpec { beta: 0.5, label_smoothing, ..DpoSpec::default() })
    };
    let specs = [
        ObjectiveSpec::Sft {},
        ObjectiveSpec::BestOfN {},
        ObjectiveSpec::PrefFt {},
        ObjectiveSpec::BinaryFeedme {},
        rwr(0.2),
        ObjectiveSpec::Rwr(RwrSpec { temperature: 0.2, ..RwrSpec::default() }), // clipped at 20
        ipo(10.0),
        smoothed(0.1),
        smoothed(0.01),
    ];
    for spec in specs {
        for draws in [2, 10] {
            let law = fixed_point(&spec, &reference(), &rewards, draws).expect("an optimum");
            assert!((law.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let gradient = logit_gradient(&spec, &law, &rewards, draws);
            let steepest = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs()));
            assert!(steepest < 1e-11, "{spec:?}, {draws} draws: {steepest}");
        }
    }
}

#[test]
fn binary_feedme_with_two_draws_is_pref_ft() {
    let rewards = bump(70.0);
    let at = |spec| fixed_point(&spec, &reference(), &rewards, 2).expect("an optimum");
    let (a, b) = (at(ObjectiveSpec::BinaryFeedme {}), at(ObjectiveSpec::PrefFt {}));
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-15));
}

#[test]
fn an_objective_without_an_optimum_says_why() {
    let rewards = bump(70.0);
    let of = |spec| match fixed_point(&spec, &reference(), &rewards, 10) {
        Err(NoOptimum::None { objective, reason }) => format!("{objective}: {reason}"),
        other => panic!("an optimum or another error: {other:?}"),
    };
    let normalised = RwrSpec { normalise: true, ..RwrSpec::default() };
    let cases = [
        (ObjectiveSpec::Dpo(DpoSpec::default()), "separable: the loss has no minimum"),
        (ObjectiveSpec::Hinge(HingeSpec::default()), "there are many"),
        (ObjectiveSpec::Unlikelihood(UnlikelihoodSpec::default()), "floor"),
        (ObjectiveSpec::Ppo(PpoSpec::default()), "clip"),
        (ObjectiveSpec::Reinforce(ReinforceSpec::default()), "for ever"),
        (ObjectiveSpec::Rwr(normalised), "leave `normalise` out"),
        (ObjectiveSpec::ForwardKl {}, "it is the target itself"),
        (ObjectiveSpec::ReverseKl {}, "it is the target itself"),
    ];
    for (spec, part) in cases {
        let message = of(spec);
        assert!(message.starts_with(spec.name()) && message.contains(part), "{message}");
    }
}

#[test]
fn data_that_are_no_distribution_or_hold_no_comparison_are_refused() {
    let message = |spec: ObjectiveSpec, reference: &[f64], rewards: &[f64], draws| {
        fixed_point(&spec, reference, rewards, draws).expect_err("refused").to_string()
    };
    let pref_ft = ObjectiveSpec::PrefFt {};
    assert_eq!(
        message(pref_ft, &[0.5, 0.5], &[1.0], 2),
        "rewards: 1 for 2 probabilities given, one number for each response is needed"
    );
    assert!(message(pref_ft, &[0.5, 0.4], &[1.0, 2.0], 2).contains("must sum to 1"));
    assert!(message(pref_ft, &[f64::NAN, 0.4], &[1.0, 2.0], 2).contains("must sum to 1"));
    assert!(message(pref_ft, &[0.5, 0.5], &[1.0, f64::NAN], 2).contains("must be finite"));
    assert!(message(pref_ft, &[0.5, 0.5], &[1.0, 2.0], 0).contains("at least one response"));
    for tied in [pref_ft, ipo(1.0), ObjectiveSpec::BinaryFeedme {}] {
        assert!(message(tied, &[0.5, 0.5], &[1.0, 1.0], 2).contains("no response is preferred"));
    }
    let unseen = message(ipo(1.0), &[0.5, 0.5, 0.0], &[1.0, 1.0, 2.0], 2);
    assert!(unseen.contains("no response is preferred"), "{unseen}");
    assert!(message(ipo(-1.0), &[0.5, 0.5], &[1.0, 2.0], 2).contains("`target_margin` is -1"));
}

/// Three responses, π_ref = (.2, .3, .5), data (.5, .5, 0), rewards 3 > 2 > 1. Pref-FT keeps the data
/// that win: all of it on the first. RWR at temperature 1/ln 2 weighs the data 8 : 4. IPO tilts π_ref by
/// margin·(P(wins) − P(loses)) = 1·(.5, −.5, −1): the response that was never seen loses to both.
#[test]
fn on_data_that_differ_from_the_reference_supervised_losses_forget_it_and_contrastive_ones_tilt_it()
{
    let (reference, data, rewards) = ([0.2, 0.3, 0.5], [0.5, 0.5, 0.0], [3.0, 2.0, 1.0]);
    let law = OfflineLaw { reference: &reference, data: &data, rewards: &rewards, draws: 2 };
    let of = |spec| optimum(&spec, &law).expect("an optimum");
    let near = |found: Vec<f64>, expected: [f64; 3]| {
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-12), "{found:?}");
    };
    near(of(ObjectiveSpec::PrefFt {}), [1.0, 0.0, 0.0]);
    near(of(ObjectiveSpec::BestOfN {}), [0.75, 0.25, 0.0]);
    near(of(rwr(1.0 / 2f64.ln())), [8.0 / 12.0, 4.0 / 12.0, 0.0]);
    let tilted = [0.2 * 0.5f64.exp(), 0.3 * (-0.5f64).exp(), 0.5 * (-1f64).exp()];
    let total: f64 = tilted.iter().sum();
    near(of(ipo(1.0)), tilted.map(|t| t / total));
}
