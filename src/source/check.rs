//! `check`: whether the credentials are somebody's.

use std::time::Duration;

use tokio::sync::watch;

use super::failure;
use super::identity::identity;
use super::{Surroundings, connect, deletions, invalid_config};
use crate::config::{Config, Credentials};
use crate::protocol::emitter::{Closed, Emitter};
use crate::protocol::message::{self, Level, Trouble};
use crate::streams::registry;
use crate::zendesk::clock::Clock;

/// A check answers within twenty seconds of a person's time, also when the network is black.
const PATIENCE: Duration = Duration::from_secs(18);

/// Answers with one CONNECTION_STATUS.
///
/// # Errors
/// [`Closed`] when nobody reads the answer.
pub async fn check(
    config: Result<Vec<u8>, Trouble>,
    surroundings: &Surroundings,
    clock: Clock,
    emitter: &Emitter,
) -> Result<(), Closed> {
    let failed = |message: &str| message::connection_status(Some(message));
    let parse =
        |text: Vec<u8>| Config::parse(&text).map_err(|violations| invalid_config(&violations));
    let config = match config.and_then(parse) {
        Ok(config) => config,
        Err(trouble) => return emitter.line(failed(&trouble.message)).await,
    };
    if let Credentials::ApiToken { .. } = config.credentials {
        let told = "Zendesk stops all API tokens on 2027-04-30; move to OAuth before that day";
        emitter.log(Level::Warn, told).await?;
    }
    let streams = registry(&config);
    if let Some(trouble) = deletions::clash(&config, &streams) {
        return emitter.line(failed(&trouble.message)).await;
    }
    if let Some(told) = deletions::warning(&config, &streams) {
        emitter.log(Level::Warn, &told).await?;
    }
    let (_keep, stop) = watch::channel(false);
    let client = match connect(&config, surroundings, clock, stop) {
        Ok(client) => client,
        Err(trouble) => return emitter.line(failed(&trouble.message)).await,
    };
    let asked = tokio::select! {
        asked = identity(&client) => asked,
        () = tokio::time::sleep(PATIENCE) => {
            let why = "Zendesk did not answer in time. Check the network and the subdomain.";
            return emitter.line(failed(why)).await;
        }
    };
    match asked {
        Ok(identity) => {
            let told =
                format!("signed in to {}.zendesk.com as {}", config.subdomain, identity.role);
            emitter.log(Level::Info, &told).await?;
            emitter.line(message::connection_status(None)).await
        }
        Err(error) => emitter.line(failed(&failure::of_identity(&error).message)).await,
    }
}
