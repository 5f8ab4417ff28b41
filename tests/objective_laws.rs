//! The laws that every objective obeys, in one table: objectives × laws.

use modeseek::objective::{
    Dpo, DpoSpec, Group, GrpoSpec, HingeSpec, IpoSpec, KlEstimator, KlPlace, KlSpec, Law, Ledger,
    Objective, ObjectiveSpec, Ppo, PpoSpec, Pushed, RatioClip, Reinforce, ReinforceSpec, Rwr,
    RwrSpec, TABLE_1, TokenSum, Unit, UnlikelihoodSpec,
};
use modeseek::preference::{Pair, PairRule, PairSpec};
use modeseek::stream::{Purpose, Streams};

/// Every objective, the ones with a strength knob at generic values.
fn objectives() -> Vec<ObjectiveSpec> {
    let ppo = PpoSpec { ratio_clip: RatioClip::Within(0.3), ..PpoSpec::default() };
    let unlikelihood =
        |pushed| UnlikelihoodSpec { alpha: 0.3, pushed, ..UnlikelihoodSpec::default() };
    vec![
        ObjectiveSpec::Sft {},
        ObjectiveSpec::PrefFt {},
        ObjectiveSpec::BinaryFeedme {},
        ObjectiveSpec::BestOfN {},
        ObjectiveSpec::Rwr(RwrSpec { temperature: 0.7, ..RwrSpec::default() }),
        ObjectiveSpec::Rwr(RwrSpec { normalise: true, weight_clip: 1.5, ..RwrSpec::default() }),
        ObjectiveSpec::Reinforce(ReinforceSpec::default()),
        ObjectiveSpec::Ppo(ppo),
        ObjectiveSpec::Ppo(PpoSpec { ratio_clip: RatioClip::None, ..ppo }),
        ObjectiveSpec::Ppo(PpoSpec { kl: kl(KlEstimator::K2), ..ppo }),
        ObjectiveSpec::Reinforce(ReinforceSpec {
            kl: kl(KlEstimator::K1),
            ..ReinforceSpec::default()
        }),
        ObjectiveSpec::Grpo(GrpoSpec { ratio_clip: ppo.ratio_clip, ..GrpoSpec::default() }),
        ObjectiveSpec::Grpo(GrpoSpec {
            tokens: TokenSum::Sum,
            kl: kl(KlEstimator::K3),
            ..GrpoSpec::default()
        }),
        ObjectiveSpec::Dpo(DpoSpec { beta: 0.3, label_smoothing: 0.0, ..DpoSpec::default() }),
        ObjectiveSpec::Dpo(DpoSpec { beta: 0.3, label_smoothing: 0.1, ..DpoSpec::default() }),
        ObjectiveSpec::Ipo(IpoSpec { tau: Some(0.2), target_margin: None, ..IpoSpec::default() }),
        ObjectiveSpec::Hinge(HingeSpec { beta: 0.4, ..HingeSpec::default() }),
        ObjectiveSpec::Dpo(DpoSpec { beta: 0.3, label_smoothing: 0.1, tokens: TokenSum::Mean }),
        ObjectiveSpec::Ipo(IpoSpec {
            tau: Some(0.2),
            tokens: TokenSum::Mean,
            ..IpoSpec::default()
        }),
        ObjectiveSpec::Unlikelihood(unlikelihood(Pushed::Worst)),
        ObjectiveSpec::Unlikelihood(unlikelihood(Pushed::Mean)),
        ObjectiveSpec::Unlikelihood(unlikelihood(Pushed::Sum)),
        ObjectiveSpec::ForwardKl {},
        ObjectiveSpec::ReverseKl {},
    ]
}

/// A penalty in the loss.
fn kl(estimator: KlEstimator) -> Option<KlSpec> {
    let (place, target) = (KlPlace::Loss, None);
    Some(KlSpec { coefficient: 0.3, estimator, place, target, horizon: 10_000.0 })
}

/// All inputs of a group, owned.
#[derive(Debug, Clone, Default)]
struct Input {
    /// log π of each response's tokens.
    log_pi: Vec<Vec<f64>>,
    log_old: Vec<Vec<f64>>,
    log_ref: Vec<f64>,
    log_ref_tokens: Vec<Vec<f64>>,
    log_target: Vec<f64>,
    reward: Vec<f64>,
    advantage: Vec<f64>,
    token_advantage: Vec<Vec<f64>>,
    pairs: Vec<Pair>,
    law: Option<Vec<f64>>,
    draws: usize,
}

/// What an objective books for an input.
#[derive(Debug)]
struct Account {
    loss: f64,
    units: f64,
    coefficients: Vec<Vec<f64>>,
    terms: Vec<f64>,
}

impl Input {
    /// `responses` random responses of one to three tokens, rewards centred.
    fn random(seed: u64, responses: usize) -> Input {
        let streams = Streams::new(seed);
        let mut index = 0;
        let mut u = || {
            index += 1;
            streams.uniform(Purpose::Sample, index)
        };
        let tokens: Vec<usize> = (0..responses).map(|_| 1 + (3.0 * u()) as usize).collect();
        let log_pi: Vec<Vec<f64>> =
            tokens.iter().map(|&n| (0..n).map(|_| -0.1 - 2.0 * u()).collect()).collect();
        let log_old =
            log_pi.iter().map(|y| y.iter().map(|l| l + 0.8 * (u() - 0.5)).collect()).collect();
        let log_ref = log_pi.iter().map(|y| y.iter().sum::<f64>() + u() - 0.5).collect();
        let log_ref_tokens =
            log_pi.iter().map(|y| y.iter().map(|l| l - 0.6 + (3.7 * l).sin()).collect()).collect();
        let target: Vec<f64> = (0..responses).map(|_| 0.1 + u()).collect();
        let law: Vec<f64> = (0..responses).map(|_| 0.1 + u()).collect();
        let reward: Vec<f64> = (0..responses).map(|_| 2.0 * u()).collect();
        let mean = reward.iter().sum::<f64>() / responses as f64;
        let reward: Vec<f64> = reward.iter().map(|r| r - mean).collect();
        let mut input =
            Input { log_pi, log_old, log_ref, advantage: reward.clone(), ..Input::default() };
        input.log_ref_tokens = log_ref_tokens;
        input.log_target = normalised(&target).iter().map(|p| p.ln()).collect();
        input.law = Some(normalised(&law));
        input.draws = 4;
        input.set_rewards(reward);
        input
    }

    /// Rewards and all their pairs.
    fn set_rewards(&mut self, reward: Vec<f64>) {
        let all = PairRule::new(PairSpec::default()).expect("the default");
        self.pairs = all.pairs(&reward, || 0.5);
        self.reward = reward;
    }

    /// The same responses as samples instead of a law.
    fn sampled(&self) -> Input {
        Input { law: None, ..self.clone() }
    }

    /// The responses at some places, in their order; pairs follow.
    fn take(&self, places: &[usize]) -> Input {
        let pick = |v: &[f64]| places.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        let tokens = |v: &[Vec<f64>]| places.iter().map(|&i| v[i].clone()).collect();
        let mut taken = Input {
            log_pi: tokens(&self.log_pi),
            log_old: tokens(&self.log_old),
            log_ref: pick(&self.log_ref),
            log_ref_tokens: tokens(&self.log_ref_tokens),
            log_target: pick(&self.log_target),
            advantage: pick(&self.advantage),
            law: self.law.as_deref().map(pick),
            draws: self.draws,
            ..Input::default()
        };
        taken.set_rewards(pick(&self.reward));
        taken
    }

    fn account(&self, objective: &dyn Objective) -> Account {
        let mut offsets = vec![5]; // groups of a batch do not begin at zero
        for y in &self.log_pi {
            offsets.push(offsets[offsets.len() - 1] + y.len());
        }
        let (log_pi, log_old) = (self.log_pi.concat(), self.log_old.concat());
        let log_ref_tokens = self.log_ref_tokens.concat();
        let token_advantage = self.token_advantage.concat();
        let law = self.law.as_deref();
        let group = Group {
            log_pi: &log_pi,
            offsets: &offsets,
            log_old: &log_old,
            log_ref: &self.log_ref,
            log_ref_tokens: &log_ref_tokens,
            kl_coefficient: 0.3,
            log_target: &self.log_target,
            reward: &self.reward,
            advantage: &self.advantage,
            token_advantage: &token_advantage,
            pairs: &self.pairs,
            law: law.map(|probability| Law { probability, draws: self.draws }),
        };
        let (mut flat, mut terms) = (vec![0.0; log_pi.len()], Vec::new());
        let mut ledger = Ledger::itemised(&mut flat, &mut terms);
        objective.add_group(&group, &mut ledger);
        let (loss, units) = (ledger.loss(), ledger.units());
        let coefficients = (0..group.responses()).map(|i| flat[group.tokens(i)].to_vec()).collect();
        Account { loss, units, coefficients, terms }
    }
}

fn normalised(masses: &[f64]) -> Vec<f64> {
    let total: f64 = masses.iter().sum();
    masses.iter().map(|m| m / total).collect()
}

fn close(a: f64, b: f64, tolerance: f64, what: &dyn std::fmt::Debug) {
    assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{what:?}: {a} is not {b}");
}

/// Runs a law on every objective, on samples (where it takes samples) and on a law.
fn for_all(law: impl Fn(&ObjectiveSpec, &dyn Objective, Input)) {
    for spec in objectives() {
        let objective = spec.build().expect("valid");
        for seed in 0..5 {
            let input = Input::random(seed, 6);
            if !spec.needs().law {
                law(&spec, &*objective, input.sampled());
            }
            law(&spec, &*objective, input);
        }
    }
}

#[test]
fn coefficients_are_finite_differences_of_the_loss_in_log_pi() {
    for_all(|spec, objective, input| {
        let account = input.account(objective);
        let step = 1e-5;
        for i in 0..input.log_pi.len() {
            for t in 0..input.log_pi[i].len() {
                let at = |shift: f64| {
                    let mut moved = input.clone();
                    moved.log_pi[i][t] += shift;
                    moved.account(objective).loss
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                close(account.coefficients[i][t], slope, 1e-7, &(spec, i, t));
            }
        }
    });
}

#[test]
fn the_entropy_bonus_is_the_derivative_of_minus_alpha_times_the_entropy() {
    // Without advantages the exact loss is α Σ πᵢ log πᵢ, where the law moves with π.
    let reinforce = ReinforceSpec { entropy_bonus: 0.3, ..ReinforceSpec::default() };
    let ppo = PpoSpec { entropy_bonus: 0.3, ..PpoSpec::default() };
    for spec in [ObjectiveSpec::Reinforce(reinforce), ObjectiveSpec::Ppo(ppo)] {
        let objective = spec.build().expect("valid");
        let mut input = Input::random(3, 4);
        input.advantage = vec![0.0; 4];
        let at = |shift: f64| {
            let mut moved = input.clone();
            moved.log_pi[2][0] += shift;
            let pi = moved.log_pi.iter().map(|y| y.iter().sum::<f64>().exp());
            moved.law = Some(pi.collect());
            moved.account(&*objective)
        };
        let slope = (at(1e-5).loss - at(-1e-5).loss) / 2e-5;
        close(at(0.0).coefficients[2][0], slope, 1e-8, &spec);
        assert!(spec.needs().on_policy);
    }
}

#[test]
fn coefficients_have_the_signs_of_table_1() {
    for row in TABLE_1 {
        let specs = objectives().into_iter().filter(|spec| spec.name() == row.objective);
        let mut variants = 0;
        for spec in specs {
            let objective = spec.build().expect("valid");
            let pushes = (0..200).any(|seed| {
                let mut input = Input::random(seed, 8);
                if !spec.needs().law {
                    input = input.sampled();
                }
                input.account(&*objective).coefficients.concat().iter().any(|c| *c > 0.0)
            });
            assert_eq!(pushes, row.negative_gradient, "{} ({spec:?})", row.approach);
            variants += 1;
        }
        assert!(variants > 0, "{} names no objective", row.approach);
    }
    let listed = |name| TABLE_1.iter().any(|row| row.objective == name);
    assert!(objectives().iter().all(|spec| listed(spec.name())));
}

#[test]
fn permuting_the_responses_permutes_the_coefficients() {
    for_all(|spec, objective, input| {
        let places = [4, 2, 0, 5, 1, 3];
        let (account, permuted) =
            (input.account(objective), input.take(&places).account(objective));
        close(permuted.loss, account.loss, 1e-12, spec);
        close(permuted.units, account.units, 1e-12, spec);
        for (k, &i) in places.iter().enumerate() {
            for (a, b) in permuted.coefficients[k].iter().zip(&account.coefficients[i]) {
                close(*a, *b, 1e-12, &(spec, i));
            }
        }
    });
}

/// A response listed twice, each time with half of its probability, is that response: the two
/// coefficients sum to the one. (Ties between the copies are dropped; their margin is zero anyway.)
#[test]
fn splitting_a_response_of_a_law_changes_nothing() {
    for spec in objectives() {
        let objective = spec.build().expect("valid");
        let input = Input::random(7, 6);
        let mut split = input.take(&[0, 1, 2, 3, 4, 5, 2]);
        let law = split.law.as_mut().expect("a law");
        (law[2], law[6]) = (law[2] / 2.0, law[2] / 2.0);
        // A copy of an arm has half of its log-mass under the target and under π as well.
        if spec.needs().target {
            let half = 0.5f64.ln();
            (split.log_target[2], split.log_target[6]) =
                (split.log_target[2] + half, split.log_target[6] + half);
            (split.log_pi[2][0], split.log_pi[6][0]) =
                (split.log_pi[2][0] + half, split.log_pi[6][0] + half);
        }
        let (one, two) = (input.account(&*objective), split.account(&*objective));
        close(two.loss, one.loss, 1e-12, &spec);
        close(two.units, one.units, 1e-12, &spec);
        for (i, whole) in one.coefficients.iter().enumerate() {
            for (t, c) in whole.iter().enumerate() {
                let copy = if i == 2 { two.coefficients[6][t] } else { 0.0 };
                close(two.coefficients[i][t] + copy, *c, 1e-12, &(&spec, i));
            }
        }
    }
}

/// A pair listed twice counts twice, and so does a response whose loss knows no other response.
#[test]
fn listing_twice_is_weighting_by_two() {
    for spec in objectives() {
        let objective = spec.build().expect("valid");
        let input = Input::random(9, 5).sampled();
        let mut twice = match (objective.unit(), &spec) {
            (Unit::Pair, _) => input.clone(),
            (Unit::Response, ObjectiveSpec::BinaryFeedme {}) => continue, // counts once, by name
            (Unit::Response, _) => input.take(&[0, 0, 1, 1, 2, 2, 3, 3, 4, 4]),
            (Unit::Prompt, _) => continue, // a prompt is doubled by a second group: additive
        };
        if objective.unit() == Unit::Pair {
            twice.pairs = [twice.pairs.clone(), twice.pairs].concat();
        }
        let (one, two) = (input.account(&*objective), twice.account(&*objective));
        close(two.loss, 2.0 * one.loss, 1e-12, &spec);
        close(two.units, 2.0 * one.units, 1e-12, &spec);
    }
}

/// The exact account under a law is the mean account of samples drawn from it.
#[test]
fn a_law_gives_the_expectation_over_draws() {
    for spec in objectives().into_iter().filter(|spec| !spec.needs().law) {
        if matches!(&spec, ObjectiveSpec::Rwr(rwr) if rwr.normalise) {
            continue; // a mean of quotients
        }
        let objective = spec.build().expect("valid");
        let mut input = Input::random(5, 3);
        input.draws = 3;
        let exact = input.account(&*objective);
        let law = input.law.clone().expect("a law");
        let (mut loss, mut units) = (0.0, 0.0);
        for k in 0..27 {
            let places = [k % 3, k / 3 % 3, k / 9];
            let chance: f64 = places.iter().map(|&i| law[i]).product();
            let drawn = input.take(&places).sampled().account(&*objective);
            loss += chance * drawn.loss;
            units += chance * drawn.units;
        }
        // Three draws make three responses and three pairs of a prompt.
        let scale = if objective.unit() == Unit::Prompt { 1.0 } else { 3.0 };
        close(loss, scale * exact.loss, 1e-12, &spec);
        close(units, scale * exact.units, 1e-12, &spec);
    }
}

#[test]
fn everything_is_finite_at_log_ratios_of_seven_hundred() {
    for_all(|spec, objective, mut input| {
        for sign in [1.0f64, -1.0] {
            for i in 0..input.log_pi.len() {
                let ratio = if i % 2 == 0 { 700.0 * sign } else { -700.0 * sign };
                let shift = ratio.min(0.0);
                input.log_pi[i] = vec![shift];
                input.log_old[i] = vec![shift - ratio];
                input.log_ref[i] = shift - ratio;
                input.log_ref_tokens[i] = vec![shift - ratio];
                input.log_target[i] = shift - ratio;
            }
            let account = input.account(objective);
            assert!(account.loss.is_finite(), "{spec:?}: {account:?}");
            let finite = account.coefficients.concat().iter().all(|c| c.is_finite());
            assert!(finite, "{spec:?}: {account:?}");
        }
    });
}

#[test]
fn there_is_one_term_for_each_pair_or_response() {
    for_all(|spec, objective, input| {
        let account = input.account(objective);
        let pairs = objective.unit() == Unit::Pair;
        let expected = if pairs { input.pairs.len() } else { input.log_pi.len() };
        assert_eq!(account.terms.len(), expected, "{spec:?}");
        close(account.terms.iter().sum::<f64>(), account.loss, 1e-12, spec);
    });
}

/// Three responses at a generic point: log π = (−1.2, −0.7−1.6, −0.5), rewards (0.4, −0.3, 0.9),
/// log π_ref = (−1.5, −2.0, −0.9), log π_old = (−1.3, (−0.9, −1.5), −0.8), advantages (0.4, −0.6,
/// 0.5), log target = log (0.2, 0.3, 0.5); the second response's log π_ref is −1.1 − 0.9 by token.
fn generic() -> Input {
    let mut input = Input {
        log_pi: vec![vec![-1.2], vec![-0.7, -1.6], vec![-0.5]],
        log_old: vec![vec![-1.3], vec![-0.9, -1.5], vec![-0.8]],
        log_ref: vec![-1.5, -2.0, -0.9],
        log_ref_tokens: vec![vec![-1.5], vec![-1.1, -0.9], vec![-0.9]],
        log_target: vec![0.2f64.ln(), 0.3f64.ln(), 0.5f64.ln()],
        advantage: vec![0.4, -0.6, 0.5],
        ..Input::default()
    };
    input.set_rewards(vec![0.4, -0.3, 0.9]);
    input
}

/// With a critic's advantages ((0.4), (−0.6, 0.2), (0.5)) and the ratios below:
/// −.4·1.105171 + .6·1.221403 − .2·.904837 − .5·1.3 = −.540194, clipped at 1.3.
#[test]
fn a_critic_s_advantages_weigh_their_own_tokens() {
    let input = Input { token_advantage: vec![vec![0.4], vec![-0.6, 0.2], vec![0.5]], ..generic() };
    let clipped = PpoSpec { ratio_clip: RatioClip::Within(0.3), ..PpoSpec::default() };
    let account = input.account(&Ppo::new(clipped).expect("allowed"));
    close(account.loss, -0.540_194_1, 1e-6, &ObjectiveSpec::Ppo(clipped));
    let hand = [-0.442_068, 0.732_842, -0.180_967, 0.0];
    for (found, hand) in account.coefficients.concat().into_iter().zip(hand) {
        assert!((found - hand).abs() < 1e-6, "{found} {hand}");
    }
}

#[test]
fn losses_at_a_generic_point_are_those_computed_by_hand() {
    // Log-ratios: .3, −.3, .4. Pairs (chosen − rejected): 0−1 h = .6; 2−0 h = .1; 2−1 h = .7.
    // Rewards in order: response 2 is best, 1 is worst; log π = −1.2, −2.3, −.5.
    let hand = [
        // 1.2 + 2.3 + .5
        4.0, // 1.2 + .5 + .5
        2.2, // winners 0 and 2: 1.2 + .5
        1.7, // best is 2
        0.5,
        // e^(.4/.7) 1.2 + e^(−.3/.7) 2.3 + e^(.9/.7) .5
        // = 1.770795·1.2 + .651439·2.3 + 3.617251·.5
        5.4318892,
        // weights min(e^.4, 1.5) = 1.491825, e^−.3 = .740818, 1.5; mean 1.244214:
        // (1.491825·1.2 + .740818·2.3 + 1.5·.5) / 1.244214
        3.4110454, // .4·1.2 − .6·2.3 + .5·.5
        -0.65,
        // ratios e^.1 = 1.105171; (e^.2, e^−.1) = (1.221403, .904837); e^.3 = 1.349859 clipped 1.3:
        // −.4·1.105171 + .6·(1.221403 + .904837) − .5·1.3
        0.1836757, // … unclipped: −.5·1.349859
        0.1587463,
        // d = .3; .4, −.7; .4: + .3·½·(.09 + .16 + .49 + .16)
        0.3186757, // −.65 + .3·(.3 + .4 − .7 + .4)
        -0.53,     // −.4·1.105171 + .6·(1.221403 + .904837)/2 − .5·1.3
        -0.4541963,
        // −.4·1.105171 + .6·2.126240 − .5·1.2 + .3·(.040818 + .070320 + .313753 + .070320)
        0.3822390, // softplus(−.18) + softplus(−.03) + softplus(−.21) = .607192 + .678260 + .593650
        1.8791010, // + .1·.3·(.6 + .1 + .7): label smoothing adds ε·βh to each
        1.9211010,
        // (.6 − 2.5)² + (.1 − 2.5)² + (.7 − 2.5)² = 3.61 + 5.76 + 3.24
        12.61, // (1 − .24) + (1 − .04) + (1 − .28)
        2.44, // log-ratios by token .3, −.15, .4: h = .45, .1, .55; softplus(−.135) + softplus(−.03) +
        // softplus(−.165) = .627923 + .678260 + .614048, + .1·.3·(.45 + .1 + .55)
        1.9532297, // (.45 − 2.5)² + (.1 − 2.5)² + (.55 − 2.5)² = 4.2025 + 5.76 + 3.8025
        13.765,    // .5 + .3·(−2.3)
        -0.19,     // .5 + .3·(−1.2 − 2.3)/2
        -0.025,    // .5 + .3·(−1.2 − 2.3)
        -0.55,
        // .2(ln .2 + 1.2) + .3(ln .3 + 2.3) + .5(ln .5 + .5) = −1.029653 + .24 + .69 + .25
        0.1503470,
        // e^−1.2(−1.2 − ln .2) + e^−2.3(−2.3 − ln .3) + e^−.5(−.5 − ln .5)
        // = .301194·.409438 − .100259·1.096027 + .606531·.193147
        0.1305836,
    ];
    for (spec, hand) in objectives().iter().zip(hand) {
        let account = generic().account(&*spec.build().expect("valid"));
        close(account.loss, hand, 1e-7, spec);
    }
}

#[test]
fn ppo_where_old_is_current_has_the_coefficients_of_reinforce() {
    let ppo = Ppo::new(PpoSpec::default()).expect("valid");
    let reinforce = Reinforce::new(ReinforceSpec::default()).expect("valid");
    for seed in 0..20 {
        let mut input = Input::random(seed, 6);
        input.log_old = input.log_pi.clone();
        let (a, b) = (input.account(&ppo), input.account(&reinforce));
        assert_eq!(a.coefficients, b.coefficients);
        assert_eq!(a.units, b.units);
    }
}

#[test]
fn the_gradient_of_dpo_over_beta_tends_to_one_half_as_beta_vanishes() {
    let dpo = Dpo::new(DpoSpec { beta: 1e-9, label_smoothing: 0.0, ..DpoSpec::default() })
        .expect("valid");
    let mut input = generic();
    input.pairs = vec![Pair { chosen: 2, rejected: 1 }];
    let coefficients = input.account(&dpo).coefficients;
    close(coefficients[2][0] / 1e-9, -0.5, 1e-8, &"chosen");
    close(coefficients[1][1] / 1e-9, 0.5, 1e-8, &"rejected");
}

#[test]
#[expect(clippy::approx_constant, reason = "e, to the digits of the notes")]
fn the_hand_checked_values_of_the_paper_notes_hold() {
    // log π −12 and −15, reference −13 and −14: h = (−12 + 13) − (−15 + 14) = 2.
    let pair = Input {
        log_pi: vec![vec![-3.0; 4], vec![-2.5; 6]],
        log_ref: vec![-13.0, -14.0],
        pairs: vec![Pair { chosen: 0, rejected: 1 }],
        ..Input::default()
    };
    let dpo = |label_smoothing| {
        ObjectiveSpec::Dpo(DpoSpec { beta: 0.1, label_smoothing, ..DpoSpec::default() })
    };
    let ipo =
        ObjectiveSpec::Ipo(IpoSpec { tau: Some(0.1), target_margin: None, ..IpoSpec::default() });
    let hinge = ObjectiveSpec::Hinge(HingeSpec { beta: 0.1, ..HingeSpec::default() });
    for (spec, loss) in [(dpo(0.0), 0.598139), (dpo(0.1), 0.618139), (hinge, 0.8), (ipo, 9.0)] {
        let account = pair.account(&*spec.build().expect("valid"));
        assert!((account.loss - loss).abs() < 5e-7, "{spec:?}: {}", account.loss);
    }
    // r = 1, 2, 4 at temperature 1, clipped at 20.
    let rwr = Rwr::new(RwrSpec::default()).expect("valid");
    let mut samples = Input { log_pi: vec![vec![-1.5]; 3], ..Input::default() };
    samples.set_rewards(vec![1.0, 2.0, 4.0]);
    let weights = samples.account(&rwr).coefficients.concat();
    for (c, weight) in weights.iter().zip([2.718282, 7.389056, 20.0]) {
        assert!((c + weight).abs() < 5e-7, "{weights:?}");
    }
}

#[test]
fn unlikelihood_stops_at_its_floor() {
    let spec = UnlikelihoodSpec { alpha: 0.5, floor: -2.0, ..UnlikelihoodSpec::default() };
    let objective = ObjectiveSpec::Unlikelihood(spec).build().expect("valid");
    // The worst, response 1, has log π −2.3 < −2: booked at the floor, .5 − .5·2, and left alone.
    let account = generic().account(&*objective);
    assert_eq!(account.loss, -0.5);
    assert_eq!(account.coefficients[1], [0.0, 0.0]);
}
