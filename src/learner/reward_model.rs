//! The learned reward r_φ of a run: a Bradley–Terry model of its first preference pairs.

use super::Stop;
use super::source::{Judge, Labeller, Reference};
use super::task::BanditTask;
use crate::preference::{PairRule, RewardModelSpec, fit_reward_model};
use crate::stream::Streams;

/// Learns a reward from the preference data and puts it in the place of the true one.
///
/// The pairs are those of the first prompts of D_pref with two responses each, labelled as `rule`
/// says: where C = 2, offline methods learn from the same ones. The constant that comparisons leave
/// open is set so that both rewards have the same mean over the data.
pub(super) fn learn_reward(
    task: BanditTask,
    spec: &RewardModelSpec,
    rule: PairRule,
    streams: Streams,
) -> Result<BanditTask, Stop> {
    let (judge, reference) = (Judge::Annotator, Reference::Unread);
    let labeller = Labeller { task: &task, rule, streams, judge, reference };
    let prompts: Vec<u64> = (0..spec.pairs as u64).collect();
    let data = labeller.preference_data(&prompts, 2)?;
    let comparisons: Vec<(usize, usize)> = data
        .iter()
        .flat_map(|s| s.pairs.iter().map(|p| (s.responses[p.chosen], s.responses[p.rejected])))
        .collect();
    if comparisons.is_empty() {
        let message = "reward_model: no pair of the preference data was kept, so that nothing can \
                       be learned; lower pairs.reward_gap or raise reward_model.pairs";
        return Err(Stop::Setup(message.to_owned()));
    }
    let temperature = rule.labels().temperature().unwrap_or(1.0);
    let problem = task.problem();
    let mut reward = fit_reward_model(spec, problem.arms(), &comparisons, temperature)
        .map_err(|e| Stop::Setup(format!("reward_model.{e}")))?;
    let law = problem.data().marginal();
    let gap = |(p, (gold, own)): (&f64, (&f64, &f64))| p * (gold - own);
    let shift: f64 = law.iter().zip(problem.rewards().iter().zip(&reward)).map(gap).sum();
    reward.iter_mut().for_each(|r| *r += shift);
    Ok(task.with_reward_model(reward))
}
