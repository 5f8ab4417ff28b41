//! The cost of one optimizer step and of one evaluation of the MLP bandit, beside the GEMM floor.
//!
//! 100 states × 10 responses, all 45 pairs of a state, IPO, full batch: the workload of
//! `benches/peers/twin.py step`, which prints the same fields. One line of JSON on standard output:
//! medians, in milliseconds, of this single-threaded process. A number among the arguments is the
//! seed, 0 without one.

use cpu_time::ProcessTime;
use gemm::{Parallelism, gemm};
use modeseek::learner::{
    BanditObserver, BanditTask, Expectation, Learner, Method, Observer, Optimizer, Progress,
    Schedule, StepReport, Stop, Supply, fit_to_reference,
};
use modeseek::policy::{Mlp, MlpSpec};
use modeseek::preference::{PairRule, PairSpec};
use modeseek::problem::{Problem, ProblemSpec};
use modeseek::stream::Streams;
use serde::de::DeserializeOwned;
use std::time::Instant;

const WARM_UP: usize = 30;
const STEPS: usize = 300;

fn parse<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|e| panic!("{e}"))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Both clocks at one moment.
struct Clocks(ProcessTime, Instant);

impl Clocks {
    fn start() -> Self {
        Clocks(ProcessTime::now(), Instant::now())
    }

    /// CPU and wall milliseconds since the start.
    fn elapsed(&self) -> [f64; 2] {
        [self.0.elapsed(), self.1.elapsed()].map(|time| time.as_secs_f64() * 1e3)
    }
}

/// The medians of CPU and wall times after the warm-up, as JSON fields.
fn fields(what: &str, times: &[[f64; 2]]) -> String {
    let of = |clock: usize| median(times[WARM_UP..].iter().map(|time| time[clock]).collect());
    format!("\"{what}_cpu_ms\": {:.4}, \"{what}_wall_ms\": {:.4}", of(0), of(1))
}

/// Times the gaps between observations, which are steps, and the observations themselves.
struct Stopwatch<'a> {
    observer: BanditObserver<'a>,
    last: Option<Clocks>,
    steps: Vec<[f64; 2]>,
    evaluations: Vec<[f64; 2]>,
}

impl Observer<Mlp> for Stopwatch<'_> {
    fn observe(&mut self, p: &Mlp, at: &Progress, r: Option<&StepReport>) -> Result<(), Stop> {
        self.steps.extend(self.last.as_ref().map(Clocks::elapsed));
        let start = Clocks::start();
        self.observer.observe(p, at, r)?;
        self.evaluations.push(start.elapsed());
        self.last = Some(Clocks::start());
        Ok(())
    }

    fn wants_gradient_norm(&self, step: u64) -> bool {
        Observer::<Mlp>::wants_gradient_norm(&self.observer, step)
    }
}

/// CPU milliseconds of one product `A·B`, `A: [rows, inner]`, `B: [inner, columns]`, each stored
/// row by row or, if transposed, column by column.
fn product([rows, inner, columns]: [usize; 3], transposed: [bool; 2]) -> f64 {
    let (a, b) = (vec![1.0f32; rows * inner], vec![1.0f32; inner * columns]);
    let mut out = vec![0.0f32; rows * columns];
    let steps = |height: usize, width: usize, transposed: bool| {
        if transposed { (height as isize, 1) } else { (1, width as isize) }
    };
    let (a_steps, b_steps) =
        (steps(rows, inner, transposed[0]), steps(inner, columns, transposed[1]));
    let start = ProcessTime::now();
    // SAFETY: three separate buffers of exactly the shapes and strides passed.
    unsafe {
        gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            columns as isize,
            true,
            a.as_ptr(),
            a_steps.0,
            a_steps.1,
            b.as_ptr(),
            b_steps.0,
            b_steps.1,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
    let time = start.elapsed().as_secs_f64() * 1e3;
    std::hint::black_box(out);
    time
}

/// CPU milliseconds of the eleven matrix products of one step, none of them left out: forward once,
/// backward twice (the contexts have no gradient).
fn products() -> f64 {
    let shapes = [(100, 50), (50, 256), (256, 256), (256, 100)];
    let times = (0..STEPS).map(|_| {
        let mut total = 0.0;
        for (layer, (inputs, outputs)) in shapes.into_iter().enumerate() {
            total += product([100, inputs, outputs], [false, false]);
            total += product([inputs, 100, outputs], [true, false]);
            if layer > 0 {
                total += product([100, outputs, inputs], [false, true]);
            }
        }
        total
    });
    median(times.collect())
}

fn main() {
    let seed = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(0);
    let streams = Streams::new(seed);
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
    let supply = Supply::Data(100);
    let mut learner =
        Learner::new(&task, method, (schedule, optimizer), supply, streams).expect("set up");
    let measure = parse(
        "every = 1\nmetrics = [\"gold_reward\", \"forward_kl_ref\", \"reverse_kl_ref\", \"entropy\"]",
    );
    let data = learner.data().expect("drawn");
    let pairs: usize = data.iter().map(|samples| samples.pairs.len()).sum();
    let observer = BanditObserver::new(&task, &measure, ("ipo", steps), &data, streams);
    let mut watch = Stopwatch { observer, last: None, steps: vec![], evaluations: vec![] };
    learner.train(&mut policy, &mut watch).expect("trained");
    println!(
        "{{\"engine\": \"modeseek\", \"mode\": \"step\", \"threads\": 1, \"seed\": {seed}, \
         \"pairs\": {pairs}, \"timed_steps\": {STEPS}, {}, {}, \"products_cpu_ms\": {:.4}}}",
        fields("step", &watch.steps),
        fields("evaluation", &watch.evaluations),
        products(),
    );
}
