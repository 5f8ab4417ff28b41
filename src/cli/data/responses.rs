//! The responses of a model to prompts, sampled once and kept in a file.

use super::Failure;
use super::kept::{Kept, Settings};
use crate::cli::host::DeviceArgs;
use crate::cli::interrupt::interrupts;
use crate::cli::llm::{ModelArgs, SystemArgs, answering, failure};
use crate::llm::task::{Cut, LanguageTask, PromptsTask};
use crate::llm::{
    Examples, LanguageModel, Load, ModelFiles, Passes, SampleSettings, Special, Tokenizer, Tokens,
    Work, memory, require_memory,
};
use crate::preference::{Answer, Answered, Ending};
use crate::problem::{LengthReward, Prompt};
use crate::stream::{Draws, Purpose, Streams};
use anyhow::anyhow;
use std::path::Path;
use std::sync::atomic::Ordering;

/// What is sampled.
pub struct Asked<'a> {
    /// The file of prompts.
    pub prompts: Option<&'a Path>,
    /// Only so many of them.
    pub limit: Option<usize>,
    /// Who answers.
    pub model: &'a ModelArgs,
    /// A system message before prompts.
    pub system: &'a SystemArgs,
    /// Where it is computed.
    pub device: &'a DeviceArgs,
    /// The reward, of which Skew Length shortens responses.
    pub reward: Option<LengthReward>,
    /// Responses to a prompt.
    pub per_prompt: usize,
    /// Tokens at most, if anything is asked.
    pub max_new_tokens: Option<usize>,
    /// Logits are divided by it.
    pub temperature: f64,
    /// Seed of the draws.
    pub seed: u64,
}

/// A model that can answer all prompts, its weights not loaded yet.
pub struct Ready {
    /// What decides about its responses.
    pub settings: Settings,
    /// What is answered.
    pub prompts: Vec<Prompt>,
    files: ModelFiles,
    tokens: Vec<Tokens>,
    sampling: SampleSettings,
}

impl Asked<'_> {
    /// Opens the model and the prompts, and refuses what no model can do or this one cannot.
    pub fn ready(&self) -> Result<Ready, Failure> {
        if !(self.temperature > 0.0 && self.temperature.is_finite()) {
            let given = self.temperature;
            return Err(Failure::input(anyhow!(
                "--temperature {given}: a number above 0; 1 is the model"
            )));
        }
        let prompts = self.model.prompts((self.prompts, self.limit), self.system)?;
        let files = self.model.open()?;
        files.require_end_token().map_err(failure)?;
        let (tokens, sampling) = self.answering(&prompts, &files)?;
        let settings = self.settings(&files, sampling.max_new_tokens)?;
        Ok(Ready { settings, prompts, files, tokens, sampling })
    }

    /// The prompts as the model reads them, and how it answers; refused where one is too long, or all need too much
    /// memory.
    fn answering(
        &self,
        prompts: &[Prompt],
        files: &ModelFiles,
    ) -> Result<(Vec<Tokens>, SampleSettings), Failure> {
        let asked = (self.temperature, self.max_new_tokens);
        let (tokens, sampling) = answering(prompts, files, asked)?;
        let longest = tokens.iter().map(|prompt| prompt.len()).max().unwrap_or(0);
        let cached = AT_ONCE * (longest + self.per_prompt * sampling.max_new_tokens);
        let needed = memory(&files.config, Work::Inference, Load { tokens: 512, cached });
        let remedy = "fewer --responses or --max-new-tokens, or a smaller model";
        require_memory(needed, self.device.available_memory(), remedy).map_err(failure)?;
        Ok((tokens, sampling))
    }

    fn settings(&self, files: &ModelFiles, max_new_tokens: usize) -> Result<Settings, Failure> {
        let (weights, adapter) = self.model.identity(files)?;
        Ok(Settings {
            model: self.model.name().to_owned(),
            weights,
            adapter,
            responses: self.per_prompt,
            max_new_tokens,
            temperature: self.temperature,
            seed: self.seed,
            skew: self.reward.and_then(LengthReward::truncation).map(|cut| cut.mean),
        })
    }

    /// The responses to all prompts: those of the file, and new ones, which are added to it.
    pub fn responses(&self, ready: Ready, mut kept: Kept) -> Result<Vec<Answered>, Failure> {
        let Ready { prompts, mut files, tokens, sampling, .. } = ready;
        let before = kept.groups.len();
        if before > 0 {
            eprintln!("{before} prompts answered before");
        }
        if before == prompts.len() {
            return Ok(kept.groups);
        }
        let tokenizer = files.tokenizer.clone();
        let decoder = self.model.load(&mut files, self.device.engine()?)?;
        let passes = Passes { rows: 512, activations: Default::default() };
        let task = PromptsTask {
            train: tokens,
            test: Vec::new(),
            examples: Examples::default(),
            reward: self.reward,
            gold: None,
            proxy: None,
            reference: LanguageModel::new(decoder, sampling, passes),
            cache: None,
            texts: None,
        };
        let sampler = Sampler { asked: self, task, tokenizer };
        let stop = interrupts("stopping after these prompts");
        for first in (before..prompts.len()).step_by(AT_ONCE) {
            if stop.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            let some = first..prompts.len().min(first + AT_ONCE);
            let end = some.end;
            kept.push(sampler.answered(&prompts[some.clone()], first)?)?;
            eprintln!("{end} of {} prompts answered", prompts.len());
        }
        Ok(kept.groups)
    }
}

/// Prompts that are answered before the next word about it.
const AT_ONCE: usize = 16;

/// A model at work.
struct Sampler<'a> {
    asked: &'a Asked<'a>,
    task: PromptsTask,
    tokenizer: Tokenizer,
}

impl Sampler<'_> {
    /// Answers the prompts from the `first`-th on; addresses are those of one draw of all.
    fn answered(&self, prompts: &[Prompt], first: usize) -> Result<Vec<Answered>, Failure> {
        let per_prompt = self.asked.per_prompt;
        let draws = Draws::new(Streams::new(self.asked.seed), Purpose::Sample, 0);
        let draws = draws.from(first * per_prompt);
        let tokens = &self.task.train[first..first + prompts.len()];
        let whole = self.task.reference_responses(tokens, per_prompt, &draws);
        let whole = whole.map_err(Failure::work)?;
        let drawn = self.task.shortened_for_data(whole.clone(), &draws);
        let answers = whole.iter().zip(&drawn).map(|(whole, own)| self.answer(whole, own));
        let answers = answers.collect::<Result<Vec<Answer>, Failure>>()?;
        let groups = prompts.iter().zip(answers.chunks(per_prompt));
        let group = |(prompt, own): (&Prompt, &[Answer])| Answered {
            prompt: prompt.clone(),
            responses: own.to_vec(),
        };
        Ok(groups.map(group).collect())
    }

    /// A response as text, without its end token; `whole` is what was drawn.
    fn answer(&self, whole: &Tokens, response: &Tokens) -> Result<Answer, Failure> {
        let (tokens, cut) = self.task.measure(response);
        let text = self.tokenizer.decode(&response[..tokens], Special::Hidden).map_err(failure)?;
        let ending = match cut {
            _ if whole != response => Ending::Shortened,
            Cut::Yes => Ending::Limit,
            Cut::No | Cut::NoEnd => Ending::Own,
        };
        Ok(Answer { text, tokens, ending })
    }
}
