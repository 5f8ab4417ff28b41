//! A model written as a Hugging Face folder.

use super::ModelFiles;
use super::faults::fault;
use super::folder::read_json;
use super::hf_write::config_json;
use super::store::{parent, put, require_absent, staging, write_json, write_text, write_weights};
use crate::llm::{Decoder, LlmError};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;

/// What a folder holds beside its weights, copied where it is there.
const BESIDE: [&str; 11] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "LICENSE",
];
/// The names under which a config.json says how weights are stored.
const DTYPES: [&str; 2] = ["torch_dtype", "dtype"];

impl Decoder {
    /// Writes the model into a new folder as transformers reads it, whole or not at all: weights in single
    /// precision by their Hugging Face names, and what `files`, from which it was loaded, say of it. Of a
    /// folder, tokenizer and configuration are copied (with `torch_dtype` as the weights are stored
    /// now); of a GGUF file they are written anew.
    ///
    /// Refused: adapters that are not merged, a place that is taken, a model that config.json cannot
    /// describe.
    pub fn export(&self, files: &ModelFiles, folder: &Path) -> Result<(), LlmError> {
        require_absent(folder)?;
        if self.projections().iter().any(|(_, projection)| projection.adapter.is_some()) {
            let help = "merge them first, or save them with their own files";
            return Err(fault(folder, "the model has adapters", "a model without", help));
        }
        let staging = staging(&parent(folder))?;
        let staged = staging.path().join("model");
        fs::create_dir(&staged).map_err(|error| LlmError::file(&staged, error))?;
        match files.path.join("config.json").is_file() {
            true => copy(&files.path, &staged)?,
            false => describe(files, &staged)?,
        }
        if self.readout().is_some() {
            classify(files, &staged)?;
        }
        let weights = self.weights().into_iter().map(|weight| &**weight);
        write_weights(&staged.join("model.safetensors"), weights, self.config())?;
        if ModelFiles::open(&staged)?.config != files.config {
            return Err(fault(
                folder,
                "config.json cannot say what this model computes",
                "biases and rotations as transformers computes them for its family",
                "use the model as it is",
            ));
        }
        put(&staged, folder)
    }
}

/// Says of a model that it is one for sequence classification with one label; transformers passes over
/// the head of the language model that is still there.
fn classify(files: &ModelFiles, folder: &Path) -> Result<(), LlmError> {
    let path = folder.join("config.json");
    let mut config: Map<String, Value> = read_json(&path)?;
    let class = config.get("architectures").and_then(|list| list[0].as_str()).unwrap_or_default();
    let class = class.replace("ForCausalLM", "ForSequenceClassification");
    let pad = padding(files, config.get("pad_token_id").and_then(Value::as_u64));
    let labels = json!({ "architectures": [class], "id2label": { "0": "reward" },
        "label2id": { "reward": 0 }, "problem_type": "regression", "pad_token_id": pad });
    config.extend(labels.as_object().cloned().unwrap_or_default());
    write_json(&path, &Value::Object(config))?;
    for name in ["tokenizer_config.json", "special_tokens_map.json"] {
        let path = folder.join(name);
        if path.is_file() {
            let mut settings: Map<String, Value> = read_json(&path)?;
            settings.insert("pad_token".to_owned(), json!(files.tokenizer.spelled(pad)));
            write_json(&path, &Value::Object(settings))?;
        }
    }
    Ok(())
}

/// The token that fills batches of a sequence classifier: `own`, unless that ends responses; else a special
/// token that is for padding or unknown text by its name, else any other special token, else any other token.
///
/// transformers reads the score at the last token that is not this one: an end token would be passed over, and
/// without a token batches are refused. It takes the place of no text's last token.
fn padding(files: &ModelFiles, own: Option<u64>) -> u32 {
    const NAMES: [&str; 4] = ["pad", "unk", "unused", "reserved"];
    let is_free = |id: &u32| {
        !files.config.end_tokens.contains(id) && (*id as usize) < files.config.vocabulary
    };
    let rank = |name: &str| {
        let name = name.to_lowercase();
        NAMES.iter().position(|known| name.contains(known)).unwrap_or(NAMES.len())
    };
    let special = files.tokenizer.special_tokens();
    let special = special.iter().filter(|(id, _)| is_free(id));
    let own = own.and_then(|id| u32::try_from(id).ok()).filter(is_free);
    own.or_else(|| special.min_by_key(|(_, name)| rank(name)).map(|(id, _)| *id))
        .or_else(|| (0..=files.config.end_tokens.len() as u32).find(is_free))
        .unwrap_or_default()
}

/// Copies what a folder holds beside its weights.
fn copy(from: &Path, to: &Path) -> Result<(), LlmError> {
    for name in BESIDE.iter().filter(|name| from.join(name).is_file()) {
        let source = from.join(name);
        fs::copy(&source, to.join(name)).map_err(|error| LlmError::file(&source, error))?;
    }
    uncut(&to.join("tokenizer.json"))?;
    let path = to.join("config.json");
    let mut config: Map<String, Value> = read_json(&path)?;
    let narrow: Vec<&str> = DTYPES.into_iter().filter(|key| config.contains_key(*key)).collect();
    narrow.iter().for_each(|key| drop(config.insert((*key).to_owned(), json!("float32"))));
    if narrow.is_empty() { Ok(()) } else { write_json(&path, &Value::Object(config)) }
}

/// Takes a truncation and a padding out of a tokenizer.json, which were none of this model either.
fn uncut(path: &Path) -> Result<(), LlmError> {
    let mut tokenizer: Map<String, Value> = read_json(path)?;
    let stored = |key: &&str| tokenizer.get(*key).is_some_and(|value| !value.is_null());
    let stored: Vec<&str> = ["truncation", "padding"].into_iter().filter(stored).collect();
    stored.iter().for_each(|key| drop(tokenizer.insert((*key).to_owned(), Value::Null)));
    if stored.is_empty() { Ok(()) } else { write_json(path, &Value::Object(tokenizer)) }
}

/// Writes configuration and tokenizer.
fn describe(files: &ModelFiles, folder: &Path) -> Result<(), LlmError> {
    let (tokenizer, ends) = (&files.tokenizer, &files.config.end_tokens);
    let id = |token: Option<&str>| json!(token.and_then(|token| tokenizer.token(token)));
    let end = match ends.as_slice() {
        [] => Value::Null,
        [one] => json!(one),
        many => json!(many),
    };
    let special = json!({ "bos_token_id": id(tokenizer.bos()), "eos_token_id": end });
    let path = folder.join("config.json");
    let mut config = config_json(&path, &files.config)?;
    config.extend(special.as_object().cloned().unwrap_or_default());
    write_json(&path, &Value::Object(config))?;
    write_json(&folder.join("generation_config.json"), &special)?;
    write_text(&folder.join("tokenizer.json"), &tokenizer.to_json()?)?;
    let settings = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokenizer.bos(), "eos_token": tokenizer.eos(),
        "model_max_length": files.config.context, "clean_up_tokenization_spaces": false,
    });
    let mut settings = settings.as_object().cloned().unwrap_or_default();
    settings.retain(|_, value| !value.is_null());
    if let Some(template) = &files.chat_template {
        settings.insert("chat_template".to_owned(), json!(template.source()));
    }
    write_json(&folder.join("tokenizer_config.json"), &Value::Object(settings))
}
