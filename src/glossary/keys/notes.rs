//! What the types of the keys do not say: symbols, formulas, units, sources.

/// Where the bandits come from.
pub(super) const BANDITS: &str = "arXiv 2404.14367, §4";
const LENGTHS: &str = "arXiv 2404.14367, §5, for the problems";
const ALGORITHM_1: &str = "arXiv 2404.14367, Algorithm 1";
const ADAM: &str = "arXiv 1412.6980, Algorithm 1";
const LORA: &str = "arXiv 2106.09685";
const OURS: &str = "this program's own";

/// What is said of a key beside its doc comment; empty where there is nothing to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    key: &'static str,
    /// Symbols and other names.
    pub also: &'static [&'static str],
    /// How it enters.
    pub formula: &'static str,
    /// What it counts or measures.
    pub unit: &'static str,
    /// What may be given, where the type does not tell.
    pub allowed: &'static str,
    /// Where it comes from, if not from where its table does.
    pub source: &'static str,
}

const NONE: Note = Note { key: "", also: &[], formula: "", unit: "", allowed: "", source: "" };

const fn note(key: &'static str, formula: &'static str, unit: &'static str) -> Note {
    Note { key, formula, unit, ..NONE }
}

const fn symbol(
    key: &'static str,
    also: &'static [&'static str],
    formula: &'static str,
    unit: &'static str,
) -> Note {
    Note { key, also, formula, unit, ..NONE }
}

/// Of a critic.
const fn of_critic(
    key: &'static str,
    also: &'static [&'static str],
    formula: &'static str,
    unit: &'static str,
) -> Note {
    Note { source: "arXiv 1506.02438, eq. 16", ..symbol(key, also, formula, unit) }
}

const TARGET: &str = "target(a) ∝ π_ref(a)·exp(r(a)/target_temperature)";
const ENTROPY: &str = "c += α·(1 + log π(y))/n";
const GAE: &str = "δ_t = r_t + γ·V_{t+1} − V_t, A_t = δ_t + γ·λ·A_{t+1}";
const RATE: &str = "θ ← θ − learning_rate · (direction of the optimizer)";
const LAYERS: &str =
    "Linear(context → features) + LayerNorm + ReLU, features → hidden, hidden → hidden → arms";

const STOP: &str =
    "π(k) = s_k·Π_{t<k} (1 − s_t),   s_t = σ(z_t + Σ_j θ_j φ_j(t)), z_t those of π_ref";
const BRADLEY_TERRY: &str = "min over φ of −Σ log σ(r_φ(y_w) − r_φ(y_l)) + ½·ridge·‖φ‖²";

const TOKENS: &str = "r(y) = (1/length)·Σ_t exp(−((y_t − peak)/width)²)";
const ADAPTER: &str = "y = x·Wᵀ + (alpha/rank)·(x·Aᵀ)·Bᵀ,   B = 0 at the start";

const NOTES: [Note; 87] = [
    symbol(
        "schedule.samples_per_round",
        &["B", "batch size"],
        "B/C prompts a round; one round makes T·B/M optimizer steps",
        "responses",
    ),
    symbol(
        "schedule.responses_per_prompt",
        &["C", "N"],
        "C divides M; all pairs of a minibatch are (M/C)·C(C−1)/2",
        "responses per prompt",
    ),
    symbol("schedule.minibatch", &["M"], "C divides M, and M divides B", "responses"),
    symbol("schedule.passes", &["T", "inner steps"], "T·B/M steps a round", "passes"),
    note("schedule.steps", "rounds · T·B/M, where the last round may be cut", "optimizer steps"),
    note("schedule.log_probability_floor", "log π ← max(log π, floor)", "nats, below 0"),
    note("schedule.gradient_clip", "g ← g · min(1, gradient_clip/‖g‖)", "norm of the gradient"),
    symbol(
        "schedule.learning_rate_decay",
        &["decay"],
        "constant: 1; linear: 1 − p; cosine: (1 + cos πp)/2, with p the share of the run after the \
         warm-up",
        "a factor of the learning rate",
    ),
    symbol(
        "schedule.warmup_steps",
        &["warmup"],
        "learning rate · (step + 1)/(warmup_steps + 1)",
        "steps",
    ),
    symbol("schedule.data", &["data source"], "", ""),
    note("schedule.expectation", "E[f] = Σ_a π(a)·f(a) in place of the mean over draws", ""),
    note("data.prompts", "offline data hold data.prompts · C responses", "prompts"),
    note("pairs.reward_gap", "kept: r(y_w) − r(y_l) ≥ reward_gap", "reward units"),
    note("pairs.selection", "all pairs of a minibatch: (M/C)·C(C−1)/2", ""),
    note("pairs.ties", "a tie: r(y) = r(y′)", ""),
    symbol("optimizer.adam.learning_rate", &["lr", "η"], RATE, "parameter units per step"),
    symbol(
        "optimizer.sgd.learning_rate",
        &["lr", "η"],
        "θ ← θ − η·v",
        "parameter units per unit of gradient",
    ),
    symbol("optimizer.adam.beta1", &["β1", "β₁"], "m ← β₁·m + (1 − β₁)·g", "a share"),
    symbol("optimizer.adam.beta2", &["β2", "β₂"], "v ← β₂·v + (1 − β₂)·g²", "a share"),
    note("optimizer.adam.epsilon", "Δθ = −η·m̂/(√v̂ + ε)", "gradient units"),
    note("optimizer.sgd.momentum", "v ← momentum·v + g", "a share"),
    symbol(
        "objective.dpo.beta",
        &["β"],
        "implicit reward = β·(log π(y) − log π_ref(y)); ℓ = −log σ(βh) without label smoothing",
        "reward units per nat",
    ),
    symbol("objective.dpo.label_smoothing", &["cDPO", "ε"], "", "a share from 0 to below 0.5"),
    symbol("objective.hinge.beta", &["β"], "", "1/nats: the margin is reached at h = 1/β"),
    symbol("objective.ipo.tau", &["τ"], "target_margin = 1/(2·tau)", "1/nats"),
    symbol(
        "objective.ipo.target_margin",
        &[],
        "ℓ = (h − m)²,   m = target_margin = 1/(2·tau)",
        "nats",
    ),
    note(
        "objective.rwr.temperature",
        "weight = min(exp(r/temperature), weight_clip)",
        "reward units",
    ),
    note("objective.rwr.weight_clip", "weight = min(exp(r/temperature), weight_clip)", "a weight"),
    note("objective.rwr.normalise", "weight ← weight / mean weight of the prompt", ""),
    note("objective.reinforce.baseline", "A = r − b", ""),
    note("objective.reinforce.standardise", "A ← (A − mean A)/(sd A + 1e−8)", ""),
    symbol("objective.reinforce.entropy_bonus", &["α"], ENTROPY, "reward units per nat"),
    Note {
        allowed: "a number above zero, or \"none\"",
        ..symbol("objective.ppo.ratio_clip", &["ε", "clip"], "", "a share of the ratio π/π_old")
    },
    Note {
        allowed: "a number above zero, or \"none\"",
        ..note("objective.grpo.ratio_clip", "", "a share of the ratio π/π_old")
    },
    note("objective.ppo.baseline", "A = r − b", ""),
    note("objective.ppo.standardise", "A ← (A − mean A)/(sd A + 1e−8)", ""),
    symbol("objective.ppo.entropy_bonus", &["α"], ENTROPY, "reward units per nat"),
    of_critic("objective.ppo.critic", &["value head", "GAE"], GAE, ""),
    of_critic("objective.ppo.critic.discount", &["γ", "gamma"], GAE, "a factor"),
    of_critic("objective.ppo.critic.gae_lambda", &["λ", "lambda"], GAE, "a weight"),
    of_critic(
        "objective.ppo.critic.value_clip",
        &[],
        "ℓ_V = ½·max((v − R)², (v_old + clip(v − v_old, ±value_clip) − R)²)",
        "deviations of the first round's rewards",
    ),
    of_critic("objective.ppo.critic.learning_rate", &[], RATE, "as optimizer.adam.learning_rate"),
    symbol("objective.unlikelihood.alpha", &["α"], "", "a weight; 1 is that of the best response"),
    note("objective.unlikelihood.floor", "", "nats"),
    note("objective.unlikelihood.pushed", "", ""),
    note("problem.bumps.reward", "r(a) = exp(−((a − peak)/width)²)", "rewards lie in 0 to 1"),
    Note {
        source: "arXiv 2404.14367, Lemma 6.1",
        ..note("problem.bumps.target_temperature", TARGET, "reward units")
    },
    Note {
        source: "arXiv 2404.14367, Lemma 6.1",
        ..note("problem.table.target_temperature", TARGET, "reward units")
    },
    note("problem.bumps", "r(a) = exp(−((a − peak)/width)²)", ""),
    Note {
        source: "arXiv 2404.14367, §6, for the question",
        ..note("problem.two-modes", "r(a) = target(a) / max target", "")
    },
    note("problem.separation.p", "π_ref = (p, p, 1 − 2p)", "a probability, below 0.5"),
    note("problem.separation.q1", "target = (q₁, q₂, 1 − q₁ − q₂)", "a probability, above q2"),
    note("problem.separation.q2", "target = (q₁, q₂, 1 − q₁ − q₂)", "a probability, below q1"),
    Note {
        source: "arXiv 2404.14367, Theorem 6.5, for the question",
        ..note("policy.unimodal", "π(a) ∝ exp(−(a − μ)²/2σ²)", "")
    },
    Note { source: LENGTHS, ..note("problem.length", "r(y) = −| |y| − peak |", "tokens") },
    note(
        "problem.length.task",
        "Min: peak 0; Mode: peak = mode_length; Skew: peak 0, truncated",
        "",
    ),
    symbol("problem.length.longest", &["L_max"], "arms 0, 1, …, longest", "tokens"),
    symbol("problem.length.mode_length", &["L_mode"], "r(y) = −| |y| − mode_length |", "tokens"),
    note("problem.length.peak", "r(y) = −| |y| − peak |", "tokens"),
    note("problem.length.evenly_spread", "π_ref ← (1 − ε)·π_ref + ε/(longest + 1)", "a share"),
    note(
        "problem.length.skew_fraction",
        "overlap with π_ref = 1 − skew_fraction·(1 − overlap of the truncated)",
        "a share of prompts, 0 to 1",
    ),
    note("problem.length.target_temperature", TARGET, "tokens"),
    note(
        "problem.length.reference.log-normal.mode",
        "p(k) ∝ exp(−(ln k − ln mode − σ²)²/2σ²)/k",
        "tokens",
    ),
    note("problem.length.reference.log-normal.sigma", "σ in p(k)", "nats"),
    note(
        "problem.length.reference.negative-binomial.dispersion",
        "variance = m + m²/dispersion",
        "",
    ),
    note(
        "problem.length.truncation.exponential.mean",
        "min(|y|, ⌈E⌉), P(E > k) = exp(−k/mean)",
        "tokens",
    ),
    note("problem.length.truncation.tilt.scale", "D_pref ∝ π_ref·exp(−|y|/scale)", "tokens"),
    Note { source: OURS, ..symbol("policy.stop", &["stop-or-continue"], STOP, "") },
    note(
        "policy.stop.width",
        "bumps at 0, width, 2·width, …, of this standard deviation",
        "tokens",
    ),
    note("pairs.labels", "P(y_w is the better one)", ""),
    note("pairs.labels.bradley-terry.temperature", "P = σ((r − r′)/temperature)", "reward units"),
    note("pairs.labels.flipped.rate", "P(the worse one wins) = rate", "a share, below 0.5"),
    Note {
        also: &["r_φ"],
        allowed: "a table; without it methods see the true reward",
        source: "arXiv 2404.14367, §2",
        ..note("reward_model", BRADLEY_TERRY, "")
    },
    note("reward_model.ridge", "+ ½·ridge·‖φ‖²", "1/nats²"),
    note("problem.tokens", TOKENS, ""),
    note("problem.tokens.reward", TOKENS, "rewards lie in 0 to 1"),
    note("problem.tokens.length", TOKENS, "tokens"),
    Note { source: LENGTHS, ..note("problem.prompts", "r(y) = −|y| or −||y| − peak|", "") },
    note("problem.prompts.reward.mode.peak", "r(y) = −||y| − peak|", "tokens"),
    note("policy.language-model.max_new_tokens", "", "tokens"),
    note("policy.language-model.temperature", "y_t ~ softmax(logits/temperature)", ""),
    Note { source: LORA, ..note("policy.language-model.lora.rank", ADAPTER, "") },
    Note { source: LORA, ..note("policy.language-model.lora.alpha", ADAPTER, "") },
    Note { source: LORA, ..note("policy.language-model.lora.targets", ADAPTER, "") },
    Note {
        source: OURS,
        ..note("policy.language-model", "π_ref = the model as it was loaded", "")
    },
    note("policy.mlp", LAYERS, ""),
    note("policy.tabular", "π(a) = exp(f_a)/Σ exp(f)", ""),
];

/// The note of a key, empty if there is none.
pub(super) fn of(key: &str) -> Note {
    NOTES.iter().find(|note| note.key == key).copied().unwrap_or(NONE)
}

/// Where the keys of a table come from.
pub(super) fn source(prefix: &str) -> &'static str {
    if prefix.starts_with("problem.length") || prefix.starts_with("problem.prompts") {
        return LENGTHS;
    }
    match prefix.split('.').next().unwrap_or(prefix) {
        "policy"
            if matches!(
                prefix,
                "policy.stop" | "policy.language-model" | "policy.reward-model"
            ) =>
        {
            OURS
        }
        "schedule" | "data" => ALGORITHM_1,
        "reward_model" => "arXiv 2404.14367, §2",
        "problem" | "policy" => BANDITS,
        "optimizer" if prefix.ends_with("adam") => ADAM,
        _ => OURS,
    }
}

#[cfg(test)]
mod tests {
    use super::NOTES;

    /// The keys that exist stand among the entries.
    #[test]
    fn every_note_is_of_a_key_that_exists() {
        let listed = crate::glossary::terms();
        for note in NOTES {
            assert!(listed.contains(note.key), "{} is no key", note.key);
        }
    }
}
