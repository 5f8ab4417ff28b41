//! Losses and gradients against `golden/losses.csv`, numbers of an independent implementation.

use modeseek::objective::{
    DpoSpec, Group, HingeSpec, IpoSpec, Ledger, ObjectiveSpec, PpoSpec, RatioClip, ReinforceSpec,
    RwrSpec,
};
use modeseek::preference::Pair;

/// The objective that a kind of the file names.
fn spec(kind: &str, beta: f64, clip: f64) -> ObjectiveSpec {
    let dpo = |label_smoothing| {
        ObjectiveSpec::Dpo(DpoSpec { beta, label_smoothing, ..DpoSpec::default() })
    };
    match kind {
        "dpo" => dpo(0.0),
        "dpo_ls0.1" => dpo(0.1),
        "ipo_trl" => ObjectiveSpec::Ipo(IpoSpec {
            tau: Some(beta),
            target_margin: None,
            ..IpoSpec::default()
        }),
        "ipo_ref" => ObjectiveSpec::Ipo(IpoSpec {
            tau: None,
            target_margin: Some(beta),
            ..IpoSpec::default()
        }),
        "hinge" => ObjectiveSpec::Hinge(HingeSpec { beta, ..HingeSpec::default() }),
        "ppo_clip" => ObjectiveSpec::Ppo(PpoSpec {
            ratio_clip: RatioClip::Within(clip),
            ..PpoSpec::default()
        }),
        "reinforce" => ObjectiveSpec::Reinforce(ReinforceSpec::default()),
        "rwr" => ObjectiveSpec::Rwr(RwrSpec {
            temperature: beta,
            weight_clip: 1e300, // the file clips nothing
            normalise: false,
        }),
        other => panic!("a kind without an objective: {other}"),
    }
}

/// Agreement to 1e-12, relative above one.
fn agrees(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= 1e-12 * theirs.abs().max(1.0)
}

#[test]
fn losses_and_coefficients_agree_with_the_golden_file() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/losses.csv");
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).from_path(file).expect("the golden file");
    let header = reader.headers().expect("a header").clone();
    let mut checked = 0;
    for record in reader.records() {
        let record = record.expect("a row");
        let cell = |name: &str| {
            let place = header.iter().position(|column| column == name).expect("a column");
            record[place].parse::<f64>().unwrap_or(f64::NAN)
        };
        let paired = record[2].parse::<f64>().is_ok();
        let signal = [cell("advantage_or_reward")];
        let log_pi = match paired {
            true => vec![cell("policy_logp_chosen"), cell("policy_logp_rejected")],
            false => vec![cell("policy_logp")],
        };
        let group = Group {
            log_pi: &log_pi,
            offsets: if paired { &[0, 1, 2] } else { &[0, 1] },
            log_old: &[cell("old_logp")],
            log_ref: &[cell("ref_logp_chosen"), cell("ref_logp_rejected")],
            log_ref_tokens: &[],
            kl_coefficient: 0.0,
            log_target: &[],
            reward: &signal,
            advantage: &signal,
            token_advantage: &[],
            pairs: &[Pair { chosen: 0, rejected: 1 }],
            law: None,
        };
        let objective = spec(&record[0], cell("beta"), cell("clip_eps")).build().expect("valid");
        let mut coefficients = vec![0.0; log_pi.len()];
        let mut ledger = Ledger::new(&mut coefficients);
        objective.add_group(&group, &mut ledger);
        assert!(agrees(ledger.loss(), cell("loss")), "{record:?}: {}", ledger.loss());
        let theirs = [cell("dloss_d_policy_chosen"), cell("dloss_d_policy_rejected")];
        for (ours, theirs) in coefficients.iter().zip(theirs) {
            assert!(agrees(*ours, theirs), "{record:?}: {ours}");
        }
        checked += 1;
    }
    assert_eq!(checked, 55, "5 pair kinds of 8 cases and 3 sample kinds of 5");
}
