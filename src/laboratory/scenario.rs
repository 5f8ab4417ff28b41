//! Settings as a scenario. What is chosen by words makes a pattern; numbers are filled in.

use super::settings::{Data, Policy, Reward, Settings};

const TEMPLATE: &str = include_str!("scenario.toml");

/// The divergences are expectations over all arms: nothing is sampled, a step is a round.
const EXACT: &str = "data.prompts = \"fresh\"\n\
    schedule.expectation = \"exact\"\nschedule.data = \"on-policy\"\n\
    schedule.samples_per_round = 1\nschedule.responses_per_prompt = 1\n\
    schedule.minibatch = 1\nschedule.passes = 1\n";

impl Settings {
    /// The scenario of these settings, which `modeseek run` understands.
    pub fn scenario(&self) -> String {
        let methods: String = self.methods.iter().map(|name| method_pattern(name)).collect();
        let values = [
            ("@METHODS@", methods),
            ("@BETA@", format!("{:?}", self.beta)),
            ("@MARGIN@", format!("{:?}", 1.0 / self.beta)),
            ("@B@", self.round().to_string()),
            ("@T@", self.passes.to_string()),
            ("@RATE@", format!("{:?}", self.learning_rate)),
            ("@STEPS@", self.steps.to_string()),
            ("@SEED@", self.seed.to_string()),
        ];
        let pattern = pattern(self.reward, self.policy, self.data);
        values.iter().fold(pattern, |text, (name, value)| text.replace(name, value))
    }

    /// B, but offline no more than there are.
    fn round(&self) -> usize {
        match self.data {
            Data::OnPolicy => self.samples_per_round,
            Data::Offline | Data::Skewed => self.samples_per_round.min(10 * DATA_PROMPTS),
        }
    }
}

/// Offline there are so many prompts, of ten responses each.
const DATA_PROMPTS: usize = 100;

/// The scenario of what is chosen by words, with `@BETA@`, `@B@`, `@T@`, `@RATE@`, `@STEPS@`,
/// `@SEED@` where numbers stand and `@METHODS@` where methods do.
pub fn pattern(reward: Reward, policy: Policy, data: Data) -> String {
    let (source, prompts) = match data {
        Data::OnPolicy => ("on-policy", "\"fresh\"".to_owned()),
        Data::Offline | Data::Skewed => ("offline", DATA_PROMPTS.to_string()),
    };
    let (mean, width) = reward.bump_start();
    let policy_table = match policy {
        Policy::Table => "tabular]".to_owned(),
        Policy::Bump => format!("unimodal]\nmean = {mean:?}\nwidth = {width:?}"),
    };
    TEMPLATE
        .replace("@PROBLEM@", &problem(reward, policy, data))
        .replace("@POLICY@", &policy_table)
        .replace("@DATA@", source)
        .replace("@PROMPTS@", &prompts)
}

/// The table `[problem.…]`.
fn problem(reward: Reward, policy: Policy, data: Data) -> String {
    let bumps =
        |name| format!("[problem.bumps]\nreward = \"{name}\"\ntarget_temperature = @BETA@\n");
    let mut lines = match reward {
        Reward::Near => bumps("R2"),
        Reward::Far => bumps("R1"),
        Reward::TwoModes => "[problem.two-modes]\npeaks = [20.0, 70.0]\n\
            masses = [0.4, 0.6]\nwidths = [4.0, 4.0]\n"
            .to_owned(),
    };
    let (mean, width) = reward.bump_start();
    match (policy, reward) {
        (Policy::Bump, _) => {
            let start = format!("{{ mean = {mean:?}, width = {width:?} }}");
            lines += &format!("reference.gaussian = {start}\n");
        }
        (Policy::Table, Reward::TwoModes) => lines += "reference = \"uniform\"\n",
        (Policy::Table, Reward::Near | Reward::Far) => {}
    }
    if data == Data::Skewed {
        lines += "data.gaussian = { mean = 50.0, width = 10.0 }\n";
    }
    lines.trim_end().to_owned()
}

/// The block `[[method]]` of an objective, with `@BETA@` where β stands and `@MARGIN@` where 1/β
/// does.
pub fn method_pattern(name: &str) -> String {
    let strength = match name {
        "dpo" => " beta = @BETA@ ",
        "ipo" => " target_margin = @MARGIN@ ",
        "rwr" => " temperature = @BETA@, weight_clip = 1000000.0 ",
        _ => "",
    };
    let block = format!("\n[[method]]\nname = \"{name}\"\nobjective.{name} = {{{strength}}}\n");
    match name {
        "forward-kl" | "reverse-kl" => block + EXACT,
        _ => block,
    }
}
