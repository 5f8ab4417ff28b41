//! The cost of a language model's work, beside `benches/peers/lm_twin.py`, which prints the same fields.
//!
//! `cargo bench --bench language -- MODE [--threads N] [--batch N] [--repeats N] [--rows N] [--tokens N]
//! [--new-tokens N] [--size 135m|1.7b] [--device D --precision P]`, where MODE is `forward`, `step`, `lora`,
//! `generate` or `nano`, and D any device of `modeseek run`, or `candle`: the host by candle's kernels. Weights
//! are random and of SmolLM2's sizes; speed does not depend on them. One JSON object on standard output: medians
//! of the repeats after one that is not counted.

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

/// Random weights, of which billions repeat themselves.
struct RandomWeights(Vec<f32>);

impl RandomWeights {
    fn new() -> Self {
        let mut rng = Streams::new(0).at(Purpose::Init, 0);
        RandomWeights((0..999_983).map(|_| rng.random_range(-0.03f32..0.03)).collect())
    }
}

impl WeightSource for RandomWeights {
    fn take(&mut self, _: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        Ok(self.0.iter().copied().cycle().take(shape.iter().product()).collect())
    }
}

/// SmolLM2's sizes.
fn smollm2(size: &str) -> Config {
    let (width, layers, heads, kv_heads, mlp_width) = match size {
        "135m" => (576, 30, 9, 3, 1536),
        "1.7b" => (2048, 24, 32, 32, 8192),
        other => panic!("--size {other} is none of 135m and 1.7b"),
    };
    Config {
        architecture: Architecture::Llama,
        vocabulary: 49_152,
        width,
        layers,
        heads,
        kv_heads,
        head_width: 64,
        mlp_width,
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

/// What is timed, how often, and where.
struct Arguments {
    given: Vec<String>,
}

impl Arguments {
    fn read() -> Self {
        // Cargo adds `--bench`.
        Arguments { given: std::env::args().skip(1).filter(|a| a != "--bench").collect() }
    }

    fn mode(&self) -> &str {
        self.given.first().map_or("forward", String::as_str)
    }

    fn text<'a>(&'a self, name: &str, otherwise: &'a str) -> &'a str {
        let at = self.given.iter().position(|argument| argument == name);
        at.and_then(|at| self.given.get(at + 1)).map_or(otherwise, String::as_str)
    }

    fn number(&self, name: &str, otherwise: usize) -> usize {
        self.text(name, "").parse().unwrap_or(otherwise)
    }

    fn threads(&self) -> usize {
        self.number("--threads", 2)
    }

    fn repeats(&self) -> usize {
        self.number("--repeats", if self.mode() == "nano" { 100 } else { 5 })
    }

    /// Sequences of a step, and their tokens.
    fn shape(&self) -> (usize, usize) {
        (self.number("--rows", ROWS), self.number("--tokens", TOKENS))
    }

    /// Responses that are drawn, and their tokens.
    fn drawn(&self) -> (usize, usize) {
        (self.number("--batch", ROWS), self.number("--new-tokens", NEW_TOKENS))
    }

    fn engine(&self) -> Engine {
        let threads = if self.threads() == 1 { Threads::One } else { Threads::Pool };
        let (device, precision) = (self.text("--device", "cpu"), self.text("--precision", "f32"));
        if device == "candle" {
            return Engine::host(Kernels::Stock, threads);
        }
        Engine::named(device, precision, threads).expect("a device")
    }

    fn model(&self, config: Config, training: Training) -> LanguageModel {
        let decoder = Decoder::load(config, self.engine(), &mut RandomWeights::new(), training);
        let settings = SampleSettings {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            max_new_tokens: self.drawn().1,
            end_tokens: Vec::new(),
        };
        let passes = Passes { rows: 1 << 14, activations: Activations::Kept };
        LanguageModel::new(decoder.expect("a decoder"), settings, passes)
    }

    fn smollm2(&self, training: Training) -> LanguageModel {
        self.model(smollm2(self.text("--size", "135m")), training)
    }

    /// The work, and how many tokens it has.
    fn work(&self) -> (Box<dyn FnMut()>, usize) {
        let shape = self.shape();
        let tokens = shape.0 * shape.1;
        match self.mode() {
            "forward" => {
                let model = self.smollm2(Training::Frozen);
                let batch = sequences(model.decoder().config().vocabulary, shape);
                (Box::new(move || drop(model.log_probs(&batch).expect("log-probs"))), tokens)
            }
            "step" => (steps(self.smollm2(Training::Trained), shape), tokens),
            "lora" => {
                let mut model = self.smollm2(Training::Frozen);
                let adapters = LoraSpec::default();
                model.decoder_mut().add_adapters(&adapters, Streams::new(0)).expect("adapters");
                (steps(model, shape), tokens)
            }
            "generate" => (self.generation(), self.drawn().0 * self.drawn().1),
            "nano" => {
                let model =
                    self.model(Config::nano(NANO_VOCABULARY, NANO_TOKENS), Training::Trained);
                (steps(model, (NANO_ROWS, NANO_TOKENS)), NANO_ROWS * NANO_TOKENS)
            }
            other => panic!("{other} is none of forward, step, lora, generate and nano"),
        }
    }

    fn generation(&self) -> Box<dyn FnMut()> {
        let model = self.smollm2(Training::Frozen);
        let (batch, new_tokens) = self.drawn();
        let whole = sequences(model.decoder().config().vocabulary, (batch, PROMPT + 1));
        let prompts: Vec<Tokens> =
            whole.responses().iter().map(|tokens| tokens[..PROMPT].into()).collect();
        let draws = Draws::new(Streams::new(0), Purpose::Sample, 0);
        Box::new(move || {
            let samples = model.draw(&prompts, 1, &draws).expect("samples");
            assert!(samples.iter().all(|sample| sample.tokens.len() == new_tokens));
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
    let adam = AdamSpec::new(1e-4);
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
    // Before the work, so that all of it stands in this pool.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads());
    pool.build_global().expect("the first and only pool");
    let (mut work, tokens) = arguments.work();
    work();
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..arguments.repeats() {
        let (start, busy) = (Instant::now(), ProcessTime::now());
        work();
        wall.push(start.elapsed().as_secs_f64());
        cpu.push(busy.elapsed().as_secs_f64());
    }
    let wall_s = median(wall.clone());
    let is_drawn = arguments.mode() == "generate";
    let report = serde_json::json!({
        "engine": "modeseek",
        "mode": arguments.mode(),
        "size": arguments.text("--size", "135m"),
        "device": arguments.text("--device", "cpu"),
        "precision": arguments.text("--precision", "f32"),
        "batch": if is_drawn { arguments.drawn().0 } else { arguments.shape().0 },
        "tokens": if is_drawn { arguments.drawn().1 } else { arguments.shape().1 },
        "threads": arguments.threads(),
        "repeats": arguments.repeats(),
        "wall_s": wall_s,
        "wall_min_s": wall.iter().copied().fold(f64::INFINITY, f64::min),
        "cpu_s": median(cpu.clone()),
        "cpu_min_s": cpu.iter().copied().fold(f64::INFINITY, f64::min),
        "tokens_per_s": tokens as f64 / wall_s,
        "peak_rss_mb": peak_mb(),
    });
    println!("{}", serde_json::to_string_pretty(&report).expect("JSON"));
}
