//! The Airbyte commands over the floors below.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::config::{Config, Credentials, Violation};
use crate::protocol::emitter::{Emitter, unix_ms};
use crate::protocol::message::{self, ErrorTrace, FailureType};
use crate::zendesk::auth::{AccessToken, Credentials as Signing, Keep, Signature};
use crate::zendesk::budget::Budget;
use crate::zendesk::client::Client;
use crate::zendesk::clock::Clock;
use crate::zendesk::oauth::Grant;
use crate::zendesk::site::Site;
use crate::zendesk::timestamp;

pub mod brands;
pub mod check;
pub mod custom_objects;
pub mod deletions;
pub mod discover;
pub mod endings;
pub mod estimate;
pub mod failure;
pub mod fallback;
pub mod fetch_all;
pub mod fields;
pub mod findings;
pub mod identity;
pub mod name_conflicts;
pub mod open_streams;
pub mod prepare;
pub mod probe;
pub mod progress;
pub mod proxies;
pub mod read;
pub mod refusals;
pub mod report;
pub mod signals;
pub mod spec;
pub mod waits;

/// How long somebody who waits for `check`, or for the columns of `discover`, is let wait. A check
/// answers within twenty seconds, also when the network is black; what is left of them is for new
/// tokens that have to be saved.
const PATIENCE: Duration = Duration::from_secs(16);

/// How long a command that is done waits for new tokens to be saved.
const SETTLE_WITHIN: Duration = Duration::from_secs(2);

/// What the program finds around itself.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `ZENDESK_BASE_URL`: where requests go instead of the account's host, for tests and demos.
    pub base_url: Option<String>,
    /// `ZENDESK_CLOCK_SCALE`: seconds that pass in one of the wall's, for tests and demos.
    pub clock_scale: f64,
    /// `WORKER_JOB_ATTEMPT`: attempts of this job that came before, as Airbyte's platform says.
    pub attempt: u64,
    pub debug: bool,
    /// `USE_FILE_TRANSFER`: whether the platform takes files.
    pub file_transfer: bool,
    /// `AIRBYTE_STAGING_DIRECTORY`: where it takes them from.
    pub staging: Option<PathBuf>,
}

/// Makes the client of the configured account. `stop` turns true when the program is to end.
/// Tokens that are renewed go out through the emitter.
///
/// # Errors
/// What the user has to change.
pub fn connect(
    config: &Arc<Config>,
    environment: &Environment,
    clock: Clock,
    stop: watch::Receiver<bool>,
    emitter: &Arc<Emitter>,
) -> Result<Client, ErrorTrace> {
    if let Some(trouble) = proxies::trouble(|name| std::env::var_os(name)) {
        return Err(trouble);
    }
    let host = format!("{}.zendesk.com", config.subdomain);
    let elsewhere = environment.base_url.is_some();
    let base = environment.base_url.clone().unwrap_or_else(|| format!("https://{host}"));
    let base = reqwest::Url::parse(&base)
        .ok()
        .filter(|base| matches!(base.scheme(), "http" | "https"))
        .ok_or_else(|| {
            refused("ZENDESK_BASE_URL is not an address such as http://127.0.0.1:8080")
        })?;
    let credentials = credentials(config, emitter).ok_or_else(|| {
        refused(
            "the credentials hold characters that cannot be sent: paste them again without line \
             breaks",
        )
    })?;
    let budget: Arc<Budget> = Budget::new(config.workers, config.quota_percent, clock.clone());
    let main = Site::main(base, elsewhere.then_some(host.as_str()));
    Client::new(main, credentials, budget, clock, stop)
        .map_err(|why| refused(&format!("no connection can be set up: {why}")))
}

/// What the client signs with. None when a header cannot hold it.
fn credentials(config: &Arc<Config>, emitter: &Arc<Emitter>) -> Option<Signing> {
    let keep_nothing = || -> Keep { Box::new(|_, _| Box::pin(async { true })) };
    Some(match &config.credentials {
        Credentials::ApiToken { email, api_token } => {
            Signing::Fixed(Signature::api_token(email, api_token)?)
        }
        Credentials::Legacy { access_token, .. } => {
            Signing::Fixed(Signature::bearer(access_token)?)
        }
        Credentials::ClientCredentials { client_id, client_secret, scope } => Signing::Granted {
            grant: Grant::ClientCredentials {
                client_id: client_id.clone(),
                client_secret: client_secret.clone(),
                scope: scope
                    .clone()
                    .filter(|scope| !scope.trim().is_empty())
                    .unwrap_or_else(|| "read".to_owned()),
            },
            token: None,
            keep: keep_nothing(),
        },
        Credentials::Refresh {
            client_id,
            client_secret,
            access_token,
            token_expiry_date,
            refresh_token,
        } => {
            let ends_at = token_expiry_date.as_deref().and_then(timestamp::from_text);
            let token = access_token.clone().filter(|token| !token.expose().is_empty());
            if let Some(token) = &token {
                Signature::bearer(token)?;
            }
            Signing::Granted {
                grant: Grant::Refresh {
                    client_id: client_id.clone(),
                    client_secret: client_secret.clone(),
                    refresh_token: refresh_token.clone(),
                },
                token: token.map(|access_token| AccessToken { access_token, ends_at }),
                keep: hand_back(Arc::clone(config), Arc::clone(emitter)),
            }
        }
    })
}

/// Hands the config with new tokens to the platform, and says once it has it.
///
/// Source: Airbyte Protocol, `AirbyteControlConnectorConfigMessage`.
fn hand_back(config: Arc<Config>, emitter: Arc<Emitter>) -> Keep {
    Box::new(move |token, refresh_token| {
        let ends_at = token.ends_at.map(timestamp::to_iso);
        let config = config.written.with_tokens(&token.access_token, refresh_token, ends_at);
        let line = message::new_config(&config, unix_ms());
        let emitter = Arc::clone(&emitter);
        Box::pin(async move { emitter.line_flushed(line).await.is_ok() })
    })
}

/// The day from which credentials of this kind do not work any more, and what to do about it.
///
/// Source: Zendesk's announcements of the end of API tokens (10851263566234) and of access tokens
/// without an end (9182123625370).
#[must_use]
pub fn ends_soon(credentials: &Credentials) -> Option<&'static str> {
    match credentials {
        Credentials::ApiToken { .. } => Some(
            "Zendesk stops all API tokens on 2027-04-30, and none can be created any more; sign in with \
             OAuth client credentials (`oauth2_client_credentials`) before that day",
        ),
        Credentials::Legacy { .. } => Some(
            "Zendesk stops access tokens without an end on 2027-04-01; sign in with OAuth client \
             credentials (`oauth2_client_credentials`) or a refresh token (`oauth2_refresh`) before \
             that day",
        ),
        Credentials::Refresh { .. } | Credentials::ClientCredentials { .. } => None,
    }
}

/// Every violation of a config in one trouble.
#[must_use]
pub fn invalid_config(violations: &[Violation]) -> ErrorTrace {
    let violations: Vec<String> = violations.iter().map(ToString::to_string).collect();
    refused(&format!("the configuration is not valid: {}", violations.join("; ")))
}

/// Something that the user has to change.
#[must_use]
pub fn refused(message: &str) -> ErrorTrace {
    ErrorTrace {
        failure_type: FailureType::ConfigError,
        message: message.to_owned(),
        detail: None,
        stream: None,
    }
}
