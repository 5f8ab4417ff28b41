//! Objectives as written in a scenario, and the messages of what is refused.

use modeseek::objective::{
    BaselineSpec, IpoSpec, ObjectiveSpec, PpoSpec, RatioClip, ReinforceSpec, RwrSpec,
};

/// The objective in `objective.… = …`.
fn parse(text: &str) -> Result<ObjectiveSpec, toml::de::Error> {
    let table: toml::Table = toml::from_str(text)?;
    table["objective"].clone().try_into()
}

fn refusal(text: &str) -> String {
    match parse(text) {
        Ok(spec) => spec.build().err().expect("refused").to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn objectives_are_written_as_in_a_scenario() {
    let margin = IpoSpec { tau: None, target_margin: Some(10.0), ..IpoSpec::default() };
    let rloo = ReinforceSpec { baseline: BaselineSpec::LeaveOneOut, ..ReinforceSpec::default() };
    let clip = |ratio_clip| ObjectiveSpec::Ppo(PpoSpec { ratio_clip, ..PpoSpec::default() });
    let cases = [
        ("objective.best-of-n = {}", ObjectiveSpec::BestOfN {}),
        ("objective.ipo = { target_margin = 10 }", ObjectiveSpec::Ipo(margin)),
        ("objective.reinforce = { baseline = \"leave-one-out\" }", ObjectiveSpec::Reinforce(rloo)),
        ("objective.ppo = { ratio_clip = \"none\" }", clip(RatioClip::None)),
        ("objective.ppo = { ratio_clip = 1 }", clip(RatioClip::Within(1.0))),
        ("objective.ppo = {}", clip(RatioClip::Within(0.2))),
        ("objective.rwr = {}", ObjectiveSpec::Rwr(RwrSpec::default())),
    ];
    for (text, expected) in cases {
        let spec = parse(text).expect(text);
        assert_eq!(spec, expected);
        assert!(text.contains(spec.name()));
        let written = toml::to_string(&spec).expect("serialised");
        assert_eq!(toml::from_str::<ObjectiveSpec>(&written).expect(&written), spec);
    }
}

#[test]
fn unknown_keys_and_words_are_refused() {
    assert!(
        refusal("objective.ipo = { beta = 0.1 }")
            .contains("expected one of `tau`, `target_margin`, `tokens`")
    );
    assert!(refusal("objective.best-of-n = { n = 3 }").contains("unknown field `n`"));
    assert!(refusal("objective.bestofn = {}").contains("unknown variant `bestofn`"));
    let message = refusal("objective.ppo = { ratio_clip = \"off\" }");
    assert!(message.contains("a number above zero or \"none\""), "{message}");
}

#[test]
fn a_parameter_out_of_range_names_its_key_its_value_its_range_and_a_remedy() {
    assert_eq!(
        refusal("objective.dpo = { beta = -0.5 }"),
        "`beta` is -0.5; allowed is a finite number above zero: 0.1 is the default"
    );
    assert_eq!(
        refusal("objective.ipo = {}"),
        "`target_margin` is missing, and so is `tau`; allowed is exactly one of `tau` and \
         `target_margin`: give one, say target_margin = 10"
    );
    assert_eq!(
        refusal("objective.ipo = { tau = 0.05, target_margin = 10.0 }"),
        "`tau` is given beside `target_margin`; allowed is exactly one of `tau` and \
         `target_margin`: remove one: target_margin = 1/(2 tau)"
    );
    for (text, key) in [
        ("dpo = { beta = nan }", "beta"),
        ("dpo = { label_smoothing = 0.5 }", "label_smoothing"),
        ("dpo = { label_smoothing = nan }", "label_smoothing"),
        ("ipo = { tau = 0.0 }", "tau"),
        ("ipo = { tau = 1e-320 }", "target_margin"),
        ("ipo = { target_margin = inf }", "target_margin"),
        ("hinge = { beta = 0.0 }", "beta"),
        ("rwr = { temperature = nan }", "temperature"),
        ("rwr = { weight_clip = inf }", "weight_clip"),
        ("ppo = { ratio_clip = nan }", "ratio_clip"),
        ("ppo = { entropy_bonus = -0.1 }", "entropy_bonus"),
        ("reinforce = { entropy_bonus = nan }", "entropy_bonus"),
        ("unlikelihood = { alpha = -1.0 }", "alpha"),
        ("unlikelihood = { floor = 0.1 }", "floor"),
        ("unlikelihood = { floor = nan }", "floor"),
    ] {
        let message = refusal(&format!("objective.{text}"));
        assert!(message.starts_with(&format!("`{key}` is ")), "{text}: {message}");
    }
}
