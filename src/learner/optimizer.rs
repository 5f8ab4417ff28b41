//! Adam and SGD over named parameters, with state that can be saved.

use super::checkpoint::Numbers;
use super::spec::{AdamSpec, OptimizerSpec, SgdSpec};
use crate::numerics::vectorised;
use crate::policy::{Parameter, Scalars};
use std::collections::BTreeMap;

/// Running means of one parameter's gradient, in the parameter's precision.
#[derive(Debug, Clone, PartialEq)]
enum Moments {
    F32 { first: Vec<f32>, second: Vec<f32> },
    F64 { first: Vec<f64>, second: Vec<f64> },
}

/// An optimizer and all that it remembers, which checkpoints keep to continue a run bit by bit.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    spec: OptimizerSpec,
    /// Steps taken.
    step: i32,
    /// One entry for each parameter, in the policy's order.
    moments: Vec<Moments>,
}

/// A setting that an optimizer cannot use.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{key} is {given}; allowed is {allowed}")]
pub struct OptimizerError {
    /// The key below `optimizer.adam` or `optimizer.sgd`.
    pub key: &'static str,
    /// What was given.
    pub given: String,
    /// What is allowed.
    pub allowed: &'static str,
}

impl Optimizer {
    /// Checks the settings; the memory is empty.
    pub fn new(spec: &OptimizerSpec) -> Result<Self, OptimizerError> {
        const POSITIVE: &str = "a finite number above 0";
        const SHARE: &str = "a number from 0 to below 1";
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let share = |x: f64| (0.0..1.0).contains(&x);
        let gates = match spec {
            OptimizerSpec::Adam(adam) => vec![
                ("learning_rate", adam.learning_rate, positive(adam.learning_rate), POSITIVE),
                ("beta1", adam.beta1, share(adam.beta1), SHARE),
                ("beta2", adam.beta2, share(adam.beta2), SHARE),
                ("epsilon", adam.epsilon, positive(adam.epsilon), POSITIVE),
            ],
            OptimizerSpec::Sgd(sgd) => vec![
                ("learning_rate", sgd.learning_rate, positive(sgd.learning_rate), POSITIVE),
                ("momentum", sgd.momentum, share(sgd.momentum), SHARE),
            ],
        };
        match gates.into_iter().find(|gate| !gate.2) {
            Some((key, given, _, allowed)) => {
                Err(OptimizerError { key, given: given.to_string(), allowed })
            }
            None => Ok(Optimizer { spec: spec.clone(), step: 0, moments: Vec::new() }),
        }
    }

    /// The learning rate before any schedule.
    pub fn learning_rate(&self) -> f64 {
        match &self.spec {
            OptimizerSpec::Adam(adam) => adam.learning_rate,
            OptimizerSpec::Sgd(sgd) => sgd.learning_rate,
        }
    }

    /// Steps taken.
    pub fn steps(&self) -> i32 {
        self.step
    }

    /// What is remembered of each parameter, `first/<name>` and `second/<name>`; nothing before the
    /// first step. `names` are those of the parameters, in the policy's order.
    pub fn memory(&self, names: &[String]) -> Vec<(String, Numbers<'_>)> {
        let named = names.iter().zip(&self.moments);
        named
            .flat_map(|(name, moments)| {
                let [first, second] = moments.numbers();
                [(format!("first/{name}"), first), (format!("second/{name}"), second)]
            })
            .collect()
    }

    /// Puts back what [`Optimizer::memory`] gave after `step` steps; the first name that is missing,
    /// or not as long as its parameter, is the error.
    pub fn remember(
        &mut self,
        step: i32,
        lengths: &[(String, usize)],
        tensors: &mut BTreeMap<String, Numbers<'static>>,
    ) -> Result<(), String> {
        let mut moments = Vec::with_capacity(lengths.len());
        for (name, length) in lengths.iter().filter(|_| step > 0) {
            let [first, second] = [format!("first/{name}"), format!("second/{name}")];
            moments.push(match (tensors.remove(&first), tensors.remove(&second)) {
                (Some(Numbers::F32(m)), Some(Numbers::F32(v)))
                    if [m.len(), v.len()] == [*length; 2] =>
                {
                    Moments::F32 { first: m.into_owned(), second: v.into_owned() }
                }
                (Some(Numbers::F64(m)), Some(Numbers::F64(v)))
                    if [m.len(), v.len()] == [*length; 2] =>
                {
                    Moments::F64 { first: m.into_owned(), second: v.into_owned() }
                }
                _ => return Err(first),
            });
        }
        (self.step, self.moments) = (step, moments);
        Ok(())
    }

    /// Takes one step along gradients multiplied by `gradient_scale`, at `rate_factor` times the
    /// learning rate. Parameters must come in the same order every time.
    pub fn step(&mut self, parameters: Vec<Parameter<'_>>, rate_factor: f64, gradient_scale: f64) {
        self.step += 1;
        if self.moments.is_empty() {
            self.moments = parameters.iter().map(|p| Moments::zeros(&p.scalars)).collect();
        }
        let rule = Rule::new(&self.spec, self.step, rate_factor, gradient_scale);
        for (parameter, moments) in parameters.into_iter().zip(&mut self.moments) {
            match (parameter.scalars, moments) {
                (Scalars::F32 { value, gradient }, Moments::F32 { first, second }) => {
                    rule.apply_f32(value, gradient, first, second);
                }
                (Scalars::F64 { value, gradient }, Moments::F64 { first, second }) => {
                    rule.apply_f64(value, gradient, first, second);
                }
                _ => unreachable!("a parameter keeps its precision for life"),
            }
        }
    }
}

impl Moments {
    /// The first and the second moment.
    fn numbers(&self) -> [Numbers<'_>; 2] {
        match self {
            Moments::F32 { first, second } => [first.as_slice().into(), second.as_slice().into()],
            Moments::F64 { first, second } => [first.as_slice().into(), second.as_slice().into()],
        }
    }

    fn zeros(scalars: &Scalars<'_>) -> Self {
        match scalars {
            Scalars::F32 { value, .. } => {
                Moments::F32 { first: vec![0.0; value.len()], second: vec![0.0; value.len()] }
            }
            Scalars::F64 { value, .. } => {
                Moments::F64 { first: vec![0.0; value.len()], second: vec![0.0; value.len()] }
            }
        }
    }
}

/// The numbers of one step, the same for every parameter.
enum Rule {
    Adam { rate: f64, beta1: f64, beta2: f64, epsilon: f64, root: f64, scale: f64 },
    Sgd { rate: f64, momentum: f64, scale: f64 },
}

/// Writes the two precisions of one update rule from one text.
macro_rules! apply {
    ($name:ident, $float:ty) => {
        fn $name(&self, x: &mut [$float], g: &[$float], m: &mut [$float], v: &mut [$float]) {
            let all = x.iter_mut().zip(g).zip(m.iter_mut().zip(v.iter_mut()));
            vectorised(|| match *self {
                Rule::Adam { rate, beta1, beta2, epsilon, root, scale } => {
                    let (rate, b1, b2) = (rate as $float, beta1 as $float, beta2 as $float);
                    let (epsilon, root, scale) =
                        (epsilon as $float, root as $float, scale as $float);
                    for ((x, g), (m, v)) in all {
                        let g = *g * scale;
                        let mean = b1 * *m + (1.0 - b1) * g;
                        // The mean of a unit that went off decays to a subnormal number, which
                        // moves nothing and slows processors down for good.
                        *m = if mean.abs() < <$float>::MIN_POSITIVE { 0.0 } else { mean };
                        *v = b2 * *v + (1.0 - b2) * g * g;
                        *x -= rate * *m / (v.sqrt() * root + epsilon);
                    }
                }
                Rule::Sgd { rate, momentum, scale } => {
                    let (rate, momentum, scale) =
                        (rate as $float, momentum as $float, scale as $float);
                    for ((x, g), (m, _)) in all {
                        *m = momentum * *m + *g * scale;
                        *x -= rate * *m;
                    }
                }
            })
        }
    };
}

impl Rule {
    /// Folds Adam's bias corrections into its rate and root: x −= α·m̂/(√v̂ + ε) with
    /// m̂ = m/(1 − β₁ᵗ) and √v̂ = √v/√(1 − β₂ᵗ).
    fn new(spec: &OptimizerSpec, step: i32, rate_factor: f64, scale: f64) -> Self {
        match *spec {
            OptimizerSpec::Adam(AdamSpec { learning_rate, beta1, beta2, epsilon }) => Rule::Adam {
                rate: learning_rate * rate_factor / (1.0 - beta1.powi(step)),
                root: 1.0 / (1.0 - beta2.powi(step)).sqrt(),
                beta1,
                beta2,
                epsilon,
                scale,
            },
            OptimizerSpec::Sgd(SgdSpec { learning_rate, momentum }) => {
                Rule::Sgd { rate: learning_rate * rate_factor, momentum, scale }
            }
        }
    }

    apply!(apply_f32, f32);
    apply!(apply_f64, f64);
}

/// The Euclidean norm of all gradients together.
pub fn gradient_norm(parameters: &[Parameter<'_>]) -> f64 {
    /// A sum in f32 stands still once it is 2²⁴ times its terms: so many terms at most.
    const PIECE: usize = 1 << 16;
    let piece = |own: &[f32]| f64::from(own.iter().map(|g| g * g).sum::<f32>());
    let square = |parameter: &Parameter<'_>| match &parameter.scalars {
        Scalars::F32 { gradient, .. } => gradient.chunks(PIECE).map(piece).sum(),
        Scalars::F64 { gradient, .. } => gradient.iter().map(|g| g * g).sum::<f64>(),
    };
    parameters.iter().map(square).sum::<f64>().sqrt()
}

/// What a gradient of this norm, if it is known, is multiplied by so that it is no longer than `clip`.
pub(super) fn clipping(norm: Option<f64>, clip: f64) -> f64 {
    norm.filter(|norm| *norm > clip).map_or(1.0, |norm| clip / norm)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adam(learning_rate: f64) -> OptimizerSpec {
        toml::from_str(&format!("[adam]\nlearning_rate = {learning_rate}")).expect("valid")
    }

    fn step(optimizer: &mut Optimizer, value: &mut [f64], gradient: &mut [f64]) {
        let scalars = Scalars::F64 { value, gradient };
        optimizer.step(vec![Parameter { name: "x", scalars }], 1.0, 1.0);
    }

    /// By hand, α = 0.1, gradients 2 then −1. Step 1: m̂ = 2, v̂ = 4, x = −0.1.
    /// Step 2: m = 0.9·0.2 + 0.1·(−1) = 0.08, m̂ = 0.08/0.19 = 0.421053;
    /// v = 0.999·0.004 + 0.001 = 0.004996, v̂ = 0.004996/0.001999 = 2.499250, √v̂ = 1.580902;
    /// x = −0.1 − 0.1·0.421053/1.580902 = −0.126634.
    #[test]
    fn two_adam_steps_by_hand() {
        let mut optimizer = Optimizer::new(&adam(0.1)).expect("valid");
        let mut x = [0.0];
        step(&mut optimizer, &mut x, &mut [2.0]);
        assert!((x[0] + 0.1).abs() < 1e-8);
        step(&mut optimizer, &mut x, &mut [-1.0]);
        assert!((x[0] + 0.126_633_8).abs() < 1e-6, "{}", x[0]);
    }

    #[test]
    fn a_saved_optimizer_goes_on_where_it_stopped_and_a_cold_one_does_not() {
        let mut warm = Optimizer::new(&adam(0.1)).expect("valid");
        let mut x = [1.0, -1.0];
        step(&mut warm, &mut x, &mut [0.3, -2.0]);
        let mut tensors = warm.memory(&["x".to_owned()]).into_iter();
        let mut tensors = tensors.by_ref().map(|(name, n)| (name, n.into_owned())).collect();
        let mut resumed = Optimizer::new(&adam(0.1)).expect("valid");
        resumed.remember(warm.steps(), &[("x".to_owned(), 2)], &mut tensors).expect("fits");
        let mut cold = Optimizer::new(&adam(0.1)).expect("valid");
        let (mut y, mut z) = (x, x);
        step(&mut warm, &mut x, &mut [0.7, 0.1]);
        step(&mut resumed, &mut y, &mut [0.7, 0.1]);
        step(&mut cold, &mut z, &mut [0.7, 0.1]);
        assert_eq!(x, y);
        assert_ne!(x, z);
    }

    /// Momentum 0.5, rate 0.1, gradient 1 twice: steps of 0.1 and 0.1·(0.5 + 1) = 0.15.
    #[test]
    fn two_momentum_steps_by_hand() {
        let spec = toml::from_str("[sgd]\nlearning_rate = 0.1\nmomentum = 0.5").expect("valid");
        let mut optimizer = Optimizer::new(&spec).expect("valid");
        let mut x = [0.0];
        step(&mut optimizer, &mut x, &mut [1.0]);
        step(&mut optimizer, &mut x, &mut [1.0]);
        assert!((x[0] + 0.25).abs() < 1e-15);
    }

    #[test]
    fn settings_without_meaning_are_refused() {
        let refused = |text: &str| {
            let spec = toml::from_str(text).expect("valid TOML");
            Optimizer::new(&spec).expect_err("refused").key
        };
        assert_eq!(refused("[adam]\nlearning_rate = nan"), "learning_rate");
        assert_eq!(refused("[adam]\nlearning_rate = 0.1\nbeta2 = 1.0"), "beta2");
        assert_eq!(refused("[sgd]\nlearning_rate = 0.1\nmomentum = -0.1"), "momentum");
    }
}
