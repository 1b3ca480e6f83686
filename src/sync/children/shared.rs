//! What the listings of all parents of a page share: the streams, their positions, and the outcome
//! for each parent. Synchronous code under one lock.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::failures::{self, End, Witness, judge_failures};
use super::parents::{Node, ParentRow, unchanged_parent};
use crate::streams::ResolvedStream;
use crate::sync::WalkError;
use crate::sync::listing::context::{Context, lock};
use crate::sync::listing::member::ActiveStream;
use crate::sync::listing::pager::Pager;
use crate::sync::listing::refusals::{About, RefusalsByFeed, about};
use crate::sync::plan::time_filter;
use crate::sync::position::catch_up::StreamState;
use crate::sync::position::frontier::Frontier;
use crate::sync::records::filter;
use crate::sync::records::written::WrittenRows;
use airbyte::source::emitter::Part;
use zendesk::client::PageSize;
use zendesk::page::{Page, Rows};
use zendesk::paging::Token;

/// What a segment of a walk lends while the children of its rows are read.
pub struct Lent<'m> {
    pub who: Vec<&'m mut ActiveStream>,
    pub frontier: Frontier,
    pub refusals: RefusalsByFeed,
}

/// The place after a page of parents.
#[derive(Clone, Debug)]
pub struct NextPlace {
    pub token: Token,
    /// The feed's time at the place.
    pub time: Option<i64>,
}

/// The state that the reads of all parents of a page share.
pub struct Shared<'m> {
    pub lent: Lent<'m>,
    /// The last page size of each feed. What one parent's listing has learned is valid for all
    /// parents.
    pub sizes: BTreeMap<String, PageSize>,
    /// How many listings of grandchildren are being read, below all parents together.
    pub under_way: usize,
}

/// The outcome of a parent's listings, the better first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answered {
    /// All were read, or are absent in Zendesk. Both settle the parent.
    Settled,
    Refused,
    /// Some were neither refused nor read.
    Failed,
}

/// The topmost parent of a listing, which the position follows.
#[derive(Clone, Copy)]
pub struct Top {
    /// The parent's number in the frontier.
    pub number: usize,
    /// The key that identifies the parent in every sync, even if other values of its row change.
    pub key: u64,
}

/// A listing of grandchildren that is being read. It counts until it is dropped.
pub struct UnderWay<'s, 'm>(&'s Mutex<Shared<'m>>);

impl<'s, 'm> UnderWay<'s, 'm> {
    pub fn new(shared: &'s Mutex<Shared<'m>>) -> Self {
        lock(shared).under_way += 1;
        Self(shared)
    }
}

impl Drop for UnderWay<'_, '_> {
    fn drop(&mut self) {
        let mut shared = lock(self.0);
        shared.under_way = shared.under_way.saturating_sub(1);
    }
}

impl Shared<'_> {
    /// Adds a parent to the frontier and returns its number. `None` if no stream needs its
    /// children; the parent is then settled.
    pub fn begin(&mut self, parent: &ParentRow) -> Option<usize> {
        let needed = self.lent.who.iter().filter(|member| member.is_child() && member.is_reading());
        let mut needed = needed.filter(|member| {
            let root = member.stream.feed.root();
            let lineage = member.stream.feed.lineage();
            lineage.first().is_none_or(|top| parent.row.is_parent(top))
                && !member.position.walk.place.seen.contains(&parent.listed.hash)
                && !unchanged_parent(&member.position, &root, parent.changed)
        });
        let needed = needed.next().is_some();
        let number = self.lent.frontier.push(parent.listed.clone());
        if needed {
            return Some(number);
        }
        self.lent.frontier.settle(number);
        None
    }

    pub fn settle(&mut self, top: Top, answered: Answered) {
        let answers = self.lent.refusals.answers();
        match answered {
            Answered::Settled => self.lent.frontier.settle(top.number),
            Answered::Refused => self.lent.frontier.refuse(top.number, answers.clone()),
            // Unless its streams have ended meanwhile, it holds the place.
            Answered::Failed if self.lent.refusals.failures.settle(top.key, top.number) => {}
            Answered::Failed => self.lent.frontier.refuse(top.number, answers.clone()),
        }
        if answered != Answered::Failed {
            self.lent.refusals.failures.recovered(top.key);
            let children = self.lent.who.iter_mut().filter(|member| member.is_child());
            children.for_each(|member| member.position.walk.children.failing.read(top.key));
        }
        self.lent.frontier.judge(&answers);
    }

    pub fn witnesses(&self) -> Vec<Witness> {
        failures::witnesses(&self.lent.who, &self.lent.refusals)
    }

    pub fn judge_failures(&mut self, is_over: bool) -> Vec<End> {
        let Lent { who, frontier, refusals } = &mut self.lent;
        judge_failures(who, refusals, frontier, is_over)
    }

    pub fn place(&mut self, next: &NextPlace, now_unix: i64) -> Vec<Part> {
        let (token, time, seen) = self.lent.frontier.place(&next.token);
        let reached = if token == next.token { time.max(next.time) } else { time };
        let children = self.lent.who.iter_mut();
        let children = children.filter(|member| member.is_child() && member.is_reading());
        children
            .map(|member| {
                member.position.walk.children.rows = 0;
                member.position.next_page(token.clone(), reached, seen.clone(), now_unix);
                member.part(0)
            })
            .collect()
    }

    pub fn member(&mut self, stream: &ResolvedStream) -> Option<&mut ActiveStream> {
        let members = self.lent.who.iter_mut().map(|member| &mut **member);
        members
            .filter(|member| member.is_reading())
            .find(|member| member.stream.name == stream.name)
    }

    pub fn wants(&mut self, node: &Node) -> bool {
        node.all_streams().into_iter().any(|stream| self.member(stream).is_some())
    }

    /// The parameters of a listing that is requested for a range of time. The range is that of the
    /// stream that is furthest behind.
    pub fn bounds(&mut self, node: &Node) -> Vec<(&'static str, String)> {
        if !node.feed.asks_between() {
            return Vec::new();
        }
        let of_stream = |(stream, _): &(Arc<ResolvedStream>, _)| {
            let position = &self.member(stream)?.position;
            Some(time_filter::bounds(&node.feed, position, position.walk.began.unwrap_or_default()))
        };
        node.streams.iter().filter_map(of_stream).min().unwrap_or_default()
    }

    pub fn keep(&mut self, stream: &ResolvedStream, page: &Page, list: &Rows) -> Option<Vec<bool>> {
        let member = self.member(stream)?;
        // On a detour, children that the stream's own feed has brought are there, and more whole.
        let bound =
            member.position.walk.start_bound.filter(|_| stream.dated).max(member.position.main);
        let field = stream.cursor.map(|cursor| cursor.field);
        // Children are bounded by the start date alone, never by their own cursor.
        let new = |row| {
            let time = field.and_then(|field| filter::time(page, list, row, field));
            time.zip(bound).is_none_or(|(time, bound)| time >= bound)
        };
        Some((0..list.rows.len()).map(new).collect())
    }

    pub fn delivered(&mut self, stream: &ResolvedStream, written: &WrittenRows) -> Option<Part> {
        let member = self.member(stream)?;
        member.position.walk.children.rows += written.rows;
        member.report.note(written);
        Some(member.part(written.rows))
    }

    pub fn skip(&mut self, node: &Node, error: &WalkError) {
        for (stream, _) in &node.streams {
            if let Some(member) = self.member(stream) {
                member.report.skip(1, error);
            }
        }
    }

    pub fn count(&mut self, node: &Node, pager: &Pager) {
        for (stream, _) in &node.streams {
            if let Some(member) = self.member(stream) {
                member.report.tally.add(pager.tally);
            }
        }
    }

    /// Whether other streams are being read that do not take part in this listing.
    pub fn others_read(&self, node: &Node) -> bool {
        let own = node.all_streams();
        let is_other =
            |member: &ActiveStream| !own.iter().any(|stream| stream.name == member.stream.name);
        self.lent.who.iter().any(|member| member.is_reading() && is_other(member))
    }

    pub fn leave_behind(
        &mut self,
        node: &Node,
        until: Duration,
        is_limit: bool,
    ) -> Vec<Cow<'static, str>> {
        let mut names = Vec::new();
        for stream in node.all_streams() {
            if let Some(member) = self.member(stream) {
                member.state = StreamState::Behind;
                member.refused_until = until;
                member.is_limited = is_limit;
                names.push(stream.name.clone());
            }
            self.lent.refusals.forget(stream.feed.name());
        }
        names
    }

    pub fn fail(&mut self, context: Context<'_>, node: &Node, error: &WalkError) {
        for stream in node.all_streams() {
            context.fail(self.member(stream), error.clone());
            self.lent.refusals.forget(stream.feed.name());
        }
    }

    /// Judges the failure of a parent's listing. A refused parent is passed over: an end user's
    /// article, or a deleted ticket. Too many refusals fail the stream, but a refusal that says
    /// this very parent is gone does not count. A parent whose listing fails otherwise waits until
    /// other parents are read.
    pub fn judge(
        &mut self,
        node: &Node,
        top: Top,
        error: WalkError,
    ) -> Result<Answered, WalkError> {
        let refusals = &mut self.lent.refusals;
        let feed = node.feed.name();
        let whom = about(&error);
        match (whom, &error) {
            (About::Parent, _) => {
                refusals.note(feed, None);
                self.skip(node, &error);
                Ok(Answered::Settled)
            }
            (About::User | About::Request, WalkError::Api(refused)) => {
                match whom {
                    About::Request => refusals.note_of_all(feed, refused.clone()),
                    _ => refusals.note(feed, Some(refused.clone())),
                }
                self.skip(node, &error);
                self.lent.refusals.too_many(feed, false).map_or(Ok(Answered::Refused), Err)
            }
            (About::Nothing, _) => {
                refusals.failures.failed(feed, top.key, error);
                Ok(Answered::Failed)
            }
            _ => Err(error),
        }
    }
}
