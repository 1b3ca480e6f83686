//! The Airbyte commands.

mod audiences;
pub mod check;
pub mod discover;
pub mod failure;
pub mod input;
pub mod spec;
pub mod write;

use std::sync::Arc;

use airbyte::destination::ledger::Ledger;
use airbyte::message::ErrorTrace;
use airbyte::stdout::Stdout;
use connector::connect::{HandBack, Program, connect};
use connector::dns::Names;
use connector::environment::{Environment, variable};
use tokio::sync::watch;
use zendesk::client::{Client, Network};
use zendesk::clock::Clock;

use crate::config::Config;
use crate::rejected::{Origin, Store};

/// The only writer of stdout.
pub type Out = Stdout<Ledger>;

/// How the program identifies itself to Zendesk.
pub const PROGRAM: Program = Program {
    user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
    scope: "read write",
};

/// Creates the client of the configured account. `stop` becomes true when the program has to end.
///
/// # Errors
/// What the user has to change.
pub fn client(
    config: &Config,
    environment: &Environment,
    clock: Clock,
    stop: watch::Receiver<bool>,
    out: &Arc<Out>,
) -> Result<Client, ErrorTrace> {
    let out = Arc::clone(out);
    let hand_back: HandBack = Box::new(move |line| {
        let out = Arc::clone(&out);
        Box::pin(async move { out.line_flushed(line).await.is_ok() })
    });
    let base_url = environment.base_url.as_deref();
    connect(&config.account, base_url, &PROGRAM, clock, stop, hand_back)
}

/// Opens the store of rejected rows. `None` if none is configured.
///
/// # Errors
/// What the user has to change.
pub fn store(
    config: &Config,
    environment: &Environment,
    clock: &Clock,
) -> Result<Option<Store>, ErrorTrace> {
    let Some(storage) = &config.rejected_rows else { return Ok(None) };
    let origin = Origin { attempt: environment.attempt, job: variable("WORKER_JOB_ID") };
    let names = Arc::new(Names::of_system());
    let network = Network { user_agent: PROGRAM.user_agent, names };
    let store = Store::open(storage, origin, &network, clock, variable);
    store.map(Some).map_err(|error| failure::of_store(&error))
}
