//! Which model, where it is computed, and how fast it was.

use super::{Failure, MODELS, failure};
use crate::cli::memory::peak_memory;
use crate::cli::run::TEACHING;
use crate::llm::{
    AdapterFiles, Decoder, Engine, Kernels, ModelFiles, Prompt, SampleSettings, Tokens, Training,
    find_model, lacks_nano, require_nano,
};
use crate::numerics::Threads;
use crate::policy::LanguageModelSpec;
use crate::problem::{Instead, PromptsSpec};
use anyhow::anyhow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Which model.
#[derive(clap::Args, Debug)]
pub struct ModelArgs {
    /// A Hugging Face folder, a .gguf file, the name of a fetched model, or nano
    #[arg(long)]
    model: String,
    /// Folder of fetched models
    #[arg(long, value_name = "DIR", default_value = MODELS)]
    models: PathBuf,
    /// An adapter for it: a folder as PEFT writes it
    #[arg(long, value_name = "DIR")]
    adapter: Option<PathBuf>,
}

impl ModelArgs {
    /// A model without an adapter.
    pub fn named(model: &str, models: &Path) -> Self {
        ModelArgs { model: model.to_owned(), models: models.to_owned(), adapter: None }
    }

    /// The model as it was typed.
    pub fn name(&self) -> &str {
        &self.model
    }

    /// The folder of fetched models.
    pub fn models(&self) -> &Path {
        &self.models
    }

    /// Whether it is the model that the program teaches itself.
    pub fn is_nano(&self) -> bool {
        self.model == LanguageModelSpec::NANO
    }

    /// Another model, or this one with another adapter or none.
    pub fn other(&self, model: Option<&str>, adapter: Option<PathBuf>) -> ModelArgs {
        let model = model.unwrap_or(&self.model).to_owned();
        ModelArgs { model, models: self.models.clone(), adapter }
    }

    /// What it is, for tables.
    pub fn shown(&self) -> String {
        match &self.adapter {
            Some(adapter) => format!("{} with {}", self.model, adapter.display()),
            None => self.model.clone(),
        }
    }

    /// Everything but the weights; the model nano is taught first, if it is not there.
    pub fn open(&self) -> Result<ModelFiles, Failure> {
        if self.is_nano() {
            if lacks_nano(&self.models) {
                eprintln!("{TEACHING}");
            }
            let engine = Engine::host(Kernels::Fused, Threads::One);
            require_nano(&self.models, &engine).map_err(failure)?;
        }
        let path = find_model(&self.model, &self.models).map_err(failure)?;
        ModelFiles::open(&path).map_err(failure)
    }

    /// The sha256 of its weights, and that of its adapter; the adapter is checked.
    pub fn identity(&self, files: &ModelFiles) -> Result<(String, Option<String>), Failure> {
        let adapter = self.adapter.as_ref().map(|folder| {
            AdapterFiles::open(folder, &files.config).and_then(|adapter| adapter.identity())
        });
        let adapter = adapter.transpose().map_err(failure)?;
        Ok((files.identity().map_err(failure)?, adapter))
    }

    /// The prompts of a file, or of the program for the model that knows them, after the system message if there is
    /// one.
    pub fn prompts(
        &self,
        (jsonl, limit): (Option<&Path>, Option<usize>),
        system: &SystemArgs,
    ) -> Result<Vec<Prompt>, Failure> {
        let spec = PromptsSpec::unrewarded(jsonl.map(Path::to_path_buf), limit);
        let instead = if self.is_nano() { Instead::Made } else { Instead::Nothing };
        let split = spec.read(instead).map_err(|error| {
            let help = "name a file of prompts, as the first argument";
            Failure::input(anyhow!("{error}\n  help: {help}"))
        })?;
        Ok(split.train.into_iter().map(|prompt| system.before(prompt)).collect())
    }

    /// The weights, with the adapter if there is one; it is checked before a weight is loaded.
    pub fn load(&self, files: &mut ModelFiles, engine: Engine) -> Result<Decoder, Failure> {
        let adapter = self.adapter.as_ref();
        let adapter = adapter.map(|folder| AdapterFiles::open(folder, &files.config)).transpose();
        let adapter = adapter.map_err(failure)?;
        let weights = &mut *files.weights;
        let decoder = Decoder::load(files.config.clone(), engine, weights, Training::Frozen);
        let mut decoder = decoder.map_err(failure)?;
        adapter.map_or(Ok(()), |adapter| decoder.put_adapters(adapter)).map_err(failure)?;
        Ok(decoder)
    }
}

/// A system message, for the commands that ask a model something.
#[derive(clap::Args, Debug)]
pub struct SystemArgs {
    /// A system message before every prompt that has none of its own
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
}

impl SystemArgs {
    /// The prompt after the message, if there is one.
    pub fn before(&self, prompt: Prompt) -> Prompt {
        match &self.system {
            Some(system) => prompt.after_system(system),
            None => prompt,
        }
    }
}

/// The prompts as a model reads them, and how it answers them; refused where it cannot answer one.
pub fn answering(
    prompts: &[Prompt],
    files: &ModelFiles,
    (temperature, asked): (f64, Option<usize>),
) -> Result<(Vec<Tokens>, SampleSettings), Failure> {
    let tokens = |prompt: &Prompt| {
        prompt.tokens(files.chat_template.as_ref(), &files.tokenizer).map(Tokens::from)
    };
    let tokens: Vec<Tokens> =
        prompts.iter().map(tokens).collect::<Result<_, _>>().map_err(failure)?;
    let (longest, context) = (tokens.iter().map(|own| own.len()).max(), files.config.context);
    let settings = SampleSettings {
        temperature,
        top_k: 0,
        top_p: 1.0,
        max_new_tokens: new_tokens(asked, longest.unwrap_or(0), context),
        end_tokens: files.config.end_tokens.clone(),
    };
    let fit = |(i, own): (usize, &Tokens)| settings.fit(i, own.len(), context);
    tokens.iter().enumerate().try_for_each(fit).map_err(failure)?;
    Ok((tokens, settings))
}

/// Tokens of an answer: as asked, else 256, or what a context leaves beside a prompt.
pub fn new_tokens(asked: Option<usize>, prompt: usize, context: usize) -> usize {
    const USUAL: usize = 256;
    asked.unwrap_or_else(|| USUAL.min((context + 1).saturating_sub(prompt).max(1)))
}

/// Tokens since a moment.
pub struct Pace {
    begun: Instant,
    tokens: usize,
}

impl Pace {
    /// Begins now.
    pub fn new() -> Self {
        Pace { begun: Instant::now(), tokens: 0 }
    }

    /// Counts tokens.
    pub fn add(&mut self, tokens: usize) {
        self.tokens += tokens;
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.begun.elapsed().as_secs_f64();
        let rate = self.tokens as f64 / seconds.max(1e-9);
        write!(f, "{} tokens in {seconds:.1} s, {rate:.0} tokens/s", self.tokens)?;
        match peak_memory() {
            Some(bytes) => write!(f, ", peak memory {:.2} GB", bytes as f64 / 1e9),
            None => Ok(()),
        }
    }
}
