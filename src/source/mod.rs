//! The Airbyte commands over the floors below.

use std::sync::Arc;

use tokio::sync::watch;

use crate::config::{Config, Credentials, Violation};
use crate::protocol::message::{FailureType, Trouble};
use crate::zendesk::auth::Signature;
use crate::zendesk::budget::Budget;
use crate::zendesk::client::{Client, NoClient};
use crate::zendesk::clock::Clock;

pub mod check;
pub mod deletions;
pub mod detour;
pub mod discover;
pub mod failure;
pub mod identity;
pub mod read;
pub mod signals;
pub mod spec;

/// What the program finds around itself.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// `ZENDESK_BASE_URL`: where requests go instead of the account's host, for tests and demos.
    pub base_url: Option<String>,
    /// `ZENDESK_CLOCK_SCALE`: seconds that pass in one of the wall's, for tests and demos.
    pub clock_scale: f64,
    /// `WORKER_JOB_ATTEMPT`: attempts of this job that came before, as Airbyte's platform says.
    pub attempt: u64,
    pub debug: bool,
}

/// Makes the client of the configured account. `stop` turns true when the program is to end.
///
/// # Errors
/// What the user has to change.
pub fn connect(
    config: &Config,
    surroundings: &Surroundings,
    clock: Clock,
    stop: watch::Receiver<bool>,
) -> Result<Client, Trouble> {
    let host = format!("{}.zendesk.com", config.subdomain);
    let elsewhere = surroundings.base_url.is_some();
    let base = surroundings.base_url.clone().unwrap_or_else(|| format!("https://{host}"));
    let base = reqwest::Url::parse(&base)
        .map_err(|_| refused("ZENDESK_BASE_URL is not an address such as http://127.0.0.1:8080"))?;
    let signature = match &config.credentials {
        Credentials::ApiToken { email, api_token } => {
            Signature::api_token(email, api_token.expose())
        }
        Credentials::Legacy { access_token, .. } => Signature::bearer(access_token.expose()),
        Credentials::Refresh { access_token: Some(token), .. } => Signature::bearer(token.expose()),
        Credentials::Refresh { .. } | Credentials::ClientCredentials { .. } => {
            return Err(refused(
                "this version cannot fetch an access token by itself: sign in with an API token or \
                 with an access token",
            ));
        }
    };
    let unusable = "the credentials hold characters that cannot be sent: paste them again without \
                    line breaks";
    let signature = signature.ok_or_else(|| refused(unusable))?;
    let budget: Arc<Budget> = Budget::new(config.workers, clock.clone());
    Client::new(base, elsewhere.then_some(host.as_str()), signature, budget, clock, stop)
        .map_err(|NoClient(why)| refused(&format!("no connection can be set up: {why}")))
}

/// Every violation of a config in one trouble.
#[must_use]
pub fn invalid_config(violations: &[Violation]) -> Trouble {
    let told: Vec<String> = violations.iter().map(ToString::to_string).collect();
    refused(&format!("the configuration is not valid: {}", told.join("; ")))
}

/// Something that the user has to change.
#[must_use]
pub fn refused(message: &str) -> Trouble {
    Trouble {
        failure_type: FailureType::ConfigError,
        message: message.to_owned(),
        detail: None,
        stream: None,
    }
}
