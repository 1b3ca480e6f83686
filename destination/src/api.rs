//! The Zendesk API as the commands call it: small requests with JSON answers.

use std::borrow::Cow;
use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use zendesk::budget::{Bucket, WalkId};
use zendesk::client::{Call, Client, Repeat, Reply};
use zendesk::error::{ApiError, ErrorKind};

use crate::rejected::Reason;

/// How many single requests may be sent in parallel. `num_workers` limits how many are in flight.
pub const SIDE_BY_SIDE: usize = 40;

/// The most pages of a list that are read. Lists of custom fields and memberships are far shorter.
const MOST_PAGES: usize = 1000;

/// The HTTP client, with the id under which its requests queue for the budget.
pub struct Api {
    pub client: Client,
    walk: WalkId,
}

impl Api {
    #[must_use]
    pub fn new(client: Client) -> Self {
        let walk = client.new_walk();
        Self { client, walk }
    }

    /// Sends a GET.
    ///
    /// # Errors
    /// [`ApiError`] if there is no answer. A refusal is returned as a [`Reply`].
    pub async fn get(
        &self,
        path: &str,
        query: Vec<(&'static str, String)>,
    ) -> Result<Reply, ApiError> {
        self.get_by(path, query, None).await
    }

    /// Sends a GET that also uses the limit of `bucket`.
    ///
    /// # Errors
    /// [`ApiError`] if there is no answer. A refusal is returned as a [`Reply`].
    pub async fn get_by(
        &self,
        path: &str,
        query: Vec<(&'static str, String)>,
        bucket: Option<Bucket>,
    ) -> Result<Reply, ApiError> {
        let buckets = drawn_on(bucket);
        let call = Call {
            method: Method::GET,
            path: Cow::Borrowed(path),
            query,
            body: None,
            repeat: Repeat::Safe,
            buckets: &buckets,
            walk: self.walk,
        };
        self.client.call(call).await
    }

    /// Sends a write. It uses the account's limit, and that of its `bucket`.
    ///
    /// # Errors
    /// [`ApiError`] if there is no answer, or if it was lost. A refusal is returned as a [`Reply`]. A 404
    /// without Zendesk's own message becomes [`ErrorKind::Unsettled`]: it may come from a proxy, or answer
    /// the repetition of a write that took effect. The caller must look at the row again.
    pub async fn write(&self, write: Write<'_>) -> Result<Reply, ApiError> {
        let buckets = drawn_on(write.bucket);
        let call = Call {
            method: write.method,
            path: Cow::Borrowed(write.path),
            query: write.query,
            body: write.body,
            repeat: write.repeat,
            buckets: &buckets,
            walk: self.walk,
        };
        self.client.call(call).await.map_err(|error| match error.kind {
            ErrorKind::NotFound if !error.is_zendesks => {
                ApiError { kind: ErrorKind::Unsettled, ..error }
            }
            _ => error,
        })
    }

    /// Reads all rows of a list with cursor pagination.
    ///
    /// # Errors
    /// [`ApiError`] if a page cannot be read.
    pub async fn list(&self, path: &str, key: &str) -> Result<Vec<Value>, ApiError> {
        self.list_where(path, key, &[]).await
    }

    /// Reads all rows of a filtered list with cursor pagination.
    ///
    /// # Errors
    /// [`ApiError`] if a page cannot be read.
    pub async fn list_where(
        &self,
        path: &str,
        key: &str,
        narrowed: &[(&'static str, &str)],
    ) -> Result<Vec<Value>, ApiError> {
        let mut rows = Vec::new();
        let (mut cursors, mut after) = (Cursors::default(), None);
        for _ in 0..MOST_PAGES {
            let mut query = vec![("page[size]", "100".to_owned())];
            query.extend(narrowed.iter().map(|(name, value)| (*name, (*value).to_owned())));
            query.extend(after.take().map(|after| ("page[after]", after)));
            let reply = self.get(path, query).await?;
            let Reply { body, .. } = good(reply, path)?;
            let Some(page) = body[key].as_array() else {
                return Err(unreadable(path, &format!("the answer has no list `{key}`")));
            };
            rows.extend(page.iter().cloned());
            match cursors.next(path, &body["meta"])? {
                None => return Ok(rows),
                next => after = next,
            }
        }
        Err(unreadable(path, "the list does not end"))
    }
}

/// The cursors of a paginated list that were used so far.
#[derive(Debug, Default)]
pub struct Cursors(BTreeSet<String>);

impl Cursors {
    /// Returns the cursor of the next page, from the `meta` of a page. `None` after the last page.
    ///
    /// # Errors
    /// [`ApiError`] if the list continues without a cursor, or repeats a cursor. An incomplete list must not
    /// be used: a missing row would look like a row that does not exist.
    pub fn next(&mut self, path: &str, meta: &Value) -> Result<Option<String>, ApiError> {
        match &meta["after_cursor"] {
            _ if meta["has_more"] != true => Ok(None),
            Value::String(cursor) if self.0.insert(cursor.clone()) => Ok(Some(cursor.clone())),
            Value::String(_) => Err(unreadable(path, "the list shows the same page again")),
            _ => Err(unreadable(path, "the list continues, but has no cursor for the next page")),
        }
    }
}

/// The limits that a request uses: the account's, and optionally one more.
fn drawn_on(bucket: Option<Bucket>) -> Vec<Bucket> {
    std::iter::once(Bucket::Account).chain(bucket).collect()
}

/// A write request.
#[derive(Debug)]
pub struct Write<'a> {
    pub method: Method,
    /// The path below `/api/v2/`.
    pub path: &'a str,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<&'a Value>,
    pub repeat: Repeat<'a>,
    /// A limit that the request uses besides the account's.
    pub bucket: Option<Bucket>,
}

/// Returns a successful reply, and turns a refusal into an error.
///
/// # Errors
/// [`ApiError`] of a refusal.
pub fn good(reply: Reply, path: &str) -> Result<Reply, ApiError> {
    if reply.is_good() { Ok(reply) } else { Err(refusal(&reply, &format!("GET /api/v2/{path}"))) }
}

/// Turns a refusal into an [`ApiError`].
#[must_use]
pub fn refusal(reply: &Reply, request: &str) -> ApiError {
    let kind = match reply.status {
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        _ => ErrorKind::Invalid,
    };
    let body = reply.body.to_string();
    let detail = zendesk::error::detail(body.as_bytes(), &zendesk::secret::Secrets::default());
    let status = Some(reply.status);
    ApiError {
        kind,
        status,
        request: request.to_owned(),
        detail,
        again_in: None,
        is_zendesks: true,
    }
}

/// Turns the refusal of a request for one row into the reason why the row is rejected.
///
/// # Errors
/// The same error, if it concerns more than the row.
pub fn of_row(error: ApiError) -> Result<Reason, ApiError> {
    let is_of_row = matches!(error.status, Some(400 | 403 | 404 | 413 | 414 | 422));
    if !is_of_row || connector::refusals::is_scope(&error) {
        return Err(error);
    }
    let why = Reason::new("refused", None, error.detail);
    Ok(Reason { http_status: error.status, ..why })
}

/// The error of an answer that has not the expected form.
#[must_use]
pub fn unreadable(path: &str, why: &str) -> ApiError {
    ApiError {
        kind: ErrorKind::Unreadable,
        status: None,
        request: format!("/api/v2/{path}"),
        detail: why.to_owned(),
        again_in: None,
        is_zendesks: false,
    }
}
