//! `tests/golden/decoders.json`: its cases, and the weights that they were computed with.
#![allow(dead_code)] // every test uses a part

use modeseek::llm::{Config, LlmError, WeightSource, joint};
use serde::Deserialize;
use std::collections::BTreeMap;

/// All cases.
#[derive(Deserialize)]
pub struct Golden {
    pub decoders: BTreeMap<String, Case>,
    pub lora: Case,
}

/// One model.
#[derive(Deserialize)]
pub struct Case {
    /// config.json, or of an adapter its adapter_config.json.
    pub config: serde_json::Value,
    pub sequences: Vec<Sequence>,
}

/// One sequence of tokens; gradients are those of Σ (0.3 − 0.1·t)·log p_t.
#[derive(Deserialize)]
pub struct Sequence {
    pub tokens: Vec<u32>,
    pub log_probs: Vec<f64>,
    pub gradient_norms: BTreeMap<String, f64>,
    pub gradients: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Golden {
    pub fn read() -> Self {
        // Cargo says at run time too where the project is; a test that was carried elsewhere is told.
        let here = std::env::var("CARGO_MANIFEST_DIR");
        let here = here.unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let text = std::fs::read_to_string(format!("{here}/tests/golden/decoders.json"));
        serde_json::from_str(&text.expect("a file")).expect("golden numbers")
    }
}

impl Case {
    /// The configuration, read as a model's config.json is.
    pub fn config(&self, name: &str) -> Config {
        if name == "gpt-nano" {
            return Config::nano(100, 10);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        std::fs::write(&path, self.config.to_string()).expect("written");
        Config::read(&path).expect("a configuration")
    }
}

/// Weights by the formula of the golden numbers.
pub struct Formula;

impl WeightSource for Formula {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        // What published files call embed_out is lm_head in transformers 5, where the numbers are from.
        Ok(formula(&name.replace("embed_out", "lm_head"), shape))
    }
}

/// 0.15·sin(1 + 0.37·i + 0.11·h) with h the sum of the name's bytes; norms 1 + 0.1·sin(same).
pub fn formula(name: &str, shape: &[usize]) -> Vec<f32> {
    let h = name.bytes().map(f64::from).sum::<f64>();
    let is_norm = shape.len() == 1 && name.ends_with(".weight");
    let number = |i: usize| {
        let wave = (1.0 + 0.37 * i as f64 + 0.11 * h).sin();
        (if is_norm { 1.0 + 0.1 * wave } else { 0.15 * wave }) as f32
    };
    (0..shape.iter().product()).map(number).collect()
}

/// A gradient in the order in which files keep its weight.
pub fn as_in_files(config: &Config, name: &str, gradient: Vec<f32>) -> Vec<f32> {
    if name.contains("query_key_value") && !name.contains("lora_A") {
        return joint::reordered(config, &gradient, joint::Order::ByHead);
    }
    gradient
}
