//! Whose credentials they are.
//!
//! Source: Zendesk, "Users: Show Self". It answers 200 to a wrong password with an anonymous user,
//! so only an id proves that somebody is signed in.

use serde::Deserialize;

use crate::zendesk::budget::Bucket;
use crate::zendesk::client::{Client, PageSize, Request, Tally};
use crate::zendesk::error::ApiError;
use crate::zendesk::page::Shape;
use crate::zendesk::paging::{Paging, Token};

/// How often a body without a user is asked again.
const TRIES_FOR_A_USER: u32 = 3;

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
    let mut tries = 0;
    // A body without a user says nothing about the credentials, unless it stays so.
    let me = loop {
        tries += 1;
        let fetched = client
            .get(&request, &mut size, &mut Tally::default())
            .await
            .map_err(NoIdentity::Api)?;
        match serde_json::from_slice::<Me>(&fetched.page.text.body) {
            Ok(me) => break me,
            Err(_) if tries < TRIES_FOR_A_USER => {}
            Err(_) => return Err(NoIdentity::Anonymous),
        }
    };
    me.user.id.ok_or(NoIdentity::Anonymous)?;
    Ok(Identity { role: me.user.role.unwrap_or_default() })
}
