//! Models with a head that is the difference of two rows of the output's matrix: what it reads is the difference of
//! two logits, and so that of two log-probabilities.

use super::golden::{Formula, Golden};
use modeseek::llm::{
    Activations, Decoder, Engine, Kernels, LanguageModel, Output, Passes, SampleSettings,
    ScoringModel, Sequences, Tokens, Training,
};
use modeseek::numerics::Threads;
use modeseek::policy::{Policy, Scalars};
use std::collections::BTreeMap;

const PASSES: Passes = Passes { rows: 40, activations: Activations::Kept };
/// Two tokens whose logits are told apart.
pub const TOLD: [u32; 2] = [5, 11];

fn decoder(name: &str, kernels: Kernels) -> Decoder {
    let config = Golden::read().decoders[name].config(name);
    let engine = Engine::host(kernels, Threads::One);
    Decoder::load(config, engine, &mut Formula, Training::Trained).expect("a decoder")
}

/// A model whose head tells the two tokens apart.
pub fn telling(name: &str, kernels: Kernels, output: Output) -> ScoringModel {
    let mut decoder = decoder(name, kernels);
    let width = decoder.config().width;
    let row = |t: u32| &decoder.head().value[t as usize * width..][..width];
    let head = row(TOLD[0]).iter().zip(row(TOLD[1])).map(|(a, b)| a - b).collect();
    decoder.add_readout(head, Training::Trained);
    ScoringModel::new(decoder, output, PASSES)
}

/// The language model of the same weights.
pub fn language_model(name: &str) -> LanguageModel {
    let settings = SampleSettings {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        max_new_tokens: 4,
        end_tokens: vec![2],
    };
    LanguageModel::new(decoder(name, Kernels::Fused), settings, PASSES)
}

/// Gradients by parameter of Σ c·(each number that is read).
pub fn gradients<P>(policy: &mut P, batch: &Sequences, c: &[f64]) -> BTreeMap<String, Vec<f32>>
where
    P: Policy<Prompt = Tokens, Response = Tokens>,
{
    policy.clear_gradients();
    policy.accumulate(batch, &mut |_| Some(c.to_vec())).expect("gradients");
    let parameters = policy.parameters_mut().into_iter();
    parameters
        .map(|p| match p.scalars {
            Scalars::F32 { gradient, .. } => (p.name.to_owned(), gradient.to_vec()),
            Scalars::F64 { .. } => panic!("weights are in single precision"),
        })
        .collect()
}

/// Gradients of differences are those of the first less those of the second, but for the matrices that embed and
/// predict; `longer` are the batches that end in either token, each response with its `c` at its end.
pub fn are_differences(
    found: &BTreeMap<String, Vec<f32>>,
    language: &mut LanguageModel,
    longer: impl Fn(u32) -> Sequences,
    c: &[f64],
) {
    let [first, second] = TOLD.map(|token| {
        let longer = longer(token);
        let places = longer.responses().iter().zip(c);
        let at_the_end = |(y, c): (&Tokens, &f64)| {
            std::iter::repeat_n(0.0, y.len() - 1).chain([*c]).collect::<Vec<f64>>()
        };
        let c: Vec<f64> = places.flat_map(at_the_end).collect();
        gradients(language, &longer, &c)
    });
    let mut compared = 0;
    for (name, found) in found.iter().filter(|(name, _)| !name.contains("embed")) {
        let Some(first) = first.get(name) else { continue };
        for ((found, a), b) in found.iter().zip(first).zip(&second[name]) {
            assert!((found - (a - b)).abs() < 2e-4, "{name}: {found} {}", a - b);
        }
        compared += 1;
    }
    assert!(compared > 10, "{compared}");
}
