//! The responses of a model to prompts, sampled once and kept in a file.

use super::Failure;
use crate::cli::host::DeviceArgs;
use crate::cli::llm::{ModelArgs, failure};
use crate::cli::options::write_file;
use crate::llm::task::{Cut, LanguageTask, PromptsTask};
use crate::llm::{
    Comparisons, LanguageModel, Load, Passes, SampleSettings, Special, Tokens, Work, memory,
    require_memory,
};
use crate::preference::{Answer, Answered};
use crate::problem::{Instead, LengthReward, Prompt, PromptsSpec};
use crate::stream::{Draws, Purpose, Streams};
use anyhow::anyhow;
use std::path::Path;

/// What is sampled.
pub struct Asked<'a> {
    /// The file of prompts.
    pub prompts: Option<&'a Path>,
    /// Only so many of them.
    pub limit: Option<usize>,
    /// Who answers.
    pub model: &'a ModelArgs,
    /// Where it is computed.
    pub device: &'a DeviceArgs,
    /// The reward, of which Skew Length shortens responses.
    pub reward: Option<LengthReward>,
    /// Responses to a prompt.
    pub per_prompt: usize,
    /// Tokens at most.
    pub max_new_tokens: usize,
    /// Logits are divided by it.
    pub temperature: f64,
    /// Seed of the draws.
    pub seed: u64,
}

/// What decides about the responses, beside prompts and model.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    model: String,
    responses: usize,
    max_new_tokens: usize,
    temperature: f64,
    seed: u64,
    /// The mean length at which responses are cut.
    truncation: Option<f64>,
}

impl Asked<'_> {
    /// What decides about the responses.
    pub fn settings(&self) -> Settings {
        Settings {
            model: self.model.name().to_owned(),
            responses: self.per_prompt,
            max_new_tokens: self.max_new_tokens,
            temperature: self.temperature,
            seed: self.seed,
            truncation: self.reward.and_then(LengthReward::truncation).map(|cut| cut.mean),
        }
    }

    /// Refuses what no model can do.
    pub fn check(&self) -> Result<(), Failure> {
        if self.temperature > 0.0 && self.temperature.is_finite() {
            return Ok(());
        }
        let given = self.temperature;
        Err(Failure::input(anyhow!("--temperature {given}: a number above 0; 1 is the model")))
    }

    fn read_prompts(&self) -> Result<Vec<Prompt>, Failure> {
        let jsonl = self.prompts.map(Path::to_path_buf);
        let instead = if self.model.is_nano() { Instead::Made } else { Instead::Nothing };
        let spec = PromptsSpec { jsonl, reward: None, limit: self.limit, test: 0 };
        spec.read(instead).map(|split| split.train).map_err(|error| {
            Failure::input(anyhow!(
                "{error}\n  help: name a file of prompts, as the first argument"
            ))
        })
    }
}

/// The responses of a file that was made by the same settings for the same prompts, or new ones, which are written
/// there.
pub fn responses(asked: &Asked<'_>, path: &Path) -> Result<Vec<Answered>, Failure> {
    let prompts = asked.read_prompts()?;
    if let Some(kept) = kept(asked, path, &prompts) {
        eprintln!("{}: {} prompts answered before", path.display(), kept.len());
        return Ok(kept);
    }
    let answered = sample(asked, prompts)?;
    let mut text = serde_json::to_string(&asked.settings()).map_err(Failure::work)? + "\n";
    for group in &answered {
        text += &(serde_json::to_string(group).map_err(Failure::work)? + "\n");
    }
    write_file(path, text.as_bytes())?;
    Ok(answered)
}

fn kept(asked: &Asked<'_>, path: &Path, prompts: &[Prompt]) -> Option<Vec<Answered>> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let settings: Settings = serde_json::from_str(lines.next()?).ok()?;
    let groups: Vec<Answered> = lines.map(serde_json::from_str).collect::<Result<_, _>>().ok()?;
    let same = groups.iter().map(|group| &group.prompt).eq(prompts);
    (settings == asked.settings() && same).then_some(groups)
}

/// Prompts that are answered before the next word about it.
const AT_ONCE: usize = 16;

fn sample(asked: &Asked<'_>, prompts: Vec<Prompt>) -> Result<Vec<Answered>, Failure> {
    let mut files = asked.model.open()?;
    let end = files.require_end_token().map_err(failure)?;
    let settings = SampleSettings {
        temperature: asked.temperature,
        top_k: 0,
        top_p: 1.0,
        max_new_tokens: asked.max_new_tokens,
        end_tokens: files.config.end_tokens.clone(),
    };
    let mut tokens: Vec<Tokens> = Vec::with_capacity(prompts.len());
    for (i, prompt) in prompts.iter().enumerate() {
        let own = prompt.tokens(files.chat_template.as_ref(), &files.tokenizer).map_err(failure)?;
        settings.fit(i, own.len(), files.config.context).map_err(failure)?;
        tokens.push(own.into());
    }
    let longest = tokens.iter().map(|prompt| prompt.len()).max().unwrap_or(0);
    let cached = AT_ONCE * (longest + asked.per_prompt * asked.max_new_tokens);
    let needed = memory(&files.config, Work::Inference, Load { tokens: 512, cached });
    let remedy = "fewer --responses or --max-new-tokens, or a smaller model";
    require_memory(needed, asked.device.available_memory(), remedy).map_err(failure)?;
    let tokenizer = files.tokenizer.clone();
    let decoder = asked.model.load(&mut files, asked.device.engine()?)?;
    let passes = Passes { rows: 512, activations: Default::default() };
    let task = PromptsTask {
        train: tokens,
        test: Vec::new(),
        comparisons: Comparisons::default(),
        reward: asked.reward,
        reference: LanguageModel::new(decoder, settings, passes),
        cache: None,
    };
    let drawn = draw(asked, &task)?;
    let answer = |response: &Tokens| {
        let (count, cut) = task.measure(response);
        let said = &response[..response.len() - usize::from(response.last() == Some(&end))];
        let text = tokenizer.decode(said, Special::Hidden).map_err(failure)?;
        Ok(Answer { text, tokens: count, cut: cut == Cut::Yes })
    };
    let groups = prompts.into_iter().zip(drawn.chunks(asked.per_prompt));
    groups
        .map(|(prompt, own)| {
            let responses = own.iter().map(answer).collect::<Result<_, Failure>>()?;
            Ok(Answered { prompt, responses })
        })
        .collect()
}

/// All responses, a few prompts at a time; the addresses are those of one draw.
fn draw(asked: &Asked<'_>, task: &PromptsTask) -> Result<Vec<Tokens>, Failure> {
    let stop = crate::cli::interrupt::interrupts("stopping after these prompts");
    let draws = Draws::new(Streams::new(asked.seed), Purpose::Sample, 0);
    let (mut drawn, count) = (Vec::new(), task.train.len());
    for first in (0..count).step_by(AT_ONCE) {
        if stop.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Failure::Abandoned);
        }
        let some = first..count.min(first + AT_ONCE);
        let own = draws.from(drawn.len());
        let responses = task.responses_for_data(&task.train[some.clone()], asked.per_prompt, &own);
        drawn.extend(responses.map_err(Failure::work)?);
        eprintln!("{} of {count} prompts answered", some.end);
    }
    Ok(drawn)
}
