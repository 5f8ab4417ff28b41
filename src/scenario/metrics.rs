//! The names of what is measured.

/// Every metric; the last four are families with one member for each arm.
pub const METRICS: &[&str] = &[
    "gold_reward",
    "forward_kl_ref",
    "reverse_kl_ref",
    "forward_kl_target",
    "reverse_kl_target",
    "entropy",
    "loss",
    "grad_norm",
    "learning_rate",
    "logps/chosen",
    "logps/rejected",
    "logps/rest",
    "log_ratio/chosen",
    "log_ratio/rejected",
    "log_ratio/rest",
    "train_log_ratio/chosen",
    "train_log_ratio/rejected",
    "train_mass/seen",
    "train_mass/unseen",
    "margin",
    "negative_gradient_fraction",
    "negative_gradient_mass",
    "staleness/mean",
    "staleness/max",
    "probability/ARM",
    "reference/ARM",
    "reward/ARM",
    "target/ARM",
];

/// Whether a metric of this name exists: one of [`METRICS`], where ARM may be the number of an arm.
pub fn is_metric(name: &str) -> bool {
    let family = match name.split_once('/') {
        Some((family, arm)) if arm.parse::<usize>().is_ok() => format!("{family}/ARM"),
        _ => name.to_owned(),
    };
    METRICS.contains(&family.as_str())
}
