//! Adapters as PEFT reads and writes them: `adapter_config.json` and `adapter_model.safetensors`.

use super::adapter_config::{AdapterConfig, AdapterKind};
use super::faults::{fault, near, no_reward_model};
use super::inventory::projections_of;
use super::safetensors::Safetensors;
use super::store::{put, staging, write_json, write_weights};
use super::{Store, WeightSource, hex, sha256};
use crate::llm::joint::{Order, reordered, stands_by_head};
use crate::llm::ops::Adapter;
use crate::llm::{Config, Decoder, LlmError, LoraSpec, Training, Weight};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The settings.
const CONFIG: &str = "adapter_config.json";
/// The matrices.
const MATRICES: &str = "adapter_model.safetensors";

/// The head of a reward model, as PEFT names it.
const HEAD: &str = "base_model.model.score.weight";

/// Whether a folder holds an adapter.
pub fn is_adapter(folder: &Path) -> bool {
    folder.join(CONFIG).is_file()
}

/// The model that an adapter was trained on, as its settings name it.
pub fn adapter_base(folder: &Path) -> Result<String, LlmError> {
    Ok(AdapterConfig::read(&folder.join(CONFIG))?.base)
}

/// An adapter's folder where a whole model is asked for.
pub fn no_whole_model(folder: &Path) -> LlmError {
    let AdapterConfig { kind, base, .. } = match AdapterConfig::read(&folder.join(CONFIG)) {
        Ok(config) => config,
        Err(unreadable) => return unreadable,
    };
    let place = folder.display();
    let base = if base.is_empty() { "BASE" } else { &base };
    let help = match kind {
        AdapterKind::LanguageModel => format!(
            "make one of both with `modeseek llm merge --model {base} --adapter {place} --out NEW` and name NEW"
        ),
        AdapterKind::RewardModel => {
            "it makes a reward model: give it where a reward is asked for, as --reward \
                                     model=DIR or problem.prompts.gold_model"
                .to_owned()
        }
    };
    let found = format!("it is an adapter of `{base}`, not a whole model");
    fault(folder, found, "a folder with config.json, model.safetensors and tokenizer.json", help)
}

/// An adapter on disk, known to fit a model.
pub struct AdapterFiles {
    config: AdapterConfig,
    store: Safetensors,
}

impl AdapterFiles {
    /// Opens the folder of an adapter and checks that it fits a model; loads no matrix.
    ///
    /// Refused: missing files, settings that are computed in another way than plain LoRA, targets that
    /// the model does not have, matrices that are missing, of another shape, or too many; a reward
    /// model's adapter.
    pub fn open(folder: &Path, model: &Config) -> Result<Self, LlmError> {
        let files = AdapterFiles::opened(folder, model)?;
        match files.config.kind {
            AdapterKind::LanguageModel => Ok(files),
            AdapterKind::RewardModel => Err(fault(
                folder,
                "the adapter makes a reward model, which writes no text",
                "the adapter of a language model (`task_type` CAUSAL_LM)",
                "give it where a reward is asked for: --reward model=DIR",
            )),
        }
    }

    /// Opens the folder of a reward model's adapter, with the same checks; refused: an adapter without a head.
    pub fn open_scoring(folder: &Path, model: &Config) -> Result<Self, LlmError> {
        let files = AdapterFiles::opened(folder, model)?;
        match files.config.kind {
            AdapterKind::RewardModel => Ok(files),
            AdapterKind::LanguageModel => Err(no_reward_model(folder)),
        }
    }

    fn opened(folder: &Path, model: &Config) -> Result<Self, LlmError> {
        let (settings, matrices) = (folder.join(CONFIG), folder.join(MATRICES));
        if let Some(missing) = [&settings, &matrices].into_iter().find(|file| !file.is_file()) {
            return Err(fault(
                missing,
                "there is no such file",
                format!("an adapter's folder with {CONFIG} and {MATRICES}"),
                "save the adapter in PEFT with save_pretrained(), which writes both",
            ));
        }
        let config = AdapterConfig::read(&settings)?;
        let store = Safetensors::file(matrices)?;
        let files = AdapterFiles { config, store };
        files.check(model)?;
        Ok(files)
    }

    /// The sha256 over its settings and its matrices. Reads every byte.
    pub fn identity(&self) -> Result<String, LlmError> {
        let matrices = sha256(&self.store.files()[0])?;
        Ok(hex(&Sha256::digest(format!("{:?} {matrices}", self.config.spec))))
    }

    fn check(&self, model: &Config) -> Result<(), LlmError> {
        let AdapterConfig { spec, .. } = &self.config;
        let projections = projections_of(model);
        let modules: Vec<&str> = projections.iter().map(|(module, _)| module.as_str()).collect();
        spec.fit_modules(&modules)?;
        let mut wanted = BTreeMap::new();
        for (module, [out, inputs]) in &projections {
            if spec.targets.iter().any(|target| LoraSpec::means(target, module)) {
                wanted.insert(LoraSpec::name(module, 'A'), [spec.rank, *inputs]);
                wanted.insert(LoraSpec::name(module, 'B'), [*out, spec.rank]);
            }
        }
        if self.config.kind == AdapterKind::RewardModel {
            wanted.insert(HEAD.to_owned(), [1, model.width]);
        }
        let stored: BTreeSet<&str> = self.store.names().collect();
        for (name, shape) in &wanted {
            if !stored.contains(name.as_str()) {
                let near = near(name, &stored.iter().copied().collect::<Vec<_>>());
                let allowed = format!("near names in the file: {near}");
                return Err(self.other(format!("the matrix `{name}` is missing"), allowed));
            }
            let (found, _) = self.store.shape(name)?;
            if found != shape {
                let allowed = format!("shape {shape:?}, as the model and `r` say");
                return Err(self.other(format!("`{name}` has shape {found:?}"), allowed));
            }
        }
        match stored.into_iter().find(|name| !wanted.contains_key(*name)) {
            None => Ok(()),
            Some(name) => {
                let targets = crate::wording::listed(spec.targets.iter().map(String::as_str));
                let allowed = format!("matrices of the `target_modules`: {targets}");
                Err(self.other(format!("`{name}` belongs to no target"), allowed))
            }
        }
    }

    /// Matrices of another model.
    fn other(&self, found: String, allowed: String) -> LlmError {
        let base = match self.config.base.as_str() {
            "" => "the model that it was trained on".to_owned(),
            name => format!("the model that it was trained on, `{name}`"),
        };
        fault(&self.store.files()[0], found, allowed, format!("use the adapter with {base}"))
    }
}

impl Decoder {
    /// Adds the adapters of a folder that PEFT or [`save_adapters`](Self::save_adapters) wrote; they learn.
    pub fn load_adapters(&mut self, folder: &Path) -> Result<(), LlmError> {
        let files = AdapterFiles::open(folder, self.config())?;
        self.put_adapters(files)
    }

    /// Adds adapters that are known to fit.
    pub fn put_adapters(&mut self, files: AdapterFiles) -> Result<(), LlmError> {
        let AdapterFiles { config, mut store } = files;
        if config.kind == AdapterKind::RewardModel {
            let head = store.take(HEAD, &[1, self.config().width])?;
            self.add_readout(head, Training::Trained);
        }
        let (spec, model) = (config.spec, self.config().clone());
        self.attach_adapters(&spec, &mut |_, module, [out, inputs]| {
            let (a, b) = (LoraSpec::name(module, 'A'), LoraSpec::name(module, 'B'));
            let rows = store.take(&b, &[out, spec.rank])?;
            let rows = match stands_by_head(&model, &b) {
                true => reordered(&model, &rows, Order::ByPart),
                false => rows,
            };
            Ok([store.take(&a, &[spec.rank, inputs])?, rows])
        })
    }

    /// Writes the adapters into a folder as PEFT reads them, in single precision, each file whole or not
    /// at all; `base` names the model below them. An adapter that is there is replaced.
    pub fn save_adapters(&self, folder: &Path, base: &str) -> Result<(), LlmError> {
        let head = self.readout().map(|head| {
            Weight::new(HEAD.to_owned(), head.shape.clone(), head.value.clone(), Training::Frozen)
        });
        let kind = match head {
            Some(_) => AdapterKind::RewardModel,
            None => AdapterKind::LanguageModel,
        };
        let config =
            AdapterConfig { kind, spec: self.adapter_spec(folder)?, base: base.to_owned() };
        let adapters = self.projections().into_iter().filter_map(|(_, p)| p.adapter.as_ref());
        let weights = adapters.flat_map(|Adapter { a, b, .. }| [&**a, &**b]).chain(&head);
        let staging = staging(folder)?;
        let staged = |name| staging.path().join(name);
        write_weights(&staged(MATRICES), weights, self.config())?;
        write_json(&staged(CONFIG), &config.to_json())?;
        [MATRICES, CONFIG].iter().try_for_each(|name| put(&staged(name), &folder.join(name)))
    }

    /// Rank, alpha and targets of the adapters that are there.
    fn adapter_spec(&self, folder: &Path) -> Result<LoraSpec, LlmError> {
        let refuse = |found: &str| {
            let help = "add adapters with one rank and one alpha";
            Err(fault(folder, found, "adapters of one rank and one alpha", help))
        };
        let projections = self.projections();
        let own = |module: &str| module.rsplit('.').next().unwrap_or(module).to_owned();
        let (mut sizes, mut with, mut without) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (module, projection) in projections {
            match &projection.adapter {
                None => drop(without.insert(own(&module))),
                Some(Adapter { a, alpha, .. }) => {
                    sizes.push((a.shape[0], *alpha));
                    with.push(module);
                }
            }
        }
        let Some(&(rank, alpha)) = sizes.first() else { return refuse("there are no adapters") };
        if sizes.iter().any(|size| *size != (rank, alpha)) {
            return refuse("adapters differ in rank or alpha");
        }
        // A last name means all modules of this name; where some have none, whole names are written.
        let target = |module: String| match own(&module) {
            name if without.contains(&name) => module,
            name => name,
        };
        let targets: BTreeSet<String> = with.into_iter().map(target).collect();
        Ok(LoraSpec { rank, alpha, targets: targets.into_iter().collect() })
    }
}
