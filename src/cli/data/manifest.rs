//! manifest.toml of `modeseek data build`: how the files were made, and what is in them.

use super::Failure;
use super::build::Args;
use super::kept::Settings;
use crate::cli::provenance::provenance;
use crate::preference::{Answer, Answered, ComparisonRow, Dataset, Ending, LabelSpec};
use clap::ValueEnum;
use std::time::Duration;
use toml::{Table, Value};

/// How the files were made, and what is in them; rewards are `[prompts][responses]`.
pub fn manifest(
    args: &Args,
    settings: &Settings,
    (answered, rewards): (&[Answered], &[Vec<f64>]),
    data: &Dataset<'_>,
) -> Result<String, Failure> {
    let made = provenance(Duration::ZERO);
    let prompts = args.prompts.as_ref().map_or("made".to_owned(), |p| p.display().to_string());
    let mut table = Table::new();
    for (name, text) in [
        ("version", made.version),
        ("command", made.command),
        ("prompts_from", prompts),
        ("reward", args.reward.to_string()),
        (
            "pairs",
            args.pairs.to_possible_value().map_or(String::new(), |p| p.get_name().to_owned()),
        ),
        ("labels", as_typed(args.labels)),
    ] {
        table.insert(name.to_owned(), text.into());
    }
    let settings = Value::try_from(settings).map_err(Failure::work)?;
    table.insert("sampling".to_owned(), settings);
    table.insert("responses".to_owned(), responses(answered, rewards).into());
    table.insert("comparisons".to_owned(), comparisons(answered.len(), data).into());
    toml::to_string(&table).map_err(Failure::work)
}

/// Labels as `--labels` has them.
fn as_typed(labels: LabelSpec) -> String {
    match labels {
        LabelSpec::Exact => "exact".to_owned(),
        LabelSpec::BradleyTerry(spec) => format!("bradley-terry={}", spec.temperature),
        LabelSpec::Flipped(spec) => format!("flipped={}", spec.rate),
    }
}

fn responses(answered: &[Answered], rewards: &[Vec<f64>]) -> Table {
    let all = || answered.iter().flat_map(|group| &group.responses);
    let ended = |ending| count(all().filter(|y| y.ending == ending).count());
    let entries = [
        ("count", count(all().count())),
        ("cut_at_max_new_tokens", ended(Ending::Limit)),
        ("shortened", ended(Ending::Shortened)),
        ("empty", count(all().filter(|y| y.is_empty()).count())),
        ("mean_tokens", mean(all().map(|y: &Answer| y.tokens as f64))),
        ("mean_reward", mean(rewards.iter().flatten().copied())),
    ];
    entries.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn comparisons(prompts: usize, data: &Dataset<'_>) -> Table {
    let all = || data.train.iter().chain(&data.test);
    let tokens = |of: fn(&ComparisonRow<'_>) -> usize| mean(all().map(|row| of(row) as f64));
    let entries = [
        ("train_prompts", count(prompts - data.test_prompts)),
        ("test_prompts", count(data.test_prompts)),
        ("train_rows", count(data.train.len())),
        ("test_rows", count(data.test.len())),
        ("empty_responses_left_out", count(data.empty)),
        ("ties_left_out", count(data.ties)),
        ("same_texts_left_out", count(data.same)),
        ("prompts_without_a_row", count(data.without)),
        ("mean_tokens_chosen", tokens(|row| row.chosen_tokens)),
        ("mean_tokens_rejected", tokens(|row| row.rejected_tokens)),
    ];
    entries.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn count(n: usize) -> Value {
    (n as i64).into()
}

/// A mean to two decimals; 0 of nothing.
fn mean(values: impl Iterator<Item = f64>) -> Value {
    let (mut sum, mut n) = (0.0, 0usize);
    values.for_each(|value| (sum, n) = (sum + value, n + 1));
    ((sum / n.max(1) as f64 * 100.0).round() / 100.0).into()
}
