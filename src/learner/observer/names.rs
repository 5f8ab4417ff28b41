//! The names of what is measured.

/// The name of every metric that is not of a single arm; what each means stands below.
///
#[doc = include_str!("metrics.md")]
pub const METRICS: &[&str] = &[
    "gold_reward",
    "forward_kl_ref",
    "reverse_kl_ref",
    "forward_kl_target",
    "reverse_kl_target",
    "entropy",
    "logps/chosen",
    "logps/rejected",
    "logps/rest",
    "log_ratio/chosen",
    "log_ratio/rejected",
    "log_ratio/rest",
    "margin",
    "train_log_ratio/chosen",
    "train_log_ratio/rejected",
    "train_mass/other",
    "train_mass/unseen",
    "mean_length",
    "length_distance",
    "mean_distance",
    "proxy_reward",
    "proxy_correlation/reference",
    "proxy_correlation/data",
    "over_optimisation",
    "coverage/overlap",
    "coverage/kl_data_ref",
    "coverage/kl_ref_data",
    "coverage/ess",
    "separation",
    "boundary",
    "loss",
    "grad_norm",
    "learning_rate",
    "negative_gradient_fraction",
    "negative_gradient_mass",
    "staleness/mean",
    "staleness/max",
    "kl_coefficient",
    "critic_loss",
    "explained_variance",
    "idle_prompts",
    "ratio_clipped",
    "effective_samples",
    "kl",
    "win_rate",
    "win_rate/low",
    "win_rate/high",
    "win_rate/length_controlled",
    "eval_loss",
    "accuracy",
    "rewards/chosen",
    "rewards/rejected",
    "rewards/margins",
    "rewards/accuracies",
    "log_loss",
    "calibration_error",
    "completions/mean_length",
    "completions/clipped_ratio",
];

/// Metrics of reward models, on comparisons that they do not learn from.
pub const SCORING_METRICS: &[&str] = &[
    "accuracy",
    "margin",
    "log_loss",
    "calibration_error",
    "loss",
    "grad_norm",
    "learning_rate",
    "negative_gradient_fraction",
    "negative_gradient_mass",
    "staleness/mean",
    "staleness/max",
];

/// Metrics that a run of a language model writes, wanted or not, where it draws answers or holds pairs.
pub const VITALS: &[&str] = &[
    "completions/mean_length",
    "completions/clipped_ratio",
    "log_ratio/chosen",
    "log_ratio/rejected",
    "idle_prompts",
    "ratio_clipped",
    "effective_samples",
];

/// Metrics of language models, whose responses cannot be listed: what is expected is the mean over
/// sampled responses.
pub const LANGUAGE_METRICS: &[&str] = &[
    "gold_reward",
    "proxy_reward",
    "win_rate",
    "win_rate/low",
    "win_rate/high",
    "win_rate/length_controlled",
    "kl",
    "entropy",
    "logps/chosen",
    "logps/rejected",
    "log_ratio/chosen",
    "log_ratio/rejected",
    "margin",
    "accuracy",
    "rewards/chosen",
    "rewards/rejected",
    "rewards/margins",
    "rewards/accuracies",
    "eval_loss",
    "completions/mean_length",
    "completions/clipped_ratio",
    "loss",
    "grad_norm",
    "learning_rate",
    "negative_gradient_fraction",
    "negative_gradient_mass",
    "staleness/mean",
    "staleness/max",
    "kl_coefficient",
    "critic_loss",
    "explained_variance",
    "idle_prompts",
    "ratio_clipped",
    "effective_samples",
];

/// Whether only language models have a metric.
pub fn is_of_language_only(name: &str) -> bool {
    let own = [
        "kl",
        "accuracy",
        "eval_loss",
        "log_loss",
        "calibration_error",
        "critic_loss",
        "explained_variance",
        "idle_prompts",
        "ratio_clipped",
        "effective_samples",
    ];
    own.contains(&name)
        || ["completions/", "rewards/", "win_rate"].iter().any(|family| name.starts_with(family))
}

/// Prefixes of metrics with one value for each arm.
const ARM_METRICS: [&str; 6] =
    ["probability/", "reference/", "reward/", "target/", "data/", "proxy/"];

/// Whether a metric of this name is ever written.
pub fn is_metric(name: &str) -> bool {
    let listed = METRICS.contains(&name);
    listed
        || ARM_METRICS
            .iter()
            .any(|prefix| name.strip_prefix(prefix).is_some_and(|arm| arm.parse::<usize>().is_ok()))
}
