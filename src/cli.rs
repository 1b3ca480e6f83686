//! The command line: parses it, runs the command, and returns the exit code.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tokio::sync::watch;

use crate::source::configured_catalog::configured_catalog;
use crate::source::filing::{SyncRequest, sync};
use crate::source::prepare::ReadRequest;
use crate::source::read::{Outcome, read};
use crate::source::{Environment, check, discover, read_config, spec};
use airbyte::catalog;
use airbyte::message::{ErrorTrace, Level};
use airbyte::source::emitter::Emitter;
use airbyte::source::state::SavedStates;
use airbyte::stdout::{Closed, Stdout, is_not_gone};
use connector::environment::variable;
use connector::failure::refused;
use connector::paint::Paint;
use connector::patience::{ANSWER_WITHIN, LAST_WORDS_WITHIN, STOPPED_WITHIN};
use connector::process::{
    LARGEST_CATALOG_BYTES, LARGEST_CONFIG_BYTES, command_line, contents, runtime, unusable,
    unwritable,
};
use connector::signals::Terminated;
use zendesk::clock::Clock;
use zendesk::secret::Secret;
use zendesk::webhook;

mod arguments;

use self::arguments::{CatalogArgs, SyncArgs};

/// The largest state that is read. A state of Airbyte's connector may hold an entry for each
/// ticket.
const LARGEST_STATE_BYTES: u64 = 64 << 20;

/// The largest webhook call that is read. Zendesk's calls are far smaller.
const LARGEST_CALL_BYTES: u64 = 16 << 20;

/// Reads a Zendesk account and writes Airbyte messages, one JSON object per line, to stdout.
///
/// `check` tests the configuration and `discover` lists the streams. `catalog` makes a configured catalog of
/// some of them, and `read` reads these, from a saved state if there is one. Without a platform, `sync` does
/// all of this and writes into a folder.
///
/// At a terminal, `spec`, `check` and `discover` answer in plain text. Elsewhere they write messages.
#[derive(Debug, Parser)]
#[command(name = "source-zendesk-support", version, infer_long_args = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Write DEBUG lines too.
    #[arg(long, global = true)]
    debug: bool,

    /// Accepted because orchestrators pass it; without effect.
    #[arg(long, global = true, hide = true)]
    manifest_path: Option<PathBuf>,

    /// Accepted because orchestrators pass it; without effect.
    #[arg(long, global = true, hide = true)]
    components_path: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the options of the configuration.
    Spec {
        /// Write messages at a terminal too.
        #[arg(long)]
        json: bool,
    },
    /// Test the configuration.
    Check {
        /// The configuration, a JSON file.
        #[arg(long)]
        config: PathBuf,
        /// Write messages at a terminal too.
        #[arg(long)]
        json: bool,
    },
    /// Print the streams of the account.
    Discover {
        /// The configuration, a JSON file.
        #[arg(long)]
        config: PathBuf,
        /// Write messages at a terminal too.
        #[arg(long)]
        json: bool,
    },
    /// Print a configured catalog of some streams, for `read`.
    Catalog(CatalogArgs),
    /// Print the records of the selected streams, and states to continue from.
    Read {
        /// The configuration, a JSON file.
        #[arg(long)]
        config: PathBuf,
        /// The configured catalog, a JSON file.
        #[arg(long)]
        catalog: PathBuf,
        /// The saved state, a JSON file.
        #[arg(long)]
        state: Option<PathBuf>,
    },
    /// Sync into a folder without a platform: rows as JSON Lines, and views of them for DuckDB. Continues
    /// where the last sync ended.
    Sync(SyncArgs),
    /// Check that a webhook call comes from Zendesk: the body on stdin, exit code 0 or 1.
    VerifyWebhook {
        /// The header X-Zendesk-Webhook-Signature.
        #[arg(long, env = "ZENDESK_WEBHOOK_SIGNATURE", hide_env_values = true)]
        signature: String,
        /// The header X-Zendesk-Webhook-Signature-Timestamp. A call is accepted for 300 seconds.
        #[arg(long, env = "ZENDESK_WEBHOOK_TIMESTAMP", hide_env_values = true)]
        timestamp: String,
        /// The webhook's signing secret. Set it in the environment: other users of this machine can
        /// see the arguments of a command.
        #[arg(long, env = "ZENDESK_WEBHOOK_SECRET", hide_env_values = true, value_parser = secret)]
        secret: Secret,
    },
}

impl Command {
    /// Whether the command answers in plain text if there is a person at a terminal.
    fn is_for_people(&self) -> bool {
        match self {
            Self::Spec { json } | Self::Check { json, .. } | Self::Discover { json, .. } => !json,
            // Rows are for programs.
            Self::Read { .. } | Self::Catalog(_) | Self::Sync(_) | Self::VerifyWebhook { .. } => {
                false
            }
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a parser of arguments may fail")]
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
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
            "a command is missing: use spec, check, discover, catalog, read or sync. See --help",
        );
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let mut environment = environment(cli.debug);
    environment.shared.terminal.take_if(|_| !command.is_for_people());
    if let Command::Spec { .. } = command {
        let answer = environment.shared.terminal.map_or_else(spec::line, spec::text);
        return wrote(std::io::stdout().write_all(&answer));
    }
    if let Command::VerifyWebhook { signature, timestamp, secret } = &command {
        return verify_webhook(signature, timestamp, secret);
    }
    if let Command::Sync(args) = command {
        let code = runtime.block_on(Box::pin(sync_into(&args.into(), &environment)));
        runtime.shutdown_background();
        return code;
    }
    let code = runtime.block_on(Box::pin(act(command, &environment)));
    // A write that hangs on a reader which never reads must not hold the process.
    runtime.shutdown_background();
    code
}

/// The exit code of a command that writes once, after that write.
fn wrote(written: std::io::Result<()>) -> ExitCode {
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_not_gone(&error) => unwritable(&error.to_string()),
        Err(_) => Outcome::ReaderGone.into(),
    }
}

/// Verifies the webhook call whose body is on stdin. This is not a command of Airbyte's protocol,
/// so it answers in plain words.
fn verify_webhook(signature: &str, timestamp: &str, secret: &Secret) -> ExitCode {
    let mut body = Vec::new();
    let read = std::io::stdin().take(LARGEST_CALL_BYTES + 1).read_to_end(&mut body);
    let now_unix = Clock::new(1.0).now_unix();
    let why = match read {
        Err(error) => format!("stdin cannot be read: {error}"),
        Ok(_) if body.len() as u64 > LARGEST_CALL_BYTES => {
            format!("the body is larger than {} MB", LARGEST_CALL_BYTES >> 20)
        }
        Ok(_) => match webhook::verify(&body, signature, timestamp, secret, now_unix) {
            Ok(()) => return wrote(writeln!(std::io::stdout(), "authentic")),
            Err(why) => why.to_string(),
        },
    };
    let _ = writeln!(std::io::stderr(), "not authentic: {why}");
    ExitCode::FAILURE
}

/// Syncs into a folder.
async fn sync_into(request: &SyncRequest, environment: &Environment) -> ExitCode {
    let clock = Clock::new(environment.shared.clock_scale);
    let mut terminated = Terminated::listen();
    sync(request, environment, &clock, &mut terminated).await.into()
}

async fn act(command: Command, environment: &Environment) -> ExitCode {
    let clock = Clock::new(environment.shared.clock_scale);
    let timer = clock.clone();
    let (now, debug) = (move || timer.elapsed(), environment.shared.debug);
    let emitter = match (&command, environment.shared.terminal) {
        // Its stdout is for the catalog alone.
        (Command::Catalog(_), _) => {
            let paint = Paint::of_stderr();
            let emitter = Emitter::new(std::io::stderr(), now, debug);
            emitter.in_text(Box::new(move |level, text| paint.log(level, text)))
        }
        (_, Some(paint)) => {
            let emitter = Emitter::new(std::io::stdout(), now, debug);
            emitter.in_text(Box::new(move |level, text| paint.log(level, text)))
        }
        (_, None) => Emitter::new(std::io::stdout(), now, debug),
    };
    let emitter = Arc::new(emitter);
    let mut terminated = Terminated::listen();
    let done = match command {
        Command::Read { config, catalog, state } => {
            match order(&config, &catalog, state.as_deref()) {
                Ok((order, warning)) => {
                    if let Some(warning) = warning {
                        // A reader that has gone is noticed by the read itself.
                        let _ = emitter.log(Level::Warn, &warning).await;
                    }
                    let reading = read(order, environment, clock, &emitter, &mut terminated);
                    Ok(Box::pin(reading).await)
                }
                Err(trouble) => finish(&emitter, Ok(Err(trouble))).await,
            }
        }
        command => {
            let (stop, stopping) = watch::channel(false);
            let mut answering = Box::pin(answer(command, environment, clock, &emitter, stopping));
            tokio::select! {
                done = &mut answering => done,
                () = terminated.wait() => {
                    // New tokens that are on their way are still saved.
                    let _ = stop.send(true);
                    let _ = tokio::time::timeout(ANSWER_WITHIN, answering).await;
                    Ok(Outcome::Stopped)
                }
            }
        }
    };
    let outcome = done.unwrap_or(Outcome::ReaderGone);
    let patience = if outcome == Outcome::Stopped { STOPPED_WITHIN } else { LAST_WORDS_WITHIN };
    let written = tokio::select! {
        written = emitter.finish(patience) => written,
        () = terminated.wait() => return Outcome::Stopped.into(),
    };
    if let Some(why) = emitter.unwritable() {
        return unwritable(why);
    }
    if written || outcome == Outcome::Stopped { outcome.into() } else { Outcome::ReaderGone.into() }
}

/// Runs a command that gives one answer.
async fn answer(
    command: Command,
    environment: &Environment,
    clock: Clock,
    emitter: &Arc<Emitter>,
    stop: watch::Receiver<bool>,
) -> Result<Outcome, Closed> {
    match command {
        Command::Check { config, .. } => {
            let config = contents(&config, "the configuration", LARGEST_CONFIG_BYTES);
            check::check(config, environment, clock, emitter, stop).await?;
            Ok(Outcome::Complete)
        }
        Command::Discover { config, .. } => match read_config(&config) {
            Ok(config) => {
                let config = Arc::new(config);
                let done = discover::discover(&config, environment, clock, emitter, stop).await;
                finish(emitter, done).await
            }
            Err(trouble) => finish(emitter, Ok(Err(trouble))).await,
        },
        Command::Catalog(args) => {
            let config = read_config(&args.config);
            let selection = args.selection();
            let made = match config {
                Ok(config) => {
                    let config = Arc::new(config);
                    let made =
                        configured_catalog(&config, &selection, environment, clock, emitter, stop);
                    Box::pin(made).await?
                }
                Err(trouble) => Err(trouble),
            };
            match made {
                Ok(None) => Ok(Outcome::Complete),
                Ok(Some(catalog)) => hand_out(catalog).await,
                Err(trouble) => finish(emitter, Ok(Err(trouble))).await,
            }
        }
        // Reading has a way of its own to end, and the others need none of this.
        Command::Spec { .. }
        | Command::Read { .. }
        | Command::Sync(_)
        | Command::VerifyWebhook { .. } => {
            emitter.line(spec::line()).await.map(|()| Outcome::Complete)
        }
    }
}

/// Writes a document to stdout. The log of such a command goes elsewhere.
async fn hand_out(document: Vec<u8>) -> Result<Outcome, Closed> {
    let stdout = Stdout::new(std::io::stdout(), (), false);
    stdout.line(document).await?;
    let is_written = stdout.finish(LAST_WORDS_WITHIN).await;
    if let Some(why) = stdout.unwritable() {
        let _ = unwritable(why);
        return Ok(Outcome::Failed);
    }
    Ok(if is_written { Outcome::Complete } else { Outcome::ReaderGone })
}

/// Writes the error that ended a command, if there is one, and returns the outcome.
async fn finish(
    emitter: &Emitter,
    done: Result<Result<(), ErrorTrace>, Closed>,
) -> Result<Outcome, Closed> {
    match done? {
        Ok(()) => Ok(Outcome::Complete),
        Err(trouble) => {
            emitter.error(&trouble).await?;
            Ok(Outcome::Failed)
        }
    }
}

fn order(
    config: &Path,
    catalog: &Path,
    state: Option<&Path>,
) -> Result<(ReadRequest, Option<String>), ErrorTrace> {
    let config = Arc::new(read_config(config)?);
    let text = contents(catalog, "the configured catalog", LARGEST_CATALOG_BYTES)?;
    let selected = catalog::parse(&text).map_err(|error| refused(&error.to_string()))?;
    let mut warning = None;
    let states = match state {
        None => SavedStates::default(),
        // One that may not be looked at is there for all we know.
        Some(path) if path.try_exists().unwrap_or(true) => {
            let text = contents(path, "the state", LARGEST_STATE_BYTES)?;
            SavedStates::parse(&text).map_err(|error| refused(&error.to_string()))?
        }
        Some(path) => {
            warning = Some(format!(
                "the state file {} does not exist; reading starts from the beginning",
                path.display()
            ));
            SavedStates::default()
        }
    };
    Ok((ReadRequest { config, selected, states }, warning))
}

fn environment(debug: bool) -> Environment {
    Environment {
        shared: connector::environment::Environment::read(debug),
        file_transfer: variable("USE_FILE_TRANSFER")
            .is_some_and(|value| value.eq_ignore_ascii_case("true")),
        staging: variable("AIRBYTE_STAGING_DIRECTORY").map(PathBuf::from),
    }
}
