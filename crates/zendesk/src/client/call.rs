//! A call that is answered by one JSON document, and that may write. Whether it is sent again after its
//! answer was lost is the caller's to say: a write that took effect must not be made twice.

use std::borrow::Cow;

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::budget::{Bucket, WalkId};

/// Source: Zendesk, "Making requests to the Ticketing API: Idempotency". The creation of tickets has it.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What may follow when it is not known whether a call took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat<'a> {
    /// It may be sent again: it only reads, or it sets what it has set.
    Safe,
    /// It may be sent again with this key, by which Zendesk knows it.
    WithIdempotencyKey(&'a str),
    /// The caller looks what came of it before anything is sent again. The error is
    /// [`ErrorKind::Unsettled`](crate::error::ErrorKind::Unsettled).
    AfterLooking,
}

/// What is asked of the account's main host.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    pub method: Method,
    /// Below `/api/v2/`.
    pub path: Cow<'a, str>,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<&'a Value>,
    pub repeat: Repeat<'a>,
    pub buckets: &'a [Bucket],
    /// Whose turn it is when calls wait.
    pub walk: WalkId,
}

/// What Zendesk said: its good answer, or its own definite refusal of this call (400, 403, 404, 409 or
/// 422), which a repetition would get again.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// Null where the body is empty.
    pub body: Value,
    /// What it says of keys that it did not take, `x-zendesk-api-warn`.
    pub warning: Option<String>,
}

impl Reply {
    #[must_use]
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The statuses of refusals that are about the call itself.
pub(super) const REFUSALS: [u16; 4] = [400, 403, 404, 422];

impl Call<'_> {
    /// The headers that this call has besides those of all requests.
    pub(super) fn headers(&self) -> Option<(HeaderName, HeaderValue)> {
        let Repeat::WithIdempotencyKey(key) = self.repeat else { return None };
        Some((IDEMPOTENCY_KEY, HeaderValue::from_str(key).ok()?))
    }
}
