//! The model `nano`: what its songs are like, that its folder is that of any model, and that runs on it which are
//! killed end in the same bytes.
#![cfg(feature = "llm")]

use modeseek::llm::{
    Decoder, Engine, Kernels, LanguageModel, ModelFiles, Passes, SampleSettings, Tokens, Training,
    pretrain,
};
use modeseek::numerics::Threads;
use modeseek::problem::{LONGEST_SONG, Sentences};
use modeseek::stream::{Draws, Purpose, Streams};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The folder of models that holds nano, taught once for all tests.
fn models() -> PathBuf {
    static TAUGHT: OnceLock<tempfile::TempDir> = OnceLock::new();
    let place = TAUGHT.get_or_init(|| {
        let taught = pretrain(&Engine::host(Kernels::Fused, Threads::One)).expect("taught");
        let place = tempfile::tempdir().expect("a folder");
        taught.decoder.export(&taught.files, &place.path().join("nano")).expect("written");
        place
    });
    place.path().to_owned()
}

/// Lengths of songs to every prompt, by a law that a song's index fixes.
fn quantiles(mut lengths: Vec<usize>) -> [usize; 5] {
    lengths.sort_unstable();
    [0.05, 0.25, 0.5, 0.75, 0.95].map(|q| lengths[(q * (lengths.len() - 1) as f64) as usize])
}

#[test]
fn nano_sings_as_long_as_its_text_and_lies_in_a_folder_like_any_model() {
    let engine = Engine::host(Kernels::Fused, Threads::One);
    let mut files = ModelFiles::open(&models().join("nano")).expect("a model");
    let config = files.config.clone();
    let decoder = Decoder::load(config.clone(), engine, &mut *files.weights, Training::Frozen);
    let settings = SampleSettings {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        max_new_tokens: LONGEST_SONG + 1,
        end_tokens: config.end_tokens,
    };
    let passes = Passes { rows: 1 << 14, activations: Default::default() };
    let model = LanguageModel::new(decoder.expect("loaded"), settings, passes);
    let prompts: Vec<Tokens> = (0..512).map(|i| Sentences::prompt(i).into()).collect();
    let draws = Draws::new(Streams::new(1), Purpose::Sample, 0);
    let songs = model.draw(&prompts, 2, &draws).expect("drawn");
    let sung = quantiles(songs.iter().map(|song| song.tokens.len() - 1).collect());
    let law = Sentences::new(Streams::new(1));
    let text = (0..4096).map(|i| law.song(Sentences::prompt(i), i as u64).len() - 1);
    let text = quantiles(text.collect());
    eprintln!("{sung:?} against {text:?}");
    let wide = sung.iter().zip(text).any(|(a, b)| a.abs_diff(b) > 3);
    assert!(!wide, "{sung:?} against {text:?}");
    let tokens = files.tokenizer.encode("anna sings briefly la di").expect("tokens");
    assert_eq!(tokens, [1, 9, 17, 25, 26]);
}

/// On-policy, offline and on a learned reward.
const SCENARIO: &str = r#"id = "killed"
title = "A small language model that is killed"
[problem.prompts]
reward = { min = {} }
test = 8
[policy.language-model]
model = "nano"
max_new_tokens = 24
[schedule]
samples_per_round = 16
responses_per_prompt = 4
minibatch = 16
steps = 30
[data]
prompts = 32
[optimizer.adam]
learning_rate = 3e-4
[measure]
every = 10
pairs = 8
[seeds]
count = 2
[[method]]
name = "ppo"
objective.ppo = {}
[[method]]
name = "offline dpo"
objective.dpo = { beta = 0.1 }
schedule.data = "offline"
[[method]]
name = "grpo, learned reward"
objective.grpo = { kl = { coefficient = 0.05 } }
problem.prompts.learned = { prompts = 16, steps = 10 }
"#;

fn run(place: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modeseek"));
    let models = models();
    command.current_dir(place).args(["run", "killed.toml", "--models"]).arg(models);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// What a run leaves: its table, and what was answered.
fn left(place: &Path) -> Vec<Vec<u8>> {
    let runs = place.join("runs/killed");
    let mut cells: Vec<PathBuf> = fs::read_dir(runs.join("cells"))
        .expect("cells")
        .flatten()
        .map(|cell| cell.path())
        .collect();
    cells.sort();
    let answers = cells
        .iter()
        .flat_map(|cell| [0, 1].map(|seed| cell.join(format!("{seed}/completions.jsonl"))));
    let files = [runs.join("metrics.csv")].into_iter().chain(answers);
    files
        .map(|file| fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())))
        .collect()
}

/// Killed at eight moments that a seed fixes, each time started again: what is there at the end is what one run
/// leaves.
#[test]
fn runs_on_nano_that_are_killed_end_in_the_same_bytes() {
    const KILLS: u64 = 8;
    let places = [0, 1].map(|_| {
        let place = tempfile::tempdir().expect("a folder");
        fs::write(place.path().join("killed.toml"), SCENARIO).expect("written");
        place
    });
    let [whole, killed] = places.each_ref().map(|place| place.path());
    let begun = Instant::now();
    assert!(run(whole).status().expect("run").success());
    let length = begun.elapsed();
    let mut cut = 0;
    for kill in 0..KILLS {
        let share = Streams::new(0).uniform(Purpose::Sample, kill);
        let mut child = run(killed).spawn().expect("started");
        std::thread::sleep(length.mul_f64(share).max(Duration::from_millis(50)));
        child.kill().expect("killed");
        cut += usize::from(!child.wait().expect("ended").success());
    }
    assert!(cut > 0, "no kill met a run");
    assert!(run(killed).status().expect("run").success());
    assert_eq!(left(whole), left(killed));
}
