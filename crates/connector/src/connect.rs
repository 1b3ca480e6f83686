//! Makes the client of an account from its configuration.

use std::sync::Arc;

use airbyte::message::{self, ErrorTrace};
use airbyte::stdout::unix_ms;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use zendesk::auth::{AccessToken, Credentials as Signing, Keep, Signature};
use zendesk::budget::Budget;
use zendesk::client::{Client, Network};
use zendesk::clock::Clock;
use zendesk::oauth::Grant;
use zendesk::site::Site;
use zendesk::timestamp;

use crate::config::{Account, Credentials};
use crate::dns::Names;
use crate::failure::refused;
use crate::proxies;

/// How a program presents itself to Zendesk.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Name and version, for the `User-Agent` header.
    pub user_agent: &'static str,
    /// The scope that client credentials ask for if the user sets none.
    pub scope: &'static str,
}

/// Writes a line to stdout. The future returns true if the line has arrived there.
pub type HandBack = Box<dyn Fn(Vec<u8>) -> BoxFuture<'static, bool> + Send + Sync>;

/// Makes the client of the configured account. Requests go to `base_url`, if it is set, in place of
/// the account's host. `stop` turns true when the program is to end. The configuration with renewed
/// tokens goes to `hand_back`.
///
/// # Errors
/// The trace says what the user has to change.
pub fn connect(
    account: &Arc<Account>,
    base_url: Option<&str>,
    program: &Program,
    clock: Clock,
    stop: watch::Receiver<bool>,
    hand_back: HandBack,
) -> Result<Client, ErrorTrace> {
    if let Some(trouble) = proxies::trouble(|name| std::env::var_os(name)) {
        return Err(trouble);
    }
    let host = account.host();
    let base = base_url.map_or_else(|| format!("https://{host}"), str::to_owned);
    let base = reqwest::Url::parse(&base)
        .ok()
        .filter(|base| matches!(base.scheme(), "http" | "https"))
        .ok_or_else(|| {
            refused("ZENDESK_BASE_URL is not an address such as http://127.0.0.1:8080")
        })?;
    let credentials = credentials(account, program, hand_back).ok_or_else(|| {
        refused(
            "the credentials have characters that cannot be sent: paste them again without line \
             breaks",
        )
    })?;
    let budget = Budget::new(account.workers, account.quota_percent, clock.clone());
    let main = Site::main(base, base_url.map(|_| host.as_str()));
    let names = Arc::new(Names::of_system());
    let network = Network { user_agent: program.user_agent, names };
    Client::new(main, &network, credentials, budget, clock, stop)
        .map_err(|why| refused(&format!("the program cannot set up connections: {why}")))
}

/// What the client signs with. `None` if it is not valid in a header.
fn credentials(account: &Arc<Account>, program: &Program, hand_back: HandBack) -> Option<Signing> {
    let keep_nothing = || -> Keep { Box::new(|_, _| Box::pin(async { true })) };
    Some(match &account.credentials {
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
                    .unwrap_or_else(|| program.scope.to_owned()),
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
                keep: keep(Arc::clone(account), hand_back),
            }
        }
    })
}

/// Hands the configuration with new tokens to the platform. The future returns true if it has
/// arrived.
///
/// Source: Airbyte Protocol, `AirbyteControlConnectorConfigMessage`.
fn keep(account: Arc<Account>, hand_back: HandBack) -> Keep {
    Box::new(move |token, refresh_token| {
        let ends_at = token.ends_at.map(timestamp::to_iso);
        let config = account.written.with_tokens(&token.access_token, refresh_token, ends_at);
        hand_back(message::new_config(&config, unix_ms()))
    })
}

/// The day on which Zendesk stops credentials of this kind, and what to do before it. `None` if
/// there is no such day.
///
/// Source: Zendesk's announcements of the end of API tokens (10851263566234) and of access tokens
/// that do not expire (9182123625370).
#[must_use]
pub fn ends_soon(credentials: &Credentials) -> Option<&'static str> {
    match credentials {
        Credentials::ApiToken { .. } => Some(
            "Zendesk disables all API tokens on 2027-04-30, and new ones can no longer be \
             created. Change to OAuth client credentials (`oauth2_client_credentials`) before \
             that day.",
        ),
        Credentials::Legacy { .. } => Some(
            "Zendesk disables access tokens that do not expire on 2027-04-01. Change to OAuth \
             client credentials (`oauth2_client_credentials`) or a refresh token \
             (`oauth2_refresh`) before that day.",
        ),
        Credentials::Refresh { .. } | Credentials::ClientCredentials { .. } => None,
    }
}
