//! What is typed: one file per subcommand.

mod captions;
mod check;
mod claims;
mod data;
mod demo;
mod explain;
mod figure;
mod first;
mod host;
mod interrupt;
mod lesson;
mod list;
#[cfg_attr(not(feature = "llm"), path = "llm_absent.rs")]
mod llm;
mod loss;
mod memory;
mod merge;
mod options;
mod patience;
mod progress;
mod provenance;
mod report;
mod reproduce;
mod run;
#[cfg(feature = "llm")]
mod shell;
mod tensorboard;

use anyhow::Error;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// See why preference fine-tuning works: on-policy sampling, sample reuse, negative gradients.
///
/// Re-implements and goes beyond Tajwar et al., "Preference Fine-Tuning of LLMs Should Leverage
/// Suboptimal, On-Policy Data" (arXiv 2404.14367), on exact bandits. Begin with `modeseek reproduce`.
#[derive(Parser)]
#[command(name = "modeseek", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shipped scenarios: id, figure, tier, tags, expected seconds
    List(list::Args),
    /// Parse and validate scenarios and print their cells; runs nothing
    Check(check::Args),
    /// Run scenarios; what is finished is never computed again
    Run(run::Args),
    /// Draw the figures of finished runs as SVG and PNG
    Figure(figure::Args),
    /// Hold finished runs against every finding of the paper
    Claims(claims::Args),
    /// One HTML page of finished runs: figures with their values, claims, settings
    Report(report::Args),
    /// Finished runs as event files of TensorBoard
    Tensorboard(tensorboard::Args),
    /// Run, draw and judge every shipped scenario
    Reproduce(reproduce::Args),
    Demo(demo::Args),
    /// Losses and coefficients for log-probabilities given in a CSV file
    Loss(loss::Args),
    /// What a metric, an objective, a key or a word means
    Explain(explain::Args),
    /// Predict, run and compare: the lessons of a two-hour class
    Lesson(lesson::Args),
    Data(data::Args),
    Llm(llm::Args),
    /// Join run folders of one scenario from several machines
    Merge(merge::Args),
}

/// Why a command did not succeed, by its exit code.
#[derive(Debug)]
pub enum Failure {
    /// The input was wrong: exit 2, before any work.
    Input(Error),
    /// The work failed: exit 1.
    Work(Error),
    /// A verdict differs from the expected one under `--strict`: exit 1, said already.
    Verdict,
    /// Interrupted: exit 130.
    Interrupted,
    /// Interrupted in work that begins anew the next time: exit 130.
    Abandoned,
}

impl Failure {
    /// The input was wrong.
    fn input(error: impl Into<Error>) -> Self {
        Failure::Input(error.into())
    }

    /// The work failed.
    fn work(error: impl Into<Error>) -> Self {
        Failure::Work(error.into())
    }
}

/// Reads the command line, runs the command and tells the exit code: 0 done, 1 the work failed, 2
/// the input was wrong, 130 interrupted.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let result = match cli.command {
        Command::List(args) => list::list(&args),
        Command::Check(args) => check::check(&args),
        Command::Run(args) => run::run(&args),
        Command::Figure(args) => figure::figure(&args),
        Command::Claims(args) => claims::claims(&args),
        Command::Report(args) => report::report(&args),
        Command::Tensorboard(args) => tensorboard::command(&args),
        Command::Reproduce(args) => reproduce::reproduce(&args),
        Command::Demo(args) => demo::command(&args),
        Command::Loss(args) => loss::command(&args),
        Command::Explain(args) => explain::command(&args),
        Command::Lesson(args) => lesson::lesson(&args),
        Command::Data(args) => data::command(&args),
        Command::Llm(args) => llm::command(&args),
        Command::Merge(args) => merge::merge(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Input(error)) => complain(&error, 2),
        Err(Failure::Work(error)) => complain(&error, 1),
        Err(Failure::Verdict) => ExitCode::from(1),
        Err(Failure::Interrupted) => {
            eprintln!("interrupted; the same command goes on from here");
            ExitCode::from(130)
        }
        Err(Failure::Abandoned) => ExitCode::from(130),
    }
}

/// Prints what clap has to say: help, the version, or what is wrong with what was typed.
fn refuse(error: &clap::Error) -> ExitCode {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand) else {
        let shown = error.print();
        let code = u8::try_from(error.exit_code()).unwrap_or(2);
        return ExitCode::from(if shown.is_ok() { code } else { 0 });
    };
    let cli = Cli::command();
    let commands: Vec<String> =
        cli.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    match options::one_of("command", given, &commands) {
        Err(Failure::Input(error)) => complain(&error, 2),
        _ => ExitCode::from(2),
    }
}

/// Prints an error; a reader that went away (`modeseek list | head`) is none.
fn complain(error: &Error, code: u8) -> ExitCode {
    let broken_pipe = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    if error.downcast_ref::<std::io::Error>().is_some_and(broken_pipe) {
        return ExitCode::SUCCESS;
    }
    let text = format!("{error}");
    let text = text.trim_end();
    if text.starts_with("error") {
        eprintln!("{text}")
    } else {
        eprintln!("error: {text}")
    }
    ExitCode::from(code)
}

/// Writes to standard output, so that a closed pipe is an error and not a panic.
fn say(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", text.trim_end_matches('\n')).map_err(Failure::work)
}
