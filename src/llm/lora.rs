//! Low-rank adapters on a frozen base.

use super::ops::Adapter;
use super::{Decoder, LlmError, Training, Weight};
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

    fn check(&self) -> Result<(), LlmError> {
        if self.rank == 0 || !(self.alpha > 0.0 && self.alpha.is_finite()) {
            let message = format!("a LoRA of rank {} and alpha {}", self.rank, self.alpha);
            let allowed = "a rank of 1 or more and a finite alpha above 0";
            return Err(LlmError::input(message, allowed, "rank = 8, alpha = 16.0 is usual"));
        }
        Ok(())
    }
}

impl Decoder {
    /// Adds adapters to a model whose weights are frozen; with B = 0 its results stay as they are.
    pub fn add_adapters(&mut self, spec: &LoraSpec, streams: Streams) -> Result<(), LlmError> {
        spec.check()?;
        let mut open: BTreeSet<&str> = spec.targets.iter().map(String::as_str).collect();
        let mut known = BTreeSet::new();
        for (i, (module, projection)) in self.projections_mut().into_iter().enumerate() {
            let own = module.rsplit('.').next().unwrap_or(&module).to_owned();
            if spec.targets.contains(&own) {
                open.remove(own.as_str());
                let mut rng = streams.at(Purpose::Init, ADAPTERS + i as u64);
                let &[out, inputs] = projection.weight.shape.as_slice() else { continue };
                let bound = 1.0 / (inputs as f32).sqrt();
                let a = (0..spec.rank * inputs).map(|_| rng.random_range(-bound..bound)).collect();
                let new = |matrix, shape: [usize; 2], value| {
                    let name = LoraSpec::name(&module, matrix);
                    Arc::new(Weight::new(name, shape.to_vec(), value, Training::Trained))
                };
                projection.adapter = Some(Adapter {
                    a: new('A', [spec.rank, inputs], a),
                    b: new('B', [out, spec.rank], vec![0.0; out * spec.rank]),
                    scale: (spec.alpha / spec.rank as f64) as f32,
                });
            }
            known.insert(own);
        }
        let Some(missing) = open.into_iter().next() else { return Ok(()) };
        let known = || known.iter().map(String::as_str);
        let help = match did_you_mean(missing, known()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => "LoRA's targets are names of projections".to_owned(),
        };
        Err(LlmError::input(
            format!("the model has no projection `{missing}`"),
            listed(known()),
            help,
        ))
    }

    /// Adds every adapter to its projection, `W += scale·B·A`, and takes it off.
    pub fn merge_adapters(&mut self) {
        for (_, projection) in self.projections_mut() {
            let Some(Adapter { a, b, scale }) = projection.adapter.take() else { continue };
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
