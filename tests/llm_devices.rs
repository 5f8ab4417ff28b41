//! Responses that are drawn, by every kernel and on every device of this build.
#![cfg(feature = "llm")]

#[path = "llm_support/engines.rs"]
mod engines;
#[path = "llm_support/golden.rs"]
mod golden;

use engines::{fused, stock};
use golden::{Formula, Golden};
use modeseek::llm::{Decoder, Engine, Sample, SampleSettings, Tokens, Training};
use modeseek::stream::{Draws, Purpose, Streams};

/// Rounding of two ways to add up the same numbers, of a log-probability in nats.
const LOG_PROB: f32 = 5e-5;

/// Two responses to each of two prompts of unlike lengths: prompts are read together, responses end apart.
fn drawn(name: &str, engine: Engine) -> Vec<Sample> {
    let config = Golden::read().decoders[name].config(name);
    let end = config.vocabulary as u32 / 2;
    let decoder = Decoder::load(config, engine, &mut Formula, Training::Frozen);
    let settings = SampleSettings {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        max_new_tokens: 6,
        end_tokens: (end..end + 9).collect(),
    };
    let prompts: [Tokens; 2] = [[3].into(), [7, 1, 4].into()];
    let draws = Draws::new(Streams::new(5), Purpose::Sample, 0);
    let samples =
        decoder.expect("a decoder").generate(&prompts, 2, &settings, &draws, &mut |_, _| {});
    samples.expect("samples")
}

#[test]
fn every_kernel_draws_the_same_responses() {
    let mut lengths = std::collections::BTreeSet::new();
    for name in Golden::read().decoders.keys() {
        let wanted = drawn(name, fused());
        lengths.extend(wanted.iter().map(|sample| sample.tokens.len()));
        for engine in stock() {
            let place = engine.arithmetic();
            for (found, wanted) in drawn(name, engine).iter().zip(&wanted) {
                assert_eq!(found.tokens, wanted.tokens, "{name} by {place}");
                for (a, b) in found.log_probs.iter().zip(&wanted.log_probs) {
                    assert!((a - b).abs() < LOG_PROB, "{name} by {place}: {a} {b}");
                }
            }
        }
    }
    assert!(lengths.len() > 2, "responses end apart: {lengths:?}");
}
