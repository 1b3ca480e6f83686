//! The command line: parse, run, exit code.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use airbyte::destination::catalog;
use airbyte::destination::ledger::Ledger;
use airbyte::message::ErrorTrace;
use airbyte::stdout::{Closed, Stdout};
use clap::{Parser, Subcommand};
use connector::environment::Environment;
use connector::failure::{invalid_config, refused};
use connector::patience::{ANSWER_WITHIN, LAST_WORDS_WITHIN, STOPPED_WITHIN};
use connector::process::{
    LARGEST_CATALOG_BYTES, LARGEST_CONFIG_BYTES, command_line, contents, runtime, unusable,
    unwritable,
};
use connector::signals::Terminated;
use tokio::sync::watch;
use zendesk::clock::Clock;

use crate::commands::write::{Outcome, Request, write};
use crate::commands::{Out, check, discover, spec};
use crate::config::Config;

/// Writes rows into a Zendesk account. Reads Airbyte messages from stdin, one JSON object per line.
///
/// `check` tests the configuration, `discover` lists the objects that can be written, and `write` writes the
/// rows from stdin and reports the result.
#[derive(Debug, Parser)]
#[command(name = "destination-zendesk-support", version, infer_long_args = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Log DEBUG messages too.
    #[arg(long, global = true)]
    debug: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the options of the configuration.
    Spec,
    /// Test the configuration. Writes nothing to the account.
    Check {
        /// The configuration, a JSON file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Print the objects that can be written, with their fields.
    Discover {
        /// The configuration, a JSON file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Write the rows from stdin, until stdin ends.
    Write {
        /// The configuration, a JSON file.
        #[arg(long)]
        config: PathBuf,
        /// The configured catalog, a JSON file.
        #[arg(long)]
        catalog: PathBuf,
    },
}

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    let cli: Cli = match command_line() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let Some(command) = cli.command else {
        return unusable(
            "the command is missing. Use spec, check, discover or write, or see --help",
        );
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let code = runtime.block_on(Box::pin(act(command, &Environment::read(cli.debug))));
    // The thread that reads stdin must not keep the process alive.
    runtime.shutdown_background();
    code
}

async fn act(command: Command, environment: &Environment) -> ExitCode {
    let clock = Clock::new(environment.clock_scale);
    let out = Arc::new(Stdout::new(std::io::stdout(), Ledger::default(), environment.debug));
    let mut terminated = Terminated::listen();
    let done = match command {
        Command::Write { config, catalog } => match request(&config, &catalog) {
            Ok(request) => {
                let input = std::io::stdin();
                Box::pin(write(request, environment, clock, &out, &mut terminated, input)).await
            }
            Err(trouble) => failed(&out, &trouble).await,
        },
        command => {
            let (stop, stopping) = watch::channel(false);
            let mut answering = Box::pin(answer(command, environment, clock, &out, stopping));
            tokio::select! {
                done = &mut answering => done,
                () = terminated.wait() => {
                    // Renewed tokens are still saved.
                    let _ = stop.send(true);
                    let _ = tokio::time::timeout(ANSWER_WITHIN, answering).await;
                    Ok(Outcome::Stopped)
                }
            }
        }
    };
    let patience = match done {
        Ok(Outcome::Stopped) => STOPPED_WITHIN,
        _ => LAST_WORDS_WITHIN,
    };
    let is_written = out.finish(patience).await;
    if let Some(why) = out.unwritable() {
        return unwritable(why);
    }
    match done {
        Ok(Outcome::Stopped) => ExitCode::from(143),
        Ok(Outcome::Complete) if is_written => ExitCode::SUCCESS,
        Ok(Outcome::Complete | Outcome::Failed) | Err(Closed) => ExitCode::FAILURE,
    }
}

/// The commands that give one answer.
async fn answer(
    command: Command,
    environment: &Environment,
    clock: Clock,
    out: &Arc<Out>,
    stop: watch::Receiver<bool>,
) -> Result<Outcome, Closed> {
    match command {
        Command::Check { config } => {
            let config = contents(&config, "the configuration", LARGEST_CONFIG_BYTES);
            check::check(config, environment, clock, out, stop).await?;
            Ok(Outcome::Complete)
        }
        Command::Discover { config } => {
            let done = match read_config(&config) {
                Ok(config) => discover::discover(&config, environment, clock, out, stop).await?,
                Err(trouble) => Err(trouble),
            };
            match done {
                Ok(()) => Ok(Outcome::Complete),
                Err(trouble) => failed(out, &trouble).await,
            }
        }
        // `write` ends in its own way.
        Command::Spec | Command::Write { .. } => {
            out.line(spec::line()).await.map(|()| Outcome::Complete)
        }
    }
}

async fn failed(out: &Out, trouble: &ErrorTrace) -> Result<Outcome, Closed> {
    out.error(trouble).await?;
    Ok(Outcome::Failed)
}

fn request(config: &Path, catalog: &Path) -> Result<Request, ErrorTrace> {
    let config = Arc::new(read_config(config)?);
    let text = contents(catalog, "the configured catalog", LARGEST_CATALOG_BYTES)?;
    let catalog = catalog::parse(&text).map_err(|error| refused(&error.to_string()))?;
    Ok(Request { config, catalog })
}

fn read_config(path: &Path) -> Result<Config, ErrorTrace> {
    let text = contents(path, "the configuration", LARGEST_CONFIG_BYTES)?;
    Config::parse(&text).map_err(|violations| invalid_config(&violations))
}
