//! Hugging Face folders.

use super::Parts;
use super::adapter::{is_adapter, no_whole_model};
use super::end::{Ids, end_tokens};
use super::faults::fault;
use super::hf_config::config_of;
use super::safetensors::Safetensors;
use crate::llm::{LlmError, Tokenizer};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// What is used of `generation_config.json`.
#[derive(Default, Deserialize)]
struct Generation {
    eos_token_id: Option<Ids>,
}

/// What is used of `tokenizer_config.json`.
#[derive(Default, Deserialize)]
struct TokenizerConfig {
    bos_token: Option<Token>,
    eos_token: Option<Token>,
    chat_template: Option<Template>,
}

/// A token as it is written: its text, or an object that holds it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Token {
    Text(String),
    Object { content: String },
}

/// A chat template as it is written: one, or several by name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Template {
    One(String),
    Named(Vec<NamedTemplate>),
}

#[derive(Deserialize)]
struct NamedTemplate {
    name: String,
    template: String,
}

impl Token {
    fn into_text(self) -> String {
        match self {
            Token::Text(text) | Token::Object { content: text } => text,
        }
    }
}

impl Template {
    fn into_text(self) -> Option<String> {
        match self {
            Template::One(text) => Some(text),
            Template::Named(all) => {
                all.into_iter().find(|one| one.name == "default").map(|one| one.template)
            }
        }
    }
}

/// Reads a folder but for its weights.
pub fn open(folder: &Path) -> Result<Parts, LlmError> {
    if is_adapter(folder) && !folder.join("config.json").is_file() {
        return Err(no_whole_model(folder));
    }
    let mut written = config_of(&required(folder, "config.json")?)?;
    let store = Safetensors::open(folder)?;
    let tokenizer_file = required(folder, "tokenizer.json")?;
    let tokens: TokenizerConfig = optional_json(&folder.join("tokenizer_config.json"))?;
    let generation: Generation = optional_json(&folder.join("generation_config.json"))?;
    let eos = tokens.eos_token.map(Token::into_text);
    let bos = tokens.bos_token.map(Token::into_text);
    let tokenizer = Tokenizer::from_file(&tokenizer_file, bos, eos)?;
    let own = tokenizer.eos().and_then(|eos| tokenizer.token(eos));
    let listed = [generation.eos_token_id, written.eos_token_id.take()];
    written.config.end_tokens = end_tokens(listed, own);
    let beside = folder.join("chat_template.jinja");
    let chat_template = if beside.is_file() {
        let text = read_text(&beside)?;
        Some((beside, text))
    } else {
        let text = tokens.chat_template.and_then(Template::into_text);
        text.map(|text| (folder.join("tokenizer_config.json"), text))
    };
    let weight_files = store.files().to_vec();
    Ok(Parts {
        config: written.config,
        tokenizer,
        chat_template,
        weight_files,
        store: Box::new(store),
    })
}

/// The path of a file that every model has.
fn required(folder: &Path, name: &str) -> Result<std::path::PathBuf, LlmError> {
    let path = folder.join(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(fault(
        folder,
        format!("{name} is missing"),
        "a folder with config.json, model.safetensors (or its index and shards) and tokenizer.json",
        format!("fetch {name} from where the model was published"),
    ))
}

fn read_text(path: &Path) -> Result<String, LlmError> {
    std::fs::read_to_string(path).map_err(|error| LlmError::file(path, error))
}

/// Reads JSON; a fault names line and column.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, LlmError> {
    parse_json(path, &read_text(path)?)
}

/// Reads the JSON text of a file; a fault names line and column.
pub fn parse_json<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, LlmError> {
    serde_json::from_str(text).map_err(|error| {
        fault(
            path,
            format!("unreadable JSON: {error}"),
            "the file as transformers writes it",
            "correct that line, or fetch the file again",
        )
    })
}

/// Reads JSON if it is there.
fn optional_json<T: DeserializeOwned + Default>(path: &Path) -> Result<T, LlmError> {
    if path.is_file() { read_json(path) } else { Ok(T::default()) }
}
