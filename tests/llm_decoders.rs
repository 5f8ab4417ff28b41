//! The decoder against golden numbers of transformers, PEFT and a PyTorch GPT-nano, by both kernels; in a build
//! for NVIDIA's processors on the first of them too.
#![cfg(feature = "llm")]

#[path = "llm_support/engines.rs"]
mod engines;
#[path = "llm_support/golden.rs"]
mod golden;

use candle_core::DType;
use engines::{fused, halves, stock};
use golden::{Case, Golden};
use modeseek::llm::{Activations, Decoder, Engine, LoraSpec, Packed, Sequences, Training};
use modeseek::stream::Streams;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Errors of single precision on these numbers: log-probabilities (nats), and gradients relative to
/// their norm.
const LOG_PROB: f64 = 2e-5;
const GRADIENT: f64 = 2e-4;

/// A sequence as a prompt of one token and a response.
fn packed(tokens: &[u32]) -> Packed {
    let mut batch = Sequences::default();
    batch.push(tokens[..1].into(), [tokens[1..].into()]);
    Packed::new(&batch, 0..1)
}

/// The golden scalar's coefficients: ∂S/∂log p_t.
fn coefficients(count: usize) -> Vec<f32> {
    (0..count).map(|t| 0.3 - 0.1 * t as f32).collect()
}

/// The gradient of every trained weight, in the order of its file.
fn gradients(decoder: &mut Decoder) -> BTreeMap<String, Vec<f32>> {
    let config = decoder.config().clone();
    let weights = decoder.weights_mut().into_iter();
    let mut all = BTreeMap::new();
    for weight in weights.map(|weight| Arc::get_mut(weight).expect("no pass is under way")) {
        if weight.is_trained() {
            let name = weight.name.clone();
            let gradient = weight.parts_mut().1.to_vec();
            let in_files = golden::as_in_files(&config, &name, gradient);
            all.insert(name.replace("embed_out", "lm_head"), in_files);
        }
    }
    all
}

fn check(name: &str, case: &Case, decoder: &mut Decoder, activations: Activations) {
    for sequence in &case.sequences {
        let packed = packed(&sequence.tokens);
        let found = decoder.log_probs(&packed).expect("log-probabilities");
        for (t, (found, wanted)) in found.iter().zip(&sequence.log_probs).enumerate() {
            let error = (f64::from(*found) - wanted).abs();
            assert!(error < LOG_PROB, "{name}: log p_{t} = {found}, golden {wanted}");
        }
        gradients_cleared(decoder);
        decoder
            .accumulate(&packed, activations, &mut |log_probs| {
                assert_eq!(log_probs.len(), sequence.log_probs.len());
                Some(coefficients(log_probs.len()))
            })
            .expect("gradients");
        let found = gradients(decoder);
        for (weight, norm) in &sequence.gradient_norms {
            let own = found.get(weight).unwrap_or_else(|| panic!("{name}: no gradient {weight}"));
            let own_norm = own.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
            assert!(
                (own_norm - norm).abs() < GRADIENT * (norm + 0.01),
                "{name} {weight}: {own_norm} {norm}"
            );
            for (place, wanted) in sequence.gradients.get(weight).into_iter().flatten() {
                let place: usize = place.parse().expect("a place");
                let error = (f64::from(own[place]) - wanted).abs();
                assert!(
                    error < GRADIENT * (norm + 0.01),
                    "{name} {weight}[{place}]: {} {wanted}",
                    own[place]
                );
            }
        }
    }
}

fn gradients_cleared(decoder: &mut Decoder) {
    for weight in decoder.weights_mut() {
        Arc::get_mut(weight).expect("no pass is under way").parts_mut().1.fill(0.0);
    }
}

fn check_all(engine: &Engine, activations: Activations) {
    let golden = Golden::read();
    for (name, case) in &golden.decoders {
        let config = case.config(name);
        let mut decoder =
            Decoder::load(config, engine.clone(), &mut golden::Formula, Training::Trained)
                .expect("a decoder");
        check(name, case, &mut decoder, activations);
    }
}

#[test]
fn fused_kernels_meet_transformers() {
    check_all(&fused(), Activations::Kept);
}

#[test]
fn stock_kernels_meet_transformers() {
    stock().iter().for_each(|engine| check_all(engine, Activations::Kept));
}

/// Σ c·log p of a sequence.
fn scalar(decoder: &Decoder, packed: &Packed) -> f64 {
    let log_probs = decoder.log_probs(packed).expect("log-probabilities");
    let c = coefficients(log_probs.len());
    log_probs.iter().zip(c).map(|(lp, c)| f64::from(*lp) * f64::from(c)).sum()
}

/// Of every weight of every family, the number with the largest gradient is moved up and down.
#[test]
fn gradients_meet_central_differences_through_the_whole_decoder() {
    const STEP: f32 = 4e-3;
    for (name, case) in &Golden::read().decoders {
        let config = case.config(name);
        let (engine, source) = (fused(), &mut golden::Formula);
        let mut decoder =
            Decoder::load(config, engine, source, Training::Trained).expect("a decoder");
        let packed = packed(&case.sequences[0].tokens);
        let push = &mut |log_probs: &[f32]| Some(coefficients(log_probs.len()));
        decoder.accumulate(&packed, Activations::Kept, push).expect("gradients");
        for i in 0..decoder.weights().len() {
            let at = |decoder: &mut Decoder, place: Option<(usize, f32)>| {
                let mut weights = decoder.weights_mut();
                let weight = Arc::get_mut(weights[i]).expect("no pass is under way");
                let (value, gradient) = weight.parts_mut();
                if let Some((place, step)) = place {
                    value[place] += step;
                }
                let largest =
                    |a: &usize, b: &usize| gradient[*a].abs().total_cmp(&gradient[*b].abs());
                let place = (0..gradient.len()).max_by(largest).expect("a number");
                (place, f64::from(gradient[place]))
            };
            let (place, gradient) = at(&mut decoder, None);
            at(&mut decoder, Some((place, STEP)));
            let above = scalar(&decoder, &packed);
            at(&mut decoder, Some((place, -2.0 * STEP)));
            let below = scalar(&decoder, &packed);
            at(&mut decoder, Some((place, STEP)));
            let difference = (above - below) / (2.0 * f64::from(STEP));
            let error = (difference - gradient).abs();
            assert!(
                error < 1e-3 + 1e-2 * gradient.abs(),
                "{name}, weight {i}: {gradient} by hand, {difference} by differences"
            );
        }
    }
}

#[test]
fn recomputed_activations_give_the_same_gradients() {
    check_all(&fused(), Activations::Recomputed);
    stock().iter().for_each(|engine| check_all(engine, Activations::Recomputed));
}

/// Half precision, as graphics processors compute: three digits are left of f16, two of bf16, and the
/// gradients arrive at the master weights in f32.
#[test]
fn half_precision_activations_keep_three_digits() {
    let golden = Golden::read();
    for name in ["llama", "gpt-neox-parallel", "gpt-nano"] {
        for half in halves() {
            half_precision(name, &golden.decoders[name], half);
        }
    }
}

fn half_precision(name: &str, case: &Case, half: Engine) {
    let (place, dtype) = (half.arithmetic(), half.dtype());
    let within = if dtype == DType::BF16 { 1e-1 } else { 2e-2 };
    let decoder = Decoder::load(case.config(name), half, &mut golden::Formula, Training::Trained);
    let mut decoder = decoder.expect("a decoder");
    for sequence in &case.sequences {
        let packed = packed(&sequence.tokens);
        let found = decoder.log_probs(&packed).expect("log-probabilities");
        for (found, wanted) in found.iter().zip(&sequence.log_probs) {
            let error = (f64::from(*found) - wanted).abs();
            assert!(error > 0.0 && error < within, "{place} {name}: {found}, golden {wanted}");
        }
        gradients_cleared(&mut decoder);
        let push = &mut |log_probs: &[f32]| Some(coefficients(log_probs.len()));
        decoder.accumulate(&packed, Activations::Kept, push).expect("gradients");
        let off = gradients(&mut decoder).into_iter().filter_map(|(weight, gradient)| {
            let norm = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
            let wanted = sequence.gradient_norms[&weight];
            let is_off = (norm - wanted).abs() >= within * (wanted + 0.1);
            is_off.then(|| format!("{weight}: {norm:.4}, golden {wanted:.4}"))
        });
        let off: Vec<String> = off.collect();
        assert!(off.is_empty(), "{place} {name}: {off:#?}");
    }
}

#[test]
fn gpt_nano_has_the_papers_parameters() {
    let golden = Golden::read();
    let config = golden.decoders["gpt-nano"].config("gpt-nano");
    let decoder = Decoder::load(config, fused(), &mut golden::Formula, Training::Frozen);
    let count: usize = decoder.expect("a decoder").weights().iter().map(|w| w.value.len()).sum();
    assert_eq!(count, 94_992);
}

/// PEFT's own numbers, with the adapters beside the weights and merged into them (alpha 8, rank 3).
#[test]
fn adapters_meet_peft_merged_and_not() {
    let golden = Golden::read();
    let spec = LoraSpec { rank: 3, alpha: 8.0, ..LoraSpec::default() };
    for engine in [vec![fused()], stock()].concat() {
        let config = golden.decoders["llama"].config("llama");
        let mut decoder = Decoder::load(config, engine, &mut golden::Formula, Training::Frozen)
            .expect("a decoder");
        decoder.add_adapters(&spec, Streams::new(0)).expect("adapters");
        let before = decoder.log_probs(&packed(&golden.lora.sequences[0].tokens)).expect("scores");
        for (found, wanted) in before.iter().zip(&golden.decoders["llama"].sequences[0].log_probs) {
            assert!((f64::from(*found) - wanted).abs() < LOG_PROB, "B = 0 changes nothing");
        }
        for weight in decoder.weights_mut().into_iter().filter(|w| w.name.contains("lora_")) {
            let weight = Arc::get_mut(weight).expect("no pass is under way");
            let numbers = golden::formula(&weight.name, &weight.shape);
            weight.parts_mut().0.copy_from_slice(&numbers);
        }
        check("lora", &golden.lora, &mut decoder, Activations::Kept);
        decoder.merge_adapters();
        for sequence in &golden.lora.sequences {
            let found = decoder.log_probs(&packed(&sequence.tokens)).expect("scores");
            for (found, wanted) in found.iter().zip(&sequence.log_probs) {
                assert!((f64::from(*found) - wanted).abs() < LOG_PROB, "merged: {found} {wanted}");
            }
        }
    }
}

/// Four responses to two prompts: together, one by one, and each as a sequence of its own.
#[test]
fn batches_change_nothing() {
    [vec![fused()], stock()].concat().iter().for_each(one_batch_and_its_parts);
}

fn one_batch_and_its_parts(engine: &Engine) {
    let golden = Golden::read();
    let load = || {
        let (config, engine) = (golden.decoders["qwen3"].config("qwen3"), engine.clone());
        Decoder::load(config, engine, &mut golden::Formula, Training::Trained).expect("a decoder")
    };
    let prompts: [&[u32]; 2] =
        [&[5, 9, 33], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]];
    let responses: [&[u32]; 2] = [&[4, 8, 15, 16], &[23]];
    let weighed = |decoder: &mut Decoder, batch: &Sequences, first: usize| {
        let packed = Packed::new(batch, 0..batch.prompts().len());
        let mut log_probs = Vec::new();
        decoder
            .accumulate(&packed, Activations::Kept, &mut |lp| {
                log_probs = lp.to_vec();
                Some((0..lp.len()).map(|t| 0.2 - 0.03 * (first + t) as f32).collect())
            })
            .expect("gradients");
        log_probs
    };
    let (mut together, mut apart) = (load(), load());
    let mut batch = Sequences::default();
    prompts.iter().for_each(|p| batch.push((*p).into(), responses.map(Box::from)));
    let at_once = weighed(&mut together, &batch, 0);
    let mut one_by_one = Vec::new();
    for prompt in prompts {
        for response in responses {
            let mut own = Sequences::default();
            own.push(prompt.into(), [response.into()]);
            let first = one_by_one.len();
            one_by_one.extend(weighed(&mut apart, &own, first));
        }
    }
    assert!(at_once.iter().zip(&one_by_one).all(|(a, b)| (a - b).abs() < 1e-5));
    let (together, apart) = (gradients(&mut together), gradients(&mut apart));
    for (name, own) in together {
        let norm = own.iter().map(|g| g * g).sum::<f32>().sqrt();
        for (a, b) in own.iter().zip(&apart[&name]) {
            let place = engine.arithmetic();
            assert!((a - b).abs() < 1e-5 + 1e-4 * norm, "{place} {name}: {a} {b}");
        }
    }
}
