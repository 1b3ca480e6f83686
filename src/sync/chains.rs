//! Chains of pages: each walks one window of a feed, page after page, and all of them ask at once.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::WalkError;
use super::pager::{Listing, Pager};
use crate::zendesk::client::{Client, Fetched, PageSize, Tally};
use crate::zendesk::paging::Token;

/// One chain of pages.
pub struct Chain<'a> {
    pub number: u32,
    pub pager: Pager<'a>,
    /// How often the server refused its token.
    pub restarts: u32,
}

/// A chain after its turn, the place that it asked at, and what came.
pub type Turn<'a> = (Chain<'a>, Token, Result<Option<Fetched>, WalkError>);

/// The chains of one stretch.
pub struct Chains<'a> {
    client: &'a Client,
    listing: &'a Listing,
    asking: FuturesUnordered<BoxFuture<'a, Turn<'a>>>,
    /// Seconds of the feed's own time that the last page of each chain covered.
    pace: BTreeMap<u32, i64>,
    tally: Tally,
}

impl<'a> Chains<'a> {
    #[must_use]
    pub fn new(client: &'a Client, listing: &'a Listing) -> Self {
        let asking = FuturesUnordered::new();
        Self { client, listing, asking, pace: BTreeMap::new(), tally: Tally::default() }
    }

    /// Starts a chain, or starts it again.
    pub fn start(&mut self, number: u32, at: Token, size: PageSize, restarts: u32) {
        let pager = Pager::new(self.client, self.listing, at, size);
        self.go_on(Chain { number, pager, restarts });
    }

    /// Lets a chain ask for its next page.
    pub fn go_on(&mut self, mut chain: Chain<'a>) {
        self.asking.push(Box::pin(async move {
            let at = chain.pager.at.clone();
            let result = chain.pager.next().await;
            (chain, at, result)
        }));
    }

    /// The next chain that has had its turn, or none when no chain asks any more.
    pub async fn next(&mut self) -> Option<Turn<'a>> {
        let mut turn = self.asking.next().await?;
        self.tally.add(std::mem::take(&mut turn.0.pager.tally));
        Some(turn)
    }

    /// Notes what a chain's last page covered, in seconds of the feed's own time.
    pub fn note_pace(&mut self, number: u32, seconds: i64) {
        self.pace.insert(number, seconds);
    }

    /// What the last page of a chain covered.
    #[must_use]
    pub fn pace(&self, number: u32) -> Option<i64> {
        self.pace.get(&number).copied()
    }

    /// What all chains spent.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }
}
