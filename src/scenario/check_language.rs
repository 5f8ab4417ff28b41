//! Whether an experiment with a language model makes sense.

use super::check::{Fault, given, need, range};
use super::check_examples::{compared, demonstrated};
use super::experiment::Experiment;
use crate::learner::{
    DataSource, Expectation, LANGUAGE_METRICS, SCORING_METRICS, is_of_language_only,
};
use crate::objective::{BaselineSpec, ObjectiveSpec, PpoSpec};
use crate::policy::{LanguageModelSpec, LoraSpec, PolicySpec};
use crate::problem::{LengthReward, ProblemSpec, PromptsSpec};
use crate::wording::listed;

/// Checks what an experiment with a language model may ask for, and that one without asks for nothing
/// of theirs.
pub(super) fn language(experiment: &Experiment) -> Result<(), Fault> {
    pairing(experiment)?;
    critic(experiment)?;
    demonstrated(experiment)?;
    if !experiment.problem.is_language() {
        return metrics(
            experiment,
            |metric| !is_of_language_only(metric),
            || {
                "`kl` and `completions/…` are of problem.tokens and problem.prompts; on arms the exact \
             `reverse_kl_ref` says more"
                .to_owned()
            },
        );
    }
    sampled(experiment)?;
    if matches!(experiment.policy, PolicySpec::RewardModel(_)) {
        scoring(experiment)?;
    }
    responses(experiment)?;
    match &experiment.problem {
        ProblemSpec::Tokens(spec) => {
            let length = spec.length;
            range("problem.tokens.length", length as f64, length >= 1, "1 or more")?;
        }
        ProblemSpec::Prompts(spec) => {
            lengths(spec)?;
            rewarded(experiment, spec)?;
            compared(experiment)?;
        }
        _ => {}
    }
    match &experiment.policy {
        PolicySpec::Nano(spec) => {
            let (states, rate) = (spec.fit.states, spec.fit.learning_rate);
            range("policy.nano.fit.states", states as f64, states >= 1, "1 or more")?;
            range("policy.nano.fit.learning_rate", rate, rate > 0.0, "a number above 0")
        }
        PolicySpec::LanguageModel(spec) => model(spec, "language-model"),
        PolicySpec::RewardModel(spec) => model(&spec.as_language_model(), "reward-model"),
        _ => Ok(()),
    }
}

/// A critic reads tokens, and is the baseline itself.
fn critic(experiment: &Experiment) -> Result<(), Fault> {
    let ObjectiveSpec::Ppo(PpoSpec { critic: Some(_), baseline, .. }) = experiment.objective else {
        return Ok(());
    };
    need(experiment.problem.is_language(), || {
        Fault::new("objective.ppo.critic", "an arm is one token, and every response begins alike")
            .note("allowed", "a critic beside problem.tokens or problem.prompts")
            .note("help", "leave it out: on arms `baseline` says what a value would")
    })?;
    need(baseline == BaselineSpec::default(), || {
        Fault::new(
            "objective.ppo.baseline",
            "the values of `objective.ppo.critic` are the baseline",
        )
        .note("help", "leave one of the two out")
    })
}

/// A reward model learns from comparisons that are given or drawn once.
fn scoring(experiment: &Experiment) -> Result<(), Fault> {
    let (name, needs) = (experiment.objective.name(), experiment.objective.needs());
    need(needs.pairs && needs.reference, || {
        Fault::new(
            format!("objective.{name}"),
            format!("`{name}` does not compare the scores of two responses"),
        )
        .note("allowed", "dpo, ipo or hinge beside `policy.reward-model`")
        .note(
            "help",
            "write `objective.dpo = { beta = 1.0 }`: on scores it is Bradley–Terry's loss",
        )
    })?;
    need(experiment.schedule.data == DataSource::Offline, || {
        Fault::new("schedule.data", "a reward model draws no responses of its own")
            .note("allowed", "\"offline\" beside `policy.reward-model`")
    })?;
    let is_learned = |p: &PromptsSpec| p.proxy_model.is_some() || p.learned.is_some();
    need(!experiment.problem.prompts().is_some_and(is_learned), || {
        Fault::new("problem.prompts.proxy_model", "a reward model learns from the true reward")
            .note("help", "leave it out, or name it as problem.prompts.gold_model")
    })
}

/// Tokens go with GPT-nano, prompts with a language model, and arms with the others.
fn pairing(experiment: &Experiment) -> Result<(), Fault> {
    let given = match &experiment.policy {
        PolicySpec::Nano(_) => "nano",
        PolicySpec::LanguageModel(_) => "language-model",
        PolicySpec::RewardModel(_) => "reward-model",
        _ => "",
    };
    let (wanted, problem) = match &experiment.problem {
        ProblemSpec::Tokens(_) => ("nano", "tokens"),
        ProblemSpec::Prompts(_) => ("language-model", "prompts"),
        _ => ("", ""),
    };
    match (given, wanted) {
        (given, wanted) if given == wanted => Ok(()),
        ("reward-model", "language-model") => Ok(()),
        (_, "") => {
            let problem = if given == "nano" { "tokens" } else { "prompts" };
            Err(Fault::new("policy", format!("`policy.{given}` does not choose among arms"))
                .note("allowed", format!("`problem.{problem}` beside `policy.{given}`"))
                .note("help", "policies over arms are tabular, unimodal, mlp and stop"))
        }
        (_, wanted) => Err(Fault::new(
            "policy",
            format!("the responses to `problem.{problem}` are tokens of a language model"),
        )
        .note("allowed", format!("`policy.{wanted}` beside `problem.{problem}`"))
        .note("help", format!("write `[policy.{wanted}]`, or another problem"))),
    }
}

/// Nothing is listed response by response.
fn sampled(experiment: &Experiment) -> Result<(), Fault> {
    let name = experiment.objective.name();
    need(!experiment.objective.needs().law, || {
        Fault::new(
            format!("objective.{name}"),
            format!(
                "`{name}` is a sum over all responses, and a language model's cannot be listed"
            ),
        )
        .note("allowed", "objectives that learn from samples: `modeseek explain` lists them")
        .note("help", "`reinforce` with rewards is on-policy descent of the reverse KL")
    })?;
    let given = match experiment.schedule.expectation {
        Expectation::Sampled => return Ok(()),
        Expectation::Exact => "exact",
        Expectation::FixedPoint => "fixed-point",
    };
    Err(Fault::new("schedule.expectation", "the responses of a language model can only be sampled")
        .note("given", format!("`schedule.expectation` = \"{given}\""))
        .note("allowed", "`sampled`, which is the default"))
}

/// What is written for arms alone.
fn responses(experiment: &Experiment) -> Result<(), Fault> {
    need(experiment.reward_model.is_none(), || {
        Fault::new("reward_model", "r_φ is learned over arms, and a language model has none")
            .note("help", "leave `reward_model` out: the true reward is known")
    })?;
    let is_tokens = matches!(experiment.problem, ProblemSpec::Tokens(_));
    need(!is_tokens || experiment.data.preferences.is_none(), || {
        Fault::new("data.preferences", "tokens of problem.tokens have no texts to be compared")
            .note("help", "leave it out: offline data are drawn from π_ref")
    })?;
    need(!experiment.measure.distribution, || {
        Fault::new("measure.distribution", "the responses of a language model cannot be listed")
            .note("help", "leave it out; `entropy` and `kl` are estimated from samples")
    })?;
    // A response of tokens has a fixed length and no end token.
    let all = match experiment.policy {
        PolicySpec::RewardModel(_) => SCORING_METRICS,
        _ => LANGUAGE_METRICS,
    };
    let known = move |metric: &str| {
        all.contains(&metric) && !(is_tokens && metric.starts_with("completions/"))
    };
    metrics(experiment, known, || listed(all.iter().copied().filter(|metric| known(metric))))
}

/// Every metric that is asked for by name is known to this kind of policy.
fn metrics(
    experiment: &Experiment,
    known: impl Fn(&str) -> bool,
    allowed: impl Fn() -> String,
) -> Result<(), Fault> {
    let named = experiment.measure.metrics.iter().enumerate();
    // A name that nobody knows is met by the general check, with a proposal.
    let mut foreign =
        named.filter(|(_, metric)| crate::learner::is_metric(metric) && !known(metric));
    let Some((index, metric)) = foreign.next() else { return Ok(()) };
    let message = format!("`{metric}` is not measured on this problem");
    Err(Fault::new(format!("measure.metrics.{index}"), message).note("allowed", allowed()))
}

/// Prompts that can be parted, and a length that can be rewarded.
fn lengths(spec: &PromptsSpec) -> Result<(), Fault> {
    let limit = spec.limit.unwrap_or(1);
    range("problem.prompts.limit", limit as f64, limit >= 1, "1 or more; without it all")?;
    range("problem.prompts.test", spec.test as f64, spec.test >= 1, "1 or more")?;
    let key = |name: &str| format!("problem.prompts.reward.{name}");
    match spec.reward {
        Some(LengthReward::Mode(mode)) => {
            range(&key("mode.peak"), mode.peak, mode.peak >= 0.0, "0 or more tokens")
        }
        Some(LengthReward::Skew(cut)) => {
            range(&key("skew.mean"), cut.mean, cut.mean > 0.0, "a number of tokens above 0")
        }
        _ => Ok(()),
    }
}

/// Whether there is a true reward; not two.
fn true_reward(spec: &PromptsSpec) -> Result<bool, Fault> {
    let given = given([
        ("reward", spec.reward.is_some()),
        ("gold_model", spec.gold_model.is_some()),
        ("gold_command", spec.gold_command.is_some()),
    ]);
    need(given.len() <= 1, || {
        let keys = given.iter().map(|key| format!("`problem.prompts.{key}`"));
        Fault::new(format!("problem.prompts.{}", given[1]), "the true reward is given twice")
            .note("given", keys.collect::<Vec<_>>().join(" and "))
            .note("help", "leave one out; what methods are to see beside it is `proxy_model`")
    })?;
    need(spec.gold_command.as_ref().is_none_or(|line| !line.trim().is_empty()), || {
        Fault::new("problem.prompts.gold_command", "the command is empty")
            .note("allowed", "what a shell runs: \"python3 score.py\"")
    })?;
    Ok(!given.is_empty())
}

/// r_φ is given once, and can be learned.
fn learned_reward(spec: &PromptsSpec) -> Result<(), Fault> {
    let Some(learned) = &spec.learned else { return Ok(()) };
    need(spec.proxy_model.is_none(), || {
        Fault::new("problem.prompts.learned", "the learned reward is given twice")
            .note("given", "`problem.prompts.learned` and `problem.prompts.proxy_model`")
    })?;
    let key = |name: &str| format!("problem.prompts.learned.{name}");
    let (prompts, steps, rate) = (learned.prompts, learned.steps, learned.learning_rate);
    range(&key("prompts"), prompts as f64, prompts >= 1, "1 or more")?;
    range(&key("steps"), steps as f64, steps >= 1, "1 or more")?;
    range(&key("learning_rate"), rate, rate > 0.0, "a number above 0")
}

/// Whatever reads a reward has one.
fn rewarded(experiment: &Experiment, spec: &PromptsSpec) -> Result<(), Fault> {
    let is_rewarded = true_reward(spec)?;
    let metric = |name: &str| experiment.measure.metrics.iter().position(|metric| metric == name);
    let is_learned = spec.proxy_model.is_some() || spec.learned.is_some();
    if let (Some(index), false) = (metric("proxy_reward"), is_learned) {
        return Err(Fault::new(format!("measure.metrics.{index}"), "there is no learned reward")
            .note("help", "name its folder in problem.prompts.proxy_model, or leave it out"));
    }
    learned_reward(spec)?;
    let needs = experiment.objective.needs();
    let is_sft = matches!(experiment.objective, ObjectiveSpec::Sft {});
    let given = experiment.data.examples().is_some();
    let reader = if experiment.schedule.data == DataSource::OnPolicy {
        "on-policy responses are compared by it".to_owned()
    } else if !given {
        "offline data are drawn from π_ref and compared by it".to_owned()
    } else if !needs.pairs && !is_sft {
        format!("`{}` reads rewards, and comparisons have none", experiment.objective.name())
    } else if let Some(asked) = experiment.measure.metrics.iter().find(|name| of_reward(name)) {
        format!("`measure.metrics` asks for `{asked}`")
    } else {
        return Ok(());
    };
    need(is_rewarded, || {
        let help = match experiment.data.preferences.is_some() {
            true => {
                "for what your comparisons say: an objective of pairs (`dpo`, `ipo`, `hinge`, `pref-ft`) with \
                 `schedule.data = \"offline\"`, or a reward model that `policy.reward-model` trains on them, as \
                 `problem.prompts.gold_model`; a length reward (`problem.prompts.reward.min = {}`) ignores them"
            }
            false => {
                "write `problem.prompts.reward.min = {}`, or another reward; one of your own is \
                 `problem.prompts.gold_command = \"python3 score.py\"`"
            }
        };
        Fault::new("problem.prompts", format!("a reward is missing: {reader}"))
            .note("allowed", "no reward only beside `data.preferences` and an objective of pairs")
            .note("help", help)
    })
}

/// Whether a metric is read off the true reward.
fn of_reward(metric: &str) -> bool {
    metric == "gold_reward" || metric.starts_with("win_rate")
}

/// How responses are drawn and passes are made.
fn model(spec: &LanguageModelSpec, policy: &str) -> Result<(), Fault> {
    let key = |name: &str| format!("policy.{policy}.{name}");
    need(!spec.model.trim().is_empty(), || {
        Fault::new(key("model"), format!("`policy.{policy}.model` is empty"))
            .note("allowed", "a folder, a .gguf file, or a name that `modeseek llm get` knows")
    })?;
    for (name, count) in
        [("max_new_tokens", spec.max_new_tokens), ("rows_at_once", spec.rows_at_once)]
    {
        range(&key(name), count as f64, count >= 1, "1 or more")?;
    }
    let (temperature, top_p) = (spec.temperature, spec.top_p);
    range(
        &key("temperature"),
        temperature,
        temperature > 0.0,
        "a number above 0; 1 is the policy",
    )?;
    range(&key("top_p"), top_p, top_p > 0.0 && top_p <= 1.0, "above 0, at most 1, which is off")?;
    let Some(LoraSpec { rank, alpha, targets }) = &spec.lora else { return Ok(()) };
    range(&key("lora.rank"), *rank as f64, *rank >= 1, "1 or more; 8 is usual")?;
    range(&key("lora.alpha"), *alpha, *alpha > 0.0, "a number above 0; 16 is usual")?;
    need(!targets.is_empty(), || {
        Fault::new(key("lora.targets"), "adapters without a target train nothing")
            .note("help", "write `[\"q_proj\", \"v_proj\"]`, or leave `targets` out")
    })
}
