//! The paper's contextual policy: a multilayer perceptron from context to logits.

use super::layers::{Active, LayerNorm, Linear, Normalised};
use super::table::Rows;
use super::{Arm, Batch, Context, Enumerable, Parameter, Policy, PolicyError, Ragged, Scalars};
use crate::stream::{Draws, Purpose, Streams};
use ndarray::{Array2, ArrayBase, DataMut, Dimension};
use serde::{Deserialize, Serialize};

/// `[policy.mlp]`: sizes of the network and its first fit to π_ref.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MlpSpec {
    /// Features of a context, each uniform in [0, 1).
    ///
    /// *Reading* The features of a prompt; the reward ignores them, so that they only matter for
    /// what is memorised.
    ///
    /// *Wrong* Few features make prompts alike: data of one prompt then bind all others.
    pub context: usize,
    /// Width of the normalised first layer.
    ///
    /// *Reading* The width of the first, normalised layer: 50 as in the released code.
    ///
    /// *Wrong* Widths other than 50 and 256 are no longer the paper's network; say so beside a
    /// figure.
    pub features: usize,
    /// Width of the two hidden layers.
    ///
    /// *Reading* Capacity to memorise: larger networks keep the data of prompts apart for longer.
    ///
    /// *Wrong* Slow runs: a step costs about the square of this.
    pub hidden: usize,
    /// Gain of the Xavier-uniform initial weights.
    ///
    /// *Reading* 0.01 starts the logits near 0, so that the first fit has to learn π_ref.
    ///
    /// *Wrong* Large gains make contexts differ at random before the fit: see that reverse_kl_ref
    /// at step 0 is still near 0.
    pub gain: f32,
    /// How the network first fits π_ref.
    ///
    /// *Reading* What makes π equal to π_ref before step 0; reverse_kl_ref at step 0 tells how
    /// well.
    ///
    /// *Wrong* reverse_kl_ref above 0.01 at step 0: raise the steps, or every log-ratio starts
    /// from the wrong place.
    pub fit: FitSpec,
}

impl Default for MlpSpec {
    fn default() -> Self {
        MlpSpec { context: 100, features: 50, hidden: 256, gain: 0.01, fit: FitSpec::default() }
    }
}

/// `policy.mlp.fit`: exact Adam steps on KL(π‖π_ref) before step 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitSpec {
    /// Adam steps.
    ///
    /// *Reading* 100 exact Adam steps are those of the released code.
    ///
    /// *Wrong* Few leave a policy that is nearly uniform, and curves start at another reward than
    /// π_ref's.
    pub steps: u64,
    /// Adam's learning rate.
    ///
    /// *Reading* The rate of the first fit only; training has its own.
    ///
    /// *Wrong* Too high and the fit jumps about, too low and it does not arrive: reverse_kl_ref at
    /// step 0 tells.
    pub learning_rate: f64,
    /// Contexts that are fitted: the first of the training contexts.
    ///
    /// *Reading* Fitted are the first so many training prompts; others follow by generalisation.
    ///
    /// *Wrong* Far fewer than the training prompts: on the others the policy may start beside
    /// π_ref.
    pub states: usize,
}

impl Default for FitSpec {
    fn default() -> Self {
        FitSpec { steps: 100, learning_rate: 0.01, states: 100 }
    }
}

/// Linear + LayerNorm + ReLU, two hidden ReLU layers, and a linear map to the logits.
///
/// The states of a batch share one forward and one backward pass, and the responses of a state its
/// logits.
///
/// *Source* arXiv 2404.14367, the released code of its bandit experiments.
/// *Numerics* the network is single precision; log-probabilities and coefficients are double.
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp {
    first: Linear,
    norm: LayerNorm,
    second: Linear,
    third: Linear,
    head: Linear,
}

/// What the backward pass needs of the forward pass.
struct Activations {
    /// `[prompts, context]`.
    input: Active,
    normalised: Normalised,
    /// Outputs of the three rectifiers: `[prompts, width]`.
    rectified: [Active; 3],
}

impl Mlp {
    /// A network for `arms` arms with weights from the seed's `init` streams.
    pub fn new(spec: &MlpSpec, arms: usize, streams: Streams) -> Self {
        let layer = |index: u64, inputs, outputs| {
            Linear::xavier(inputs, outputs, spec.gain, &mut streams.at(Purpose::Init, index))
        };
        Mlp {
            first: layer(0, spec.context, spec.features),
            norm: LayerNorm::new(spec.features),
            second: layer(1, spec.features, spec.hidden),
            third: layer(2, spec.hidden, spec.hidden),
            head: layer(3, spec.hidden, arms),
        }
    }

    /// Contexts as rows: `[prompts, context]`.
    fn input(&self, prompts: &[Context]) -> Result<Array2<f32>, PolicyError> {
        let width = self.first.weight.nrows();
        let mut values = Vec::with_capacity(prompts.len() * width);
        for Context(features) in prompts {
            if features.len() != width {
                let what = "features of a context";
                return Err(PolicyError::Shape { what, given: features.len(), expected: width });
            }
            values.extend_from_slice(features);
        }
        Ok(Array2::from_shape_vec((prompts.len(), width), values).expect("lengths were checked"))
    }

    fn forward(&self, prompts: &[Context]) -> Result<(Rows, Activations), PolicyError> {
        let input = Active::all(self.input(prompts)?);
        let (h1, normalised) = self.norm.forward(self.first.forward(&input));
        let h1 = Active::rectified(h1);
        let h2 = Active::rectified(self.second.forward(&h1));
        let h3 = Active::rectified(self.third.forward(&h2));
        let rows = Rows::of_logits(&self.head.forward(&h3));
        Ok((rows, Activations { input, normalised, rectified: [h1, h2, h3] }))
    }

    /// Adds the parameters' gradients, given the logits' gradient `[prompts, arms]`.
    fn backward(&mut self, activations: &Activations, logits: &Array2<f32>) {
        let Activations { input, normalised, rectified: [h1, h2, h3] } = activations;
        let below = |layer: &mut Linear, x: &Active, dy: &Array2<f32>| {
            layer.accumulate(x, dy);
            x.rectifier_gradient(layer.input_gradient(x, dy))
        };
        let gradient = below(&mut self.head, h3, logits);
        let gradient = below(&mut self.third, h2, &gradient);
        let gradient = below(&mut self.second, h1, &gradient);
        let gradient = self.norm.backward(normalised, &gradient);
        self.first.accumulate(input, &gradient);
    }
}

impl Policy for Mlp {
    type Prompt = Context;
    type Response = Arm;

    fn sample(
        &self,
        prompts: &[Context],
        per_prompt: usize,
        draws: &Draws,
    ) -> Result<Vec<Arm>, PolicyError> {
        Ok(self.forward(prompts)?.0.sample(prompts.len(), per_prompt, draws))
    }

    fn accumulate(
        &mut self,
        batch: &Batch<Context, Arm>,
        coefficients: &mut dyn FnMut(&Ragged) -> Option<Vec<f64>>,
    ) -> Result<(), PolicyError> {
        let (rows, activations) = self.forward(batch.prompts())?;
        if let Some(c) = coefficients(&rows.gather(batch)?) {
            let logits = rows.logit_gradient(batch, &c)?.mapv(|g| g as f32);
            self.backward(&activations, &logits);
        }
        Ok(())
    }

    fn log_probs(&self, batch: &Batch<Context, Arm>) -> Result<Ragged, PolicyError> {
        self.forward(batch.prompts())?.0.gather(batch)
    }

    fn parameters_mut(&mut self) -> Vec<Parameter<'_>> {
        let mut parameters = Vec::with_capacity(10);
        linear(["first.bias", "first.weight"], &mut self.first, &mut parameters);
        linear(["head.bias", "head.weight"], &mut self.head, &mut parameters);
        let LayerNorm { gain, bias, gain_gradient, bias_gradient } = &mut self.norm;
        parameters.push(parameter("norm.bias", bias, bias_gradient));
        parameters.push(parameter("norm.gain", gain, gain_gradient));
        linear(["second.bias", "second.weight"], &mut self.second, &mut parameters);
        linear(["third.bias", "third.weight"], &mut self.third, &mut parameters);
        parameters
    }
}

impl Enumerable for Mlp {
    fn arms(&self) -> usize {
        self.head.bias.len()
    }

    fn log_probabilities(&self, prompts: &[Context]) -> Array2<f64> {
        self.forward(prompts).expect("contexts have the network's width").0.log_probs
    }
}

fn linear<'a>(names: [&'static str; 2], layer: &'a mut Linear, out: &mut Vec<Parameter<'a>>) {
    let Linear { weight, bias, weight_gradient, bias_gradient } = layer;
    out.push(parameter(names[0], bias, bias_gradient));
    out.push(parameter(names[1], weight, weight_gradient));
}

fn parameter<'a, S: DataMut<Elem = f32>, D: Dimension>(
    name: &'static str,
    value: &'a mut ArrayBase<S, D>,
    gradient: &'a mut ArrayBase<S, D>,
) -> Parameter<'a> {
    let value = value.as_slice_mut().expect("parameters are contiguous");
    let gradient = gradient.as_slice_mut().expect("gradients are contiguous");
    Parameter { name, scalars: Scalars::F32 { value, gradient } }
}
