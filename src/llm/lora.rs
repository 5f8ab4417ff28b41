//! Low-rank adapters on a frozen base.

use super::files::projections_of;
use super::ops::Adapter;
use super::{Config, Decoder, LlmError, Training, Weight};
use crate::policy::LoraSpec;
use crate::stream::{Purpose, Streams};
use crate::wording::{did_you_mean, listed};
use rand::Rng;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Matrices of the adapters take their first numbers from here on, one address for each.
const ADAPTERS: u64 = 1 << 32;

impl LoraSpec {
    /// The name of a projection's adapter matrix `A` or `B`, as PEFT's files have it.
    pub fn name(module: &str, matrix: char) -> String {
        format!("base_model.model.{module}.lora_{matrix}.weight")
    }

    /// Whether a target means a module: its last name, or more of its name up to all of it.
    pub(super) fn means(target: &str, module: &str) -> bool {
        module.strip_suffix(target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Whether a target means any of some modules.
    fn has(target: &str, modules: &[&str]) -> bool {
        modules.iter().any(|module| LoraSpec::means(target, module))
    }

    /// Refuses settings that no adapter can have, and targets that the model does not have.
    pub(super) fn fit(&self, config: &Config) -> Result<(), LlmError> {
        self.check()?;
        let projections = projections_of(config);
        let modules: Vec<&str> = projections.iter().map(|(module, _)| module.as_str()).collect();
        self.fit_modules(&modules)
    }

    /// Refuses targets that are none of some modules.
    pub(super) fn fit_modules(&self, modules: &[&str]) -> Result<(), LlmError> {
        match self.targets.iter().find(|target| !LoraSpec::has(target, modules)) {
            Some(target) => Err(unknown_target(target, modules)),
            None => Ok(()),
        }
    }

    /// Refuses a rank of 0, and an alpha that is not a number above 0.
    pub(super) fn check(&self) -> Result<(), LlmError> {
        if self.rank == 0 || !(self.alpha > 0.0 && self.alpha.is_finite()) {
            let message = format!("a LoRA of rank {} and alpha {}", self.rank, self.alpha);
            let allowed = "a rank of 1 or more and a finite alpha above 0";
            return Err(LlmError::input(message, allowed, "rank = 8, alpha = 16.0 is usual"));
        }
        Ok(())
    }
}

/// A target that means no projection of the model.
fn unknown_target(target: &str, modules: &[&str]) -> LlmError {
    let own = modules.iter().map(|module| module.rsplit('.').next().unwrap_or(module));
    let known: BTreeSet<&str> = own.collect();
    let help = match did_you_mean(target, known.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "LoRA's targets are names of projections".to_owned(),
    };
    LlmError::input(format!("the model has no projection `{target}`"), listed(known), help)
}

/// A and B of the i-th projection, given its module and its shape `[out, in]`: `[rank, in]` and `[out, rank]`.
pub(super) type Matrices<'a> =
    &'a mut dyn FnMut(usize, &str, [usize; 2]) -> Result<[Vec<f32>; 2], LlmError>;

impl Decoder {
    /// Adds adapters to a model whose weights are frozen; with B = 0 its results stay as they are.
    pub fn add_adapters(&mut self, spec: &LoraSpec, streams: Streams) -> Result<(), LlmError> {
        self.attach_adapters(spec, &mut |i, _, [out, inputs]| {
            let mut rng = streams.at(Purpose::Init, ADAPTERS + i as u64);
            let bound = 1.0 / (inputs as f32).sqrt();
            let a = (0..spec.rank * inputs).map(|_| rng.random_range(-bound..bound)).collect();
            Ok([a, vec![0.0; out * spec.rank]])
        })
    }

    /// Adds adapters with given matrices, which learn.
    pub(super) fn attach_adapters(
        &mut self,
        spec: &LoraSpec,
        matrices: Matrices<'_>,
    ) -> Result<(), LlmError> {
        spec.check()?;
        let projections = self.projections_mut();
        let modules: Vec<&str> = projections.iter().map(|(module, _)| module.as_str()).collect();
        spec.fit_modules(&modules)?;
        for (i, (module, projection)) in projections.into_iter().enumerate() {
            if !spec.targets.iter().any(|target| LoraSpec::means(target, &module)) {
                continue;
            }
            let &[out, inputs] = projection.weight.shape.as_slice() else { continue };
            let [a, b] = matrices(i, &module, [out, inputs])?;
            let new = |matrix, shape: [usize; 2], value| {
                let name = LoraSpec::name(&module, matrix);
                Arc::new(Weight::new(name, shape.to_vec(), value, Training::Trained))
            };
            projection.adapter = Some(Adapter {
                a: new('A', [spec.rank, inputs], a),
                b: new('B', [out, spec.rank], b),
                scale: (spec.alpha / spec.rank as f64) as f32,
                alpha: spec.alpha,
            });
        }
        Ok(())
    }

    /// Adds every adapter to its projection, `W += scale·B·A`, and takes it off.
    pub fn merge_adapters(&mut self) {
        for (_, projection) in self.projections_mut() {
            let Some(Adapter { a, b, scale, .. }) = projection.adapter.take() else { continue };
            let weight = Arc::get_mut(&mut projection.weight).expect("no pass is under way");
            let (rank, inputs) = (a.shape[0], a.shape[1]);
            let (value, _) = weight.parts_mut();
            for (row, b) in value.chunks_exact_mut(inputs).zip(b.value.chunks_exact(rank)) {
                for (b, a) in b.iter().zip(a.value.chunks_exact(inputs)) {
                    row.iter_mut().zip(a).for_each(|(w, a)| *w += scale * b * a);
                }
            }
        }
    }
}
