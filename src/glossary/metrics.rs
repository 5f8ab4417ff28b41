//! Metrics: their names and meanings, and how they are formed.

use super::entry::{Entry, Kind};
use crate::learner::METRICS;

/// The units that end a meaning in [`METRICS`].
const NATS: &str = ", nats";

/// How a metric is formed, its unit where its meaning does not end in one, and its source.
const NOTES: [(&str, &str, &str, &str); 37] = [
    ("gold_reward", "E_π[r] = Σ_a π(a)·r(a), mean over evaluation prompts", REWARD, "§4"),
    ("forward_kl_ref", "Σ_a π_ref(a)·(log π_ref(a) − log π(a))", "", "§6"),
    ("reverse_kl_ref", "Σ_a π(a)·(log π(a) − log π_ref(a))", "", "§6"),
    ("forward_kl_target", "Σ_a q(a)·(log q(a) − log π(a)), q the target", "", "§6"),
    ("reverse_kl_target", "Σ_a π(a)·(log π(a) − log q(a)), q the target", "", "Lemma 6.1"),
    ("entropy", "−Σ_a π(a)·log π(a)", "", ""),
    ("logps/chosen", "mean of log π(y_w) over the pairs", "", "figures 15 and 16"),
    ("logps/rejected", "mean of log π(y_l) over the pairs", "", "figures 15 and 16"),
    ("logps/rest", "mean of log(1 − π(y_w) − π(y_l))", "", "§5.2"),
    ("log_ratio/chosen", "mean of log π(y_w) − log π_ref(y_w)", "", "figure 16"),
    ("log_ratio/rejected", "mean of log π(y_l) − log π_ref(y_l)", "", "figure 16"),
    ("log_ratio/rest", "mean of log(π(rest)/π_ref(rest))", "", "§5.2"),
    ("margin", "log_ratio/chosen − log_ratio/rejected = mean of h", "", "figure 15"),
    ("train_log_ratio/chosen", "mean of log π(y_w) − log π_ref(y_w)", "", "figure 16"),
    ("train_log_ratio/rejected", "mean of log π(y_l) − log π_ref(y_l)", "", "figure 16"),
    ("train_mass/other", "Σ of π(a) over arms a outside the prompt's data", SHARE, "§5.2"),
    ("train_mass/unseen", "Σ of π(a) over arms a outside all data", SHARE, "§5.2"),
    ("mean_length", "Σ_k k·π(k)", "tokens", "figure 19"),
    ("length_distance", "Σ_k |k − peak|·π(k) = −gold_reward", "tokens", "§5"),
    (
        "mean_distance",
        "|Σ_k k·π(k) − peak|; can be 0 for a policy that is never right",
        "tokens",
        "figure 19",
    ),
    ("proxy_reward", "E_π[r_φ] = Σ_a π(a)·r_φ(a), mean over evaluation prompts", REWARD, "§2"),
    ("proxy_correlation/reference", "cov(r_φ, r)/(sd r_φ · sd r) under π_ref", CORRELATION, ""),
    ("proxy_correlation/data", "cov(r_φ, r)/(sd r_φ · sd r) under D_pref", CORRELATION, ""),
    ("over_optimisation", "max gold_reward − gold_reward at argmax proxy_reward", REWARD, ""),
    ("coverage/overlap", "Σ_a min(π_ref(a), D_pref(a))", SHARE, "§3, condition C2"),
    ("coverage/kl_data_ref", "Σ_a D_pref(a)·log(D_pref(a)/π_ref(a))", "", "§3, condition C2"),
    ("coverage/kl_ref_data", "Σ_a π_ref(a)·log(π_ref(a)/D_pref(a))", "", "§3, condition C2"),
    ("coverage/ess", "1 / Σ_a π_ref(a)²/D_pref(a)", SHARE, "§3, condition C2"),
    ("separation", "log π(0) − log π(1)", "", "Theorem 6.5"),
    ("boundary", "(q₁ − q₂) / ln(q₁/q₂)", "a probability", "Theorem 6.5"),
    ("loss", "Σ terms / units of the minibatch", "that of the objective", "Algorithm 1"),
    ("grad_norm", "‖Σᵢ cᵢ ∇θ log π(yᵢ)‖", "loss per unit of a parameter", ""),
    ("learning_rate", "learning rate · decay · warm-up", "parameter units per step", ""),
    ("negative_gradient_fraction", "#{i : cᵢ > 0} / #{i}", SHARE, "Table 1"),
    ("negative_gradient_mass", "Σ max(cᵢ, 0) / Σ |cᵢ|", SHARE, "Table 1"),
    ("staleness/mean", "mean of step − step at which the sample was drawn", "steps", "§5.1"),
    ("staleness/max", "max of step − step at which the sample was drawn", "steps", "§5.1"),
];
const REWARD: &str = "reward units (the bumps lie in 0 to 1, lengths count tokens)";
const CORRELATION: &str = "a number from −1 to 1";
const SHARE: &str = "a share from 0 to 1";

/// Families with one member for each arm.
const FAMILIES: [(&str, &str, &str); 6] = [
    ("probability/ARM", "probability of an arm, mean over evaluation prompts", "π(a)"),
    ("reference/ARM", "probability of an arm under the reference, at step 0", "π_ref(a)"),
    ("reward/ARM", "reward of an arm, at step 0", "r(a)"),
    ("target/ARM", "probability of an arm under the target, at step 0", "q(a)"),
    ("data/ARM", "probability of a length in the preference data, at step 0", "D_pref(a)"),
    ("proxy/ARM", "learned reward of an arm, at step 0", "r_φ(a)"),
];

/// Every metric, then the families.
pub(super) fn entries() -> Vec<Entry> {
    let listed = METRICS.iter().map(|(name, meaning)| {
        let note = NOTES.iter().find(|(own, ..)| own == name);
        let (_, formula, unit, source) = note.copied().unwrap_or_default();
        let (what, unit) = match meaning.strip_suffix(NATS) {
            Some(what) => (what, "nats"),
            None => (*meaning, unit),
        };
        Entry::new(Kind::Metric, *name)
            .also(name.split_once('/').map(|(family, _)| family))
            .with("What", what)
            .with("Formula", formula)
            .with("Unit", unit)
            .with("See", place(name))
            .with("Source", source_of(source))
    });
    listed.chain(FAMILIES.iter().map(family)).collect()
}

fn family((name, what, formula): &(&str, &str, &str)) -> Entry {
    let unit = if name.starts_with("reward") { REWARD } else { SHARE };
    Entry::new(Kind::Metric, *name)
        .also(name.split_once('/').map(|(family, _)| format!("{family}/0")))
        .with("What", what)
        .with("Formula", formula)
        .with("Unit", unit)
        .with(
            "See",
            "written with `measure.distribution = true`; drawn by panels of kind `density`",
        )
        .with("Source", source_of("figure 2"))
}

fn source_of(place: &str) -> String {
    match place {
        "" => "this program's own".to_owned(),
        place => format!("arXiv 2404.14367, {place}"),
    }
}

/// Where the numbers are.
fn place(name: &str) -> String {
    format!(
        "rows `{name}` of runs/ID/metrics.csv (restrict with measure.metrics); `y` of a [[panel]], \
         `metric` of a [[claim]]"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::is_metric;

    #[test]
    fn every_note_is_of_a_metric_and_every_metric_has_a_unit() {
        for (name, ..) in NOTES {
            assert!(is_metric(name), "{name}");
        }
        for (name, meaning) in METRICS {
            let unit = NOTES.iter().find(|(own, ..)| own == name).map_or("", |note| note.2);
            assert!(meaning.ends_with(NATS) == unit.is_empty(), "{name} has one unit");
        }
        for (family, ..) in FAMILIES {
            assert!(is_metric(&family.replace("ARM", "3")), "{family}");
        }
    }
}
