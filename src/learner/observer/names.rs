//! The names of what is measured.

/// The name and meaning of every metric, with its unit.
pub const METRICS: &[(&str, &str)] = &[
    ("gold_reward", "exact expectation of the true reward, E_π[r]"),
    ("forward_kl_ref", "KL(π_ref‖π), nats"),
    ("reverse_kl_ref", "KL(π‖π_ref), nats"),
    ("forward_kl_target", "KL(target‖π), nats"),
    ("reverse_kl_target", "KL(π‖target), nats"),
    ("entropy", "entropy of π, nats"),
    ("logps/chosen", "log π of the chosen responses of the evaluation pairs, nats"),
    ("logps/rejected", "log π of the rejected responses of the evaluation pairs, nats"),
    ("logps/rest", "log of the mass π leaves to all other responses, nats"),
    ("log_ratio/chosen", "log π − log π_ref of the chosen responses, nats"),
    ("log_ratio/rejected", "log π − log π_ref of the rejected responses, nats"),
    ("log_ratio/rest", "log-ratio of the mass of all other responses, nats"),
    ("margin", "log_ratio/chosen − log_ratio/rejected, nats"),
    (
        "train_log_ratio/chosen",
        "log π − log π_ref of the chosen responses of the offline data, nats",
    ),
    (
        "train_log_ratio/rejected",
        "log π − log π_ref of the rejected responses of the offline data, nats",
    ),
    ("train_mass/other", "mass of π on responses that its prompt's data do not hold"),
    ("train_mass/unseen", "mass of π on responses that no prompt's data hold"),
    ("mean_length", "E_π|y|, the mean length of a response of `problem.length`, tokens"),
    ("length_distance", "E_π| |y| − peak |, tokens"),
    ("mean_distance", "| E_π|y| − peak |, tokens"),
    ("proxy_reward", "exact expectation of the learned reward, E_π[r_φ]"),
    ("proxy_correlation/reference", "correlation of r_φ and the true reward under π_ref"),
    ("proxy_correlation/data", "correlation of r_φ and the true reward under the preference data"),
    (
        "over_optimisation",
        "best gold_reward so far − gold_reward where proxy_reward was best so far",
    ),
    ("coverage/overlap", "mass that the preference data and π_ref share"),
    ("coverage/kl_data_ref", "KL(D_pref‖π_ref), nats"),
    ("coverage/kl_ref_data", "KL(π_ref‖D_pref), nats"),
    (
        "coverage/ess",
        "effective sample size of the preference data weighted to look like π_ref, a share",
    ),
    ("separation", "log π(arm 0) − log π(arm 1) of `problem.separation`, nats"),
    ("boundary", "logarithmic mean of q1 and q2 of `problem.separation`"),
    ("loss", "loss of the last minibatch"),
    ("grad_norm", "Euclidean norm of the last minibatch's gradient, before clipping"),
    ("learning_rate", "learning rate of the last step"),
    ("negative_gradient_fraction", "share of the last minibatch's responses with c > 0"),
    ("negative_gradient_mass", "Σ max(c, 0) / Σ |c| over the last minibatch"),
    ("staleness/mean", "steps since the last minibatch's samples were drawn, mean"),
    ("staleness/max", "steps since the last minibatch's samples were drawn, largest"),
];

/// Prefixes of metrics with one value for each arm.
const ARM_METRICS: [&str; 6] =
    ["probability/", "reference/", "reward/", "target/", "data/", "proxy/"];

/// Whether a metric of this name is ever written.
pub fn is_metric(name: &str) -> bool {
    let listed = METRICS.iter().any(|(metric, _)| *metric == name);
    listed
        || ARM_METRICS
            .iter()
            .any(|prefix| name.strip_prefix(prefix).is_some_and(|arm| arm.parse::<usize>().is_ok()))
}
