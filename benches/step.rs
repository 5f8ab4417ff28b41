//! The cost of one optimizer step and of one evaluation of the MLP bandit, beside the GEMM floor.
//!
//! 100 states × 10 responses, all 45 pairs of a state, IPO, full batch: the workload of
//! `benches/peers/twin.py`, which prints the same fields. One line of JSON on standard output; the
//! times are CPU milliseconds of this single-threaded process, medians.

use cpu_time::ProcessTime;
use modeseek::learner::{
    BanditObserver, BanditTask, Expectation, Learner, Method, Observer, Optimizer, Progress,
    Schedule, StepReport, Stop, Supply, fit_to_reference,
};
use modeseek::policy::{Mlp, MlpSpec};
use modeseek::preference::{PairRule, PairSpec};
use modeseek::problem::{Problem, ProblemSpec};
use modeseek::stream::Streams;
use ndarray::Array2;
use serde::de::DeserializeOwned;

const WARM_UP: usize = 30;
const STEPS: usize = 300;

fn parse<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|e| panic!("{e}"))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Times the gaps between steps, and evaluations within them.
struct Stopwatch<'a> {
    observer: BanditObserver<'a>,
    last: Option<ProcessTime>,
    steps: Vec<f64>,
    evaluations: Vec<f64>,
}

impl Observer<Mlp> for Stopwatch<'_> {
    fn observe(&mut self, p: &Mlp, at: &Progress, r: Option<&StepReport>) -> Result<(), Stop> {
        if let Some(last) = self.last {
            self.steps.push(last.elapsed().as_secs_f64() * 1e3);
        }
        let start = ProcessTime::now();
        self.observer.observe(p, at, r)?;
        self.evaluations.push(start.elapsed().as_secs_f64() * 1e3);
        self.last = Some(ProcessTime::now());
        Ok(())
    }
}

/// CPU milliseconds of the matrix products of one step: forward once, backward twice.
fn gemm_floor() -> f64 {
    let shapes = [(100, 50), (50, 256), (256, 256), (256, 100)];
    let times = (0..STEPS).map(|_| {
        let mut total = 0.0;
        for (inputs, outputs) in shapes {
            let x = Array2::<f32>::ones((100, inputs));
            let w = Array2::<f32>::ones((inputs, outputs));
            let dy = Array2::<f32>::ones((100, outputs));
            let start = ProcessTime::now();
            std::hint::black_box((x.dot(&w), x.t().dot(&dy), dy.dot(&w.t())));
            total += start.elapsed().as_secs_f64() * 1e3;
        }
        total
    });
    median(times.collect())
}

fn main() {
    let streams = Streams::new(0);
    let problem: ProblemSpec = parse("[bumps]\nreward = \"R1\"");
    let problem = Problem::new(&problem, std::path::Path::new(".")).expect("problem");
    let task = BanditTask::new(problem, 100, streams);
    let spec = MlpSpec::default();
    let mut policy = Mlp::new(&spec, 100, streams);
    fit_to_reference(&mut policy, &task, &spec.fit).expect("fitted");
    let steps = (WARM_UP + STEPS) as u64;
    let schedule =
        format!("data = \"offline\"\nsamples_per_round = 1000\nminibatch = 1000\nsteps = {steps}");
    let schedule = Schedule::new(&parse(&schedule)).expect("schedule");
    let optimizer = Optimizer::new(&parse("[adam]\nlearning_rate = 0.003")).expect("optimizer");
    let rule = PairRule::new(PairSpec::default()).expect("rule");
    let objective = parse("[ipo]\ntarget_margin = 10.0");
    let method = Method::new(&objective, rule, Expectation::Sampled).expect("method");
    let supply = Supply::Reference(100);
    let mut learner = Learner::new(&task, method, (schedule, optimizer), supply, streams);
    let measure = parse(
        "every = 1\nmetrics = [\"gold_reward\", \"forward_kl_ref\", \"reverse_kl_ref\", \"entropy\"]",
    );
    let observer = BanditObserver::new(&task, &measure, ("ipo", steps), learner.data(), streams);
    let mut watch = Stopwatch { observer, last: None, steps: vec![], evaluations: vec![] };
    learner.train(&mut policy, &mut watch).expect("trained");
    let step = median(watch.steps.split_off(WARM_UP));
    let evaluation = median(watch.evaluations.split_off(WARM_UP));
    let floor = gemm_floor();
    println!(
        "{{\"step_cpu_ms\": {step:.3}, \"evaluation_cpu_ms\": {evaluation:.3}, \
         \"gemm_floor_cpu_ms\": {floor:.3}}}"
    );
}
