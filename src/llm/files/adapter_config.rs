//! `adapter_config.json` as PEFT writes it.

use super::faults::{fault, unknown_word};
use super::folder::read_json;
use crate::llm::{LlmError, LoraSpec};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Settings that change what an adapter does and are not computed here: they must be off.
const OFF: [&str; 14] = [
    "use_rslora",
    "use_dora",
    "use_qalora",
    "use_bdlora",
    "fan_in_fan_out",
    "lora_bias",
    "rank_pattern",
    "alpha_pattern",
    "exclude_modules",
    "layers_to_transform",
    "layer_replication",
    "target_parameters",
    "trainable_token_indices",
    "alora_invocation_tokens",
];
/// Ways to begin that leave the weights below the adapter as they are.
const BEGINNINGS: [&str; 3] = ["gaussian", "orthogonal", "eva"];
/// What else can be done with such an adapter.
const MERGE: &str =
    "merge it in PEFT with merge_and_unload(), save the model, and use that folder as the model";

/// What is used of the file.
#[derive(Deserialize)]
struct Keys {
    peft_type: String,
    task_type: Option<String>,
    r: usize,
    lora_alpha: f64,
    target_modules: Targets,
    bias: Option<String>,
    base_model_name_or_path: Option<String>,
    init_lora_weights: Option<Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// `target_modules` as it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Targets {
    Expression(String),
    Names(Vec<String>),
}

/// What an adapter makes of its model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterKind {
    /// Another language model.
    LanguageModel,
    /// A reward model, whose head is saved beside the matrices.
    RewardModel,
}

/// The module that a reward model's adapter saves whole.
const HEAD: &str = "score";
/// What PEFT lists there by itself; a model has one of them.
const HEADS: [&str; 2] = ["classifier", HEAD];

/// An adapter's settings, and the model that it was trained on.
pub struct AdapterConfig {
    /// What it makes of the model.
    pub kind: AdapterKind,
    /// Rank, alpha, targets.
    pub spec: LoraSpec,
    /// The base model's name, as it is written; perhaps empty.
    pub base: String,
}

impl AdapterConfig {
    /// Reads the file; refuses what is computed in another way.
    pub fn read(path: &Path) -> Result<Self, LlmError> {
        let keys: Keys = read_json(path)?;
        if keys.peft_type != "LORA" {
            return Err(unknown_word(path, "peft_type", &keys.peft_type, &["LORA"]));
        }
        let kind = kind(path, &keys)?;
        refuse_the_unsupported(path, &keys)?;
        let targets = match keys.target_modules {
            Targets::Names(names) => names,
            Targets::Expression(expression) => {
                return Err(fault(
                    path,
                    format!("`target_modules` is the expression `{expression}`"),
                    "a list of names, such as [\"q_proj\", \"v_proj\"]",
                    "write the names of the modules that have matrices in adapter_model.safetensors",
                ));
            }
        };
        let spec = LoraSpec { rank: keys.r, alpha: keys.lora_alpha, targets };
        spec.check()?;
        Ok(AdapterConfig { kind, spec, base: keys.base_model_name_or_path.unwrap_or_default() })
    }

    /// The file's content.
    pub fn to_json(&self) -> Value {
        let LoraSpec { rank, alpha, targets } = &self.spec;
        let whole = *alpha as u64;
        let alpha = if whole as f64 == *alpha { json!(whole) } else { json!(alpha) };
        let (task, saved) = match self.kind {
            AdapterKind::LanguageModel => ("CAUSAL_LM", Value::Null),
            AdapterKind::RewardModel => ("SEQ_CLS", json!([HEAD])),
        };
        json!({
            "alpha_pattern": {}, "base_model_name_or_path": self.base, "bias": "none",
            "fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": true,
            "lora_alpha": alpha, "lora_dropout": 0.0, "modules_to_save": saved, "peft_type": "LORA",
            "r": rank, "rank_pattern": {}, "target_modules": targets, "task_type": task,
            "use_dora": false, "use_rslora": false,
        })
    }
}

/// What the adapter is for, by `task_type` and `modules_to_save`.
fn kind(path: &Path, keys: &Keys) -> Result<AdapterKind, LlmError> {
    let saved = keys.others.get("modules_to_save").filter(|saved| !is_off(saved));
    let names = saved.and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = names.filter_map(Value::as_str).collect();
    let is_head = names.contains(&HEAD) && names.iter().all(|name| HEADS.contains(name));
    match keys.task_type.as_deref().unwrap_or("CAUSAL_LM") {
        "SEQ_CLS" if is_head => Ok(AdapterKind::RewardModel),
        "CAUSAL_LM" if saved.is_none() => Ok(AdapterKind::LanguageModel),
        "SEQ_CLS" | "CAUSAL_LM" => {
            let given = saved.unwrap_or(&Value::Null);
            let found =
                format!("`modules_to_save` is {given}: such adapters are not computed here");
            let allowed = format!("none, or [\"{HEAD}\"] of a reward model (SEQ_CLS)");
            Err(fault(path, found, allowed, MERGE))
        }
        other => Err(unknown_word(path, "task_type", other, &["CAUSAL_LM", "SEQ_CLS"])),
    }
}

fn refuse_the_unsupported(path: &Path, keys: &Keys) -> Result<(), LlmError> {
    if let Some(key) = OFF.iter().find(|key| keys.others.get(**key).is_some_and(|v| !is_off(v))) {
        let given = &keys.others[*key];
        let found = format!("`{key}` is {given}: such adapters are not computed here");
        return Err(fault(path, found, format!("`{key}` off"), MERGE));
    }
    let bias = keys.bias.as_deref().unwrap_or("none");
    if bias != "none" {
        let found = format!("`bias` is `{bias}`: biases were trained too");
        return Err(fault(path, found, "`none`", MERGE));
    }
    match &keys.init_lora_weights {
        Some(Value::String(way)) if !BEGINNINGS.contains(&way.as_str()) => Err(fault(
            path,
            format!(
                "`init_lora_weights` is `{way}`, which may change the weights below the adapter"
            ),
            format!("true, false, {}", crate::wording::listed(BEGINNINGS)),
            MERGE,
        )),
        _ => Ok(()),
    }
}

/// Whether a setting says nothing.
fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}
