//! Opening a model: a Hugging Face folder or a GGUF file, checked before any weight is loaded.

mod adapter;
mod adapter_config;
mod end;
mod export;
mod faults;
mod folder;
mod gguf;
mod gguf_config;
mod gguf_names;
mod gguf_tokenizer;
mod hf_config;
mod hf_write;
mod inventory;
mod safetensors;
mod store;

pub use adapter::{AdapterFiles, adapter_base, is_adapter};
pub use faults::no_reward_model;
pub use inventory::{projections_of, weights_of};
pub use store::require_absent;

use super::{ChatTemplate, Config, LlmError, Tokenizer, WeightSource};
use faults::fault;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// An opened model: everything but its weights is read, and those are known to fit.
pub struct ModelFiles {
    /// The folder or the file.
    pub path: PathBuf,
    /// What fixes the decoder; the first of its end tokens is the one that closes a written response.
    pub config: Config,
    /// Its weights, read one by one as they are asked for.
    pub weights: Box<dyn WeightSource>,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// How messages become a prompt; a base model has none.
    pub chat_template: Option<ChatTemplate>,
    /// How its matrices are stored, such as `BF16` or `Q4_1, Q8_0, F32`, the most numbers first.
    pub stored_as: String,
    /// The files that hold its weights, in the order of their names.
    pub weight_files: Vec<PathBuf>,
}

/// What a folder and a GGUF file are both read into.
struct Parts {
    config: Config,
    store: Box<dyn Store>,
    tokenizer: Tokenizer,
    /// The file that holds the template, and its text.
    chat_template: Option<(PathBuf, String)>,
    weight_files: Vec<PathBuf>,
}

/// Weights on disk, whose shapes are known before they are read.
trait Store: WeightSource {
    /// The shape of the weight of this Hugging Face name, and the file that holds it; a fault if
    /// there is none.
    fn shape(&self, name: &str) -> Result<(Vec<usize>, &Path), LlmError>;

    /// How its tensors are stored and how many numbers each has.
    fn formats(&self) -> Vec<(String, usize)>;
}

impl ModelFiles {
    /// Opens a Hugging Face folder or a `.gguf` file and checks that every weight is there and fits;
    /// loads none of them.
    ///
    /// Refused: a path that is neither, truncated files, an unknown architecture, unreadable JSON,
    /// weights that are missing or of another shape, a tokenizer with more tokens than the model.
    pub fn open(path: &Path) -> Result<Self, LlmError> {
        let parts = match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(neither(path, "there is no such file or folder"));
            }
            Err(error) => return Err(LlmError::file(path, error)),
            Ok(found) if found.is_dir() => match only_gguf(path)? {
                Some(file) => gguf::open(&file)?,
                None => folder::open(path)?,
            },
            Ok(_) if gguf::has_magic(path)? => gguf::open(path)?,
            Ok(_) => return Err(neither(path, "neither a folder nor a GGUF file")),
        };
        check(path, &parts)?;
        let template = parts.chat_template;
        let chat_template = template
            .map(|(file, text)| ChatTemplate::new(&file, text, &parts.tokenizer))
            .transpose()?;
        Ok(ModelFiles {
            path: path.to_owned(),
            config: parts.config,
            stored_as: stored_as(parts.store.formats()),
            weights: parts.store,
            tokenizer: parts.tokenizer,
            chat_template,
            weight_files: parts.weight_files,
        })
    }

    /// The token that closes a written response; refused if the model has none.
    pub fn require_end_token(&self) -> Result<u32, LlmError> {
        self.config.end_tokens.first().copied().ok_or_else(|| {
            fault(
                &self.path,
                "a tokenizer without an end token: no response would ever end",
                "`eos_token_id` in generation_config.json or config.json, `eos_token` in \
                 tokenizer_config.json, or `tokenizer.ggml.eos_token_id` in a GGUF file",
                "write the id of the token that ends a response into generation_config.json",
            )
        })
    }

    /// The tokens of a written response, closed by the end token unless it was cut before its end; without a token
    /// of its own it is always closed. Refused: a model without an end token.
    pub fn response(&self, text: &str, is_cut: bool) -> Result<Vec<u32>, LlmError> {
        let end = self.require_end_token()?;
        let mut tokens = self.tokenizer.encode(text)?;
        if !is_cut || tokens.is_empty() {
            tokens.push(end);
        }
        Ok(tokens)
    }

    /// The sha256 of its weights: of the file, or of the sha256s of several files in the order of
    /// their names. Reads every byte.
    pub fn identity(&self) -> Result<String, LlmError> {
        let hashes: Vec<String> =
            self.weight_files.iter().map(|file| sha256(file)).collect::<Result<_, _>>()?;
        Ok(match hashes.as_slice() {
            [one] => one.clone(),
            many => hex(&Sha256::digest(many.join("\n"))),
        })
    }
}

/// The sha256 of a file, in hexadecimal digits.
pub fn sha256(path: &Path) -> Result<String, LlmError> {
    let fail = |error| LlmError::file(path, error);
    let mut file = File::open(path).map_err(fail)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(fail)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The GGUF file of a folder that holds one and no config.json.
fn only_gguf(folder: &Path) -> Result<Option<PathBuf>, LlmError> {
    if folder.join("config.json").exists() {
        return Ok(None);
    }
    let entries = std::fs::read_dir(folder).map_err(|error| LlmError::file(folder, error))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "gguf"));
    Ok(if files.len() == 1 { files.pop() } else { None })
}

/// A path that is no model.
fn neither(path: &Path, found: &str) -> LlmError {
    fault(
        path,
        found,
        "a Hugging Face folder (config.json, model.safetensors, tokenizer.json) or a .gguf file",
        "give the path of one, or fetch one with `modeseek llm get smollm2-135m`",
    )
}

/// Every weight there and of its shape, and no token without a row.
fn check(path: &Path, parts: &Parts) -> Result<(), LlmError> {
    for (name, wanted) in weights_of(&parts.config) {
        let (found, file) = parts.store.shape(&name)?;
        if found != wanted {
            return Err(faults::wrong_shape(file, &name, &found, &wanted));
        }
    }
    let (tokens, rows) = (parts.tokenizer.vocabulary(), parts.config.vocabulary);
    if tokens > rows {
        let found = format!("the tokenizer has {tokens} tokens, the model {rows}");
        let help = "the tokenizer is of another model; fetch both together";
        return Err(fault(path, found, "at most as many tokens as the embedding has rows", help));
    }
    let lost = parts.config.end_tokens.iter().find(|id| **id as usize >= rows);
    lost.map_or(Ok(()), |id| {
        let found = format!("the end token {id} is none of the model's {rows} tokens");
        Err(fault(path, found, format!("0 to {}", rows - 1), "correct `eos_token_id`"))
    })
}

/// `Q4_1, Q8_0`: how tensors are stored, the most numbers first.
fn stored_as(formats: Vec<(String, usize)>) -> String {
    let mut totals: std::collections::BTreeMap<String, usize> = Default::default();
    for (format, count) in formats {
        *totals.entry(format).or_default() += count;
    }
    let mut totals: Vec<_> = totals.into_iter().collect();
    totals.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    totals.into_iter().map(|(format, _)| format).collect::<Vec<_>>().join(", ")
}

impl Config {
    /// Reads a Hugging Face config.json; end tokens that stand in other files are not among its own.
    pub fn read(path: &Path) -> Result<Self, LlmError> {
        hf_config::config_of(path).map(|written| written.config)
    }
}
