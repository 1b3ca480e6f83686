//! A call that may write, and that is answered by one JSON document. If the answer is lost, only
//! the caller knows whether the call may be sent again: a write that took effect must not be made
//! twice.

use std::borrow::Cow;

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::budget::{Bucket, WalkId};

/// Source: Zendesk, "Making requests to the Ticketing API: Idempotency". The creation of tickets has it.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Whether a call may be repeated when it is not known whether it took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat<'a> {
    /// It may be sent again. It only reads, or it sets the same values again.
    Safe,
    /// It may be sent again with this key, by which Zendesk recognizes a repetition.
    WithIdempotencyKey(&'a str),
    /// It must not be sent again before the caller has looked at what came of it. The error is
    /// [`ErrorKind::Unsettled`](crate::error::ErrorKind::Unsettled).
    AfterLooking,
}

/// A call to the account's main host.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    pub method: Method,
    /// The path below `/api/v2/`.
    pub path: Cow<'a, str>,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<&'a Value>,
    pub repeat: Repeat<'a>,
    pub buckets: &'a [Bucket],
    /// The walk whose turn it takes.
    pub walk: WalkId,
}

/// Zendesk's answer: a success, or Zendesk's own definite refusal of this call (400, 403, 404 or
/// 422). A repetition would be refused again.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// Null if the body is empty.
    pub body: Value,
    /// Zendesk's warning about keys that it ignored, from the header `x-zendesk-api-warn`.
    pub warning: Option<String>,
}

impl Reply {
    #[must_use]
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The statuses of refusals that are about the call itself. The client returns them as a [`Reply`].
pub(super) const REFUSALS: [u16; 4] = [400, 403, 404, 422];

impl Call<'_> {
    /// The header that this call has besides those of all requests.
    pub(super) fn headers(&self) -> Option<(HeaderName, HeaderValue)> {
        let Repeat::WithIdempotencyKey(key) = self.repeat else { return None };
        Some((IDEMPOTENCY_KEY, HeaderValue::from_str(key).ok()?))
    }
}
