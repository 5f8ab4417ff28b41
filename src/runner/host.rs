//! Where runs of language models are computed, in a build that has them.

use crate::learner::{Keeper, Measurement, Stop};
use crate::scenario::Experiment;

#[cfg(feature = "llm")]
pub use with::Host;
#[cfg(not(feature = "llm"))]
pub use without::Host;

#[cfg(feature = "llm")]
mod with {
    use super::{Experiment, Keeper, Measurement, Stop};
    use crate::llm::{Engine, Kernels, LanguagePlace, LanguageRun, Shell, lacks_nano};
    use crate::numerics::Threads;
    use crate::runner::is_long;
    use std::path::PathBuf;
    use std::sync::Arc;

    /// The device that language models are computed on, and where fetched ones lie.
    pub struct Host {
        /// For runs that share the threads, each on one of them.
        short: LanguagePlace,
        /// For a run that has all of them.
        long: LanguagePlace,
    }

    impl Host {
        /// A device, the folder of fetched models, and the memory that there is (bytes), where it is
        /// known.
        pub fn new(engine: Engine, models: PathBuf, available_memory: Option<u64>) -> Self {
            let fits = Arc::default();
            let place = |threads| LanguagePlace {
                engine: engine.clone().with_threads(threads),
                models: models.clone(),
                fits: Arc::clone(&fits),
                available_memory,
                shell: None,
            };
            Host { short: place(Threads::One), long: place(Threads::Pool) }
        }

        /// The same with somebody who runs the commands of rewards.
        pub fn with_shell(mut self, shell: Arc<dyn Shell>) -> Self {
            for place in [&mut self.short, &mut self.long] {
                place.shell = Some(Arc::clone(&shell));
            }
            self
        }

        /// Refuses experiments whose language models, prompts or memory are not there, before one of
        /// them is computed.
        pub fn check<'a>(
            &self,
            experiments: impl Iterator<Item = &'a Experiment>,
        ) -> Result<(), Stop> {
            let same = |a: &Experiment, b: &Experiment| {
                (&a.problem, &a.policy, &a.schedule, &a.data, a.objective.critic())
                    == (&b.problem, &b.policy, &b.schedule, &b.data, b.objective.critic())
            };
            let mut seen: Vec<&Experiment> = Vec::new();
            for experiment in experiments {
                if !seen.iter().any(|other| same(other, experiment)) {
                    let checked = run(experiment).check(&self.long);
                    checked.map_err(|error| Stop::Setup(error.to_string()))?;
                    seen.push(experiment);
                }
            }
            Ok(())
        }

        /// Whether an experiment asks for the model nano, which is not there yet and is taught first.
        pub fn will_teach<'a>(
            &self,
            mut experiments: impl Iterator<Item = &'a Experiment>,
        ) -> bool {
            let asks = |e: &Experiment| e.policy.decoder().is_some_and(|model| model.is_nano());
            lacks_nano(&self.long.models) && experiments.any(asks)
        }

        /// Trains a language model.
        pub(in crate::runner) fn train(
            &self,
            experiment: &Experiment,
            seed: u64,
            keeper: &mut dyn Keeper,
        ) -> Result<Vec<Measurement>, Stop> {
            let place = if is_long(experiment) { &self.long } else { &self.short };
            run(experiment).train_kept(seed, place, keeper)
        }
    }

    /// The settings of an experiment, as the engine reads them.
    fn run(experiment: &Experiment) -> LanguageRun<'_> {
        LanguageRun {
            problem: &experiment.problem,
            policy: &experiment.policy,
            objective: &experiment.objective,
            schedule: &experiment.schedule,
            data: &experiment.data,
            pairs: &experiment.pairs,
            optimizer: &experiment.optimizer,
            measure: &experiment.measure,
        }
    }

    impl Default for Host {
        /// The host's own processor, and the folder `models`.
        fn default() -> Self {
            let engine = Engine::host(Kernels::Fused, Threads::One);
            Host::new(engine, PathBuf::from("models"), None)
        }
    }
}

#[cfg(not(feature = "llm"))]
mod without {
    use super::{Experiment, Keeper, Measurement, Stop};

    /// No device: this build has no language models.
    #[derive(Default)]
    pub struct Host {}

    impl Host {
        /// Nothing is taught.
        pub fn will_teach<'a>(&self, _: impl Iterator<Item = &'a Experiment>) -> bool {
            false
        }

        /// Leaves it to the run to say that there are none.
        pub fn check<'a>(&self, _: impl Iterator<Item = &'a Experiment>) -> Result<(), Stop> {
            Ok(())
        }

        /// Says how to have them.
        pub(in crate::runner) fn train(
            &self,
            _experiment: &Experiment,
            _seed: u64,
            _keeper: &mut dyn Keeper,
        ) -> Result<Vec<Measurement>, Stop> {
            Err(Stop::Setup(
                "this build has no language models; install it with them: \
                 cargo install modeseek --features llm"
                    .to_owned(),
            ))
        }
    }
}
