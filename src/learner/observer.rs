//! What is measured, and when.

use super::checkpoint::Savable;
use super::critic::CriticReport;
use super::source::PromptSamples;
use super::spec::MeasureSpec;
use super::task::BanditTask;
use super::{Progress, Stop};
use crate::numerics::{entropy, exponentials, kl_divergence_given};
use crate::policy::{Enumerable, Policy};
use crate::stream::Streams;
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

mod book;
mod film;
mod names;
mod pairs;
mod proxy;
mod table;
mod when;

pub use book::{Book, Measured};
pub use film::{Film, Frame};
pub use names::{
    LANGUAGE_METRICS, METRICS, SCORING_METRICS, VITALS, is_metric, is_of_language_only,
};
use pairs::{EvaluationPair, evaluation_pairs, log_rest};
use proxy::OverOptimisation;
use table::{OfRow, Table, expected};
pub use when::Moments;

/// One number measured at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Optimizer steps taken before.
    pub step: u64,
    /// Rounds begun before.
    pub round: u64,
    /// Responses scored before.
    pub queries: u64,
    /// Which number, a name of [`METRICS`] or one with an arm.
    pub metric: String,
    /// The number.
    pub value: f64,
}

/// What one optimizer step says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepReport {
    /// The loss, divided by its units.
    pub loss: f64,
    /// Euclidean norm of the gradient before clipping; `None` if nobody asked for it.
    pub gradient_norm: Option<f64>,
    /// The learning rate of the step.
    pub learning_rate: f64,
    /// Share of responses with c > 0.
    pub negative_gradient_fraction: f64,
    /// Σ max(c, 0) / Σ |c|.
    pub negative_gradient_mass: f64,
    /// Steps since the samples were drawn, mean.
    pub staleness_mean: f64,
    /// Steps since the samples were drawn, largest.
    pub staleness_max: u64,
    /// Tokens whose log-probability it pushed; of a reward model, scores.
    pub tokens: usize,
    /// Responses whose log-probability or score it pushed.
    pub responses: usize,
    /// What the critic's own step says, where there is one.
    pub critic: Option<CriticReport>,
    /// The weight of a KL penalty, where there is one.
    pub kl_coefficient: Option<f64>,
    /// Share of the prompts since the last step that teach nothing: no pair, or rewards all alike.
    pub idle_prompts: f64,
    /// Share of tokens whose ratio lies outside the clip, where there is one.
    pub ratio_clipped: Option<f64>,
    /// Share of the responses that weigh: (Σ|c|)²/(n·Σc²).
    pub effective_samples: f64,
}

impl StepReport {
    /// Its numbers by the names of their metrics.
    pub fn metrics(&self) -> impl Iterator<Item = (&'static str, f64)> + use<> {
        let norm = self.gradient_norm.map(|norm| ("grad_norm", norm));
        let kl = self.kl_coefficient.map(|coefficient| ("kl_coefficient", coefficient));
        let critic = self.critic.map(|critic| ("critic_loss", critic.loss));
        let explained = self.critic.and_then(|critic| critic.explained_variance);
        let explained = explained.map(|share| ("explained_variance", share));
        let own = std::iter::once(("loss", self.loss)).chain(norm).chain(kl);
        own.chain(critic).chain(explained).chain([
            ("learning_rate", self.learning_rate),
            ("negative_gradient_fraction", self.negative_gradient_fraction),
            ("negative_gradient_mass", self.negative_gradient_mass),
            ("staleness/mean", self.staleness_mean),
            ("staleness/max", self.staleness_max as f64),
        ])
    }
}

impl StepReport {
    /// What tells of the health of a language model's run; `objective` decides what means anything.
    pub fn health(&self, objective: &str) -> impl Iterator<Item = (&'static str, f64)> + use<> {
        let weights = (objective == "rwr").then_some(("effective_samples", self.effective_samples));
        let clipped = self.ratio_clipped.map(|share| ("ratio_clipped", share));
        std::iter::once(("idle_prompts", self.idle_prompts)).chain(clipped).chain(weights)
    }
}

/// Someone who looks at the policy at step 0 and after every step.
pub trait Observer<P: Policy> {
    /// Looks; `report` is `None` at step 0. Rewards are asked for before anything is written down, so that a run whose
    /// rewards fail here can look again.
    fn observe(
        &mut self,
        policy: &P,
        progress: &Progress,
        report: Option<&StepReport>,
    ) -> Result<(), Stop>;

    /// Looks at what a step is about to push: the minibatch's responses, and ∂loss/∂log π of each of
    /// their tokens.
    fn coefficients(&mut self, responses: &[P::Response], coefficients: &[f64]) {
        let _ = (responses, coefficients);
    }

    /// What it found wrong since it was last asked, in plain words.
    fn take_warnings(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the report that ends in `step` steps taken must say the gradient's norm, which costs
    /// a pass over every parameter.
    fn wants_gradient_norm(&self, step: u64) -> bool {
        let _ = step;
        true
    }
}

/// Nobody looks.
impl<P: Policy> Observer<P> for () {
    fn observe(&mut self, _: &P, _: &Progress, _: Option<&StepReport>) -> Result<(), Stop> {
        Ok(())
    }

    fn wants_gradient_norm(&self, _: u64) -> bool {
        false
    }
}

/// Exact measurements of a policy over arms.
pub struct BanditObserver<'a> {
    task: &'a BanditTask,
    book: Book,
    distribution: bool,
    prompts: Vec<crate::policy::Context>,
    pairs: Vec<EvaluationPair>,
    data: Vec<Rc<PromptSamples<BanditTask>>>,
    /// Arms that some prompt's data hold.
    seen: Vec<bool>,
    over_optimisation: OverOptimisation,
}

impl<'a> BanditObserver<'a> {
    /// Draws the fixed evaluation prompts and pairs of a seed.
    pub fn new(
        task: &'a BanditTask,
        spec: &MeasureSpec,
        identity: (&'static str, u64),
        data: &[Rc<PromptSamples<BanditTask>>],
        streams: Streams,
    ) -> Self {
        let states = if task.ignores_context() { 1 } else { spec.states };
        let mut seen = vec![false; task.problem().arms()];
        data.iter().flat_map(|s| &s.responses).for_each(|&arm| seen[arm] = true);
        BanditObserver {
            task,
            book: Book::new(spec, identity),
            distribution: spec.distribution,
            prompts: (0..states as u64).map(|i| task.evaluation_prompt(i)).collect(),
            pairs: evaluation_pairs(task, spec.pairs, states, streams),
            data: data.iter().take(EVALUATED_DATA).cloned().collect(),
            seen,
            over_optimisation: OverOptimisation::default(),
        }
    }

    /// All that was measured.
    pub fn into_measurements(self) -> Vec<Measurement> {
        self.book.into_measurements()
    }

    /// Reward, divergences and entropy, averaged over the evaluation prompts.
    fn expectations(&mut self, table: &Table, progress: &Progress) -> Result<(), Stop> {
        let problem = self.task.problem();
        let (log_ref, log_target) = (problem.log_reference(), problem.log_target());
        let (reference, target) = (exponentials(log_ref), exponentials(log_target));
        let metrics: [(&str, OfRow<'_>); 6] = [
            ("gold_reward", &|p, _| expected(p, problem.rewards())),
            ("forward_kl_ref", &|_, log_p| kl_divergence_given(&reference, log_ref, log_p)),
            ("reverse_kl_ref", &|p, log_p| kl_divergence_given(p, log_p, log_ref)),
            ("forward_kl_target", &|_, log_p| kl_divergence_given(&target, log_target, log_p)),
            ("reverse_kl_target", &|p, log_p| kl_divergence_given(p, log_p, log_target)),
            ("entropy", &entropy),
        ];
        for (metric, of_row) in metrics {
            if self.book.wants(metric) {
                self.book.record(progress, metric, table.average(of_row))?;
            }
        }
        let Some(boundary) = problem.boundary() else { return Ok(()) };
        let separation = table.average(&|_, log_p| log_p[0] - log_p[1]);
        self.book.record(progress, "separation", separation)?;
        self.book.record(progress, "boundary", boundary)
    }

    /// Log-probabilities of the evaluation pairs and of the rest of the mass.
    fn pairs(&mut self, table: &Array2<f64>, progress: &Progress) -> Result<(), Stop> {
        let wanted = ["logps/", "log_ratio/", "margin"].iter().any(|m| self.book.wants_any(m));
        if !wanted || self.pairs.is_empty() {
            return Ok(());
        }
        let reference = self.task.problem().log_reference();
        let (mut policy, mut start) = ([0.0; 3], [0.0; 3]);
        for pair in &self.pairs {
            let row = table.row(pair.prompt);
            for (sums, log_probs) in
                [(&mut policy, row.to_slice().expect("row")), (&mut start, reference)]
            {
                let (w, l) = (log_probs[pair.chosen], log_probs[pair.rejected]);
                sums[0] += w;
                sums[1] += l;
                sums[2] += log_rest(log_probs, pair);
            }
        }
        let count = self.pairs.len() as f64;
        let ratio: Vec<f64> = (0..3).map(|k| (policy[k] - start[k]) / count).collect();
        // With two arms a pair leaves nothing, and its logarithm is no number.
        let parties = if reference.len() > 2 { 3 } else { 2 };
        for (k, who) in ["chosen", "rejected", "rest"].into_iter().enumerate().take(parties) {
            self.book.record(progress, &format!("logps/{who}"), policy[k] / count)?;
            self.book.record(progress, &format!("log_ratio/{who}"), ratio[k])?;
        }
        self.book.record(progress, "margin", ratio[0] - ratio[1])
    }

    /// How the offline data themselves fare.
    fn training_data<P: Enumerable>(
        &mut self,
        policy: &P,
        progress: &Progress,
    ) -> Result<(), Stop> {
        if self.data.is_empty() || !self.book.wants_any("train_") {
            return Ok(());
        }
        let prompts: Vec<_> = self.data.iter().map(|s| s.prompt.clone()).collect();
        let table = policy.log_probabilities(&prompts);
        let reference = self.task.problem().log_reference();
        let (mut ratios, mut pairs, mut other, mut unseen) = ([0.0; 2], 0usize, 0.0, 0.0);
        for (samples, row) in self.data.iter().zip(table.rows()) {
            for pair in &samples.pairs {
                let (w, l) = (samples.responses[pair.chosen], samples.responses[pair.rejected]);
                ratios[0] += row[w] - reference[w];
                ratios[1] += row[l] - reference[l];
                pairs += 1;
            }
            for (arm, log_prob) in row.iter().enumerate() {
                other += if samples.responses.contains(&arm) { 0.0 } else { log_prob.exp() };
                unseen += if self.seen[arm] { 0.0 } else { log_prob.exp() };
            }
        }
        if pairs > 0 {
            self.book.record(progress, "train_log_ratio/chosen", ratios[0] / pairs as f64)?;
            self.book.record(progress, "train_log_ratio/rejected", ratios[1] / pairs as f64)?;
        }
        let count = self.data.len() as f64;
        self.book.record(progress, "train_mass/other", other / count)?;
        self.book.record(progress, "train_mass/unseen", unseen / count)
    }

    /// The mean probability of every arm; at step 0 also reference, reward and target.
    fn arms(&mut self, table: &Table, progress: &Progress) -> Result<(), Stop> {
        let count = table.probabilities.nrows() as f64;
        for (arm, column) in table.probabilities.columns().into_iter().enumerate() {
            let mean = column.iter().sum::<f64>() / count;
            self.book.write(progress, format!("probability/{arm}"), mean)?;
        }
        if progress.step > 0 {
            return Ok(());
        }
        let problem = self.task.problem();
        for arm in 0..problem.arms() {
            self.book.write(
                progress,
                format!("reference/{arm}"),
                problem.log_reference()[arm].exp(),
            )?;
            self.book.write(progress, format!("reward/{arm}"), problem.rewards()[arm])?;
            self.book.write(progress, format!("target/{arm}"), problem.log_target()[arm].exp())?;
        }
        self.data_arms(progress)
    }
}

/// Offline prompts whose data are followed during training.
const EVALUATED_DATA: usize = 100;

impl<P: Enumerable> Observer<P> for BanditObserver<'_> {
    fn observe(
        &mut self,
        policy: &P,
        progress: &Progress,
        report: Option<&StepReport>,
    ) -> Result<(), Stop> {
        if !self.book.is_due(progress.step) {
            return Ok(());
        }
        let table = Table::new(policy.log_probabilities(&self.prompts));
        self.expectations(&table, progress)?;
        self.lengths(&table, progress)?;
        self.reward_model(&table, progress)?;
        if progress.step == 0 {
            self.coverage(progress)?;
        }
        self.pairs(&table.log_probs, progress)?;
        self.training_data(policy, progress)?;
        self.book.record_step(progress, report)?;
        if self.distribution { self.arms(&table, progress) } else { Ok(()) }
    }

    fn wants_gradient_norm(&self, step: u64) -> bool {
        self.book.wants_gradient_norm(step)
    }
}

/// What a [`BanditObserver`] has gathered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gathered {
    measurements: Vec<Measurement>,
    over_optimisation: OverOptimisation,
}

impl Savable for BanditObserver<'_> {
    type State = Gathered;

    fn state(&self) -> Gathered {
        let Measured { measurements } = self.book.state();
        Gathered { measurements, over_optimisation: self.over_optimisation }
    }

    fn put_back(&mut self, state: Gathered) {
        let Gathered { measurements, over_optimisation } = state;
        self.book.put_back(Measured { measurements });
        self.over_optimisation = over_optimisation;
    }
}
