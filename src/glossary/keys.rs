//! Keys of a scenario: the fields of the types that read them.

mod allowed;
mod notes;

use super::entry::{Entry, Kind};
use super::objectives;
use super::source::{Member, item};
use crate::learner::{
    AdamSpec, DataSpec, DemonstrationFile, MeasureSpec, PreferenceFile, ScheduleSpec, SgdSpec,
};
use crate::objective::{
    CriticSpec, DpoSpec, GrpoSpec, HingeSpec, IpoSpec, KlSpec, PpoSpec, ReinforceSpec, RwrSpec,
    UnlikelihoodSpec,
};
use crate::policy::{
    FitSpec, LanguageModelSpec, LoraSpec, MlpSpec, NanoSpec, ScoringModelSpec, StopSpec,
    UnimodalSpec,
};
use crate::preference::{BradleyTerrySpec, FlippedSpec, PairSpec, RewardModelSpec};
use crate::problem::{
    BumpsSpec, ExponentialSpec, FittedSpec, LearnedRewardSpec, LengthSpec, LogNormalSpec,
    LongestSpec, ModeLengthSpec, NegativeBinomialSpec, NormalSpec, PromptsSpec, SeparationSpec,
    TableSpec, TiltSpec, TokensSpec, TwoModesSpec,
};
use crate::scenario::{ClaimSpec, FactorSpec, PanelSpec, PublishedSpec, Seeds};
use serde::{Serialize, de::DeserializeOwned};
use toml::Table;

/// A table of a scenario.
struct Section {
    /// What stands before its keys.
    prefix: &'static str,
    /// The type that reads it.
    item: &'static str,
    /// The keys that must be given, and the table with every default filled in.
    filled: fn() -> Option<[Table; 2]>,
}

/// The table that a type reads from the keys that must be given.
fn filled<T: Serialize + DeserializeOwned>(required: &str) -> Option<[Table; 2]> {
    let read: T = toml::from_str(required).ok()?;
    Some([toml::from_str(required).ok()?, Table::try_from(read).ok()?])
}

/// Shorter than a struct literal with its field names on four lines.
const fn section(
    prefix: &'static str,
    item: &'static str,
    filled: fn() -> Option<[Table; 2]>,
) -> Section {
    Section { prefix, item, filled }
}

const SEPARATION: &str = "p = 0.3\nq1 = 0.4\nq2 = 0.1";
const TWO_MODES: &str = "peaks = [1, 2]\nmasses = [1, 1]\nwidths = [1, 1]";
const TABLE: &str = "rewards = [0, 1]\nreference = \"uniform\"";
const CLAIM: &str = "id = \"\"\nsays = \"\"\nexpected = \"holds\"\nmetric = \"\"\nbetter = {}\n\
    margin = 0.0";

const PUBLISHED: &str = "id = \"\"\nsays = \"\"\nsource = \"\"\nmetric = \"\"\ncell = {}";

/// Every table of a scenario, in the order in which scenarios are written.
const SECTIONS: [Section; 53] = [
    section("", "Scenario", || None),
    section("seeds", "Seeds", || filled::<Seeds>("")),
    section("", "Experiment", || None),
    section("problem.bumps", "BumpsSpec", || filled::<BumpsSpec>("reward = \"R1\"")),
    section("problem.two-modes", "TwoModesSpec", || filled::<TwoModesSpec>(TWO_MODES)),
    section("problem.table", "TableSpec", || filled::<TableSpec>(TABLE)),
    section("problem.separation", "SeparationSpec", || filled::<SeparationSpec>(SEPARATION)),
    section("problem.length", "LengthSpec", || filled::<LengthSpec>("task = \"min\"")),
    section("problem.length.reference.log-normal", "LogNormalSpec", || {
        filled::<LogNormalSpec>("mode = 1\nsigma = 1")
    }),
    section("problem.length.reference.negative-binomial", "NegativeBinomialSpec", || {
        filled::<NegativeBinomialSpec>("mean = 1\ndispersion = 1")
    }),
    section("problem.length.reference.normal", "NormalSpec", || {
        filled::<NormalSpec>("mean = 1\ndeviation = 1")
    }),
    section("problem.length.reference.fitted", "FittedSpec", || {
        filled::<FittedSpec>("jsonl = \"\"")
    }),
    section("problem.length.truncation.exponential", "ExponentialSpec", || {
        filled::<ExponentialSpec>("mean = 1")
    }),
    section("problem.length.truncation.longest", "LongestSpec", || {
        filled::<LongestSpec>("tokens = 1")
    }),
    section("problem.length.truncation.tilt", "TiltSpec", || filled::<TiltSpec>("scale = 1")),
    section("problem.tokens", "TokensSpec", || filled::<TokensSpec>("reward = \"R1\"")),
    section("problem.prompts", "PromptsSpec", || filled::<PromptsSpec>("")),
    section("problem.prompts.reward.mode", "ModeLengthSpec", || {
        filled::<ModeLengthSpec>("peak = 1")
    }),
    section("problem.prompts.reward.skew", "ExponentialSpec", || {
        filled::<ExponentialSpec>("mean = 1")
    }),
    section("problem.prompts.learned", "LearnedRewardSpec", || filled::<LearnedRewardSpec>("")),
    section("policy.stop", "StopSpec", || filled::<StopSpec>("")),
    section("policy.unimodal", "UnimodalSpec", || filled::<UnimodalSpec>("mean = 1\nwidth = 1")),
    section("policy.mlp", "MlpSpec", || filled::<MlpSpec>("")),
    section("policy.mlp.fit", "FitSpec", || filled::<FitSpec>("")),
    section("policy.nano", "NanoSpec", || filled::<NanoSpec>("")),
    section("policy.nano.fit", "FitSpec", || filled::<FitSpec>("")),
    section("policy.language-model", "LanguageModelSpec", || {
        filled::<LanguageModelSpec>("model = \"\"")
    }),
    section("policy.language-model.lora", "LoraSpec", || filled::<LoraSpec>("")),
    section("policy.reward-model", "ScoringModelSpec", || {
        filled::<ScoringModelSpec>("model = \"\"")
    }),
    section("policy.reward-model.lora", "LoraSpec", || filled::<LoraSpec>("")),
    section("objective.rwr", "RwrSpec", || filled::<RwrSpec>("")),
    section("objective.reinforce", "ReinforceSpec", || filled::<ReinforceSpec>("")),
    section("objective.reinforce.kl", "KlSpec", || filled::<KlSpec>(KL)),
    section("objective.ppo", "PpoSpec", || filled::<PpoSpec>("")),
    section("objective.ppo.kl", "KlSpec", || filled::<KlSpec>(KL)),
    section("objective.ppo.critic", "CriticSpec", || filled::<CriticSpec>("")),
    section("objective.grpo", "GrpoSpec", || filled::<GrpoSpec>("")),
    section("objective.grpo.kl", "KlSpec", || filled::<KlSpec>(KL)),
    section("objective.dpo", "DpoSpec", || filled::<DpoSpec>("")),
    section("objective.ipo", "IpoSpec", || filled::<IpoSpec>("")),
    section("objective.hinge", "HingeSpec", || filled::<HingeSpec>("")),
    section("objective.unlikelihood", "UnlikelihoodSpec", || filled::<UnlikelihoodSpec>("")),
    section("schedule", "ScheduleSpec", || filled::<ScheduleSpec>("steps = 1")),
    section("data", "DataSpec", || filled::<DataSpec>("")),
    section("data.demonstrations", "DemonstrationFile", || filled::<DemonstrationFile>("")),
    section("data.preferences", "PreferenceFile", || filled::<PreferenceFile>("")),
    section("pairs", "PairSpec", || filled::<PairSpec>("")),
    section("pairs.labels.bradley-terry", "BradleyTerrySpec", || {
        filled::<BradleyTerrySpec>("temperature = 1")
    }),
    section("pairs.labels.flipped", "FlippedSpec", || filled::<FlippedSpec>("rate = 0")),
    section("reward_model", "RewardModelSpec", || filled::<RewardModelSpec>("class = \"smooth\"")),
    section("optimizer.adam", "AdamSpec", || filled::<AdamSpec>("learning_rate = 1")),
    section("optimizer.sgd", "SgdSpec", || filled::<SgdSpec>("learning_rate = 1")),
    section("measure", "MeasureSpec", || filled::<MeasureSpec>("")),
];

/// The least that a KL penalty needs.
const KL: &str = "coefficient = 1";

/// The blocks in double brackets, and the column of a CSV file.
const BLOCKS: [Section; 7] = [
    section("claim", "ClaimSpec", || filled::<ClaimSpec>(CLAIM)),
    section("published", "PublishedSpec", || filled::<PublishedSpec>(PUBLISHED)),
    section("factor", "FactorSpec", || filled::<FactorSpec>("name = \"\"\nhigh = {}\nlow = {}")),
    section("panel", "PanelSpec", || filled::<PanelSpec>("title = \"\"")),
    section("panel.marks", "Mark", || None),
    section("panel.points", "LabelledPoint", || None),
    section("problem.table.rewards", "Column", || None),
];

/// Choices between tables: every variant is a key.
const CHOICES: [(&str, &str); 11] = [
    ("problem", "ProblemSpec"),
    ("problem.bumps.reference", "ReferenceSpec"),
    ("problem.table.reference", "ReferenceSpec"),
    ("problem.two-modes.reference", "ReferenceSpec"),
    ("problem.length.reference", "LengthReferenceSpec"),
    ("problem.length.truncation", "TruncationSpec"),
    ("problem.tokens.reference", "ReferenceSpec"),
    ("problem.prompts.reward", "LengthReward"),
    ("pairs.labels", "LabelSpec"),
    ("policy", "PolicySpec"),
    ("optimizer", "OptimizerSpec"),
];

/// What a resolved scenario holds beside what is written.
const NOT_WRITTEN: [&str; 9] =
    ["seeds", "methods", "sweep", "cells", "claims", "factors", "panels", "set", "warnings"];

/// Every key.
pub(super) fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for section in SECTIONS.iter().chain(&BLOCKS) {
        let members = item(section.item).map_or(Vec::new(), |item| item.members);
        let resolved = section.item == "Scenario";
        let written =
            members.iter().filter(|m| !(resolved && NOT_WRITTEN.contains(&m.name.as_str())));
        let written = written.filter(|m| m.name.starts_with(|c: char| c.is_lowercase()));
        entries.extend(written.map(|member| key(section, member)));
    }
    for (prefix, choice) in CHOICES {
        let variants = item(choice).map_or(Vec::new(), |item| item.members);
        entries.extend(variants.iter().map(|variant| {
            let path = format!("{prefix}.{}", variant.name);
            let note = notes::of(&path);
            Entry::new(Kind::Key, &path)
                .with("What", &variant.doc)
                .with("Formula", note.formula)
                .with("Read", &variant.reading)
                .with("Wrong", &variant.wrong)
                .with("Set", format!("[{path}] in a scenario, with the keys below it"))
                .with("Source", if note.source.is_empty() { notes::BANDITS } else { note.source })
        }));
    }
    entries
}

/// One key.
fn key(section: &Section, member: &Member) -> Entry {
    let dot = if section.prefix.is_empty() { "" } else { "." };
    let path = format!("{}{dot}{}", section.prefix, member.name);
    let note = notes::of(&path);
    let words = allowed::words(member);
    let objective = section.prefix.strip_prefix("objective.");
    let source = match objective {
        Some(name) if note.source.is_empty() => objectives::paragraph(name, "Source"),
        _ if note.source.is_empty() => notes::source(section.prefix).to_owned(),
        _ => note.source.to_owned(),
    };
    let formula = match objective {
        Some(name) if note.formula.is_empty() => objectives::paragraph(name, "Formula"),
        _ => note.formula.to_owned(),
    };
    Entry::new(Kind::Key, &path)
        .also(note.also.iter().copied())
        .values(words.iter().map(|word| word.name.clone()))
        .with("What", &member.doc)
        .with("Formula", formula)
        .with("Unit", note.unit)
        .with("Read", &member.reading)
        .with("Wrong", &member.wrong)
        .with("Allowed", allowed::allowed(section.prefix, member, note.allowed))
        .with("Default", default(section, member))
        .with("Set", place(section.prefix, &path))
        .with("Source", source)
}

/// What holds if the key is left out.
fn default(section: &Section, member: &Member) -> String {
    let Some([given, filled]) = (section.filled)() else { return String::new() };
    match filled.get(&member.name) {
        _ if given.contains_key(&member.name) => "none: it must be given".to_owned(),
        Some(value) if value.is_table() => String::new(),
        Some(value) => value.to_string(),
        None => "none: it may be left out".to_owned(),
    }
}

/// Where the key is written.
fn place(prefix: &str, path: &str) -> String {
    let top = prefix.split('.').next().unwrap_or(prefix);
    match top {
        "claim" | "factor" | "panel" | "published" => format!("in a block [[{top}]] of a scenario"),
        "" => "at the top of a scenario".to_owned(),
        _ => format!(
            "[{prefix}] in a scenario, the same key below a [[method]], or --set {path}=VALUE"
        ),
    }
}
