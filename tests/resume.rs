//! A run that is interrupted between any two steps goes on as if nothing had happened.

use modeseek::learner::{Checkpoint, FittedPolicies, Keep, Keeper, Measurement, Stop, Taken};
use modeseek::runner::train::{train, train_kept};
use modeseek::scenario::{Experiment, Scenario};

/// B/M = 4 and T = 3: rounds of twelve steps.
const SCENARIO: &str = r#"
id = "resumed"
title = "Runs that are cut"
[problem.bumps]
reward = "R1"
[policy.tabular]
[schedule]
samples_per_round = 64
responses_per_prompt = 4
minibatch = 16
passes = 3
steps = 30
learning_rate_decay = "cosine"
[data]
prompts = 24
[optimizer.adam]
learning_rate = 0.05
[measure]
every = 1
states = 5
pairs = 10
[[method]]
name = "on-policy dpo"
objective.dpo = {}
data.prompts = "fresh"
[[method]]
name = "pool"
objective.reinforce = { baseline = "running-mean" }
[[method]]
name = "offline ipo, network"
objective.ipo = { target_margin = 10.0 }
schedule.data = "offline"
policy.mlp = { context = 12, features = 16, hidden = 32, fit = { steps = 10, states = 8 } }
[[method]]
name = "ppo"
objective.ppo = { baseline = "running-mean", standardise = true }
schedule.gradient_clip = 0.5
[[method]]
name = "adaptive penalty"
objective.grpo = { kl = { coefficient = 0.1, place = "reward", target = 0.5, horizon = 300.0 } }
[[method]]
name = "exact"
objective.reverse-kl = {}
schedule.expectation = "exact"
optimizer.adam.learning_rate = 0.01
[[method]]
name = "learned reward"
objective.ppo = {}
reward_model = { class = "tabular", pairs = 40 }
"#;

/// Keeps checkpoints in memory and stops the run after some step.
#[derive(Default)]
struct Memory {
    stop_after: u64,
    kept: Option<Checkpoint<'static>>,
}

impl Keeper for Memory {
    fn last(&mut self) -> Result<Option<Checkpoint<'static>>, Stop> {
        Ok(self.kept.clone())
    }

    fn due(&mut self, taken: &Taken<'_>) -> Keep {
        if taken.step == self.stop_after { Keep::SaveAndStop } else { Keep::No }
    }

    fn save(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), Stop> {
        self.kept = Some(checkpoint.clone().into_owned());
        Ok(())
    }
}

fn experiments() -> Vec<(String, Experiment)> {
    let scenario = Scenario::parse("resumed.toml", SCENARIO, None, &[], None)
        .unwrap_or_else(|error| panic!("{error}"));
    scenario.cells.into_iter().map(|cell| (cell.method, cell.experiment)).collect()
}

/// The run as it is when it is never cut.
fn whole(experiment: &Experiment) -> Vec<Measurement> {
    train(experiment, 5, &FittedPolicies::default()).expect("trained")
}

fn resumed(experiment: &Experiment, keeper: &mut dyn Keeper) -> Result<Vec<Measurement>, Stop> {
    train_kept(experiment, 5, &FittedPolicies::default(), keeper)
}

/// The checkpoint of a run that was cut after some step.
fn cut(experiment: &Experiment, step: u64) -> Checkpoint<'static> {
    let mut memory = Memory { stop_after: step, kept: None };
    assert_eq!(resumed(experiment, &mut memory), Err(Stop::Interrupted { step }));
    memory.kept.expect("saved")
}

/// Equal bit by bit, which `==` on numbers is not quite.
fn same(left: &[Measurement], right: &[Measurement]) -> bool {
    let bits = |m: &Measurement| (m.step, m.round, m.queries, m.metric.clone(), m.value.to_bits());
    left.iter().map(bits).eq(right.iter().map(bits))
}

/// Every cut of the first round and of the second, in a pass, between passes and between rounds.
#[test]
fn a_run_cut_after_any_step_ends_in_the_same_measurements() {
    for (method, experiment) in experiments() {
        let wanted = whole(&experiment);
        assert_eq!(wanted.last().map(|m| m.step), Some(30));
        for step in 1..30 {
            let kept = Some(cut(&experiment, step));
            let found = resumed(&experiment, &mut Memory { stop_after: 0, kept }).expect(&method);
            assert!(same(&wanted, &found), "{method}, cut after step {step}");
        }
    }
}

#[test]
fn a_run_cut_after_every_step_ends_in_the_same_measurements() {
    for (method, experiment) in experiments() {
        let mut memory = Memory::default();
        let found = loop {
            memory.stop_after += 1;
            match resumed(&experiment, &mut memory) {
                Err(Stop::Interrupted { step }) => assert_eq!(step, memory.stop_after),
                ended => break ended.expect(&method),
            }
        };
        assert_eq!(memory.stop_after, 30);
        assert!(same(&whole(&experiment), &found), "{method}");
    }
}

/// The first measurement after the cut that moves with the parameters.
#[test]
fn a_run_resumed_with_a_cold_optimizer_takes_another_path() {
    for (method, experiment) in experiments() {
        let mut kept = cut(&experiment, 13);
        assert!(kept.state.contains("optimizer_steps = 13"), "{}", &kept.state[..80]);
        kept.state = kept.state.replace("optimizer_steps = 13", "optimizer_steps = 0");
        kept.tensors.retain(|name, _| name.starts_with("parameter/"));
        let cold = Memory { stop_after: 0, kept: Some(kept) };
        let found = resumed(&experiment, &mut { cold }).expect(&method);
        let wanted = whole(&experiment);
        let at = |m: &[Measurement], step| -> Vec<Measurement> {
            m.iter().filter(|m| m.step == step && m.metric == "gold_reward").cloned().collect()
        };
        assert!(same(&at(&wanted, 13), &at(&found, 13)), "{method}");
        assert!(!same(&at(&wanted, 30), &at(&found, 30)), "{method}");
    }
}

#[test]
fn a_collapsed_policy_rests_on_after_a_cut() {
    let text = SCENARIO.replace("learning_rate = 0.05", "learning_rate = 3.0");
    let text = text.replace("steps = 30", "steps = 1000").replace("every = 1\n", "every = 100\n");
    let scenario = Scenario::parse("resumed.toml", &text, None, &[], None).expect("valid");
    let experiment = &scenario.cells[0].experiment;
    let wanted = whole(experiment);
    let last = |metric: &str| wanted.iter().rfind(|m| m.metric == metric).expect("measured").value;
    assert_eq!((last("loss"), last("grad_norm")), (0.0, 0.0), "it rests");
    let kept = Some(cut(experiment, 990));
    let found = resumed(experiment, &mut Memory { stop_after: 0, kept }).expect("resumed");
    assert!(same(&wanted, &found));
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let all = experiments();
    let experiment = |name: &str| &all.iter().find(|(n, _)| n == name).expect("a method").1;
    for (from, to) in
        [("ppo", "offline ipo, network"), ("pool", "on-policy dpo"), ("on-policy dpo", "pool")]
    {
        let kept = Some(cut(experiment(from), 7));
        let stop = resumed(experiment(to), &mut Memory { stop_after: 0, kept });
        let message = stop.expect_err("refused").to_string();
        assert!(message.contains("does not fit this run"), "{message}");
        assert!(message.contains("--fresh"), "{message}");
    }
}

/// Stops after every round that held no pair, and counts those since the last step.
#[derive(Default)]
struct Impatient {
    memory: Memory,
    idle: u64,
    stops: u64,
    /// Of each step: rounds since the last, and the share of prompts that it says taught nothing.
    steps: Vec<(u64, f64)>,
}

impl Keeper for Impatient {
    fn last(&mut self) -> Result<Option<Checkpoint<'static>>, Stop> {
        self.memory.last()
    }

    fn due(&mut self, taken: &Taken<'_>) -> Keep {
        self.steps.push((self.idle + 1, taken.report.idle_prompts));
        self.idle = 0;
        Keep::No
    }

    fn idle(&mut self, rounds: u64) -> Keep {
        self.idle += 1;
        self.stops += 1;
        assert_eq!(rounds, self.idle);
        Keep::SaveAndStop
    }

    fn save(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), Stop> {
        self.memory.save(checkpoint)
    }
}

/// One pair of answers a round, kept where their rewards are far apart: of the n prompts since the last step all but
/// one taught nothing, and a run that is stopped after each of them ends as one that never is.
#[test]
fn rounds_without_a_pair_are_counted_and_can_be_cut() {
    let text = SCENARIO
        .replace(
            "samples_per_round = 64\nresponses_per_prompt = 4\nminibatch = 16\npasses = 3",
            "\
            samples_per_round = 2\nresponses_per_prompt = 2\nminibatch = 2\npasses = 1",
        )
        .replace("objective.dpo = {}", "objective.dpo = {}\npairs.reward_gap = 0.1");
    let scenario = Scenario::parse("resumed.toml", &text, None, &[], None).expect("valid");
    let experiment = &scenario.cells[0].experiment;
    let mut keeper = Impatient::default();
    let found = loop {
        match resumed(experiment, &mut keeper) {
            Err(Stop::Interrupted { .. }) => continue,
            ended => break ended.expect("trained"),
        }
    };
    assert!(same(&whole(experiment), &found));
    assert!(keeper.stops > 30, "{} rounds without a pair", keeper.stops);
    assert_eq!(keeper.steps.len(), 30);
    for (rounds, idle) in keeper.steps {
        let wanted = (rounds - 1) as f64 / rounds as f64;
        assert!((idle - wanted).abs() < 1e-15, "{rounds} rounds: {idle}");
    }
}
