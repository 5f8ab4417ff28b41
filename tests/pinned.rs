//! Three trajectories, number by number.
//!
//! A change of these numbers is a change of every result: it needs a bump of `RESULTS_VERSION` in
//! `src/scenario/mod.rs`, which names all cells anew so that no old run is taken for a new one, and
//! new numbers here. The table and the lengths are pinned exactly (1e-12); the network to 1e-4, because the kernels
//! of single-precision matrix products depend on the CPU.

use modeseek::learner::FittedPolicies;
use modeseek::runner::train::train;
use modeseek::scenario::{RESULTS_VERSION, Scenario};

/// The version at which the numbers below were computed.
const PINNED_AT: u32 = 3;

const SCENARIO: &str = r#"
id = "pinned"
title = "Short runs"
[problem.bumps]
reward = "R1"
[policy.tabular]
[schedule]
samples_per_round = 80
responses_per_prompt = 4
minibatch = 40
steps = 24
[data]
prompts = 20
[optimizer.adam]
learning_rate = 0.1
[measure]
every = 8
states = 5
pairs = 10
[[method]]
name = "table"
objective.ipo = { target_margin = 10.0 }
schedule.data = "offline"
schedule.passes = 2
[[method]]
name = "network"
objective.ppo = { baseline = "leave-one-out", entropy_bonus = 0.01 }
optimizer.adam.learning_rate = 0.003
policy.mlp = { context = 12, features = 16, hidden = 32, fit = { steps = 20, states = 8 } }
"#;

/// Noisy labels of half-truncated data, a learned reward, and a stop decision.
const LENGTHS: &str = r#"
id = "pinned-lengths"
title = "A short run on lengths"
[problem.length]
task = "skew"
skew_fraction = 0.5
[policy.stop]
features = "both"
width = 60.0
[schedule]
samples_per_round = 80
responses_per_prompt = 4
minibatch = 40
passes = 2
steps = 24
[data]
prompts = 50
[pairs.labels.bradley-terry]
temperature = 20.0
[reward_model]
class = "smooth"
pairs = 50
[optimizer.adam]
learning_rate = 0.1
[measure]
every = 8
pairs = 10
[[method]]
name = "lengths"
objective.ppo = { standardise = true }
"#;

/// The values of a metric at steps 0, 8, 16 and 24 with seed 3.
fn trajectory(method: &str, metric: &str) -> Vec<f64> {
    let text = if method == "lengths" { LENGTHS } else { SCENARIO };
    let scenario = Scenario::parse("pinned.toml", text, None, &[], None)
        .unwrap_or_else(|error| panic!("{error}"));
    let cell = scenario.cells.iter().find(|cell| cell.method == method).expect("a method");
    let measured = train(&cell.experiment, 3, &FittedPolicies::default()).expect("trained");
    measured.into_iter().filter(|m| m.metric == metric).map(|m| m.value).collect()
}

fn check(method: &str, tolerance: f64, pinned: &[(&str, &[f64])]) {
    assert_eq!(RESULTS_VERSION, PINNED_AT, "pin the numbers of the new version");
    for (metric, wanted) in pinned {
        let found = trajectory(method, metric);
        assert_eq!(found.len(), wanted.len(), "{method}, {metric}: {found:?}");
        for (found, wanted) in found.iter().zip(*wanted) {
            let near = (found - wanted).abs() <= tolerance * wanted.abs().max(1e-2);
            assert!(near, "{method}, {metric}: {found:?} is not {wanted:?}");
        }
    }
}

#[test]
fn the_table_takes_the_pinned_path() {
    check(
        "table",
        1e-12,
        &[
            (
                "gold_reward",
                &[
                    0.039045846988884886,
                    0.04104804555440625,
                    0.0361262700056897,
                    0.029728202054012828,
                ],
            ),
            ("reverse_kl_ref", &[0.0, 0.1102462845105022, 0.36792967607679006, 0.6433864052539603]),
            ("margin", &[0.0, 0.2722262401055261, 0.5749458852182663, 0.8480791476659802]),
            ("loss", &[86.99518605341272, 73.63986426826732, 60.857030530825526]),
            ("staleness/mean", &[7.0, 15.0, 23.0]),
        ],
    );
}

#[test]
fn the_network_takes_the_pinned_path() {
    check(
        "network",
        1e-4,
        &[
            (
                "gold_reward",
                &[
                    0.04280887216908397,
                    0.10341697028692594,
                    0.14787798322239284,
                    0.15508944878548445,
                ],
            ),
            (
                "forward_kl_ref",
                &[
                    0.013765430799785473,
                    0.17323555502946628,
                    0.3402672063022747,
                    0.36354971298593264,
                ],
            ),
            (
                "entropy",
                &[4.195879600855359, 4.51593319442774, 4.590343116942313, 4.59497550130675],
            ),
            ("grad_norm", &[0.20178216309958935, 0.09536740741252592, 0.08936203104556287]),
        ],
    );
}

#[test]
fn the_lengths_take_the_pinned_path() {
    check(
        "lengths",
        1e-12,
        &[
            (
                "mean_length",
                &[248.21750728177102, 168.8736549460014, 129.6524436863161, 104.77577428329762],
            ),
            (
                "proxy_reward",
                &[
                    -203.17495449733312,
                    -161.6251571597724,
                    -142.22296910339364,
                    -131.12014236410636,
                ],
            ),
            ("reverse_kl_ref", &[0.0, 0.5221267547026655, 1.4523227271326054, 2.509419836001509]),
            (
                "margin",
                &[-7.105427357601e-16, 1.4320698416572504, 4.8159796386825375, 12.596644277089135],
            ),
            ("proxy_correlation/reference", &[0.7751874183074889]),
        ],
    );
}
