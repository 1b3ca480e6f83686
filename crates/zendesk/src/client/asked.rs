//! What the request loop asks for: a page, a file, or anything else that comes in one answer.

use std::time::Duration;

use super::call::{Call, Repeat, Reply};
use super::failed::FailedTry;
use super::page_size::PageSize;
use super::request::Request;
use super::transport::Transport;
use crate::budget::{Bucket, Permit, WalkId};
use crate::large::Share;
use crate::page::{Page, Scanner};
use crate::site::Site;

/// Something that is requested until it comes, or until it is certain that it will not.
pub(crate) trait Asked {
    type Answer;

    /// Method and address without secrets, for error messages.
    fn name(&self) -> String;

    fn buckets(&self) -> &[Bucket];

    /// The walk whose turn it takes.
    fn walk(&self) -> WalkId;

    /// How long a refusal that no bucket explains may keep others waiting. `None`: others do not
    /// wait.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Whether the last try brought so much that the tries before it no longer count.
    fn has_progressed(&mut self) -> bool {
        false
    }

    /// Whether it may be requested again when it is not known whether the last try took effect.
    fn may_repeat(&self) -> bool {
        true
    }

    /// Lets the next try hold a body of any size.
    fn hold(&mut self, share: Share) {
        drop(share);
    }

    /// Makes one try.
    fn attempt(
        &mut self,
        transport: &Transport,
        size: &PageSize,
        slot: &mut Permit,
    ) -> impl Future<Output = Result<Self::Answer, FailedTry>> + Send;
}

/// A requested page, and what is known of the answers so far.
pub(super) struct AskedPage<'r, 'a> {
    request: &'r Request<'a>,
    scanner: Scanner,
    share: Share,
}

impl<'r, 'a> AskedPage<'r, 'a> {
    pub(super) fn new(request: &'r Request<'a>) -> Self {
        Self { request, scanner: Scanner::default(), share: Share::default() }
    }
}

impl Asked for AskedPage<'_, '_> {
    type Answer = (Page, Share);

    fn name(&self) -> String {
        let host = self.request.site.filter(|site| !site.is_main).map_or("", Site::name);
        format!("GET {host}/api/v2/{}", self.request.path)
    }

    fn buckets(&self) -> &[Bucket] {
        self.request.buckets
    }

    fn walk(&self) -> WalkId {
        self.request.walk
    }

    fn patience(&self) -> Option<Duration> {
        self.request.patience
    }

    fn hold(&mut self, share: Share) {
        self.share = share;
    }

    async fn attempt(
        &mut self,
        transport: &Transport,
        size: &PageSize,
        slot: &mut Permit,
    ) -> Result<(Page, Share), FailedTry> {
        // A try that fails gives back what it held.
        let share = std::mem::take(&mut self.share);
        transport.page(self.request, &mut self.scanner, share, size, slot).await
    }
}

impl Asked for Call<'_> {
    type Answer = Reply;

    fn name(&self) -> String {
        format!("{} /api/v2/{}", self.method, self.path)
    }

    fn buckets(&self) -> &[Bucket] {
        self.buckets
    }

    fn walk(&self) -> WalkId {
        self.walk
    }

    fn may_repeat(&self) -> bool {
        self.repeat != Repeat::AfterLooking
    }

    async fn attempt(
        &mut self,
        transport: &Transport,
        _: &PageSize,
        slot: &mut Permit,
    ) -> Result<Reply, FailedTry> {
        transport.call(self, slot).await
    }
}
