//! Whose credentials they are.
//!
//! Source: Zendesk, "Users: Show Self". It answers 200 to a wrong password with an anonymous user,
//! so only an id proves that somebody is signed in.

use serde::Deserialize;

use crate::zendesk::budget::Bucket;
use crate::zendesk::client::{Client, PageSize, Request, Tally};
use crate::zendesk::error::{ApiError, ErrorKind};
use crate::zendesk::page::Shape;
use crate::zendesk::paging::{Paging, Token};

/// The user whom the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub role: String,
}

/// Why there is no identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoIdentity {
    /// Zendesk answered, but knows nobody by these credentials.
    Anonymous,
    Api(ApiError),
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

/// Asks who is signed in.
///
/// # Errors
/// [`NoIdentity`] when nobody is, or there is no answer.
pub async fn identity(client: &Client) -> Result<Identity, NoIdentity> {
    let shape = Shape::default();
    let request = Request {
        path: "users/me.json",
        query: &[],
        at: &Token::First,
        buckets: &[Bucket::Account],
        walk: u64::MAX,
        shape: &shape,
    };
    let mut size = PageSize::new(Paging::Single, None);
    let fetched =
        client.get(&request, &mut size, &mut Tally::default()).await.map_err(NoIdentity::Api)?;
    // A body without a user says nothing about the credentials.
    let unreadable = |_| {
        NoIdentity::Api(ApiError {
            kind: ErrorKind::Unreadable,
            status: Some(200),
            path: format!("/api/v2/{}", request.path),
            detail: "the body lacks the user".to_owned(),
        })
    };
    let me = serde_json::from_slice::<Me>(&fetched.page.text.body).map_err(unreadable)?;
    me.user.id.ok_or(NoIdentity::Anonymous)?;
    Ok(Identity { role: me.user.role.unwrap_or_default() })
}
