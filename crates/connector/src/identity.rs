//! Finds out who is signed in, and what the token may do.
//!
//! Sources: Zendesk, "Users: Show Self" (a wrong password gets 200 with an anonymous user, so only
//! an id proves that somebody is signed in); "OAuth Tokens: Show Token" (the token of the request
//! is called `current`); and "Webhooks".

use std::error::Error;
use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::Credentials;
use zendesk::budget::Bucket;
use zendesk::client::{Client, PageSize, Request, RequestStats};
use zendesk::error::{ApiError, ErrorKind};
use zendesk::page::Shape;
use zendesk::paging::{Paging, Token};

/// The most tries if the answer has no user.
const TRIES_FOR_A_USER: u32 = 3;

/// The most tries until two answers agree on the time, if it differs from this machine's.
const TRIES_FOR_A_TIME: u32 = 4;

/// The user whom the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub id: u64,
    pub role: String,
}

/// Why there is no identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoIdentity {
    /// Zendesk answered, but treated the request as anonymous.
    Anonymous,
    Api(ApiError),
}

impl NoIdentity {
    /// Whether nothing else could be read either.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        match self {
            Self::Anonymous => true,
            Self::Api(error) => matches!(
                error.kind,
                ErrorKind::Unauthorized
                    | ErrorKind::GrantEnded
                    | ErrorKind::ClientRefused
                    | ErrorKind::NoToken
                    | ErrorKind::NotFound
                    | ErrorKind::NoAccount
                    | ErrorKind::Renamed
                    | ErrorKind::Unresolved
                    | ErrorKind::Untrusted
            ),
        }
    }
}

impl fmt::Display for NoIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("GET /api/v2/users/me.json names no user"),
            Self::Api(error) => error.fmt(f),
        }
    }
}

impl Error for NoIdentity {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Anonymous => None,
            Self::Api(error) => Some(error),
        }
    }
}

/// What Zendesk says about an access token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TokenFacts {
    /// ISO 8601. `None` for a token that does not expire.
    pub expires_at: Option<String>,
    pub scopes: Vec<String>,
}

#[derive(Deserialize)]
struct Me {
    user: User,
}

#[derive(Deserialize)]
struct User {
    id: Option<u64>,
    role: Option<String>,
}

#[derive(Deserialize)]
struct Current {
    token: TokenFacts,
}

#[derive(Deserialize)]
struct Webhooks {
    webhooks: Vec<serde::de::IgnoredAny>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    has_more: bool,
}

/// Asks who is signed in.
///
/// # Errors
/// [`NoIdentity`] when nobody is signed in, or there is no answer.
pub async fn identity(client: &Client) -> Result<Identity, NoIdentity> {
    let mut tries = 0;
    // A body without a user says nothing about the credentials, unless it stays so.
    let user = loop {
        tries += 1;
        match ask::<Me>(client, "users/me.json", &[]).await {
            // What follows is decided by *now*, which one answer cannot set far from our own.
            Ok(Some(_)) if client.clock().is_in_doubt() && tries < TRIES_FOR_A_TIME => {}
            Ok(Some(me)) => break me.user,
            Ok(None) if tries < TRIES_FOR_A_USER => {}
            Ok(None) => return Err(NoIdentity::Anonymous),
            // Every account has this; one answer that does not name an error may be a gateway's.
            Err(error) if error.status == Some(404) && !error.is_zendesks => {
                if error.kind == ErrorKind::NotFound && tries < TRIES_FOR_A_USER {
                    continue;
                }
                return Err(NoIdentity::Api(ApiError { kind: ErrorKind::NoAccount, ..error }));
            }
            Err(error) => return Err(NoIdentity::Api(error)),
        }
    };
    let id = user.id.ok_or(NoIdentity::Anonymous)?;
    Ok(Identity { id, role: user.role.unwrap_or_default() })
}

/// What is known about the access token that signs the request. `None` if there is no such token,
/// or if Zendesk does not say or does not answer.
pub async fn token_facts(client: &Client, credentials: &Credentials) -> Option<TokenFacts> {
    if !credentials.is_oauth() {
        return None;
    }
    let current: Option<Current> = ask(client, "oauth/tokens/current.json", &[]).await.ok()?;
    current.map(|current| current.token)
}

/// The number of webhooks on the first page of the account's webhooks, and whether there are more.
///
/// # Errors
/// [`ApiError`] when there is no answer.
pub async fn webhooks(client: &Client) -> Result<(usize, bool), ApiError> {
    let query = [("page[size]", "100".to_owned())];
    let found: Option<Webhooks> = ask(client, "webhooks", &query).await?;
    let found = found.ok_or_else(|| ApiError {
        kind: ErrorKind::Unreadable,
        status: None,
        request: "GET /api/v2/webhooks".into(),
        detail: "the answer has no list of webhooks".into(),
        again_in: None,
        is_zendesks: false,
    })?;
    Ok((found.webhooks.len(), found.meta.has_more))
}

/// One small answer. `None` if it does not have the expected form.
async fn ask<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    query: &[(&'static str, String)],
) -> Result<Option<T>, ApiError> {
    let shape = Shape::default();
    let request = Request {
        site: None,
        path,
        query,
        at: &Token::First,
        buckets: &[Bucket::Account],
        walk: client.new_walk(),
        shape: &shape,
        patience: None,
    };
    let mut size = PageSize::new(Paging::Single, None);
    let fetched = client.get(&request, &mut size, &mut RequestStats::default()).await?;
    let answer: Option<Value> = serde_json::from_slice(&fetched.page.text.body).ok();
    Ok(answer.and_then(|answer| serde_json::from_value(answer).ok()))
}

/// Whether the granted scopes allow reading something that needs `scope`. An empty list grants
/// everything.
#[must_use]
pub fn covers(granted: &[String], scope: &str) -> bool {
    granted.is_empty() || granted.iter().any(|granted| granted == "read" || granted == scope)
}
