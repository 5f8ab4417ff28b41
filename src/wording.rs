//! How messages name what there is: the word that was meant, and lists of words.

/// How alike two words must be for the one to be meant by the other (1: the same).
const CLOSE: f64 = 0.8;
/// How alike words of three letters or more are that lie one slip of a finger apart.
const ONE_SLIP: f64 = 0.9;

/// What TRL and transformers call things, and what they are called here.
const ELSEWHERE: [(&str, &str); 15] = [
    ("max_steps", "steps"),
    ("num_train_epochs", "passes"),
    ("num_ppo_epochs", "passes"),
    ("epochs", "passes"),
    ("per_device_train_batch_size", "minibatch"),
    ("batch_size", "samples_per_round"),
    ("num_generations", "responses_per_prompt"),
    ("max_grad_norm", "gradient_clip"),
    ("lr", "learning_rate"),
    ("lr_scheduler_type", "learning_rate_decay"),
    ("cliprange", "ratio_clip"),
    ("kl_coef", "coefficient"),
    ("max_length", "max_response_tokens"),
    ("max_completion_length", "max_new_tokens"),
    ("lora_alpha", "alpha"),
];

/// The known word closest to `given`, if it is close enough to be meant, or what others call `given`.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    let given = given.to_lowercase();
    let name = given.replace([' ', '-'], "_");
    if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| *theirs == name)
        && let Some(word) = known.iter().find(|word| word.rsplit('.').next() == Some(*ours))
    {
        return Some(word);
    }
    let score = |word: &str| {
        let word = word.to_lowercase();
        let alike = strsim::jaro_winkler(&given, &word);
        let slips = strsim::damerau_levenshtein(&given, &word);
        let is_near = slips <= 2.max(given.len() / 3) || word.starts_with(&given);
        match slips {
            1 if given.len() >= 3 => alike.max(ONE_SLIP),
            _ if is_near => alike,
            _ => 0.0,
        }
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
