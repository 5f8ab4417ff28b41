//! What is measured of a language model: on responses that it draws, and on fixed pairs.

use super::answers::{Answers, Reads, Worth};
use super::pairs::{EvaluationPair, evaluation_pairs};
use super::task::LanguageTask;
use super::{LanguageModel, Sequences, Tokens};
use crate::learner::{
    Ailment, Book, Completion, MeasureSpec, Measured, Measurement, Observer, Progress, Savable,
    StepReport, Stop, Warning, warnings,
};
use crate::policy::Policy;
use crate::preference::{WinRate, win};
use crate::stream::{Draws, Purpose, Streams};
use std::collections::BTreeSet;

/// Measurements of a policy over sequences; every policy of a seed draws with the same numbers.
pub struct LanguageObserver<'a, T> {
    task: &'a T,
    book: Book,
    /// What turns log-ratios into implicit rewards, where the objective has it.
    beta: Option<f64>,
    prompts: Vec<Tokens>,
    pairs: Vec<EvaluationPair>,
    /// Prompts and the responses that the user's data hold of them; not trained on.
    examples: Sequences,
    streams: Streams,
    /// What was answered at the last measured step.
    answers: Vec<Completion>,
    /// What π_ref's answers to the same draws are worth, where a win rate is measured.
    before: Option<Worth>,
    /// What was told to be wrong, and what is still to be told.
    told: BTreeSet<Ailment>,
    warnings: Vec<String>,
}

impl<'a, T: LanguageTask> LanguageObserver<'a, T> {
    /// Draws the fixed evaluation prompts and pairs of a seed.
    pub fn new(
        task: &'a T,
        spec: &MeasureSpec,
        identity: (&'static str, u64),
        streams: Streams,
    ) -> Result<Self, Stop> {
        let mut observer = LanguageObserver {
            task,
            book: Book::new(spec, identity),
            beta: None,
            prompts: task.evaluation_prompts(spec.states),
            pairs: Vec::new(),
            examples: Sequences::default(),
            streams,
            answers: Vec::new(),
            before: None,
            told: BTreeSet::new(),
            warnings: Vec::new(),
        };
        let reads_pairs = |m: &&str| observer.book.wants_any(m);
        if ["logps/", "log_ratio/", "margin", "accuracy", "rewards/"].iter().any(reads_pairs) {
            observer.pairs = evaluation_pairs(task, &observer.prompts, spec.pairs, streams)?;
        }
        if observer.book.wants_any("win_rate") && task.has_reward() {
            let answers = task.reference_responses(&observer.prompts, 1, &observer.draws())?;
            observer.before = Some(Worth::of(task, &observer.prompts, &answers)?);
        }
        if observer.book.wants("eval_loss") {
            for row in task.test_examples().iter().take(spec.pairs) {
                let prompt = observer.prompts[row.prompt as usize].clone();
                observer.examples.push(prompt, [row.chosen.clone()]);
            }
        }
        Ok(observer)
    }

    /// Also measures implicit rewards, β·log π(y)/π_ref(y), of an objective that has them.
    pub fn with_implicit_rewards(self, beta: Option<f64>) -> Self {
        LanguageObserver { beta, ..self }
    }

    /// All that was measured.
    pub fn into_measurements(self) -> Vec<Measurement> {
        self.book.into_measurements()
    }

    /// What was answered at the last measured step, one JSON object a line; nothing where responses are no
    /// texts.
    pub fn answers(&self) -> Result<String, Stop> {
        let line = |answer: &Completion| serde_json::to_string(answer).map(|line| line + "\n");
        let lines: Result<String, _> = self.answers.iter().map(line).collect();
        lines.map_err(|error| Stop::Setup(error.to_string()))
    }

    /// Warnings of all that was measured; those that were not told before are to be told.
    fn look(&mut self) {
        let series = |metric: &str| {
            let own = self.book.measurements().iter().filter(|m| m.metric == metric);
            own.map(|m| (m.step, m.value)).collect()
        };
        for Warning { step, ailment, text } in warnings(series) {
            if self.told.insert(ailment) {
                self.warnings.push(format!("step {step}: {text}"));
            }
        }
    }

    /// The numbers that every answer to an evaluation prompt is drawn with, π_ref's too.
    fn draws(&self) -> Draws {
        Draws::new(self.streams, Purpose::Evaluation, 0)
    }

    /// Means over one response to each evaluation prompt.
    fn completions(&mut self, policy: &LanguageModel, progress: &Progress) -> Result<(), Stop> {
        let reads = Reads {
            proxy: self.task.has_reward_model() && self.book.wants("proxy_reward"),
            log_ratio: self.book.wants("kl"),
        };
        let samples = policy.draw(&self.prompts, 1, &self.draws())?;
        let answers = Answers::of(self.task, &self.prompts, samples, reads)?;
        if self.task.has_reward() {
            self.book.record(progress, "gold_reward", answers.gold())?;
            self.win_rate(&answers, progress)?;
        }
        let means = [("proxy_reward", answers.proxy()), ("kl", answers.log_ratio())];
        let measured = means.into_iter().filter_map(|(metric, mean)| Some((metric, mean?)));
        self.book.record_all(progress, measured)?;
        self.book.record(progress, "entropy", answers.surprise())?;
        if let Some((length, cut)) = answers.lengths() {
            let lengths = [("completions/mean_length", length), ("completions/clipped_ratio", cut)];
            self.book.record_vitals(progress, lengths)?;
        }
        self.answers = answers.written(self.task, progress.step)?;
        Ok(())
    }

    /// How often an answer is worth more than what π_ref answered with the same numbers.
    fn win_rate(&mut self, answers: &Answers, progress: &Progress) -> Result<(), Stop> {
        let Some(before) = &self.before else { return Ok(()) };
        let WinRate { share, interval: [low, high], length_controlled } = answers.against(before);
        let rates = [
            ("win_rate", share),
            ("win_rate/low", low),
            ("win_rate/high", high),
            ("win_rate/length_controlled", length_controlled),
        ];
        self.book.record_all(progress, rates)
    }

    /// −log π of a token of the examples that are kept apart.
    fn held_out_loss(&mut self, policy: &LanguageModel, progress: &Progress) -> Result<(), Stop> {
        if self.examples.responses().is_empty() {
            return Ok(());
        }
        let log_pi = policy.log_probs(&self.examples)?;
        let (sum, count) = (log_pi.values().iter().sum::<f64>(), log_pi.values().len());
        self.book.record(progress, "eval_loss", -sum / count as f64)
    }

    /// Log-probabilities of the fixed pairs.
    fn fixed_pairs(&mut self, policy: &LanguageModel, progress: &Progress) -> Result<(), Stop> {
        if self.pairs.is_empty() {
            return Ok(());
        }
        let mut batch = Sequences::default();
        self.pairs.iter().for_each(|p| batch.push(p.prompt.clone(), p.responses.clone()));
        let log_pi = policy.log_probs(&batch)?;
        let count = self.pairs.len() as f64;
        let of = |i: usize, side: usize| log_pi.response(2 * i + side).iter().sum::<f64>();
        let mut ratios = [0.0; 2];
        for (side, who) in ["chosen", "rejected"].into_iter().enumerate() {
            let own: f64 = (0..self.pairs.len()).map(|i| of(i, side)).sum();
            let reference: f64 = self.pairs.iter().map(|pair| pair.log_ref[side]).sum();
            ratios[side] = (own - reference) / count;
            self.book.record(progress, &format!("logps/{who}"), own / count)?;
        }
        let margins = self.pairs.iter().enumerate().map(|(i, pair)| {
            let [chosen, rejected] = pair.log_ref;
            (of(i, 0) - chosen) - (of(i, 1) - rejected)
        });
        // Log-probabilities of one sequence differ by rounding from batch to batch.
        const ROUNDING: f64 = 1e-4;
        let right: f64 = margins.map(|margin| win(margin, ROUNDING)).sum();
        self.book.record(progress, "accuracy", right / count)?;
        self.book.record(progress, "margin", ratios[0] - ratios[1])?;
        let vitals = [("log_ratio/chosen", ratios[0]), ("log_ratio/rejected", ratios[1])];
        self.book.record_vitals(progress, vitals)?;
        self.implicit_rewards(progress, (ratios, right / count))
    }

    /// The numbers of the fixed pairs in the unit of the loss, where it has one.
    fn implicit_rewards(
        &mut self,
        progress: &Progress,
        ([chosen, rejected], accuracy): ([f64; 2], f64),
    ) -> Result<(), Stop> {
        let Some(beta) = self.beta else { return Ok(()) };
        let rewards = [
            ("rewards/chosen", beta * chosen),
            ("rewards/rejected", beta * rejected),
            ("rewards/margins", beta * (chosen - rejected)),
            ("rewards/accuracies", accuracy),
        ];
        self.book.record_all(progress, rewards)
    }
}

impl<T: LanguageTask> Observer<LanguageModel> for LanguageObserver<'_, T> {
    fn observe(
        &mut self,
        policy: &LanguageModel,
        progress: &Progress,
        report: Option<&StepReport>,
    ) -> Result<(), Stop> {
        if !self.book.is_due(progress.step) {
            return Ok(());
        }
        if ["gold_reward", "proxy_reward", "win_rate", "kl", "entropy", "completions/"]
            .iter()
            .any(|m| self.book.wants_any(m))
        {
            self.completions(policy, progress)?;
        }
        self.fixed_pairs(policy, progress)?;
        self.held_out_loss(policy, progress)?;
        self.book.record_step(progress, report)?;
        let health = report.map(|r| r.health(self.book.objective())).into_iter().flatten();
        self.book.record_vitals(progress, health)?;
        self.look();
        Ok(())
    }

    fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn wants_gradient_norm(&self, step: u64) -> bool {
        self.book.wants_gradient_norm(step)
    }
}

impl<T: LanguageTask> Savable for LanguageObserver<'_, T> {
    type State = Measured;

    fn state(&self) -> Measured {
        self.book.state()
    }

    fn put_back(&mut self, state: Measured) {
        self.book.put_back(state);
        // They were told before the run was cut.
        self.look();
        self.warnings.clear();
    }
}
