//! Text that the program makes: prompts of three words, and songs of syllables with a usual length.
//!
//! A small model learns it in seconds, and then stands where π_ref stands on a real model.

use crate::stream::{Purpose, Streams};
use ndarray_rand::rand_distr::{Distribution, Normal};
use rand::Rng;
use std::ops::Range;

/// What ends a song; token 0.
const END: &str = "<end>";
const WHO: [&str; 8] = ["anna", "ben", "cleo", "dan", "eva", "finn", "gus", "hana"];
const WHAT: [&str; 8] =
    ["sings", "hums", "calls", "chants", "murmurs", "shouts", "whispers", "coos"];
const HOW: [&str; 8] =
    ["briefly", "shyly", "softly", "gladly", "loudly", "slowly", "gravely", "forever"];
const SYLLABLES: [&str; 24] = [
    "la", "di", "da", "du", "ba", "bi", "bo", "bu", "ka", "ki", "ko", "ku", "ma", "mi", "mo", "mu",
    "na", "ni", "no", "nu", "ra", "ri", "ro", "ru",
];

/// Where the syllables stand among the tokens.
const SUNG: Range<usize> = 25..49;

/// Standard deviation of the logarithm of a song's length.
const SPREAD: f64 = 0.3;

/// The length that most songs have (syllables).
pub const USUAL_LENGTH: f64 = 20.0;
/// No song is longer (syllables).
pub const LONGEST_SONG: usize = 63;

/// A language of 49 tokens: prompts `who what how`, and songs.
///
/// *Formula* a song's length is log-normal, ⌊m(how)·e^{0.3 z}⌉ within 1 … 63, with m from 18 to 26 by the
/// word that says how, so that the most frequent length is about 20. Its first syllable is set by the word that
/// says what; each further one is, with probability 0.75, the one that follows in what's own order, else any
/// of the 24.
///
/// *Source* this program's own; lengths are a tenth of the paper's, whose usual length is about 200.
#[derive(Debug, Clone, Copy)]
pub struct Sentences {
    streams: Streams,
}

impl Sentences {
    /// The language, with the random numbers of a seed.
    pub fn new(streams: Streams) -> Self {
        Sentences { streams }
    }

    /// The words, in the order of their tokens.
    pub fn words() -> Vec<&'static str> {
        let end = std::iter::once(END);
        end.chain(WHO).chain(WHAT).chain(HOW).chain(SYLLABLES).collect()
    }

    /// How many prompts there are.
    pub const PROMPTS: usize = WHO.len() * WHAT.len() * HOW.len();

    /// The tokens of the `index`-th prompt: all of them come once, in a mixed order, then again.
    pub fn prompt(index: usize) -> [u32; 3] {
        // Odd, so that it visits every number below a power of two.
        const STRIDE: usize = 197;
        let place = index.wrapping_mul(STRIDE) % Self::PROMPTS;
        let (who, what, how) = (place % 8, place / 8 % 8, place / 64);
        [1 + who, 9 + what, 17 + how].map(|token| token as u32)
    }

    /// The words of some tokens.
    pub fn text(tokens: &[u32]) -> String {
        let words = Self::words();
        tokens.iter().map(|token| words[*token as usize]).collect::<Vec<_>>().join(" ")
    }

    /// The `index`-th song to a prompt, its end token last.
    pub fn song(&self, prompt: [u32; 3], index: u64) -> Vec<u32> {
        let mut rng = self.streams.at(Purpose::Sample, index);
        let (what, how) = (prompt[1] as usize - 9, prompt[2] as usize - 17);
        let length = length(how, &mut rng);
        let mut syllable = 3 * what;
        let mut song = Vec::with_capacity(length + 1);
        for _ in 0..length {
            song.push((SUNG.start + syllable) as u32);
            syllable = match rng.random::<f64>() < 0.75 {
                true => (syllable + 1 + what) % SYLLABLES.len(),
                false => rng.random_range(0..SYLLABLES.len()),
            };
        }
        song.push(0);
        song
    }
}

/// A song's length.
fn length(how: usize, rng: &mut impl Rng) -> usize {
    // The mode of a log-normal law lies below its median by the factor e^{σ²}.
    let usual = USUAL_LENGTH * (0.82 + 0.05 * how as f64);
    let median = usual * (SPREAD * SPREAD).exp();
    let normal = Normal::new(median.ln(), SPREAD).expect("a positive deviation");
    (normal.sample(rng).exp().round() as usize).clamp(1, LONGEST_SONG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_prompt_comes_once() {
        let all: BTreeSet<[u32; 3]> = (0..Sentences::PROMPTS).map(Sentences::prompt).collect();
        assert_eq!(all.len(), 512);
        assert_eq!(Sentences::prompt(512), Sentences::prompt(0));
        assert_eq!(Sentences::text(&Sentences::prompt(0)), "anna sings briefly");
        assert_eq!(Sentences::words().len(), SUNG.end);
    }

    /// Of 50,000 songs the most frequent length, over three neighbours, is within 2 of 20; the mean is that of the
    /// log-normal laws, median·e^{σ²/2}, within 0.1 (four standard errors).
    #[test]
    fn songs_have_a_usual_length() {
        let sentences = Sentences::new(Streams::new(7));
        let mut counts = [0usize; LONGEST_SONG + 2];
        for i in 0..50_000 {
            let song = sentences.song(Sentences::prompt(i), i as u64);
            assert_eq!(song.last(), Some(&0));
            counts[song.len() - 1] += 1;
        }
        let smooth = |k: &usize| counts[k - 1] + counts[*k] + counts[k + 1];
        let mode = (1..=LONGEST_SONG).max_by_key(smooth).expect("a length");
        assert!((18..=22).contains(&mode), "{mode}");
        let total: usize = counts.iter().enumerate().map(|(k, n)| k * n).sum();
        let usual = (0..8).map(|how| 20.0 * (0.82 + 0.05 * f64::from(how))).sum::<f64>() / 8.0;
        let mean = usual * (1.5 * SPREAD * SPREAD).exp();
        assert!((total as f64 / 5e4 - mean).abs() < 0.12, "{} against {mean}", total as f64 / 5e4);
    }
}
