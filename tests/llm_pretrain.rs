//! The model `nano`: what its songs are like, and that its folder is that of any model.
#![cfg(feature = "llm")]

use modeseek::llm::{
    Decoder, Engine, Kernels, LanguageModel, ModelFiles, Passes, SampleSettings, Tokens, Training,
    pretrain,
};
use modeseek::numerics::Threads;
use modeseek::problem::{LONGEST_SONG, Sentences};
use modeseek::stream::{Draws, Purpose, Streams};

/// Lengths of songs to every prompt, by a law that a song's index fixes.
fn quantiles(mut lengths: Vec<usize>) -> [usize; 5] {
    lengths.sort_unstable();
    [0.05, 0.25, 0.5, 0.75, 0.95].map(|q| lengths[(q * (lengths.len() - 1) as f64) as usize])
}

#[test]
fn nano_sings_as_long_as_its_text_and_lies_in_a_folder_like_any_model() {
    let engine = Engine::host(Kernels::Fused, Threads::One);
    let begun = std::time::Instant::now();
    let taught = pretrain(&engine).expect("taught");
    eprintln!("loss {} after {:?}", taught.loss, begun.elapsed());
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("nano");
    taught.decoder.export(&taught.files, &folder).expect("written");
    let mut files = ModelFiles::open(&folder).expect("a model");
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
