//! Names as people read them: metrics, swept keys, values and methods.

/// The axis title of a metric (with its unit), and its own name among metrics of that axis.
pub(crate) fn metric(name: &str) -> (String, String) {
    let (group, member) = name.split_once('/').unwrap_or((name, ""));
    if let Some(title) = of_data(name) {
        return (title.to_owned(), String::new());
    }
    let title = match group {
        "step" => "optimizer steps",
        "queries" => "queries (reward evaluations)",
        "arms" | "arm" => "arm",
        "gold_reward" => "gold reward",
        "proxy_reward" => "proxy reward (learned)",
        "forward_kl_ref" => "KL(π_ref‖π) (nats)",
        "reverse_kl_ref" => "KL(π‖π_ref) (nats)",
        "forward_kl_target" => "KL(target‖π) (nats)",
        "reverse_kl_target" => "KL(π‖target) (nats)",
        "kl" => "KL(π‖π_ref), sampled (nats)",
        "entropy" => "entropy (nats)",
        "win_rate" => "win rate (share of prompts)",
        "accuracy" => "accuracy (share of comparisons)",
        "eval_loss" => "held-out loss (nats per token)",
        "log_loss" => "loss (nats per comparison)",
        "calibration_error" => "calibration error (share)",
        "kl_coefficient" => "weight of the KL penalty (reward per nat)",
        "critic_loss" => "loss of the critic (variances)",
        "explained_variance" => "explained variance of returns",
        "idle_prompts" => "share of prompts that teach nothing",
        "ratio_clipped" => "share of tokens clipped",
        "effective_samples" => "effective samples (share)",
        "separation" => "log π(arm 0) − log π(arm 1) (nats)",
        "loss" => "loss",
        "grad_norm" => "gradient norm",
        "learning_rate" => "learning rate",
        "logps" => "log-probability (nats)",
        "log_ratio" => "log-ratio (nats)",
        "rewards" => "implicit reward (β·log-ratio)",
        "train_log_ratio" => "log-ratio on training pairs (nats)",
        "train_mass" => "probability mass",
        "margin" => "margin, log-ratio of chosen − rejected (nats)",
        "negative_gradient_fraction" => "share of responses pushed down",
        "negative_gradient_mass" => "share of the gradient that pushes down",
        "staleness" => "staleness (steps)",
        "mean_length" => "mean length (tokens)",
        "length_distance" => "E| |y| − peak | (tokens)",
        "mean_distance" => "| E|y| − peak | (tokens)",
        "over_optimisation" => "gold reward lost at the best proxy",
        "proxy_correlation" => "correlation of r_φ and r",
        "probability" | "reference" | "data" | "target" => "probability",
        "reward" => "reward",
        other => return (other.replace('_', " "), member.replace('_', " ")),
    };
    let member = match name {
        "win_rate/low" => "lower end (95 %)".to_owned(),
        "win_rate/high" => "upper end (95 %)".to_owned(),
        "win_rate/length_controlled" => "length-controlled".to_owned(),
        "train_mass/other" => "outside its prompt's data".to_owned(),
        "train_mass/unseen" => "outside all data".to_owned(),
        "proxy_correlation/reference" => "under π_ref".to_owned(),
        "proxy_correlation/data" => "under D_pref".to_owned(),
        _ => member.replace('_', " "),
    };
    (title.to_owned(), member)
}

/// The axis title of a number of the preference data.
fn of_data(name: &str) -> Option<&'static str> {
    Some(match name {
        "coverage/overlap" => "overlap of D_pref and π_ref",
        "coverage/kl_data_ref" => "KL(D_pref‖π_ref) (nats)",
        "coverage/kl_ref_data" => "KL(π_ref‖D_pref) (nats)",
        "coverage/ess" => "effective sample size (share)",
        "completions/mean_length" => "mean length (tokens)",
        "completions/clipped_ratio" => "share of responses cut",
        "rewards/accuracies" => "accuracy (share of comparisons)",
        _ => return None,
    })
}

/// A number with the words of its axis: `step 64`, `mean length 20.1 tokens`.
pub(crate) fn valued(label: &str, number: &str) -> String {
    let (words, unit) = match label.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) {
        Some((words, unit)) => (words, unit),
        None => (label, ""),
    };
    match (words, unit) {
        ("optimizer steps", _) => format!("step {number}"),
        // Queries are evaluations of the reward.
        ("queries", _) | (_, "") => format!("{words} {number}"),
        _ => format!("{words} {number} {unit}"),
    }
}

/// The unit of a metric; `of_reward` is that of rewards.
pub(crate) fn unit(name: &str, of_reward: &'static str) -> &'static str {
    let title = metric(name).0;
    let units = ["nats", "tokens", "steps"];
    let own = units.into_iter().find(|unit| title.ends_with(&format!("({unit})")));
    own.unwrap_or(match title.as_str() {
        "probability" => "probability",
        title if title.contains("reward") => of_reward,
        _ => "",
    })
}

/// The last part of a dotted key.
fn leaf(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// A swept key's short symbol; empty where the value says enough.
pub(crate) fn symbol(key: &str) -> String {
    match leaf(key) {
        "samples_per_round" => "B",
        "responses_per_prompt" => "C",
        "minibatch" => "M",
        "passes" => "T",
        "target_margin" => "margin",
        "tau" => "τ",
        "beta" => "β",
        "alpha" => "α",
        "learning_rate" => "lr",
        "reward_gap" => "gap",
        "ratio_clip" => "clip",
        "label_smoothing" => "ε",
        "target_temperature" => "temperature",
        "reward" | "data" | "selection" | "expectation" | "ties" | "task" | "class" => "",
        other => return other.replace('_', " "),
    }
    .to_owned()
}

/// A swept key as the title of an axis.
pub(crate) fn key(key: &str) -> String {
    match leaf(key) {
        "samples_per_round" => "samples per round, B (responses)",
        "responses_per_prompt" => "responses per prompt, C",
        "minibatch" => "minibatch, M (responses)",
        "passes" => "passes over the data, T",
        "prompts" => "training prompts",
        "steps" => "optimizer steps",
        "target_margin" => "target margin (nats)",
        "learning_rate" => "learning rate",
        "reward_gap" => "least reward gap of a pair",
        "ratio_clip" => "clip of the ratio, ε",
        "beta" => "β",
        "tau" => "τ",
        "alpha" => "α",
        "temperature" => "temperature (reward units)",
        "peak" => "peak of the reward (tokens)",
        "skew_fraction" => "share of truncated prompts",
        "width" => "width of the bumps (tokens)",
        "class" => "class of r_φ",
        "q1" => "target's q₁ of the better arm",
        "p" => "mass p of each arm under π_ref",
        other => return other.replace('_', " "),
    }
    .to_owned()
}

/// A swept key with one of its values: `B = 100`, `R1`.
pub(crate) fn setting(name: &str, value: &str) -> String {
    let value = match (leaf(name), value) {
        ("task", "min") => "Min Length".to_owned(),
        ("task", "mode") => "Mode Length".to_owned(),
        ("task", "skew") => "Skew Length".to_owned(),
        _ if value.parse::<f64>().is_ok() => number_word(value),
        _ => value.replace('_', " "),
    };
    match symbol(name) {
        s if s.is_empty() => value,
        s if value == "true" => s,
        s if value == "false" => format!("no {s}"),
        s => format!("{s} = {value}"),
    }
}

fn number_word(value: &str) -> String {
    value.replace('-', "−")
}

/// A method's name with the paper's capitals: `on-policy ipo` → `on-policy IPO`.
pub(crate) fn method(name: &str) -> String {
    let word = |w: &str| match w {
        "ipo" | "dpo" | "ppo" | "rwr" | "sft" | "reinforce" | "rloo" | "grpo" | "kl" | "sgd"
        | "kto" => w.to_uppercase(),
        "cdpo" => "cDPO".to_owned(),
        "best-of-n" => "Best-of-N".to_owned(),
        "pref-ft" => "Pref-FT".to_owned(),
        "feedme" => "FeedMe".to_owned(),
        "binary-feedme" => "Binary FeedMe".to_owned(),
        "forward-kl" => "forward KL".to_owned(),
        "reverse-kl" => "reverse KL".to_owned(),
        other => other.to_owned(),
    };
    let clause = |part: &str| part.split(' ').map(word).collect::<Vec<_>>().join(" ");
    name.split(", ").map(clause).collect::<Vec<_>>().join(", ")
}

/// A number with up to three significant digits and a true minus sign.
pub(crate) fn number(x: f64) -> String {
    if !x.is_finite() {
        return "–".to_owned();
    }
    let size = x.abs();
    let text = if size == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e6).contains(&size) {
        let exponent = size.log10().floor();
        format!("{:.1}·10{}", x / 10f64.powf(exponent), superscript(exponent as i32))
    } else {
        let decimals = (2 - size.log10().floor() as i32).clamp(0, 6) as usize;
        trimmed(x, decimals)
    };
    text.replace('-', "−")
}

/// A number with two significant digits, for narrow places.
pub(crate) fn two_digits(x: f64) -> String {
    let size = x.abs();
    if !x.is_finite() || size == 0.0 || !(1e-4..1e4).contains(&size) {
        return number(x);
    }
    let decimals = (1 - size.log10().floor() as i32).clamp(0, 6) as usize;
    format!("{x:.decimals$}").replace('-', "−")
}

/// A number with at most so many decimals and no trailing zeros.
pub(crate) fn trimmed(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.replace('-', "−") }
}

/// A whole number in raised digits.
pub(crate) fn superscript(n: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        d => char::from_u32(0x2070 + d.to_digit(10).unwrap_or(0)).unwrap_or('⁰'),
    };
    n.to_string().chars().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_methods_read_as_in_the_paper() {
        assert_eq!(setting("schedule.samples_per_round", "400"), "B = 400");
        assert_eq!(setting("problem.bumps.reward", "R1"), "R1");
        assert_eq!(method("on-policy ipo"), "on-policy IPO");
        assert_eq!(method("rwr, temperature 1"), "RWR, temperature 1");
        assert_eq!(metric("log_ratio/chosen"), ("log-ratio (nats)".into(), "chosen".into()));
    }

    #[test]
    fn values_carry_the_words_and_the_unit_of_their_axis() {
        assert_eq!(valued("optimizer steps", "64"), "step 64");
        assert_eq!(valued("gold reward", "0.5 [0.4, 0.6]"), "gold reward 0.5 [0.4, 0.6]");
        assert_eq!(valued("KL(π‖π_ref) (nats)", "1.2"), "KL(π‖π_ref) 1.2 nats");
    }

    #[test]
    fn narrow_places_show_two_digits() {
        let all = [0.1234, 0.5, -1.46, 12.6, 230.0, 0.00312].map(two_digits);
        assert_eq!(all, ["0.12", "0.50", "−1.5", "13", "230", "0.0031"].map(String::from));
    }

    #[test]
    fn numbers_have_three_digits_and_a_minus_sign() {
        let all = [0.0, 0.12345, -1.5, 1234.5, 2.5e7, 3e-5].map(number);
        assert_eq!(all, ["0", "0.123", "−1.5", "1234", "2.5·10⁷", "3.0·10⁻⁵"].map(String::from));
    }
}
