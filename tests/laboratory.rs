//! The laboratory of `modeseek demo`: its settings are scenarios, its films are runs.

use modeseek::laboratory::{
    Data, Film, METHODS, PRESETS, Policy, Reward, Settings, film, geometry,
};
use modeseek::learner::FittedPolicies;
use modeseek::runner::train::train;
use modeseek::scenario::Scenario;

/// Every combination of what is chosen by words, with all methods.
fn every_combination() -> Vec<Settings> {
    let mut all = Vec::new();
    for reward in Reward::ALL {
        for policy in Policy::ALL {
            for data in Data::ALL {
                let (methods, learning_rate) = (METHODS.to_vec(), policy.learning_rate());
                let settings = Settings { reward, policy, data, methods, ..Settings::default() };
                all.push(Settings { learning_rate, steps: 20, passes: 2, ..settings });
            }
        }
    }
    all
}

fn shot(settings: &Settings, method: &'static str) -> Film {
    film(settings, method).unwrap_or_else(|e| panic!("{method}, {}: {e}", settings.to_query()))
}

/// The scenario that the laboratory writes gives, through the runner, the numbers of its films.
#[test]
fn films_are_the_runs_of_the_scenario_that_is_written() {
    for settings in every_combination() {
        let text = settings.scenario();
        let scenario = Scenario::parse("laboratory", &text, None, &[], None)
            .unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!((scenario.cells.len(), scenario.seeds.first), (METHODS.len(), settings.seed));
        for (cell, method) in scenario.cells.iter().zip(METHODS) {
            let measured = train(&cell.experiment, settings.seed, &FittedPolicies::default())
                .unwrap_or_else(|e| panic!("{method}: {e}"));
            let pictures = shot(&settings, method).pictures;
            assert_eq!(pictures.len(), 21);
            for m in measured {
                let picture = &pictures[m.step as usize];
                let arm = || m.metric.split_once('/').and_then(|(_, arm)| arm.parse().ok());
                let filmed = match m.metric.split('/').next() {
                    Some("gold_reward") => picture.gold_reward,
                    Some("forward_kl_ref") => picture.forward_kl_ref,
                    Some("reverse_kl_ref") => picture.reverse_kl_ref,
                    Some("probability") => picture.frame.probabilities[arm().unwrap_or(0)],
                    _ => continue,
                };
                assert!((filmed - m.value).abs() < 1e-12, "{method} {m:?} {filmed}");
                assert_eq!(picture.frame.queries, m.queries);
            }
        }
    }
}

/// Coefficients of a contrast sum to zero over each pair, those of maximum likelihood are only
/// ever pulls, and their unit counts add to one: mean over prompts of −1 each.
#[test]
fn pushes_are_the_coefficients_of_the_losses() {
    let settings = Settings { steps: 3, ..Settings::default() };
    let pushes = |method| shot(&settings, method).pictures[1].frame.pushes.clone();
    let sum = |pushes: &[f64]| pushes.iter().sum::<f64>();
    for method in ["dpo", "ipo"] {
        let pushes = pushes(method);
        assert!(sum(&pushes).abs() < 1e-12 && pushes.iter().any(|push| *push < -0.01), "{method}");
    }
    for method in ["pref-ft", "best-of-n"] {
        let pushes = pushes(method);
        assert!((sum(&pushes) - 1.0).abs() < 1e-12 && pushes.iter().all(|push| *push >= 0.0));
    }
    // REINFORCE's advantages, less the mean of the batch, sum to zero.
    assert!(sum(&pushes("reinforce")).abs() < 1e-12);
    // Of the reverse KL a multiple of π is left out, so that what is shown sums to zero.
    let reverse = shot(&settings, "reverse-kl");
    let raw = &reverse.pictures[1].frame.pushes;
    assert!(sum(&reverse.pushes(1)).abs() < 1e-12 && sum(raw).abs() > 0.1);
    let start = shot(&settings, "dpo").pictures[0].frame.clone();
    assert!(start.pushes.iter().all(|push| *push == 0.0) && start.report.is_none());
}

#[test]
fn the_geometry_is_that_of_the_words() {
    let of = |query| geometry(&Settings::from_query(query).expect("valid")).expect("valid");
    let best = |rewards: &[f64]| {
        (0..rewards.len()).max_by(|&i, &j| rewards[i].total_cmp(&rewards[j])).expect("arms")
    };
    assert_eq!(best(&of("reward=far").rewards), 70);
    assert_eq!(best(&of("reward=near").rewards), 20);
    assert_eq!(best(&of("reward=two-modes").rewards), 70);
    let offline = of("reward=far&data=offline");
    assert_eq!(offline.data, offline.reference);
    let skewed = of("reward=far&data=skewed");
    assert_eq!((best(&skewed.data), &skewed.reference), (50, &offline.reference));
    assert_eq!(best(&of("reward=far&policy=bump").reference), 20);
    // β is the temperature of the target: the colder, the nearer to the peak.
    let mass = |query| of(query).target[60..80].iter().sum::<f64>();
    assert!(mass("reward=far&beta=0.05") > mass("reward=far&beta=0.5") + 0.3);
}

/// What the presets promise, in numbers of their own films.
#[test]
fn presets_show_what_they_say() {
    let preset = |k: usize, more: &str| {
        Settings::from_query(&format!("{}&{more}", PRESETS[k].query)).expect("valid")
    };
    let at =
        |settings: &Settings, method, step: usize| shot(settings, method).pictures[step].clone();
    let end = |settings: &Settings, method| at(settings, method, 300).gold_reward;
    let sampled = ["best-of-n", "dpo", "ipo", "reinforce"];

    let (far, far_offline) = (preset(0, ""), preset(0, "data=offline"));
    assert!(sampled.iter().all(|m| end(&far, m) > 0.98 && end(&far_offline, m) < 0.5));
    let dpo = at(&far_offline, "dpo", 300);
    let start = at(&far, "dpo", 0).gold_reward;
    assert!(dpo.gold_reward < start && dpo.frame.probabilities[99] > 0.9);

    let (near, near_on) = (preset(1, ""), preset(1, "data=on-policy"));
    assert!((at(&near, "dpo", 0).gold_reward - 0.38).abs() < 0.01);
    for method in near.methods.clone() {
        assert!(end(&near, method) > 0.8, "{method}");
        if sampled.contains(&method) {
            let gain = end(&near_on, method) - end(&near, method);
            assert!(
                gain > 0.0 && gain < 0.16 && end(&far, method) - end(&far_offline, method) > 0.5
            );
        }
    }

    let skewed = preset(2, "");
    let gain = |m| end(&skewed, m) - end(&far_offline, m);
    assert!(["best-of-n", "dpo", "ipo"].into_iter().all(|m| gain(m) > 0.3));
    let reinforce = shot(&skewed, "reinforce");
    let best = reinforce.pictures.iter().map(|p| p.gold_reward).fold(0.0, f64::max);
    assert!(best > reinforce.pictures[300].gold_reward + 0.1);

    let bump = preset(3, "");
    assert!(end(&bump, "reverse-kl") > end(&bump, "forward-kl") + 0.4);

    let table = preset(4, "");
    let reward = |method, step| at(&table, method, step).gold_reward;
    assert!((end(&table, "reverse-kl") - end(&table, "forward-kl")).abs() < 0.01);
    assert!((1..40).all(|step| reward("forward-kl", step) > reward("reverse-kl", step)));
    let pushed_down = |m| shot(&table, m).pushes(5).iter().any(|push| *push < 0.0);
    assert!(pushed_down("reverse-kl") && !pushed_down("forward-kl"));

    let (stale, fresh) = (preset(5, ""), preset(5, "b=100"));
    for method in stale.methods.clone() {
        let reward = |settings| at(settings, method, 44).gold_reward;
        assert!(reward(&fresh) > reward(&stale) + 0.05, "{method}");
    }

    let (reused, often) = (preset(6, ""), preset(6, "t=64"));
    assert!(at(&reused, "reinforce", 71).gold_reward > at(&reused, "ppo", 71).gold_reward + 0.1);
    let others = ["best-of-n", "dpo", "ipo", "reinforce"];
    assert!(others.iter().all(|m| end(&often, "ppo") > end(&often, m) + 0.05));
}
