//! The request for a page, and its result.

use std::time::Duration;

use crate::budget::{Bucket, Permit, WalkId};
use crate::large::Share;
use crate::page::{Page, Shape};
use crate::paging::Token;
use crate::site::Site;

/// A request for one page: a place in a listing.
#[derive(Debug)]
pub struct Request<'a> {
    /// The host that has the listing. `None`: the main host.
    pub site: Option<&'a Site>,
    /// The path below `/api/v2/`, with placeholders filled.
    pub path: &'a str,
    pub query: &'a [(&'static str, String)],
    pub at: &'a Token,
    pub buckets: &'a [Bucket],
    /// The walk whose turn it takes.
    pub walk: WalkId,
    pub shape: &'a Shape,
    /// How long a refusal that no bucket explains may keep others waiting. `None`: others do not
    /// wait.
    pub patience: Option<Duration>,
}

/// A page, and the slot that bounds the number of pages in memory. Dropping it frees the slot.
#[derive(Debug)]
pub struct Fetched {
    pub page: Page,
    /// The rows that were requested.
    pub asked: u32,
    /// Zendesk's time of the answer, unix seconds.
    pub now_unix: i64,
    pub slot: Permit,
    /// The body's share of the memory for large bodies. It is held until the rows are written.
    pub share: Share,
}

/// What requests cost. `waited` is the sum over all requests. It is the time that passed only if
/// requests go one after another; otherwise see [`Client::waited`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestStats {
    pub requests: u64,
    pub pages: u64,
    pub waited: Duration,
}

impl RequestStats {
    /// Adds the cost of another walk.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.pages += other.pages;
        self.waited += other.waited;
    }
}
