//! GPT-nano before step 0: random weights, fitted to π_ref.

use super::joint::Order;
use super::task::{LanguageTask, TokensTask};
use super::{Decoder, LanguageModel, LlmError, Packed, Sequences, WeightSource};
use crate::learner::{AdamSpec, Optimizer, OptimizerSpec, Stop, reverse_kl_coefficients};
use crate::policy::{Batch, FitSpec, Policy, PolicyError, Ragged};
use crate::stream::{Draws, Purpose, Streams};
use ndarray_rand::rand_distr::{Distribution, Normal};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Responses that the fit reads begin at this address of the evaluation draws.
const FIT: u64 = 1 << 41;

/// minGPT's first weights: normal numbers of deviation 0.02, those of the projections that end in the
/// residual stream divided by √(2·layers); biases 0, normalisations 1.
pub struct NanoWeights {
    streams: Streams,
    layers: usize,
    /// Weights given so far: the next address.
    given: u64,
}

impl NanoWeights {
    /// The first weights of a seed for so many layers.
    pub fn new(streams: Streams, layers: usize) -> Self {
        NanoWeights { streams, layers, given: 0 }
    }
}

impl WeightSource for NanoWeights {
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LlmError> {
        const DEVIATION: f32 = 0.02;
        self.given += 1;
        let count = shape.iter().product();
        if shape.len() == 1 {
            return Ok(vec![if name.ends_with(".weight") { 1.0 } else { 0.0 }; count]);
        }
        let ends_in_residual = name.ends_with("out.weight") || name.ends_with("down.weight");
        let shrink = if ends_in_residual { (2.0 * self.layers as f32).sqrt() } else { 1.0 };
        let normal = Normal::new(0.0, DEVIATION / shrink).expect("a positive deviation");
        let mut rng = self.streams.at(Purpose::Init, self.given);
        Ok((0..count).map(|_| normal.sample(&mut rng)).collect())
    }
}

/// The weights of a fitted network, by name; copies share them.
#[derive(Debug, Clone)]
pub struct FittedWeights(Arc<BTreeMap<String, Vec<f32>>>);

impl FittedWeights {
    /// The weights as they are.
    pub fn of(decoder: &Decoder) -> Self {
        let weights = decoder.weights().into_iter();
        FittedWeights(Arc::new(weights.map(|w| (w.name.clone(), w.value.clone())).collect()))
    }
}

impl FittedWeights {
    /// The head of a reward model: `[width]`.
    pub fn readout(&self) -> Vec<f32> {
        self.0[Decoder::READOUT].clone()
    }
}

impl WeightSource for FittedWeights {
    fn take(&mut self, name: &str, _: &[usize]) -> Result<Vec<f32>, LlmError> {
        Ok(self.0[name].clone())
    }

    /// As the decoder had them.
    fn order(&self) -> Order {
        Order::ByPart
    }
}

/// Fits a policy to π_ref by exact Adam steps on KL(π‖π_ref) at every position of π_ref's responses to
/// the first training prompts.
///
/// *Source* the released code of arXiv 2404.14367 (100 Adam steps at 0.01 on its training states).
pub fn fit_to_reference(
    policy: &mut LanguageModel,
    task: &TokensTask,
    (fit, streams): (&FitSpec, Streams),
) -> Result<(), Stop> {
    let settings = AdamSpec::new(fit.learning_rate);
    let mut adam = Optimizer::new(&OptimizerSpec::Adam(settings))
        .map_err(|e| Stop::Setup(format!("policy.nano.fit.{e}")))?;
    let packed = every_token(task, fit.states, streams)?;
    let arms = task.problem().arms();
    let places = packed.rows.len() / arms;
    let batch = Batch::even(vec![(); places], packed.targets.clone());
    let log_ref = vec![task.problem().log_reference().to_vec(); places];
    for _ in 0..fit.steps {
        policy.clear_gradients();
        let push = &mut |log_probs: &[f32]| {
            let log_pi = Ragged::singletons(log_probs.iter().map(|lp| f64::from(*lp)).collect());
            let c = reverse_kl_coefficients(&batch, &log_pi, &log_ref);
            Some(c.into_iter().map(|c| c as f32).collect())
        };
        policy
            .decoder()
            .accumulate(&packed, Default::default(), push)
            .map_err(PolicyError::from)?;
        adam.step(policy.parameters_mut(), 1.0, 1.0);
    }
    Ok(())
}

/// π_ref's responses to the first prompts, with every token as a target at every position.
fn every_token(task: &TokensTask, states: usize, streams: Streams) -> Result<Packed, PolicyError> {
    use crate::learner::Task;
    let prompts: Vec<_> = (0..states as u64).map(|i| task.prompt(i)).collect();
    let draws = Draws::new(streams, Purpose::Evaluation, FIT);
    let responses = task.reference_responses(&prompts, 1, &draws)?;
    let batch = Sequences::even(prompts, responses);
    let mut packed = Packed::new(&batch, 0..states);
    let arms = task.problem().arms() as u32;
    packed.targets = packed.rows.iter().flat_map(|_| 0..arms).collect();
    packed.rows = packed.rows.iter().flat_map(|row| vec![*row; arms as usize]).collect();
    packed.offsets = (0..=packed.targets.len()).collect();
    Ok(packed)
}

impl Decoder {
    /// The names of trained weights that a backward pass leaves without any gradient.
    ///
    /// LoRA's A has none as long as its B is zero, which is where training starts.
    pub fn untouched(&mut self) -> Vec<String> {
        // Frozen weights may be shared with π_ref.
        let weights = self.weights_mut().into_iter().filter(|weight| weight.is_trained());
        let mut without = Vec::new();
        for weight in weights.map(|w| Arc::get_mut(w).expect("no pass is under way")) {
            let expected = !weight.name.ends_with("lora_A.weight");
            let (name, _, gradient) = weight.named_parts_mut();
            if expected && gradient.iter().all(|g| *g == 0.0) {
                without.push(name.to_owned());
            }
        }
        without
    }
}
