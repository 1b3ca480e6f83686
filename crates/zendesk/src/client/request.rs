//! What is asked for, and what comes of it.

use std::time::Duration;

use crate::budget::{Bucket, Permit, WalkId};
use crate::large::Share;
use crate::page::{Page, Shape};
use crate::paging::Token;
use crate::site::Site;

/// One place in one listing.
#[derive(Debug)]
pub struct Request<'a> {
    /// The host that has it, where that is not the main one.
    pub site: Option<&'a Site>,
    /// Below `/api/v2/`, placeholders filled.
    pub path: &'a str,
    pub query: &'a [(&'static str, String)],
    pub at: &'a Token,
    pub buckets: &'a [Bucket],
    /// Whose turn it is when requests wait.
    pub walk: WalkId,
    pub shape: &'a Shape,
    /// How long a refusal that no bucket explains may keep others waiting; none: they do not wait.
    pub patience: Option<Duration>,
}

/// A page, and the slot that bounds how many there are. Dropping it frees the slot.
#[derive(Debug)]
pub struct Fetched {
    pub page: Page,
    /// Rows that were asked for.
    pub asked: u32,
    /// Zendesk's time when it answered, unix seconds.
    pub now_unix: i64,
    pub slot: Permit,
    /// What its body has of the store for large ones, until its rows are written.
    pub share: Share,
}

/// What requests spent. `waited` is the sum over requests, which is the time that passed only where
/// they go one after another; see [`Client::waited`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestStats {
    pub requests: u64,
    pub pages: u64,
    pub waited: Duration,
}

impl RequestStats {
    /// Adds what another walk spent.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.pages += other.pages;
        self.waited += other.waited;
    }
}
