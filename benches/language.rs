//! The cost of a language model's work, beside `benches/peers/lm_twin.py`, which prints the same fields.
//!
//! `cargo bench --bench language -- MODE [--threads N] [--batch N] [--repeats N]`, where MODE is `forward`, `step`,
//! `lora`, `generate` or `nano`. Weights are random and of SmolLM2-135M's sizes; speed does not depend
//! on them. One JSON object on standard output: medians of the repeats after one that is not counted.

use cpu_time::ProcessTime;
use modeseek::learner::{AdamSpec, Optimizer, OptimizerSpec};
use modeseek::llm::{
    Activation, Activations, Architecture, Config, Decoder, Engine, Kernels, LanguageModel,
    LlmError, LoraSpec, Norm, Passes, Positions, Residual, RopeScaling, SampleSettings, Sequences,
    Tokens, Training, WeightSource,
};
use modeseek::numerics::Threads;
use modeseek::policy::Policy;
use modeseek::stream::{Draws, Purpose, Streams};
use rand::Rng;
use std::time::Instant;

/// Sequences of a training step, and their tokens.
const ROWS: usize = 8;
const TOKENS: usize = 64;
/// Tokens of a prompt that is answered, and of the answer.
const PROMPT: usize = 32;
const NEW_TOKENS: usize = 64;
/// Sequences of a step of GPT-nano, and their tokens.
const NANO_ROWS: usize = 100;
const NANO_TOKENS: usize = 10;
const NANO_VOCABULARY: usize = 100;

/// Normal-sized random weights.
struct RandomWeights(u64);

impl WeightSource for RandomWeights {
    fn take(&mut self, _: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        self.0 += 1;
        let mut rng = Streams::new(0).at(Purpose::Init, self.0);
        Ok((0..shape.iter().product()).map(|_| rng.random_range(-0.03f32..0.03)).collect())
    }
}

fn smollm2() -> Config {
    Config {
        architecture: Architecture::Llama,
        vocabulary: 49_152,
        width: 576,
        layers: 30,
        heads: 9,
        kv_heads: 3,
        head_width: 64,
        mlp_width: 1536,
        context: 8192,
        norm: Norm::Rms { epsilon: 1e-5 },
        positions: Positions::Rotary { theta: 1e5, width: 64, scaling: RopeScaling::None },
        activation: Activation::SwiGlu,
        residual: Residual::Sequential,
        tied: true,
        qkv_bias: false,
        projection_bias: false,
        end_tokens: Vec::new(),
    }
}

/// What is timed, how often, and on how many threads.
struct Arguments {
    mode: String,
    threads: usize,
    batch: usize,
    repeats: usize,
}

impl Arguments {
    fn read() -> Self {
        // Cargo adds `--bench`.
        let given: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
        let number = |name: &str, otherwise: usize| {
            let at = given.iter().position(|argument| argument == name);
            at.and_then(|at| given.get(at + 1)?.parse().ok()).unwrap_or(otherwise)
        };
        let mode = given.first().cloned().unwrap_or_else(|| "forward".to_owned());
        let repeats = number("--repeats", if mode == "nano" { 100 } else { 5 });
        Arguments { mode, threads: number("--threads", 2), batch: number("--batch", 8), repeats }
    }

    fn engine(&self) -> Engine {
        Engine::host(Kernels::Fused, if self.threads == 1 { Threads::One } else { Threads::Pool })
    }

    fn model(&self, config: Config, training: Training) -> LanguageModel {
        let decoder = Decoder::load(config, self.engine(), &mut RandomWeights(0), training);
        let settings = SampleSettings {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            max_new_tokens: NEW_TOKENS,
            end_tokens: Vec::new(),
        };
        let passes = Passes { rows: 1 << 14, activations: Activations::Kept };
        LanguageModel::new(decoder.expect("a decoder"), settings, passes)
    }

    /// The work, and how many tokens it has.
    fn work(&self) -> (Box<dyn FnMut()>, usize) {
        match self.mode.as_str() {
            "forward" => {
                let model = self.model(smollm2(), Training::Frozen);
                let batch = sequences(smollm2().vocabulary, (ROWS, TOKENS));
                (Box::new(move || drop(model.log_probs(&batch).expect("log-probs"))), ROWS * TOKENS)
            }
            "step" => {
                let model = self.model(smollm2(), Training::Trained);
                (steps(model, (ROWS, TOKENS)), ROWS * TOKENS)
            }
            "lora" => {
                let mut model = self.model(smollm2(), Training::Frozen);
                let adapters = LoraSpec::default();
                model.decoder_mut().add_adapters(&adapters, Streams::new(0)).expect("adapters");
                (steps(model, (ROWS, TOKENS)), ROWS * TOKENS)
            }
            "generate" => (self.generation(), self.batch * NEW_TOKENS),
            "nano" => {
                let model =
                    self.model(Config::nano(NANO_VOCABULARY, NANO_TOKENS), Training::Trained);
                (steps(model, (NANO_ROWS, NANO_TOKENS)), NANO_ROWS * NANO_TOKENS)
            }
            other => panic!("{other} is none of forward, step, lora, generate and nano"),
        }
    }

    fn generation(&self) -> Box<dyn FnMut()> {
        let model = self.model(smollm2(), Training::Frozen);
        let whole = sequences(smollm2().vocabulary, (self.batch, PROMPT + 1));
        let prompts: Vec<Tokens> =
            whole.responses().iter().map(|tokens| tokens[..PROMPT].into()).collect();
        let draws = Draws::new(Streams::new(0), Purpose::Sample, 0);
        Box::new(move || {
            let samples = model.draw(&prompts, 1, &draws).expect("samples");
            assert!(samples.iter().all(|sample| sample.tokens.len() == NEW_TOKENS));
        })
    }
}

/// Random sequences: a prompt of one token, and the rest as its response.
fn sequences(vocabulary: usize, (rows, tokens): (usize, usize)) -> Sequences {
    let mut rng = Streams::new(1).at(Purpose::Contexts, 0);
    let mut draw = |count: usize| -> Tokens {
        (0..count).map(|_| rng.random_range(0..vocabulary as u32)).collect()
    };
    let prompts = (0..rows).map(|_| draw(1)).collect();
    let responses = (0..rows).map(|_| draw(tokens - 1)).collect();
    Sequences::even(prompts, responses)
}

/// Optimizer steps on one batch with given coefficients.
fn steps(mut model: LanguageModel, shape: (usize, usize)) -> Box<dyn FnMut()> {
    let adam = AdamSpec { learning_rate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let mut optimizer = Optimizer::new(&OptimizerSpec::Adam(adam)).expect("an optimizer");
    let batch = sequences(model.decoder().config().vocabulary, shape);
    Box::new(move || {
        model.clear_gradients();
        let mut push = |log_pi: &modeseek::policy::Ragged| {
            Some((0..log_pi.values().len()).map(|t| 0.3 - 0.1 * (t % 7) as f64).collect())
        };
        model.accumulate(&batch, &mut push).expect("gradients");
        optimizer.step(model.parameters_mut(), 1.0, 1.0);
    })
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The largest memory of the process so far, in MB, where the system tells.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}

fn main() {
    let arguments = Arguments::read();
    let (mut work, tokens) = arguments.work();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads);
    pool.build_global().expect("the first and only pool");
    work();
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..arguments.repeats {
        let (start, busy) = (Instant::now(), ProcessTime::now());
        work();
        wall.push(start.elapsed().as_secs_f64());
        cpu.push(busy.elapsed().as_secs_f64());
    }
    let wall_s = median(wall.clone());
    let report = serde_json::json!({
        "engine": "modeseek",
        "mode": arguments.mode,
        "batch": if arguments.mode == "generate" { arguments.batch } else { ROWS },
        "threads": arguments.threads,
        "repeats": arguments.repeats,
        "wall_s": wall_s,
        "wall_min_s": wall.iter().copied().fold(f64::INFINITY, f64::min),
        "cpu_s": median(cpu.clone()),
        "cpu_min_s": cpu.iter().copied().fold(f64::INFINITY, f64::min),
        "tokens_per_s": tokens as f64 / wall_s,
        "peak_rss_mb": peak_mb(),
    });
    println!("{}", serde_json::to_string_pretty(&report).expect("JSON"));
}
