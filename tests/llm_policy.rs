//! A language model as a policy: samples, gradients in parts, training, and going on after a cut.
#![cfg(feature = "llm")]

#[path = "llm_support/golden.rs"]
mod golden;

use golden::Golden;
use modeseek::learner::{Checkpoint, Keep, Keeper, Measurement, Numbers, Stop, Taken};
use modeseek::llm::{
    Activations, Decoder, Engine, Kernels, LanguageModel, LanguagePlace, LanguageRun, Packed,
    Passes, SampleSettings, Sequences, Tokens, Training,
};
use modeseek::numerics::Threads;
use modeseek::policy::{Policy, Scalars};
use modeseek::stream::{Draws, Purpose, Streams};

fn decoder(name: &str, threads: Threads) -> Decoder {
    let config = Golden::read().decoders[name].config(name);
    let engine = Engine::host(Kernels::Fused, threads);
    Decoder::load(config, engine, &mut golden::Formula, Training::Trained).expect("a decoder")
}

fn settings(max_new_tokens: usize) -> SampleSettings {
    let (temperature, top_k, top_p) = (1.0, 0, 1.0);
    SampleSettings { temperature, top_k, top_p, max_new_tokens, end_tokens: vec![2, 17] }
}

fn draws() -> Draws {
    Draws::new(Streams::new(5), Purpose::Sample, 0)
}

fn prompts() -> Vec<Tokens> {
    [&[3, 17, 42][..], &[8], &[1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 19, 23]].map(Tokens::from).into()
}

/// What the sampler says of its own draws is what the whole model says of them.
#[test]
fn log_probs_of_samples_are_those_of_the_forward_pass() {
    for name in ["llama", "qwen3", "gpt-neox-parallel"] {
        let decoder = decoder(name, Threads::Pool);
        let samples = decoder.generate(&prompts(), 4, &settings(20), &draws(), &mut |_, _| {});
        let samples = samples.expect("samples");
        assert!(samples.iter().any(|s| s.tokens.len() < 20), "{name}: some end by themselves");
        let responses = samples.iter().map(|s| s.tokens.clone()).collect();
        let packed = Packed::new(&Sequences::even(prompts(), responses), 0..3);
        let whole = decoder.log_probs(&packed).expect("log-probabilities");
        let own: Vec<f32> = samples.iter().flat_map(|s| s.log_probs.clone()).collect();
        assert_eq!(own.len(), whole.len());
        for (own, whole) in own.iter().zip(&whole) {
            assert!((own - whole).abs() < 2e-5, "{name}: {own} {whole}");
        }
    }
}

/// The same bits alone or in a batch, on one thread or on many.
#[test]
fn a_sample_does_not_depend_on_its_batch_or_on_threads() {
    let one = decoder("llama", Threads::One);
    let together = one.generate(&prompts(), 4, &settings(20), &draws(), &mut |_, _| {});
    let together = together.expect("samples");
    let many = decoder("llama", Threads::Pool);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(5).build().expect("threads");
    let threaded = pool.install(|| {
        many.generate(&prompts(), 4, &settings(20), &draws(), &mut |_, _| {}).expect("samples")
    });
    assert_eq!(together, threaded);
    for (p, prompt) in prompts().into_iter().enumerate() {
        let own = draws().from(4 * p);
        let alone = one.generate(&[prompt], 4, &settings(20), &own, &mut |_, _| {});
        assert_eq!(alone.expect("samples"), together[4 * p..4 * p + 4]);
    }
}

/// Of the five likeliest tokens only, and the likeliest alone at temperature 0.
#[test]
fn tails_are_cut_as_asked() {
    let decoder = decoder("llama", Threads::One);
    let draw = |settings: SampleSettings| {
        decoder.generate(&prompts()[..1], 30, &settings, &draws(), &mut |_, _| {}).expect("samples")
    };
    let first = |samples: &[modeseek::llm::Sample]| {
        let mut tokens: Vec<u32> = samples.iter().map(|s| s.tokens[0]).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    };
    let all = first(&draw(settings(1)));
    let five = first(&draw(SampleSettings { top_k: 5, ..settings(1) }));
    let greedy = first(&draw(SampleSettings { temperature: 0.0, ..settings(1) }));
    assert!(all.len() > 5 && (2..=5).contains(&five.len()), "{all:?} {five:?}");
    assert!(greedy.len() == 1 && five.contains(&greedy[0]));
}

#[test]
fn prompts_that_cannot_be_answered_are_refused() {
    let decoder = decoder("llama", Threads::One);
    let refused = |prompt: &[u32], new| {
        let error = decoder.generate(&[prompt.into()], 1, &settings(new), &draws(), &mut |_, _| {});
        error.expect_err("refused").to_string()
    };
    assert!(refused(&[], 1).starts_with("prompt 0 has no token"));
    assert!(
        refused(&[1; 60], 6)
            .contains("prompt 0 (counted from 0) has 60 tokens and is to be answered by 6")
    );
    assert!(refused(&[1], 0).contains("allowed: 1 or more new tokens, and 64 with the prompt"));
}

/// A minibatch in parts gives the gradient of the minibatch.
#[test]
fn micro_batches_add_up() {
    let gradient = |rows| {
        let passes = Passes { rows, activations: Activations::Kept };
        let mut model = LanguageModel::new(decoder("llama", Threads::One), settings(6), passes);
        let responses = model.sample(&prompts(), 4, &draws()).expect("samples");
        let batch = Sequences::even(prompts(), responses);
        let weigh = &mut |log_pi: &modeseek::policy::Ragged| {
            Some(log_pi.values().iter().map(|lp| 0.1 * lp).collect())
        };
        model.accumulate(&batch, weigh).expect("gradients");
        let parameters = model.parameters_mut().into_iter();
        let numbers = parameters.flat_map(|p| match p.scalars {
            Scalars::F32 { gradient, .. } => gradient.to_vec(),
            Scalars::F64 { .. } => panic!("single precision"),
        });
        numbers.collect::<Vec<f32>>()
    };
    let (whole, parts) = (gradient(1000), gradient(1));
    let norm = whole.iter().map(|g| g * g).sum::<f32>().sqrt();
    assert!(norm > 0.1);
    assert!(whole.iter().zip(&parts).all(|(a, b)| (a - b).abs() < 1e-5 * norm));
}

/// A keeper that stops after a step, and begins with what another one kept.
#[derive(Default)]
struct Cut {
    after: Option<u64>,
    kept: Option<Checkpoint<'static>>,
}

impl Keeper for Cut {
    fn last(&mut self) -> Result<Option<Checkpoint<'static>>, Stop> {
        Ok(self.kept.take())
    }

    fn due(&mut self, taken: &Taken<'_>) -> Keep {
        if self.after == Some(taken.step) { Keep::SaveAndStop } else { Keep::No }
    }

    fn save(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), Stop> {
        let tensors = checkpoint.tensors.clone().into_iter();
        let tensors = tensors.map(|(name, numbers)| (name, numbers.into_owned())).collect();
        let (step, state) = (checkpoint.step, checkpoint.state.clone());
        self.kept = Some(Checkpoint { step, state, tensors });
        Ok(())
    }
}

/// An N-token bandit of three tokens.
fn train(objective: &str, schedule: &str, keeper: &mut Cut) -> Result<Vec<Measurement>, Stop> {
    fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
        toml::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }
    let schedule = format!("responses_per_prompt = 4\nminibatch = 20\n{schedule}");
    let run = LanguageRun {
        problem: &read("[tokens]\nreward = \"R2\"\nlength = 3"),
        policy: &read("[nano]\nfit = { steps = 60, states = 30, learning_rate = 0.01 }"),
        objective: &read(objective),
        schedule: &read(&schedule),
        data: &read("prompts = 10"),
        pairs: &read(""),
        optimizer: &read("[adam]\nlearning_rate = 0.003"),
        measure: &read("every = 4\nstates = 40\npairs = 20"),
    };
    let engine = Engine::host(Kernels::Fused, Threads::One);
    let (models, fits, available_memory) = ("models".into(), Default::default(), None);
    let place = LanguagePlace { engine, models, fits, available_memory, shell: None };
    run.train_kept(3, &place, keeper)
}

fn value(measured: &[Measurement], metric: &str, step: u64) -> f64 {
    let found = measured.iter().find(|m| m.metric == metric && m.step == step);
    found.unwrap_or_else(|| panic!("no {metric} at step {step}")).value
}

/// π_ref's mean of R2 is 0.377 a token; forty draws of three tokens have a standard error of 0.03.
#[test]
fn the_n_token_bandit_begins_at_its_reference_and_learns() {
    let schedule = "samples_per_round = 20\nsteps = 60";
    let measured = train("[best-of-n]", schedule, &mut Cut::default()).expect("trained");
    let (first, last) = (value(&measured, "gold_reward", 0), value(&measured, "gold_reward", 60));
    assert!((first - 0.377).abs() < 0.12, "{first}");
    assert!(value(&measured, "kl", 0).abs() < 0.5, "{}", value(&measured, "kl", 0));
    assert!(last > first + 0.2, "{first} {last}");
    assert!(value(&measured, "kl", 60) > 1.0);
}

/// Uninterrupted = cut and resumed, wherever the cut falls in rounds and passes.
#[test]
fn a_run_that_was_cut_goes_on_bit_by_bit() {
    for (objective, schedule) in [
        ("[dpo]\nbeta = 0.1", "samples_per_round = 40\npasses = 2\nsteps = 10"),
        ("[ppo]", "samples_per_round = 40\npasses = 3\nsteps = 10"),
        ("[ipo]\ntarget_margin = 5.0", "data = \"offline\"\nsamples_per_round = 20\nsteps = 10"),
    ] {
        let whole = train(objective, schedule, &mut Cut::default()).expect("trained");
        for after in [1, 3, 6] {
            let mut cut = Cut { after: Some(after), kept: None };
            assert!(matches!(train(objective, schedule, &mut cut), Err(Stop::Interrupted { .. })));
            let mut resumed = Cut { after: None, kept: cut.kept.take() };
            assert_eq!(train(objective, schedule, &mut resumed).expect("resumed"), whole);
            let mut cold = Cut { after: Some(after), kept: None };
            let _ = train(objective, schedule, &mut cold);
            let mut kept = cold.kept.take().expect("kept");
            let moments = kept.tensors.iter_mut().filter(|(name, _)| name.starts_with("first/"));
            let moments: Vec<_> = moments.collect();
            assert!(!moments.is_empty());
            for (_, numbers) in moments {
                let Numbers::F32(numbers) = numbers else { panic!("single precision") };
                numbers.to_mut().fill(0.0);
            }
            let mut cold = Cut { after: None, kept: Some(kept) };
            assert_ne!(train(objective, schedule, &mut cold).expect("cold"), whole);
        }
    }
}
