//! How messages name what there is: the word that was meant, and lists of words.

/// How alike two words must be for the one to be meant by the other (1: the same).
const CLOSE: f64 = 0.8;
/// How alike words of three letters or more are that lie one slip of a finger apart.
const ONE_SLIP: f64 = 0.9;

/// The known word closest to `given`, if it is close enough to be meant.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let score = |word: &str| {
        let word = word.to_lowercase();
        let alike = strsim::jaro_winkler(&given, &word);
        let one_slip = given.len() >= 3 && strsim::damerau_levenshtein(&given, &word) == 1;
        if one_slip { alike.max(ONE_SLIP) } else { alike }
    };
    let best = known.into_iter().map(|word| (score(word), word));
    let best = best.fold(None, |best: Option<(f64, &str)>, next| match best {
        Some(best) if best.0 >= next.0 => Some(best),
        _ => Some(next),
    });
    best.filter(|(score, _)| *score >= CLOSE).map(|(_, word)| word)
}

/// `a, b, c` in backticks, as messages list words.
pub fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    if quoted.is_empty() { "none".to_owned() } else { quoted.join(", ") }
}
