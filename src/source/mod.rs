//! The Airbyte commands. They use the floors below.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use airbyte::message::ErrorTrace;
use airbyte::source::emitter::Emitter;
use connector::connect::{HandBack, Program};
use connector::failure::invalid_config;
use connector::process::{LARGEST_CONFIG_BYTES, contents};
use tokio::sync::watch;
use zendesk::client::Client;
use zendesk::clock::Clock;

use crate::config::Config;

pub mod asker;
pub mod brands;
pub mod by_family;
pub mod check;
pub mod check_table;
pub mod configured_catalog;
pub mod custom_objects;
pub mod deletions;
pub mod discover;
pub mod endings;
pub mod estimate;
pub mod failure;
pub mod fallback;
pub mod fetch_all;
pub mod fields;
pub mod filing;
pub mod findings;
pub mod name_conflicts;
pub mod offered;
pub mod open_streams;
pub mod prepare;
pub mod probe;
pub mod progress;
pub mod read;
pub mod refusals;
pub mod report;
pub mod selection;
pub mod spec;
pub mod waits;

/// What the program takes from its environment.
#[derive(Clone, Debug)]
pub struct Environment {
    pub shared: connector::environment::Environment,
    /// `USE_FILE_TRANSFER`: whether the platform accepts files.
    pub file_transfer: bool,
    /// `AIRBYTE_STAGING_DIRECTORY`: where the platform takes files from.
    pub staging: Option<PathBuf>,
}

/// How this program presents itself to Zendesk.
pub const PROGRAM: Program = Program {
    user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
    scope: "read",
};

/// Reads the configuration.
///
/// # Errors
/// The trace says what the user has to change.
pub fn read_config(path: &Path) -> Result<Config, ErrorTrace> {
    let text = contents(path, "the configuration", LARGEST_CONFIG_BYTES)?;
    Config::parse(&text).map_err(|violations| invalid_config(&violations))
}

/// Makes the client of the configured account. `stop` turns true when the program is to end. The
/// emitter writes renewed tokens for the platform.
///
/// # Errors
/// The trace says what the user has to change.
pub fn connect(
    config: &Config,
    environment: &Environment,
    clock: Clock,
    stop: watch::Receiver<bool>,
    emitter: &Arc<Emitter>,
) -> Result<Client, ErrorTrace> {
    let emitter = Arc::clone(emitter);
    let hand_back: HandBack = Box::new(move |line| {
        let emitter = Arc::clone(&emitter);
        Box::pin(async move { emitter.line_flushed(line).await.is_ok() })
    });
    let base_url = environment.shared.base_url.as_deref();
    connector::connect::connect(&config.account, base_url, &PROGRAM, clock, stop, hand_back)
}
