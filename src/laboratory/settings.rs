//! What can be turned, how far, and what it is called.

use serde::Serialize;

/// Where the reward peaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// At arm 20, in the bulk of π_ref.
    Near,
    /// At arm 70, where π_ref hardly goes.
    Far,
    /// At arms 20 and 70, the second higher.
    TwoModes,
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// One free logit for each arm: it can become any distribution.
    Table,
    /// One bump with a mean and a width: it can hold one mode only.
    Bump,
}

/// Where responses come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Data {
    /// From the policy, at the start of each round.
    OnPolicy,
    /// From π_ref, a hundred prompts with ten responses each, before step 0.
    Offline,
    /// As offline, from a bump at arm 50 in place of π_ref.
    Skewed,
}

impl Reward {
    /// In the order in which they are offered.
    pub const ALL: [Reward; 3] = [Reward::Near, Reward::Far, Reward::TwoModes];

    /// As permalinks write it.
    pub fn word(self) -> &'static str {
        match self {
            Reward::Near => "near",
            Reward::Far => "far",
            Reward::TwoModes => "two-modes",
        }
    }

    /// Mean and width of the bump where `Policy::Bump` starts, and π_ref with it (arms): between two
    /// modes, else where the table's π_ref has its bulk.
    pub fn bump_start(self) -> (f64, f64) {
        match self {
            Reward::TwoModes => (50.0, 20.0),
            Reward::Near | Reward::Far => (20.0, 10.0),
        }
    }
}

impl Policy {
    /// In the order in which they are offered.
    pub const ALL: [Policy; 2] = [Policy::Table, Policy::Bump];

    /// As permalinks write it.
    pub fn word(self) -> &'static str {
        match self {
            Policy::Table => "table",
            Policy::Bump => "bump",
        }
    }

    /// The learning rate to begin with: a bump moves in shares of all arms, a table in nats.
    pub fn learning_rate(self) -> f64 {
        match self {
            Policy::Table => 0.1,
            Policy::Bump => 0.01,
        }
    }
}

impl Data {
    /// In the order in which they are offered.
    pub const ALL: [Data; 3] = [Data::OnPolicy, Data::Offline, Data::Skewed];

    /// As permalinks write it.
    pub fn word(self) -> &'static str {
        match self {
            Data::OnPolicy => "on-policy",
            Data::Offline => "offline",
            Data::Skewed => "skewed",
        }
    }
}

/// The methods of the laboratory, by the names of their objectives.
pub const METHODS: [&str; 9] =
    ["forward-kl", "reverse-kl", "pref-ft", "best-of-n", "rwr", "dpo", "ipo", "reinforce", "ppo"];

/// Everything that can be turned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// Where the reward peaks.
    pub reward: Reward,
    /// Who acts.
    pub policy: Policy,
    /// Where responses come from; the two divergences need none.
    pub data: Data,
    /// β: DPO's β, RWR's temperature, one over IPO's margin, and the temperature of the target
    /// π_ref·exp(r/β) of the two divergences (but for two modes, which are a target themselves).
    pub beta: f64,
    /// B: responses per round (offline no more than the thousand there are); a step uses 100 of
    /// them.
    #[serde(rename = "b")]
    pub samples_per_round: usize,
    /// T: passes over a round.
    #[serde(rename = "t")]
    pub passes: usize,
    /// Adam's step size.
    #[serde(rename = "lr")]
    pub learning_rate: f64,
    /// Optimizer steps.
    pub steps: u64,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Which of [`METHODS`] are shown, in that order.
    pub methods: Vec<&'static str>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            reward: Reward::Far,
            policy: Policy::Table,
            data: Data::OnPolicy,
            beta: 0.1,
            samples_per_round: 100,
            passes: 1,
            learning_rate: Policy::Table.learning_rate(),
            steps: 300,
            seed: 0,
            methods: vec!["forward-kl", "reverse-kl", "best-of-n", "dpo", "ipo", "reinforce"],
        }
    }
}

/// How far a number can be turned, and where it stops on the way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
    /// Where knobs stop, from the least to the most.
    pub rungs: &'static [f64],
}

/// How far each number can be turned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ranges {
    /// β.
    pub beta: Range,
    /// B, a multiple of 100.
    pub b: Range,
    /// T.
    pub t: Range,
    /// Adam's step size.
    pub lr: Range,
    /// Optimizer steps.
    pub steps: Range,
    /// The seed.
    pub seed: Range,
}

/// The range from the first rung to the last.
const fn range(rungs: &'static [f64]) -> Range {
    Range { least: rungs[0], most: rungs[rungs.len() - 1], rungs }
}

/// Seeds at which knobs stop; more can be named.
const SEEDS: [f64; 20] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0,
    17.0, 18.0, 19.0,
];

impl Ranges {
    /// The ranges of the laboratory.
    pub const ALL: Ranges = Ranges {
        beta: range(&[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]),
        b: range(&[100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0]),
        t: range(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]),
        lr: range(&[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]),
        steps: range(&[10.0, 20.0, 50.0, 100.0, 200.0, 300.0, 600.0]),
        seed: Range { most: 9999.0, ..range(&SEEDS) },
    };
}

/// Settings that show something, with what to look for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What differs from the first settings, as permalinks write it.
    pub query: &'static str,
    /// What to look for.
    pub look: &'static str,
}

/// The paper's three geometries first, then what else is worth a look.
pub const PRESETS: [Preset; 7] = [
    Preset {
        name: "Peak far from π_ref",
        query: "reward=far&data=on-policy",
        look: "On their own samples Best-of-N, DPO, IPO and REINFORCE all walk up to the \
               peak. Now switch the data to offline: none of the four gets half-way, and DPO \
               ends below π_ref, on arm 99.",
    },
    Preset {
        name: "Peak near π_ref",
        query: "reward=near&data=offline",
        look: "π_ref already answers well (0.38), so that offline data hold good responses: \
               every method ends above 0.8. On-policy data bring the last tenth or so; with a \
               far peak they bring nearly everything.",
    },
    Preset {
        name: "Skewed data",
        query: "reward=far&data=skewed",
        look: "The data (blue-grey outline) lie nearer to the peak than π_ref. Compare the \
               last step with that of plain offline data: Best-of-N, DPO and IPO now end far \
               higher; REINFORCE rises and falls back.",
    },
    Preset {
        name: "Two modes, one bump: cover or seek",
        query: "reward=two-modes&policy=bump&lr=0.01&methods=forward-kl,reverse-kl",
        look: "A policy with one bump cannot be both peaks. The forward KL spreads over both \
               and rewards little; the reverse KL chooses one.",
    },
    Preset {
        name: "Two modes, free table: only the way differs",
        query: "reward=two-modes&policy=table&methods=forward-kl,reverse-kl",
        look: "A table can be the target, so both divergences end there. On the way the \
               forward KL only pulls and leads in reward; the reverse KL also pushes the \
               floor down.",
    },
    Preset {
        name: "Stale samples",
        query: "reward=far&b=3200&methods=best-of-n,dpo,ipo,reinforce,ppo",
        look: "One round of 3200 responses lasts 32 steps: the policy moves on, its samples \
               do not. Bring B down to 100 and compare at the same step.",
    },
    Preset {
        name: "Samples used again",
        query: "reward=far&t=16&methods=best-of-n,dpo,ipo,reinforce,ppo",
        look: "Sixteen passes over each hundred responses need few queries. PPO's clip holds \
               every round back, so that REINFORCE is ahead at step 71. At T = 64 those \
               without a clip rest beside the peak, and PPO ends highest.",
    },
];
