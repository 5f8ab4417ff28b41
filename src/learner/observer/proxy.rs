//! Lengths, learned rewards and coverage: what the length problems are about.

use super::super::task::BanditTask;
use super::super::{Progress, Stop};
use super::BanditObserver;
use super::table::{Table, expected};
use crate::numerics::{correlation, exponentials};
use crate::problem::coverage;
use serde::{Deserialize, Serialize};

/// What would have been lost by trusting the learned reward.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct OverOptimisation {
    /// The proxy reward and the gold reward of the measured step of highest proxy reward.
    at_best_proxy: Option<(f64, f64)>,
    /// The highest gold reward at any measured step.
    best_gold: Option<f64>,
}

impl OverOptimisation {
    /// Takes in a step; the best gold reward so far − the gold reward where the proxy was best.
    fn observe(&mut self, proxy: f64, gold: f64) -> f64 {
        if self.at_best_proxy.is_none_or(|(best, _)| proxy > best) {
            self.at_best_proxy = Some((proxy, gold));
        }
        let best = self.best_gold.map_or(gold, |best| best.max(gold));
        self.best_gold = Some(best);
        best - self.at_best_proxy.map_or(gold, |(_, there)| there)
    }
}

impl BanditObserver<'_> {
    /// Mean length and distances from the peak, where arms are lengths.
    pub(super) fn lengths(&mut self, table: &Table, progress: &Progress) -> Result<(), Stop> {
        let Some(peak) = self.task.problem().peak_length() else { return Ok(()) };
        let arms = self.task.problem().arms();
        let lengths: Vec<f64> = (0..arms).map(|k| k as f64).collect();
        let mean = table.average(&|p, _| expected(p, &lengths));
        self.book.record(progress, "mean_length", mean)?;
        self.book.record(progress, "mean_distance", (mean - peak).abs())?;
        if self.book.wants("length_distance") {
            let distances: Vec<f64> = lengths.iter().map(|k| (k - peak).abs()).collect();
            let mean = table.average(&|p, _| expected(p, &distances));
            self.book.record(progress, "length_distance", mean)?;
        }
        Ok(())
    }

    /// What the learned reward says, and how far it may be trusted.
    pub(super) fn reward_model(&mut self, table: &Table, progress: &Progress) -> Result<(), Stop> {
        let task: &BanditTask = self.task;
        let Some(proxy) = task.reward_model() else { return Ok(()) };
        let problem = task.problem();
        let proxy_reward = table.average(&|p, _| expected(p, proxy));
        let gold_reward = table.average(&|p, _| expected(p, problem.rewards()));
        let lost = self.over_optimisation.observe(proxy_reward, gold_reward);
        self.book.record(progress, "proxy_reward", proxy_reward)?;
        self.book.record(progress, "over_optimisation", lost)?;
        if progress.step > 0 {
            return Ok(());
        }
        let reference = exponentials(problem.log_reference());
        for (metric, law) in [
            ("proxy_correlation/reference", reference),
            ("proxy_correlation/data", problem.data().marginal()),
        ] {
            self.book.record(progress, metric, correlation(&law, proxy, problem.rewards()))?;
        }
        Ok(())
    }

    /// How far the preference data cover the reference; what is infinite is left out.
    pub(super) fn coverage(&mut self, progress: &Progress) -> Result<(), Stop> {
        let problem = self.task.problem();
        if problem.peak_length().is_none() || !self.book.wants_any("coverage/") {
            return Ok(());
        }
        let found = coverage(&exponentials(problem.log_reference()), &problem.data().marginal());
        for (metric, value) in [
            ("coverage/overlap", found.overlap),
            ("coverage/kl_data_ref", found.data_to_reference),
            ("coverage/kl_ref_data", found.reference_to_data),
            ("coverage/ess", found.effective_sample_size),
        ] {
            if value.is_finite() {
                self.book.record(progress, metric, value)?;
            }
        }
        Ok(())
    }

    /// The preference data and the learned reward, arm by arm.
    pub(super) fn data_arms(&mut self, progress: &Progress) -> Result<(), Stop> {
        let task: &BanditTask = self.task;
        if task.problem().peak_length().is_some() {
            for (arm, mass) in task.problem().data().marginal().into_iter().enumerate() {
                self.book.write(progress, format!("data/{arm}"), mass)?;
            }
        }
        for (arm, reward) in task.reward_model().unwrap_or(&[]).iter().enumerate() {
            self.book.write(progress, format!("proxy/{arm}"), *reward)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::OverOptimisation;

    /// Proxy 1, 2, 3, 2.5 with gold 5, 9, 4, 8: the best gold is 9, the proxy is best where gold is 4.
    #[test]
    fn over_optimisation_is_what_the_best_proxy_costs() {
        let mut state = OverOptimisation::default();
        let steps = [(1.0, 5.0), (2.0, 9.0), (3.0, 4.0), (2.5, 8.0)];
        assert_eq!(steps.map(|(proxy, gold)| state.observe(proxy, gold)), [0.0, 0.0, 5.0, 5.0]);
    }
}
