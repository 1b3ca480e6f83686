//! Whose credentials they are, and what is known of the token.
//!
//! Sources: Zendesk, "Users: Show Self", which answers 200 to a wrong password with an anonymous
//! user, so that only an id proves that somebody is signed in; "OAuth Tokens: Show Token", which
//! knows the token that asks as `current`; and "Webhooks".

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::zendesk::budget::Bucket;
use crate::zendesk::client::{Client, PageSize, Request, Tally};
use crate::zendesk::error::{ApiError, ErrorKind};
use crate::zendesk::page::Shape;
use crate::zendesk::paging::{Paging, Token};

/// How often a body without a user is asked again.
const TRIES_FOR_A_USER: u32 = 3;

/// The user whom the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub id: u64,
    pub role: String,
}

/// Why there is no identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoIdentity {
    /// Zendesk answered, but knows nobody by these credentials.
    Anonymous,
    Api(ApiError),
}

impl NoIdentity {
    /// Whether nothing could be read either.
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
                    | ErrorKind::Untrusted
            ),
        }
    }
}

/// What Zendesk tells of an access token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TokenFacts {
    /// ISO 8601; none for a token that does not end.
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
/// [`NoIdentity`] when nobody is, or there is no answer.
pub async fn identity(client: &Client) -> Result<Identity, NoIdentity> {
    let mut tries = 0;
    // A body without a user says nothing about the credentials, unless it stays so.
    let user = loop {
        tries += 1;
        let me: Option<Me> = ask(client, "users/me.json", &[]).await.map_err(NoIdentity::Api)?;
        match me {
            Some(me) => break me.user,
            None if tries < TRIES_FOR_A_USER => {}
            None => return Err(NoIdentity::Anonymous),
        }
    };
    let id = user.id.ok_or(NoIdentity::Anonymous)?;
    Ok(Identity { id, role: user.role.unwrap_or_default() })
}

/// What is known of the access token that signs the request. None when Zendesk does not say.
///
/// # Errors
/// [`ApiError`] when there is no answer.
pub async fn token_facts(client: &Client) -> Result<Option<TokenFacts>, ApiError> {
    let current: Option<Current> = ask(client, "oauth/tokens/current.json", &[]).await?;
    Ok(current.map(|current| current.token))
}

/// How many webhooks the account has, as far as one page tells, and whether there are more.
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
    })?;
    Ok((found.webhooks.len(), found.meta.has_more))
}

/// One small answer, or none when it is not what it should be.
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
        walk: u64::MAX,
        shape: &shape,
        patience: None,
    };
    let mut size = PageSize::new(Paging::Single, None);
    let fetched = client.get(&request, &mut size, &mut Tally::default()).await?;
    Ok(serde_json::from_slice(&fetched.page.text.body).ok())
}
