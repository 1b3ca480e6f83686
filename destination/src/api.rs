//! The account as the commands ask it: small calls that are answered by JSON.

use std::borrow::Cow;
use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use zendesk::budget::{Bucket, WalkId};
use zendesk::client::{Call, Client, Repeat, Reply};
use zendesk::error::{ApiError, ErrorKind};

use crate::rejected::Reason;

/// Single requests side by side. The workers bound how many are in flight.
pub const SIDE_BY_SIDE: usize = 40;

/// Pages of a list that are followed. Custom fields and memberships have far fewer.
const MOST_PAGES: usize = 1000;

/// The client, and whose turn its calls take.
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

    /// Reads.
    ///
    /// # Errors
    /// [`ApiError`] when there is no answer. A refusal is a reply.
    pub async fn get(
        &self,
        path: &str,
        query: Vec<(&'static str, String)>,
    ) -> Result<Reply, ApiError> {
        self.get_by(path, query, None).await
    }

    /// Reads, and draws on a limit besides that of the account.
    ///
    /// # Errors
    /// [`ApiError`] when there is no answer. A refusal is a reply.
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

    /// Writes. The account's limit is drawn on, and `bucket` besides.
    ///
    /// # Errors
    /// [`ApiError`] when there is no answer, or it was lost. A refusal is a reply. A 404 without Zendesk's words may
    /// be anybody's, and of a write that is sent again the answer to one that took effect: it is
    /// [`ErrorKind::Unsettled`], so that it is looked what is there.
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

    /// Reads all rows of a list by cursor.
    ///
    /// # Errors
    /// [`ApiError`] when one of its pages cannot be had.
    pub async fn list(&self, path: &str, key: &str) -> Result<Vec<Value>, ApiError> {
        self.list_where(path, key, &[]).await
    }

    /// Reads all rows of a list that a query narrows by cursor.
    ///
    /// # Errors
    /// [`ApiError`] when one of its pages cannot be had.
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

/// The cursors of a list that is read page by page.
#[derive(Debug, Default)]
pub struct Cursors(BTreeSet<String>);

impl Cursors {
    /// The cursor of the next page, by the `meta` of a page; none behind the last one.
    ///
    /// # Errors
    /// [`ApiError`] when the list goes on and does not say where, or goes back. What is missing of it would be
    /// taken for what is not there.
    pub fn next(&mut self, path: &str, meta: &Value) -> Result<Option<String>, ApiError> {
        match &meta["after_cursor"] {
            _ if meta["has_more"] != true => Ok(None),
            Value::String(cursor) if self.0.insert(cursor.clone()) => Ok(Some(cursor.clone())),
            Value::String(_) => Err(unreadable(path, "the list shows the same page again")),
            _ => Err(unreadable(path, "the list continues, but has no cursor for the next page")),
        }
    }
}

/// The limits that a call draws on: the account's, and one of its own.
fn drawn_on(bucket: Option<Bucket>) -> Vec<Bucket> {
    std::iter::once(Bucket::Account).chain(bucket).collect()
}

/// A call that writes.
#[derive(Debug)]
pub struct Write<'a> {
    pub method: Method,
    /// Below `/api/v2/`.
    pub path: &'a str,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<&'a Value>,
    pub repeat: Repeat<'a>,
    /// A limit of its own.
    pub bucket: Option<Bucket>,
}

/// A good reply, or the error that a refusal of something needed is.
///
/// # Errors
/// [`ApiError`] of a refusal.
pub fn good(reply: Reply, path: &str) -> Result<Reply, ApiError> {
    if reply.is_good() { Ok(reply) } else { Err(refusal(&reply, &format!("GET /api/v2/{path}"))) }
}

/// A refusal as an error.
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

/// The reason that a row is rejected for, where Zendesk refuses what was asked for this row alone.
///
/// # Errors
/// The same error, where it is about more than the row.
pub fn of_row(error: ApiError) -> Result<Reason, ApiError> {
    let is_of_row = matches!(error.status, Some(400 | 403 | 404 | 413 | 414 | 422));
    if !is_of_row || connector::refusals::is_scope(&error) {
        return Err(error);
    }
    let why = Reason::new("refused", None, error.detail);
    Ok(Reason { http_status: error.status, ..why })
}

/// The error of an answer that is not what it should be.
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
